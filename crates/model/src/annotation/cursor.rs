//! A position in a stored text, moved forward value by value.

use super::ReadError;
use crate::json::string_end;

/// Reads JSON in normal form from left to right without keeping anything.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    /// Whether something was kept as it came that may hold annotations.
    pub(super) has_unread: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, has_unread: false }
    }

    /// Returns how many bytes were taken.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Goes back to an offset that [`Cursor::at`] returned.
    pub(super) fn rewind(&mut self, at: usize) {
        self.at = at;
    }

    /// Returns the text from an offset up to the next byte.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Returns the next byte without taking it; 0 at the end, which no JSON text holds.
    pub(super) fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// Takes the next byte if it is this one.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == byte;
        self.at += usize::from(is_next);
        is_next
    }

    /// Takes the next byte, which must be this one.
    pub(super) fn expect(&mut self, byte: u8) -> Result<(), ReadError> {
        if self.take(byte) { Ok(()) } else { Err(self.error()) }
    }

    /// Fails if anything is left.
    pub(super) fn finish(&self) -> Result<(), ReadError> {
        if self.at == self.text.len() { Ok(()) } else { Err(self.error()) }
    }

    /// Takes a string and returns it with its quotes.
    pub(super) fn string(&mut self) -> Result<&'a str, ReadError> {
        let start = self.at;
        if self.peek() != b'"' {
            return Err(self.error());
        }
        let end = string_end(self.text.as_bytes(), start);
        self.at = end.unwrap_or(self.text.len());
        if end.is_some() { Ok(self.since(start)) } else { Err(self.error()) }
    }

    /// Takes a key and its colon; returns the key without quotes.
    pub(super) fn key(&mut self) -> Result<&'a str, ReadError> {
        let quoted = self.string()?;
        self.expect(b':')?;
        Ok(inner(quoted))
    }

    /// Takes a number and returns its text; nothing if the next value is of another kind.
    pub(super) fn number(&mut self) -> Option<&'a str> {
        if !matches!(self.peek(), b'-' | b'0'..=b'9') {
            return None;
        }
        let start = self.at;
        while matches!(self.peek(), b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9') {
            self.at += 1;
        }
        Some(self.since(start))
    }

    /// Takes a value of any kind and returns its text.
    pub(super) fn skip(&mut self) -> Result<&'a str, ReadError> {
        let start = self.at;
        let mut depth = 0_u32;
        loop {
            match self.peek() {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    self.at += 1;
                    depth += 1;
                }
                b'}' | b']' if depth > 0 => {
                    self.at += 1;
                    depth -= 1;
                }
                b',' | b':' if depth > 0 => self.at += 1,
                _ => {
                    let word = self.at;
                    while matches!(self.peek(), b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E') {
                        self.at += 1;
                    }
                    if self.at == word {
                        return Err(self.error());
                    }
                }
            }
            if depth == 0 {
                return Ok(self.since(start));
            }
        }
    }

    /// Reads a value into a place. Returns whether it was of the kind that `read` reads.
    pub(super) fn fill<T>(
        &mut self,
        place: &mut Option<T>,
        read: impl Fn(&mut Self) -> Result<Option<T>, ReadError>,
    ) -> Result<bool, ReadError> {
        *place = read(self)?;
        Ok(place.is_some())
    }

    /// Reads an array whose elements are all of the kind that `read` reads; nothing if it is something else.
    pub(super) fn list<T>(
        &mut self,
        read: impl Fn(&mut Self) -> Result<Option<T>, ReadError>,
    ) -> Result<Option<Vec<T>>, ReadError> {
        let mut list = Vec::new();
        if !self.take(b'[') {
            return Ok(None);
        }
        if self.take(b']') {
            return Ok(Some(list));
        }
        loop {
            let Some(element) = read(self)? else { return Ok(None) };
            list.push(element);
            if self.take(b']') {
                return Ok(Some(list));
            }
            self.expect(b',')?;
        }
    }

    /// Lists the members of an object; none for a value of another kind.
    pub(super) fn members(&mut self) -> Result<Vec<Member<'a>>, ReadError> {
        let mut members = Vec::new();
        if !self.take(b'{') || self.take(b'}') {
            return Ok(members);
        }
        loop {
            let key = self.key()?;
            let start = self.at;
            let value = self.skip()?;
            members.push((key, (start, self.at), value));
            if self.take(b'}') {
                return Ok(members);
            }
            self.expect(b',')?;
        }
    }

    pub(super) fn error(&self) -> ReadError {
        ReadError { offset: self.at.min(self.text.len()) }
    }
}

/// A member of an object: its key without quotes, the start and end offsets of its value, and its value.
pub(super) type Member<'a> = (&'a str, (usize, usize), &'a str);

/// Returns a string without its quotes.
pub(super) fn inner(quoted: &str) -> &str {
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_are_skipped_whole() {
        for value in ["null", "-1.5e-3", "true", r#""a\"]}""#, r#"{"a":[1,{"b":"}"}],"c":{}}"#, "[]", r#""\\""#] {
            let text = format!("{value},1");
            let mut cursor = Cursor::new(&text);
            assert_eq!(cursor.skip().unwrap(), value);
            assert_eq!(cursor.peek(), b',');
        }
    }

    #[test]
    fn a_text_that_is_cut_off_is_an_error_at_its_end() {
        let text = r#"{"a":[1,{"b":"\"c"}],"d":null}"#;
        for end in 0..text.len() {
            let error = Cursor::new(&text[..end]).skip().unwrap_err();
            assert_eq!(error.offset, end, "{}", &text[..end]);
        }
    }
}
