//! The subcommands, each a file.
//!
//! A command turns arguments into a typed request, calls the engine or the store, and says what came of it. Arguments and
//! help of open lists (scopes, parameters, filters) are made from their tables.
//!
//! # Adding a subcommand
//! One file in this folder with a type that implements [`Command`], one line in [`COMMANDS`].

mod apply;
mod backup;
mod completions;
mod demo;
mod diff;
mod doctor;
mod export;
mod formats;
mod import;
mod key;
mod list;
mod man;
mod migrate;
mod release;
mod restore;
mod schedule;
mod serve;
mod show;
mod slice;
mod store;
mod task;
mod verify;
mod webhook;
mod worker;

use crate::messages::Messages;
use crate::outcome::Outcome;
use crate::workspace::Workspace;
use clap::ArgMatches;

/// A subcommand.
pub(crate) trait Command: Sync {
    /// Returns the word after `labelport`.
    fn name(&self) -> &'static str;
    /// Returns its arguments and help.
    fn arguments(&self) -> clap::Command;
    /// Runs it.
    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome;
}

/// Every subcommand, in the order in which people come to need them, which is that of the help.
pub(crate) static COMMANDS: &[&dyn Command] = &[
    &demo::Demo,
    &import::Import,
    &list::List,
    &show::Show,
    &export::Export,
    &apply::Apply,
    &diff::Diff,
    &formats::Formats,
    &verify::Verify,
    &release::Release,
    &slice::Slice,
    &task::Task,
    &schedule::Schedule,
    &serve::Serve,
    &worker::Worker,
    &key::Key,
    &webhook::Webhook,
    &backup::Backup,
    &restore::Restore,
    &migrate::Migrate,
    &store::Store,
    &doctor::Doctor,
    &completions::Completions,
    &man::Man,
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_command_is_described_and_unique() {
        let names: BTreeSet<_> = COMMANDS.iter().map(|command| command.name()).collect();
        assert_eq!(names.len(), COMMANDS.len(), "{names:?}");
        for command in COMMANDS {
            let about = command.arguments().get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && !about.ends_with('.'), "{}: {about:?}", command.name());
        }
    }

    /// Help is wrapped at this width.
    const WIDTH: usize = 100;

    /// A hard-wrapped line that is wider than the page is wrapped again, which leaves a word alone on a line.
    #[test]
    fn no_line_of_a_help_text_is_wrapped_twice() {
        fn check(command: &clap::Command, name: &str) {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for pair in after.lines().collect::<Vec<_>>().windows(2) {
                // An example is one line, however long.
                let is_wrapped = !pair[0].starts_with(' ') && !pair[1].is_empty();
                assert!(!is_wrapped || pair[0].chars().count() <= WIDTH, "{name}: {}", pair[0]);
            }
            command.get_subcommands().for_each(|inner| check(inner, &format!("{name} {}", inner.get_name())));
        }
        COMMANDS.iter().for_each(|command| check(&command.arguments(), command.name()));
    }
}
