//! The request of an export as options of a command: sections, filters and their time zone, made from their tables.

use crate::format_choice;
use crate::outcome::Failure;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_model::request::{
    EXPORT_FILTERS, ExportFilters, ExportRequest, FilterField, PARAMS, ParamField, Params, Scope, ScopeKind,
};
use labelport_model::time::Zone;
use labelport_store::Store;

/// Returns the options of a scope; none for a command that takes any scope. Options that the scope does not have are there
/// too, and hidden: they are refused with the scopes that do have them, not as unknown words.
pub(crate) fn arguments(kind: Option<ScopeKind>) -> Vec<Arg> {
    let is_of = |scopes: &[ScopeKind]| kind.is_none_or(|kind| scopes.contains(&kind));
    let mut arguments = Vec::new();
    for param in PARAMS {
        let argument = Arg::new(param.option.name)
            .long(param.option.flag.trim_start_matches('-'))
            .help(param.summary.trim_end_matches('.'))
            .help_heading("Sections")
            .hide(!is_of(param.scopes));
        arguments.push(match &param.field {
            ParamField::Switch { .. } => argument.action(ArgAction::SetTrue),
            ParamField::Ids { .. } => argument.value_name("ID,...").action(ArgAction::Append),
            ParamField::MediaType { .. } => argument.value_name("TYPE"),
        });
    }
    arguments.push(
        Arg::new("everything")
            .long("everything")
            .action(ArgAction::SetTrue)
            .help("Adds every section that the scope has")
            .help_heading("Sections"),
    );
    for filter in EXPORT_FILTERS {
        let is_choice = kind == Some(ScopeKind::Rows) && matches!(filter.option.name, "data_row_ids" | "global_keys");
        arguments.push(
            Arg::new(filter.option.name)
                .long(filter.option.flag.trim_start_matches('-'))
                .help(filter.summary.trim_end_matches('.'))
                .help_heading(if is_choice { "Rows" } else { "Filters, all of which must hold" })
                .hide(!is_choice && !is_of(filter.scopes))
                .action(ArgAction::Append)
                .allow_hyphen_values(true)
                .value_name(match &filter.field {
                    FilterField::Span { .. } => "START,END",
                    FilterField::Status { .. } => "STATUS",
                    FilterField::Ids { .. } => "ID,...|@FILE",
                }),
        );
    }
    arguments.push(
        Arg::new("timezone")
            .long("timezone")
            .value_name("ZONE")
            .help("Time zone of dates without an offset [default: that of the workspace, UTC]")
            .help_heading("Filters, all of which must hold"),
    );
    arguments
}

/// Reads the request of a scope. `thing` is the id or the name that the scope needs.
///
/// # Errors
/// If a value has no meaning, or a file of ids cannot be read. Options that the scope does not have are for
/// [`ExportRequest::check`].
pub(crate) fn read(
    kind: ScopeKind,
    thing: &str,
    arguments: &ArgMatches,
    store: &Store,
) -> Result<ExportRequest, Failure> {
    let zone_name = match arguments.get_one::<String>("timezone") {
        Some(name) => name.clone(),
        None => store.time_zone()?,
    };
    let zone = Zone::parse(&zone_name).map_err(Failure::usage)?;
    let mut params = if arguments.get_flag("everything") { Params::everything(kind) } else { Params::default() };
    for param in PARAMS {
        let name = param.option.name;
        match &param.field {
            ParamField::Switch { set, .. } => {
                if arguments.get_flag(name) {
                    set(&mut params, true);
                }
            }
            ParamField::Ids { set, .. } => {
                if let Some(ids) = listed(arguments, name)? {
                    set(&mut params, ids);
                    // Named projects or runs stand in for all of them.
                    if name == "project_ids" {
                        params.all_projects = arguments.get_flag("all_projects");
                    } else {
                        params.all_model_runs = arguments.get_flag("all_model_runs");
                    }
                }
            }
            ParamField::MediaType { set, .. } => {
                if let Some(media_type) = arguments.get_one::<String>(name) {
                    set(&mut params, Some(media_type.to_ascii_uppercase()));
                }
            }
        }
    }
    let mut filters = ExportFilters::default();
    let mut choice = [None, None];
    for filter in EXPORT_FILTERS {
        let name = filter.option.name;
        let texts = match &filter.field {
            FilterField::Span { .. } => match arguments.get_many::<String>(name).into_iter().flatten().last() {
                Some(range) => Some(span(filter.option.flag, range)?),
                None => None,
            },
            FilterField::Status { .. } => arguments.get_many::<String>(name).map(|texts| texts.cloned().collect()),
            FilterField::Ids { .. } => listed(arguments, name)?,
        };
        let Some(texts) = texts else { continue };
        match (kind, name) {
            (ScopeKind::Rows, "data_row_ids") => choice[0] = Some(texts),
            (ScopeKind::Rows, "global_keys") => choice[1] = Some(texts),
            _ => filter.set(&mut filters, texts, &zone).map_err(Failure::usage)?,
        }
    }
    let thing = || thing.to_owned();
    let [data_row_ids, global_keys] = choice;
    let scope = match kind {
        ScopeKind::Project => Scope::Project(thing()),
        ScopeKind::Dataset => Scope::Dataset(thing()),
        ScopeKind::Slice => Scope::Slice(thing()),
        ScopeKind::ModelRun => Scope::ModelRun(thing()),
        ScopeKind::Catalog => Scope::Catalog,
        ScopeKind::Rows => Scope::Rows { data_row_ids, global_keys },
    };
    Ok(ExportRequest { scope, params, filters, format: format_choice::read(arguments)?, zone_name, since: None })
}

/// Returns the values of a list option: separated by commas, given several times, or one a line in `@FILE`.
fn listed(arguments: &ArgMatches, name: &str) -> Result<Option<Vec<String>>, Failure> {
    let Some(given) = arguments.get_many::<String>(name) else { return Ok(None) };
    let mut values = Vec::new();
    for text in given {
        match text.strip_prefix('@') {
            Some(path) => {
                let lines = std::fs::read_to_string(path).map_err(|error| {
                    Failure::usage(format!("{path} cannot be read ({error}); it should hold one id or key a line"))
                })?;
                values.extend(lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
            }
            None => values.extend(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned)),
        }
    }
    Ok(Some(values))
}

/// Splits a range at its comma. No date form has one.
fn span(flag: &str, range: &str) -> Result<Vec<String>, Failure> {
    match range.split(',').collect::<Vec<_>>()[..] {
        [start, end] => Ok(vec![start.trim().to_owned(), end.trim().to_owned()]),
        _ => {
            Err(Failure::usage(format!("{flag} {range:?} is not a range; write START,END and leave an open end empty")))
        }
    }
}
