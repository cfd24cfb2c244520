//! A result and the workspace of now, from which the same request is exported into files without a name.
//!
//! Where the history since then is kept, that is just what changed; where it is not, it is a full export, which takes longer
//! and says the same.

use super::{DiffError, DiffOptions, EachRow, Side, Sums, check, diff, diff_since};
use crate::apply::DeltaFiles;
use crate::export::{self, ExportError, ExportOptions, SinceError};
use crate::manifest::Manifest;
use crate::sink::{CHANGES_PLACE, Entry, FileError, Packing, Sink};
use labelport_formats::write::{Layout, Ndjson};
use labelport_model::request::ExportRequest;
use labelport_store::Store;
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// The workspace.
#[derive(Clone, Copy)]
pub struct Now<'a> {
    /// Its store.
    pub store: &'a Store,
    /// Threads that export.
    pub threads: usize,
    /// Ends the export once it is set.
    pub stop: Option<&'a AtomicBool>,
}

/// What was read of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// What changed since the result.
    Delta,
    /// All of it; this is why.
    Full(String),
}

/// What messages call the workspace.
const NAME: &str = "the workspace";

/// Compares a result with the workspace of now.
pub fn diff_with_now(
    old: &Side<'_>,
    now: &Now<'_>,
    options: &DiffOptions<'_>,
    each: &mut EachRow<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<(Sums, Basis), DiffError> {
    check(old)?;
    let manifest = old.manifest.ok_or_else(|| DiffError::NoManifest(old.name.to_owned()))?;
    let damaged = |reason: String| DiffError::Manifest { name: old.name.to_owned(), reason };
    let request = ExportRequest::from_json(&manifest.request).map_err(|error| damaged(error.to_string()))?;
    let request = request.of_whole();
    let reason = if manifest.watermark.is_empty() {
        "its manifest has no watermark".to_owned()
    } else {
        let since = manifest.watermark.parse().map_err(|error| damaged(format!("{error}")))?;
        let request = ExportRequest { since: Some(since), ..request.clone() };
        match Exported::of(&request, now, options.scratch_folder) {
            Ok(delta) => return Ok((delta.compare_changes(old, options, each, progress)?, Basis::Delta)),
            Err(DiffError::Export(ExportError::Since(error))) if error != SinceError::OtherWorkspace => {
                error.to_string()
            }
            Err(error) => return Err(error),
        }
    };
    let exported = Exported::of(&request, now, options.scratch_folder)?;
    let rows = || opened(&exported.sink.rows);
    let new = Side { name: NAME, manifest: Some(&exported.manifest), rows: &rows };
    Ok((diff(old, &new, options, each, progress)?, Basis::Full(reason)))
}

/// An export in files without a name.
struct Exported {
    sink: Scratch,
    manifest: Manifest,
}

impl Exported {
    fn of(request: &ExportRequest, now: &Now<'_>, folder: &Path) -> Result<Self, DiffError> {
        let failed = |source| DiffError::Scratch { folder: folder.to_owned(), source };
        let file = || tempfile::tempfile_in(folder).map_err(failed);
        let mut sink = Scratch { rows: file()?, changes: file()? };
        let mut run = ExportOptions {
            threads: now.threads,
            format: &Ndjson,
            row_limit_bytes: export::ROW_LIMIT_BYTES,
            labels_created: None,
            progress: &mut |_| {},
            stop: now.stop,
            files: None,
            client: None,
        };
        let manifest = export::run(now.store, request, &mut sink, &mut run)?;
        Ok(Self { sink, manifest })
    }

    fn compare_changes(
        &self,
        old: &Side<'_>,
        options: &DiffOptions<'_>,
        each: &mut EachRow<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Sums, DiffError> {
        let (rows, changes) = (|| opened(&self.sink.rows), || opened(&self.sink.changes));
        let delta = DeltaFiles { name: NAME, manifest: &self.manifest, rows: &rows, changes: &changes };
        diff_since(old, &delta, options, each, progress)
    }
}

fn opened(file: &File) -> io::Result<Box<dyn Read + Send>> {
    let mut file = file.try_clone()?;
    file.rewind()?;
    Ok(Box::new(file))
}

/// Takes an export, compressed.
struct Scratch {
    rows: File,
    changes: File,
}

impl Sink for Scratch {
    fn packing(&self) -> Packing {
        Packing::Zstd
    }

    fn name(&self) -> String {
        "a temporary file".to_owned()
    }

    fn start(&mut self, layout: Layout, _: &[String]) -> io::Result<()> {
        if layout == Layout::Package { Err(crate::sink::no_package()) } else { Ok(()) }
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let file = if entry.place == CHANGES_PLACE { &mut self.changes } else { &mut self.rows };
        file.write_all(entry.bytes)
    }

    fn finish(self: Box<Self>, _: &Manifest) -> Result<(), FileError> {
        Ok(())
    }
}
