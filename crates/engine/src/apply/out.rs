//! Rows on their way to a sink, in chunks that are whole rows or a piece of one.

use crate::manifest::{Digest, Digested};
use crate::sink::{Entry, Extent, Packer, Packing, Sink};
use labelport_formats::write::{Format as _, Ndjson};
use std::io;

/// A chunk is handed on as soon as it has this many bytes.
const CHUNK_BYTES: usize = 512 << 10;

/// Takes rows piece by piece.
pub(super) struct Out<'s> {
    sink: &'s mut dyn Sink,
    packing: Packing,
    packer: Packer,
    bytes: Vec<u8>,
    /// How many lines are whole, and where the last of them ends.
    lines: u64,
    whole: usize,
    packed: Vec<u8>,
    digest: Digest,
}

impl<'s> Out<'s> {
    pub(super) fn start(sink: &'s mut dyn Sink) -> io::Result<Self> {
        sink.start(Ndjson.layout(), &[String::new()])?;
        let packing = sink.packing();
        let packer = packing.packer()?;
        let (bytes, packed) = (Vec::with_capacity(2 * CHUNK_BYTES), Vec::new());
        Ok(Self { sink, packing, packer, bytes, lines: 0, whole: 0, packed, digest: Digest::default() })
    }

    /// Takes a piece of a line, or all of it.
    pub(super) fn add(&mut self, piece: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(piece);
        if piece.ends_with(b"\n") {
            (self.lines, self.whole) = (self.lines + 1, self.bytes.len());
        }
        if self.bytes.len() < CHUNK_BYTES {
            return Ok(());
        }
        if self.whole > 0 {
            let rest = self.bytes.split_off(self.whole);
            self.hand_on()?;
            self.bytes = rest;
        }
        if self.bytes.len() >= CHUNK_BYTES { self.hand_on() } else { Ok(()) }
    }

    /// Hands on the last rows and returns the digest of all.
    pub(super) fn finish(mut self) -> io::Result<Digested> {
        // A compressed file without any frame is not one.
        if !self.bytes.is_empty() || (self.digest.rows() == 0 && self.packing != Packing::Plain) {
            self.hand_on()?;
        }
        Ok(self.digest.finish())
    }

    fn hand_on(&mut self) -> io::Result<()> {
        let lines = std::mem::take(&mut self.lines);
        self.whole = 0;
        self.packer.pack(&self.bytes, &mut self.packed)?;
        let packed = if self.packing == Packing::Plain { &self.bytes } else { &self.packed };
        let extent = Extent { bytes: self.bytes.len() as u64, lines };
        self.sink.write(&Entry::of_stream(packed, extent))?;
        self.digest.add(&self.bytes, lines);
        self.bytes.clear();
        Ok(())
    }
}
