//! COCO: one JSON file for each part, with images, annotations and categories.
//!
//! `--format-option task=` says which annotations: `instances` (boxes, polygons, masks), `keypoints` (points, each a category
//! with one keypoint, or boxes with the points that a rule joins to them), `captions` (texts about a whole picture), `panoptic` (a picture whose pixels are objects). A frame of
//! a video on which something is stored is an image with `video_id` and `frame_id`, and its objects have a `track_id`.
//!
//! What stands in a file before and after its lists, and the commas between elements, are in `document`; the pictures of
//! `panoptic` in `panoptic`.
//!
//! # Invariants
//! - Images, annotations and categories are numbered from 1, in the order of the export, through all parts: a number is
//!   never given twice, whatever part a row is in.
//! - The list of images and that of annotations are two streams of one file. A row writes both, with the same numbers of
//!   pictures.
//!
//! What the format cannot hold: relations, lines, all labels of a row but one, answers about a whole video.
//! Answers are `attributes` of annotations and images; those to which an answer leads are named after the way there.

mod document;
mod object;
mod panoptic;
mod pose;
mod spot;

use super::about::check_options;
use super::annotations::for_each;
use super::attributes::Attributes;
use super::chosen::{self, LABELS, PREDICTIONS};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::digits;
use super::elements::{Commas, open_element, write_list};
use super::marks::Mark;
use super::media::MEDIA;
use super::naming::NAMES;
use super::picture::{
    self, CLASSES, ClassList, Decided, Kind, ROWS, Row, Rows, SIMPLIFY, Simplify, Size, parse_pinned,
};
use super::settled::{Classes, Fate, LOSSES, Origin, settle, settle_each};
use super::skeleton::{POSE, Skeletons};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::{
    About, Class, Encoder, Entries, Format, FormatOption, Joiner, Layout, Numbers, OpenError, Options, Pictures,
    Totals, Wanted,
};
use document::{BETWEEN, END, categories, write_attributes};
use labelport_model::annotation::{Annotation, Answer, Body, Classification, Holder};
use labelport_model::data_type::Form;
use labelport_model::json::{ObjectWriter, quote_into};
use labelport_model::record::Record;
use pose::Role;
use spot::Spot;
use std::collections::HashMap;

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

static OPTIONS: [FormatOption; 12] =
    [TASK, MASKS, CLASSES, CLASS_NAMES, LABELS, MEDIA, NAMES, POSE, PREDICTIONS, SIMPLIFY, SPLIT, SPLIT_BY];

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
    simplify: Simplify,
    rows: Rows<'f>,
    /// The files of the parts.
    paths: Vec<String>,
    classes: Classes<'f>,
    list: ClassList,
    /// Which points belong to which boxes, where a rule says so.
    skeletons: Option<Skeletons>,
    /// Whether there are questions: else images have no attributes, and need no look at annotations.
    has_questions: bool,
    pictures: Option<&'f dyn Pictures>,
}

impl Format for Coco {
    fn name(&self) -> &'static str {
        "coco"
    }

    fn summary(&self) -> &'static str {
        "COCO JSON: images, annotations, categories; for pycocotools, detectron2, torchvision and many others."
    }

    fn keeps(&self) -> &'static str {
        "boxes, polygons, masks, points, answers; frames of videos"
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
        let task = Task::of(about.option(&TASK));
        let without_videos = (task == Task::Panoptic).then_some("panoptic segmentation is of images alone");
        let rows = Rows::of(about, without_videos)?;
        if matches!(task, Task::Captions | Task::Panoptic) {
            rows.chooser.refuse_scores(&format!("task={}", about.option(&TASK)))?;
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
        let path = |part: &String| format!("annotations/{}_{part}.json", task.file_prefix());
        Ok(Box::new(Files {
            task,
            paths: rows.split.names().iter().map(path).collect(),
            only_runs: about.option(&MASKS) == "runs",
            simplify: Simplify::of(about)?,
            rows,
            classes: Classes::of(about),
            list: ClassList::of(
                &numbered,
                if skeletons.is_some() { BOXES } else { task.forms() },
                ClassNames::of(about.option(&CLASS_NAMES)),
                &parse_pinned(about.option(&CLASSES))?,
            ),
            skeletons,
            has_questions: about.classes.iter().any(|class| class.form.is_none()),
            pictures: about.pictures,
        }))
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        // The lists of images, then those of annotations.
        let lists = self.paths.iter().chain(&self.paths).cloned();
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(lists).collect()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn joiner(&self, stream: usize) -> Option<Box<dyn Joiner>> {
        (stream >= PARTS_STREAM).then(|| Box::new(Commas::default()) as Box<dyn Joiner>)
    }

    fn start(&self, entries: &mut Entries<'_>) {
        picture::start(ROWS_STREAM, entries);
        self.list.say_renamed(entries);
        self.rows.split.say_renamed(entries);
        entries.files.push(self.list.to_file());
        let places = self.list.places();
        let categories = categories(&self.list, |category, number, name| match self.task {
            Task::Keypoints => {
                let joined = self.skeletons.as_ref().zip(places.get(&number));
                let points = joined.and_then(|(skeletons, place)| skeletons.points_of(*place));
                let own = [name.to_owned()];
                let points = points.unwrap_or(&own);
                write_list(category.key("keypoints"), points, |name, out| quote_into(name, out));
                category.raw("skeleton", b"[]");
            }
            Task::Panoptic => category.raw("isthing", b"1"),
            Task::Instances | Task::Captions => {}
        });
        let categories = Some(&categories[..]).filter(|_| self.task != Task::Captions);
        let (images, _) = self.lists(entries);
        images.iter_mut().for_each(|out| document::start(categories, out));
    }

    fn between(&self, entries: &mut Entries<'_>) {
        let (_, annotations) = self.lists(entries);
        annotations.iter_mut().for_each(|out| out.extend_from_slice(BETWEEN));
    }

    fn has_marks(&self) -> bool {
        true
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        self.rows.file_name(record)
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        self.rows.values(record)
    }

    fn class_names(&self) -> Option<Vec<String>> {
        Some(self.list.names().to_vec())
    }

    fn row(&self, record: &Record<'_>, numbers: &mut Numbers, entries: &mut Entries<'_>) {
        for row in self.rows.open(record) {
            let decided = row.decide(self.rows.chooser);
            // Images and what is drawn on them are written apart from each other, and number the same pictures.
            self.write_images(&row, &decided, *numbers, entries);
            self.write_row(&row, &decided, numbers, entries);
        }
    }

    fn finish(&self, _: &Totals, entries: &mut Entries<'_>) {
        let (_, annotations) = self.lists(entries);
        annotations.iter_mut().for_each(|out| out.extend_from_slice(END));
    }
}

impl Files<'_> {
    /// Returns the streams of the parts: those with images, and those with annotations.
    fn lists<'e>(&self, entries: &'e mut Entries<'_>) -> (&'e mut [Vec<u8>], &'e mut [Vec<u8>]) {
        entries.streams[PARTS_STREAM..].split_at_mut(self.rows.split.names().len())
    }

    /// Returns the stream with the images of a part.
    fn images_of(&self, part: &str) -> usize {
        PARTS_STREAM + self.rows.split.place(part)
    }

    /// Returns the stream with the annotations of a part.
    fn annotations_of(&self, part: &str) -> usize {
        self.images_of(part) + self.rows.split.names().len()
    }

    /// Writes the pictures of a row into the list of images.
    fn write_images(&self, row: &Row<'_>, decided: &[Decided<'_>], mut numbers: Numbers, entries: &mut Entries<'_>) {
        let Ok((_, kind)) = row.media else { return };
        if entries.is_survey {
            return;
        }
        let has_attributes = self.has_questions && self.task != Task::Captions;
        let written = decided.iter().find(|decided| decided.left_out.is_none());
        match kind {
            Kind::Image => {
                let mut attributes = Attributes::default();
                if let Some(decided) = written.filter(|_| has_attributes) {
                    for_each(decided.label.annotations, entries, &mut |annotation, _| {
                        if annotation.place.frame.is_none() {
                            collect_answers(annotation, &mut attributes);
                        }
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
    fn write_row(&self, row: &Row<'_>, decided: &[Decided<'_>], numbers: &mut Numbers, entries: &mut Entries<'_>) {
        let first = numbers.picture;
        if let Ok((_, Kind::Image)) = row.media {
            numbers.take_picture();
        }
        let mut written = None;
        for decided in decided {
            match (decided.left_out, row.media) {
                (None, Ok((size, kind))) => {
                    written = Some(decided);
                    self.write_label(row, decided, (&size, kind), numbers, entries);
                }
                (reason, _) => {
                    let left_out = (decided, reason.unwrap_or_default());
                    self.rows.leave_out(row, left_out, &self.classes, (LOSSES_STREAM, entries));
                }
            }
        }
        let path = self.paths.get(self.rows.split.place(row.part)).map_or("", String::as_str);
        let target = (path, written);
        self.rows.list(row, numbers.picture > first, target, ROWS_STREAM, entries);
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
        let out = entries.stream(self.images_of(row.part));
        open_element(out);
        let mut image = ObjectWriter::open(out);
        Mark::Picture.write(number, image.key("id"));
        digits::write(size.width, image.key("width"));
        digits::write(size.height, image.key("height"));
        image.text("file_name", &row.file_name(frame));
        if let Some(frame) = frame {
            Mark::Row.write(row_number, image.key("video_id"));
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

    /// Settles an annotation, and the answers in it by fates of their own.
    fn settle(
        &self,
        annotation: &Annotation<'_>,
        (fate, answers): (Fate, Vec<Fate>),
        origin: &Origin<'_>,
        entries: &mut Entries<'_>,
    ) {
        let target = (LOSSES_STREAM, entries);
        settle_each(annotation, fate, &mut answers.into_iter(), origin, &self.classes, target);
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
        let mut spot = Spot {
            row,
            size,
            picture: numbers.picture - 1,
            frame: None,
            tracks: HashMap::new(),
            answers: Attributes::default(),
        };
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
                settle(annotation, Fate::left_out(reason), &origin, &self.classes, (LOSSES_STREAM, entries));
                return;
            }
            if frame != spot.frame {
                spot.frame = frame;
                spot.answers = Attributes::default();
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
                let fates = collect_answers(annotation, &mut spot.answers);
                self.settle(annotation, (Fate::KEPT, fates), origin, entries);
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
                let fate = written.unwrap_or_else(Fate::left_out);
                self.settle(annotation, (fate, attributes.fates().collect()), origin, entries);
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
        let out = entries.stream(self.annotations_of(spot.row.part));
        open_element(out);
        let mut caption = ObjectWriter::open(out);
        Mark::Annotation.write(numbers.take_annotation(), caption.key("id"));
        Mark::Picture.write(spot.picture, caption.key("image_id"));
        caption.raw("caption", content.as_json().as_bytes());
        caption.close();
        true
    }
}

/// Adds an answer about a picture to others. Returns what became of it and of those to which it leads.
fn collect_answers(annotation: &Annotation<'_>, attributes: &mut Attributes) -> Vec<Fate> {
    match &annotation.body {
        Body::Classification(answer) if annotation.count_unread() == 0 => attributes.add(answer),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
