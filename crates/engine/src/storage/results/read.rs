//! Reading a stored result.

use super::index::{FileRange, Frame, Frames, Index, Stream, part_name};
use super::{INDEX_FILE, MANIFEST_FILE};
use crate::sink::Extent;
use crate::storage::{Ranges, Storage};
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

/// A result that exists.
#[derive(Debug)]
pub struct Stored {
    storage: Arc<dyn Storage>,
    folder: String,
    attempt: Option<String>,
    rows: Frames,
    errors: Frames,
    changes: Frames,
    sha256: String,
}

/// Takes the bytes of a range piece by piece; an error ends the reading.
pub type Streamed<'a> = dyn FnMut(&[u8]) -> io::Result<()> + 'a;

impl Stored {
    pub(super) fn open(storage: Arc<dyn Storage>, folder: String) -> io::Result<Option<Self>> {
        if storage.find(&format!("{folder}/{MANIFEST_FILE}"))?.is_none() {
            return Ok(None);
        }
        let index: Index = serde_json::from_slice(&read_whole(&*storage, &format!("{folder}/{INDEX_FILE}"))?)?;
        Ok(Some(Self {
            storage,
            folder,
            attempt: index.attempt,
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
        let text = read_whole(&*self.storage, &format!("{}/{MANIFEST_FILE}", self.folder))?;
        String::from_utf8(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
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
        self.read_on(&mut OpenPart::default(), (stream, from, to), 0, each)
    }

    /// Reads the bytes of a range, as [`read`](Self::read) does, in a part that may be open. `ahead` is how many bytes of the
    /// part are read next.
    fn read_on(
        &self,
        open: &mut OpenPart,
        (stream, from, to): (Stream, u64, u64),
        ahead: u64,
        each: &mut Streamed<'_>,
    ) -> io::Result<()> {
        let Frames { frames, offsets, .. } = self.frames(stream);
        let first = offsets.partition_point(|offset| *offset <= from).saturating_sub(1);
        let end = offsets.partition_point(|offset| *offset <= to);
        for (index, (frame, offset)) in frames.iter().zip(offsets).enumerate().take(end).skip(first) {
            // Frames lie one after the other, so what is left of the range in this part is one range, too.
            let rest = frames[index + 1..end].iter().take_while(|next| next.part == frame.part);
            let ahead = ahead + rest.map(|next| next.packed).sum::<u64>();
            let bytes = self.unpack(open, frame, ahead)?;
            let start = usize::try_from(from.saturating_sub(*offset)).unwrap_or(usize::MAX).min(bytes.len());
            let end = usize::try_from((to - *offset).saturating_add(1)).unwrap_or(usize::MAX).min(bytes.len());
            if start < end {
                each(&bytes[start..end])?;
            }
        }
        Ok(())
    }

    fn unpack(&self, open: &mut OpenPart, frame: &Frame, ahead: u64) -> io::Result<Vec<u8>> {
        let size = |bytes: u64| usize::try_from(bytes).map_err(io::Error::other);
        let mut part = match open.0.take() {
            Some((number, part)) if number == frame.part => part,
            _ => {
                let name = part_name(self.attempt.as_deref(), frame.part);
                self.storage.open(&format!("{}/{name}", self.folder))?
            }
        };
        let packed = part.read_at(frame.at, size(frame.packed)?, ahead)?;
        open.0 = Some((frame.part, part));
        let bytes = zstd::bulk::decompress(&packed, size(frame.bytes)?)?;
        if bytes.len() as u64 != frame.bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a part of the result is not as it was written"));
        }
        Ok(bytes)
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

/// The part that was read last, with its number.
#[derive(Default)]
struct OpenPart(Option<(u32, Box<dyn Ranges>)>);

/// Reads all of a small object.
fn read_whole(storage: &dyn Storage, key: &str) -> io::Result<Vec<u8>> {
    let size = storage.find(key)?.ok_or(io::ErrorKind::NotFound)?.size_bytes;
    storage.open(key)?.read_at(0, usize::try_from(size).map_err(io::Error::other)?, 0)
}

/// How many bytes of a part a reader of a whole stream asks for in advance.
const AHEAD_BYTES: u64 = 8 << 20;

/// Reads a stream of a result, a frame at a time.
pub struct StoredReader {
    stored: Arc<Stored>,
    part: OpenPart,
    stream: Stream,
    /// Where reading goes on when nothing is held any more.
    next: u64,
    /// What is unpacked and not read.
    held: io::Cursor<Vec<u8>>,
}

impl StoredReader {
    /// Begins to read.
    pub fn new(stored: impl Into<Arc<Stored>>, stream: Stream) -> Self {
        Self { stored: stored.into(), part: OpenPart::default(), stream, next: 0, held: io::Cursor::default() }
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
        self.stored.read_on(&mut self.part, (self.stream, self.next, end), AHEAD_BYTES, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        self.next = end + 1;
        self.held = io::Cursor::new(bytes);
        self.held.read(out)
    }
}
