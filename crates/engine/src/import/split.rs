//! Bytes to records, without looking further into them than needed to see where they end.
//!
//! In a file of lines a record ends with its line, so that a broken record breaks nothing behind it. In an array, or in
//! objects printed over several lines, brackets are counted outside strings.

use super::error::ImportError;
use std::io::{BufRead, Read};

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
    pub(super) text: Vec<u8>,
    /// The line on which it begins, from 1.
    pub(super) line: u64,
    /// The byte of that line at which it begins, from 0.
    column: u64,
}

/// A record that cannot be had.
pub(super) struct RecordProblem {
    pub(super) line: u64,
    pub(super) column: Option<u64>,
    pub(super) reason: String,
}

impl Record {
    /// Returns line and column, from 1, of an offset in the text.
    pub(super) fn place(&self, offset: usize) -> (u64, u64) {
        let before = &self.text[..offset.min(self.text.len())];
        let lines = before.iter().filter(|byte| **byte == b'\n').count() as u64;
        match before.iter().rposition(|byte| *byte == b'\n') {
            None => (self.line, self.column + before.len() as u64 + 1),
            Some(last) => (self.line + lines, (before.len() - last) as u64),
        }
    }
}

/// The records of an input, in order.
pub(super) struct Records {
    name: String,
    input: Box<dyn BufRead + Send>,
    layout: Layout,
    limit_bytes: usize,
    /// The line and the byte in it that come next.
    line: u64,
    column: u64,
    /// Whether the array has been opened, and whether it is closed.
    is_open: bool,
    is_over: bool,
}

impl Records {
    pub(super) fn new(name: String, input: Box<dyn BufRead + Send>, layout: Layout, limit_bytes: usize) -> Self {
        Self { name, input, layout, limit_bytes, line: 1, column: 0, is_open: false, is_over: false }
    }

    /// Returns the next record; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Result<Record, RecordProblem>>, ImportError> {
        let next = match self.layout {
            Layout::Lines => self.next_line(),
            Layout::Array | Layout::Sequence => self.next_value(),
        };
        next.map_err(|source| ImportError::Read { name: self.name.clone(), source })
    }

    fn next_line(&mut self) -> std::io::Result<Option<Result<Record, RecordProblem>>> {
        loop {
            let line = self.line;
            let mut text = Vec::new();
            self.input.by_ref().take(self.limit_bytes as u64 + 1).read_until(b'\n', &mut text)?;
            if text.is_empty() {
                return Ok(None);
            }
            self.line += 1;
            if text.len() > self.limit_bytes && !text.ends_with(b"\n") {
                drop(text);
                self.input.skip_until(b'\n')?;
                return Ok(Some(Err(self.too_long(line, None))));
            }
            if text.ends_with(b"\n") {
                text.pop();
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some(Ok(Record { text, line, column: 0 })));
            }
        }
    }

    fn too_long(&self, line: u64, column: Option<u64>) -> RecordProblem {
        let mib = self.limit_bytes >> 20;
        let reason = format!("the record is longer than {mib} MiB; raise the limit with --max-record-mib");
        RecordProblem { line, column, reason }
    }

    fn next_value(&mut self) -> std::io::Result<Option<Result<Record, RecordProblem>>> {
        if self.is_over {
            return Ok(None);
        }
        // Between records: white space, the opening bracket of the array, commas, its closing bracket.
        loop {
            let Some(byte) = self.peek()? else {
                self.is_over = true;
                if self.layout == Layout::Array {
                    return Ok(Some(Err(self.problem_here("the file ends inside its array: it is cut off"))));
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
                    return self.check_end();
                }
                _ => break,
            }
        }
        self.read_value().map(Some)
    }

    fn check_end(&mut self) -> std::io::Result<Option<Result<Record, RecordProblem>>> {
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_whitespace() {
                return Ok(Some(Err(self.problem_here("text after the end of the array"))));
            }
            self.take(byte);
        }
        Ok(None)
    }

    /// Reads a value up to its end: the bracket that closes it, or for a scalar the comma or bracket behind it.
    fn read_value(&mut self) -> std::io::Result<Result<Record, RecordProblem>> {
        let (line, column) = (self.line, self.column);
        let mut text = Vec::new();
        let mut is_too_long = false;
        let mut depth = 0_u64;
        let mut in_string = false;
        let mut is_escaped = false;
        while let Some(byte) = self.peek()? {
            if !in_string && depth == 0 && matches!(byte, b',' | b']' | b'}') {
                if text.is_empty() {
                    // A stray bracket is a record of its own, which the parser refuses.
                    self.take(byte);
                    text.push(byte);
                }
                break;
            }
            self.take(byte);
            if text.len() >= self.limit_bytes {
                is_too_long = true;
            } else {
                text.push(byte);
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
        Ok(if is_too_long { Err(self.too_long(line, Some(column + 1))) } else { Ok(Record { text, line, column }) })
    }

    fn problem_here(&self, reason: &str) -> RecordProblem {
        RecordProblem { line: self.line, column: Some(self.column + 1), reason: reason.to_owned() }
    }

    fn peek(&mut self) -> std::io::Result<Option<u8>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns each record as `line:column text`, each problem as `line! reason`.
    fn split(text: &'static str, layout: Layout) -> Vec<String> {
        let mut records = Records::new("f".to_owned(), Box::new(text.as_bytes()), layout, 40);
        std::iter::from_fn(|| records.next().unwrap())
            .map(|record| match record {
                Ok(record) => {
                    let (line, column) = record.place(0);
                    format!("{line}:{column} {}", String::from_utf8(record.text).unwrap().trim())
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
        assert!(long[0].starts_with("1! the record is longer"), "{long:?}");
        assert_eq!(long[1], "2:1 {}");
        let long = split("[{\"a\":\"0123456789012345678901234567890123456789\"},{}]", Layout::Array);
        assert!(long[0].starts_with("1! the record is longer"), "{long:?}");
        assert_eq!(long[1], "1:51 {}");
    }

    #[test]
    fn places_count_lines_inside_a_record() {
        let record = Record { text: b"{\n  \"a\": x}".to_vec(), line: 7, column: 3 };
        assert_eq!(record.place(0), (7, 4));
        assert_eq!(record.place(9), (8, 8));
    }
}
