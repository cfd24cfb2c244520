//! A chunk of an import: a JSON array of rows, of which one may not be JSON without spoiling the others.
//!
//! A chunk is read as one document. Only if that fails it is cut at the commas of the array, which takes no more than
//! knowing strings from what is between them, and a row that is not JSON by itself is a fault of its place. A chunk that
//! is not closed was cut off on its way: nothing of it is taken.

use labelport_model::json::{Document, Kind, Value};
use labelport_model::problem::Problem;
use std::collections::BTreeMap;
use std::ops::Range;

/// The rows of a chunk, in order.
pub(super) struct Chunk {
    /// An array. In the place of a row that is not JSON stands what can be shown of it.
    document: Document,
    /// What is wrong with the rows that are not JSON, by their place.
    faults: BTreeMap<usize, String>,
}

impl Chunk {
    /// Reads the bytes of a chunk.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Problem> {
        let chunk = match Document::parse(bytes) {
            Ok(document) => Self::of(document),
            Err(error) => {
                let mended = cut(bytes).map(|rows| Self::mend(bytes, &rows)).transpose()?;
                let message = || format!("the chunk of the import is not JSON: {error} (byte {})", error.offset);
                mended.ok_or_else(|| Problem::malformed(message()))?
            }
        };
        match chunk.document.root().kind() {
            Kind::Array => Ok(chunk),
            _ => Err(Problem::malformed("a chunk of the import has to be a JSON array")),
        }
    }

    /// Makes a chunk of an array.
    pub(super) fn of(document: Document) -> Self {
        Self { document, faults: BTreeMap::new() }
    }

    /// Returns the rows, each with what is wrong with it if it is not JSON.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Value<'_>, Option<&str>)> {
        let rows = self.document.root().elements().enumerate();
        rows.map(|(place, row)| (row, self.faults.get(&place).map(String::as_str)))
    }

    /// Puts rows together again, those that are not JSON without what spoils them.
    fn mend(bytes: &[u8], rows: &[Range<usize>]) -> Result<Self, Problem> {
        let (mut text, mut faults, mut row) = (vec![b'['], BTreeMap::new(), Document::default());
        for (place, range) in rows.iter().enumerate() {
            if place > 0 {
                text.push(b',');
            }
            let given = &bytes[range.clone()];
            match row.read(given) {
                Ok(()) => text.extend_from_slice(given),
                Err(error) => {
                    let at = range.start.saturating_add(error.offset);
                    faults.insert(place, format!("row {} of its chunk is not JSON: {error} (byte {at})", place + 1));
                    let shown = without_surrogates(given);
                    text.extend_from_slice(if row.read(&shown).is_ok() { &shown } else { b"null" });
                }
            }
        }
        text.push(b']');
        Ok(Self { document: Document::parse(&text).map_err(Problem::internal)?, faults })
    }
}

/// Cuts an array into the places of its elements; none unless it is one, and closed.
fn cut(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    let first = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).filter(|first| bytes[*first] == b'[')?;
    let (mut rows, mut start) = (Vec::new(), first + 1);
    // The brackets that are open, by the one that closes each.
    let mut open = Vec::new();
    let (mut is_in_text, mut is_escaped) = (false, false);
    for (at, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_in_text => is_escaped = true,
            b'"' => is_in_text = !is_in_text,
            _ if is_in_text => {}
            b'[' => open.push(b']'),
            b'{' => open.push(b'}'),
            b',' if open.is_empty() => {
                rows.push(start..at);
                start = at + 1;
            }
            b']' if open.is_empty() => {
                rows.push(start..at);
                return bytes[at + 1..].trim_ascii().is_empty().then_some(rows);
            }
            b']' | b'}' if open.pop() != Some(*byte) => return None,
            _ => {}
        }
    }
    None
}

/// Replaces escapes of surrogates, alone or in pairs, so that the rest of a row can be shown.
fn without_surrogates(row: &[u8]) -> Vec<u8> {
    let mut shown = row.to_vec();
    for at in 0..shown.len().saturating_sub(5) {
        let is_surrogate = matches!(&shown[at..at + 4], [b'\\', b'u', b'd' | b'D', digit]
            if matches!(digit, b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F'));
        if is_surrogate {
            shown[at + 2..at + 6].copy_from_slice(b"fffd");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expect: &[(&str, Option<&str>)]) {
        let chunk = Chunk::read(bytes).unwrap();
        let rows: Vec<_> = chunk.rows().map(|(row, fault)| (row.raw(), fault)).collect();
        assert_eq!(rows, expect);
    }

    #[test]
    fn a_row_that_is_no_json_fails_alone() {
        check(b"[]", &[]);
        check(br#"[{"a":1},2]"#, &[(r#"{"a":1}"#, None), ("2", None)]);
        let half =
            "row 2 of its chunk is not JSON: half of a surrogate pair (\\ud800 to \\udfff alone is not a character)";
        let (at_14, at_8) = (format!("{half} (byte 14)"), format!("{half} (byte 8)"));
        check(
            br#" [{"a":1}, {"b\ud800":"],[\""} ,3] "#,
            &[(r#"{"a":1}"#, None), (r#"{"b\ufffd":"],[\""}"#, Some(&at_14)), ("3", None)],
        );
        check(br#"["\\", "\uDc00"]"#, &[(r#""\\""#, None), (r#""\ufffd""#, Some(&at_8))]);
        let number =
            "row 1 of its chunk is not JSON: NaN is not a JSON number; write null or leave the key out (byte 2)";
        check(b"[[NaN],{}]", &[("null", Some(number)), ("{}", None)]);
        let utf8 = "row 1 of its chunk is not JSON: bytes that are not UTF-8; convert the file to UTF-8 (byte 2)";
        check(b"[\"\xff\",4]", &[("null", Some(utf8)), ("4", None)]);
    }

    #[test]
    fn a_chunk_that_is_not_closed_is_none() {
        for bytes in [
            &b""[..],
            b"no JSON",
            b"{}",
            b"7",
            b"[{},",
            b"[{}",
            b"[\"]",
            b"[{]]",
            b"[[},1]",
            b"[NaN] x",
            b"[}",
            b"\xff",
        ] {
            assert!(Chunk::read(bytes).is_err(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
