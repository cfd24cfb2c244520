//! YOLO: a text file for each picture, as Ultralytics and many others read it.
//!
//! A line is an object: its class and its box (`--format-option task=detect`), its outline (`task=segment`) or the corners of
//! its turned box (`task=obb`), in shares of the picture's width and height, from its upper left corner. `data.yaml` names the classes and the parts, `rows.csv` says
//! which row is in which file, and `losses.ndjson` names what is not there as it is stored. The pictures themselves are in
//! the package with `media=copy`; else put each where `rows.csv` says.
//!
//! With `task=pose` a line has a box and the points that a rule joins to it ([`Skeletons`]). With `task=classify` there are no
//! lines: `rows.csv` says into the folder of which class each picture belongs.
//!
//! What the format cannot hold:
//! - Answers, relations, points and lines, frames of videos, and all labels of a row but one, unless each of them gets a file.
//! - `detect` turns polygons and masks into the boxes around them, `obb` into the smallest turned boxes; `segment` turns
//!   boxes into outlines, fills holes, and makes an object in several pieces several objects. What lies outside the picture
//!   is cut off; a turned box that reaches beyond is left out.
//! - A row without width and height has no file, since shares of nothing cannot be written.
//!
//! A picture on which nothing is drawn has an empty file: it says that there is nothing. Where no label says so, a notice
//! does.

mod classify;
mod data_file;
mod pose;
mod rotated;
mod shape;
mod sheet;

use super::about::check_options;
use super::chosen::{self, LABELS, PREDICTIONS, Predictions, Rank, is_skipped, label_id};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::media::{MEDIA, Media};
use super::naming::{FURTHER, NAMES};
use super::picture::{
    self, CLASSES, ClassList, Listed, NOT_A_PICTURE, ROWS, Rows, SIMPLIFY, Simplify, Size, TURNED, check_is_image,
    parse_pinned,
};
use super::settled::{Classes, LOSSES};
use super::skeleton::{POSE, Skeletons};
use super::split::{SPLIT, Split};
use super::split_by::{NO_VALUE, PART, SPLIT_BY};
use super::{
    About, AssetPlace, Class, Encoder, Entries, FileEntry, Format, FormatOption, Layout, Numbers, OpenError, Options,
    Pictures, Wanted,
};
use classify::{QUESTION, Question};
use labelport_model::data_type::Form;
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, Record};
use sheet::{Drawing, Sheet};

/// A text file for each picture.
pub struct Yolo;

static TASK: FormatOption = FormatOption {
    name: "task",
    summary: "What a line holds: the box of an object, its outline, its turned box, or a box with its points. Or no lines, but \
              a folder for each class of pictures.",
    values: &["detect", "segment", "obb", "pose", "classify"],
    form: None,
};

static OPTIONS: [FormatOption; 12] =
    [TASK, CLASSES, CLASS_NAMES, LABELS, MEDIA, NAMES, POSE, PREDICTIONS, QUESTION, SIMPLIFY, SPLIT, SPLIT_BY];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;

/// What has lines.
const FORMS: [Form; 3] = [Form::Box, Form::Polygon, Form::Mask];

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Task {
    Detect,
    Segment(Simplify),
    Turned,
}

/// What is written of a picture.
enum Content {
    Lines(Task),
    Pose(Skeletons),
    Class(Question),
}

struct Files<'f> {
    content: Content,
    rows: Rows<'f>,
    classes: Classes<'f>,
    list: ClassList,
    pictures: Option<&'f dyn Pictures>,
}

impl Format for Yolo {
    fn name(&self) -> &'static str {
        "yolo"
    }

    fn summary(&self) -> &'static str {
        "A text file for each picture, with boxes or outlines, and data.yaml; for Ultralytics and its kin."
    }

    fn keeps(&self) -> &'static str {
        "boxes, polygons and masks of images; poses; one question"
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
        chosen::wanted(options)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        let content = Content::of(about)?;
        let rows = Rows::of(about, Some(NOT_A_PICTURE))?;
        if matches!(content, Content::Class(_)) {
            rows.chooser.refuse_scores("task=classify")?;
        }
        // A pose is of a class that a rule names.
        let has_number = |class: &&Class| match &content {
            Content::Lines(_) => true,
            Content::Pose(skeletons) => skeletons.points_of(class.index).is_some(),
            Content::Class(_) => false,
        };
        let numbered: Vec<Class> = about.classes.iter().filter(has_number).cloned().collect();
        let class_names = ClassNames::of(about.option(&CLASS_NAMES));
        let pinned = parse_pinned(about.option(&CLASSES))?;
        Ok(Box::new(Files {
            rows,
            classes: Classes::of(about),
            list: ClassList::of(&numbered, &FORMS, class_names, &pinned),
            pictures: about.pictures,
            content,
        }))
    }
}

impl Content {
    fn of(about: &About<'_>) -> Result<Self, OpenError> {
        let content = match about.option(&TASK) {
            "classify" => Self::Class(Question::of(about)?),
            "obb" => Self::Lines(Task::Turned),
            "pose" => Self::Pose(Skeletons::of(about.option(&POSE), about.classes)?),
            "segment" => Self::Lines(Task::Segment(Simplify::of(about)?)),
            _ => Self::Lines(Task::Detect),
        };
        // An option that would do nothing was meant to do something.
        let refused = |option: &FormatOption, task: &str| OpenError::OptionValue {
            option: option.name.to_owned(),
            value: about.option(option).to_owned(),
            known: format!("for task={task} alone"),
        };
        if about.options.contains_key(SIMPLIFY.name) && !matches!(content, Self::Lines(Task::Segment(_))) {
            return Err(refused(&SIMPLIFY, "segment"));
        }
        match (&content, about.options.contains_key(POSE.name), about.options.contains_key(QUESTION.name)) {
            (Self::Lines(_) | Self::Class(_), true, _) => Err(refused(&POSE, "pose")),
            (Self::Lines(_) | Self::Pose(_), _, true) => Err(refused(&QUESTION, "classify")),
            _ => Ok(content),
        }
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        [ROWS, LOSSES].map(str::to_owned).to_vec()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        picture::start(ROWS_STREAM, entries);
        self.list.say_renamed(entries);
        self.rows.split.say_renamed(entries);
        if let Content::Class(question) = &self.content {
            for renamed in question.renamed() {
                entries.losses.add("class", Outcome::Reduced, renamed, 1);
            }
            entries.files.push(question.to_file());
            return;
        }
        let skeletons = if let Content::Pose(skeletons) = &self.content { Some(skeletons) } else { None };
        let bytes = data_file::write(&self.list, &self.rows.split, skeletons).into_bytes();
        entries.files.push(FileEntry { path: "data.yaml".to_owned(), bytes });
        entries.files.push(self.list.to_file());
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        self.rows.file_name(record)
    }

    fn class_names(&self) -> Option<Vec<String>> {
        Some(self.list.names().to_vec())
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        let mut values = Vec::new();
        let has_any = matches!(self.rows.split, Split::ByValue(_)) || matches!(self.content, Content::Class(_));
        // A row without a file is in no part.
        if !has_any || self.size_of(&self.rows.open_once(record)).is_err() {
            return values;
        }
        values.extend(self.rows.split.value(record).map(|value| format!("{PART}:{value}")));
        if let Content::Class(question) = &self.content {
            let chosen = self.rows.chooser.choose(record).into_iter().filter(|choice| choice.verdict.is_ok());
            chosen.for_each(|choice| question.values(choice.label, &mut values));
        }
        values
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        let opened = self.rows.open_once(record);
        let size = self.size_of(&opened);
        let mut row = Row { encoder: self, opened: &opened, files: 0, pictures: 0 };
        for choice in self.rows.chooser.choose(record) {
            match (choice.verdict, &size) {
                (_, Err(reason)) => row.sheet().leave_out(choice.label, reason, entries),
                (Err(reason), _) => row.sheet().leave_out(choice.label, reason, entries),
                (Ok(rank), Ok(size)) => row.label(choice.label, rank, size.as_ref(), entries),
            }
        }
        match &size {
            Ok(size) => row.finish(size.as_ref(), entries),
            Err(reason) => entries.losses.add("row", Outcome::LeftOut, reason, 1),
        }
        if row.pictures == 0 {
            picture::write(opened.head.root(), None, ROWS_STREAM, entries);
        } else {
            let is_unassigned = self.rows.split.value(record).is_some_and(|value| value.is_empty());
            entries.losses.add("row", Outcome::Kept, NO_VALUE, u64::from(is_unassigned));
        }
    }
}

impl Files<'_> {
    /// Returns the size of a row's picture, where it is needed. Fails with a clause for a row of which nothing is written.
    fn size_of(&self, opened: &picture::Row<'_>) -> Result<Option<Size>, &'static str> {
        match self.content {
            Content::Class(_) => check_is_image(opened.record.media).map(|()| None),
            Content::Lines(_) | Content::Pose(_) => opened.media.map(|(size, _)| Some(size)),
        }
    }
}

/// What is said of empty files that do not say what they seem to say.
const NO_LABEL: &str = "it has no label, and its empty file says that nothing is on the picture";
const NO_PREDICTION: &str = "it has no prediction, and its empty file says that nothing is on the picture";
const SKIPPED: &str = "its label was skipped, and its empty file says that nothing is on the picture";

/// A row that is written, label by label.
struct Row<'r, 'f> {
    encoder: &'r Files<'f>,
    opened: &'r picture::Row<'r>,
    /// How many labels were looked at.
    files: usize,
    /// How many lines the list of rows has for it.
    pictures: usize,
}

impl<'r, 'f> Row<'r, 'f> {
    fn sheet(&self) -> Sheet<'r, 'f> {
        Sheet { row_id: &self.opened.id, classes: &self.encoder.classes, losses_stream: LOSSES_STREAM }
    }

    /// Writes a label.
    fn label(&mut self, label: &LabelRecord<'_>, rank: Rank, size: Option<&Size>, entries: &mut Entries<'_>) {
        self.files += 1;
        let id = label_id(label);
        let stem = match rank {
            Rank::First => self.opened.name.stem.clone(),
            Rank::Further => format!("{}{FURTHER}{id}", self.opened.name.stem),
        };
        let drawing = |size| Drawing {
            sheet: self.sheet(),
            list: &self.encoder.list,
            pictures: self.encoder.pictures,
            size,
            has_scores: self.encoder.rows.chooser.predictions == Predictions::WithScores,
        };
        let text = match (&self.encoder.content, size) {
            (Content::Class(question), _) => match question.folder(&self.sheet(), label, entries) {
                Some(folder) => return self.list(&format!("{}/{folder}", self.opened.part), &stem, "", &id, entries),
                None => return entries.losses.add("label", Outcome::LeftOut, classify::NOT_ANSWERED, 1),
            },
            (Content::Lines(task), Some(size)) => drawing(size).lines(*task, label, entries),
            (Content::Pose(skeletons), Some(size)) => pose::lines(&drawing(size), skeletons, label, entries),
            (_, None) => return,
        };
        if is_skipped(label) {
            entries.losses.add("row", Outcome::Kept, SKIPPED, 1);
        }
        self.file(&stem, text, &id, entries);
    }

    /// Writes what there is of a row without a label, and what is said of every row.
    fn finish(&mut self, size: Option<&Size>, entries: &mut Entries<'_>) {
        match (size, self.files) {
            (None, 0) => entries.losses.add("row", Outcome::LeftOut, classify::NO_LABEL, 1),
            (Some(_), 0) => {
                let takes_labels = self.encoder.rows.chooser.predictions == Predictions::No;
                let reason = if takes_labels { NO_LABEL } else { NO_PREDICTION };
                entries.losses.add("row", Outcome::Kept, reason, 1);
                self.file(&self.opened.name.stem, Vec::new(), "", entries);
            }
            _ => {}
        }
        entries.losses.add("row", Outcome::Kept, TURNED, size.map_or(0, |size| u64::from(size.is_turned)));
    }

    fn file(&mut self, stem: &str, text: Vec<u8>, label_id: &str, entries: &mut Entries<'_>) {
        if entries.is_survey && self.encoder.rows.media == Media::None {
            self.pictures += 1;
            return;
        }
        let path = format!("labels/{}/{stem}.txt", self.opened.part);
        self.list(&format!("images/{}", self.opened.part), stem, &path, label_id, entries);
        if !entries.is_survey {
            entries.files.push(FileEntry { path, bytes: text });
        }
    }

    /// Says where the picture belongs.
    fn list(&mut self, folder: &str, stem: &str, labels: &str, label_id: &str, entries: &mut Entries<'_>) {
        self.pictures += 1;
        let image = format!("{folder}/{stem}{}", self.opened.name.extension);
        self.encoder.rows.media.add(self.opened.head.root(), || AssetPlace::File(image.clone()), entries);
        let listed = Listed { part: self.opened.part, image: &image, labels, label_id };
        picture::write(self.opened.head.root(), Some(&listed), ROWS_STREAM, entries);
    }
}

#[cfg(test)]
mod tests;
