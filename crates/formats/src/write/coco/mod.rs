//! COCO: one JSON file for each part, with images, annotations and categories.
//!
//! `--format-option task=` says which annotations: `instances` (boxes, polygons, masks), `keypoints` (points, each a category
//! with one keypoint, or boxes with the points that a rule joins to them), `captions` (texts about a whole picture), `panoptic` (a picture whose pixels are objects). A frame of
//! a video on which something is stored is an image with `video_id` and `frame_id`, and its objects have a `track_id`.
//!
//! What stands in a file before and after its lists, and the commas between elements, are in `document`; what a shape
//! becomes in `shape`; the pictures of `panoptic` in `panoptic`.
//!
//! # Invariants
//! - Images, annotations and categories are numbered from 1, in the order of the export, through all parts: a number is
//!   never given twice, whatever part a row is in.
//! - [`Encoder::preface`] and [`Encoder::row`] see the same pictures in the same order, so that numbers agree.
//!
//! What the format cannot hold: relations, lines, all labels of a row but one, answers about a whole video.
//! Answers are `attributes` of annotations and images; those to which an answer leads are named after the way there.

mod document;
mod object;
mod panoptic;
mod pose;
mod row;
mod shape;

use super::about::check_options;
use super::annotations::for_each;
use super::attributes::Attributes;
use super::chosen::{Chooser, Chosen, LABELS, PREDICTIONS, Predictions, Rank, label_id};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::commas::Commas;
use super::naming::{self, FURTHER, NAMES, naming_apart};
use super::picture::{self, CLASSES, ClassList, Kind, Listed, ROWS, Size, TURNED, parse_pinned};
use super::settled::{Classes, Fate, LOSSES, Origin, settle, settle_each};
use super::skeleton::{POSE, Skeletons};
use super::split::{SPLIT, Split};
use super::split_by::{ByValue, NO_VALUE, PART, SPLIT_BY};
use super::stored::members;
use super::{
    About, Class, Encoder, Entries, Format, FormatOption, Joiner, Layout, Numbers, OpenError, Options, Pictures,
    Totals, Wanted,
};
use document::{BETWEEN, END, categories, open_element, write_attributes, write_names};
use labelport_model::annotation::{Annotation, Answer, Body, Classification, Holder};
use labelport_model::data_type::Form;
use labelport_model::json::{ObjectWriter, Value};
use labelport_model::losses::Outcome;
use labelport_model::record::Record;
use pose::Role;
use row::{Decided, Row, Spot};
use std::collections::{HashMap, HashSet};

/// One JSON file for each part.
pub struct Coco;

static TASK: FormatOption = FormatOption {
    name: "task",
    summary: "What an annotation is: an object with its box and pixels, a point, a text about the picture, or all pixels of \
              the picture.",
    values: &["instances", "keypoints", "captions", "panoptic"],
    form: None,
};

static MASKS: FormatOption = FormatOption {
    name: "masks",
    summary: "How the pixels of a mask are written: as rings where these say all and as run lengths elsewhere, or always \
              as run lengths.",
    values: &["rings", "runs"],
    form: None,
};

static OPTIONS: [FormatOption; 10] =
    [TASK, MASKS, CLASSES, CLASS_NAMES, LABELS, NAMES, POSE, PREDICTIONS, SPLIT, SPLIT_BY];

/// What has the points of a skeleton.
const BOXES: &[Form] = &[Form::Box, Form::Polygon, Form::Mask];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;
/// The stream of the first part.
const PARTS_STREAM: usize = 2;

/// What an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Instances,
    Keypoints,
    Captions,
    Panoptic,
}

impl Task {
    fn of(value: &str) -> Self {
        match value {
            "keypoints" => Self::Keypoints,
            "captions" => Self::Captions,
            "panoptic" => Self::Panoptic,
            _ => Self::Instances,
        }
    }

    /// Returns how files are called, as readers look for them.
    fn file_prefix(self) -> &'static str {
        match self {
            Self::Instances => "instances",
            Self::Keypoints => "person_keypoints",
            Self::Captions => "captions",
            Self::Panoptic => "panoptic",
        }
    }

    /// Lists the forms that have categories.
    fn forms(self) -> &'static [Form] {
        match self {
            Self::Instances | Self::Panoptic => &[Form::Box, Form::Polygon, Form::Mask, Form::FrameMask],
            Self::Keypoints => &[Form::Point],
            Self::Captions => &[],
        }
    }

    /// Says what it has no place for.
    fn not_held(self) -> &'static str {
        match self {
            Self::Instances | Self::Panoptic => "the format holds boxes, polygons and masks of pictures",
            Self::Keypoints => "keypoints are points alone",
            Self::Captions => "captions are texts about whole pictures alone",
        }
    }
}

struct Files<'f> {
    task: Task,
    only_runs: bool,
    chooser: Chooser,
    naming: &'f str,
    split: Split,
    classes: Classes<'f>,
    list: ClassList,
    /// Which points belong to which boxes, where a rule says so.
    skeletons: Option<Skeletons>,
    /// Whether anybody answered anything: else images have no attributes, and need no look at annotations.
    has_answers: bool,
    shared_names: &'f HashSet<u64>,
    pictures: Option<&'f dyn Pictures>,
}

impl Format for Coco {
    fn name(&self) -> &'static str {
        "coco"
    }

    fn summary(&self) -> &'static str {
        "COCO JSON: images, annotations, categories; for pycocotools, detectron2, torchvision and many others."
    }

    fn layout(&self) -> Layout {
        Layout::Package
    }

    fn options(&self) -> &'static [FormatOption] {
        &OPTIONS
    }

    fn is_numbered(&self) -> bool {
        true
    }

    fn is_lossy(&self) -> bool {
        true
    }

    fn wanted(&self, options: &Options) -> Wanted {
        let metadata = options.get(SPLIT_BY.name).is_some_and(|value| ByValue::reads_metadata(value));
        Wanted { metadata, predictions: Chooser::reads_predictions(options) }
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        let task = Task::of(about.option(&TASK));
        let chooser = Chooser::of(about)?;
        if matches!(task, Task::Captions | Task::Panoptic) && chooser.predictions == Predictions::WithScores {
            return Err(OpenError::OptionValue {
                option: PREDICTIONS.name.to_owned(),
                value: "scores".to_owned(),
                known: format!("no or labels where task is {}, which has no place for scores", about.option(&TASK)),
            });
        }
        let skeletons = match (about.options.get(POSE.name), task) {
            (None, _) => None,
            (Some(rules), Task::Keypoints) => Some(Skeletons::of(rules, about.classes)?),
            (Some(rules), _) => {
                let (option, known) = (POSE.name.to_owned(), "for task=keypoints alone".to_owned());
                return Err(OpenError::OptionValue { option, value: rules.clone(), known });
            }
        };
        // A skeleton is of a class that a rule names.
        let has_number = |class: &&Class| skeletons.as_ref().is_none_or(|rules| rules.points_of(class.index).is_some());
        let numbered: Vec<Class> = about.classes.iter().filter(has_number).cloned().collect();
        Ok(Box::new(Files {
            task,
            only_runs: about.option(&MASKS) == "runs",
            chooser,
            naming: about.option(&NAMES),
            split: Split::of(about)?,
            classes: Classes::of(about),
            list: ClassList::of(
                &numbered,
                if skeletons.is_some() { BOXES } else { task.forms() },
                ClassNames::of(about.option(&CLASS_NAMES)),
                &parse_pinned(about.option(&CLASSES))?,
            ),
            skeletons,
            has_answers: about.classes.iter().any(|class| class.form.is_none() && class.written > 0),
            shared_names: &about.shared_names,
            pictures: about.pictures,
        }))
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        let parts = self.split.names().iter().map(|part| self.path(part));
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(parts).collect()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn joiner(&self, stream: usize) -> Option<Box<dyn Joiner>> {
        (stream >= PARTS_STREAM).then(|| Box::new(Commas::default()) as Box<dyn Joiner>)
    }

    fn start(&self, entries: &mut Entries<'_>) {
        picture::start(ROWS_STREAM, entries);
        for renamed in self.list.renamed() {
            entries.losses.add("class", Outcome::Reduced, renamed, 1);
        }
        for renamed in self.split.renamed() {
            entries.losses.add("part", Outcome::Reduced, renamed, 1);
        }
        entries.files.push(self.list.to_file());
        let places = self.list.places();
        let categories = categories(&self.list, |category, number, name| match self.task {
            Task::Keypoints => {
                let joined = self.skeletons.as_ref().zip(places.get(&number));
                let points = joined.and_then(|(skeletons, place)| skeletons.points_of(*place));
                write_names(points.unwrap_or(&[name.to_owned()]), category.key("keypoints"));
                category.raw("skeleton", b"[]");
            }
            Task::Panoptic => category.raw("isthing", b"1"),
            Task::Instances | Task::Captions => {}
        });
        let categories = Some(&categories[..]).filter(|_| self.task != Task::Captions);
        self.parts(entries).for_each(|out| document::start(categories, out));
    }

    fn has_prefaces(&self) -> bool {
        true
    }

    fn preface(&self, record: &Record<'_>, numbers: &mut Numbers, entries: &mut Entries<'_>) {
        self.open_rows(record).iter().for_each(|row| self.write_images(row, numbers, entries));
    }

    fn after_prefaces(&self, entries: &mut Entries<'_>) {
        self.parts(entries).for_each(|out| out.extend_from_slice(BETWEEN));
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        let head = members(record.head);
        naming::wanted(self.naming_of(head.root()), head.root()).map(|name| name.stem)
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        let value = self.split.value(record);
        // A row without a picture is in no part.
        let value = value.filter(|_| Size::of_kind(record.media).is_ok());
        value.into_iter().map(|value| format!("{PART}:{value}")).collect()
    }

    fn row(&self, record: &Record<'_>, numbers: &mut Numbers, entries: &mut Entries<'_>) {
        self.open_rows(record).iter().for_each(|row| self.write_row(row, numbers, entries));
    }

    fn finish(&self, _: &Totals, entries: &mut Entries<'_>) {
        self.parts(entries).for_each(|out| out.extend_from_slice(END));
    }
}

impl Files<'_> {
    fn path(&self, part: &str) -> String {
        format!("annotations/{}_{part}.json", self.task.file_prefix())
    }

    /// Returns what the files of a row are named after.
    fn naming_of(&self, head: Value<'_>) -> &str {
        if self.chooser.chosen == Chosen::All { naming_apart(self.naming, head) } else { self.naming }
    }

    /// Lists the streams of the parts.
    fn parts<'e>(&self, entries: &'e mut Entries<'_>) -> impl Iterator<Item = &'e mut Vec<u8>> {
        entries.streams.iter_mut().skip(PARTS_STREAM)
    }

    fn stream_of(&self, part: &str) -> usize {
        PARTS_STREAM + self.split.names().iter().position(|name| name == part).unwrap_or_default()
    }

    /// Writes the pictures of a row into the list of images.
    fn write_images(&self, row: &Row<'_>, numbers: &mut Numbers, entries: &mut Entries<'_>) {
        let Ok((_, kind)) = row.media else { return };
        let has_attributes = self.has_answers && self.task != Task::Captions;
        let decided = if kind == Kind::Video || has_attributes { row.decide(self.chooser) } else { Vec::new() };
        let written = decided.iter().find(|decided| decided.left_out.is_none());
        match kind {
            Kind::Image => {
                let mut attributes = Attributes::default();
                if let Some(decided) = written.filter(|_| has_attributes) {
                    for_each(decided.label.annotations, entries, &mut |annotation, _| {
                        collect_answers(annotation, &mut attributes);
                    });
                }
                self.write_image(row, numbers.take_picture(), None, &attributes, numbers.row, entries);
            }
            Kind::Video => {
                let Some(decided) = written else { return };
                let mut open: Option<(i64, Attributes)> = None;
                for_each(decided.label.annotations, entries, &mut |annotation, entries| {
                    let Some(frame) = annotation.place.frame else { return };
                    if open.as_ref().is_none_or(|(number, _)| *number != frame)
                        && let Some((number, attributes)) = open.replace((frame, Attributes::default()))
                    {
                        let picture = numbers.take_picture();
                        self.write_image(row, picture, Some(number), &attributes, numbers.row, entries);
                    }
                    if let Some((_, attributes)) = open.as_mut().filter(|_| has_attributes) {
                        collect_answers(annotation, attributes);
                    }
                });
                if let Some((number, attributes)) = open {
                    let picture = numbers.take_picture();
                    self.write_image(row, picture, Some(number), &attributes, numbers.row, entries);
                }
            }
        }
    }

    /// Writes what is drawn on the pictures of a row.
    fn write_row(&self, row: &Row<'_>, numbers: &mut Numbers, entries: &mut Entries<'_>) {
        let first = numbers.picture;
        if let Ok((_, Kind::Image)) = row.media {
            numbers.take_picture();
        }
        let mut label_id = "";
        let decided = row.decide(self.chooser);
        for decided in &decided {
            match (decided.left_out, row.media) {
                (None, Ok((size, kind))) => {
                    label_id = &decided.id;
                    self.write_label(row, decided, (&size, kind), numbers, entries);
                }
                (reason, _) => self.leave_out(row, decided, reason.unwrap_or_default(), entries),
            }
        }
        let listed = match row.media {
            Ok((size, kind)) => {
                // What is said of a row is said once.
                let once = u64::from(row.further.is_none());
                entries.losses.add("row", Outcome::Kept, TURNED, once * u64::from(size.is_turned));
                if kind == Kind::Video && numbers.picture == first {
                    entries.losses.add("row", Outcome::LeftOut, "nothing is stored on a frame of its video", 1);
                    None
                } else {
                    let is_unassigned = self.split.value(row.record).is_some_and(|value| value.is_empty());
                    entries.losses.add("row", Outcome::Kept, NO_VALUE, once * u64::from(is_unassigned));
                    Some(row.image_path(kind))
                }
            }
            Err(reason) => {
                entries.losses.add("row", Outcome::LeftOut, reason, 1);
                None
            }
        };
        if entries.is_survey {
            return;
        }
        let labels = self.path(row.part);
        let listed = listed.as_deref().map(|image| Listed { part: row.part, image, labels: &labels, label_id });
        picture::write(row.head.root(), listed.as_ref(), ROWS_STREAM, entries);
    }

    /// Opens a row, and once more for each label that has a picture of its own.
    fn open_rows<'r>(&'r self, record: &'r Record<'r>) -> Vec<Row<'r>> {
        let row = self.open_row(record, None);
        if self.chooser.chosen != Chosen::All || !matches!(row.media, Ok((_, Kind::Image))) {
            return vec![row];
        }
        let choices = self.chooser.choose(record).into_iter().enumerate();
        let further = choices.filter(|(_, choice)| choice.verdict == Ok(Rank::Further));
        let further = further.map(|(place, choice)| self.open_row(record, Some((place, label_id(choice.label)))));
        std::iter::once(row).chain(further).collect()
    }

    fn open_row<'r>(&'r self, record: &'r Record<'r>, further: Option<(usize, String)>) -> Row<'r> {
        let head = members(record.head);
        let text = |key| head.root().get(key).and_then(Value::as_text).map(|text| text.into_owned());
        let id = text("id").unwrap_or_default();
        let media = Size::of_kind(record.media);
        let is_held = |(_, kind): &(Size, Kind)| self.task != Task::Panoptic || *kind == Kind::Image;
        let media =
            media.and_then(|found| Some(found).filter(is_held).ok_or("panoptic segmentation is of images alone"));
        let mut name = naming::name(self.naming_of(head.root()), head.root(), self.shared_names);
        if let Some((_, label_id)) = &further {
            name.stem.push_str(&format!("{FURTHER}{label_id}"));
        }
        Row {
            part: self.split.part(&id, record),
            id,
            global_key: text("global_key"),
            name,
            media,
            record,
            head,
            further: further.map(|(place, _)| place),
        }
    }

    fn write_image(
        &self,
        row: &Row<'_>,
        number: u64,
        frame: Option<i64>,
        attributes: &Attributes,
        row_number: u64,
        entries: &mut Entries<'_>,
    ) {
        let Ok((size, _)) = row.media else { return };
        let out = entries.stream(self.stream_of(row.part));
        open_element(out);
        let mut image = ObjectWriter::open(out);
        image.raw("id", number.to_string().as_bytes());
        image.raw("width", size.width.to_string().as_bytes());
        image.raw("height", size.height.to_string().as_bytes());
        image.text("file_name", &row.file_name(frame));
        if let Some(frame) = frame {
            image.raw("video_id", row_number.to_string().as_bytes());
            // Frames are counted from 0 in COCO, from 1 everywhere else.
            image.raw("frame_id", (frame - 1).to_string().as_bytes());
        }
        image.text("data_row_id", &row.id);
        if let Some(key) = &row.global_key {
            image.text("global_key", key);
        }
        write_attributes(attributes, &mut image);
        image.close();
    }

    fn leave_out(&self, row: &Row<'_>, decided: &Decided<'_>, reason: &'static str, entries: &mut Entries<'_>) {
        let origin = Origin { data_row_id: &row.id, label_id: &decided.id };
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            self.settle(annotation, (Fate::left_out(reason), &Attributes::default()), &origin, entries);
        });
    }

    fn settle(
        &self,
        annotation: &Annotation<'_>,
        (fate, answers): (Fate, &Attributes),
        origin: &Origin<'_>,
        entries: &mut Entries<'_>,
    ) {
        // The store does not count an answer in such a list, but those to which it leads.
        let uncounted = usize::from(annotation.place.list == Holder::InnerList);
        let mut fates = answers.fates().skip(uncounted);
        settle_each(annotation, fate, &mut fates, origin, &self.classes, (LOSSES_STREAM, entries));
    }

    /// Writes the annotations of a label; the picture of an image has its number already.
    fn write_label(
        &self,
        row: &Row<'_>,
        decided: &Decided<'_>,
        (size, kind): (&Size, Kind),
        numbers: &mut Numbers,
        entries: &mut Entries<'_>,
    ) {
        let origin = Origin { data_row_id: &row.id, label_id: &decided.id };
        let mut spot = Spot { row, size, picture: numbers.picture - 1, frame: None, tracks: HashMap::new() };
        if self.task == Task::Panoptic {
            return self.write_panoptic(decided, &spot, &origin, entries);
        }
        let roles = self.skeletons.as_ref().map(|skeletons| self.roles(skeletons, decided, size, entries));
        let mut roles = roles.into_iter().flatten();
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            let role = roles.next().unwrap_or(Role::Alone);
            let frame = annotation.place.frame;
            let reason = match (kind, frame) {
                (Kind::Image, Some(_)) => Some("it is on a frame, and its row is an image"),
                (Kind::Video, None) => Some("it is about a whole video, and the format holds frames"),
                _ => None,
            };
            if let Some(reason) = reason {
                self.settle(annotation, (Fate::left_out(reason), &Attributes::default()), &origin, entries);
                return;
            }
            if frame != spot.frame {
                spot.frame = frame;
                spot.picture = numbers.take_picture();
            }
            self.write_annotation(annotation, role, &mut spot, numbers, &origin, entries);
        });
    }

    fn write_annotation(
        &self,
        annotation: &Annotation<'_>,
        role: Role,
        spot: &mut Spot<'_, '_>,
        numbers: &mut Numbers,
        origin: &Origin<'_>,
        entries: &mut Entries<'_>,
    ) {
        match &annotation.body {
            Body::Classification(answer) if self.task == Task::Captions => {
                let is_caption = self.write_caption(annotation, answer, spot, numbers, entries);
                let own = is_caption.then_some(Fate::KEPT);
                let mut fates = own.into_iter().chain(std::iter::repeat(Fate::left_out(self.task.not_held())));
                let target = (LOSSES_STREAM, entries);
                settle_each(annotation, Fate::KEPT, &mut fates, origin, &self.classes, target);
            }
            Body::Classification(_) => {
                let mut attributes = Attributes::default();
                collect_answers(annotation, &mut attributes);
                self.settle(annotation, (Fate::KEPT, &attributes), origin, entries);
            }
            Body::Object(_) if matches!(role, Role::Point(_)) => {
                // A point of a skeleton has no place for answers about it.
                let fate = if let Role::Point(Some(reason)) = role { Fate::left_out(reason) } else { Fate::KEPT };
                settle(annotation, fate, origin, &self.classes, (LOSSES_STREAM, entries));
            }
            Body::Object(object) => {
                let attributes = match annotation.count_unread() {
                    0 => Attributes::of(annotation.answers()),
                    _ => Attributes::default(),
                };
                let written = self.write_object(annotation, object, (&attributes, role), spot, numbers, entries);
                let fate = written.err().map_or(Fate::KEPT, Fate::left_out);
                self.settle(annotation, (fate, &attributes), origin, entries);
            }
        }
    }

    /// Writes a text about a picture. Returns whether it is one.
    fn write_caption(
        &self,
        annotation: &Annotation<'_>,
        answer: &Classification<'_>,
        spot: &Spot<'_, '_>,
        numbers: &mut Numbers,
        entries: &mut Entries<'_>,
    ) -> bool {
        let Some(Answer::Text(words)) = &answer.answer else { return false };
        let Some(content) = words.content.as_ref().filter(|_| annotation.place.list != Holder::InnerList) else {
            return false;
        };
        let out = entries.stream(self.stream_of(spot.row.part));
        open_element(out);
        let mut caption = ObjectWriter::open(out);
        caption.raw("id", numbers.take_annotation().to_string().as_bytes());
        caption.raw("image_id", spot.picture.to_string().as_bytes());
        caption.raw("caption", content.as_json().as_bytes());
        caption.close();
        true
    }
}

fn collect_answers(annotation: &Annotation<'_>, attributes: &mut Attributes) {
    if let Body::Classification(answer) = &annotation.body
        && annotation.count_unread() == 0
    {
        attributes.add(answer);
    }
}

#[cfg(test)]
mod tests;
