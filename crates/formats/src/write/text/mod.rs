//! What formats of texts have in common: the text of a row, what a label says about it, and how rows become documents.
//!
//! A document is the text of a row with one of its labels. The messages of a conversation are one text, each on a line of
//! its own. Places are counted in code points from 0, and an end is the character after the last one, as everywhere
//! outside this program.
//!
//! # Invariants
//! - Nothing is fetched. A text is in the row, or the workspace keeps it; else it is not at hand, and that is said.
//! - A span that is not within its text, that is empty, or whose characters are not those that were stored with it is
//!   never written as if it were right.
//!
//! # Adding a format of texts
//! A type that implements [`DocumentWriter`], and a [`Format`](super::Format) that opens a [`TextEncoder`] with it.

mod base;
mod content;
mod document;
mod encoder;
mod found;
#[cfg(test)]
pub(super) mod tests;
mod words;

pub(super) use base::{Base, LABELS, wanted};
pub(super) use content::{Content, is_url, message_text, stored_text};
pub(super) use document::Document;
pub(super) use encoder::{DocumentWriter, TextEncoder};
pub(super) use found::{Found, MOVED, Marked, What};
pub(super) use words::{Words, safe_word};
