//! The rows of one side, line by line, without copying them.
//!
//! The line at hand is a slice of the buffer, so that two sides are compared without parsing or allocating. A row that
//! labelport wrote begins with its id, which is found without looking at the rest; a row from elsewhere is parsed for it.

use super::{DiffError, Side};
use crate::apply::ROW_START;
use crate::import::unpack::{self, Position};
use crate::manifest::hex;
use labelport_model::json::Document;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// The first.
    Old,
    /// The second.
    New,
}

/// A row as it stands in a side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Its bytes without a line feed.
    pub(super) bytes: &'a [u8],
}

/// What was found, with the row of each side. Rows that are equal byte by byte are only counted.
pub(super) type Each<'e> = dyn FnMut(Option<Line<'_>>, Option<Line<'_>>) -> Result<(), DiffError> + 'e;

/// What a side has next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    /// A line that ends there in the buffer.
    Line(usize),
    /// A line that is too long to be held.
    Long,
    /// Nothing.
    End,
}

/// Reads the rows of a side.
pub(super) struct Lines<'s> {
    name: &'s str,
    input: Box<dyn Read + Send>,
    position: Position,
    row_limit_bytes: usize,
    /// Rows with other ids are passed over.
    only: Option<&'s HashSet<Box<[u8]>>>,
    /// The digest of all that was read, where it is asked for.
    sha256: Option<Sha256>,
    buffer: Vec<u8>,
    /// What of the buffer was read and is not done with.
    start: usize,
    end: usize,
    /// Where the line at hand ends in the buffer, with the bytes of its line feed.
    line: Option<(usize, usize)>,
    /// Whether the line at hand is too long to be held; the buffer has its beginning.
    is_long: bool,
    number: u64,
    is_over: bool,
    /// How many rows were passed over.
    passed_over: u64,
}

impl<'s> Lines<'s> {
    /// Begins to read a side, compressed or not.
    pub(super) fn open(side: &Side<'s>, row_limit_bytes: usize) -> Result<Self, DiffError> {
        let position = Position::default();
        let opened = (side.rows)().and_then(|input| unpack::unpacked(input, position.clone()));
        let input = opened.map_err(|source| DiffError::Read { name: side.name.to_owned(), source })?;
        Ok(Self {
            name: side.name,
            input,
            position,
            row_limit_bytes,
            only: None,
            sha256: None,
            buffer: vec![0; 4 * unpack::BUFFER_BYTES],
            start: 0,
            end: 0,
            line: None,
            is_long: false,
            number: 0,
            is_over: false,
            passed_over: 0,
        })
    }

    /// Passes over rows with other ids, as they stand between quotes, and digests all of the side.
    pub(super) fn only(mut self, ids: &'s HashSet<Box<[u8]>>) -> Self {
        (self.only, self.sha256) = (Some(ids), Some(Sha256::default()));
        self
    }

    pub(super) fn name(&self) -> &'s str {
        self.name
    }

    /// Returns how many bytes were read, before unpacking.
    pub(super) fn position(&self) -> u64 {
        self.position.get()
    }

    /// Returns the number of the line at hand, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Returns how many rows were passed over, and the digest of all that was read, where it is asked for.
    pub(super) fn finish(self) -> (u64, Option<String>) {
        (self.passed_over, self.sha256.map(|sha256| hex(&sha256.finalize())))
    }

    /// Returns the line at hand, without its line feed; nothing at the end. Empty lines are passed over.
    pub(super) fn peek(&mut self) -> Result<Option<&[u8]>, DiffError> {
        match self.look()? {
            Head::Line(end) => Ok(Some(&self.buffer[self.start..end])),
            Head::Long => Err(self.too_long()),
            Head::End => Ok(None),
        }
    }

    /// Returns whether the line at hand is too long to be held.
    pub(super) fn is_long(&mut self) -> Result<bool, DiffError> {
        Ok(self.look()? == Head::Long)
    }

    /// Goes past a line of both that neither can hold, if it is equal byte by byte; fails if it is not.
    pub(super) fn pass_equal(&mut self, other: &mut Self) -> Result<(), DiffError> {
        loop {
            self.fill_if_empty()?;
            other.fill_if_empty()?;
            let (one, two) = (&self.buffer[self.start..self.end], &other.buffer[other.start..other.end]);
            let common = &one[..one.len().min(two.len())];
            // What follows the line is not compared here.
            let end = memchr::memchr(b'\n', common);
            let count = end.map_or(common.len(), |at| at + 1);
            if one[..count] != two[..count] || one.is_empty() != two.is_empty() {
                return Err(self.too_long());
            }
            self.start += count;
            other.start += count;
            if end.is_some() || count == 0 {
                self.end_long();
                other.end_long();
                return Ok(());
            }
        }
    }

    /// Returns the id of a line at hand, as it stands between quotes.
    pub(super) fn id(&mut self) -> Result<Cow<'_, [u8]>, DiffError> {
        let (name, number) = (self.name, self.number);
        let line = self.peek()?.unwrap_or_default();
        id_of(line).map_err(|reason| DiffError::NotARow { name: name.to_owned(), line: number, reason })
    }

    /// Goes on to the next line.
    pub(super) fn advance(&mut self) {
        if let Some((end, feed)) = self.line.take() {
            self.start = end + feed;
        }
    }

    fn not_a_row(&self, reason: String) -> DiffError {
        DiffError::NotARow { name: self.name.to_owned(), line: self.number, reason }
    }

    /// Finds the line at hand. Rows with other ids than those asked for are passed over.
    fn look(&mut self) -> Result<Head, DiffError> {
        loop {
            let head = self.find_line()?;
            let line = match head {
                Head::Line(end) => &self.buffer[self.start..end],
                Head::Long => &self.buffer[self.start..self.end],
                Head::End => return Ok(head),
            };
            if line.is_empty() {
                self.advance();
                continue;
            }
            let Some(only) = self.only else { return Ok(head) };
            let is_wanted = match head {
                Head::Long => id_at_start(line).is_none_or(|id| only.contains(id)),
                _ => only.contains(id_of(line).map_err(|reason| self.not_a_row(reason))?.as_ref()),
            };
            if is_wanted {
                return Ok(head);
            }
            self.passed_over += 1;
            if head == Head::Long {
                self.pass_long()?;
            } else {
                self.advance();
            }
        }
    }

    /// Finds the end of the next line.
    fn find_line(&mut self) -> Result<Head, DiffError> {
        if self.is_long {
            return Ok(Head::Long);
        }
        if let Some((end, _)) = self.line {
            return Ok(Head::Line(end));
        }
        let mut searched = self.start;
        loop {
            let feed = memchr::memchr(b'\n', &self.buffer[searched..self.end]).map(|at| searched + at);
            let open = feed.unwrap_or(self.end) - self.start;
            if feed.is_none() && self.is_over && open == 0 {
                return Ok(Head::End);
            }
            if open > self.row_limit_bytes {
                self.number += 1;
                self.is_long = true;
                return Ok(Head::Long);
            }
            if feed.is_some() || self.is_over {
                self.number += 1;
                let end = self.start + open;
                // A file of another system may end its lines with two characters.
                let is_pair = feed.is_some() && open > 0 && self.buffer[end - 1] == b'\r';
                let end = if is_pair { end - 1 } else { end };
                self.line = Some((end, usize::from(feed.is_some()) + usize::from(is_pair)));
                return Ok(Head::Line(end));
            }
            self.fill()?;
            searched = self.start + open;
        }
    }

    /// Goes past a line that is too long to be held.
    fn pass_long(&mut self) -> Result<(), DiffError> {
        loop {
            self.fill_if_empty()?;
            let open = &self.buffer[self.start..self.end];
            let end = memchr::memchr(b'\n', open);
            let is_last = open.is_empty();
            self.start += end.map_or(open.len(), |at| at + 1);
            if end.is_some() || is_last {
                self.end_long();
                return Ok(());
            }
        }
    }

    fn end_long(&mut self) {
        self.is_long = false;
    }

    fn too_long(&self) -> DiffError {
        DiffError::TooLong { name: self.name.to_owned(), line: self.number, limit_bytes: self.row_limit_bytes }
    }

    fn fill_if_empty(&mut self) -> Result<(), DiffError> {
        if self.start == self.end && !self.is_over { self.fill() } else { Ok(()) }
    }

    /// Reads more. What is not done with moves to the start of the buffer.
    fn fill(&mut self) -> Result<(), DiffError> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        let count = loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                outcome => break outcome,
            }
        };
        let count = count.map_err(|source| DiffError::Read { name: self.name.to_owned(), source })?;
        if let Some(sha256) = &mut self.sha256 {
            sha256.update(&self.buffer[self.end..self.end + count]);
        }
        self.end += count;
        self.is_over = count == 0;
        Ok(())
    }
}

/// Returns the id of a row, as it stands between quotes in normal form; fails with a reason.
pub(super) fn id_of(line: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if let Some(id) = id_at_start(line) {
        return Ok(Cow::Borrowed(id));
    }
    let document = Document::parse(line).map_err(|error| error.to_string())?;
    let id = document.root().get("data_row").and_then(|data_row| data_row.get("id"));
    let id = id.map(|id| id.raw()).and_then(|raw| raw.strip_prefix('"')?.strip_suffix('"'));
    match id {
        Some(id) if !id.is_empty() => Ok(Cow::Owned(id.as_bytes().to_vec())),
        _ => Err("there is no id of a data row".to_owned()),
    }
}

/// Returns the id of a row that labelport wrote, of which this is the beginning.
fn id_at_start(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(ROW_START)?;
    let id = &rest[..memchr::memchr(b'"', rest)?];
    let is_plain = id.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\');
    (is_plain && !id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn read(text: &[u8], limit: usize) -> Result<Vec<String>, String> {
        let rows = || -> std::io::Result<Box<dyn Read + Send>> { Ok(Box::new(Cursor::new(text.to_vec()))) };
        let side = Side { name: "a", manifest: None, rows: &rows };
        let mut lines = Lines::open(&side, limit).map_err(|error| error.to_string())?;
        let mut found = Vec::new();
        while let Some(line) = lines.peek().map_err(|error| error.to_string())? {
            found.push(String::from_utf8_lossy(line).into_owned());
            lines.advance();
        }
        Ok(found)
    }

    #[test]
    fn lines_of_any_length_and_end_are_found() {
        let long = "x".repeat(9 * unpack::BUFFER_BYTES);
        let text = format!("a\n\n{long}\r\nb");
        assert_eq!(read(text.as_bytes(), usize::MAX).unwrap(), ["a", long.as_str(), "b"]);
        assert_eq!(read(b"", 1).unwrap(), [""; 0]);
        let refused = read(text.as_bytes(), 5 << 20).unwrap();
        assert_eq!(refused.len(), 3, "it is shorter than the limit");
        let refused = read(text.as_bytes(), 1 << 20).unwrap_err();
        assert!(refused.starts_with("line 3 of a is longer than 1 MiB"), "{refused}");
    }

    #[test]
    fn long_rows_that_nobody_asks_for_are_passed_over() {
        let row =
            |id: &str, size: usize| format!("{{\"data_row\":{{\"id\":\"{id}\"}},\"x\":\"{}\"}}\n", "x".repeat(size));
        let text = [row("a", 1), row("b", 5 << 20), row("c", 2), row("d", 3 << 20)].concat();
        let rows = || -> std::io::Result<Box<dyn Read + Send>> { Ok(Box::new(Cursor::new(text.clone().into_bytes()))) };
        let side = Side { name: "a", manifest: None, rows: &rows };
        let only = HashSet::from([Box::from(&b"c"[..])]);
        let mut lines = Lines::open(&side, 1 << 20).unwrap().only(&only);
        assert_eq!(lines.id().unwrap().as_ref(), b"c");
        assert_eq!(lines.number(), 3);
        lines.advance();
        assert_eq!(lines.peek().unwrap(), None);
        let (passed_over, sha256) = lines.finish();
        assert_eq!((passed_over, sha256.unwrap()), (3, hex(&Sha256::digest(text.as_bytes()))));
        let only = HashSet::from([Box::from(&b"d"[..])]);
        let error = Lines::open(&side, 1 << 20).unwrap().only(&only).peek().unwrap_err().to_string();
        assert!(error.starts_with("line 4 of a is longer than 1 MiB"), "{error}");
    }

    #[test]
    fn ids_are_found_in_any_spelling() {
        let check = |line: &str, expect: Result<&str, &str>| {
            let found = id_of(line.as_bytes()).map(|id| String::from_utf8_lossy(&id).into_owned());
            assert_eq!(found.as_deref().map_err(String::as_str), expect, "{line}");
        };
        check(r#"{"data_row":{"id":"abc","x":1"#, Ok("abc"));
        check(r#"{ "data_row": {"global_key": "k", "id": "abc"} }"#, Ok("abc"));
        check(r#"{"data_row":{"id":"a\u0062\u00e9"}}"#, Ok(r"ab\u00e9"));
        check("{\"data_row\":{\"id\":\"ab\u{e9}\"}}", Ok(r"ab\u00e9"));
        check(r#"{"data_row":{"id":""}}"#, Err("there is no id of a data row"));
        check(r#"{"data_row":{"id":7}}"#, Err("there is no id of a data row"));
        check(r#"{"rows":1}"#, Err("there is no id of a data row"));
        assert!(id_of(b"id,global_key").is_err());
    }
}
