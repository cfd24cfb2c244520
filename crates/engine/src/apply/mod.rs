//! Combines a full export and a delta into the bytes that a full export had at the end of the delta.
//!
//! Both are read in order, and rows are copied unchanged. A row of the delta replaces the row with the same id, rows that left
//! are dropped, and the stream of changes says where rows of the delta stand. All three files are checked against their
//! manifests before the new result exists. Memory holds the ids of the delta.

mod changes;
mod lines;
mod out;

pub use changes::ChangesError;
pub use lines::LineError;
pub(crate) use lines::ROW_START;

use crate::export::SinceError;
use crate::manifest::{Annotations, Delta, Manifest, RowNotice};
use crate::sink::{Sink, Stream};
use crate::verify::Counter;
use changes::Changes;
use labelport_formats::write::{Format as _, Ndjson};
use labelport_model::json::quote_into;
use labelport_model::request::{Watermark, WatermarkError};
use labelport_model::row::ROW_LIMIT_BYTES;
use lines::Lines;
use out::Out;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek as _};
use std::path::Path;

/// Opens a file from its beginning, each time that it is called.
pub type Open<'a> = dyn Fn() -> io::Result<Box<dyn Read + Send>> + 'a;

/// A whole result.
pub struct Whole<'a> {
    /// What messages call it.
    pub name: &'a str,
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// Its rows.
    pub rows: &'a Open<'a>,
}

/// An export of what changed.
pub struct DeltaFiles<'a> {
    /// What messages call it.
    pub name: &'a str,
    /// Its manifest.
    pub manifest: &'a Manifest,
    /// Its rows.
    pub rows: &'a Open<'a>,
    /// Its stream of changes.
    pub changes: &'a Open<'a>,
}

/// Why changes cannot be applied. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The first result has itself only what changed.
    #[error("{0} is a delta itself; name a full export first")]
    NotWhole(String),
    /// The other result is a full one.
    #[error("{0} is a full export, not a delta; write a delta with `labelport export --since`")]
    NotADelta(String),
    /// A format whose rows have no ids.
    #[error("{name} has the format {format}; deltas can only be applied to ndjson")]
    Format {
        /// The file.
        name: String,
        /// Its format.
        format: String,
    },
    /// A manifest has no watermark.
    #[error("{0} was written by a version of labelport that had no watermarks; take a full export")]
    NoWatermark(String),
    /// A manifest has a watermark that is none.
    #[error("the manifest of {name} is damaged: {source}")]
    Watermark {
        /// The file.
        name: String,
        /// What is wrong.
        source: WatermarkError,
    },
    /// They do not belong together.
    #[error("{delta} cannot be applied to {whole}: {source}")]
    Apart {
        /// The full export.
        whole: String,
        /// The delta.
        delta: String,
        /// Why.
        source: SinceError,
    },
    /// There are changes between the two that neither has.
    #[error(
        "{whole} is at change {from}, and {delta} starts at change {since}; apply the delta between them first, or write one \
         with --since {whole}"
    )]
    Gap {
        /// The full export.
        whole: String,
        /// Its change number.
        from: i64,
        /// The delta.
        delta: String,
        /// The change number with which it begins.
        since: i64,
    },
    /// A file cannot be read as rows.
    #[error("{name} cannot be applied: {source}")]
    Line {
        /// The file.
        name: String,
        /// What is wrong.
        source: LineError,
    },
    /// The changes cannot be read.
    #[error("the changes of {name} cannot be applied: {source}")]
    Changes {
        /// The delta.
        name: String,
        /// What is wrong.
        source: ChangesError,
    },
    /// A file is not what its manifest describes.
    #[error("{0} is not what its manifest describes: `labelport verify` says where they differ")]
    Differs(String),
    /// The result cannot be written.
    #[error("{target} cannot be written ({source}); nothing was left there")]
    Write {
        /// The file or stream.
        target: String,
        /// What the system said.
        source: io::Error,
    },
}

/// What stops the copying of rows.
enum Stop {
    Line(LineError),
    Write(io::Error),
}

impl From<LineError> for Stop {
    fn from(error: LineError) -> Self {
        Self::Line(error)
    }
}

/// Applies several deltas, one after the other. What comes of those before the last waits in files without a name.
pub fn apply_all(
    whole: &Whole<'_>,
    deltas: &[DeltaFiles<'_>],
    scratch_folder: &Path,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, ApplyError> {
    let Some((last, others)) = deltas.split_last() else {
        return Err(ApplyError::NotADelta(whole.name.to_owned()));
    };
    let unwritable = |source| ApplyError::Write { target: scratch_folder.display().to_string(), source };
    let mut made: Option<(String, Manifest, File)> = None;
    let mut apply_one = |made: &Option<(String, Manifest, File)>, delta: &DeltaFiles<'_>, sink: &mut dyn Sink| {
        let Some((name, manifest, file)) = made else { return apply(whole, delta, sink, progress) };
        let rows = || -> io::Result<Box<dyn Read + Send>> {
            let mut file = file.try_clone()?;
            file.rewind()?;
            Ok(Box::new(file))
        };
        apply(&Whole { name, manifest, rows: &rows }, delta, sink, progress)
    };
    for delta in others {
        let file = tempfile::tempfile_in(scratch_folder).map_err(unwritable)?;
        let name = format!("{} with {}", whole.name, delta.name);
        let mut sink = Stream { out: file.try_clone().map_err(unwritable)?, name: name.clone() };
        let manifest = apply_one(&made, delta, &mut sink)?;
        // The file of the delta before goes here.
        made = Some((name, manifest, file));
    }
    apply_one(&made, last, sink)
}

/// Writes the whole result of then into a sink and returns its manifest. The sink is left open: closing it makes the result
/// exist. `progress` gets how many bytes of the first result are read, before unpacking.
pub fn apply(
    whole: &Whole<'_>,
    delta: &DeltaFiles<'_>,
    sink: &mut dyn Sink,
    progress: &mut dyn FnMut(u64),
) -> Result<Manifest, ApplyError> {
    let (of_delta, is_newer) = check(whole, delta)?;
    if is_newer {
        return copy(whole, sink, progress);
    }
    let changes = read_changes(delta, of_delta)?;
    let name = sink.name();
    let unwritable = |source| ApplyError::Write { target: name.clone(), source };
    let whole_error = |stop: Stop| match stop {
        Stop::Line(source) => ApplyError::Line { name: whole.name.to_owned(), source },
        Stop::Write(source) => unwritable(source),
    };
    let delta_error = |stop: Stop| match stop {
        Stop::Line(source) => ApplyError::Line { name: delta.name.to_owned(), source },
        Stop::Write(source) => unwritable(source),
    };
    let open = |open: &Open<'_>| open().and_then(Lines::new).map_err(|error| Stop::Line(error.into()));
    let mut old = open(whole.rows).map_err(whole_error)?;
    let mut new = open(delta.rows).map_err(delta_error)?;
    let mut out = Out::start(sink).map_err(unwritable)?;
    // Rows that are left out or replaced.
    let mut gone = Counter::new(ROW_LIMIT_BYTES);
    let mut places = changes.places.iter().peekable();
    loop {
        let next = new.next_id().map_err(|error| delta_error(error.into()))?.map(<[u8]>::to_vec);
        // A row without a place of its own follows the one before it.
        let place = places.next_if(|(row, _)| Some(row) == next.as_ref());
        let until = match (&next, place) {
            (Some(_), None) => None,
            (Some(_), Some((_, None))) => None,
            (Some(_), Some((_, Some(after)))) => Some(after.as_slice()),
            (None, _) => Some(&b""[..]),
        };
        if let Some(until) = until {
            let mut is_there = false;
            while !is_there && let Some(id) = old.next_id().map_err(|error| whole_error(error.into()))? {
                is_there = id == until && next.is_some();
                match changes.ids.contains(id) {
                    true => old.read_line(|piece| {
                        gone.add(piece);
                        Ok(())
                    }),
                    false => old.read_line(|piece| out.add(piece).map_err(Stop::Write)),
                }
                .map_err(whole_error)?;
                progress(old.position());
            }
            if !is_there && next.is_some() {
                return Err(ApplyError::Differs(whole.name.to_owned()));
            }
        }
        if next.is_none() {
            break;
        }
        new.read_line(|piece| out.add(piece).map_err(Stop::Write)).map_err(delta_error)?;
    }
    if places.next().is_some() {
        return Err(ApplyError::Differs(delta.name.to_owned()));
    }
    let is_as_described =
        |lines: Lines, manifest: &Manifest| lines.finish() == (manifest.digest.bytes, manifest.digest.sha256.clone());
    if !is_as_described(old, whole.manifest) {
        return Err(ApplyError::Differs(whole.name.to_owned()));
    }
    if !is_as_described(new, delta.manifest) {
        return Err(ApplyError::Differs(delta.name.to_owned()));
    }
    let counts = counts(whole, delta, gone)?;
    let (row_notices, rows) = notices(whole.manifest, delta.manifest, &changes);
    let counts = Manifest { row_notices, rows, ..counts };
    Ok(Manifest { digest: out.finish().map_err(unwritable)?, ..counts })
}

/// Copies a result that has the changes of a delta already.
fn copy(whole: &Whole<'_>, sink: &mut dyn Sink, progress: &mut dyn FnMut(u64)) -> Result<Manifest, ApplyError> {
    let name = sink.name();
    let failed = |stop: Stop| match stop {
        Stop::Line(source) => ApplyError::Line { name: whole.name.to_owned(), source },
        Stop::Write(source) => ApplyError::Write { target: name.clone(), source },
    };
    let mut rows = (whole.rows)().and_then(Lines::new).map_err(|error| failed(Stop::Line(error.into())))?;
    let mut out = Out::start(sink).map_err(|error| failed(Stop::Write(error)))?;
    while rows.next_id().map_err(|error| failed(error.into()))?.is_some() {
        rows.read_line(|piece| out.add(piece).map_err(Stop::Write)).map_err(failed)?;
        progress(rows.position());
    }
    let digest = out.finish().map_err(|error| failed(Stop::Write(error)))?;
    if digest.sha256 != whole.manifest.digest.sha256 {
        return Err(ApplyError::Differs(whole.name.to_owned()));
    }
    Ok(Manifest { digest, ..whole.manifest.clone() })
}

/// Fails for results that do not belong together. Returns whether the first has the changes already, too.
fn check<'d>(whole: &Whole<'_>, delta: &DeltaFiles<'d>) -> Result<(&'d Delta, bool), ApplyError> {
    for (name, manifest) in [(whole.name, whole.manifest), (delta.name, delta.manifest)] {
        if manifest.format != Ndjson.name() {
            return Err(ApplyError::Format { name: name.to_owned(), format: manifest.format.clone() });
        }
        if manifest.watermark.is_empty() {
            return Err(ApplyError::NoWatermark(name.to_owned()));
        }
    }
    if whole.manifest.delta.is_some() {
        return Err(ApplyError::NotWhole(whole.name.to_owned()));
    }
    let of_delta = delta.manifest.delta.as_ref().ok_or_else(|| ApplyError::NotADelta(delta.name.to_owned()))?;
    let read = |name: &str, text: &str| -> Result<Watermark, ApplyError> {
        text.parse().map_err(|source| ApplyError::Watermark { name: name.to_owned(), source })
    };
    let at = read(whole.name, &whole.manifest.watermark)?;
    let (since, now) = (read(delta.name, &of_delta.since)?, read(delta.name, &delta.manifest.watermark)?);
    let apart = |source| ApplyError::Apart { whole: whole.name.to_owned(), delta: delta.name.to_owned(), source };
    crate::export::delta::check_same(&at, &now).map_err(apart)?;
    if at.change_seq < since.change_seq {
        let (whole, delta) = (whole.name.to_owned(), delta.name.to_owned());
        return Err(ApplyError::Gap { whole, from: at.change_seq, delta, since: since.change_seq });
    }
    Ok((of_delta, at.change_seq > now.change_seq))
}

/// Returns the ids that a delta names, as they stand between quotes: those of its rows, and those of rows that left.
pub(crate) fn ids_of(delta: &DeltaFiles<'_>) -> Result<HashSet<Box<[u8]>>, ApplyError> {
    let described = delta.manifest.delta.as_ref().ok_or_else(|| ApplyError::NotADelta(delta.name.to_owned()))?;
    Ok(read_changes(delta, described)?.ids)
}

/// Reads the ids of a delta: those of its rows, and what its stream of changes says.
fn read_changes(delta: &DeltaFiles<'_>, described: &Delta) -> Result<Changes, ApplyError> {
    let failed = |source| ApplyError::Changes { name: delta.name.to_owned(), source };
    let (mut changes, found) = Changes::read(delta.changes).map_err(failed)?;
    if found != (described.bytes, described.sha256.clone()) {
        return Err(ApplyError::Differs(format!("the file of changes of {}", delta.name)));
    }
    let read = || -> Result<Changes, LineError> {
        let mut rows = Lines::new((delta.rows)()?)?;
        while let Some(id) = rows.next_id()? {
            changes.ids.insert(id.into());
            rows.read_line(|_| Ok::<_, LineError>(()))?;
        }
        Ok(changes)
    };
    read().map_err(|source| ApplyError::Line { name: delta.name.to_owned(), source })
}

/// Returns how many notices about rows there are, and the first of them: those about rows that stayed, and those of the
/// delta.
fn notices(old: &Manifest, new: &Manifest, changes: &Changes) -> (u64, Vec<RowNotice>) {
    let has_stayed = |notice: &&RowNotice| {
        let mut quoted = Vec::new();
        quote_into(&notice.data_row_id, &mut quoted);
        !changes.ids.contains(&quoted[1..quoted.len() - 1])
    };
    let mut rows: Vec<RowNotice> = old.rows.iter().filter(has_stayed).cloned().collect();
    let gone = (old.rows.len() - rows.len()) as u64;
    rows.extend(new.rows.iter().cloned());
    (old.row_notices.saturating_sub(gone) + new.row_notices, rows)
}

/// Counts what the new result holds: what the first one held, without what is gone, with what the delta has.
fn counts(whole: &Whole<'_>, delta: &DeltaFiles<'_>, gone: Counter) -> Result<Manifest, ApplyError> {
    let gone = gone.finish();
    let (old, new) = (whole.manifest, delta.manifest);
    let differs = || ApplyError::Differs(whole.name.to_owned());
    let sum = |old: u64, gone: u64, new: u64| old.checked_sub(gone).map(|left| left + new).ok_or_else(differs);
    let mut annotations: BTreeMap<Annotations, u64> = BTreeMap::new();
    let key = |annotations: &Annotations| Annotations { count: 0, ..annotations.clone() };
    for entry in old.annotations.iter().chain(&new.annotations) {
        *annotations.entry(key(entry)).or_default() += entry.count;
    }
    for entry in gone.annotations() {
        let left = annotations.entry(key(&entry)).or_default();
        *left = left.checked_sub(entry.count).ok_or_else(differs)?;
    }
    let left = annotations.into_iter().filter(|(_, count)| *count > 0);
    Ok(Manifest {
        format: old.format.clone(),
        request: old.request.clone(),
        change_seq: new.change_seq,
        watermark: new.watermark.clone(),
        labels: sum(old.labels, gone.labels, new.labels)?,
        run_labels: sum(old.run_labels, gone.run_labels, new.run_labels)?,
        predictions: sum(old.predictions, gone.predictions, new.predictions)?,
        annotations: left.map(|(entry, count)| Annotations { count, ..entry }).collect(),
        unknown_ids: new.unknown_ids,
        unknown_names: new.unknown_names.clone(),
        ..Manifest::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notices_about_rows_that_are_replaced_are_those_of_the_delta() {
        let notice = |id: &str, message: &str| RowNotice { data_row_id: id.to_owned(), message: message.to_owned() };
        let old =
            Manifest { row_notices: 5, rows: vec![notice("a", "old"), notice("\"b", "old")], ..Manifest::default() };
        let new = Manifest { row_notices: 1, rows: vec![notice("a", "new")], ..Manifest::default() };
        let changes = Changes::of(["a", "c"]);
        assert_eq!(notices(&old, &new, &changes), (5, vec![notice("\"b", "old"), notice("a", "new")]));
        let changes = Changes::of(["a", r#"\"b"#]);
        assert_eq!(notices(&old, &new, &changes), (4, vec![notice("a", "new")]));
    }
}
