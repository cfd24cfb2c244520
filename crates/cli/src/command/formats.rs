//! `labelport formats`: what an export can be written as.

use super::Command;
use crate::messages::{Messages, print, table};
use crate::outcome::{Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::ArgMatches;
use labelport_formats::package::ARCHIVES;
use labelport_formats::write::{About, FORMATS, Format, Layout};
use serde_json::{Map, Value, json};

/// Lists the output formats.
pub(super) struct Formats;

impl Command for Formats {
    fn name(&self) -> &'static str {
        "formats"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("formats").about("List the formats that an export can be written in")
    }

    fn run(&self, _: &ArgMatches, _: &Workspace, messages: &Messages) -> Outcome {
        if messages.is_json() {
            for format in FORMATS {
                print(&format!("{}\n", to_json(*format)))?;
            }
            return Ok(SUCCESS);
        }
        let mut lines = Vec::new();
        for format in FORMATS {
            lines.push(vec![format.name().to_owned(), written_as(format.layout()), format.summary().to_owned()]);
            for option in format.options() {
                let values = option.form.map_or_else(|| option.values.join("|"), str::to_owned);
                let name = format!("  {}={values}", option.name);
                lines.push(vec![name, "option".to_owned(), option.summary.to_owned()]);
            }
        }
        print(&table(&["format", "written as", "what it is"], &lines))?;
        Ok(SUCCESS)
    }
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
        "summary": format.summary(),
    })
}
