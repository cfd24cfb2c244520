//! Hugging Face image folders: a `metadata.jsonl` for each part, next to which its pictures belong.
//!
//! A line is a picture: where it is, its row and label, and lists of its objects, one entry for each object in each list, as
//! the object detection of Hugging Face has them. Answers are JSON in a text.
//!
//! # Invariants
//! - Every line has the same members of the same types, so that a loader finds the same columns whatever line comes first.
//!
//! What the format cannot hold: polygons and masks but for the boxes around them, points, lines, relations, videos, and all
//! labels of a row but one.

use super::about::check_options;
use super::annotations::for_each;
use super::attributes::Attributes;
use super::chosen::{self, LABELS, PREDICTIONS, Predictions};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::digits;
use super::elements::write_list;
use super::media::MEDIA;
use super::naming::NAMES;
use super::picture::{
    self, CLASSES, ClassList, Decided, Drawn, NO_AREA, ROWS, Row, Rows, Size, is_of_size, parse_pinned,
};
use super::settled::{Classes, Fate, LOSSES, Origin, settle_each};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::{About, Encoder, Entries, Format, FormatOption, Layout, Numbers, OpenError, Options, Pictures, Wanted};
use labelport_model::annotation::{Annotation, Body, Object};
use labelport_model::data_type::Form;
use labelport_model::json::{ObjectWriter, quote_into};
use labelport_model::record::Record;

/// Image folders.
pub struct HuggingFace;

static OPTIONS: [FormatOption; 8] = [CLASSES, CLASS_NAMES, LABELS, MEDIA, NAMES, PREDICTIONS, SPLIT, SPLIT_BY];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;
/// The stream of the first part.
const PARTS_STREAM: usize = 2;

/// What has a box.
const FORMS: [Form; 3] = [Form::Box, Form::Polygon, Form::Mask];
const NOT_HELD: &str = "the format holds boxes of images";

struct Files<'f> {
    rows: Rows<'f>,
    classes: Classes<'f>,
    list: ClassList,
    pictures: Option<&'f dyn Pictures>,
}

impl Format for HuggingFace {
    fn name(&self) -> &'static str {
        "hf"
    }

    fn summary(&self) -> &'static str {
        "An image folder with a metadata.jsonl for each part: boxes, classes, answers; for Hugging Face datasets."
    }

    fn keeps(&self) -> &'static str {
        "boxes and answers of images"
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
        let mut rows = Rows::of(about, Some("its row is a video, and the format holds images"))?;
        rows.images = "";
        let class_names = ClassNames::of(about.option(&CLASS_NAMES));
        Ok(Box::new(Files {
            rows,
            classes: Classes::of(about),
            list: ClassList::of(about.classes, &FORMS, class_names, &parse_pinned(about.option(&CLASSES))?),
            pictures: about.pictures,
        }))
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        let parts = self.rows.split.names().iter().map(|part| path_of(part));
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(parts).collect()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        picture::start(ROWS_STREAM, entries);
        self.list.say_renamed(entries);
        self.rows.split.say_renamed(entries);
        entries.files.push(self.list.to_file());
    }

    fn file_name(&self, record: &Record<'_>) -> Option<String> {
        self.rows.file_name(record)
    }

    fn class_names(&self) -> Option<Vec<String>> {
        Some(self.list.names().to_vec())
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        self.rows.values(record)
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        for row in self.rows.open(record) {
            self.write_row(&row, entries);
        }
    }
}

fn path_of(part: &str) -> String {
    format!("{part}/metadata.jsonl")
}

/// A box of an object.
struct Boxed {
    id: String,
    class: usize,
    /// Left, top, width and height.
    bbox: [f64; 4],
    area: f64,
    answers: Attributes,
    score: Option<f64>,
}

impl Files<'_> {
    fn stream_of(&self, part: &str) -> usize {
        PARTS_STREAM + self.rows.split.place(part)
    }

    fn write_row(&self, row: &Row<'_>, entries: &mut Entries<'_>) {
        let (mut written, mut boxes, mut answers) = (None, Vec::new(), Attributes::default());
        let decided = row.decide(self.rows.chooser);
        for decided in &decided {
            match (decided.left_out, row.media) {
                (None, Ok((size, _))) => {
                    written = Some(decided);
                    (boxes, answers) = self.read_label(row, decided, &size, entries);
                }
                (reason, _) => {
                    let left_out = (decided, reason.unwrap_or_default());
                    self.rows.leave_out(row, left_out, &self.classes, (LOSSES_STREAM, entries));
                }
            }
        }
        if row.media.is_ok() && !entries.is_survey {
            let label_id = written.map_or("", |decided: &Decided<'_>| &decided.id);
            self.write_line(row, label_id, &boxes, &answers, entries);
        }
        self.rows.list(row, true, (&path_of(row.part), written), ROWS_STREAM, entries);
    }

    /// Returns the boxes and the answers of a label, and settles all that it holds.
    fn read_label(
        &self,
        row: &Row<'_>,
        decided: &Decided<'_>,
        size: &Size,
        entries: &mut Entries<'_>,
    ) -> (Vec<Boxed>, Attributes) {
        let (mut boxes, mut of_picture) = (Vec::new(), Attributes::default());
        let origin = Origin { data_row_id: &row.id, label_id: &decided.id };
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            let is_read = annotation.count_unread() == 0;
            let (fate, fates) = match (&annotation.body, annotation.place.frame) {
                (_, Some(_)) => (Fate::left_out("it is on a frame, and its row is an image"), Vec::new()),
                (Body::Classification(answer), None) if is_read => (Fate::KEPT, of_picture.add(answer)),
                (Body::Classification(_), None) => (Fate::KEPT, Vec::new()),
                (Body::Object(object), None) => {
                    let answers = if is_read { Attributes::of(annotation.answers()) } else { Attributes::default() };
                    let fates = answers.fates().collect();
                    match self.boxed(annotation, object, answers, size) {
                        Ok((boxed, is_box)) => {
                            boxes.push(boxed);
                            (if is_box { Fate::KEPT } else { Fate::reduced(picture::AROUND) }, fates)
                        }
                        Err(reason) => (Fate::left_out(reason), fates),
                    }
                }
            };
            let target = (LOSSES_STREAM, entries);
            settle_each(annotation, fate, &mut fates.into_iter(), &origin, &self.classes, target);
        });
        (boxes, of_picture)
    }

    /// Returns the box of an object, and whether it is one. Fails with a clause that says why there is none.
    fn boxed(
        &self,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
        answers: Attributes,
        size: &Size,
    ) -> Result<(Boxed, bool), &'static str> {
        let place = self.classes.place_of(annotation, object)?;
        let drawn = object.shape.as_ref().filter(|_| self.list.is_drawn(place)).ok_or(NOT_HELD)?;
        let drawn = Drawn::of(drawn, self.pictures).ok_or(NOT_HELD)??;
        if matches!(&drawn, Drawn::Mask(runs) if !is_of_size(runs, size)) {
            return Err(picture::OTHER_SIZE);
        }
        let [left, top, right, bottom] = drawn.bounds().ok_or(NO_AREA)?;
        let bbox = [left, top, right - left, bottom - top];
        let [.., width, height] = bbox;
        if !bbox.iter().all(|side| side.is_finite()) || width <= 0.0 || height <= 0.0 {
            return Err(NO_AREA);
        }
        let with_scores = self.rows.chooser.predictions == Predictions::WithScores;
        let boxed = Boxed {
            id: object.feature.id.as_ref().map(|id| id.get().into_owned()).unwrap_or_default(),
            // What is looked at first has no numbers yet.
            class: self.list.number(place).unwrap_or_default(),
            bbox,
            area: width * height,
            answers,
            score: object.scores.confidence.as_ref().filter(|_| with_scores).map(|confidence| confidence.get()),
        };
        Ok((boxed, matches!(drawn, Drawn::Box { .. })))
    }

    fn write_line(
        &self,
        row: &Row<'_>,
        label_id: &str,
        boxes: &[Boxed],
        answers: &Attributes,
        entries: &mut Entries<'_>,
    ) {
        let Ok((size, _)) = row.media else { return };
        let out = entries.stream(self.stream_of(row.part));
        let mut line = ObjectWriter::open(out);
        line.text("file_name", &row.file_name(None));
        line.text("data_row_id", &row.id);
        line.text("global_key", row.global_key.as_deref().unwrap_or_default());
        line.text("label_id", label_id);
        digits::write(size.width, line.key("width"));
        digits::write(size.height, line.key("height"));
        let mut objects = ObjectWriter::open(line.key("objects"));
        write_list(objects.key("id"), boxes, |boxed, out| quote_into(&boxed.id, out));
        write_list(objects.key("category"), boxes, |boxed, out| out.extend(boxed.class.to_string().bytes()));
        write_list(objects.key("name"), boxes, |boxed, out| {
            quote_into(self.list.names().get(boxed.class).map_or("", String::as_str), out);
        });
        write_list(objects.key("bbox"), boxes, |boxed, out| write_list(out, boxed.bbox, digits::write));
        write_list(objects.key("area"), boxes, |boxed, out| digits::write(boxed.area, out));
        write_list(objects.key("answers"), boxes, |boxed, out| write_answers(&boxed.answers, out));
        if self.rows.chooser.predictions == Predictions::WithScores {
            write_list(objects.key("score"), boxes, |boxed, out| match boxed.score {
                Some(score) => digits::write(score, out),
                None => out.extend_from_slice(b"null"),
            });
        }
        objects.close();
        write_answers(answers, line.key("answers"));
        line.close();
        out.push(b'\n');
    }
}

/// Writes answers as a text that is JSON: a column has one type, and answers have several.
fn write_answers(answers: &Attributes, out: &mut Vec<u8>) {
    let mut json = Vec::new();
    answers.write_json(&mut json);
    quote_into(&String::from_utf8_lossy(&json), out);
}

#[cfg(test)]
mod tests;
