//! Which frame holds which bytes and lines.

use crate::sink::Extent;
use serde::{Deserialize, Serialize};

/// A stream of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The rows.
    Rows,
    /// What could not be done for single rows.
    Errors,
    /// What left and where rows stand, of an export of what changed that is one file.
    Changes,
}

impl Stream {
    /// Returns the word for it in URLs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Errors => "errors",
            Self::Changes => "changes",
        }
    }

    /// Finds a stream by its word.
    pub fn find(word: &str) -> Option<Self> {
        [Self::Rows, Self::Errors, Self::Changes].into_iter().find(|stream| stream.word() == word)
    }
}

/// The index as stored.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    /// The version of this shape.
    pub(super) version: u32,
    /// The frames of the rows.
    pub(super) rows: Vec<Frame>,
    /// The frames of the errors.
    pub(super) errors: Vec<Frame>,
    /// The frames of the changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) changes: Vec<Frame>,
    /// The SHA-256 of the rows before packing, in hexadecimal digits.
    pub(super) sha256: String,
    /// What the names of the parts have in addition, where workers that seem dead may still write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attempt: Option<String>,
}

impl Index {
    /// Returns the name of a part.
    pub(super) fn part_name(&self, number: u32) -> String {
        part_name(self.attempt.as_deref(), number)
    }
}

/// Returns the name of a part of an attempt.
pub(super) fn part_name(attempt: Option<&str>, number: u32) -> String {
    match attempt {
        None => format!("part-{number:05}.ndjson.zst"),
        Some(attempt) => format!("part-{number:05}-{attempt}.ndjson.zst"),
    }
}

/// One frame.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Frame {
    /// The number of the part in which it lies, from 1; part 0 holds the errors.
    pub(super) part: u32,
    /// Where it begins there.
    pub(super) at: u64,
    /// Its packed bytes.
    pub(super) packed: u64,
    /// Its bytes.
    pub(super) bytes: u64,
    /// Its lines.
    pub(super) lines: u64,
}

/// The present version of the index.
pub(super) const VERSION: u32 = 1;

/// A file of a stream ends with the frame, and the line, in which it reaches this many bytes: few enough for a client that holds a file
/// in memory, enough that asking for files does not cost more than reading them.
const FILE_BYTES: u64 = 16 << 20;

/// A file: consecutive whole lines of a stream. Both ends of both ranges are included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileRange {
    /// Its number, from 0.
    pub number: u64,
    /// The first byte.
    pub start: u64,
    /// The last byte.
    pub end: u64,
    /// The first line.
    pub line_start: u64,
    /// The last line.
    pub line_end: u64,
}

/// The frames of one stream with where they begin.
#[derive(Debug)]
pub(super) struct Frames {
    pub(super) frames: Vec<Frame>,
    /// The first byte of each frame.
    pub(super) offsets: Vec<u64>,
    files: Vec<FileRange>,
    total: Extent,
}

impl Frames {
    pub(super) fn new(frames: Vec<Frame>) -> Self {
        let mut offsets = Vec::with_capacity(frames.len());
        let mut files = Vec::new();
        let mut total = Extent::default();
        let mut start = Extent::default();
        for (index, frame) in frames.iter().enumerate() {
            offsets.push(total.bytes);
            total.bytes += frame.bytes;
            total.lines += frame.lines;
            let is_last = index + 1 == frames.len();
            // A frame without lines is a piece of a line that goes on.
            let is_full = frame.lines > 0 && total.bytes - start.bytes >= FILE_BYTES;
            if total.bytes > start.bytes && (is_last || is_full) {
                files.push(FileRange {
                    number: files.len() as u64,
                    start: start.bytes,
                    end: total.bytes - 1,
                    line_start: start.lines,
                    line_end: total.lines.saturating_sub(1),
                });
                start = total;
            }
        }
        Self { frames, offsets, files, total }
    }

    pub(super) fn extent(&self) -> Option<Extent> {
        (self.total.bytes > 0).then_some(self.total)
    }

    pub(super) fn file(&self, number: u64) -> Option<FileRange> {
        self.files.get(usize::try_from(number).ok()?).copied()
    }

    pub(super) fn file_at_offset(&self, offset: u64) -> Option<FileRange> {
        self.files.get(self.files.partition_point(|file| file.end < offset)).copied()
    }

    pub(super) fn file_at_line(&self, line: u64) -> Option<FileRange> {
        self.files.get(self.files.partition_point(|file| file.line_end < line)).copied()
    }
}
