//! Where the bytes of an export go.
//!
//! A sink takes chunks in order and knows nothing of rows. Packing happens before, on the threads that assembled the chunk:
//! each chunk is a frame of its own, and concatenated frames are a valid file of their format. Chunk borders do not depend
//! on the number of threads, so packed files do not either.

mod destination;
mod file;
mod packing;

pub use crate::disk::pending::remove_all as remove_pending;
pub use destination::{Destination, DestinationError, Existing, Rules, refuse_inside};
pub use file::{FileError, FileSink, manifest_path, result_path};
pub(crate) use packing::Packer;
pub use packing::{EndingError, Packing};

use std::io::{self, Write};

/// Takes the chunks of an export.
pub trait Sink {
    /// Returns how chunks are packed before they come.
    fn packing(&self) -> Packing;
    /// Returns what messages call it.
    fn name(&self) -> String;
    /// Returns whether a write takes about as long as the digest of the same bytes, so that it is worth a thread to do both
    /// at once. Where a write is short, the digest brings the bytes nearer to it, and both on one thread are faster.
    fn writes_slowly(&self) -> bool {
        false
    }
    /// Takes the next chunk, packed, with what it holds.
    fn write(&mut self, chunk: &[u8], extent: Extent) -> io::Result<()>;
}

/// How much a chunk holds before it is packed. Chunks hold whole lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
}

/// Takes chunks and keeps nothing: for counting.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

impl Sink for Nowhere {
    fn packing(&self) -> Packing {
        Packing::Plain
    }

    fn name(&self) -> String {
        "nothing".to_owned()
    }

    fn write(&mut self, _: &[u8], _: Extent) -> io::Result<()> {
        Ok(())
    }
}

/// Hands chunks to a stream, such as standard output or a device.
pub struct Stream<W> {
    /// Where they go.
    pub out: W,
    /// What messages call it.
    pub name: String,
}

impl<W: Write> Sink for Stream<W> {
    fn packing(&self) -> Packing {
        Packing::Plain
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn write(&mut self, chunk: &[u8], _: Extent) -> io::Result<()> {
        self.out.write_all(chunk)
    }
}
