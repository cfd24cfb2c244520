//! `labelport release export`: a release as a file of its own.

use super::named;
use crate::messages::{Messages, counted, sized};
use crate::outcome::{Failure, Outcome, SUCCESS};
use crate::output::Output;
use crate::recovered::recovered;
use crate::workspace::Workspace;
use clap::ArgMatches;
use labelport_engine::manifest::Manifest;
use labelport_engine::releases;
use labelport_engine::sink::{Container, Existing, FileError};
use labelport_engine::storage::results::{copy_files, copy_rows};
use labelport_formats::package::ArchiveKind;
use serde_json::json;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(arguments: &ArgMatches, workspace: &Workspace, messages: &Messages) -> Outcome {
    let store = workspace.open_to_read()?;
    let name = named(arguments);
    let release = releases::get(&mut *store.reader()?, store.org_key(), name)?;
    let unknown_format = || {
        let (format, version) = (&release.body.format, &release.body.version);
        let message =
            format!("release {name} is in the format {format} of labelport {version}, which is not known here");
        Failure::new(message)
    };
    let format = labelport_formats::write::find(&release.body.format).ok_or_else(unknown_format)?;
    let output = arguments.get_one::<String>("output").map_or("-", String::as_str);
    let existing = if arguments.get_flag("force") { Existing::Replace } else { Existing::KeepForeign };
    if Output::is_path(output) {
        recovered(Path::new(output))?;
    }
    let target = Output::of(Some(output), existing, format, workspace)?;
    let gone = || Failure::new(format!("the files of release {name} are gone")).hint("restore them from a backup");
    let stored = Arc::new(workspace.results()?.open(&release.body.task_id)?.ok_or_else(gone)?);
    let manifest = Manifest::from_json(stored.manifest()?.as_bytes())?;
    let spool = target.spool_folder();
    let unpacks = match &target {
        Output::Package(_, Container::Folder) => true,
        Output::Package(_, Container::Archive(kind))
        | Output::Object(_, _, Some(kind))
        | Output::Url(_, _, Some(kind)) => *kind != ArchiveKind::Zip,
        _ => false,
    };
    let copied = match (unpacks, &target) {
        (true, target) => {
            let mut sink = target.open(format, messages)?;
            copy_files(&stored, &spool, &mut *sink).map(|()| sink)
        }
        (false, target) => {
            let mut sink = target.open_file(messages)?;
            copy_rows(&stored, &mut *sink).map(|()| sink)
        }
    };
    let is_closed = |error: &io::Error| matches!(target, Output::Stdout) && error.kind() == io::ErrorKind::BrokenPipe;
    let sink = match copied {
        // The reader has what it wanted.
        Err(error) if is_closed(&error) => return Ok(SUCCESS),
        copied => copied.map_err(|error| {
            Failure::new(format!("release {name} cannot be copied to {} ({error})", target.shown()))
                .hint("`labelport release verify` says whether the release is whole")
        })?,
    };
    match sink.finish(&manifest) {
        Err(FileError::Io { source, .. }) if is_closed(&source) => return Ok(SUCCESS),
        finished => finished?,
    }
    let digest = &manifest.digest;
    let sentence = format!(
        "{}: {}, {} of release {name}\nsha256 {}",
        target.place().sentence,
        counted(digest.rows, "row"),
        sized(digest.bytes),
        digest.sha256
    );
    let event = json!({
        "event": "exported", "release": name, "rows": digest.rows, "bytes": digest.bytes, "sha256": digest.sha256,
    });
    messages.event(&event, &sentence);
    Ok(SUCCESS)
}
