//! Encoded rows that wait until it is known that they may be written.
//!
//! What an export would lose is known once all rows were encoded, and only then may the first byte be written. So what is
//! encoded to find out is kept in a file that has no name, and written from there; no row is encoded twice, unless what was
//! found changes what is encoded. The file takes as much disk as the result before it is packed.
//!
//! What continues a file that other rows are still written to waits in the same way.

use super::chunk::{Chunk, Content, Piece, Spare, WholeFile};
use crate::storage::files::Files;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Cursor, Read, Seek, Write};

/// Where chunks are kept.
pub(super) trait Scratch: Read + Write + Seek + Send {}

impl Scratch for File {}

impl Scratch for Cursor<Vec<u8>> {}

/// Chunks being kept.
pub(super) struct Spool(BufWriter<Box<dyn Scratch>>);

/// Chunks that were kept, in their order.
pub(super) struct Spooled(BufReader<Box<dyn Scratch>>);

impl Spool {
    /// Takes an empty place for the chunks.
    pub(super) fn new(scratch: impl Scratch + 'static) -> Self {
        Self(BufWriter::with_capacity(1 << 18, Box::new(scratch)))
    }

    /// Keeps chunks in a file, or in memory where none can be made: without a workspace, or in one that cannot be written.
    pub(super) fn anywhere(files: Option<&Files>) -> Self {
        match files.map(Files::scratch) {
            Some(Ok(file)) => Self::new(file),
            None | Some(Err(_)) => Self::new(Cursor::default()),
        }
    }

    /// Keeps a chunk, but for its losses and notices.
    pub(super) fn add(&mut self, chunk: &Chunk) -> io::Result<()> {
        self.number(chunk.rows)?;
        self.number(chunk.part)?;
        self.number(chunk.streams.len() as u64)?;
        for piece in &chunk.streams {
            self.number(piece.lines)?;
            self.bytes(&piece.bytes)?;
        }
        self.number(chunk.files.len() as u64)?;
        for file in &chunk.files {
            self.bytes(file.path.as_bytes())?;
            match &file.content {
                Content::Bytes(bytes) => self.bytes(bytes)?,
                Content::Asset(_) => return Err(io::Error::other("assets are not kept")),
            }
        }
        Ok(())
    }

    fn number(&mut self, number: u64) -> io::Result<()> {
        self.0.write_all(&number.to_le_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.number(bytes.len() as u64)?;
        self.0.write_all(bytes)
    }

    /// Returns what was kept.
    pub(super) fn finish(self) -> io::Result<Spooled> {
        let mut file = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Spooled(BufReader::with_capacity(1 << 18, file)))
    }
}

impl Spooled {
    /// Returns the next chunk, in buffers that were used before; nothing after the last.
    pub(super) fn next_chunk(&mut self, spare: &Spare) -> io::Result<Option<Chunk>> {
        let mut first = [0; 8];
        match self.0.read_exact(&mut first) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let (rows, part) = (u64::from_le_bytes(first), self.number()?);
        let mut streams = Vec::new();
        for _ in 0..self.number()? {
            let lines = self.number()?;
            let size = self.number()?;
            // What is empty needs no buffer.
            let mut bytes = (size > 0).then(|| spare.take()).flatten().unwrap_or_default().bytes;
            bytes.clear();
            self.bytes_into(size, &mut bytes)?;
            streams.push(Piece { bytes, packed: Vec::new(), lines });
        }
        let mut files = Vec::new();
        for _ in 0..self.number()? {
            let path = String::from_utf8(self.bytes()?).map_err(io::Error::other)?;
            files.push(WholeFile { path, content: Content::Bytes(self.bytes()?) });
        }
        Ok(Some(Chunk { streams, files, losses: Default::default(), rows, notices: Vec::new(), part }))
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.0.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let (size, mut bytes) = (self.number()?, Vec::new());
        self.bytes_into(size, &mut bytes)?;
        Ok(bytes)
    }

    fn bytes_into(&mut self, size: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.reserve_exact(size as usize);
        (&mut self.0).take(size).read_to_end(bytes)?;
        if bytes.len() as u64 == size { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(part: u64, bytes: &[&[u8]], files: &[(&str, &[u8])]) -> Chunk {
        let piece = |bytes: &&[u8]| Piece { bytes: bytes.to_vec(), packed: Vec::new(), lines: part };
        let file = |(path, bytes): &(&str, &[u8])| WholeFile {
            path: (*path).to_owned(),
            content: Content::Bytes(bytes.to_vec()),
        };
        Chunk {
            streams: bytes.iter().map(piece).collect(),
            files: files.iter().map(file).collect(),
            losses: Default::default(),
            rows: 3,
            notices: Vec::new(),
            part,
        }
    }

    #[test]
    fn chunks_come_back_as_they_were_kept() {
        let large = vec![7; 1 << 20];
        let mut spool = Spool::new(tempfile::tempfile().unwrap());
        spool.add(&chunk(1, &[b"a", b""], &[("x/1.txt", b"one"), ("y", b"")])).unwrap();
        spool.add(&chunk(2, &[&large, b"b"], &[])).unwrap();
        let mut spooled = spool.finish().unwrap();
        let spare = Spare::default();
        let first = spooled.next_chunk(&spare).unwrap().unwrap();
        assert_eq!((first.rows, first.part, first.streams[0].lines), (3, 1, 1));
        assert_eq!((first.streams[0].bytes.as_slice(), first.files[0].path.as_str()), (&b"a"[..], "x/1.txt"));
        assert!(matches!(&first.files[0].content, Content::Bytes(bytes) if bytes == b"one"));
        spare.recycle(first);
        let second = spooled.next_chunk(&spare).unwrap().unwrap();
        assert!(second.streams[0].bytes == large && second.files.is_empty());
        assert!(spooled.next_chunk(&spare).unwrap().is_none());
    }
}
