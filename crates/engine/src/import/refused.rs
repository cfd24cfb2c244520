//! Refused records in a file of their own, and the reasons in another next to it.
//!
//! The first file holds the records as they were, one a line, so that it can be corrected and imported. The second has one
//! JSON object for each refusal and is found by its name: `bad.ndjson.reasons.ndjson`. Both appear whole or not at all,
//! and only if something was refused.

use super::error::Refused;
use super::original::{KEPT_LIMIT_BYTES, Original};
use crate::sink::{Chunked, Destination, Existing, FileError, Packing, Rules, manifest_path};
use labelport_model::json::ObjectWriter;
use std::io;
use std::path::{Path, PathBuf};

/// What the name of the reasons adds to that of the records.
const REASONS_SUFFIX: &str = ".reasons.ndjson";

/// Returns where the reasons stand that belong to a file of refused records.
pub fn reasons_path(records: &Path) -> PathBuf {
    let name = records.file_name().unwrap_or_default().to_string_lossy();
    records.with_file_name(format!("{name}{REASONS_SUFFIX}"))
}

/// Where refused records are written.
pub struct RefusedFiles {
    path: PathBuf,
    is_replacing: bool,
    records: Chunked,
    reasons: Chunked,
    /// Records written.
    written: u64,
    /// Refusals, of which some concern no record.
    refused: u64,
}

impl RefusedFiles {
    /// Checks both paths and starts to write.
    pub fn create(path: &Path, rules: &Rules<'_>, packing: Packing) -> Result<Self, FileError> {
        // Records that somebody has begun to correct are never replaced by chance.
        let existing = if rules.existing == Existing::Replace { Existing::Replace } else { Existing::Keep };
        let rules = Rules { existing, ..*rules };
        let records = Destination::check(path, &rules)?;
        let reasons = Destination::check(&reasons_path(path), &rules)?;
        Ok(Self {
            path: path.to_owned(),
            is_replacing: existing == Existing::Replace,
            records: Chunked::create(records, packing)?,
            reasons: Chunked::create(reasons, Packing::Plain)?,
            written: 0,
            refused: 0,
        })
    }

    /// Writes a refusal and its record.
    pub(super) fn add(&mut self, refused: &Refused, original: Option<Box<Original>>) -> Result<(), FileError> {
        let is_too_long = matches!(original.as_deref(), Some(Original::TooLong));
        let records = &mut self.records;
        let written = original.map_or(Ok(false), |original| original.write_to(|piece| records.write(piece)));
        let is_written = written.map_err(|source| self.records.failure(source))?;
        if is_written {
            self.records.write(b"\n").map_err(|source| self.records.failure(source))?;
            self.written += 1;
        }
        self.refused += 1;
        let number = |number: Option<u64>| number.map_or("null".to_owned(), |number| number.to_string());
        let mut line = Vec::new();
        let mut object = ObjectWriter::open(&mut line);
        object.raw("record", number(is_written.then_some(self.written)).as_bytes());
        object.text("file", &refused.file);
        object.raw("line", number(Some(refused.line)).as_bytes());
        object.raw("column", number(refused.column).as_bytes());
        object.text("reason", &refused.reason);
        if is_too_long {
            object.text("left_out", &format!("the record is longer than {} MiB", KEPT_LIMIT_BYTES >> 20));
        }
        object.close();
        line.push(b'\n');
        self.reasons.write(&line).map_err(|source| self.reasons.failure(source))
    }

    /// Gives the files their names if anything was refused; returns whether it was. Where they may replace others and
    /// nothing was refused, those go: what is there afterwards is of this import.
    pub fn finish(self) -> Result<bool, FileError> {
        if self.refused > 0 {
            // The reasons come first: where the records are, the reasons are.
            self.reasons.finish()?;
            self.records.finish()?;
            return Ok(true);
        }
        let Self { path, is_replacing, .. } = self;
        let old = if is_replacing { vec![path.clone(), reasons_path(&path), manifest_path(&path)] } else { Vec::new() };
        for path in old {
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(FileError::Io { path, source }),
                _ => {}
            }
        }
        Ok(false)
    }
}
