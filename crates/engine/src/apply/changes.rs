//! The stream of changes of a delta, read.

use super::Open;
use crate::export::delta::Change;
use crate::import::unpack::{self, Position};
use crate::manifest::hex;
use labelport_model::json::{Document, Value};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::io::{self, BufRead, BufReader};

/// Why a stream of changes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// It cannot be read or unpacked.
    #[error("they cannot be read ({0})")]
    Read(#[from] io::Error),
    /// A line is not a change.
    #[error("line {line} is not a change: {reason}")]
    Line {
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

/// What a delta says about rows, by their ids as they stand between quotes.
pub(super) struct Changes {
    /// Rows that are not copied from the result before: those that left, and those of the delta.
    pub(super) ids: HashSet<Box<[u8]>>,
    /// Rows of the delta, in its order, with the row after which they stand; none for the first place.
    pub(super) places: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl Changes {
    #[cfg(test)]
    pub(super) fn of<const N: usize>(ids: [&str; N]) -> Self {
        Self { ids: ids.map(|id| id.as_bytes().into()).into(), places: Vec::new() }
    }

    /// Reads a stream; returns its size and SHA-256 as well.
    pub(super) fn read(open: &Open<'_>) -> Result<(Self, (u64, String)), ChangesError> {
        let mut input = BufReader::new(unpack::unpacked(open()?, Position::default())?);
        let (mut sha256, mut bytes) = (Sha256::default(), 0);
        let mut changes = Self { ids: HashSet::new(), places: Vec::new() };
        let mut text = Vec::new();
        for line in 1.. {
            text.clear();
            if input.read_until(b'\n', &mut text)? == 0 {
                break;
            }
            sha256.update(&text);
            bytes += text.len() as u64;
            changes.add(&text).map_err(|reason| ChangesError::Line { line, reason })?;
        }
        Ok((changes, (bytes, hex(&sha256.finalize()))))
    }

    /// Adds a line; fails with a reason.
    fn add(&mut self, text: &[u8]) -> Result<(), String> {
        let document = Document::parse(text).map_err(|error| error.to_string())?;
        let line = document.root();
        let id = inside(line.get("data_row_id")).ok_or("data_row_id is missing")?;
        let change = line.get("change").and_then(Value::as_text).ok_or("change is missing")?;
        match Change::find(&change).ok_or_else(|| format!("{change:?} is not a known change"))? {
            Change::Placed => self.places.push((id.to_vec(), inside(line.get("after")).map(<[u8]>::to_vec))),
            Change::Deleted | Change::LeftScope | Change::NoMatch => drop(self.ids.insert(id.into())),
        }
        Ok(())
    }
}

/// Returns what stands between the quotes of a text; nothing for null.
fn inside(value: Option<Value<'_>>) -> Option<&[u8]> {
    let raw = value?.raw();
    Some(raw.strip_prefix('"')?.strip_suffix('"')?.as_bytes())
}
