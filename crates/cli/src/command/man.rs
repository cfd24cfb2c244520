//! `labelport man`: manual pages.

use super::Command;
use crate::messages::{Messages, print};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};

/// Prints manual pages.
pub(crate) struct Man;

impl Command for Man {
    fn name(&self) -> &'static str {
        "man"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("man")
            .about("Print the manual page of labelport or of one of its commands")
            .after_help("labelport man export > labelport-export.1; man ./labelport-export.1")
            .arg(Arg::new("command").value_name("COMMAND").num_args(0..).help("A command and its subcommands"))
    }

    fn run(&self, arguments: &ArgMatches, _: &Workspace, _: &Messages) -> Outcome {
        let mut page = crate::cli();
        page.build();
        let mut name = "labelport".to_owned();
        for word in arguments.get_many::<String>("command").into_iter().flatten() {
            let found = page.find_subcommand(word).cloned();
            let unknown = || {
                let failure = Failure::usage(format!("`{name} {word}` is not a command"));
                failure.hint(format!("`{name} --help` lists the commands"))
            };
            page = found.ok_or_else(unknown)?;
            name = format!("{name} {word}");
        }
        let mut text = Vec::new();
        clap_mangen::Man::new(page).render(&mut text)?;
        print(&String::from_utf8(text)?)?;
        Ok(SUCCESS)
    }
}
