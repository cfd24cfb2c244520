//! Chunks as bytes: kept in a file or an object, and read again in their order.
//!
//! Numbers have eight bytes each, texts and bytes begin with their length. A chunk is the count of its rows, its part, its
//! streams, its files and its notices; losses are kept by those who keep chunks. A chunk with [`END`] for rows is none: what
//! was counted follows. Nothing here is read by another version than the one that wrote it.

use super::chunk::{Chunk, Content, Piece, Spare, WholeFile};
use super::count::Counts;
use super::rewrite::Notice;
use std::io::{self, Read, Write};

/// What stands in place of the rows of a chunk after the last one.
const END: u64 = u64::MAX;

/// How the bytes of streams are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are, for what is packed later.
    Plain,
    /// As zstd frames.
    Packed,
}

/// Writes chunks.
pub(super) struct ChunkWriter<W> {
    out: W,
    form: Form,
}

/// Reads chunks.
pub(super) struct ChunkReader<R> {
    from: R,
    form: Form,
    unpacker: Option<zstd::bulk::Decompressor<'static>>,
    counts: Option<Counts>,
}

impl<W: Write> ChunkWriter<W> {
    /// Takes an empty place for the chunks.
    pub(super) fn new(out: W, form: Form) -> Self {
        Self { out, form }
    }

    /// Keeps a chunk, but for its losses.
    pub(super) fn add(&mut self, chunk: &Chunk) -> io::Result<()> {
        self.number(chunk.rows)?;
        self.number(chunk.part)?;
        self.number(chunk.streams.len() as u64)?;
        for piece in &chunk.streams {
            self.number(piece.lines)?;
            if self.form == Form::Packed {
                self.number(piece.bytes.len() as u64)?;
                self.bytes(&piece.packed)?;
            } else {
                self.bytes(&piece.bytes)?;
            }
        }
        self.number(chunk.files.len() as u64)?;
        for file in &chunk.files {
            self.bytes(file.path.as_bytes())?;
            match &file.content {
                Content::Bytes(bytes) => self.bytes(bytes)?,
                Content::Asset(_) => return Err(io::Error::other("assets are not kept")),
            }
        }
        self.number(chunk.notices.len() as u64)?;
        for notice in &chunk.notices {
            self.number(notice.row_key.cast_unsigned())?;
            self.bytes(notice.message.as_bytes())?;
        }
        Ok(())
    }

    /// Notes what was counted, after the last chunk.
    pub(super) fn end(&mut self, counts: &Counts) -> io::Result<()> {
        self.number(END)?;
        self.bytes(&serde_json::to_vec(counts)?)
    }

    /// Returns the place.
    pub(super) fn into_inner(self) -> W {
        self.out
    }

    fn number(&mut self, number: u64) -> io::Result<()> {
        self.out.write_all(&number.to_le_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.number(bytes.len() as u64)?;
        self.out.write_all(bytes)
    }
}

impl<R: Read> ChunkReader<R> {
    /// Takes what was kept.
    pub(super) fn new(from: R, form: Form) -> Self {
        Self { from, form, unpacker: None, counts: None }
    }

    /// Returns the next chunk, in buffers that were used before; nothing after the last.
    pub(super) fn next_chunk(&mut self, spare: &Spare) -> io::Result<Option<Chunk>> {
        let mut first = [0; 8];
        match self.from.read_exact(&mut first) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let rows = u64::from_le_bytes(first);
        if rows == END {
            self.counts = Some(serde_json::from_slice(&self.bytes()?)?);
            return Ok(None);
        }
        let part = self.number()?;
        let mut streams = Vec::new();
        for _ in 0..self.number()? {
            streams.push(self.piece(spare)?);
        }
        let mut files = Vec::new();
        for _ in 0..self.number()? {
            files.push(WholeFile { path: self.text()?, content: Content::Bytes(self.bytes()?) });
        }
        let mut notices = Vec::new();
        for _ in 0..self.number()? {
            notices.push(Notice { row_key: self.number()?.cast_signed(), message: self.text()? });
        }
        Ok(Some(Chunk { streams, files, losses: Default::default(), rows, notices, part }))
    }

    /// Returns what was counted, after the last chunk; none where the end is missing.
    pub(super) fn take_counts(&mut self) -> Option<Counts> {
        self.counts.take()
    }

    fn piece(&mut self, spare: &Spare) -> io::Result<Piece> {
        let lines = self.number()?;
        let size = self.number()?;
        // What is empty needs no buffer.
        let Piece { mut bytes, mut packed, .. } = (size > 0).then(|| spare.take()).flatten().unwrap_or_default();
        bytes.clear();
        packed.clear();
        if self.form == Form::Plain {
            self.bytes_into(size, &mut bytes)?;
            return Ok(Piece { bytes, packed: Vec::new(), lines });
        }
        let packed_size = self.number()?;
        self.bytes_into(packed_size, &mut packed)?;
        if size > 0 {
            let unpacker = match &mut self.unpacker {
                Some(unpacker) => unpacker,
                None => self.unpacker.insert(zstd::bulk::Decompressor::new()?),
            };
            bytes.reserve_exact(size as usize);
            unpacker.decompress_to_buffer(&packed, &mut bytes)?;
        }
        if bytes.len() as u64 == size {
            Ok(Piece { bytes, packed, lines })
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.from.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn text(&mut self) -> io::Result<String> {
        String::from_utf8(self.bytes()?).map_err(io::Error::other)
    }

    fn bytes(&mut self) -> io::Result<Vec<u8>> {
        let (size, mut bytes) = (self.number()?, Vec::new());
        self.bytes_into(size, &mut bytes)?;
        Ok(bytes)
    }

    fn bytes_into(&mut self, size: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
        bytes.reserve_exact(size as usize);
        (&mut self.from).take(size).read_to_end(bytes)?;
        if bytes.len() as u64 == size { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::Packing;

    fn chunk(part: u64, bytes: &[&[u8]], files: &[(&str, &[u8])]) -> Chunk {
        let piece = |bytes: &&[u8]| {
            let mut packed = Vec::new();
            if !bytes.is_empty() {
                Packing::Zstd.packer().unwrap().pack(bytes, &mut packed).unwrap();
            }
            Piece { bytes: bytes.to_vec(), packed, lines: part }
        };
        let file = |(path, bytes): &(&str, &[u8])| WholeFile {
            path: (*path).to_owned(),
            content: Content::Bytes(bytes.to_vec()),
        };
        Chunk {
            streams: bytes.iter().map(piece).collect(),
            files: files.iter().map(file).collect(),
            losses: Default::default(),
            rows: 3,
            notices: vec![Notice { row_key: -2, message: "large".to_owned() }],
            part,
        }
    }

    fn keep(form: Form, counts: &Counts) -> Vec<u8> {
        let large = vec![7; 1 << 20];
        let mut writer = ChunkWriter::new(Vec::new(), form);
        writer.add(&chunk(1, &[b"a", b""], &[("x/1.txt", b"one"), ("y", b"")])).unwrap();
        writer.add(&chunk(2, &[&large, b"b"], &[])).unwrap();
        writer.end(counts).unwrap();
        writer.into_inner()
    }

    #[test]
    fn chunks_come_back_as_they_were_kept() {
        let mut counts = Counts::default();
        (counts.rows, counts.labels) = (7, 5);
        counts.add_annotations(3, 9);
        counts.miss(super::super::count::Unknown::LabelDetails);
        for form in [Form::Plain, Form::Packed] {
            let kept = keep(form, &counts);
            let mut reader = ChunkReader::new(&kept[..], form);
            let spare = Spare::default();
            let first = reader.next_chunk(&spare).unwrap().unwrap();
            assert_eq!((first.rows, first.part, first.streams[0].lines), (3, 1, 1));
            assert_eq!((first.streams[0].bytes.as_slice(), first.files[0].path.as_str()), (&b"a"[..], "x/1.txt"));
            assert!(matches!(&first.files[0].content, Content::Bytes(bytes) if bytes == b"one"));
            assert_eq!(first.notices, [Notice { row_key: -2, message: "large".to_owned() }]);
            spare.recycle(first);
            let second = reader.next_chunk(&spare).unwrap().unwrap();
            assert!(second.streams[0].bytes == vec![7; 1 << 20] && second.files.is_empty());
            assert!(reader.next_chunk(&spare).unwrap().is_none());
            let counted = reader.take_counts().unwrap();
            assert_eq!(format!("{counted:?}"), format!("{counts:?}"));
        }
    }

    #[test]
    fn what_is_cut_short_is_not_taken_for_whole() {
        let kept = keep(Form::Packed, &Counts::default());
        for length in 0..kept.len() {
            let mut reader = ChunkReader::new(&kept[..length], Form::Packed);
            let spare = Spare::default();
            while let Ok(Some(chunk)) = reader.next_chunk(&spare) {
                spare.recycle(chunk);
            }
            assert!(reader.take_counts().is_none(), "{length} of {} bytes", kept.len());
        }
    }
}
