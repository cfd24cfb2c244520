//! `labelport verify`: whether a result is what its manifest says.

use super::Command;
use crate::messages::{Messages, counted};
use crate::outcome::{Failure, Outcome, REFUSED, SUCCESS};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_engine::manifest::Manifest;
use labelport_engine::sink::{manifest_path, result_path};
use labelport_engine::verify;
use labelport_model::id::TaskId;
use labelport_store::tasks;
use serde_json::{Value, json};
use std::fs::File;
use std::path::PathBuf;

/// Checks a result.
pub(crate) struct Verify;

impl Command for Verify {
    fn name(&self) -> &'static str {
        "verify"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("verify")
            .about("Recompute digest and counts of an export and compare them with its manifest")
            .arg(
                Arg::new("result")
                    .value_name("FILE-or-RESULT")
                    .required(true)
                    .help("An exported file, its manifest, or the id of an export task"),
            )
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let named = arguments.get_one::<String>("result").map_or("", String::as_str);
        let result = find(named, workspace)?;
        let beside = manifest_path(&result);
        let text = std::fs::read(&beside).map_err(|error| {
            Failure::new(format!("{} cannot be read ({error})", beside.display()))
                .hint("`labelport export … -o FILE` writes FILE and its manifest beside it")
        })?;
        let manifest = Manifest::from_json(&text)
            .map_err(|error| Failure::new(format!("{} is no manifest: {error}", beside.display())))?;
        let name = result.display();
        let unreadable = |error: &dyn std::error::Error| Failure::new(format!("{name} cannot be verified: {error}"));
        let file = File::open(&result).map_err(|error| unreadable(&error))?;
        let size_bytes = file.metadata().map_err(|error| unreadable(&error))?.len();
        let mut progress = messages.progress("verifying", Some(size_bytes));
        let verdict = verify::verify(Box::new(file), &manifest, &mut |bytes| progress.set(bytes, 0))
            .map_err(|error| unreadable(&error))?;
        drop(progress);
        for difference in &verdict.differences {
            let event = json!({
                "event": "difference", "file": name.to_string(), "message": difference.to_string(),
            });
            messages.event(&event, &format!("{name}: {difference}"));
        }
        let sentence = match verdict.differences.len() {
            0 => format!("{name} is as exported: {}, sha256 {}", counted(verdict.rows, "row"), manifest.digest.sha256),
            count => format!("{name} is not as exported: {}", counted(count as u64, "difference")),
        };
        let event = json!({
            "event": "verified", "file": name.to_string(), "differences": verdict.differences.len(),
            "rows": verdict.rows, "bytes": verdict.bytes,
        });
        messages.event(&event, &sentence);
        Ok(if verdict.differences.is_empty() { SUCCESS } else { REFUSED })
    }
}

/// Finds the file that is meant: itself, the one beside a manifest, or the one that a task has written.
fn find(named: &str, workspace: &Workspace) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(named);
    if path.exists() {
        return Ok(result_path(&path).unwrap_or(path));
    }
    let unknown = || {
        Failure::new(format!("{named} is neither a file nor the id of an export task"))
            .hint("`labelport list tasks` shows the latest exports")
    };
    let id = TaskId::parse(named).map_err(|_| unknown())?;
    let store = workspace.open()?;
    let task = tasks::find(&mut *store.reader()?, &id)?.ok_or_else(unknown)?;
    let outcome: Value = serde_json::from_str(task.outcome.as_deref().unwrap_or("{}"))?;
    match outcome.get("file").and_then(Value::as_str) {
        Some(file) => Ok(PathBuf::from(file)),
        None => Err(Failure::new(format!("task {named} wrote no file; only exports with -o FILE can be verified"))),
    }
}
