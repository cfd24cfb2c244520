//! Pascal VOC: an XML file with boxes for each image.
//!
//! `Annotations/NAME.xml` has the boxes of an image, `ImageSets/Main/PART.txt` the names of the images of a part, and
//! `labelmap.txt` the classes with colours. The images themselves belong into `JPEGImages`.
//!
//! # Invariants
//! - Coordinates are pixels from the upper left corner, as they are stored: the first pixel of an image begins at 0, as
//!   programs of today write it. Numbers keep their fractions, and nothing is cut to the picture.
//! - Every class in a file is in `labelmap.txt`, in which a name has no colon.
//!
//! What the format cannot hold: polygons and masks become the boxes around them; points, lines, relations and answers about
//! images are left out, as are videos. Answers about objects are `attributes`, which datumaro and CVAT read.

use super::about::check_options;
use super::annotations::for_each;
use super::attributes::{Attributes, Value, check_name};
use super::chosen::{self, LABELS, PREDICTIONS};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::digits;
use super::media::MEDIA;
use super::naming::NAMES;
use super::picture::{self, ClassList, Decided, Drawn, ROWS, Row, Rows, Size};
use super::settled::{Classes, Fate, LOSSES, NO_ANSWERS, Origin, settle_each};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::xml::{self, Element};
use super::{
    About, Encoder, Entries, FileEntry, Format, FormatOption, Layout, Numbers, OpenError, Options, Pictures, Wanted,
};
use labelport_model::annotation::{Annotation, Body, Object};
use labelport_model::data_type::Form;
use labelport_model::losses::Outcome;
use labelport_model::record::Record;

/// An XML file with boxes for each image.
pub struct Voc;

static OPTIONS: [FormatOption; 7] = [CLASS_NAMES, LABELS, MEDIA, NAMES, PREDICTIONS, SPLIT, SPLIT_BY];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;
/// The stream of the first part.
const PARTS_STREAM: usize = 2;

/// What has boxes.
const FORMS: [Form; 3] = [Form::Box, Form::Polygon, Form::Mask];

const NOT_HELD: &str = "the format holds boxes of pictures";

struct Files<'f> {
    rows: Rows<'f>,
    classes: Classes<'f>,
    pictures: Option<&'f dyn Pictures>,
    list: ClassList,
    /// The names of the classes as the format can have them, by number.
    names: Vec<String>,
    /// Sentences about classes that are not called as people know them.
    renamed: Vec<String>,
}

impl Format for Voc {
    fn name(&self) -> &'static str {
        "voc"
    }

    fn summary(&self) -> &'static str {
        "Pascal VOC: an XML file with boxes for each image; for torchvision, datumaro, MMDetection and older programs."
    }

    fn keeps(&self) -> &'static str {
        "boxes of images and answers about them"
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
        let rows = Rows::of(about, Some("the format is of images alone"))?;
        rows.chooser.refuse_scores(self.name())?;
        let list = ClassList::of(about.classes, &FORMS, ClassNames::of(about.option(&CLASS_NAMES)), &[]);
        let names = names_of(&list);
        let renamed = list.names().iter().zip(&names).filter(|(known, name)| known != name);
        let renamed = renamed.map(|(known, name)| format!("the name {known:?} cannot be in a list, and is {name:?}"));
        let renamed = list.renamed().map(str::to_owned).chain(renamed).collect();
        let (classes, pictures) = (Classes::of(about), about.pictures);
        Ok(Box::new(Files { rows, classes, pictures, list, names, renamed }))
    }
}

/// Names the classes as a line of `labelmap.txt` and an element can have them, no two alike.
fn names_of(list: &ClassList) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for known in list.names() {
        let is_odd =
            |letter: char| letter == ':' || letter.is_control() || !xml::is_held(letter.encode_utf8(&mut [0; 4]));
        let safe = known.replace(is_odd, "_");
        // A line that begins with a number sign is a comment, and readers take spaces off its ends.
        let safe = safe.trim();
        let safe = if safe.is_empty() || safe.starts_with('#') { format!("_{safe}") } else { safe.to_owned() };
        let numbered = (2..).map(|number| format!("{safe} ({number})"));
        let is_free = |name: &String| !names.contains(name) && (name == known || !list.names().contains(name));
        let name = std::iter::once(safe.clone()).chain(numbered).find(is_free).unwrap_or_default();
        names.push(name);
    }
    names
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        let parts = self.rows.split.names().iter().map(|part| format!("ImageSets/Main/{part}.txt"));
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(parts).collect()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        picture::start(ROWS_STREAM, entries);
        for renamed in &self.renamed {
            entries.losses.add("class", Outcome::Reduced, renamed, 1);
        }
        self.rows.split.say_renamed(entries);
        let mut text = "# label:color_rgb:parts:actions\n".to_owned();
        for (index, name) in self.names.iter().enumerate() {
            let [red, green, blue] = picture::colour(index + 1);
            text.push_str(&format!("{name}:{red},{green},{blue}::\n"));
        }
        entries.files.push(FileEntry { path: "labelmap.txt".to_owned(), bytes: text.into_bytes() });
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
        for picture in self.rows.open(record) {
            let mut written = None;
            let decided = picture.decide(self.rows.chooser);
            let mut objects = Vec::new();
            for decided in &decided {
                match (decided.left_out, picture.media) {
                    (None, Ok((size, _))) => {
                        written = Some(decided);
                        self.write_label(&picture, decided, &size, &mut objects, entries);
                    }
                    (reason, _) => {
                        let reason = reason.unwrap_or_default();
                        self.rows.leave_out(&picture, (decided, reason), &self.classes, (LOSSES_STREAM, entries));
                    }
                }
            }
            let stem = &picture.name.stem;
            let (image, labels) =
                (format!("JPEGImages/{stem}{}", picture.name.extension), format!("Annotations/{stem}.xml"));
            self.rows.list_at(&picture, (Ok(&image), &labels, written), ROWS_STREAM, entries);
            if let Ok((size, _)) = picture.media
                && !entries.is_survey
            {
                let part = self.rows.split.place(picture.part);
                entries.stream(PARTS_STREAM + part).extend_from_slice(format!("{stem}\n").as_bytes());
                entries.files.push(FileEntry { path: labels, bytes: write_file(&picture, &size, &objects) });
            }
        }
    }
}

/// Returns the file of an image.
fn write_file(picture: &Row<'_>, size: &Size, objects: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Element::open("annotation", 0, &mut out).holding(|depth, out| {
        xml::leaf("folder", "JPEGImages", depth, out);
        xml::leaf("filename", &format!("{}{}", picture.name.stem, picture.name.extension), depth, out);
        Element::open("size", depth, out).holding(|depth, out| {
            write_number("width", size.width, depth, out);
            write_number("height", size.height, depth, out);
        });
        xml::leaf("segmented", "0", depth, out);
        out.extend_from_slice(objects);
    });
    out
}

fn write_number(name: &'static str, number: f64, depth: usize, out: &mut Vec<u8>) {
    let mut text = Vec::new();
    digits::write(number, &mut text);
    xml::leaf(name, &String::from_utf8_lossy(&text), depth, out);
}

impl Files<'_> {
    /// Writes the objects of a label, and settles all that it holds.
    fn write_label(
        &self,
        picture: &Row<'_>,
        decided: &Decided<'_>,
        size: &Size,
        out: &mut Vec<u8>,
        entries: &mut Entries<'_>,
    ) {
        let origin = Origin { data_row_id: &picture.id, label_id: &decided.id };
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            let mut attributes = Attributes::default();
            let fate = match &annotation.body {
                Body::Classification(_) => Fate::left_out(NO_ANSWERS),
                Body::Object(object) => {
                    if annotation.count_unread() == 0 {
                        attributes = Attributes::of(annotation.answers());
                    }
                    self.write_object(annotation, object, &attributes, size, out)
                }
            };
            let mut fates = xml::fates_of(&attributes);
            let target = (LOSSES_STREAM, entries);
            settle_each(annotation, fate, &mut fates, &origin, &self.classes, target);
        });
    }

    fn write_object(
        &self,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
        attributes: &Attributes,
        size: &Size,
        out: &mut Vec<u8>,
    ) -> Fate {
        match self.sides(annotation, object, size) {
            Ok((place, sides, fate)) => {
                // What is looked at first has no numbers yet.
                let name = self.list.number(place).and_then(|number| self.names.get(number));
                write_box(name.map_or("", String::as_str), &sides, attributes, out);
                fate
            }
            Err(reason) => Fate::left_out(reason),
        }
    }

    /// Returns the place of an object's class, the sides of its box, and what it became with it. Fails with a clause for
    /// what has no box.
    fn sides(
        &self,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
        size: &Size,
    ) -> Result<(u32, [f64; 4], Fate), &'static str> {
        if annotation.place.frame.is_some() {
            return Err("it is on a frame, and its row is an image");
        }
        let place = self.classes.place_of(annotation, object)?;
        if !self.list.is_drawn(place) {
            return Err(NOT_HELD);
        }
        let drawn = object.shape.as_ref().and_then(|shape| Drawn::of(shape, self.pictures)).ok_or(NOT_HELD)??;
        let (sides, fate) = drawn.boxed(size)?;
        Ok((place, sides, fate))
    }
}

fn write_box(name: &str, sides: &[f64; 4], attributes: &Attributes, out: &mut Vec<u8>) {
    Element::open("object", 1, out).holding(|depth, out| {
        xml::leaf("name", name, depth, out);
        for (member, value) in [("pose", "Unspecified"), ("truncated", "0"), ("difficult", "0")] {
            xml::leaf(member, value, depth, out);
        }
        Element::open("bndbox", depth, out).holding(|depth, out| {
            for (member, side) in ["xmin", "ymin", "xmax", "ymax"].into_iter().zip(sides) {
                write_number(member, *side, depth, out);
            }
        });
        if attributes.is_empty() {
            return;
        }
        Element::open("attributes", depth, out).holding(|depth, out| {
            let mut write = |name: &str, value: &str| {
                Element::open("attribute", depth, out).holding(|depth, out| {
                    xml::leaf("name", name, depth, out);
                    xml::leaf("value", value, depth, out);
                });
            };
            for (name, value, _) in attributes.iter() {
                match value {
                    Value::None => write(name, ""),
                    Value::One(text) | Value::Text(text) => write(name, text),
                    Value::Several(options) if options.is_empty() => write(name, ""),
                    Value::Several(options) => {
                        options.iter().for_each(|option| write(&check_name(name, option), "true"))
                    }
                }
            }
        });
    });
}

#[cfg(test)]
mod tests;
