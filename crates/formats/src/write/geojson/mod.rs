//! GeoJSON: what is drawn on maps, as RFC 7946 has it.
//!
//! A feature is an object, with its class, its row and its label among the properties, and answers about it as
//! `answer.QUESTION`. Answers about a whole map are a feature without a geometry. Coordinates are degrees of WGS 84, as they
//! are stored and spelled; only the direction of rings is changed where it is not that of the standard.
//!
//! What the format cannot hold: relations, labels of other rows than maps, and all labels of a row but one, unless all are asked for.

mod geometry;

use super::about::check_options;
use super::annotations::for_each;
use super::attributes::Attributes;
use super::chosen::{self, Chooser, LABELS, PREDICTIONS, Predictions, label_id};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::elements::{Commas, open_element};
use super::row_list::{self, Listed, ROWS};
use super::settled::{Classes, Fate, LOSSES, Origin, settle_each};
use super::split::{SPLIT, Split};
use super::split_by::{NO_VALUE, PART, SPLIT_BY};
use super::stored::{members, parsed};
use super::{
    About, Encoder, Entries, Format, FormatOption, Joiner, Layout, Numbers, OpenError, Options, Totals, Wanted,
};
use labelport_model::annotation::{Annotation, Body, Object, Shape};
use labelport_model::data_type::{self, Form};
use labelport_model::json::{ObjectWriter, Value};
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, Record};

/// What is drawn on maps.
pub struct GeoJson;

static LINES: FormatOption = FormatOption {
    name: "lines",
    summary: "Whether each feature is on a line of its own, without a collection around them.",
    values: &["no", "yes"],
    form: None,
};

static OPTIONS: [FormatOption; 6] = [CLASS_NAMES, LABELS, LINES, PREDICTIONS, SPLIT, SPLIT_BY];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;
/// The stream of the first part.
const PARTS_STREAM: usize = 2;

const NOT_HELD: &str = "the format holds points, lines, polygons and boxes on maps";
const NOT_A_MAP: &str = "its row is not a map";

struct Features {
    has_lines: bool,
    class_names: ClassNames,
    chooser: Chooser,
    split: Split,
    /// Whether parts were asked for, so that files are named after them.
    is_split: bool,
}

struct Files<'f> {
    features: Features,
    classes: Classes<'f>,
}

impl Format for GeoJson {
    fn name(&self) -> &'static str {
        "geojson"
    }

    fn summary(&self) -> &'static str {
        "GeoJSON of what is drawn on maps, by RFC 7946; for QGIS, GDAL, GeoPandas, Leaflet."
    }

    fn keeps(&self) -> &'static str {
        "points, lines, polygons and boxes on maps, answers"
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
        let features = Features {
            has_lines: about.option(&LINES) == "yes",
            class_names: ClassNames::of(about.option(&CLASS_NAMES)),
            chooser: Chooser::of(about)?,
            split: Split::of(about)?,
            is_split: [SPLIT.name, SPLIT_BY.name].iter().any(|name| about.options.contains_key(*name)),
        };
        Ok(Box::new(Files { features, classes: Classes::of(about) }))
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        let parts = self.features.split.names().iter().map(|part| self.features.path(part));
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(parts).collect()
    }

    fn joiner(&self, stream: usize) -> Option<Box<dyn Joiner>> {
        let is_list = stream >= PARTS_STREAM && !self.features.has_lines;
        is_list.then(|| Box::new(Commas::default()) as Box<dyn Joiner>)
    }

    fn start(&self, entries: &mut Entries<'_>) {
        row_list::start(ROWS_STREAM, entries);
        self.features.split.say_renamed(entries);
        if !self.features.has_lines {
            let parts = entries.streams.iter_mut().skip(PARTS_STREAM);
            parts.for_each(|out| out.extend_from_slice(b"{\"type\":\"FeatureCollection\",\"features\":["));
        }
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        let value = self.features.split.value(record).filter(|_| is_map(record));
        value.into_iter().map(|value| format!("{PART}:{value}")).collect()
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        let head = members(record.head);
        let text = |key| head.root().get(key).and_then(Value::as_text).map(|text| text.into_owned());
        let id = text("id").unwrap_or_default();
        let part = self.features.split.part(&id, record);
        let row = Row { id: &id, global_key: text("global_key"), stream: self.features.stream_of(part) };
        let path = self.features.path(part);
        let is_map = is_map(record);
        let mut is_listed = false;
        for choice in self.features.chooser.choose(record) {
            let reason = if is_map { choice.verdict.err() } else { Some(NOT_A_MAP) };
            let label_id = label_id(choice.label);
            self.write_label(&row, choice.label, (&label_id, reason), entries);
            if reason.is_none() && !entries.is_survey {
                let listed = Listed { part, file: &path, label_id: &label_id };
                row_list::write(head.root(), Some(&listed), ROWS_STREAM, entries);
                is_listed = true;
            }
        }
        if is_map {
            let is_unassigned = self.features.split.value(record).is_some_and(|value| value.is_empty());
            entries.losses.add("row", Outcome::Kept, NO_VALUE, u64::from(is_unassigned));
        } else {
            entries.losses.add("row", Outcome::LeftOut, NOT_A_MAP, 1);
        }
        if !is_listed && !entries.is_survey {
            let listed = Listed { part, file: &path, label_id: "" };
            row_list::write(head.root(), is_map.then_some(&listed), ROWS_STREAM, entries);
        }
    }

    fn finish(&self, _: &Totals, entries: &mut Entries<'_>) {
        if !self.features.has_lines {
            let parts = entries.streams.iter_mut().skip(PARTS_STREAM);
            parts.for_each(|out| out.extend_from_slice(b"\n]}\n"));
        }
    }
}

/// A row, as its features name it.
struct Row<'r> {
    id: &'r str,
    global_key: Option<String>,
    /// The stream of its part.
    stream: usize,
}

/// Returns whether a row is a map: one whose labels have geometry in degrees.
fn is_map(record: &Record<'_>) -> bool {
    let media = parsed(record.media.unwrap_or(b"{}"));
    let data_type = data_type::of_media(media.root());
    data_type.is_some_and(|found| found.kinds.iter().any(|kind| kind.form == Form::GeoPoint))
}

impl Features {
    fn path(&self, part: &str) -> String {
        let extension = if self.has_lines { "geojsonl" } else { "geojson" };
        if self.is_split { format!("features_{part}.{extension}") } else { format!("features.{extension}") }
    }

    fn stream_of(&self, part: &str) -> usize {
        PARTS_STREAM + self.split.place(part)
    }

    /// Begins a feature in a list, or on a line.
    fn open<'e>(&self, out: &'e mut Vec<u8>) -> ObjectWriter<'e> {
        if !self.has_lines {
            open_element(out);
        }
        let mut feature = ObjectWriter::open(out);
        feature.text("type", "Feature");
        feature
    }
}

impl Files<'_> {
    fn write_label(
        &self,
        row: &Row<'_>,
        label: &LabelRecord<'_>,
        (label_id, reason): (&str, Option<&'static str>),
        entries: &mut Entries<'_>,
    ) {
        let origin = Origin { data_row_id: row.id, label_id };
        let mut of_map = Attributes::default();
        for_each(label.annotations, entries, &mut |annotation, entries| {
            let is_read = annotation.count_unread() == 0;
            let on_frame = annotation.place.frame.map(|_| "it is on a frame, and its row is a map");
            let (fate, fates) = match (reason.or(on_frame), &annotation.body) {
                (Some(reason), _) => (Fate::left_out(reason), Vec::new()),
                (None, Body::Classification(answer)) if is_read => (Fate::KEPT, of_map.add(answer)),
                (None, Body::Classification(_)) => (Fate::KEPT, Vec::new()),
                (None, Body::Object(object)) => {
                    let answers = if is_read { Attributes::of(annotation.answers()) } else { Attributes::default() };
                    let written = self.write_object(row, label_id, (annotation, object), &answers, entries);
                    (written.err().map_or(Fate::KEPT, Fate::left_out), answers.fates().collect())
                }
            };
            let target = (LOSSES_STREAM, entries);
            settle_each(annotation, fate, &mut fates.into_iter(), &origin, &self.classes, target);
        });
        if !of_map.is_empty() && !entries.is_survey {
            let out = entries.stream(row.stream);
            let mut feature = self.features.open(out);
            feature.raw("geometry", b"null");
            let mut properties = ObjectWriter::open(feature.key("properties"));
            write_origin(row, label_id, &mut properties);
            of_map.write_members("answer.", &mut properties);
            properties.close();
            feature.close();
            self.end_line(out);
        }
    }

    /// Ends the line of a feature, where each has one.
    fn end_line(&self, out: &mut Vec<u8>) {
        if self.features.has_lines {
            out.push(b'\n');
        }
    }

    /// Writes an object. Fails with a clause that says why it is left out.
    fn write_object(
        &self,
        row: &Row<'_>,
        label_id: &str,
        (annotation, object): (&Annotation<'_>, &Object<'_>),
        attributes: &Attributes,
        entries: &mut Entries<'_>,
    ) -> Result<(), &'static str> {
        let place = self.classes.place_of(annotation, object)?;
        let Some(Shape::Geo(geo)) = &object.shape else { return Err(NOT_HELD) };
        let mut geometry = Vec::new();
        geometry::write(&geo.coordinates, &mut geometry)?;
        if entries.is_survey {
            return Ok(());
        }
        let out = entries.stream(row.stream);
        let mut feature = self.features.open(out);
        if let Some(id) = &object.feature.id {
            feature.raw("id", id.as_json().as_bytes());
        }
        feature.raw("geometry", &geometry);
        let mut properties = ObjectWriter::open(feature.key("properties"));
        if let Some(class) = self.classes.class(place) {
            properties.text("name", self.features.class_names.name(class));
        }
        if let Some(kind) = &object.kind {
            properties.raw("kind", kind.as_json().as_bytes());
        }
        write_origin(row, label_id, &mut properties);
        let has_scores = self.features.chooser.predictions == Predictions::WithScores;
        if let Some(confidence) = object.scores.confidence.as_ref().filter(|_| has_scores) {
            properties.raw("confidence", confidence.text().as_bytes());
        }
        attributes.write_members("answer.", &mut properties);
        properties.close();
        feature.close();
        self.end_line(out);
        Ok(())
    }
}

/// Writes of which row and label a feature is.
fn write_origin(row: &Row<'_>, label_id: &str, properties: &mut ObjectWriter<'_>) {
    properties.text("data_row_id", row.id);
    if let Some(key) = &row.global_key {
        properties.text("global_key", key);
    }
    properties.text("label_id", label_id);
}

#[cfg(test)]
mod tests;
