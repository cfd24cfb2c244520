//! `labelport store`: the database that keeps the rows.

use super::Command;
use crate::messages::Messages;
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgAction, ArgMatches};
use serde_json::json;

/// Prepares databases.
pub(crate) struct Store;

impl Command for Store {
    fn name(&self) -> &'static str {
        "store"
    }

    fn arguments(&self) -> clap::Command {
        let citus = Arg::new("citus")
            .long("citus")
            .action(ArgAction::SetTrue)
            .required(true)
            .help("Distribute the tables over the nodes of a Citus cluster");
        clap::Command::new("store")
            .about("Prepare the database that keeps the rows")
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand(
                clap::Command::new("prepare")
                    .about("Distribute the tables of a workspace over the nodes of a Citus cluster")
                    .after_help(
                        "--store names the database on the coordinator, in which the extension citus is installed and which\n\
                         knows its workers. An empty database gets the tables first; one with a workspace keeps its rows.\n\
                         Stop other processes of the workspace first. It is done whole or not at all.",
                    )
                    .arg(citus),
            )
    }

    fn run(&self, _: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let Some(database) = workspace.database() else {
            let message = "a data folder cannot be distributed";
            return Err(Failure::usage(message).hint("name the database of the coordinator with --store postgres://…"));
        };
        let is_new = database.distribute(workspace.lock_wait())?;
        let event = json!({ "event": "prepared", "store": database.shown(), "distributed": true, "changed": is_new });
        let sentence = match is_new {
            true => format!("the tables of {} are distributed over its cluster", database.shown()),
            false => format!("the tables of {} were distributed before", database.shown()),
        };
        messages.event(&event, &sentence);
        Ok(SUCCESS)
    }
}
