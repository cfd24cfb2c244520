//! Rows of a result one after the other, each known by its id before the rest of it is read: a row may be larger than
//! memory.

use crate::import::unpack::{self, Position};
use crate::manifest::hex;
use sha2::{Digest as _, Sha256};
use std::io::{self, BufRead, BufReader, Read};

/// How every row begins that labelport writes.
pub(crate) const ROW_START: &[u8] = b"{\"data_row\":{\"id\":\"";
/// How much of a line is looked at for the id at a time, and at most.
const STEP_BYTES: usize = 128;
const ID_LIMIT_BYTES: usize = 64 << 10;

/// Why a line cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The file cannot be read or unpacked.
    #[error("it cannot be read ({0})")]
    Read(#[from] io::Error),
    /// It is not a row that labelport wrote.
    #[error("line {0} is not a row of an export: it does not begin with the id of a data row")]
    NotARow(u64),
    /// The last line is not whole.
    #[error("it ends in the middle of line {0}")]
    Cut(u64),
}

/// Reads rows.
pub(super) struct Lines {
    input: BufReader<Box<dyn Read + Send>>,
    position: Position,
    sha256: Sha256,
    bytes: u64,
    line: u64,
    /// The beginning of the line whose id was read last.
    head: Vec<u8>,
}

impl Lines {
    /// Begins to read a result, compressed or not.
    pub(super) fn new(input: Box<dyn Read + Send>) -> io::Result<Self> {
        let position = Position::default();
        let input = BufReader::with_capacity(unpack::BUFFER_BYTES, unpack::unpacked(input, position.clone())?);
        Ok(Self { input, position, sha256: Sha256::default(), bytes: 0, line: 0, head: Vec::new() })
    }

    /// Returns how many bytes were read, before unpacking.
    pub(super) fn position(&self) -> u64 {
        self.position.get()
    }

    /// Reads the id of the next row, as it stands between quotes; nothing at the end. The line before must have been read.
    pub(super) fn next_id(&mut self) -> Result<Option<&[u8]>, LineError> {
        self.head.clear();
        self.line += 1;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return if self.head.is_empty() { Ok(None) } else { Err(LineError::Cut(self.line)) };
            }
            let step = &buffer[..buffer.len().min(STEP_BYTES)];
            let count = memchr::memchr(b'\n', step).map_or(step.len(), |at| at + 1);
            self.head.extend_from_slice(&step[..count]);
            self.consume(count);
            let known = self.head.len().min(ROW_START.len());
            if self.head[..known] != ROW_START[..known] {
                return Err(LineError::NotARow(self.line));
            }
            if let Some(end) = end_of_text(&self.head, ROW_START.len()) {
                return Ok(Some(&self.head[ROW_START.len()..end]));
            }
            if self.head.ends_with(b"\n") || self.head.len() > ID_LIMIT_BYTES {
                return Err(LineError::NotARow(self.line));
            }
        }
    }

    /// Hands on the line whose id was read, with its line feed, piece by piece.
    pub(super) fn read_line<E: From<LineError>>(
        &mut self,
        mut out: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        out(&self.head)?;
        let mut is_whole = self.head.ends_with(b"\n");
        while !is_whole {
            let buffer = self.input.fill_buf().map_err(LineError::Read)?;
            if buffer.is_empty() {
                return Err(LineError::Cut(self.line).into());
            }
            let end = memchr::memchr(b'\n', buffer);
            let count = end.map_or(buffer.len(), |at| at + 1);
            out(&buffer[..count])?;
            is_whole = end.is_some();
            self.consume(count);
        }
        Ok(())
    }

    /// Returns size and SHA-256 of what was read.
    pub(super) fn finish(self) -> (u64, String) {
        (self.bytes, hex(&self.sha256.finalize()))
    }

    fn consume(&mut self, count: usize) {
        self.sha256.update(&self.input.buffer()[..count]);
        self.bytes += count as u64;
        self.input.consume(count);
    }
}

/// Returns where the quote stands that ends a JSON string.
fn end_of_text(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        match line.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn read(text: &[u8]) -> Result<Vec<(String, String)>, LineError> {
        let mut lines = Lines::new(Box::new(Cursor::new(text.to_vec())))?;
        let mut rows = Vec::new();
        while let Some(id) = lines.next_id()? {
            let id = String::from_utf8_lossy(id).into_owned();
            let mut line = Vec::new();
            lines.read_line(|piece| {
                line.extend_from_slice(piece);
                Ok::<_, LineError>(())
            })?;
            rows.push((id, String::from_utf8_lossy(&line).into_owned()));
        }
        assert_eq!(lines.finish().0, text.len() as u64);
        Ok(rows)
    }

    #[test]
    fn lines_of_any_length_are_known_by_their_ids() {
        let long = "x".repeat(3 * unpack::BUFFER_BYTES);
        let rows: Vec<(String, String)> = [
            ("a".to_owned(), "\"}}".to_owned()),
            (r#"b\"\\"#.to_owned(), "\",\"n\":1}}".to_owned()),
            ("c".repeat(1_000), format!("\",\"row_data\":\"{long}\"}}}}")),
            (String::new(), "\"}}".to_owned()),
        ]
        .into_iter()
        .map(|(id, rest)| (id.clone(), format!("{{\"data_row\":{{\"id\":\"{id}{rest}\n")))
        .collect();
        let text: String = rows.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(read(text.as_bytes()).unwrap(), rows);
        assert_eq!(read(b"").unwrap(), []);
    }

    #[test]
    fn what_is_not_a_row_or_not_whole_is_named_by_its_line() {
        let good = "{\"data_row\":{\"id\":\"a\"}}\n";
        for (rest, expect) in [
            ("{}\n", "line 2 is not a row"),
            ("\n", "line 2 is not a row"),
            ("{\"data_row\":{\"id\":\"b\n", "line 2 is not a row"),
            ("{\"data_row\":{\"id\":\"b\"}}", "middle of line 2"),
            ("{\"data_row\":", "middle of line 2"),
        ] {
            let error = read(format!("{good}{rest}").as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expect), "{rest:?}: {error}");
        }
        let endless = format!("{{\"data_row\":{{\"id\":\"{}", "b".repeat(2 * ID_LIMIT_BYTES));
        assert!(matches!(read(endless.as_bytes()), Err(LineError::NotARow(1))));
    }
}
