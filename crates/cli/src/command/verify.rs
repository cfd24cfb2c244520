//! `labelport verify`: whether a result is what its manifest says.

use super::Command;
use crate::messages::{Messages, counted, escaped};
use crate::outcome::{Failure, Outcome, REFUSED, SUCCESS};
use crate::stored_result::{Meaning, StoredResult};
use crate::workspace::Workspace;
use clap::{Arg, ArgMatches};
use labelport_engine::manifest::Manifest;
use labelport_engine::outbound::remote_result::{self, RemoteResult};
use labelport_engine::sink::changes_path;
use labelport_engine::storage::results::StoredReader;
use labelport_engine::verify;
use labelport_formats::package::ArchiveKind;
use serde_json::json;
use std::io::Read;
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
            .arg(Arg::new("result").value_name("FILE-or-RESULT").required(true).help(
                "An exported file or folder, its manifest, a release, the id of an export task, or the URL of a server's result",
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
        run(arguments, Meaning::File, workspace, messages)
    }
}

/// Verifies what is named.
pub(super) fn run(arguments: &ArgMatches, meaning: Meaning, workspace: &Workspace, messages: &Messages) -> Outcome {
    let named = arguments.get_one::<String>("result").map_or("", String::as_str);
    let key = arguments.get_one::<String>("key").map(String::as_str);
    let Subject { name, manifest, result, changes, size_bytes } = match remote_result::is_url(named) {
        true => of_server(named, key)?,
        false => of_workspace(named, meaning, workspace)?,
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
        Content::Archive(mut archive) => verify::verify_archive(ArchiveKind::Zip, &mut *archive, &manifest, &mut tell),
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
    /// An archive that the data folder keeps.
    Archive(Box<StoredReader>),
}

/// Fetches a result of a server.
fn of_server(url: &str, key: Option<&str>) -> Result<Subject, Failure> {
    // The rest of a URL may be a signature.
    let name = url.split('?').next().unwrap_or(url).to_owned();
    let RemoteResult { manifest, rows, size_bytes } = remote_result::fetch(url, key)?;
    Ok(Subject { name, manifest, result: Content::Bytes(rows), changes: None, size_bytes })
}

/// Finds a result on disk, or one that the server keeps.
fn of_workspace(named: &str, meaning: Meaning, workspace: &Workspace) -> Result<Subject, Failure> {
    let result = StoredResult::find_as(named, meaning, workspace)?;
    let (name, manifest) = (result.name(), result.manifest()?);
    let read = Manifest::from_json(&manifest).unwrap_or_default();
    if let Some(path) = result.path()
        && !read.files.is_empty()
    {
        let result = Content::Package(path.to_owned());
        return Ok(Subject { name, manifest, result, changes: None, size_bytes: None });
    }
    let unreadable = |error: std::io::Error| Failure::new(format!("{name} cannot be verified: {error}"));
    if !read.files.is_empty()
        && let Some(archive) = result.open_kept().map_err(unreadable)?
    {
        let result = Content::Archive(Box::new(archive));
        return Ok(Subject { name, manifest, result, changes: None, size_bytes: None });
    }
    let size_bytes =
        result.path().map(|path| path.metadata().map(|found| found.len())).transpose().map_err(unreadable)?;
    let rows = result.open().map_err(unreadable)?;
    let changes = match read.delta {
        Some(_) => {
            let name = match result.path() {
                Some(path) => changes_path(path).display().to_string(),
                None => format!("the changes of {name}"),
            };
            let changes = result
                .open_changes()
                .map_err(|error| Failure::new(format!("{name} cannot be read ({error}); it belongs to the delta")))?;
            Some((name, changes))
        }
        None => None,
    };
    Ok(Subject { name, manifest, result: Content::Bytes(rows), changes, size_bytes })
}
