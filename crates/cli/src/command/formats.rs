//! `labelport formats`: what an export can be written as.

use super::Command;
use crate::messages::{Messages, print, table};
use crate::outcome::{Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_formats::package::ARCHIVES;
use labelport_formats::write::{About, FORMATS, Format, FormatOption, Layout, find};
use serde_json::{Map, Value, json};

/// Lists the output formats.
pub(super) struct Formats;

impl Command for Formats {
    fn name(&self) -> &'static str {
        "formats"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("formats")
            .about("List the formats that an export can be written in, or the options of one")
            .arg(
                Arg::new("format").value_name("FORMAT").value_parser(names()).help("Show this format with its options"),
            )
    }

    fn run(&self, matches: &ArgMatches, _: &Workspace, messages: &Messages) -> Outcome {
        let asked = matches.get_one::<String>("format").and_then(|name| find(name));
        if messages.is_json() {
            let listed = FORMATS.iter().filter(|format| asked.is_none_or(|asked| asked.name() == format.name()));
            for format in listed {
                print(&format!("{}\n", to_json(*format)))?;
            }
            return Ok(SUCCESS);
        }
        match asked {
            Some(format) => print(&page(format))?,
            None => {
                let line = |format: &&dyn Format| {
                    let summary = format.summary().trim_end_matches('.');
                    vec![format.name().to_owned(), format.keeps().to_owned(), summary.to_owned()]
                };
                let lines: Vec<Vec<String>> = FORMATS.iter().map(line).collect();
                print(&table(&["format", "what it keeps", "what it is"], &lines))?;
                print("\n`labelport formats FORMAT` shows the options of one.\n")?;
            }
        }
        Ok(SUCCESS)
    }
}

fn names() -> Vec<&'static str> {
    FORMATS.iter().map(|format| format.name()).collect()
}

/// Returns what there is to say of a format.
fn page(format: &dyn Format) -> String {
    let facts = [
        vec!["written as".to_owned(), written_as(format.layout())],
        vec!["keeps".to_owned(), format.keeps().to_owned()],
    ];
    let mut text = format!("{}: {}\n\n{}", format.name(), format.summary(), table(&["", ""], &facts).trim_start());
    let line = |option: &FormatOption| {
        let values = option.form.map_or_else(|| option.values.join("|"), str::to_owned);
        vec![format!("{}={values}", option.name), option.summary.to_owned()]
    };
    let options: Vec<Vec<String>> = format.options().iter().map(line).collect();
    text.push('\n');
    text.push_str(&if options.is_empty() {
        "It has no options.\n".to_owned()
    } else {
        table(&["--format-option", "what"], &options)
    });
    text
}

/// Says what a result is written as.
fn written_as(layout: Layout) -> String {
    match layout.extension() {
        Some(extension) => format!(".{extension}"),
        None => {
            let archives = ARCHIVES.iter().map(|(extension, _)| format!(".{extension}"));
            std::iter::once("a folder".to_owned()).chain(archives).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Lists the files that a package always has, unless options say otherwise.
fn streams_of(format: &dyn Format) -> Vec<String> {
    format.open(&About::default()).map(|encoder| encoder.streams()).unwrap_or_default()
}

fn to_json(format: &dyn Format) -> Value {
    let options = format.options().iter().map(|option| (option.name.to_owned(), json!(option.values)));
    json!({
        "format": format.name(),
        "extension": format.layout().extension(),
        "files": format.layout().extension().is_none().then(|| streams_of(format)),
        "options": options.collect::<Map<_, _>>(),
        "keeps": format.keeps(),
        "summary": format.summary(),
    })
}
