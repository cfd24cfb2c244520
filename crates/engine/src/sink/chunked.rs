//! A file of lines that are no result: it appears whole, compressed as its name says, and has no manifest.

use super::{Destination, Entry, Extent, FileError, FileSink, Packer, Packing, Sink as _};
use std::io;

/// How much is gathered before it is packed and written.
const CHUNK_BYTES: usize = 256 << 10;

/// A file that gets its bytes in chunks, each packed.
pub(crate) struct Chunked {
    sink: FileSink,
    packer: Packer,
    chunk: Vec<u8>,
    packed: Vec<u8>,
}

impl Chunked {
    /// Starts to write a file.
    pub(crate) fn create(destination: Destination, packing: Packing) -> Result<Self, FileError> {
        let path = destination.path().to_owned();
        let packer = packing.packer().map_err(|source| FileError::Io { path, source })?;
        let sink = FileSink::create(destination, packing)?;
        Ok(Self { sink, packer, chunk: Vec::new(), packed: Vec::new() })
    }

    /// Says that the file could not be written.
    pub(crate) fn failure(&self, source: io::Error) -> FileError {
        FileError::Io { path: self.sink.path().to_owned(), source }
    }

    /// Adds bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.chunk.extend_from_slice(bytes);
        if self.chunk.len() >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.packer.pack(&self.chunk, &mut self.packed)?;
        let is_plain = matches!(self.packer, Packer::Plain);
        let bytes = if is_plain { &self.chunk } else { &self.packed };
        self.sink.write(&Entry::of_stream(bytes, Extent::default()))?;
        self.chunk.clear();
        Ok(())
    }

    /// Gives the file its name. It has no manifest.
    pub(crate) fn finish(mut self) -> Result<(), FileError> {
        self.flush().map_err(|source| self.failure(source))?;
        self.sink.finish_alone()
    }
}
