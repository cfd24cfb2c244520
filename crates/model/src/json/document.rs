//! A scanned text and the values in it.

use super::error::JsonError;
use super::node::{Kind, Node};
use super::scan;
use super::string;
use std::borrow::Cow;

/// A JSON text in normal form with the offsets of its values. The node of a key is before that of its value.
#[derive(Debug, Default)]
pub struct Document {
    text: String,
    nodes: Vec<Node>,
}

impl Document {
    /// Scans a text.
    pub fn parse(input: &[u8]) -> Result<Self, JsonError> {
        let mut document = Self::default();
        document.read(input)?;
        Ok(document)
    }

    /// Scans a text into this document and reuses its memory. After an error the document is empty.
    pub fn read(&mut self, input: &[u8]) -> Result<(), JsonError> {
        let mut text = std::mem::take(&mut self.text).into_bytes();
        text.clear();
        self.nodes.clear();
        let outcome = scan::scan(input, &mut text, &mut self.nodes);
        if outcome.is_err() {
            text.clear();
            self.nodes.clear();
        }
        self.text = String::from_utf8(text).expect("the normal form is ASCII");
        outcome
    }

    /// Returns the outermost value. A text must have been read without error.
    pub fn root(&self) -> Value<'_> {
        Value { document: self, index: 0 }
    }

    /// Returns the text in normal form.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A value of a document.
#[derive(Debug, Clone, Copy)]
pub struct Value<'a> {
    document: &'a Document,
    index: u32,
}

impl<'a> Value<'a> {
    fn node(self) -> Node {
        self.document.nodes[self.index as usize]
    }

    /// Returns what the value is.
    pub fn kind(self) -> Kind {
        self.node().kind
    }

    /// Returns where the value began in the text that was scanned, in bytes.
    pub fn offset(self) -> usize {
        self.node().offset as usize
    }

    /// Returns the value's text in normal form.
    pub fn raw(self) -> &'a str {
        let node = self.node();
        &self.document.text()[node.start as usize..node.end as usize]
    }

    /// Returns the text of a string, or `None` for another kind.
    pub fn as_text(self) -> Option<Cow<'a, str>> {
        (self.kind() == Kind::String).then(|| string::unquote(self.raw()))
    }

    /// Returns a number as the nearest float, or `None` for another kind.
    pub fn as_f64(self) -> Option<f64> {
        if self.kind() == Kind::Number { self.raw().parse().ok() } else { None }
    }

    /// Returns a number that is spelled as a whole number of 64 bits, or `None`.
    pub fn as_i64(self) -> Option<i64> {
        if self.kind() == Kind::Number { self.raw().parse().ok() } else { None }
    }

    /// Returns the value of a key of an object, or `None` if there is no such key or the value is not an object.
    pub fn get(self, key: &str) -> Option<Value<'a>> {
        self.members().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// Lists the members of an object in order, keys without quotes and still escaped; empty for another kind.
    pub fn members(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let node = self.node();
        let end = if node.kind == Kind::Object { node.next } else { 0 };
        let document = self.document;
        let mut at = self.index + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let key = document.nodes[at as usize];
            let name = &document.text()[key.start as usize + 1..key.end as usize - 1];
            let value = Value { document, index: at + 1 };
            at = value.node().next;
            Some((name, value))
        })
    }

    /// Lists the elements of an array in order; empty for another kind.
    pub fn elements(self) -> impl Iterator<Item = Value<'a>> {
        let node = self.node();
        let end = if node.kind == Kind::Array { node.next } else { 0 };
        let document = self.document;
        let mut at = self.index + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let value = Value { document, index: at };
            at = value.node().next;
            Some(value)
        })
    }
}
