//! Reading a stored result.

use super::index::{FileRange, Frame, Frames, Index, Stream};
use super::{INDEX_FILE, MANIFEST_FILE};
use crate::sink::Extent;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

/// A result that exists.
#[derive(Debug)]
pub struct Stored {
    folder: PathBuf,
    rows: Frames,
    errors: Frames,
    changes: Frames,
    sha256: String,
}

/// Takes the bytes of a range piece by piece; an error ends the reading.
pub type Streamed<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

impl Stored {
    pub(super) fn open(folder: PathBuf) -> io::Result<Option<Self>> {
        if !folder.join(MANIFEST_FILE).exists() {
            return Ok(None);
        }
        let index: Index = serde_json::from_slice(&std::fs::read(folder.join(INDEX_FILE))?)?;
        Ok(Some(Self {
            folder,
            rows: Frames::new(index.rows),
            errors: Frames::new(index.errors),
            changes: Frames::new(index.changes),
            sha256: index.sha256,
        }))
    }

    /// Returns the SHA-256 of the rows, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Returns the manifest of the export, as JSON.
    pub fn manifest(&self) -> io::Result<String> {
        std::fs::read_to_string(self.folder.join(MANIFEST_FILE))
    }

    /// Returns the size of a stream; none for an empty one.
    pub fn extent(&self, stream: Stream) -> Option<Extent> {
        self.frames(stream).extent()
    }

    /// Finds a file by its number.
    pub fn file(&self, stream: Stream, number: u64) -> Option<FileRange> {
        self.frames(stream).file(number)
    }

    /// Finds the file that holds a byte.
    pub fn file_at_offset(&self, stream: Stream, offset: u64) -> Option<FileRange> {
        self.frames(stream).file_at_offset(offset)
    }

    /// Finds the file that holds a line.
    pub fn file_at_line(&self, stream: Stream, line: u64) -> Option<FileRange> {
        self.frames(stream).file_at_line(line)
    }

    /// Reads the bytes of a range, both ends included, as far as there are any.
    pub fn read(&self, stream: Stream, from: u64, to: u64, each: &mut Streamed<'_>) -> io::Result<()> {
        let Frames { frames, offsets, .. } = self.frames(stream);
        let first = offsets.partition_point(|offset| *offset <= from).saturating_sub(1);
        let mut part: Option<(u32, File)> = None;
        for (frame, offset) in frames.iter().zip(offsets).skip(first) {
            if *offset > to {
                break;
            }
            let file = match part.take() {
                Some((number, file)) if number == frame.part => file,
                _ => File::open(self.folder.join(part_name(frame.part)))?,
            };
            let bytes = unpack(&file, frame)?;
            part = Some((frame.part, file));
            let start = usize::try_from(from.saturating_sub(*offset)).unwrap_or(usize::MAX).min(bytes.len());
            let end = usize::try_from((to - *offset).saturating_add(1)).unwrap_or(usize::MAX).min(bytes.len());
            if start < end {
                each(&bytes[start..end])?;
            }
        }
        Ok(())
    }

    /// Returns the last byte of the frame that holds a byte: reading on after it reads no frame twice.
    pub fn frame_end(&self, stream: Stream, at: u64) -> u64 {
        let Frames { frames, offsets, .. } = self.frames(stream);
        let index = offsets.partition_point(|offset| *offset <= at).saturating_sub(1);
        match (frames.get(index), offsets.get(index)) {
            (Some(frame), Some(offset)) => (offset + frame.bytes).saturating_sub(1),
            _ => at,
        }
    }

    fn frames(&self, stream: Stream) -> &Frames {
        match stream {
            Stream::Rows => &self.rows,
            Stream::Errors => &self.errors,
            Stream::Changes => &self.changes,
        }
    }
}

/// Reads a stream of a result, a frame at a time.
pub struct StoredReader {
    stored: Arc<Stored>,
    stream: Stream,
    /// Where reading goes on when nothing is held any more.
    next: u64,
    /// What is unpacked and not read.
    held: io::Cursor<Vec<u8>>,
}

impl StoredReader {
    /// Begins to read.
    pub fn new(stored: impl Into<Arc<Stored>>, stream: Stream) -> Self {
        Self { stored: stored.into(), stream, next: 0, held: io::Cursor::default() }
    }

    /// Returns the offset of the next byte.
    fn offset(&self) -> u64 {
        self.next - (self.held.get_ref().len() as u64 - self.held.position())
    }
}

impl Seek for StoredReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let length = self.stored.extent(self.stream).map_or(0, |extent| extent.bytes);
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(distance) => length.checked_add_signed(distance),
            SeekFrom::Current(distance) => self.offset().checked_add_signed(distance),
        };
        let before_start = || io::Error::new(io::ErrorKind::InvalidInput, "there is nothing before the first byte");
        let target = target.ok_or_else(before_start)?;
        let held_from = self.next - self.held.get_ref().len() as u64;
        match target.checked_sub(held_from).filter(|_| target <= self.next) {
            // Readers of archives go back and forth within a few bytes.
            Some(position) => self.held.set_position(position),
            None => {
                self.next = target;
                self.held = io::Cursor::default();
            }
        }
        Ok(target)
    }
}

impl Read for StoredReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.held.read(out)?;
        let length = self.stored.extent(self.stream).map_or(0, |extent| extent.bytes);
        if count > 0 || out.is_empty() || self.next >= length {
            return Ok(count);
        }
        let end = self.stored.frame_end(self.stream, self.next);
        let mut bytes = Vec::new();
        self.stored.read(self.stream, self.next, end, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        self.next = end + 1;
        self.held = io::Cursor::new(bytes);
        self.held.read(out)
    }
}

/// Returns the name of a part.
pub(super) fn part_name(number: u32) -> String {
    format!("part-{number:05}.ndjson.zst")
}

fn unpack(mut file: &File, frame: &Frame) -> io::Result<Vec<u8>> {
    let size = |bytes: u64| usize::try_from(bytes).map_err(io::Error::other);
    file.seek(SeekFrom::Start(frame.at))?;
    let mut packed = Vec::with_capacity(size(frame.packed)?);
    file.take(frame.packed).read_to_end(&mut packed)?;
    let bytes = zstd::bulk::decompress(&packed, size(frame.bytes)?)?;
    if bytes.len() as u64 != frame.bytes {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a part of the result is not as it was written"));
    }
    Ok(bytes)
}
