//! What differs between two results: rows, labels, annotations, and whatever else a row has.
//!
//! Both sides are read once, line by line, and rows that are equal byte by byte are never parsed. Rows are partners if they
//! have one id, wherever they stand; memory holds a window of rows that wait for their partners, and the rest waits on disk.
//! What differs of two partners is found on typed annotations, never on keys of geometry.
//!
//! No result of labelport has an id twice. In a file from elsewhere that has, the second row is refused if both wait, and counts
//! as one without a partner if the first one has found its own.
//!
//! Of a result and the workspace that it came from, only what changed since then is read from the workspace.
//!
//! # Adding a kind of side
//! Anything that gives rows in ndjson is a [`Side`]. A format that has no rows is refused in [`diff`].

mod annotations;
mod answers;
mod found;
mod geometry;
mod items;
mod lines;
mod merge;
mod now;
mod pairing;
mod parted;
mod rows;
mod rows_file;

pub use found::{AnnotationDiff, AnswerDiff, Change, LabelDiff, List, Member, RowDiff, Sums, Tally, What};
pub use now::{Basis, Now, diff_with_now};
pub use rows_file::RowsFile;

pub use crate::apply::Open;

use crate::apply::{self, ApplyError, DeltaFiles};
use crate::export::ExportError;
use crate::manifest::Manifest;
use labelport_formats::write::{Format as _, Ndjson};
use labelport_model::json::Document;
use labelport_model::row::ROW_LIMIT_BYTES;
use lines::{Line, Lines};
use merge::Limits;
use std::io;
use std::path::{Path, PathBuf};

/// How much memory rows take that wait for their partners.
const WINDOW_BYTES: usize = 64 << 20;

/// One of two results.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// What messages call it.
    pub name: &'a str,
    /// Its manifest, where it has one.
    pub manifest: Option<&'a Manifest>,
    /// Its rows.
    pub rows: &'a Open<'a>,
}

/// How much of the machine a comparison may use.
#[derive(Debug, Clone, Copy)]
pub struct DiffOptions<'a> {
    /// Memory of rows that wait for their partners, in bytes.
    pub window_bytes: usize,
    /// The largest row that is compared, in bytes.
    pub row_limit_bytes: usize,
    /// Where files without a name hold rows for which that memory is not enough.
    pub scratch_folder: &'a Path,
}

impl<'a> DiffOptions<'a> {
    /// Returns what is usual, with a folder for files without a name.
    pub fn new(scratch_folder: &'a Path) -> Self {
        Self { window_bytes: WINDOW_BYTES, row_limit_bytes: ROW_LIMIT_BYTES, scratch_folder }
    }
}

/// Why two results cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A format that has no rows.
    #[error("{name} has the format {format}; results of the format ndjson can be compared")]
    Format {
        /// The result.
        name: String,
        /// Its format.
        format: String,
    },
    /// A result has only what changed.
    #[error("{0} is a delta; combine it with its export by `labelport apply` first")]
    Delta(String),
    /// It cannot be read or unpacked.
    #[error("{name} cannot be read: {source}")]
    Read {
        /// The result.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// A line is not a row.
    #[error("line {line} of {name} is not a row of an export in ndjson: {reason}")]
    NotARow {
        /// The result.
        name: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// A row is too long to be held.
    #[error("line {line} of {name} is longer than {} MiB, which is the longest row that is compared", limit_bytes >> 20)]
    TooLong {
        /// The result.
        name: String,
        /// The line, from 1.
        line: u64,
        /// The limit.
        limit_bytes: usize,
    },
    /// Two rows have one id.
    #[error("{name} has two rows with the id {id}; rows are compared by id")]
    Twice {
        /// The result.
        name: String,
        /// The id.
        id: String,
    },
    /// Rows that wait cannot be kept.
    #[error("{} cannot hold rows that wait for their partners: {source}", folder.display())]
    Scratch {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A result is not what its manifest describes.
    #[error("{0} is not what its manifest describes: `labelport verify` says where they differ")]
    Differs(String),
    /// It has no manifest, which says what was exported.
    #[error("{0} has no manifest, and only that says what to compare with; export it with -o FILE")]
    NoManifest(String),
    /// Its manifest says something that makes no sense.
    #[error("the manifest of {name} is damaged: {reason}")]
    Manifest {
        /// The result.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The workspace cannot be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// What changed cannot be read.
    #[error(transparent)]
    Changes(#[from] ApplyError),
    /// What was found cannot be written.
    #[error("{0}")]
    Write(#[from] io::Error),
}

/// Takes rows that differ.
pub type EachRow<'e> = dyn FnMut(&RowDiff) -> io::Result<()> + 'e;

/// Compares two results. `each` gets rows that differ: as a rule in their order, first those that changed, then those that
/// were removed, then those that were added. `progress` gets how many bytes of both were read, before unpacking.
pub fn diff(
    old: &Side<'_>,
    new: &Side<'_>,
    options: &DiffOptions<'_>,
    each: &mut EachRow<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Sums, DiffError> {
    check(old)?;
    check(new)?;
    if let (Some(one), Some(other)) = (old.manifest, new.manifest)
        && (one.digest.bytes, &one.digest.sha256) == (other.digest.bytes, &other.digest.sha256)
    {
        return Ok(Sums { same: one.digest.rows, ..Sums::default() });
    }
    let mut olds = Lines::open(old, options.row_limit_bytes)?;
    let mut news = Lines::open(new, options.row_limit_bytes)?;
    compare(&mut olds, &mut news, options, each, progress)
}

/// Compares a result with the workspace of a later time, of which the delta has what changed. Of the result, all is read, and
/// rows are compared that the delta names.
pub fn diff_since(
    old: &Side<'_>,
    delta: &DeltaFiles<'_>,
    options: &DiffOptions<'_>,
    each: &mut EachRow<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Sums, DiffError> {
    check(old)?;
    let ids = apply::ids_of(delta)?;
    if let Some(manifest) = old.manifest
        && ids.is_empty()
    {
        return Ok(Sums { same: manifest.digest.rows, ..Sums::default() });
    }
    let new = Side { name: delta.name, manifest: Some(delta.manifest), rows: delta.rows };
    let mut olds = Lines::open(old, options.row_limit_bytes)?.only(&ids);
    let mut news = Lines::open(&new, options.row_limit_bytes)?;
    let sums = compare(&mut olds, &mut news, options, each, progress)?;
    let (passed_over, sha256) = olds.finish();
    if old.manifest.is_some_and(|manifest| sha256.as_ref() != Some(&manifest.digest.sha256)) {
        return Err(DiffError::Differs(old.name.to_owned()));
    }
    Ok(Sums { same: sums.same + passed_over, ..sums })
}

/// Fails for a result that cannot be compared.
fn check(side: &Side<'_>) -> Result<(), DiffError> {
    let Some(manifest) = side.manifest else { return Ok(()) };
    if manifest.format != Ndjson.name() {
        return Err(DiffError::Format { name: side.name.to_owned(), format: manifest.format.clone() });
    }
    if manifest.delta.is_some() { Err(DiffError::Delta(side.name.to_owned())) } else { Ok(()) }
}

fn compare<'l>(
    old: &mut Lines<'l>,
    new: &mut Lines<'l>,
    options: &DiffOptions<'_>,
    each: &mut EachRow<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<Sums, DiffError> {
    let limits = Limits { window_bytes: options.window_bytes, scratch_folder: options.scratch_folder };
    let names = [old.name(), new.name()];
    let mut sums = Sums::default();
    let mut documents = [Document::default(), Document::default()];
    // Rows that hold the same and are spelled differently.
    let mut respelled = 0;
    let mut settle = |one: Option<Line<'_>>, other: Option<Line<'_>>| -> Result<(), DiffError> {
        for ((line, name), document) in [one, other].into_iter().zip(names).zip(&mut documents) {
            if let Some(line) = line {
                document.read(line.bytes).map_err(|error| not_a_row(name, line.number, error.to_string()))?;
            }
        }
        let [old, new] = &documents;
        let (found, name, number) = match (one, other) {
            (Some(_), Some(line)) => (rows::compare(old, new), names[1], line.number),
            (Some(line), None) => (rows::list(old, Change::Removed).map(Some), names[0], line.number),
            (None, Some(line)) => (rows::list(new, Change::Added).map(Some), names[1], line.number),
            (None, None) => return Ok(()),
        };
        match found.map_err(|reason| not_a_row(name, number, reason))? {
            Some(row) => {
                sums.add(&row);
                each(&row)?;
            }
            None => respelled += 1,
        }
        Ok(())
    };
    let same = merge::merge(old, new, limits, &mut settle, progress)?;
    Ok(Sums { same: same + respelled, ..sums })
}

fn not_a_row(name: &str, line: u64, reason: String) -> DiffError {
    DiffError::NotARow { name: name.to_owned(), line, reason }
}
