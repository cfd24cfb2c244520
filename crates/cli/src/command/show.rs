//! `labelport show`: one thing in full.

use super::Command;
use crate::messages::{Messages, indented, print};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_engine::export::{self, ExportOptions, ROW_LIMIT_BYTES};
use labelport_engine::sink::Stream;
use labelport_formats::write::Ndjson;
use labelport_model::json::{Document, ObjectWriter, Value};
use labelport_model::request::{ExportFilters, ExportRequest, Params, Scope, ScopeKind};
use labelport_store::Store;
use labelport_store::tables::data_rows;
use labelport_store::tables::labels;

/// Prints one thing.
pub(crate) struct Show;

impl Command for Show {
    fn name(&self) -> &'static str {
        "show"
    }

    fn arguments(&self) -> clap::Command {
        let data_row = clap::Command::new("data-row")
            .about("Print everything that is known of a data row, as an export shows it")
            .arg(Arg::new("id").value_name("ID-or-GLOBAL-KEY").required(true).help("Its id or its global key"));
        let label = clap::Command::new("label")
            .about("Print a label in full, with its project and data row")
            .arg(Arg::new("id").value_name("ID").required(true).help("Its id"));
        clap::Command::new("show")
            .about("Print one data row or label in full")
            .after_help(
                "JSON, indented; with --json on one line. Numbers and texts are spelled as they are stored.\n\
                 Frames between the key frames of videos are left out.",
            )
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommands([data_row, label])
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let (kind, arguments) = arguments.subcommand().ok_or_else(|| Failure::usage("name what to show"))?;
        let id = arguments.get_one::<String>("id").map_or("", String::as_str);
        let store = workspace.open_to_read()?;
        let json = if kind == "label" { label(&store, id)? } else { data_row(&store, id)? };
        print(&if messages.is_json() { json + "\n" } else { indented(&json) })?;
        Ok(SUCCESS)
    }
}

/// Returns a row with everything that the workspace knows of it.
fn data_row(store: &Store, named: &str) -> Result<String, Failure> {
    let mut reader = store.reader()?;
    let id = match data_rows::find(&mut *reader, store.org_key(), named)? {
        Some(row) => row.id,
        None => {
            let key = data_rows::find_key_by_global_key(&mut *reader, store.org_key(), named)?;
            let row = key.map(|key| data_rows::find_by_key(&mut *reader, store.org_key(), key)).transpose()?.flatten();
            let unknown = || Failure::new(format!("there is no data row with the id or global key {named:?}"));
            row.ok_or_else(|| unknown().hint("`labelport list data-rows` shows them"))?.id
        }
    };
    let request = ExportRequest {
        scope: Scope::Rows { data_row_ids: Some(vec![id]), global_keys: None },
        params: Params { interpolated_frames: false, ..Params::everything(ScopeKind::Rows) },
        filters: ExportFilters::default(),
        format: labelport_model::request::FormatChoice::default(),
        zone_name: "UTC".to_owned(),
        since: None,
    };
    let mut out = Vec::new();
    let mut sink = Stream { out: &mut out, name: "the screen".to_owned() };
    export::run(
        store,
        &request,
        &mut sink,
        &mut ExportOptions {
            threads: 1,
            format: &Ndjson,
            row_limit_bytes: ROW_LIMIT_BYTES,
            labels_created: None,
            progress: &mut |_| {},
            stop: None,
            files: None,
            client: None,
        },
    )?;
    let text = String::from_utf8(out)?;
    Ok(text.trim_end().to_owned())
}

/// Returns a label with the ids of its data row and project.
fn label(store: &Store, id: &str) -> Result<String, Failure> {
    let mut reader = store.reader()?;
    let unknown = || Failure::new(format!("there is no label with the id {id:?}"));
    let found = labels::find(&mut *reader, store.org_key(), id)?.ok_or_else(unknown)?;
    let row = data_rows::find_by_key(&mut *reader, store.org_key(), found.row_key)?.ok_or_else(unknown)?;
    let document = Document::parse(data_row(store, &row.id)?.as_bytes())?;
    let projects = document.root().get("projects").into_iter().flat_map(|projects| projects.members());
    let mut labels = projects.flat_map(|(project, members)| {
        let labels = members.get("labels").into_iter().flat_map(Value::elements);
        labels.map(move |label| (project, label))
    });
    let is_meant = |label: Value<'_>| label.get("id").and_then(Value::as_text).is_some_and(|found| found == id);
    let (project, label) = labels.find(|(_, label)| is_meant(*label)).ok_or_else(unknown)?;
    let mut out = Vec::new();
    let mut object = ObjectWriter::open(&mut out);
    object.text("data_row_id", &row.id);
    object.text("project_id", project);
    object.raw("label", label.raw().as_bytes());
    object.close();
    Ok(String::from_utf8(out)?)
}
