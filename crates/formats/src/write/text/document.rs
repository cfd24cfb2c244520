//! A document: the text of a row with one of its labels, or with none.

use super::content::Content;
use labelport_model::json::Value;

/// A document on its way into a file.
pub(in crate::write) struct Document<'d> {
    /// `data_row`.
    pub(in crate::write) head: Value<'d>,
    pub(in crate::write) row_id: &'d str,
    /// The label that is written; empty where there is none.
    pub(in crate::write) label_id: &'d str,
    pub(in crate::write) content: &'d Content,
    /// The part of the split.
    pub(in crate::write) part: &'d str,
    /// What files of the document are named, without a folder and an extension.
    pub(in crate::write) stem: &'d str,
}

impl Document<'_> {
    /// Returns the text; empty where it is not at hand.
    pub(in crate::write) fn text(&self) -> &str {
        self.content.letters.as_ref().map_or("", |letters| letters.text())
    }

    /// Returns some of its characters.
    pub(in crate::write) fn get(&self, start: u64, end: u64) -> &str {
        self.content.get(start, end)
    }
}
