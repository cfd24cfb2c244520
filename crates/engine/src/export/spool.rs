//! Encoded rows that wait until it is known that they may be written.
//!
//! What an export would lose is known once all rows were encoded, and only then may the first byte be written. So what is
//! encoded to find out is kept in a file that has no name, and written from there; no row is encoded twice, unless what was
//! found changes what is encoded. The file takes as much disk as the result before it is packed.
//!
//! What continues a file that other rows are still written to waits in the same way.

use super::chunk::Chunk;
use super::chunk_stream::{ChunkReader, ChunkWriter, Form};
use crate::storage::files::Files;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Cursor, Read, Seek, Write};

/// How much is written and read at once.
const BUFFER_BYTES: usize = 1 << 18;

/// Where chunks are kept.
pub(super) trait Scratch: Read + Write + Seek + Send {}

impl Scratch for File {}

impl Scratch for Cursor<Vec<u8>> {}

/// Chunks being kept.
pub(super) struct Spool(ChunkWriter<BufWriter<Box<dyn Scratch>>>);

/// Chunks that were kept, in their order.
pub(super) type Spooled = ChunkReader<BufReader<Box<dyn Scratch>>>;

impl Spool {
    /// Takes an empty place for the chunks.
    pub(super) fn new(scratch: impl Scratch + 'static) -> Self {
        Self(ChunkWriter::new(BufWriter::with_capacity(BUFFER_BYTES, Box::new(scratch)), Form::Plain))
    }

    /// Keeps chunks in a file, or in memory where none can be made: without a workspace, or in one that cannot be written.
    pub(super) fn anywhere(files: Option<&Files>) -> Self {
        match files.map(Files::scratch) {
            Some(Ok(file)) => Self::new(file),
            None | Some(Err(_)) => Self::new(Cursor::default()),
        }
    }

    /// Keeps a chunk, but for its losses.
    pub(super) fn add(&mut self, chunk: &Chunk) -> io::Result<()> {
        self.0.add(chunk)
    }

    /// Returns what was kept.
    pub(super) fn finish(self) -> io::Result<Spooled> {
        let mut scratch = self.0.into_inner().into_inner().map_err(io::IntoInnerError::into_error)?;
        scratch.rewind()?;
        Ok(ChunkReader::new(BufReader::with_capacity(BUFFER_BYTES, scratch), Form::Plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::chunk::Spare;

    #[test]
    fn what_was_kept_is_read_from_its_beginning() {
        for scratch in [Spool::new(tempfile::tempfile().unwrap()), Spool::anywhere(None)] {
            let mut spool = scratch;
            (1..=3).for_each(|part| spool.add(&Chunk { part, ..Chunk::default() }).unwrap());
            let (mut spooled, spare) = (spool.finish().unwrap(), Spare::default());
            let parts = std::iter::from_fn(|| spooled.next_chunk(&spare).unwrap()).map(|chunk| chunk.part);
            assert_eq!(parts.collect::<Vec<_>>(), [1, 2, 3]);
        }
    }
}
