//! Rows to documents.

use super::base::Base;
use super::content::Content;
use super::document::Document;
use super::found::Found;
use crate::write::Entries;
use crate::write::by_label::{ByLabel, LOSSES_STREAM, LabelWriter, Piece, Said, Setup, Written};
use crate::write::settled::Origin;
use labelport_model::json::Value;
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, Record};

/// How a format writes documents.
pub(in crate::write) trait DocumentWriter: Sync {
    /// Lists the paths of its streams.
    fn streams(&self, base: &Base<'_>) -> Vec<String>;

    /// Returns whether it writes files for single documents, with names.
    fn makes_files(&self) -> bool {
        false
    }

    /// Returns whether it has a place for a document whose text is not at hand.
    fn holds_missing(&self) -> bool {
        false
    }

    /// Returns whether something of labels must be known before the first row is written.
    fn has_values(&self) -> bool {
        false
    }

    /// Lists what of a label must be known before the first row is written: see
    /// [`Encoder::values`](crate::write::Encoder::values).
    fn values(&self, _: &LabelRecord<'_>, _: &mut Vec<String>) {}

    /// Writes what comes before the first document.
    fn start(&self, base: &Base<'_>, entries: &mut Entries<'_>);

    /// Returns the path of the file in which a document is.
    fn path(&self, document: &Document<'_>) -> String;

    /// Decides what becomes of what a label says, and writes the document. In a survey nothing need be written.
    fn write(&self, base: &Base<'_>, document: &Document<'_>, found: &mut Found, entries: &mut Entries<'_>);
}

/// Writes rows as documents.
pub(in crate::write) type TextEncoder<'f, W> = ByLabel<Documents<'f, W>>;

/// What writes them.
pub(in crate::write) struct Documents<'f, W> {
    base: Base<'f>,
    writer: W,
}

impl<'f, W: DocumentWriter> TextEncoder<'f, W> {
    pub(in crate::write) fn new(base: Base<'f>, writer: W) -> Self {
        Self(Documents { base, writer })
    }
}

impl<W: DocumentWriter> LabelWriter for Documents<'_, W> {
    type Subject = Content;

    const SAID: Said = Said {
        no_label: "it has no label, and its document says that nothing is marked",
        no_prediction: "it has no prediction, and its document says that nothing is marked",
        skipped: "its label was skipped, and its document says that nothing is marked",
    };

    fn setup(&self) -> &Setup<'_> {
        &self.base.setup
    }

    fn streams(&self) -> Vec<String> {
        self.writer.streams(&self.base)
    }

    fn makes_files(&self) -> bool {
        self.writer.makes_files()
    }

    fn start(&self, entries: &mut Entries<'_>) {
        self.base.entities.say_renamed(entries);
        self.base.relations.say_renamed(entries);
        self.writer.start(&self.base, entries);
    }

    fn subject(&self, head: Value<'_>, record: &Record<'_>) -> Result<Content, &'static str> {
        let content = self.base.content(head, record.media)?;
        match content.letters {
            Err(why) if !self.writer.holds_missing() => Err(why),
            _ => Ok(content),
        }
    }

    fn has_values(&self) -> bool {
        self.writer.has_values()
    }

    fn values(&self, _: &Content, label: &LabelRecord<'_>, values: &mut Vec<String>) {
        self.writer.values(label, values);
    }

    fn once(&self, piece: &Piece<'_, Content>, entries: &mut Entries<'_>) {
        if let Err(why) = piece.subject.letters {
            entries.losses.add("row", Outcome::Kept, &format!("{why}, and null is written in place of it"), 1);
        }
    }

    fn write(&self, piece: &Piece<'_, Content>, entries: &mut Entries<'_>) -> Result<Written, &'static str> {
        let Piece { head, row_id, label_id, subject: content, part, stem, .. } = *piece;
        let document = Document { head, row_id, label_id, content, part, stem };
        let mut found = piece.label.map(|label| Found::read(&self.base, content, label, entries)).unwrap_or_default();
        self.writer.write(&self.base, &document, &mut found, entries);
        if let Some(label) = piece.label {
            let origin = Origin { data_row_id: row_id, label_id };
            found.settle(&self.base, label, &origin, (LOSSES_STREAM, entries));
        }
        Ok(Written { file: self.writer.path(&document), lines: 1 })
    }
}
