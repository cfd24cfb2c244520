//! Bytes to records, without looking further into them than needed to see where they end.
//!
//! In a file of lines a record ends with its line, so that a broken record breaks nothing after it. In an array, or in
//! objects printed over several lines, brackets are counted outside strings. A long record is not held: see
//! [`long`](super::long).

use super::error::ImportError;
use super::long::{FrameWriter, LONG_BYTES, LongError, LongRecord};
use super::original::{KEPT_LIMIT_BYTES, Original, Spool};
use labelport_model::frames::{CutError, Cutter};
use labelport_model::row::ROW_LIMIT_BYTES;
use std::io::{self, BufRead, Read};
use std::path::PathBuf;

/// How records are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// One object a line.
    Lines,
    /// One array of objects.
    Array,
    /// Objects one after the other, over any number of lines.
    Sequence,
}

/// One record, not parsed.
pub(super) struct Record {
    /// Its bytes.
    pub(super) body: Body,
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// The byte of that line at which it begins, from 0.
    column: u64,
    /// Whether it ends with that line.
    is_one_line: bool,
    /// Whether it is wanted as it was.
    is_kept: bool,
}

/// What a record holds.
pub(super) enum Body {
    /// Its text.
    Text(Vec<u8>),
    /// Its text without the frames of videos, and the frames apart.
    Long(Box<LongRecord>),
}

/// A record that cannot be read.
pub(super) struct RecordProblem {
    pub(super) line: u64,
    pub(super) column: Option<u64>,
    pub(super) reason: String,
    pub(super) original: Option<Box<Original>>,
}

/// What a record may take, and what is kept of it.
#[derive(Clone)]
pub(super) struct Limits {
    pub(super) record_bytes: usize,
    /// Where the frames of long records are kept for a moment.
    pub(super) scratch_folder: PathBuf,
    /// Whether records are wanted as they were.
    pub(super) keeps_originals: bool,
}

/// What a long record counts as held, at least: it has a file or two open.
const LONG_HELD_BYTES: usize = 1 << 20;

impl Record {
    /// Returns how many bytes of memory it takes.
    pub(super) fn held_bytes(&self) -> usize {
        match &self.body {
            Body::Text(text) => text.len(),
            Body::Long(long) => long.row.text.len().max(LONG_HELD_BYTES),
        }
    }

    /// Returns the record as it was, where that is kept.
    pub(super) fn into_original(self) -> Option<Box<Original>> {
        match self.body {
            Body::Text(text) if self.is_kept => Some(Box::new(Original::Text(text))),
            Body::Text(_) => None,
            Body::Long(long) => long.original,
        }
    }

    /// Returns line and column, from 1, of an offset in the text.
    pub(super) fn place(&self, offset: usize) -> (u64, Option<u64>) {
        match &self.body {
            Body::Text(text) => self.place_in(text, offset),
            Body::Long(long) => self.place_in_long(long.row.original_offset(offset)),
        }
    }

    /// Returns line and column, from 1, of an offset in a long record as it was read.
    pub(super) fn place_in_long(&self, offset: u64) -> (u64, Option<u64>) {
        // Where its lines end is not known any more, if it has several.
        (self.line, self.is_one_line.then_some(self.column + offset + 1))
    }

    fn place_in(&self, text: &[u8], offset: usize) -> (u64, Option<u64>) {
        let before = &text[..offset.min(text.len())];
        let lines = before.iter().filter(|byte| **byte == b'\n').count() as u64;
        match before.iter().rposition(|byte| *byte == b'\n') {
            None => (self.line, Some(self.column + before.len() as u64 + 1)),
            Some(last) => (self.line + lines, Some((before.len() - last) as u64)),
        }
    }
}

/// The records of an input, in order.
pub(super) struct Records {
    name: String,
    input: Box<dyn BufRead + Send>,
    layout: Layout,
    limits: Limits,
    /// The line and the byte in it that come next.
    line: u64,
    column: u64,
    /// Whether the array has been opened, and whether it is closed.
    is_open: bool,
    is_over: bool,
}

impl Records {
    /// Takes an input, how it is laid out, and the line and the byte in it at which it begins.
    pub(super) fn new(
        name: String,
        input: Box<dyn BufRead + Send>,
        (layout, (line, column)): (Layout, (u64, u64)),
        limits: Limits,
    ) -> Self {
        Self { name, input, layout, limits, line, column, is_open: false, is_over: false }
    }

    /// Returns the next record; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Result<Record, RecordProblem>>, ImportError> {
        let next = match self.layout {
            Layout::Lines => self.next_line(),
            Layout::Array | Layout::Sequence => self.next_value(),
        };
        next.map_err(|error| match error {
            ReadError::Input(source) => ImportError::Read { name: self.name.clone(), source },
            ReadError::Scratch(source) => ImportError::Scratch { source },
        })
    }

    fn next_line(&mut self) -> Result<Option<Result<Record, RecordProblem>>, ReadError> {
        loop {
            // Only the first line may begin in its middle.
            let (line, column) = (self.line, std::mem::take(&mut self.column));
            let mut text = Vec::new();
            let long_bytes = self.long_bytes();
            self.input.by_ref().take(long_bytes as u64 + 1).read_until(b'\n', &mut text)?;
            if text.is_empty() {
                return Ok(None);
            }
            self.line += 1;
            if text.len() > long_bytes && !text.ends_with(b"\n") {
                return self.long_line(text, (line, column)).map(Some);
            }
            if text.ends_with(b"\n") {
                text.pop();
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(Ok(self.short(text, (line, column), true))));
            }
        }
    }

    fn short(&self, text: Vec<u8>, (line, column): (u64, u64), is_one_line: bool) -> Record {
        let is_kept = self.limits.keeps_originals;
        Record { body: Body::Text(text), line, column, is_one_line, is_kept }
    }

    /// Reads the rest of a line that begins with `text`.
    fn long_line(&mut self, text: Vec<u8>, place: (u64, u64)) -> Result<Result<Record, RecordProblem>, ReadError> {
        let mut long = Long::start(self, text)?;
        loop {
            let buffer = self.input.fill_buf()?;
            let end = memchr::memchr(b'\n', buffer);
            let taken = end.unwrap_or(buffer.len());
            long.push(&buffer[..taken]).map_err(ReadError::Scratch)?;
            let is_over = end.is_some() || buffer.is_empty();
            self.input.consume(taken + usize::from(end.is_some()));
            if is_over {
                return long.finish(self.limits.record_bytes, place, true);
            }
        }
    }

    /// Returns the length from which a record is read without its frames.
    fn long_bytes(&self) -> usize {
        LONG_BYTES.min(self.limits.record_bytes)
    }

    fn next_value(&mut self) -> Result<Option<Result<Record, RecordProblem>>, ReadError> {
        if self.is_over {
            return Ok(None);
        }
        // Between records: white space, the opening bracket of the array, commas, its closing bracket.
        loop {
            let Some(byte) = self.peek()? else {
                self.is_over = true;
                if self.layout == Layout::Array {
                    return Ok(Some(Err(
                        self.problem_here("the file ends inside its array: it is cut off; copy or export it again")
                    )));
                }
                return Ok(None);
            };
            match byte {
                byte if byte.is_ascii_whitespace() => self.take(byte),
                b'[' if self.layout == Layout::Array && !self.is_open => {
                    self.is_open = true;
                    self.take(byte);
                }
                b',' if self.layout == Layout::Array && self.is_open => self.take(byte),
                b']' if self.layout == Layout::Array && self.is_open => {
                    self.take(byte);
                    self.is_over = true;
                    return Ok(self.check_end()?);
                }
                _ => break,
            }
        }
        self.read_value().map(Some)
    }

    fn check_end(&mut self) -> io::Result<Option<Result<Record, RecordProblem>>> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(Err(self.problem_here("text after the end of the array, which is not read; put its rows into the array or into a file of their own"))));
            }
            self.take(byte);
        }
        Ok(None)
    }

    /// Reads a value up to its end: the bracket that closes it, or for a scalar the comma or bracket after it.
    fn read_value(&mut self) -> Result<Result<Record, RecordProblem>, ReadError> {
        let (line, column) = (self.line, self.column);
        let mut text = Vec::new();
        let mut long: Option<Long> = None;
        let mut depth = 0_u64;
        let mut in_string = false;
        let mut is_escaped = false;
        let mut is_first = true;
        while let Some(byte) = self.peek()? {
            if !in_string && depth == 0 && matches!(byte, b',' | b']' | b'}') {
                if is_first {
                    // A stray bracket is a record of its own, which the parser refuses.
                    self.take(byte);
                    text.push(byte);
                }
                break;
            }
            is_first = false;
            self.take(byte);
            text.push(byte);
            if text.len() > self.long_bytes() {
                let text = std::mem::take(&mut text);
                match &mut long {
                    Some(long) => long.push(&text).map_err(ReadError::Scratch)?,
                    None => long = Some(Long::start(self, text)?),
                }
            }
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if in_string => is_escaped = true,
                b'"' => in_string = !in_string,
                b'{' | b'[' if !in_string => depth += 1,
                b'}' | b']' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                _ => {}
            }
        }
        let is_one_line = self.line == line;
        match long {
            Some(mut long) => {
                long.push(&text).map_err(ReadError::Scratch)?;
                long.finish(self.limits.record_bytes, (line, column), is_one_line)
            }
            None => Ok(Ok(self.short(text, (line, column), is_one_line))),
        }
    }

    fn problem_here(&self, reason: &str) -> RecordProblem {
        RecordProblem { line: self.line, column: Some(self.column + 1), reason: reason.to_owned(), original: None }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    /// Takes the byte that was peeked.
    fn take(&mut self, byte: u8) {
        self.input.consume(1);
        if byte == b'\n' {
            self.line += 1;
            self.column = 0;
        } else {
            self.column += 1;
        }
    }
}

/// Why no more records can be read.
enum ReadError {
    Input(io::Error),
    Scratch(io::Error),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Input(error)
    }
}

/// A long record while it is read. After an error the rest of it is read and forgotten.
struct Long {
    cutter: Cutter,
    frames: FrameWriter,
    spool: Option<Spool>,
    error: Option<CutError<LongError>>,
}

impl Long {
    fn start(records: &Records, text: Vec<u8>) -> Result<Self, ReadError> {
        let limits = &records.limits;
        let frames = FrameWriter::create(&limits.scratch_folder).map_err(ReadError::Scratch)?;
        let spool = || Spool::create(&limits.scratch_folder, KEPT_LIMIT_BYTES);
        let spool = limits.keeps_originals.then(spool).transpose().map_err(ReadError::Scratch)?;
        let mut long = Self { cutter: Cutter::new(limits.record_bytes), frames, spool, error: None };
        long.push(&text).map_err(ReadError::Scratch)?;
        Ok(long)
    }

    /// Takes the next bytes; fails if they cannot be kept.
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.error.is_none() {
            self.error = self.cutter.push(bytes, &mut self.frames).err();
        }
        self.spool.as_mut().map_or(Ok(()), |spool| spool.push(bytes))
    }

    fn finish(
        self,
        limit_bytes: usize,
        (line, column): (u64, u64),
        is_one_line: bool,
    ) -> Result<Result<Record, RecordProblem>, ReadError> {
        let original = self.spool.map(Spool::finish).transpose().map_err(ReadError::Scratch)?.map(Box::new);
        let (offset, reason) = match self.error {
            None => {
                let frames = self.frames.finish().map_err(ReadError::Scratch)?;
                let body =
                    Body::Long(Box::new(LongRecord { row: self.cutter.finish(), frames, limit_bytes, original }));
                return Ok(Ok(Record { body, line, column, is_one_line, is_kept: false }));
            }
            Some(CutError::Sink(LongError::Io(error))) => return Err(ReadError::Scratch(error)),
            Some(CutError::Sink(LongError::Frame { offset, error })) => (Some(offset), error.to_string()),
            Some(CutError::Malformed { offset }) => (Some(offset), "\"frames\" is not valid JSON here".to_owned()),
            Some(CutError::FrameTooLong { offset, .. }) => {
                (Some(offset), too_long("one frame of the record", limit_bytes))
            }
            Some(CutError::RowTooLong { .. } | CutError::Sink(LongError::TooLong { .. })) => {
                (None, too_long("the record, without the frames of its videos,", limit_bytes))
            }
        };
        let column = offset.filter(|_| is_one_line).map(|offset| column + offset + 1);
        Ok(Err(RecordProblem { line, column, reason, original }))
    }
}

fn too_long(what: &str, limit_bytes: usize) -> String {
    let mib = limit_bytes >> 20;
    let remedy = if limit_bytes < ROW_LIMIT_BYTES {
        format!("raise the limit with --max-record-mib, up to {}", ROW_LIMIT_BYTES >> 20)
    } else {
        "export its projects and model runs one by one and import those files".to_owned()
    };
    format!("{what} is longer than {mib} MiB; {remedy}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns each record as `line:column text`, each problem as `line! reason`.
    fn split(text: &'static str, layout: Layout) -> Vec<String> {
        let limits = Limits { record_bytes: 40, scratch_folder: std::env::temp_dir(), keeps_originals: false };
        let mut records = Records::new("f".to_owned(), Box::new(text.as_bytes()), (layout, (1, 0)), limits);
        std::iter::from_fn(|| records.next().unwrap())
            .map(|record| match record {
                Ok(record) => {
                    let (line, column) = record.place(0);
                    let Body::Text(text) = record.body else { panic!("a short record is not cut") };
                    format!("{line}:{} {}", column.unwrap(), String::from_utf8(text).unwrap().trim())
                }
                Err(problem) => format!("{}! {}", problem.line, problem.reason),
            })
            .collect()
    }

    #[test]
    fn lines_end_records_and_empty_ones_are_none() {
        assert_eq!(split("{\"a\":1}\n\r\n{\"b\":\n{}", Layout::Lines), ["1:1 {\"a\":1}", "3:1 {\"b\":", "4:1 {}"]);
    }

    #[test]
    fn an_array_is_split_outside_strings() {
        assert_eq!(
            split("[{\"a\":\"},{\\\"\"},\n {\"b\":[1,2]}\n,3]", Layout::Array),
            ["1:2 {\"a\":\"},{\\\"\"}", "2:2 {\"b\":[1,2]}", "3:2 3"]
        );
        assert_eq!(split("[]", Layout::Array), Vec::<String>::new());
    }

    #[test]
    fn an_array_that_is_cut_off_is_said_to_be() {
        let records = split("[{\"a\":1},{\"b\"", Layout::Array);
        assert_eq!(records[..2], ["1:2 {\"a\":1}", "1:10 {\"b\""]);
        assert!(records[2].contains("cut off"), "{records:?}");
        assert!(split("[1] x", Layout::Array)[1].contains("after the end"));
    }

    #[test]
    fn objects_may_be_printed_over_lines() {
        assert_eq!(split("{\n\"a\":1\n}\n{\n}", Layout::Sequence), ["1:1 {\n\"a\":1\n}", "4:1 {\n}"]);
    }

    #[test]
    fn a_record_over_the_limit_is_left_out_and_the_next_is_read() {
        let long = split("{\"a\":\"0123456789012345678901234567890123456789\"}\n{}", Layout::Lines);
        assert!(long[0].starts_with("1! the record, without the frames of its videos, is longer"), "{long:?}");
        assert_eq!(long[1], "2:1 {}");
        let long = split("[{\"a\":\"0123456789012345678901234567890123456789\"},{}]", Layout::Array);
        assert!(long[0].starts_with("1! the record, without the frames of its videos, is longer"), "{long:?}");
        assert_eq!(long[1], "1:51 {}");
    }

    #[test]
    fn few_long_records_are_in_flight_because_each_has_files_open() {
        let text = br#"{"projects":{"p":{"labels":[{"annotations":{"frames":{"1":{},"2":{}}}}]}}}"#;
        let limits = Limits { record_bytes: 70, scratch_folder: std::env::temp_dir(), keeps_originals: true };
        let mut records = Records::new("f".to_owned(), Box::new(&text[..]), (Layout::Lines, (1, 0)), limits);
        let Some(Ok(record)) = records.next().unwrap() else { panic!("it is a record") };
        assert!(matches!(record.body, Body::Long(_)) && record.held_bytes() == LONG_HELD_BYTES);
        assert!(matches!(*record.into_original().unwrap(), Original::Spooled(_)));
    }

    #[test]
    fn places_count_lines_inside_a_record() {
        let body = Body::Text(b"{\n  \"a\": x}".to_vec());
        let record = Record { body, line: 7, column: 3, is_one_line: false, is_kept: false };
        assert_eq!(record.place(0), (7, Some(4)));
        assert_eq!(record.place(9), (8, Some(8)));
    }
}
