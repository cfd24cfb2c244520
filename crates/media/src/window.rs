//! As much of a file as the probes look at.
//!
//! A small file is read whole. Of a large one there is the beginning, and the end; of a file of boxes, such as a video, all
//! boxes but those of the media data, wherever they stand. So memory is bounded, however large a file is.

use crate::mp4;
use std::io::{self, Read, Seek, SeekFrom};

/// A file of at most this many bytes is read whole, and no more than this is held of a larger one.
const WHOLE_BYTES: u64 = 64 << 20;
/// How much is read of the end of a larger file.
const TAIL_BYTES: u64 = 64 << 10;
/// Boxes that hold media data, or nothing.
const DATA_BOXES: &[&[u8; 4]] = &[b"mdat", b"free", b"skip", b"wide", b"idat"];

/// Parts of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub(super) bytes: Vec<u8>,
    pub(super) tail: Vec<u8>,
    pub(super) length: u64,
}

impl Window {
    /// Reads the parts of a file.
    pub fn read(file: &mut (impl Read + Seek)) -> io::Result<Self> {
        Self::read_with(file, WHOLE_BYTES)
    }

    /// Returns whether the file was read whole.
    pub fn is_whole(&self) -> bool {
        self.bytes.len() as u64 == self.length
    }

    /// Returns the most bytes of a file that is read whole.
    pub fn whole_bytes() -> u64 {
        WHOLE_BYTES
    }

    pub(super) fn read_with(file: &mut (impl Read + Seek), whole_bytes: u64) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        let mut bytes = read_at(file, 0, whole_bytes.min(length))?;
        if length <= whole_bytes {
            return Ok(Self { bytes, tail: Vec::new(), length });
        }
        let tail = read_at(file, length.saturating_sub(TAIL_BYTES), TAIL_BYTES)?;
        if mp4::is_boxes(&bytes) {
            bytes = boxes_without_data(file, length, whole_bytes)?;
        }
        Ok(Self { bytes, tail, length })
    }
}

/// Copies the boxes of a file, those of media data empty, up to a limit.
fn boxes_without_data(file: &mut (impl Read + Seek), length: u64, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let mut copied = Vec::new();
    let mut at = 0;
    while at < length && (copied.len() as u64) < limit_bytes {
        let head = read_at(file, at, 16)?;
        let Some((kind, head_length, box_length)) = mp4::box_head(&head) else { break };
        let end = at.saturating_add(box_length.unwrap_or(u64::MAX)).min(length);
        if DATA_BOXES.contains(&&kind) {
            copied.extend_from_slice(&8_u32.to_be_bytes());
            copied.extend_from_slice(&kind);
        } else {
            let room = limit_bytes - copied.len() as u64;
            copied.extend_from_slice(&read_at(file, at, (end - at).min(room))?);
        }
        at = end.max(at + head_length);
    }
    Ok(copied)
}

fn read_at(file: &mut (impl Read + Seek), at: u64, count: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(count).read_to_end(&mut bytes)?;
    Ok(bytes)
}
