//! Lines of cells.

use crate::write::Entries;
use labelport_model::json::Value;
use labelport_model::losses::{Losses, Outcome};

/// What begins a cell that a spreadsheet takes for a formula.
const FORMULA_STARTS: &[char] = &['=', '+', '-', '@', '\t', '\r'];

/// A line of a table. Cells are written from left to right.
pub(super) struct Line<'e> {
    out: &'e mut Vec<u8>,
    losses: &'e mut Losses,
    is_first: bool,
}

impl<'e> Line<'e> {
    /// Starts a line of a table.
    pub(super) fn of(entries: &'e mut Entries<'_>, table: usize) -> Self {
        Self { out: &mut entries.streams[table], losses: entries.losses, is_first: true }
    }

    /// Writes a cell that needs no quotes: a word of ours, a number.
    pub(super) fn token(&mut self, token: &str) {
        self.separate();
        self.out.extend_from_slice(token.as_bytes());
    }

    /// Writes a cell with somebody's text.
    pub(super) fn text(&mut self, text: &str) {
        self.separate();
        let is_formula = text.starts_with(FORMULA_STARTS) && text.parse::<f64>().is_err();
        if is_formula {
            self.losses.add("text", Outcome::Reduced, "a cell like a formula has a leading apostrophe", 1);
        }
        let is_special = |byte: u8| matches!(byte, b'"' | b',' | b'\r' | b'\n');
        let needs_quotes = text.bytes().any(is_special) || text.starts_with(' ') || text.ends_with(' ');
        if !needs_quotes {
            if is_formula {
                self.out.push(b'\'');
            }
            self.out.extend_from_slice(text.as_bytes());
            return;
        }
        self.out.push(b'"');
        if is_formula {
            self.out.push(b'\'');
        }
        for (index, part) in text.split('"').enumerate() {
            if index > 0 {
                self.out.extend_from_slice(b"\"\"");
            }
            self.out.extend_from_slice(part.as_bytes());
        }
        self.out.push(b'"');
    }

    /// Writes a cell with a text, or an empty one.
    pub(super) fn optional(&mut self, text: Option<&str>) {
        self.text(text.unwrap_or_default());
    }

    /// Writes a cell with a JSON value: a text without its quotes, a number as it is spelled, anything else as JSON.
    pub(super) fn value(&mut self, value: Option<Value<'_>>) {
        match value {
            None => self.token(""),
            Some(value) => match value.as_text() {
                Some(text) => self.text(&text),
                None if value.raw() == "null" => self.token(""),
                None => self.text(value.raw()),
            },
        }
    }

    /// Writes a cell with JSON, or an empty one.
    pub(super) fn json(&mut self, json: Option<&[u8]>) {
        match json {
            Some(json) => self.text(&String::from_utf8_lossy(json)),
            None => self.token(""),
        }
    }

    /// Writes empty cells.
    pub(super) fn empty(&mut self, count: usize) {
        (0..count).for_each(|_| self.token(""));
    }

    /// Ends the line.
    pub(super) fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }

    fn separate(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(texts: &[&str], expect: &str, formulas: u64) {
        let (mut streams, mut files, mut losses) = ([Vec::new()], Vec::new(), Losses::default());
        let mut entries = Entries {
            streams: &mut streams,
            files: &mut files,
            assets: &mut Vec::new(),
            losses: &mut losses,
            is_survey: false,
        };
        let mut line = Line::of(&mut entries, 0);
        texts.iter().for_each(|text| line.text(text));
        line.end();
        assert_eq!(String::from_utf8_lossy(&streams[0]), expect);
        assert_eq!(losses.iter().map(|(_, count)| count).sum::<u64>(), formulas);
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        check(&["a", "", "b c"], "a,,b c\r\n", 0);
        check(&["a,b", "say \"hi\"", "one\ntwo"], "\"a,b\",\"say \"\"hi\"\"\",\"one\ntwo\"\r\n", 0);
    }

    #[test]
    fn formulas_get_an_apostrophe_and_numbers_do_not() {
        check(&["=1+1", "-5", "-5e3", "+", "@x"], "'=1+1,-5,-5e3,'+,'@x\r\n", 3);
        check(&["=a,b"], "\"'=a,b\"\r\n", 1);
    }
}
