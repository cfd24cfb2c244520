//! Rows to what is written of them, label by label, for formats that hold no pictures: which labels are written, what
//! becomes of the others, and the two lists that every package has.
//!
//! # Invariants
//! - Every row has a line in `rows.csv`: one for each label that is written, or one with empty cells.
//! - A label that is not written is settled here, one that is by its [`LabelWriter`].
//!
//! # Adding a format
//! A type that implements [`LabelWriter`], which a [`Format`](super::Format) opens in a [`ByLabel`].

use super::annotations::for_each;
use super::chosen::{Chooser, Chosen, Predictions, Rank, is_skipped, label_id};
use super::naming::{self, FURTHER, NAMES, Name, naming_apart};
use super::row_list::{self, Listed, ROWS};
use super::settled::{Classes, Fate, LOSSES, Origin, settle};
use super::split::Split;
use super::split_by::{NO_VALUE, PART};
use super::stored::members;
use super::{About, Encoder, Entries, FormatOption, Numbers, OpenError};
use labelport_model::json::Value;
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, Record};
use std::collections::HashSet;

/// The streams that every package has; those of the writer follow.
const ROWS_STREAM: usize = 0;
pub(super) const LOSSES_STREAM: usize = 1;
/// The first stream of the writer: that of the first part, where each has one.
const OWN_STREAM: usize = 2;

/// The option by which labels are chosen: that of all formats, in the words of those that write a file for each label.
pub(super) static LABELS: FormatOption = FormatOption {
    name: "labels",
    summary: "Which label of a row: the selected one, else the benchmark, else the one with the highest consensus score, \
              else the newest; or the newest; or the benchmark; or each of them, with a file of its own.",
    values: &["best", "latest", "benchmark", "all"],
    form: None,
};

/// What is known before the first row.
pub(super) struct Setup<'f> {
    pub(super) chooser: Chooser,
    pub(super) split: Split,
    pub(super) classes: Classes<'f>,
    naming: &'f str,
    shared_names: &'f HashSet<u64>,
}

impl<'f> Setup<'f> {
    /// Reads the options, which have been checked.
    pub(super) fn of(about: &'f About<'f>) -> Result<Self, OpenError> {
        Ok(Self {
            chooser: Chooser::of(about)?,
            split: Split::of(about)?,
            classes: Classes::of(about),
            naming: about.option(&NAMES),
            shared_names: &about.shared_names,
        })
    }

    /// Returns the stream of a part, for a format that has one for each.
    pub(super) fn stream_of(&self, part: &str) -> usize {
        OWN_STREAM + self.split.place(part)
    }

    fn naming_of(&self, head: Value<'_>) -> &'f str {
        if self.chooser.chosen == Chosen::All && naming_apart(self.naming, head) == "id" { "id" } else { self.naming }
    }
}

/// What is said of rows of which little is written.
pub(super) struct Said {
    /// Of a row without a label.
    pub(super) no_label: &'static str,
    /// Of a row without a prediction, where predictions are written.
    pub(super) no_prediction: &'static str,
    /// Of a row whose label was skipped.
    pub(super) skipped: &'static str,
}

/// A row with one of its labels, or with none.
pub(super) struct Piece<'p, S> {
    /// `data_row`.
    pub(super) head: Value<'p>,
    pub(super) row_id: &'p str,
    pub(super) label: Option<&'p LabelRecord<'p>>,
    /// Empty where there is no label.
    pub(super) label_id: &'p str,
    /// What the row is.
    pub(super) subject: &'p S,
    /// The part of the split.
    pub(super) part: &'p str,
    /// What files of the piece are named, without a folder and an extension.
    pub(super) stem: &'p str,
    /// The extension of the asset, with its dot; empty where it is not known.
    pub(super) extension: &'p str,
}

/// Where something was written.
pub(super) struct Written {
    pub(super) file: String,
    /// How many lines of the list it has: one, or one for each line of a file of lines.
    pub(super) lines: usize,
}

/// How a format writes rows.
pub(super) trait LabelWriter: Sync {
    /// What a row is, read once for all of its labels.
    type Subject;

    /// What is said of rows of which little is written.
    const SAID: Said;

    /// Returns what is known before the first row.
    fn setup(&self) -> &Setup<'_>;

    /// Lists the paths of its streams: those of the parts first, if there are such.
    fn streams(&self) -> Vec<String>;

    /// Returns whether it writes files with names of their own.
    fn makes_files(&self) -> bool {
        false
    }

    /// Writes what comes before the first row.
    fn start(&self, _: &mut Entries<'_>) {}

    /// Reads what a row is. Fails with a clause for a row of which nothing can be written.
    fn subject(&self, head: Value<'_>, record: &Record<'_>) -> Result<Self::Subject, &'static str>;

    /// Returns whether something of labels must be known before the first row is written.
    fn has_values(&self) -> bool {
        false
    }

    /// Lists what of a label must be known before the first row is written: see [`Encoder::values`].
    fn values(&self, _: &Self::Subject, _: &LabelRecord<'_>, _: &mut Vec<String>) {}

    /// Says and writes what there is once for a row of which something was written: `piece` has no label.
    fn once(&self, _piece: &Piece<'_, Self::Subject>, _: &mut Entries<'_>) {}

    /// Writes a row with one of its labels, and settles the annotations of that. In a survey nothing need be written. Fails
    /// with a clause where there is nothing to write.
    fn write(&self, piece: &Piece<'_, Self::Subject>, entries: &mut Entries<'_>) -> Result<Written, &'static str>;
}

/// Writes rows label by label.
pub(super) struct ByLabel<W>(pub(super) W);

impl<W: LabelWriter> Encoder for ByLabel<W> {
    fn streams(&self) -> Vec<String> {
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(self.0.streams()).collect()
    }

    fn makes_files(&self) -> bool {
        self.0.makes_files()
    }

    fn start(&self, entries: &mut Entries<'_>) {
        row_list::start(ROWS_STREAM, entries);
        self.0.start(entries);
        self.0.setup().split.say_renamed(entries);
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        let (head, setup) = (members(record.head), self.0.setup());
        let wanted = naming::wanted(setup.naming_of(head.root()), head.root());
        wanted.map(|name| name.stem).filter(|_| self.0.makes_files())
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        let (head, setup) = (members(record.head), self.0.setup());
        let part = setup.split.value(record).map(|value| format!("{PART}:{value}"));
        if part.is_none() && !self.0.has_values() {
            return Vec::new();
        }
        // A row of which nothing is written is in no part.
        let Ok(subject) = self.0.subject(head.root(), record) else { return Vec::new() };
        let mut values: Vec<String> = part.into_iter().collect();
        let chosen = setup.chooser.choose(record).into_iter().filter(|choice| choice.verdict.is_ok());
        chosen.for_each(|choice| self.0.values(&subject, choice.label, &mut values));
        values
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        let (head, setup) = (members(record.head), self.0.setup());
        let head = head.root();
        let row_id = head.get("id").and_then(Value::as_text).unwrap_or_default();
        let subject = self.0.subject(head, record);
        let row = Row {
            writer: &self.0,
            head,
            row_id: &row_id,
            name: naming::name(setup.naming_of(head), head, setup.shared_names),
            part: setup.split.part(&row_id, record),
        };
        let (mut has_label, mut is_written) = (false, false);
        for choice in setup.chooser.choose(record) {
            match (subject.as_ref(), choice.verdict) {
                (Err(&reason), _) | (Ok(_), Err(reason)) => row.leave_out(choice.label, reason, entries),
                (Ok(subject), Ok(rank)) => {
                    has_label = true;
                    is_written |= row.label(subject, choice.label, rank, entries);
                }
            }
        }
        let subject = match subject {
            Ok(subject) => subject,
            Err(reason) => {
                entries.losses.add("row", Outcome::LeftOut, reason, 1);
                return row_list::write(head, None, ROWS_STREAM, entries);
            }
        };
        if !has_label {
            is_written = row.without_label(&subject, entries);
        }
        if !is_written {
            return;
        }
        self.0.once(&row.piece(&subject, &row.name.stem, None), entries);
        let is_unassigned = setup.split.value(record).is_some_and(|value| value.is_empty());
        entries.losses.add("row", Outcome::Kept, NO_VALUE, u64::from(is_unassigned));
    }
}

/// A row that is written.
struct Row<'r, W> {
    writer: &'r W,
    head: Value<'r>,
    row_id: &'r str,
    name: Name,
    part: &'r str,
}

impl<W: LabelWriter> Row<'_, W> {
    /// Settles a label of which nothing is written.
    fn leave_out(&self, label: &LabelRecord<'_>, reason: &'static str, entries: &mut Entries<'_>) {
        let id = label_id(label);
        let origin = Origin { data_row_id: self.row_id, label_id: &id };
        let classes = &self.writer.setup().classes;
        for_each(label.annotations, entries, &mut |annotation, entries| {
            settle(annotation, Fate::left_out(reason), &origin, classes, (LOSSES_STREAM, entries));
        });
    }

    /// Writes a label. Returns whether there was something to write.
    fn label(&self, subject: &W::Subject, label: &LabelRecord<'_>, rank: Rank, entries: &mut Entries<'_>) -> bool {
        let id = label_id(label);
        let stem = match rank {
            Rank::First => self.name.stem.clone(),
            Rank::Further => format!("{}{FURTHER}{id}", self.name.stem),
        };
        let is_written = self.write(subject, &stem, Some((label, &id)), entries);
        let why = if is_skipped(label) { W::SAID.skipped } else { "" };
        entries.losses.add("row", Outcome::Kept, why, u64::from(is_written && !why.is_empty()));
        is_written
    }

    /// Writes the row without a label. Returns whether there was something to write.
    fn without_label(&self, subject: &W::Subject, entries: &mut Entries<'_>) -> bool {
        let takes_labels = self.writer.setup().chooser.predictions == Predictions::No;
        let why = if takes_labels { W::SAID.no_label } else { W::SAID.no_prediction };
        let is_written = self.write(subject, &self.name.stem, None, entries);
        entries.losses.add("row", Outcome::Kept, why, u64::from(is_written));
        is_written
    }

    fn piece<'p>(
        &'p self,
        subject: &'p W::Subject,
        stem: &'p str,
        label: Option<(&'p LabelRecord<'p>, &'p str)>,
    ) -> Piece<'p, W::Subject> {
        Piece {
            head: self.head,
            row_id: self.row_id,
            label: label.map(|(label, _)| label),
            label_id: label.map_or("", |(_, id)| id),
            subject,
            part: self.part,
            stem,
            extension: &self.name.extension,
        }
    }

    /// Writes the row with a label, and its lines of the list. Returns whether there was something to write.
    fn write(
        &self,
        subject: &W::Subject,
        stem: &str,
        label: Option<(&LabelRecord<'_>, &str)>,
        entries: &mut Entries<'_>,
    ) -> bool {
        let label_id = label.map_or("", |(_, id)| id);
        let written = self.writer.write(&self.piece(subject, stem, label), entries);
        if let Err(reason) = &written {
            entries.losses.add("row", Outcome::LeftOut, reason, 1);
        }
        if !entries.is_survey {
            let listed =
                written.as_ref().ok().map(|at| (Listed { part: self.part, file: &at.file, label_id }, at.lines));
            let lines = listed.as_ref().map_or(1, |(_, lines)| *lines);
            let listed = listed.map(|(listed, _)| listed);
            (0..lines).for_each(|_| row_list::write(self.head, listed.as_ref(), ROWS_STREAM, entries));
        }
        written.is_ok()
    }
}
