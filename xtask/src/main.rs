//! The project's own commands, run as `cargo xtask NAME`.
//!
//! A command is a list of steps, most of which start `cargo`. A step that fails ends the command with what to do about
//! it. Nothing here knows the product: conventions that a program can check are tests in `xtask/tests/tidy`, so that
//! `cargo test --workspace` runs them too.
//!
//! # Adding a command
//! One file in this folder with a `pub(crate) static`, one line in [`COMMANDS`].

mod bench;
mod bless;
mod dist;
mod fuzz;
mod help;
mod postgres;
mod programs;
mod python;
mod readers;
mod sdk;
mod step;
mod test;

use std::process::ExitCode;

/// One command.
pub(crate) struct Command {
    /// The word after `cargo xtask`.
    pub(crate) name: &'static str,
    /// One imperative line about it, without a full stop.
    pub(crate) summary: &'static str,
    /// Does it.
    pub(crate) run: fn(&[String]) -> ExitCode,
}

/// Every command, by name.
pub(crate) static COMMANDS: &[&Command] = &[
    // By name.
    &bench::BENCH,
    &bless::BLESS,
    &dist::DIST,
    &fuzz::FUZZ,
    &help::HELP,
    &readers::READERS,
    &sdk::SDK,
    &test::TEST,
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| help::HELP.name.to_owned());
    let arguments: Vec<String> = arguments.collect();
    let wanted = if matches!(name.as_str(), "-h" | "--help") { help::HELP.name } else { &name };
    match COMMANDS.iter().find(|command| command.name == wanted) {
        Some(command) => (command.run)(&arguments),
        None => {
            say(&format!("error: there is no command `{name}`"));
            (help::HELP.run)(&[]);
            ExitCode::from(2)
        }
    }
}

/// Runs a command that takes no arguments.
pub(crate) fn without_arguments(arguments: &[String], run: impl FnOnce() -> ExitCode) -> ExitCode {
    match arguments.first() {
        Some(stranger) => {
            say(&format!("error: the command takes no arguments, found `{stranger}`"));
            ExitCode::from(2)
        }
        None => run(),
    }
}

/// Prints a line for the person who runs the command.
#[expect(clippy::print_stdout, reason = "a command for people talks to them, here and nowhere else")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use super::COMMANDS;

    #[test]
    fn every_command_is_described_unique_and_in_order() {
        let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        for command in COMMANDS {
            assert!(!command.summary.is_empty() && !command.summary.ends_with('.'), "{}: summary", command.name);
        }
    }
}
