//! Rows on their way into files with pictures: which labels are written, what files are called, which part they are in.
//!
//! A row is one [`Picture`]: an image or a video. Where each label is written ([`Chosen::All`]), a further label has a
//! picture of its own, after whose name its id stands.

use super::row_list::{self, Listed};
use super::size::{Kind, Size, TURNED};
use crate::write::annotations::for_each;
use crate::write::chosen::{Chooser, Chosen, PREDICTIONS, Predictions, Rank, label_id};
use crate::write::naming::{self, FURTHER, NAMES, Name, naming_apart};
use crate::write::settled::{Classes, Fate, Origin, settle};
use crate::write::split::Split;
use crate::write::split_by::{ByValue, NO_VALUE, PART, SPLIT_BY};
use crate::write::stored::members;
use crate::write::{About, Entries, OpenError, Options, Pictures, Wanted};
use labelport_model::json::{Document, Value};
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, Record};
use std::collections::HashSet;

/// What is chosen for all rows.
pub(in crate::write) struct Rows<'f> {
    pub(in crate::write) chooser: Chooser,
    pub(in crate::write) split: Split,
    pub(in crate::write) classes: Classes<'f>,
    /// Where pictures of masks are read.
    pub(in crate::write) pictures: Option<&'f dyn Pictures>,
    /// What has pictures.
    kinds: &'static [Kind],
    naming: &'f str,
    shared_names: &'f HashSet<u64>,
}

/// A picture of a row.
pub(in crate::write) struct Picture<'r> {
    /// The members of `data_row`.
    pub(in crate::write) head: Document,
    pub(in crate::write) row_id: String,
    pub(in crate::write) name: Name,
    pub(in crate::write) part: &'r str,
    /// Its size, and what it is; or why the row has no picture, as a clause.
    pub(in crate::write) media: Result<(Size, Kind), &'static str>,
    pub(in crate::write) record: &'r Record<'r>,
    /// Where it is for a further label: the place of that among the labels. Else it is for all others.
    further: Option<usize>,
}

/// A label, and what is decided about it.
pub(in crate::write) struct Decided<'r> {
    pub(in crate::write) label: LabelRecord<'r>,
    pub(in crate::write) id: String,
    /// Why it is not written, as a clause; nothing for the one that is.
    pub(in crate::write) left_out: Option<&'static str>,
}

impl<'f> Rows<'f> {
    /// Reads the options for a format that has pictures of such rows.
    pub(in crate::write) fn of(about: &'f About<'f>, kinds: &'static [Kind]) -> Result<Self, OpenError> {
        Ok(Self {
            chooser: Chooser::of(about)?,
            split: Split::of(about)?,
            classes: Classes::of(about),
            pictures: about.pictures,
            kinds,
            naming: about.option(&NAMES),
            shared_names: &about.shared_names,
        })
    }

    /// Fails where predictions are to be written with their confidence, for a format that has no place for it.
    pub(in crate::write) fn refuse_scores(&self) -> Result<(), OpenError> {
        if self.chooser.predictions != Predictions::WithScores {
            return Ok(());
        }
        Err(OpenError::OptionValue {
            option: PREDICTIONS.name.to_owned(),
            value: "scores".to_owned(),
            known: "no or labels: the format has no place for scores".to_owned(),
        })
    }

    /// Returns which sections are read for the options.
    pub(in crate::write) fn wanted(options: &Options) -> Wanted {
        let metadata = options.get(SPLIT_BY.name).is_some_and(|value| ByValue::reads_metadata(value));
        Wanted { metadata, predictions: Chooser::reads_predictions(options) }
    }

    /// Returns the name that files of a row would have if no other row had it.
    pub(in crate::write) fn file_name(&self, record: &Record<'_>) -> Option<String> {
        let head = members(record.head);
        naming::wanted(self.naming_of(head.root()), head.root()).map(|name| name.stem)
    }

    /// Lists what decides on the part of a row, as a value of the row. One without a picture is in no part.
    pub(in crate::write) fn values(&self, record: &Record<'_>) -> Vec<String> {
        let value = self.split.value(record).filter(|_| self.media(record).is_ok());
        value.into_iter().map(|value| format!("{PART}:{value}")).collect()
    }

    /// Lists the pictures of a row.
    pub(in crate::write) fn pictures_of<'r>(&'r self, record: &'r Record<'r>) -> Vec<Picture<'r>> {
        let first = self.picture(record, None);
        if self.chooser.chosen != Chosen::All || first.media.is_err() {
            return vec![first];
        }
        let choices = self.chooser.choose(record).into_iter().enumerate();
        let further = choices.filter(|(_, choice)| choice.verdict == Ok(Rank::Further));
        let further = further.map(|(place, choice)| self.picture(record, Some((place, label_id(choice.label)))));
        std::iter::once(first).chain(further).collect()
    }

    /// Decides about the labels of a picture.
    pub(in crate::write) fn labels_of<'r>(&self, picture: &Picture<'r>) -> Vec<Decided<'r>> {
        let mut all = Vec::new();
        for (place, choice) in self.chooser.choose(picture.record).iter().enumerate() {
            let is_further = choice.verdict == Ok(Rank::Further) && picture.media.is_ok();
            if is_further.then_some(place) == picture.further {
                let left_out = picture.media.err().or(choice.verdict.err());
                all.push(Decided { label: *choice.label, id: label_id(choice.label), left_out });
            }
        }
        all
    }

    /// Settles a label of which nothing is written.
    pub(in crate::write) fn leave_out(
        &self,
        picture: &Picture<'_>,
        decided: &Decided<'_>,
        reason: &'static str,
        (stream, entries): (usize, &mut Entries<'_>),
    ) {
        let origin = Origin { data_row_id: &picture.row_id, label_id: &decided.id };
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            settle(annotation, Fate::left_out(reason), &origin, &self.classes, (stream, entries));
        });
    }

    /// Says of a row what is to be said, and lists a picture with its files: where it belongs, and what holds its labels.
    pub(in crate::write) fn list(
        &self,
        picture: &Picture<'_>,
        (image, labels): (&str, &str),
        label_id: &str,
        (stream, entries): (usize, &mut Entries<'_>),
    ) {
        let listed = match picture.media {
            Ok((size, _)) => {
                // What is said of a row is said once.
                let once = u64::from(picture.further.is_none());
                entries.losses.add("row", Outcome::Kept, TURNED, once * u64::from(size.is_turned));
                let is_unassigned = self.split.value(picture.record).is_some_and(|value| value.is_empty());
                entries.losses.add("row", Outcome::Kept, NO_VALUE, once * u64::from(is_unassigned));
                Some(Listed { part: picture.part, image, labels, label_id })
            }
            Err(reason) => {
                entries.losses.add("row", Outcome::LeftOut, reason, 1);
                None
            }
        };
        if !entries.is_survey {
            row_list::write(picture.head.root(), listed.as_ref(), stream, entries);
        }
    }

    fn media(&self, record: &Record<'_>) -> Result<(Size, Kind), &'static str> {
        match Size::of_kind(record.media)? {
            found if self.kinds.contains(&found.1) => Ok(found),
            _ => Err("the format is of images alone"),
        }
    }

    /// Returns what the files of a row are named after.
    fn naming_of(&self, head: Value<'_>) -> &str {
        if self.chooser.chosen == Chosen::All { naming_apart(self.naming, head) } else { self.naming }
    }

    fn picture<'r>(&'r self, record: &'r Record<'r>, further: Option<(usize, String)>) -> Picture<'r> {
        let head = members(record.head);
        let row_id = head.root().get("id").and_then(Value::as_text).unwrap_or_default().into_owned();
        let mut name = naming::name(self.naming_of(head.root()), head.root(), self.shared_names);
        if let Some((_, label_id)) = &further {
            name.stem.push_str(&format!("{FURTHER}{label_id}"));
        }
        Picture {
            part: self.split.part(&row_id, record),
            media: self.media(record),
            row_id,
            name,
            record,
            head,
            further: further.map(|(place, _)| place),
        }
    }
}
