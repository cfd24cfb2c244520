//! Masks: a PNG for each picture, whose pixels say what they belong to.
//!
//! `--format-option pixels=` says what a pixel is: the number of its class (`class`, the default), the number of its object
//! in the picture (`object`), or, in a picture for each class, whether it belongs to the class (`each-class`). 0 is nothing.
//! Objects are painted in their order, so that a later one covers an earlier one; polygons and boxes are the pixels whose
//! middle they enclose, as pycocotools fills them.
//!
//! `classes.csv` has numbers, names and colours of classes, `objects.csv` a line for each object that is painted. A frame of
//! a video on which something is drawn has a picture, too.
//!
//! What the format cannot hold: answers, relations, points, lines, and what others cover.

mod painting;

use super::about::check_options;
use super::annotations::for_each;
use super::cells::Line;
use super::chosen::{self, LABELS, PREDICTIONS};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::folders::{Folders, safe_name};
use super::media::MEDIA;
use super::naming::NAMES;
use super::picture::{self, CLASSES, ClassList, Decided, Drawn, Kind, ROWS, Row, Rows, Size, parse_pinned, pixels_of};
use super::settled::{Classes, Fate, LOSSES, NO_ANSWERS, Origin, Pending, settle};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::{About, Encoder, Entries, Format, FormatOption, Layout, Numbers, OpenError, Options, Pictures, Wanted};
use crate::raster::Canvas;
use labelport_model::annotation::{Annotation, Body, Object};
use labelport_model::data_type::Form;
use labelport_model::losses::Outcome;
use labelport_model::record::Record;
use painting::{Painted, Painting};

/// A PNG for each picture.
pub struct Masks;

static PIXELS: FormatOption = FormatOption {
    name: "pixels",
    summary: "What a pixel is: the number of its class, the number of its object, or, in a picture for each class, whether it \
              belongs to the class.",
    values: &["class", "object", "each-class"],
    form: None,
};

static OPTIONS: [FormatOption; 9] = [CLASSES, CLASS_NAMES, LABELS, MEDIA, NAMES, PIXELS, PREDICTIONS, SPLIT, SPLIT_BY];

const ROWS_STREAM: usize = 0;
const OBJECTS_STREAM: usize = 1;
const LOSSES_STREAM: usize = 2;

const OBJECT_COLUMNS: [&str; 7] = ["data_row_id", "label_id", "feature_id", "file", "value", "class", "pixels"];

/// What has pixels.
const FORMS: [Form; 4] = [Form::Box, Form::Polygon, Form::Mask, Form::FrameMask];
const NOT_HELD: &str = "masks are the pixels of boxes, polygons and masks of pictures";

/// What a pixel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pixels {
    Class,
    Object,
    EachClass,
}

struct Files<'f> {
    pixels: Pixels,
    rows: Rows<'f>,
    classes: Classes<'f>,
    list: ClassList,
    /// The names of classes as files.
    folders: Folders,
    pictures: Option<&'f dyn Pictures>,
}

impl Format for Masks {
    fn name(&self) -> &'static str {
        "masks"
    }

    fn summary(&self) -> &'static str {
        "A PNG for each picture, whose pixels are numbers of classes or objects; for semantic and instance segmentation."
    }

    fn keeps(&self) -> &'static str {
        "masks and polygons as pixels; frames of videos"
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
        let rows = Rows::of(about, None)?;
        rows.chooser.refuse_scores(self.name())?;
        let class_names = ClassNames::of(about.option(&CLASS_NAMES));
        let list = ClassList::of(about.classes, &FORMS, class_names, &parse_pinned(about.option(&CLASSES))?);
        let names = list.names().iter().map(String::as_str);
        let folders = Folders::of(names, str::to_owned, |known| safe_name(known, |_| true));
        Ok(Box::new(Files {
            pixels: match about.option(&PIXELS) {
                "object" => Pixels::Object,
                "each-class" => Pixels::EachClass,
                _ => Pixels::Class,
            },
            rows,
            classes: Classes::of(about),
            list,
            folders,
            pictures: about.pictures,
        }))
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        [ROWS, "objects.csv", LOSSES].map(str::to_owned).to_vec()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        picture::start(ROWS_STREAM, entries);
        let mut line = Line::of(entries, OBJECTS_STREAM);
        OBJECT_COLUMNS.iter().for_each(|column| line.token(column));
        line.end();
        self.list.say_renamed(entries);
        self.rows.split.say_renamed(entries);
        for why in self.folders.renamed().iter().filter(|_| self.pixels == Pixels::EachClass) {
            entries.losses.add("class", Outcome::Reduced, why, 1);
        }
        entries.files.push(self.list.to_file());
        entries.files.push(self.list.to_table());
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
        for mut row in self.rows.open(record) {
            let is_small = |(size, _): &(Size, Kind)| Canvas::can_have(size.width as u32, size.height as u32);
            row.media = row.media.and_then(|media| Some(media).filter(is_small).ok_or(painting::TOO_LARGE));
            self.write_row(&row, entries);
        }
    }
}

impl Files<'_> {
    fn write_row(&self, row: &Row<'_>, entries: &mut Entries<'_>) {
        let mut written = None;
        let mut has_pictures = matches!(row.media, Ok((_, Kind::Image)));
        let decided = row.decide(self.rows.chooser);
        for decided in &decided {
            match (decided.left_out, row.media) {
                (None, Ok((size, kind))) => {
                    written = Some(decided);
                    has_pictures |= self.write_label(row, decided, (&size, kind), entries);
                }
                (reason, _) => {
                    let left_out = (decided, reason.unwrap_or_default());
                    self.rows.leave_out(row, left_out, &self.classes, (LOSSES_STREAM, entries));
                }
            }
        }
        if let (Ok((size, Kind::Image)), None) = (row.media, written) {
            let origin = Origin { data_row_id: &row.id, label_id: "" };
            self.finish(Painting::default(), row, (&size, None), &origin, entries);
        }
        let is_folder = self.pixels == Pixels::EachClass || matches!(row.media, Ok((_, Kind::Video)));
        let end = if is_folder { "/" } else { ".png" };
        let frames = matches!(row.media, Ok((_, Kind::Video))).then(|| row.frames_folder());
        let path = format!("masks/{}/{}{end}", row.part, frames.as_ref().unwrap_or(&row.name.stem));
        self.rows.list(row, has_pictures, (&path, written), ROWS_STREAM, entries);
    }

    /// Writes the pictures of a label. Returns whether there is one.
    fn write_label(
        &self,
        row: &Row<'_>,
        decided: &Decided<'_>,
        (size, kind): (&Size, Kind),
        entries: &mut Entries<'_>,
    ) -> bool {
        let origin = Origin { data_row_id: &row.id, label_id: &decided.id };
        let mut painting = Painting::default();
        let mut frame = None;
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            let reason = match (kind, &annotation.body, annotation.place.frame) {
                (_, Body::Classification(_), _) => Some(NO_ANSWERS),
                (Kind::Image, _, Some(_)) => Some("it is on a frame, and its row is an image"),
                (Kind::Video, _, None) => Some("it is about a whole video, and the format holds frames"),
                _ => None,
            };
            let object = match (&annotation.body, reason) {
                (Body::Object(object), None) => object,
                _ => {
                    let fate = Fate::left_out(reason.unwrap_or(NOT_HELD));
                    settle(annotation, fate, &origin, &self.classes, (LOSSES_STREAM, entries));
                    return;
                }
            };
            if kind == Kind::Video && frame != annotation.place.frame {
                if frame.is_some() {
                    self.finish(std::mem::take(&mut painting), row, (size, frame), &origin, entries);
                }
                frame = annotation.place.frame;
            }
            painting.add(self.painted(annotation, object, size));
        });
        if kind == Kind::Image || frame.is_some() {
            self.finish(painting, row, (size, frame), &origin, entries);
        }
        kind == Kind::Image || frame.is_some()
    }

    /// Returns an object with its pixels, or why it has none.
    fn painted(&self, annotation: &Annotation<'_>, object: &Object<'_>, size: &Size) -> Painted {
        let drawn = || {
            let place = self.classes.place_of(annotation, object)?;
            if !self.list.is_drawn(place) {
                return Err(NOT_HELD);
            }
            // What is looked at first has no numbers yet.
            let class = self.list.number(place).unwrap_or_default();
            let drawn = object.shape.as_ref().and_then(|shape| Drawn::of(shape, self.pictures)).ok_or(NOT_HELD)??;
            let is_box = matches!(drawn, Drawn::Box { .. });
            Ok((class, is_box, pixels_of(drawn, size)?))
        };
        Painted { pending: Pending::of(annotation, &self.classes), drawn: drawn() }
    }

    /// Writes a picture, or those of its classes, and settles the objects on it.
    fn finish(
        &self,
        painting: Painting,
        row: &Row<'_>,
        (size, frame): (&Size, Option<i64>),
        origin: &Origin<'_>,
        entries: &mut Entries<'_>,
    ) {
        let path = match frame {
            None => format!("masks/{}/{}", row.part, row.name.stem),
            Some(frame) => format!("masks/{}/{}/{frame:06}", row.part, row.frames_folder()),
        };
        let made = painting.make(self.pixels, size, &path, &self.list, &self.folders, entries.is_survey);
        for (painted, fate) in painting.objects().zip(&made.fates) {
            painted.pending.settle(*fate, origin, (LOSSES_STREAM, &mut *entries));
        }
        if entries.is_survey {
            return;
        }
        for object in &made.objects {
            let mut line = Line::of(entries, OBJECTS_STREAM);
            line.text(origin.data_row_id);
            line.text(origin.label_id);
            line.text(&object.feature_id);
            line.text(&object.path);
            line.token(&object.value.to_string());
            line.text(self.list.names().get(object.class).map_or("", String::as_str));
            line.token(&object.pixels.to_string());
            line.end();
        }
        entries.files.extend(made.files);
    }
}

#[cfg(test)]
mod tests;
