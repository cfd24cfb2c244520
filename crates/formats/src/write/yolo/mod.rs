//! YOLO: a text file for each picture, as Ultralytics and many others read it.
//!
//! A line is an object: its class and its box (`--format-option task=detect`), its outline (`task=segment`) or the corners of
//! its turned box (`task=obb`), in shares of the picture's width and height, from its upper left corner. `data.yaml` names the classes and the parts, `rows.csv` says
//! which row is in which file, and `losses.ndjson` names what is not there as it is stored. The pictures themselves are not
//! in the package: put each where `rows.csv` says.
//!
//! What the format cannot hold:
//! - Answers, relations, points and lines, frames of videos, predictions, and all labels of a row but one.
//! - `detect` turns polygons and masks into the boxes around them, `obb` into the smallest turned boxes; `segment` turns
//!   boxes into outlines, fills holes, and makes an object in several pieces several objects. What lies outside the picture
//!   is cut off; a turned box that reaches beyond is left out.
//! - A row without width and height has no file, since shares of nothing cannot be written.
//!
//! A picture on which nothing is drawn has an empty file: it says that there is nothing. Where no label says so, a notice
//! does.

mod data_file;
mod rotated;
mod shape;

use super::about::check_options;
use super::annotations::for_each;
use super::chosen::{Chosen, LABELS, NOT_CHOSEN, is_skipped, label_id};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::naming::{self, NAMES};
use super::picture::{self, CLASSES, ClassList, Drawn, Listed, ROWS, Size, TURNED, parse_pinned};
use super::settled::{Classes, Fate, LOSSES, Origin, settle};
use super::split::{SPLIT, Split};
use super::split_by::{ByValue, NO_VALUE, SPLIT_BY};
use super::stored::members;
use super::{
    About, Encoder, Entries, FileEntry, Format, FormatOption, Layout, Numbers, OpenError, Options, Pictures, Wanted,
};
use labelport_model::annotation::{Annotation, Body, Object};
use labelport_model::data_type::Form;
use labelport_model::json::Value;
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, ProjectRecord, Record};
use std::collections::HashSet;
use std::io::Write;

/// A text file for each picture.
pub struct Yolo;

static TASK: FormatOption = FormatOption {
    name: "task",
    summary: "What a line holds: the box of an object, its outline, or its turned box.",
    values: &["detect", "segment", "obb"],
    form: None,
};

static OPTIONS: [FormatOption; 7] = [TASK, CLASSES, CLASS_NAMES, LABELS, NAMES, SPLIT, SPLIT_BY];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;

/// What has lines.
const FORMS: [Form; 3] = [Form::Box, Form::Polygon, Form::Mask];

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Detect,
    Segment,
    Turned,
}

struct Files<'f> {
    task: Task,
    chosen: Chosen,
    naming: &'f str,
    split: Split,
    classes: Classes<'f>,
    list: ClassList,
    shared_names: &'f HashSet<u64>,
    pictures: Option<&'f dyn Pictures>,
}

impl Format for Yolo {
    fn name(&self) -> &'static str {
        "yolo"
    }

    fn summary(&self) -> &'static str {
        "A text file for each picture, with boxes or outlines, and data.yaml; for Ultralytics and its kin."
    }

    fn layout(&self) -> Layout {
        Layout::Package
    }

    fn options(&self) -> &'static [FormatOption] {
        &OPTIONS
    }

    fn is_lossy(&self) -> bool {
        true
    }

    fn wanted(&self, options: &Options) -> Wanted {
        let metadata = options.get(SPLIT_BY.name).is_some_and(|value| ByValue::reads_metadata(value));
        Wanted { metadata, predictions: false }
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        let task = match about.option(&TASK) {
            "segment" => Task::Segment,
            "obb" => Task::Turned,
            _ => Task::Detect,
        };
        Ok(Box::new(Files {
            task,
            chosen: Chosen::of(about.option(&LABELS)),
            naming: about.option(&NAMES),
            split: Split::of(about)?,
            classes: Classes::of(about),
            list: ClassList::of(
                about.classes,
                &FORMS,
                ClassNames::of(about.option(&CLASS_NAMES)),
                &parse_pinned(about.option(&CLASSES))?,
            ),
            shared_names: &about.shared_names,
            pictures: about.pictures,
        }))
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        [ROWS, LOSSES].map(str::to_owned).to_vec()
    }

    fn start(&self, entries: &mut Entries<'_>) {
        picture::start(ROWS_STREAM, entries);
        for renamed in self.list.renamed() {
            entries.losses.add("class", Outcome::Reduced, renamed, 1);
        }
        for renamed in self.split.renamed() {
            entries.losses.add("part", Outcome::Reduced, renamed, 1);
        }
        let bytes = data_file::write(&self.list, &self.split).into_bytes();
        entries.files.push(FileEntry { path: "data.yaml".to_owned(), bytes });
        entries.files.push(self.list.to_file());
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        let head = members(record.head);
        naming::wanted(self.naming, head.root()).map(|name| name.stem)
    }

    fn value(&self, record: &Record<'_>) -> Option<String> {
        // A row without a file is in no part.
        Size::of(record.media).ok().and_then(|_| self.split.value(record))
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        let head = members(record.head);
        let head = head.root();
        let row_id = head.get("id").and_then(Value::as_text).unwrap_or_default();
        let size = Size::of(record.media);
        let mut text = Vec::new();
        let mut chosen_id = String::new();
        let mut page =
            Sheet { encoder: self, row_id: &row_id, size: &size, text: &mut text, emptiness: Some(NO_LABEL) };
        let projects = record.projects.unwrap_or_default();
        let own = projects.iter().find(|project| !project.labels.is_empty());
        for project in projects {
            let is_own = own.is_some_and(|own| std::ptr::eq(own, project));
            let reason = (!is_own).then_some("its row is in several projects; export them one by one");
            page.labels(project.labels, Some(project), reason, &mut chosen_id, entries);
        }
        let runs = record.models.into_iter().flatten().flat_map(|model| model.runs);
        for (index, run) in runs.enumerate() {
            let reason = match (own, index) {
                (Some(_), _) => Some("it is of a model run, and the labels of the project are written"),
                (None, 0) => None,
                (None, _) => Some("its row is in several model runs; export them one by one"),
            };
            page.labels(run.labels, None, reason, &mut chosen_id, entries);
            for prediction in run.predictions.unwrap_or_default() {
                page.leave_out(prediction, "it is a prediction", entries);
            }
        }
        let emptiness = page.emptiness;
        let name = naming::name(self.naming, head, self.shared_names);
        let part = self.split.part(&row_id, record).to_owned();
        let label_path = format!("labels/{part}/{}.txt", name.stem);
        match &size {
            Ok(size) => {
                entries.files.push(FileEntry { path: label_path.clone(), bytes: text });
                let is_unassigned = self.split.value(record).is_some_and(|value| value.is_empty());
                entries.losses.add("row", Outcome::Kept, NO_VALUE, u64::from(is_unassigned));
                entries.losses.add("row", Outcome::Kept, TURNED, u64::from(size.is_turned));
                if let Some(reason) = emptiness {
                    entries.losses.add("row", Outcome::Kept, reason, 1);
                }
            }
            Err(reason) => entries.losses.add("row", Outcome::LeftOut, reason, 1),
        }
        let image = format!("images/{part}/{}{}", name.stem, name.extension);
        let listed = Listed { part: &part, image: &image, labels: &label_path, label_id: &chosen_id };
        picture::write(head, size.is_ok().then_some(&listed), ROWS_STREAM, entries);
    }
}

/// What is said of empty files that do not say what they seem to say.
const NO_LABEL: &str = "it has no label, and its empty file says that nothing is on the picture";
const SKIPPED: &str = "its label was skipped, and its empty file says that nothing is on the picture";

/// The lines of one row.
struct Sheet<'s, 'e> {
    encoder: &'s Files<'e>,
    row_id: &'s str,
    size: &'s Result<Size, &'static str>,
    text: &'s mut Vec<u8>,
    /// Why the file is empty without a label that says so; nothing where one does.
    emptiness: Option<&'static str>,
}

impl Sheet<'_, '_> {
    /// Writes one of some labels and leaves out the others; all with a reason.
    fn labels(
        &mut self,
        labels: &[LabelRecord<'_>],
        project: Option<&ProjectRecord<'_>>,
        reason: Option<&'static str>,
        chosen_id: &mut String,
        entries: &mut Entries<'_>,
    ) {
        let chosen = self.encoder.chosen.among(project, labels).filter(|_| reason.is_none());
        for (place, label) in labels.iter().enumerate() {
            match (chosen, self.size) {
                (_, Err(reason)) => self.leave_out(label, reason, entries),
                (Some(chosen), Ok(size)) if chosen == place => {
                    *chosen_id = label_id(label);
                    self.emptiness = is_skipped(label).then_some(SKIPPED);
                    self.write(label, size, entries);
                }
                _ => self.leave_out(label, reason.unwrap_or(NOT_CHOSEN), entries),
            }
        }
    }

    fn leave_out(&mut self, label: &LabelRecord<'_>, reason: &'static str, entries: &mut Entries<'_>) {
        let id = label_id(label);
        let origin = Origin { data_row_id: self.row_id, label_id: &id };
        for_each(label.annotations, entries, &mut |annotation, entries| {
            settle(annotation, Fate::left_out(reason), &origin, &self.encoder.classes, (LOSSES_STREAM, entries));
        });
    }

    fn write(&mut self, label: &LabelRecord<'_>, size: &Size, entries: &mut Entries<'_>) {
        let id = label_id(label);
        let origin = Origin { data_row_id: self.row_id, label_id: &id };
        for_each(label.annotations, entries, &mut |annotation, entries| {
            let fate = match &annotation.body {
                Body::Object(object) => self.write_object(annotation, object, size),
                Body::Classification(_) => Fate::left_out(super::settled::NO_ANSWERS),
            };
            settle(annotation, fate, &origin, &self.encoder.classes, (LOSSES_STREAM, entries));
        });
    }

    /// Returns the place of an object's class; nothing for an object without a kind, which is of no class.
    fn class_of(&self, annotation: &Annotation<'_>, object: &Object<'_>) -> Option<u32> {
        object.kind.as_ref()?;
        self.encoder.classes.of_object(annotation)
    }

    fn write_object(&mut self, annotation: &Annotation<'_>, object: &Object<'_>, size: &Size) -> Fate {
        if annotation.place.frame.is_some() {
            return Fate::left_out("it is on a frame of a video");
        }
        let Some(place) = self.class_of(annotation, object) else { return Fate::left_out("its class is not known") };
        if !self.encoder.list.is_drawn(place) {
            return Fate::left_out(NOT_DRAWN);
        }
        let Some(drawn) = object.shape.as_ref().and_then(|shape| Drawn::of(shape, self.encoder.pictures)) else {
            return Fate::left_out(NOT_DRAWN);
        };
        let (lines, fate) = match drawn {
            Ok(drawn) => drawn.lines(self.encoder.task, size),
            Err(reason) => return Fate::left_out(reason),
        };
        // What is looked at first has no numbers yet.
        let number = self.encoder.list.number(place).unwrap_or_default();
        for line in lines {
            // Memory takes all that is written.
            drop(write!(self.text, "{number}"));
            line.iter().for_each(|share| drop(write!(self.text, " {share}")));
            self.text.push(b'\n');
        }
        fate
    }
}

const NOT_DRAWN: &str = "the format holds boxes, polygons and masks of pictures";

#[cfg(test)]
mod tests;
