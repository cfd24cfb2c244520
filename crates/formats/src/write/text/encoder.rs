//! Rows to documents: which labels are written, what becomes of the others, and the lists that every package has.

use super::base::{Base, LOSSES_STREAM, ROWS_STREAM};
use super::content::Content;
use super::document::Document;
use super::found::Found;
use crate::write::annotations::for_each;
use crate::write::chosen::{Predictions, Rank, is_skipped, label_id};
use crate::write::naming::{FURTHER, Name};
use crate::write::row_list::{self, Listed, ROWS};
use crate::write::settled::{Fate, LOSSES, Origin, settle};
use crate::write::split_by::{NO_VALUE, PART};
use crate::write::stored::members;
use crate::write::{Encoder, Entries, Numbers};
use labelport_model::json::Value;
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, Record};

/// What is said of documents that do not say what they seem to say.
const NO_LABEL: &str = "it has no label, and its document says that nothing is marked";
const NO_PREDICTION: &str = "it has no prediction, and its document says that nothing is marked";
const SKIPPED: &str = "its label was skipped, and its document says that nothing is marked";

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

    /// Lists what of a label must be known before the first row is written: see [`Encoder::values`].
    fn values(&self, _: &LabelRecord<'_>, _: &mut Vec<String>) {}

    /// Writes what comes before the first document.
    fn start(&self, base: &Base<'_>, entries: &mut Entries<'_>);

    /// Returns the path of the file in which a document is.
    fn path(&self, document: &Document<'_>) -> String;

    /// Decides what becomes of what a label says, and writes the document. In a survey nothing need be written.
    fn write(&self, base: &Base<'_>, document: &Document<'_>, found: &mut Found, entries: &mut Entries<'_>);
}

/// Writes rows as documents.
pub(in crate::write) struct TextEncoder<'f, W> {
    base: Base<'f>,
    writer: W,
}

impl<'f, W: DocumentWriter> TextEncoder<'f, W> {
    pub(in crate::write) fn new(base: Base<'f>, writer: W) -> Self {
        Self { base, writer }
    }

    /// Reads the text of a row. Fails with a clause for a row that has no document.
    fn content(&self, head: Value<'_>, record: &Record<'_>) -> Result<Content, &'static str> {
        let content = self.base.content(head, record.media)?;
        match content.letters {
            Err(why) if !self.writer.holds_missing() => Err(why),
            _ => Ok(content),
        }
    }
}

impl<W: DocumentWriter> Encoder for TextEncoder<'_, W> {
    fn streams(&self) -> Vec<String> {
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(self.writer.streams(&self.base)).collect()
    }

    fn makes_files(&self) -> bool {
        self.writer.makes_files()
    }

    fn start(&self, entries: &mut Entries<'_>) {
        row_list::start(ROWS_STREAM, entries);
        self.base.entities.say_renamed(entries);
        self.base.relations.say_renamed(entries);
        self.base.split.say_renamed(entries);
        self.writer.start(&self.base, entries);
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        let head = members(record.head);
        self.base.wanted_name(head.root()).filter(|_| self.writer.makes_files())
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        let mut values: Vec<String> =
            self.base.split.value(record).into_iter().map(|value| format!("{PART}:{value}")).collect();
        if self.writer.has_values() {
            let chosen = self.base.chooser.choose(record).into_iter().filter(|choice| choice.verdict.is_ok());
            chosen.for_each(|choice| self.writer.values(choice.label, &mut values));
        }
        // A row without a document is in no part.
        let head = members(record.head);
        if !values.is_empty() && self.content(head.root(), record).is_err() {
            values.clear();
        }
        values
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        let head = members(record.head);
        let head = head.root();
        let row_id = head.get("id").and_then(Value::as_text).unwrap_or_default();
        let content = self.content(head, record);
        let mut row = Row {
            encoder: self,
            head,
            row_id: &row_id,
            name: self.base.name(head),
            part: self.base.split.part(&row_id, record),
            documents: 0,
        };
        for choice in self.base.chooser.choose(record) {
            match (&content, choice.verdict) {
                (Err(reason), _) => row.leave_out(choice.label, reason, entries),
                (Ok(_), Err(reason)) => row.leave_out(choice.label, reason, entries),
                (Ok(content), Ok(rank)) => row.label(content, choice.label, rank, entries),
            }
        }
        let content = match content {
            Ok(content) => content,
            Err(reason) => {
                entries.losses.add("row", Outcome::LeftOut, reason, 1);
                return row_list::write(head, None, ROWS_STREAM, entries);
            }
        };
        if row.documents == 0 {
            let takes_labels = self.base.chooser.predictions == Predictions::No;
            let reason = if takes_labels { NO_LABEL } else { NO_PREDICTION };
            entries.losses.add("row", Outcome::Kept, reason, 1);
            let stem = row.name.stem.clone();
            row.document(&content, &stem, "", &mut Found::default(), entries);
        }
        if let Err(why) = content.letters {
            entries.losses.add("row", Outcome::Kept, &format!("{why}, and null is written in place of it"), 1);
        }
        let is_unassigned = self.base.split.value(record).is_some_and(|value| value.is_empty());
        entries.losses.add("row", Outcome::Kept, NO_VALUE, u64::from(is_unassigned));
    }
}

/// A row that is written, label by label.
struct Row<'r, 'f, W> {
    encoder: &'r TextEncoder<'f, W>,
    head: Value<'r>,
    row_id: &'r str,
    name: Name,
    part: &'r str,
    /// How many documents were written.
    documents: usize,
}

impl<W: DocumentWriter> Row<'_, '_, W> {
    /// Settles a label of which nothing is written.
    fn leave_out(&self, label: &LabelRecord<'_>, reason: &'static str, entries: &mut Entries<'_>) {
        let id = label_id(label);
        let origin = Origin { data_row_id: self.row_id, label_id: &id };
        for_each(label.annotations, entries, &mut |annotation, entries| {
            let target = (LOSSES_STREAM, entries);
            settle(annotation, Fate::left_out(reason), &origin, &self.encoder.base.classes, target);
        });
    }

    fn label(&mut self, content: &Content, label: &LabelRecord<'_>, rank: Rank, entries: &mut Entries<'_>) {
        let id = label_id(label);
        let stem = match rank {
            Rank::First => self.name.stem.clone(),
            Rank::Further => format!("{}{FURTHER}{id}", self.name.stem),
        };
        let base = &self.encoder.base;
        let mut found = Found::read(base, content, label, entries);
        self.document(content, &stem, &id, &mut found, entries);
        let origin = Origin { data_row_id: self.row_id, label_id: &id };
        found.settle(base, label, &origin, (LOSSES_STREAM, entries));
        if is_skipped(label) {
            entries.losses.add("row", Outcome::Kept, SKIPPED, 1);
        }
    }

    fn document(
        &mut self,
        content: &Content,
        stem: &str,
        label_id: &str,
        found: &mut Found,
        entries: &mut Entries<'_>,
    ) {
        self.documents += 1;
        let document = Document { head: self.head, row_id: self.row_id, label_id, content, part: self.part, stem };
        self.encoder.writer.write(&self.encoder.base, &document, found, entries);
        if !entries.is_survey {
            let file = self.encoder.writer.path(&document);
            let listed = Listed { part: self.part, file: &file, label_id };
            row_list::write(self.head, Some(&listed), ROWS_STREAM, entries);
        }
    }
}
