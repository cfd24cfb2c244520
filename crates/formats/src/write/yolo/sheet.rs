//! The lines of a label: one for each object.

use super::super::Entries;
use super::super::Pictures;
use super::super::annotations::for_each;
use super::super::chosen::label_id;
use super::super::digits;
use super::super::picture::{ClassList, Drawn, Size};
use super::super::settled::{Classes, Fate, NO_ANSWERS, Origin, settle};
use super::Task;
use labelport_model::annotation::{Annotation, Body, Object, Scores};
use labelport_model::record::LabelRecord;

/// What is said of objects that have no line.
pub(super) const NOT_DRAWN: &str = "the format holds boxes, polygons and masks of pictures";
pub(super) const ON_A_FRAME: &str = "it is on a frame of a video";
pub(super) const NO_CLASS: &str = "its class is not known";

/// What the lines of most pictures fit into: a few objects with four numbers each.
const TEXT_BYTES: usize = 1 << 9;

/// What is said of confidences that are written as something else.
const NO_CONFIDENCE: &str = "it has no confidence, and 1 is written";
const ODD_CONFIDENCE: &str = "its confidence was cut to the range from 0 to 1";

/// Where the labels of a row are settled.
pub(super) struct Sheet<'s, 'a> {
    pub(super) row_id: &'s str,
    pub(super) classes: &'s Classes<'a>,
    pub(super) losses_stream: usize,
}

impl Sheet<'_, '_> {
    pub(super) fn id_of(&self, label: &LabelRecord<'_>) -> String {
        label_id(label)
    }

    pub(super) fn origin<'o>(&'o self, label_id: &'o str) -> Origin<'o> {
        Origin { data_row_id: self.row_id, label_id }
    }

    /// Settles a label of which nothing is written.
    pub(super) fn leave_out(&self, label: &LabelRecord<'_>, reason: &'static str, entries: &mut Entries<'_>) {
        let id = label_id(label);
        for_each(label.annotations, entries, &mut |annotation, entries| {
            let fate = Fate::left_out(reason);
            settle(annotation, fate, &self.origin(&id), self.classes, (self.losses_stream, entries));
        });
    }

    /// Returns the place of an object's class; nothing for an object without a kind, which is of no class.
    pub(super) fn class_of(&self, annotation: &Annotation<'_>, object: &Object<'_>) -> Option<u32> {
        object.kind.as_ref()?;
        self.classes.of_object(annotation)
    }
}

/// How the objects of a label become lines.
pub(super) struct Drawing<'s, 'a> {
    pub(super) sheet: Sheet<'s, 'a>,
    pub(super) list: &'s ClassList,
    pub(super) pictures: Option<&'s dyn Pictures>,
    pub(super) size: &'s Size,
    /// Whether the confidence is at the end of each line.
    pub(super) has_scores: bool,
}

impl Drawing<'_, '_> {
    /// Returns the lines of a label, and settles all that it holds.
    pub(super) fn lines(&self, task: Task, label: &LabelRecord<'_>, entries: &mut Entries<'_>) -> Vec<u8> {
        let (mut text, id) = (Vec::with_capacity(TEXT_BYTES), label_id(label));
        for_each(label.annotations, entries, &mut |annotation, entries| {
            let fate = match &annotation.body {
                Body::Object(object) => self.write_object(task, annotation, object, &mut text),
                Body::Classification(_) => Fate::left_out(NO_ANSWERS),
            };
            let origin = self.sheet.origin(&id);
            settle(annotation, fate, &origin, self.sheet.classes, (self.sheet.losses_stream, entries));
        });
        text
    }

    fn write_object(&self, task: Task, annotation: &Annotation<'_>, object: &Object<'_>, text: &mut Vec<u8>) -> Fate {
        let (place, drawn) = match self.drawn(annotation, object) {
            Ok(found) => found,
            Err(reason) => return Fate::left_out(reason),
        };
        let score = self.score(&object.scores);
        // What is looked at first has no numbers yet.
        let number = self.list.number(place).unwrap_or_default();
        let fate = drawn.for_each_line(task, self.size, &mut |line| {
            write_line(number, line.iter().copied().chain(score.value), text);
        });
        score.fate(fate)
    }

    /// Returns the place of an object's class, and what is drawn. Fails with a clause for what has no line.
    pub(super) fn drawn(&self, annotation: &Annotation<'_>, object: &Object<'_>) -> Result<(u32, Drawn), &'static str> {
        if annotation.place.frame.is_some() {
            return Err(ON_A_FRAME);
        }
        let place = self.sheet.class_of(annotation, object).ok_or(NO_CLASS)?;
        if !self.list.is_drawn(place) {
            return Err(NOT_DRAWN);
        }
        let drawn = object.shape.as_ref().and_then(|shape| Drawn::of(shape, self.pictures));
        Ok((place, drawn.ok_or(NOT_DRAWN)??))
    }

    /// Returns the confidence at the end of the lines of an object.
    pub(super) fn score(&self, scores: &Scores<'_>) -> Score {
        let confidence = scores.confidence.as_ref().map(|confidence| confidence.get());
        let (value, reason) = match confidence {
            _ if !self.has_scores => return Score { value: None, reason: None },
            Some(score) if (0.0..=1.0).contains(&score) => (score, None),
            Some(score) if score.is_finite() => (score.clamp(0.0, 1.0), Some(ODD_CONFIDENCE)),
            _ => (1.0, Some(NO_CONFIDENCE)),
        };
        Score { value: Some(value), reason }
    }
}

/// The confidence at the end of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Score {
    /// Nothing where lines have none.
    pub(super) value: Option<f64>,
    /// Why it is not the one that is stored.
    reason: Option<&'static str>,
}

impl Score {
    /// Returns what became of an object that has it, given what became of its shape.
    pub(super) fn fate(self, of_shape: Fate) -> Fate {
        self.reason.filter(|_| of_shape == Fate::KEPT).map_or(of_shape, Fate::reduced)
    }
}

/// Writes a line: the number of a class, and other numbers.
pub(super) fn write_line(class: usize, numbers: impl Iterator<Item = f64>, text: &mut Vec<u8>) {
    digits::write_whole(class as u64, text);
    numbers.for_each(|number| {
        text.push(b' ');
        digits::write(number, text);
    });
    text.push(b'\n');
}
