//! The subcommands, each a file.
//!
//! A command turns arguments into a typed request, calls the engine or the store, and says what came of it. Arguments and
//! help of open lists (scopes, parameters, filters) are made from their tables.
//!
//! # Adding a subcommand
//! One file beside this one with a type that implements [`Command`], one line in [`COMMANDS`].

mod demo;
mod doctor;
mod export;
mod import;
mod key;
mod list;
mod serve;
mod slice;
mod task;
mod verify;

use crate::messages::Messages;
use crate::outcome::Outcome;
use crate::workspace::Workspace;
use clap::ArgMatches;

/// A subcommand.
pub(crate) trait Command: Sync {
    /// Returns the word behind `labelport`.
    fn name(&self) -> &'static str;
    /// Returns its arguments and help.
    fn arguments(&self) -> clap::Command;
    /// Runs it.
    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome;
}

/// Every subcommand, by name.
pub(crate) static COMMANDS: &[&dyn Command] = &[
    &demo::Demo,
    &doctor::Doctor,
    &export::Export,
    &import::Import,
    &key::Key,
    &list::List,
    &serve::Serve,
    &slice::Slice,
    &task::Task,
    &verify::Verify,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_described_unique_and_in_order() {
        let names: Vec<_> = COMMANDS.iter().map(|command| command.name()).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        for command in COMMANDS {
            let about = command.arguments().get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && !about.ends_with('.'), "{}: {about:?}", command.name());
        }
    }
}
