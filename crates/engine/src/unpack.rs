//! Bytes as they were before compression, whatever the name of the file says.
//!
//! What is packed is told by its first bytes: gzip members, zstd frames, or nothing of the sort. Any number of members or
//! frames follow each other, as an export writes them.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How much is read at once.
pub(crate) const BUFFER_BYTES: usize = 256 << 10;

/// How many bytes were read so far, before unpacking.
#[derive(Debug, Clone, Default)]
pub struct Position(Arc<Progress>);

#[derive(Debug, Default)]
struct Progress {
    bytes: AtomicU64,
    is_broken: AtomicBool,
}

impl Position {
    /// Returns the number of bytes.
    pub fn get(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// Tells whether an error came from the input itself, and not from what was packed wrongly in it.
    pub(crate) fn is_broken(&self) -> bool {
        self.0.is_broken.load(Ordering::Relaxed)
    }
}

struct Counting<R> {
    inner: R,
    position: Position,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let outcome = self.inner.read(buffer);
        let progress = &self.position.0;
        match &outcome {
            Ok(count) => {
                progress.bytes.fetch_add(*count as u64, Ordering::Relaxed);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => progress.is_broken.store(true, Ordering::Relaxed),
        }
        outcome
    }
}

/// Unpacks what is read from `input`, and counts what is read.
pub(crate) fn unpacked(input: Box<dyn Read + Send>, position: Position) -> io::Result<Box<dyn Read + Send>> {
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, Counting { inner: input, position: position.clone() });
    let start = raw.fill_buf()?;
    if start.starts_with(b"\x1f\x8b") {
        let inner = flate2::bufread::MultiGzDecoder::new(raw);
        return Ok(Box::new(Explained { inner, position }));
    }
    if start.starts_with(b"\x28\xb5\x2f\xfd") {
        let inner = zstd::Decoder::with_buffer(raw)?;
        return Ok(Box::new(Explained { inner, position }));
    }
    Ok(Box::new(raw))
}

/// Says in plain words what is wrong with packed data.
struct Explained<R> {
    inner: R,
    position: Position,
}

impl<R: Read> Read for Explained<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| match error.kind() {
            _ if self.position.is_broken() => error,
            io::ErrorKind::Interrupted => error,
            io::ErrorKind::UnexpectedEof => io::Error::new(error.kind(), "the packed data is cut off"),
            kind => io::Error::new(kind, format!("the packed data is damaged: {error}")),
        })
    }
}
