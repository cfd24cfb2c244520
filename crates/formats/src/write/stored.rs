//! Stored sections of a record, parsed.

use labelport_model::json::Document;

/// Reads a section of a record. What is stored is JSON.
pub(super) fn parsed(section: &[u8]) -> Document {
    Document::parse(section).unwrap_or_default()
}

/// Reads members of a section.
pub(super) fn members(members: &[u8]) -> Document {
    parsed(&[b"{", members, b"}"].concat())
}
