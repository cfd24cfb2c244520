//! CVAT XML 1.1: a file for the images of each part, and one for each video.
//!
//! `PART/annotations.xml` is "CVAT for images": boxes, polygons, lines, points and masks of each image, with a `tag` for each
//! answer about the whole of it. `PART/videos/NAME.xml` is "CVAT for video": a track for each object. `labels.json` is what
//! CVAT takes where a project is made. Labels and their attributes are in `labels`, shapes in `shape`, tracks in `track`.
//!
//! # Invariants
//! - Coordinates are pixels from the upper left corner, as they are stored; nothing is cut to the picture.
//! - Every label and every attribute in a file is declared in it.
//! - No file says when it was written, as CVAT's own do in `dumped`: same rows, same bytes.
//!
//! What the format cannot hold: relations, and answers about a video or its frames. Questions to which an answer leads
//! become attributes that are named after the way there.

mod labels;
mod shape;
mod track;

use super::about::check_options;
use super::annotations::{for_each, key_of, stored};
use super::attributes::Attributes;
use super::chosen::{self, LABELS, PREDICTIONS, Predictions};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::declared;
use super::media::MEDIA;
use super::naming::NAMES;
use super::picture::{self, Decided, Figure, Kind, ROWS, Row, Rows, Size};
use super::settled::{Classes, Fate, LOSSES, NO_CLASS, Origin, settle_each};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::stored::parsed;
use super::xml::{self, Element};
use super::{
    About, Encoder, Entries, FileEntry, Format, FormatOption, Layout, Numbers, OpenError, Options, Pictures, Totals,
    Wanted,
};
use labelport_model::annotation::{self, Annotation, Body, Holder, Object};
use labelport_model::json;
use labelport_model::losses::Outcome;
use labelport_model::record::Record;
use labels::Labels;
use shape::NOT_HELD;
use std::collections::{HashMap, HashSet};
use track::{ATTRIBUTE_DEPTH, State, Track, ranges_of};

/// A file for the images of each part, and one for each video.
pub struct Cvat;

static OPTIONS: [FormatOption; 7] = [CLASS_NAMES, LABELS, MEDIA, NAMES, PREDICTIONS, SPLIT, SPLIT_BY];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;
/// The stream of the first part.
const PARTS_STREAM: usize = 2;

/// The value of a question that nobody answered.
const UNANSWERED: &str = "__undefined__";

const OF_VIDEO: &str = "tracks have no place for answers about a video or its frames";
const INNER_LIST: &str = "it is in a list among the answers";
const LINE_BETWEEN: &str = "to the key frames around it: CVAT moves the points of a line in its own way";
const CUT: &str = "to the key frames around it: one of its key frames could not be written";

struct Files<'f> {
    rows: Rows<'f>,
    classes: Classes<'f>,
    pictures: Option<&'f dyn Pictures>,
    labels: Labels,
    /// What `<meta>` says of labels.
    declared: Vec<u8>,
}

impl Format for Cvat {
    fn name(&self) -> &'static str {
        "cvat"
    }

    fn summary(&self) -> &'static str {
        "CVAT XML 1.1: images with shapes and tags, videos with tracks, answers as attributes; for CVAT and datumaro."
    }

    fn keeps(&self) -> &'static str {
        "boxes, polygons, lines, points, masks, answers; tracks of videos"
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
        let rows = Rows::of(about, None)?;
        rows.chooser.refuse_scores(self.name())?;
        let labels = Labels::of(about, ClassNames::of(about.option(&CLASS_NAMES)));
        let mut declared = Vec::new();
        labels.write_xml(3, &mut declared);
        Ok(Box::new(Files { rows, classes: Classes::of(about), pictures: about.pictures, labels, declared }))
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        let parts = self.rows.split.names().iter().map(|part| images_path(part));
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(parts).collect()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        picture::start(ROWS_STREAM, entries);
        for notice in self.labels.notices() {
            entries.losses.add("class", Outcome::Reduced, notice, 1);
        }
        self.rows.split.say_renamed(entries);
        entries.files.push(FileEntry { path: "labels.json".to_owned(), bytes: self.labels.to_json() });
        for (part, out) in self.rows.split.names().iter().zip(entries.streams.iter_mut().skip(PARTS_STREAM)) {
            self.write_head(part, "annotation", out, |_, _| {});
        }
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        self.rows.file_name(record)
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        let mut values = self.rows.values(record);
        for picture in self.rows.open(record) {
            let is_video = matches!(picture.media, Ok((_, Kind::Video)));
            for decided in picture.decide(self.rows.chooser).iter().filter(|decided| decided.left_out.is_none()) {
                for annotation in annotation::read(stored(&decided.label.annotations)).flatten() {
                    let answers = matches!(annotation.body, Body::Classification(_));
                    let place = self.classes.of_object(&annotation).filter(|_| !(is_video && answers));
                    if let Some(place) = place {
                        declared::values(place, &Attributes::about(&annotation), &mut values);
                    }
                }
            }
        }
        values
    }

    fn row(&self, record: &Record<'_>, numbers: &mut Numbers, entries: &mut Entries<'_>) {
        for picture in self.rows.open(record) {
            let decided = picture.decide(self.rows.chooser);
            let mut written = None;
            for decided in &decided {
                match decided.left_out {
                    Some(reason) => {
                        self.rows.leave_out(&picture, (decided, reason), &self.classes, (LOSSES_STREAM, entries))
                    }
                    None => {
                        written = Some(decided);
                    }
                }
            }
            let (stem, extension) = (&picture.name.stem, &picture.name.extension);
            let paths = match picture.media {
                Ok((size, Kind::Image)) => {
                    self.write_image(&picture, &size, written, numbers.take_picture(), entries);
                    (format!("{}/images/{stem}{extension}", picture.part), images_path(picture.part))
                }
                Ok((size, Kind::Video)) => {
                    let path = format!("{}/videos/{stem}", picture.part);
                    let bytes = self.write_video(&picture, &size, written, entries);
                    let file = format!("{path}.xml");
                    if !entries.is_survey {
                        entries.files.push(FileEntry { path: file.clone(), bytes });
                    }
                    (format!("{path}{extension}"), file)
                }
                Err(_) => Default::default(),
            };
            self.rows.list_at(&picture, (Ok(&paths.0), &paths.1, written), ROWS_STREAM, entries);
        }
    }

    fn finish(&self, _: &Totals, entries: &mut Entries<'_>) {
        entries.streams.iter_mut().skip(PARTS_STREAM).for_each(|out| out.extend_from_slice(END));
    }
}

/// What a file ends with.
const END: &[u8] = b"</annotations>\n";

fn images_path(part: &str) -> String {
    format!("{part}/annotations.xml")
}

impl Files<'_> {
    /// Writes what stands before images or tracks.
    fn write_head(&self, name: &str, mode: &str, out: &mut Vec<u8>, more: impl FnOnce(usize, &mut Vec<u8>)) {
        out.extend_from_slice(xml::DECLARATION);
        out.extend_from_slice(b"<annotations>\n");
        xml::leaf("version", "1.1", 1, out);
        Element::open("meta", 1, out).holding(|depth, out| {
            Element::open("task", depth, out).holding(|depth, out| {
                xml::leaf("name", name, depth, out);
                xml::leaf("mode", mode, depth, out);
                more(depth, out);
                out.extend_from_slice(&self.declared);
            });
        });
    }

    /// Says who made the annotations, as CVAT does.
    fn source(&self) -> &'static str {
        if self.rows.chooser.predictions == Predictions::No { "manual" } else { "auto" }
    }

    /// Returns the place of an object's class, and what is drawn. Fails with a clause for what is left out.
    fn figure(
        &self,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
        size: &Size,
    ) -> Result<(u32, Figure), &'static str> {
        let place = self.class_of(annotation, object)?;
        let shape = object.shape.as_ref().ok_or(NOT_HELD)?;
        Ok((place, Figure::of(shape, size, self.pictures, NOT_HELD)?))
    }

    fn class_of(&self, annotation: &Annotation<'_>, object: &Object<'_>) -> Result<u32, &'static str> {
        let place = self.classes.place_of(annotation, object)?;
        if self.labels.is_drawn(place) { Ok(place) } else { Err(NOT_HELD) }
    }

    fn settle(
        &self,
        annotation: &Annotation<'_>,
        (fate, attributes): (Fate, &Attributes),
        origin: &Origin<'_>,
        entries: &mut Entries<'_>,
    ) {
        let target = (LOSSES_STREAM, entries);
        settle_each(annotation, fate, &mut xml::fates_of(attributes), origin, &self.classes, target);
    }

    /// Writes an image with what its label holds; `number` is its number from 1.
    fn write_image(
        &self,
        picture: &Row<'_>,
        size: &Size,
        written: Option<&Decided<'_>>,
        number: u64,
        entries: &mut Entries<'_>,
    ) {
        let mut shapes = Vec::new();
        if let Some(decided) = written {
            let origin = Origin { data_row_id: &picture.id, label_id: &decided.id };
            for_each(decided.label.annotations, entries, &mut |annotation, entries| {
                let attributes = Attributes::about(annotation);
                let fate = self.write_shape(annotation, &attributes, size, &mut shapes);
                self.settle(annotation, (fate.err().map_or(Fate::KEPT, Fate::left_out), &attributes), &origin, entries);
            });
        }
        if entries.is_survey {
            return;
        }
        let stream = PARTS_STREAM + self.rows.split.place(picture.part);
        let mut image = Element::open("image", 1, entries.stream(stream));
        image.attribute("id", &(number - 1).to_string());
        image.attribute("name", &format!("{}{}", picture.name.stem, picture.name.extension));
        image.number("width", size.width);
        image.number("height", size.height);
        image.holding(|_, out| out.extend_from_slice(&shapes));
    }

    /// Writes an annotation of an image. Fails with a clause for what is left out.
    fn write_shape(
        &self,
        annotation: &Annotation<'_>,
        attributes: &Attributes,
        size: &Size,
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        const DEPTH: usize = 2;
        if annotation.place.frame.is_some() {
            return Err("it is on a frame, and its row is an image");
        }
        let (place, element) = match &annotation.body {
            Body::Object(object) => {
                let (place, figure) = self.figure(annotation, object, size)?;
                let mut element = Element::open(shape::element(&figure), DEPTH, out);
                element.attribute("label", self.labels.name(place));
                element.attribute("source", self.source());
                element.attribute("occluded", "0");
                shape::write(&figure, &mut element);
                element.attribute("z_order", "0");
                (place, element)
            }
            Body::Classification(_) if annotation.place.list == Holder::InnerList => return Err(INNER_LIST),
            Body::Classification(_) => {
                let place = self.classes.of_object(annotation).ok_or(NO_CLASS)?;
                let mut element = Element::open("tag", DEPTH, out);
                element.attribute("label", self.labels.name(place));
                element.attribute("source", self.source());
                (place, element)
            }
        };
        element.holding(|depth, out| self.labels.write_attributes(place, attributes, depth, out));
        Ok(())
    }

    /// Returns the file of a video, and settles what its label holds.
    fn write_video(
        &self,
        picture: &Row<'_>,
        size: &Size,
        written: Option<&Decided<'_>>,
        entries: &mut Entries<'_>,
    ) -> Vec<u8> {
        let media = parsed(picture.record.media.unwrap_or(b"{}"));
        let frame_count = media.root().get("frame_count").and_then(json::Value::as_i64).filter(|count| *count > 0);
        let mut out = Vec::new();
        self.write_head(&picture.name.stem, "interpolation", &mut out, |depth, out| {
            if let Some(count) = frame_count {
                xml::leaf("size", &count.to_string(), depth, out);
            }
            Element::open("original_size", depth, out).holding(|depth, out| {
                xml::leaf("width", &size.width.to_string(), depth, out);
                xml::leaf("height", &size.height.to_string(), depth, out);
            });
        });
        if let Some(decided) = written {
            let stored = stored(&decided.label.annotations);
            let tracks = self.tracks(stored, size);
            self.settle_video(picture, decided, size, &tracks, entries);
            let document = parsed(stored.as_bytes());
            let ranges = ranges_of(document.root());
            for (number, ((key, place), track)) in tracks.in_order().into_iter().enumerate() {
                let ranges = ranges.get(key).map_or(&[][..], Vec::as_slice);
                track.write((number, self.labels.name(place), self.source()), ranges, frame_count, &mut out);
            }
        }
        out.extend_from_slice(END);
        out
    }

    /// Collects the objects of a video on their key frames.
    fn tracks(&self, stored: &str, size: &Size) -> Tracks {
        let mut tracks = Tracks::default();
        for annotation in annotation::read(stored).flatten() {
            let (Body::Object(object), Some(frame)) = (&annotation.body, annotation.place.frame) else { continue };
            let Ok(place) = self.class_of(&annotation, object) else { continue };
            let key = key_of(&annotation, object);
            let figure = match self.figure(&annotation, object, size) {
                Ok((_, figure)) if frame >= 1 => figure,
                _ => {
                    tracks.cut.insert((key, place));
                    continue;
                }
            };
            let mut attributes = Vec::new();
            self.labels.write_attributes(place, &Attributes::about(&annotation), ATTRIBUTE_DEPTH, &mut attributes);
            let next = tracks.of.len();
            let (_, track) = tracks.of.entry((key, place)).or_insert((next, Track::default()));
            track.frames.entry(frame).or_insert(State { figure, attributes });
        }
        tracks
    }

    /// Settles what a video holds, on every frame that is exported.
    fn settle_video(
        &self,
        picture: &Row<'_>,
        decided: &Decided<'_>,
        size: &Size,
        tracks: &Tracks,
        entries: &mut Entries<'_>,
    ) {
        let origin = Origin { data_row_id: &picture.id, label_id: &decided.id };
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            let fate = match &annotation.body {
                Body::Object(object) => self.fate_on_frame(annotation, object, size, tracks),
                Body::Classification(_) => Fate::left_out(OF_VIDEO),
            };
            self.settle(annotation, (fate, &Attributes::about(annotation)), &origin, entries);
        });
    }

    fn fate_on_frame(&self, annotation: &Annotation<'_>, object: &Object<'_>, size: &Size, tracks: &Tracks) -> Fate {
        let Some(frame) = annotation.place.frame else {
            return Fate::left_out("it is about a whole video, and the format holds frames");
        };
        if frame < 1 {
            return Fate::left_out("its frame is not one from 1 on");
        }
        let place = match self.class_of(annotation, object) {
            Ok(place) => place,
            Err(reason) => return Fate::left_out(reason),
        };
        let key = (key_of(annotation, object), place);
        let track = tracks.of.get(&key);
        if track.is_some_and(|(_, track)| track.frames.contains_key(&frame)) {
            return Fate::KEPT;
        }
        // Between key frames CVAT fills in what is exported.
        match (self.figure(annotation, object, size), track) {
            (Err(reason), _) => Fate::left_out(reason),
            (Ok(_), None) => Fate::left_out("none of its key frames could be written"),
            (Ok(_), Some(_)) if tracks.cut.contains(&key) => Fate::reduced(CUT),
            (Ok((_, Figure::Line(_))), Some(_)) => Fate::reduced(LINE_BETWEEN),
            (Ok(_), Some(_)) => Fate::KEPT,
        }
    }
}

/// The objects of a video, by key and by the place of their class, with their order.
#[derive(Default)]
struct Tracks {
    of: HashMap<(String, u32), (usize, Track)>,
    /// Those of which a key frame could not be written.
    cut: HashSet<(String, u32)>,
}

impl Tracks {
    fn in_order(&self) -> Vec<((&str, u32), &Track)> {
        let mut all: Vec<_> = self.of.iter().collect();
        all.sort_by_key(|(_, (number, _))| *number);
        all.into_iter().map(|((key, place), (_, track))| ((key.as_str(), *place), track)).collect()
    }
}

#[cfg(test)]
mod tests;
