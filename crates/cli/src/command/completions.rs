//! `labelport completions`: completions for a shell.

use super::Command;
use crate::messages::{Messages, print};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use clap_complete::Shell;

/// Prints completions.
pub(crate) struct Completions;

impl Command for Completions {
    fn name(&self) -> &'static str {
        "completions"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("completions")
            .about("Print completions for a shell")
            .after_help(
                "bash: labelport completions bash > ~/.local/share/bash-completion/completions/labelport\n\
                 fish: labelport completions fish > ~/.config/fish/completions/labelport.fish\n\
                 zsh:  labelport completions zsh > _labelport, in a folder of $fpath",
            )
            .arg(
                Arg::new("shell")
                    .value_name("SHELL")
                    .required(true)
                    .value_parser(clap::value_parser!(Shell))
                    .help("The shell"),
            )
    }

    fn run(&self, arguments: &ArgMatches, _: &Workspace, _: &Messages) -> Outcome {
        let shell = arguments.get_one::<Shell>("shell").ok_or_else(|| Failure::usage("name a shell"))?;
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut crate::cli(), "labelport", &mut script);
        print(&String::from_utf8(script)?)?;
        Ok(SUCCESS)
    }
}
