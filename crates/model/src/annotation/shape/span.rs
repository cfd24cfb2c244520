//! Characters of texts and messages, and words of documents.

use crate::annotation::ReadError;
use crate::annotation::cursor::Cursor;
use crate::annotation::feature::write_list;
use crate::annotation::record::{self, Layout, Record, keeps_layout};
use crate::annotation::scalar::{Text, read_whole, write_whole};
use crate::json::ObjectWriter;

/// Characters of a text, counted in code points from 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Span<'a> {
    /// The first character.
    pub start: u64,
    /// The character after the last one. The stored form has the last one itself.
    pub end: u64,
    /// The characters, where they were stored with the span.
    pub token: Option<Text<'a>>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// The last character that a span may have.
const LARGEST: i64 = i64::MAX - 1;

/// Characters of a message of a conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageSpan<'a> {
    /// The message.
    pub message_id: Option<Text<'a>>,
    /// Which of its characters.
    pub span: Span<'a>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// Words of the text layer of a document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tokens<'a> {
    /// The words, by groups of the text layer.
    pub groups: Vec<TokenGroup<'a>>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// Words in one group of a text layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TokenGroup<'a> {
    /// The group.
    pub id: Option<Text<'a>>,
    /// The page, as it was imported: from 1.
    pub page_number: Option<i64>,
    /// The ids of the words.
    pub tokens: Option<Vec<Text<'a>>>,
    /// The words, separated by spaces.
    pub text: Option<Text<'a>>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

impl Span<'_> {
    /// Returns the last character, as formats need it that count both ends in; -1 for an empty span at the start.
    pub fn last(&self) -> i64 {
        // A span is read from numbers of this type.
        i64::try_from(self.end).unwrap_or(i64::MAX) - 1
    }
}

impl<'a> Record<'a> for Span<'a> {
    const KEYS: &'static [&'static str] = &["start", "end", "token"];
    const REQUIRED: u32 = 0b11;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        if key == 2 {
            return cursor.fill(&mut self.token, Text::read);
        }
        let number = read_whole(cursor)?;
        match (key, number) {
            (0, Some(start @ 0..)) => self.start = start.unsigned_abs(),
            // An empty span that begins at the first character ends before it.
            (1, Some(last @ -1..=LARGEST)) => self.end = (last + 1).unsigned_abs(),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        match key {
            0 => object.key("start").extend_from_slice(self.start.to_string().as_bytes()),
            1 => object.key("end").extend_from_slice(self.last().to_string().as_bytes()),
            _ => {
                if let Some(token) = &self.token {
                    token.write(object.key("token"));
                }
            }
        }
    }

    keeps_layout!();
}

impl<'a> Record<'a> for MessageSpan<'a> {
    const KEYS: &'static [&'static str] = &["message_id", "location"];
    const REQUIRED: u32 = 0b11;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        if key == 0 {
            return cursor.fill(&mut self.message_id, Text::read);
        }
        let Some(span) = record::read(cursor)? else { return Ok(false) };
        self.span = span;
        Ok(true)
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        match (key, &self.message_id) {
            (0, Some(id)) => id.write(object.key("message_id")),
            (0, None) => {}
            _ => record::write(&self.span, object.key("location")),
        }
    }

    keeps_layout!();
}

impl<'a> Record<'a> for Tokens<'a> {
    const KEYS: &'static [&'static str] = &["groups"];
    const REQUIRED: u32 = 0b1;

    fn read_member(&mut self, _: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        let Some(groups) = cursor.list(record::read)? else { return Ok(false) };
        self.groups = groups;
        Ok(true)
    }

    fn write_member(&self, _: usize, object: &mut ObjectWriter<'_>) {
        write_list(&self.groups, object.key("groups"), record::write);
    }

    keeps_layout!();
}

impl<'a> Record<'a> for TokenGroup<'a> {
    const KEYS: &'static [&'static str] = &["id", "page_number", "tokens", "text"];

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            0 => cursor.fill(&mut self.id, Text::read),
            1 => cursor.fill(&mut self.page_number, read_whole),
            2 => cursor.fill(&mut self.tokens, |cursor| cursor.list(Text::read)),
            _ => cursor.fill(&mut self.text, Text::read),
        }
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        if let (0, Some(id)) = (key, &self.id) {
            id.write(object.key("id"));
        }
        if let (1, Some(page)) = (key, self.page_number) {
            write_whole(page, object.key("page_number"));
        }
        if let (2, Some(tokens)) = (key, &self.tokens) {
            write_list(tokens, object.key("tokens"), Text::write);
        }
        if let (3, Some(text)) = (key, &self.text) {
            text.write(object.key("text"));
        }
    }

    keeps_layout!();
}
