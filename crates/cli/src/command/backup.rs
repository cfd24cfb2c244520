//! `labelport backup`: a copy of the workspace, also while it is used.

use super::Command;
use crate::ambient::SystemChance;
use crate::interrupt;
use crate::messages::{Messages, counted, sized};
use crate::outcome::{Outcome, REFUSED, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_engine::storage::backup::{self, Held, Made};
use serde_json::json;
use std::path::Path;

/// Copies the workspace.
pub(crate) struct Backup;

impl Command for Backup {
    fn name(&self) -> &'static str {
        "backup"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("backup")
            .about("Copy the workspace to a folder, also while it is used")
            .after_help(
                "The copy is that of one moment, whatever imports or servers write meanwhile. It holds the\n\
                 database, the files and the stored results, with a digest for each in backup.json.\n\
                 `labelport restore` makes a workspace from it. An interrupted backup leaves nothing.\n\
                 With --results it holds the database alone; the bucket needs a copy of its own.",
            )
            .arg(Arg::new("to").value_name("TO").required(true).help("Folder that is empty or does not exist"))
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let target = Path::new(arguments.get_one::<String>("to").map_or("", String::as_str));
        workspace.refuse_database(
            "back up the database with `pg_dump`, and copy the folders `files` and `results` of the data folder after it",
        )?;
        let store = workspace.open_to_read()?;
        interrupt::handle(*messages)?;
        let mut progress = messages.progress("copying", None);
        let held = if workspace.results_address().is_some() { Held::Database } else { Held::Everything };
        let made = backup::create(&store, workspace.folder(), (target, held), &SystemChance, &mut |bytes| {
            progress.set(bytes, 0)
        });
        drop(progress);
        let Made { backup, damaged } = made?;
        for damage in &damaged {
            messages.event(&json!({ "event": "notice", "message": damage }), &format!("notice: {damage}"));
        }
        let bytes: u64 = backup.files.iter().map(|entry| entry.bytes).sum();
        let event = json!({
            "event": "backed up", "folder": target.display().to_string(), "files": backup.files.len(), "bytes": bytes,
            "change_seq": backup.change_seq, "damaged": damaged.len(),
        });
        let files = counted(backup.files.len() as u64, "file");
        messages.event(&event, &format!("backed up to {}: {files}, {}", target.display(), sized(bytes)));
        if let Some(address) = workspace.results_address() {
            let message = format!(
                "the backup holds the database alone: uploads, masks and stored results are in {address}, and need a copy of \
                 their own, made after this one"
            );
            messages.event(&json!({ "event": "notice", "message": message }), &format!("notice: {message}"));
        }
        Ok(if damaged.is_empty() { SUCCESS } else { REFUSED })
    }
}
