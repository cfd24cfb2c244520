//! A result held against its manifest.
//!
//! Everything that the manifest says about the bytes is computed anew from the file: size, digest, checksums of the parts,
//! lines, and what the rows hold. The file may be packed or not, whatever it was when it was written, since a manifest
//! describes the bytes before compression. What is found is a list of differences in a fixed order: what cannot be
//! unpacked, sizes, parts, the digest, lines that are not rows, counts. Memory holds one line without the frames of its videos, one frame and the counts.
//!
//! A manifest is no signature: who can change a file can change its manifest too.

mod count;
mod difference;
mod measure;
mod package;

pub use difference::{Difference, Verdict};
pub use package::{verify_archive, verify_package};

use crate::import::unpack::{self, Position};
use crate::manifest::{Delta, Manifest};
pub(crate) use count::Counter;
use labelport_formats::write::{Format as _, Ndjson};
use labelport_model::row::ROW_LIMIT_BYTES;
use measure::Measure;
use std::io::{self, Read};

/// Why a result cannot be held against a manifest. Neither of them is known to be wrong.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The file cannot be read.
    #[error("it cannot be read ({0})")]
    Read(io::Error),
    /// The manifest is about another format.
    #[error(
        "its manifest is about the format {0:?}, whose rows cannot be counted; ndjson and packages can be verified"
    )]
    Format(String),
    /// The manifest cannot be true of any file.
    #[error("its manifest contradicts itself: its parts have {parts} bytes together, and it says {bytes} bytes")]
    Contradiction {
        /// The bytes of all parts.
        parts: u64,
        /// The bytes of the result.
        bytes: u64,
    },
}

/// Holds a result against its manifest. `progress` gets the number of bytes of the file that are read, before unpacking.
pub fn verify(
    result: Box<dyn Read + Send>,
    manifest: &Manifest,
    progress: &mut dyn FnMut(u64),
) -> Result<Verdict, VerifyError> {
    verify_lines(result, manifest, ROW_LIMIT_BYTES, progress)
}

fn verify_lines(
    result: Box<dyn Read + Send>,
    manifest: &Manifest,
    line_limit_bytes: usize,
    progress: &mut dyn FnMut(u64),
) -> Result<Verdict, VerifyError> {
    check_manifest(manifest)?;
    let position = Position::default();
    let mut measure = Measure::new(&manifest.digest.parts);
    let mut counter = Counter::new(line_limit_bytes);
    let read = read_all(result, &position, &mut |bytes| {
        measure.add(bytes);
        counter.add(bytes);
        progress(position.get());
    });
    let unpacking = match read {
        Err(error) if position.is_broken() => return Err(VerifyError::Read(error)),
        Err(error) => Some(error.to_string()),
        Ok(()) => None,
    };
    let measured = measure.finish();
    let counted = counter.finish();
    Ok(difference::compare(manifest, measured, counted, unpacking))
}

/// Holds the changes that lie next to a delta against its manifest.
pub fn verify_changes(changes: Box<dyn Read + Send>, delta: &Delta) -> Result<Vec<Difference>, VerifyError> {
    let position = Position::default();
    let mut measure = Measure::new(&[]);
    let read = read_all(changes, &position, &mut |bytes| measure.add(bytes));
    let unpacking = match read {
        Err(error) if position.is_broken() => return Err(VerifyError::Read(error)),
        Err(error) => Some(error.to_string()),
        Ok(()) => None,
    };
    Ok(difference::compare_changes(delta, measure.finish(), unpacking))
}

fn check_manifest(manifest: &Manifest) -> Result<(), VerifyError> {
    if manifest.format != Ndjson.name() {
        return Err(VerifyError::Format(manifest.format.clone()));
    }
    let parts = manifest.digest.parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.bytes));
    let bytes = manifest.digest.bytes;
    if parts == bytes { Ok(()) } else { Err(VerifyError::Contradiction { parts, bytes }) }
}

/// Hands everything to `each`, piece by piece.
fn read_all(result: Box<dyn Read + Send>, position: &Position, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut input = unpack::unpacked(result, position.clone())?;
    let mut buffer = vec![0; unpack::BUFFER_BYTES];
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => each(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
