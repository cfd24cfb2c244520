//! `cargo xtask help`: what there is.

use crate::{COMMANDS, Command, say};
use std::process::ExitCode;

pub(crate) static HELP: Command = Command { name: "help", summary: "List the commands", run };

fn run(_: &[String]) -> ExitCode {
    say("Usage: cargo xtask COMMAND\n\nCommands:");
    let width = COMMANDS.iter().map(|command| command.name.len()).max().unwrap_or(0);
    for Command { name, summary, .. } in COMMANDS {
        say(&format!("  {name:width$}  {summary}"));
    }
    ExitCode::SUCCESS
}
