//! The JSON of datumaro: for each part a file with categories, and an item for each image and for each frame of a video on
//! which something is stored.
//!
//! Items and their annotations are written by `item`.
//!
//! # Invariants
//! - Coordinates are pixels from the upper left corner, as they are stored; nothing is cut to the picture.
//! - Labels are numbered from 0 in the order of the ontology, alike in all parts; annotations from 1 through all parts.
//! - Every attribute of an annotation is declared for its label.
//!
//! What the format cannot hold: relations, and answers about a whole video. Questions to which an answer leads are named
//! after the way there.

mod item;

use super::about::check_options;
use super::annotations::{for_each, stored};
use super::attributes::Attributes;
use super::chosen::{self, LABELS, PREDICTIONS, Predictions};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::declared;
use super::elements::{Commas, write_list};
use super::media::MEDIA;
use super::naming::NAMES;
use super::picture::{self, CLASSES, ClassList, Decided, Figure, Kind, ROWS, Row, Rows, Size, parse_pinned};
use super::settled::{Classes, Fate, LOSSES, Origin, settle_each};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::{
    About, Encoder, Entries, Format, FormatOption, Joiner, Layout, Numbers, OpenError, Options, Pictures, Totals,
    Wanted,
};
use item::{Extras, Item};
use labelport_model::annotation::{self, Annotation, Body, Holder, Object};
use labelport_model::data_type::Form;
use labelport_model::json::{ObjectWriter, quote_into};
use labelport_model::losses::Outcome;
use labelport_model::record::Record;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A file for each part.
pub struct Datumaro;

static OPTIONS: [FormatOption; 8] = [CLASSES, CLASS_NAMES, LABELS, MEDIA, NAMES, PREDICTIONS, SPLIT, SPLIT_BY];

/// What has labels.
const FORMS: [Form; 6] = [Form::Box, Form::Polygon, Form::Line, Form::Point, Form::Mask, Form::FrameMask];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;
/// The stream of the first part.
const PARTS_STREAM: usize = 2;

const NOT_HELD: &str = "the format holds boxes, polygons, lines, points, masks and answers";
const ON_A_FRAME: &str = "it is on a frame, and its row is an image";
const WHOLE_VIDEO: &str = "it is about a whole video, and the format holds frames";
const INNER_LIST: &str = "it is in a list among the answers";

struct Files<'f> {
    rows: Rows<'f>,
    classes: Classes<'f>,
    list: ClassList,
    pictures: Option<&'f dyn Pictures>,
    /// What stands before the items.
    head: Vec<u8>,
    /// What is said where there are more answers than are declared.
    notice: Option<String>,
}

impl Format for Datumaro {
    fn name(&self) -> &'static str {
        "datumaro"
    }

    fn summary(&self) -> &'static str {
        "The JSON of datumaro: items with annotations and answers, frames of videos as images; for its many converters."
    }

    fn keeps(&self) -> &'static str {
        "boxes, polygons, lines, points, masks, answers; frames of videos"
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
        chosen::wanted(options)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        let names = ClassNames::of(about.option(&CLASS_NAMES));
        let list = ClassList::of(about.classes, &FORMS, names, &parse_pinned(about.option(&CLASSES))?);
        Ok(Box::new(Files {
            rows: Rows::of(about, None)?,
            classes: Classes::of(about),
            pictures: about.pictures,
            head: head(&list, &attributes_of(about, &list)),
            notice: declared::notice(about),
            list,
        }))
    }
}

/// Lists the attributes that annotations of each label have.
fn attributes_of(about: &About<'_>, list: &ClassList) -> BTreeMap<usize, BTreeSet<String>> {
    let mut attributes: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for (place, name) in declared::of(about).into_keys() {
        if let Some(number) = list.number(place) {
            attributes.entry(number).or_default().insert(name);
        }
    }
    attributes
}

/// Returns what stands before the items of a file.
fn head(list: &ClassList, attributes: &BTreeMap<usize, BTreeSet<String>>) -> Vec<u8> {
    let mut out = b"{\"dm_format_version\":\"1.0\",\n\"media_type\":2,\n\"infos\":{},\n\"categories\":".to_vec();
    let mut categories = ObjectWriter::open(&mut out);
    let mut label = ObjectWriter::open(categories.key("label"));
    write_list(label.key("labels"), list.names().iter().enumerate(), |(number, name), out| {
        let mut one = ObjectWriter::open(out);
        one.text("name", name);
        one.text("parent", "");
        let own = attributes.get(&number).into_iter().flatten();
        write_list(one.key("attributes"), own, |name, out| quote_into(name, out));
        one.close();
    });
    label.raw("label_groups", b"[]");
    label.raw("attributes", b"[]");
    label.close();
    let mut mask = ObjectWriter::open(categories.key("mask"));
    // Black is what belongs to nothing.
    write_list(mask.key("colormap"), 0..list.names().len(), |number, out| {
        let mut one = ObjectWriter::open(out);
        one.raw("label_id", number.to_string().as_bytes());
        for (key, value) in ["r", "g", "b"].into_iter().zip(picture::colour(number + 1)) {
            one.raw(key, value.to_string().as_bytes());
        }
        one.close();
    });
    mask.close();
    categories.close();
    out.extend_from_slice(b",\n\"items\":[");
    out
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        let parts = self.rows.split.names().iter().map(|part| path_of(part));
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
        self.list.say_renamed(entries);
        self.rows.split.say_renamed(entries);
        self.notice.iter().for_each(|notice| entries.losses.add("class", Outcome::Reduced, notice, 1));
        entries.files.push(self.list.to_file());
        entries.streams.iter_mut().skip(PARTS_STREAM).for_each(|out| out.extend_from_slice(&self.head));
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        self.rows.file_name(record)
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        let mut values = self.rows.values(record);
        for row in self.rows.open(record) {
            for decided in row.decide(self.rows.chooser).iter().filter(|decided| decided.left_out.is_none()) {
                for annotation in annotation::read(stored(&decided.label.annotations)).flatten() {
                    let is_object = matches!(annotation.body, Body::Object(_));
                    if let Some(place) = self.classes.of_object(&annotation).filter(|_| is_object) {
                        declared::values(place, &Attributes::about(&annotation), &mut values);
                    }
                }
            }
        }
        values
    }

    fn row(&self, record: &Record<'_>, numbers: &mut Numbers, entries: &mut Entries<'_>) {
        for row in self.rows.open(record) {
            let (mut written, mut items) = (None, 0);
            let decided = row.decide(self.rows.chooser);
            for decided in &decided {
                match (decided.left_out, row.media) {
                    (None, Ok((size, kind))) => {
                        written = Some(decided);
                        items += self.write_label(&row, decided, (&size, kind), numbers, entries);
                    }
                    (reason, _) => {
                        let left_out = (decided, reason.unwrap_or_default());
                        self.rows.leave_out(&row, left_out, &self.classes, (LOSSES_STREAM, entries));
                    }
                }
            }
            if written.is_none()
                && let Ok((size, Kind::Image)) = row.media
            {
                self.write_item(&row, &size, Item::default(), entries);
            }
            self.rows.list(&row, items > 0, (&path_of(row.part), written), ROWS_STREAM, entries);
        }
    }

    fn finish(&self, _: &Totals, entries: &mut Entries<'_>) {
        entries.streams.iter_mut().skip(PARTS_STREAM).for_each(|out| out.extend_from_slice(b"\n]}\n"));
    }
}

fn path_of(part: &str) -> String {
    format!("annotations/{part}.json")
}

impl Files<'_> {
    /// Writes the items of a label, and settles all that it holds. Returns how many items there are.
    fn write_label(
        &self,
        row: &Row<'_>,
        decided: &Decided<'_>,
        (size, kind): (&Size, Kind),
        numbers: &mut Numbers,
        entries: &mut Entries<'_>,
    ) -> usize {
        let origin = Origin { data_row_id: &row.id, label_id: &decided.id };
        let mut items = 0;
        let mut open = (kind == Kind::Image).then(Item::default);
        let mut tracks = HashMap::new();
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            let frame = annotation.place.frame;
            let reason = match (kind, frame) {
                (Kind::Image, Some(_)) => Some(ON_A_FRAME),
                (Kind::Video, None) => Some(WHOLE_VIDEO),
                _ => None,
            };
            if reason.is_none() && open.as_ref().is_none_or(|item| item.frame != frame) {
                if let Some(done) = open.replace(Item::of(frame)) {
                    self.write_item(row, size, done, entries);
                }
                items += 1;
            }
            let (fate, answers) = match (reason, &mut open) {
                (None, Some(item)) => {
                    self.write_annotation(annotation, size, item, (&mut tracks, numbers, entries.is_survey))
                }
                _ => (Fate::left_out(reason.unwrap_or(NOT_HELD)), Vec::new()),
            };
            let target = (LOSSES_STREAM, entries);
            settle_each(annotation, fate, &mut answers.into_iter(), &origin, &self.classes, target);
        });
        if let Some(done) = open {
            self.write_item(row, size, done, entries);
        }
        items
    }

    fn write_item(&self, row: &Row<'_>, size: &Size, item: Item, entries: &mut Entries<'_>) {
        if !entries.is_survey {
            let stream = PARTS_STREAM + self.rows.split.place(row.part);
            item.write(row, size, entries.stream(stream));
        }
    }

    /// Writes an annotation into an item. Returns what becomes of it, and of the answers in it.
    fn write_annotation(
        &self,
        annotation: &Annotation<'_>,
        size: &Size,
        item: &mut Item,
        (tracks, numbers, is_survey): (&mut HashMap<String, usize>, &mut Numbers, bool),
    ) -> (Fate, Vec<Fate>) {
        let object = match &annotation.body {
            Body::Object(object) => object,
            Body::Classification(_) if annotation.place.list == Holder::InnerList => {
                return (Fate::left_out(INNER_LIST), Vec::new());
            }
            Body::Classification(answer) if annotation.count_unread() == 0 => {
                return (Fate::KEPT, item.answers.add(answer));
            }
            Body::Classification(_) => return (Fate::KEPT, Vec::new()),
        };
        let attributes = Attributes::about(annotation);
        let (label, figure) = match self.figure(annotation, object, size) {
            Ok(found) => found,
            Err(reason) => return (Fate::left_out(reason), Vec::new()),
        };
        let has_scores = self.rows.chooser.predictions == Predictions::WithScores;
        let track = item.frame.map(|_| {
            let next = tracks.len() + 1;
            *tracks.entry(super::annotations::key_of(annotation, object)).or_insert(next)
        });
        let number = numbers.take_annotation();
        if !is_survey {
            let score = object.scores.confidence.as_ref().filter(|_| has_scores).map(|score| score.text());
            let extras = Extras { track, score: score.as_deref() };
            item.add((number, label), &figure, &attributes, &extras);
        }
        (Fate::KEPT, attributes.fates().collect())
    }

    /// Returns the number of an object's label, and what is drawn. Fails with a clause for what is left out.
    fn figure(
        &self,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
        size: &Size,
    ) -> Result<(usize, Figure), &'static str> {
        let place = self.classes.place_of(annotation, object)?;
        let shape = object.shape.as_ref().filter(|_| self.list.is_drawn(place)).ok_or(NOT_HELD)?;
        let figure = Figure::of(shape, size, self.pictures, NOT_HELD)?;
        // What is looked at first has no numbers yet.
        Ok((self.list.number(place).unwrap_or_default(), figure))
    }
}

#[cfg(test)]
mod tests;
