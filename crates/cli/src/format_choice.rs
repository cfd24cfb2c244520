//! The options of a command that say what an export is written as, and what may be lost.

use crate::outcome::Failure;
use clap::{Arg, ArgAction, ArgMatches};
use labelport_engine::export::Refused;
use labelport_formats::write::FORMATS;
use labelport_model::request::{Accept, FormatChoice};
use std::collections::BTreeSet;

/// Returns the options.
pub(crate) fn arguments() -> [Arg; 4] {
    [
        Arg::new("format")
            .long("format")
            .value_name("FORMAT")
            .value_parser(FORMATS.iter().map(|format| format.name()).collect::<Vec<_>>())
            .hide_possible_values(true)
            .help("Format to write; `labelport formats` lists them [default: ndjson]"),
        Arg::new("format-option")
            .long("format-option")
            .value_name("NAME=VALUE")
            .action(ArgAction::Append)
            .help("Option of the format; `labelport formats FORMAT` lists them. @FILE stands for what a file holds"),
        Arg::new("accept")
            .long("accept")
            .value_name("KIND=OUTCOME,...")
            .action(ArgAction::Append)
            .conflicts_with("allow-lossy")
            .help(
                "Write although these annotation kinds are `reduced` or `left_out`, such as ImagePolygon=reduced; * is \
                 every kind. Other losses are refused",
            ),
        Arg::new("allow-lossy")
            .long("allow-lossy")
            .action(ArgAction::SetTrue)
            .help("Write also what the format can hold only in a poorer form, or without some of it"),
    ]
}

/// Reads the format and its options.
pub(crate) fn read(arguments: &ArgMatches) -> Result<FormatChoice, Failure> {
    let mut choice =
        arguments.get_one::<String>("format").map_or_else(FormatChoice::default, |name| FormatChoice::of(name));
    for text in arguments.get_many::<String>("format-option").into_iter().flatten() {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Failure::usage(format!("--format-option {text:?} has no value; write NAME=VALUE")));
        };
        let value = match value.strip_prefix('@') {
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                Failure::usage(format!(
                    "{path} cannot be read ({error}); it should hold the option {name} of the format"
                ))
            })?,
            None => value.to_owned(),
        };
        choice.options.insert(name.to_owned(), value);
    }
    for text in arguments.get_many::<String>("accept").into_iter().flatten().flat_map(|texts| texts.split(',')) {
        let accept = Accept::parse(text).map_err(|error| Failure::usage(format!("--accept {error}")))?;
        choice.accept.insert(accept);
    }
    choice.allow_lossy = arguments.get_flag("allow-lossy");
    Ok(choice)
}

/// Returns the choice for a dry run, which shows what would be lost and loses nothing. One with a list of losses is a check
/// of that list.
pub(crate) fn for_dry_run(choice: FormatChoice) -> FormatChoice {
    let shows_all = choice.accept.is_empty() && choice != FormatChoice::default();
    FormatChoice { allow_lossy: choice.allow_lossy || shows_all, ..choice }
}

/// Returns the failure of an export that would lose what nobody accepted, with the options that accept it.
pub(crate) fn refusal(refused: &Refused) -> Failure {
    let message = match refused.accept.is_empty() {
        true => format!("nothing was written, since the format {} cannot hold all of it", refused.format),
        false => {
            let named: BTreeSet<Accept> = refused.refused().map(|(loss, _)| Accept::of(loss)).collect();
            let named: Vec<String> = named.iter().map(Accept::to_string).collect();
            format!("nothing was written, since this is not accepted: {}", named.join(", "))
        }
    };
    let accept = typed(refused);
    Failure::new(message).hint(format!("if that may be lost, add --accept {accept}, or --allow-lossy for any loss"))
}

/// Returns the value of `--accept` that accepts everything, as a shell takes it.
fn typed(refused: &Refused) -> String {
    // A comma would end the name of a kind.
    let accept = refused.to_accept().into_iter();
    let accept = accept.map(|accept| if accept.to_string().contains(',') { accept.of_any_kind() } else { accept });
    let texts: BTreeSet<String> = accept.map(|accept| accept.to_string()).collect();
    let list = texts.into_iter().collect::<Vec<_>>().join(",");
    let is_plain = list.chars().all(|each| each.is_ascii_alphanumeric() || "_-=,.".contains(each));
    if is_plain { list } else { format!("'{}'", list.replace('\'', r"'\''")) }
}
