//! `labelport verify`: whether a result is what its manifest says.

use super::Command;
use crate::messages::{Messages, counted, escaped};
use crate::outcome::{Failure, Outcome, REFUSED, SUCCESS};
use crate::recovered::recovered;
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_engine::export::job;
use labelport_engine::manifest::Manifest;
use labelport_engine::outbound::remote_result::{self, RemoteResult};
use labelport_engine::sink::{changes_path, manifest_path, result_path};
use labelport_engine::storage::results::{Results, StoredReader, Stream};
use labelport_engine::verify;
use labelport_model::id::TaskId;
use labelport_store::tables::tasks::{self, Task};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Checks a result.
pub(crate) struct Verify;

impl Command for Verify {
    fn name(&self) -> &'static str {
        "verify"
    }

    fn arguments(&self) -> clap::Command {
        clap::Command::new("verify")
            .about("Recompute digest and counts of an export and compare them with its manifest")
            .arg(Arg::new("result").value_name("FILE-or-RESULT").required(true).help(
                "An exported file or folder, its manifest, the id of an export task, or the URL of a server's result",
            ))
            .arg(
                Arg::new("key")
                    .long("key")
                    .value_name("KEY")
                    .env("LABELPORT_KEY")
                    .hide_env_values(true)
                    .help("API key for the URL of a result that is not signed"),
            )
    }

    fn run(&self, arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
        let named = arguments.get_one::<String>("result").map_or("", String::as_str);
        let key = arguments.get_one::<String>("key").map(String::as_str);
        let Subject { name, manifest, result, changes, size_bytes } = match remote_result::is_url(named) {
            true => of_server(named, key)?,
            false => of_workspace(named, workspace)?,
        };
        let manifest = Manifest::from_json(&manifest)
            .map_err(|error| Failure::new(format!("the manifest of {name} cannot be read: {error}")))?;
        let unreadable = |error: &dyn std::error::Error| Failure::new(format!("{name} cannot be verified: {error}"));
        let mut progress = messages.progress("verifying", size_bytes);
        let mut tell = |bytes: u64| progress.set(bytes, 0);
        let verdict = match result {
            Content::Package(path) => {
                verify::verify_package(&path, &manifest, &mut tell).map_err(|error| unreadable(&error))?
            }
            Content::Bytes(bytes) => verify::verify(bytes, &manifest, &mut tell).map_err(|error| unreadable(&error))?,
        };
        drop(progress);
        let of_changes = match (&manifest.delta, changes) {
            (Some(delta), Some((name, bytes))) => {
                let found = verify::verify_changes(bytes, delta).map_err(|error| unreadable(&error))?;
                found.into_iter().map(|difference| (name.clone(), difference)).collect()
            }
            _ => Vec::new(),
        };
        let differences = verdict.differences.iter().map(|difference| (&name, difference));
        let differences = differences.chain(of_changes.iter().map(|(name, difference)| (name, difference)));
        for (name, difference) in differences {
            let event = json!({
                "event": "difference", "file": name, "message": difference.to_string(),
            });
            messages.event(&event, &format!("{}: {difference}", escaped(name)));
        }
        let count = verdict.differences.len() + of_changes.len();
        let shown = escaped(&name);
        let sentence = match count {
            0 => {
                let files = match verdict.files {
                    0 => String::new(),
                    count => format!("{}, ", counted(count, "file")),
                };
                let rows = counted(verdict.rows, "row");
                format!("{shown} is as exported: {files}{rows}, sha256 {}", manifest.digest.sha256)
            }
            count => format!("{shown} is not as exported: {}", counted(count as u64, "difference")),
        };
        let event = json!({
            "event": "verified", "file": name, "differences": count,
            "rows": verdict.rows, "bytes": verdict.bytes,
        });
        messages.event(&event, &sentence);
        Ok(if count == 0 { SUCCESS } else { REFUSED })
    }
}

/// A result to verify.
struct Subject {
    name: String,
    manifest: Vec<u8>,
    result: Content,
    /// The changes that lie next to a delta, and what messages call them.
    changes: Option<(String, Box<dyn Read + Send>)>,
    size_bytes: Option<u64>,
}

/// What is verified.
enum Content {
    /// A result that is one file, compressed or not.
    Bytes(Box<dyn Read + Send>),
    /// A folder or an archive.
    Package(PathBuf),
}

/// Fetches a result of a server.
fn of_server(url: &str, key: Option<&str>) -> Result<Subject, Failure> {
    // The rest of a URL may be a signature.
    let name = url.split('?').next().unwrap_or(url).to_owned();
    let RemoteResult { manifest, rows, size_bytes } = remote_result::fetch(url, key)?;
    Ok(Subject { name, manifest, result: Content::Bytes(rows), changes: None, size_bytes })
}

/// Finds a result on disk: a file itself, the one next to a manifest, or what a task has written.
fn of_workspace(named: &str, workspace: &Workspace) -> Result<Subject, Failure> {
    let path = PathBuf::from(named);
    if path.exists() {
        return of_file(&result_path(&path).unwrap_or(path));
    }
    let unknown = || {
        Failure::new(format!("{named} is neither a file nor the id of an export task"))
            .hint("`labelport task list` shows the latest exports")
    };
    let id = TaskId::parse(named).map_err(|_| unknown())?;
    let store = workspace.open()?;
    let task = tasks::find(&mut *store.reader()?, &id)?.ok_or_else(unknown)?;
    if job::is_export(&task.kind) {
        return of_results(&task, workspace);
    }
    let outcome: Value = serde_json::from_str(task.outcome.as_deref().unwrap_or("{}"))?;
    match outcome.get("file").and_then(Value::as_str) {
        Some(file) => of_file(&PathBuf::from(file)),
        None => Err(Failure::new(format!("task {named} wrote no file; only exports with -o FILE can be verified"))),
    }
}

/// Opens a file and the manifest next to it.
fn of_file(path: &Path) -> Result<Subject, Failure> {
    recovered(path)?;
    let name = path.display().to_string();
    let manifest_path = manifest_path(path);
    // Opening a pipe would wait for its other end, and a device need not end.
    let is_other = |path: &Path| path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
    if let Some(other) = [path, &manifest_path].into_iter().find(|path| is_other(path)) {
        let message = format!("{} is not a regular file", other.display());
        return Err(Failure::new(message).hint("`labelport verify` reads files and folders"));
    }
    let manifest = std::fs::read(&manifest_path).map_err(|error| {
        Failure::new(format!("{} cannot be read ({error})", manifest_path.display()))
            .hint("`labelport export … -o FILE` writes FILE and its manifest next to it")
    })?;
    let unreadable = |error: std::io::Error| Failure::new(format!("{name} cannot be verified: {error}"));
    let is_package = Manifest::from_json(&manifest).is_ok_and(|manifest| !manifest.files.is_empty());
    if is_package {
        let result = Content::Package(path.to_owned());
        return Ok(Subject { name, manifest, result, changes: None, size_bytes: None });
    }
    let file = File::open(path).map_err(unreadable)?;
    let size_bytes = Some(file.metadata().map_err(unreadable)?.len());
    let changes = match Manifest::from_json(&manifest).is_ok_and(|manifest| manifest.delta.is_some()) {
        true => {
            let path = changes_path(path);
            let name = path.display().to_string();
            let file = File::open(&path)
                .map_err(|error| Failure::new(format!("{name} cannot be read ({error}); it belongs to the delta")))?;
            Some((name, Box::new(file) as Box<dyn Read + Send>))
        }
        false => None,
    };
    Ok(Subject { name, manifest, result: Content::Bytes(Box::new(file)), changes, size_bytes })
}

/// Opens a result that the server keeps.
fn of_results(task: &Task, workspace: &Workspace) -> Result<Subject, Failure> {
    let name = format!("task {}", task.id);
    let missing =
        || Failure::new(format!("{name} has no result: it is {}, or the result has expired", task.status.wire_name()));
    let stored = Results::new(workspace.folder()).open(task.id.as_str())?.ok_or_else(missing)?;
    let manifest = stored.manifest()?.into_bytes();
    let changes = match Manifest::from_json(manifest.as_slice()).is_ok_and(|manifest| manifest.delta.is_some()) {
        true => {
            let again = Results::new(workspace.folder()).open(task.id.as_str())?.ok_or_else(missing)?;
            let changes: Box<dyn Read + Send> = Box::new(StoredReader::new(again, Stream::Changes));
            Some((format!("the changes of {name}"), changes))
        }
        false => None,
    };
    let reader = StoredReader::new(stored, Stream::Rows);
    Ok(Subject { name, manifest, result: Content::Bytes(Box::new(reader)), changes, size_bytes: None })
}
