//! Stored sections of a record, parsed, or read where they are.

use labelport_model::json::{Document, find_member, inside, unquote};
use std::borrow::Cow;

/// Reads a section of a record. What is stored is JSON.
pub(super) fn parsed(section: &[u8]) -> Document {
    Document::parse(section).unwrap_or_default()
}

/// Reads members of a section.
pub(super) fn members(members: &[u8]) -> Document {
    parsed(&[b"{", members, b"}"].concat())
}

/// Takes what is stored as text. It is ASCII.
pub(super) fn text(stored: &[u8]) -> &str {
    std::str::from_utf8(stored).unwrap_or_default()
}

/// Returns the value of a key of a section that is an object, as JSON.
pub(super) fn member_of<'s>(section: Option<&'s [u8]>, key: &str) -> Option<&'s str> {
    find_member(inside(text(section?)), key)
}

/// Returns the text of a JSON string; nothing for a value of another kind.
pub(super) fn text_of(value: &str) -> Option<Cow<'_, str>> {
    value.starts_with('"').then(|| unquote(value))
}
