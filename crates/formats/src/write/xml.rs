//! XML 1.0: elements, attributes and texts, escaped.
//!
//! An element stands on a line of its own, two spaces further in than the one around it. Numbers are the shortest that
//! read back as the same number.
//!
//! # Invariants
//! - Whatever a name or a text holds, the document is well-formed: characters that XML has no way to write become U+FFFD.
//!   [`is_held`] says beforehand whether there are such.
//! - A line break, a tab and a carriage return are read back as they are, also from attributes.

use super::attributes::{Attributes, Value};
use super::digits;
use super::settled::Fate;
use std::borrow::Cow;

/// What a document begins with.
pub(super) const DECLARATION: &[u8] = b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

/// An element that is being written: first its attributes, then what it holds.
pub(super) struct Element<'o> {
    name: &'static str,
    depth: usize,
    out: &'o mut Vec<u8>,
}

impl<'o> Element<'o> {
    /// Begins an element with so many others around it.
    pub(super) fn open(name: &'static str, depth: usize, out: &'o mut Vec<u8>) -> Self {
        indent(depth, out);
        out.push(b'<');
        out.extend_from_slice(name.as_bytes());
        Self { name, depth, out }
    }

    /// Writes an attribute.
    pub(super) fn attribute(&mut self, name: &str, value: &str) {
        self.open_attribute(name);
        escape_into(value, self.out);
        self.out.push(b'"');
    }

    /// Writes an attribute that is a finite number.
    pub(super) fn number(&mut self, name: &str, value: f64) {
        self.open_attribute(name);
        digits::write(value, self.out);
        self.out.push(b'"');
    }

    /// Writes an attribute of finite numbers: `x,y;x,y`.
    pub(super) fn points(&mut self, name: &str, points: &[(f64, f64)]) {
        self.open_attribute(name);
        for (index, (x, y)) in points.iter().enumerate() {
            if index > 0 {
                self.out.push(b';');
            }
            digits::write(*x, self.out);
            self.out.push(b',');
            digits::write(*y, self.out);
        }
        self.out.push(b'"');
    }

    fn open_attribute(&mut self, name: &str) {
        self.out.push(b' ');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"=\"");
    }

    /// Ends an element that holds nothing.
    pub(super) fn close(self) {
        self.out.extend_from_slice(b"/>\n");
    }

    /// Ends an element that holds a text.
    pub(super) fn text(self, text: &str) {
        self.out.push(b'>');
        escape_into(text, self.out);
        self.end();
    }

    /// Ends an element that holds what `write` writes; nothing if that is nothing.
    pub(super) fn holding(self, write: impl FnOnce(usize, &mut Vec<u8>)) {
        let start = self.out.len();
        self.out.extend_from_slice(b">\n");
        write(self.depth + 1, self.out);
        if self.out.len() == start + 2 {
            self.out.truncate(start);
            return self.close();
        }
        indent(self.depth, self.out);
        self.end();
    }

    fn end(self) {
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(self.name.as_bytes());
        self.out.extend_from_slice(b">\n");
    }
}

/// Writes an element without attributes that holds a text.
pub(super) fn leaf(name: &'static str, text: &str, depth: usize, out: &mut Vec<u8>) {
    Element::open(name, depth, out).text(text);
}

/// How an answer is reduced that XML cannot hold.
const ODD_CHARACTERS: &str = "to a text in which U+FFFD stands for characters that XML cannot hold";

/// Lists what became of answers that are written as attributes.
pub(super) fn fates_of(attributes: &Attributes) -> impl Iterator<Item = Fate> {
    attributes.iter().map(|(name, value, fate)| {
        let is_whole = match value {
            Value::None => true,
            Value::One(text) | Value::Text(text) => is_held(text),
            Value::Several(texts) => texts.iter().all(|text| is_held(text)),
        };
        if fate == Fate::KEPT && !(is_whole && is_held(name)) { Fate::reduced(ODD_CHARACTERS) } else { fate }
    })
}

/// Returns a text as XML holds it.
pub(super) fn held(text: &str) -> Cow<'_, str> {
    if is_held(text) {
        return Cow::Borrowed(text);
    }
    let held = text.chars().map(|letter| if is_character(letter) { letter } else { char::REPLACEMENT_CHARACTER });
    Cow::Owned(held.collect())
}

/// Returns whether XML can hold a text as it is.
pub(super) fn is_held(text: &str) -> bool {
    text.chars().all(is_character)
}

fn is_character(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

fn indent(depth: usize, out: &mut Vec<u8>) {
    out.extend(std::iter::repeat_n(b' ', 2 * depth));
}

fn escape_into(text: &str, out: &mut Vec<u8>) {
    for letter in text.chars() {
        match letter {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            // Readers make spaces of these in attributes, and line feeds of carriage returns.
            '\t' => out.extend_from_slice(b"&#9;"),
            '\n' => out.extend_from_slice(b"&#10;"),
            '\r' => out.extend_from_slice(b"&#13;"),
            letter => {
                let letter = if is_character(letter) { letter } else { char::REPLACEMENT_CHARACTER };
                out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &str) {
        let mut out = Vec::new();
        escape_into(text, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn texts_are_escaped_for_attributes_and_elements() {
        check("a & b", "a &amp; b");
        check("<x> \"y\" -->", "&lt;x&gt; &quot;y&quot; --&gt;");
        check("one\r\n\ttwo", "one&#13;&#10;&#9;two");
        check("é ø 🚂 ]]>", "é ø 🚂 ]]&gt;");
        check("\0\u{b}\u{ffff}\u{7f}", "\u{fffd}\u{fffd}\u{fffd}\u{7f}");
    }

    #[test]
    fn what_xml_cannot_hold_is_known_beforehand() {
        assert!(is_held("a\tb\r\n é 🚂 \u{85}"));
        for text in ["\0", "a\u{b}", "\u{1b}[0m", "\u{fffe}", "\u{ffff}"] {
            assert!(!is_held(text), "{text:?}");
        }
    }

    #[test]
    fn elements_stand_on_lines_of_their_own() {
        let mut out = Vec::new();
        let mut outer = Element::open("outer", 0, &mut out);
        outer.attribute("name", "a \"b\"");
        outer.holding(|depth, out| {
            let mut inner = Element::open("inner", depth, out);
            inner.number("x", 0.1);
            inner.points("points", &[(1.0, 2.5), (3.0, -4.0)]);
            inner.close();
            leaf("text", "<", depth, out);
            Element::open("empty", depth, out).holding(|_, _| {});
        });
        let expect = "<outer name=\"a &quot;b&quot;\">\n  <inner x=\"0.1\" points=\"1,2.5;3,-4\"/>\n  \
                      <text>&lt;</text>\n  <empty/>\n</outer>\n";
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }
}
