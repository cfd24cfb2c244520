//! `labelport restore`: a workspace from a backup.

use super::Command;
use crate::ambient::SystemChance;
use crate::interrupt;
use crate::messages::{Messages, counted, sized};
use crate::outcome::{Outcome, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_engine::storage::backup;
use serde_json::json;
use std::path::Path;

/// Makes a workspace from a backup.
pub(crate) struct Restore;

impl Command for Restore {
    fn name(&self) -> &'static str {
        "restore"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("restore")
            .about("Make a workspace from a backup")
            .after_help(
                "The data folder (--data) must be empty or not exist: a workspace is never overwritten.\n\
                 Every file is checked against its digest before the workspace appears.",
            )
            .arg(Arg::new("from").value_name("FROM").required(true).help("Folder that `labelport backup` made"))
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let source = Path::new(arguments.get_one::<String>("from").map_or("", String::as_str));
        workspace.refuse_database("restore without --store, then move the rows with `labelport migrate`")?;
        let folder = workspace.folder();
        interrupt::handle(*messages)?;
        let mut progress = messages.progress("copying", None);
        let restored = backup::restore(source, folder, &SystemChance, &mut |bytes| progress.set(bytes, 0));
        drop(progress);
        let backup = restored?;
        // A schema of an earlier version is brought up to date now, not by the first server that starts.
        workspace.open()?;
        let bytes: u64 = backup.files.iter().map(|entry| entry.bytes).sum();
        let event = json!({
            "event": "restored", "data": folder.display().to_string(), "files": backup.files.len(), "bytes": bytes,
            "change_seq": backup.change_seq,
        });
        let files = counted(backup.files.len() as u64, "file");
        messages.event(&event, &format!("restored {}: {files}, {}", folder.display(), sized(bytes)));
        Ok(SUCCESS)
    }
}
