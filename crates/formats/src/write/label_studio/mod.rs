//! Label Studio: tasks with annotations or predictions, and the labelling configuration that shows them.
//!
//! A project of Label Studio has one configuration, which is for one data type. So each data type that occurs has a folder:
//! `image/tasks.json` has a task for each image, `image/labels.xml` the controls ([`Config`]). Media stay where rows say
//! that they are; texts and messages are in the tasks.
//!
//! # Invariants
//! - Lengths are percent of the picture's width and height, from its upper left corner, and nothing but a line is beyond its
//!   sides.
//! - Every control and every label of a result is in the configuration, and spelled there as in the result.
//! - An answer about a region is a result with the id of the region.
//!
//! What the format cannot hold: shapes of videos but boxes, answers about frames, and rows of maps and series of
//! slices. Questions to which an answer leads are named after the way there.
//!
//! # Adding a data type
//! A line in `MEDIA` in `medium`, and its [`Way`].

mod brush;
mod config;
mod medium;
mod pictures;
mod region;
mod results;
mod texts;
mod video;
mod words;

use super::about::check_options;
use super::annotations::{for_each, stored};
use super::attributes::Attributes;
use super::chosen::{PREDICTIONS, Predictions, is_benchmark, is_skipped, label_id};
use super::class_names::{CLASS_NAMES, ClassNames};
use super::declared;
use super::elements::{Commas, open_element};
use super::picture::{Size, TURNED};
use super::row_list::{self, Listed, ROWS};
use super::settled::{Fate, LOSSES, Origin, settle, settle_each};
use super::split::SPLIT;
use super::split_by::{NO_VALUE, PART, SPLIT_BY};
use super::stored::{members, parsed};
use super::text::{Base, Content, Found};
use super::{
    About, Encoder, Entries, FileEntry, Format, FormatOption, Joiner, Layout, Numbers, OpenError, Options, Pictures,
    Totals, Wanted,
};
use config::{Config, Owner};
use labelport_model::annotation::{self, Body};
use labelport_model::json::{ObjectWriter, Value};
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, Record};
use medium::{MEDIA, Medium, Way};
use pictures::Reading;
use region::Clock;
use results::Results;
use video::Tracks;

/// Tasks and labelling configurations.
pub struct LabelStudio;

/// The option by which labels are chosen: that of all formats, in the words of this one.
static LABELS: FormatOption = FormatOption {
    name: "labels",
    summary: "Which label of a row: the selected one, else the benchmark, else the one with the highest consensus score, \
              else the newest; or the newest; or the benchmark; or each of them, as another annotation of its task.",
    values: &["best", "latest", "benchmark", "all"],
    form: None,
};

static OPTIONS: [FormatOption; 5] = [CLASS_NAMES, LABELS, PREDICTIONS, SPLIT, SPLIT_BY];

const ROWS_STREAM: usize = 0;
const LOSSES_STREAM: usize = 1;
/// The stream of the first data type.
const TASKS_STREAM: usize = 2;

/// A kind of [value](Encoder::values): the data type of a row.
const MEDIUM: &str = "medium";

struct Files<'f> {
    base: Base<'f>,
    pictures: Option<&'f dyn Pictures>,
    /// The configuration of each data type.
    configs: Vec<Config>,
    /// The places of the data types that occur.
    media: Vec<usize>,
    /// Whether parts were asked for.
    has_parts: bool,
    /// What is said where there are more answers than are declared.
    notice: Option<String>,
}

/// What a row shows.
enum Source {
    Picture(Size),
    Video(Size, Option<Clock>),
    Text(Content),
    /// Something about which there are answers alone.
    Page,
}

impl Format for LabelStudio {
    fn name(&self) -> &'static str {
        "label-studio"
    }

    fn summary(&self) -> &'static str {
        "Label Studio: tasks with regions, answers and relations, and the labelling configuration, for each data type."
    }

    fn keeps(&self) -> &'static str {
        "boxes, polygons, lines, points, masks, entities, relations and answers; boxes of videos"
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
        super::text::wanted(options)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        let base = Base::of(about)?;
        let names = ClassNames::of(about.option(&CLASS_NAMES));
        let notice = declared::notice(about);
        let occurs = |place: &usize| notice.is_some() || about.values_of(MEDIUM).any(|name| name == MEDIA[*place].name);
        let media = (0..MEDIA.len()).filter(occurs).collect();
        let configs = (0..MEDIA.len()).map(|place| Config::of(about, place, names)).collect();
        let has_parts = [SPLIT.name, SPLIT_BY.name].iter().any(|name| about.options.contains_key(*name));
        Ok(Box::new(Files { configs, media, pictures: about.pictures, has_parts, notice, base }))
    }
}

impl Encoder for Files<'_> {
    fn streams(&self) -> Vec<String> {
        let tasks = self.media.iter().map(|place| tasks_path(&MEDIA[*place]));
        [ROWS, LOSSES].map(str::to_owned).into_iter().chain(tasks).collect()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn joiner(&self, stream: usize) -> Option<Box<dyn Joiner>> {
        (stream >= TASKS_STREAM).then(|| Box::new(Commas::default()) as Box<dyn Joiner>)
    }

    fn start(&self, entries: &mut Entries<'_>) {
        row_list::start(ROWS_STREAM, entries);
        self.base.setup.split.say_renamed(entries);
        self.notice.iter().for_each(|notice| entries.losses.add("class", Outcome::Reduced, notice, 1));
        for (index, place) in self.media.iter().enumerate() {
            let path = format!("{}/labels.xml", MEDIA[*place].name);
            entries.files.push(FileEntry { path, bytes: self.configs[*place].to_xml() });
            entries.stream(TASKS_STREAM + index).push(b'[');
            for notice in self.configs[*place].notices() {
                entries.losses.add("class", Outcome::Reduced, &notice, 1);
            }
        }
    }

    fn values(&self, record: &Record<'_>) -> Vec<String> {
        let Ok((place, _)) = self.source(record) else { return Vec::new() };
        let mut values = vec![format!("{MEDIUM}:{}", MEDIA[place].name)];
        values.extend(self.base.setup.split.value(record).map(|value| format!("{PART}:{value}")));
        for choice in self.base.setup.chooser.choose(record).iter().filter(|choice| choice.verdict.is_ok()) {
            for annotation in annotation::read(stored(&choice.label.annotations)).flatten() {
                let way = MEDIA[place].way;
                let owner = match &annotation.body {
                    Body::Object(_) if way != Way::Answers => Owner::Region,
                    Body::Classification(answer) if annotation.place.frame.is_none() => {
                        let is_of_part = answer.message_id.is_some() || annotation.place.start_ms.is_some();
                        if is_of_part { Owner::Part } else { Owner::Whole }
                    }
                    _ => continue,
                };
                config::values((place, owner), &Attributes::about(&annotation), &mut values);
            }
        }
        values
    }

    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        let head = members(record.head);
        let head = head.root();
        let row_id = head.get("id").and_then(Value::as_text).unwrap_or_default();
        let source = self.source(record);
        let (mut annotations, mut label_ids) = (Vec::new(), Vec::new());
        for choice in self.base.setup.chooser.choose(record) {
            let id = label_id(choice.label);
            let origin = Origin { data_row_id: &row_id, label_id: &id };
            let shown = source.as_ref().map_err(|reason| *reason);
            match shown.and_then(|shown| choice.verdict.map(|_| shown)) {
                Err(reason) => {
                    for_each(choice.label.annotations, entries, &mut |annotation, entries| {
                        let target = (LOSSES_STREAM, entries);
                        settle(annotation, Fate::left_out(reason), &origin, &self.base.setup.classes, target);
                    });
                }
                Ok((place, source)) => {
                    let mut results = Results::of(&self.configs[*place]);
                    self.write_label(source, choice.label, &origin, &mut results, entries);
                    self.write_annotation(choice.label, results.bytes(), &mut annotations);
                    label_ids.push(id);
                }
            }
        }
        let shown = source.as_ref().map_err(|reason| *reason);
        self.list(record, (head, &row_id), shown, &label_ids.join(" "), entries);
        if let Ok((place, source)) = &source
            && !entries.is_survey
        {
            let stream = TASKS_STREAM + self.media.iter().position(|known| known == place).unwrap_or_default();
            self.write_task(record, (head, &row_id), (*place, source), &annotations, entries.stream(stream));
        }
    }

    fn finish(&self, _: &Totals, entries: &mut Entries<'_>) {
        for index in 0..self.media.len() {
            entries.stream(TASKS_STREAM + index).extend_from_slice(b"\n]\n");
        }
    }
}

fn tasks_path(medium: &Medium) -> String {
    format!("{}/tasks.json", medium.name)
}

/// Returns how frames of a video become seconds, where the row says so.
fn clock_of(media: Option<&[u8]>) -> Option<Clock> {
    let media = parsed(media.unwrap_or(b"{}"));
    let frame_count = media.root().get("frame_count").and_then(Value::as_i64).filter(|count| *count > 0)?;
    let frame_rate = media.root().get("frame_rate").and_then(|rate| rate.raw().parse::<f64>().ok())?;
    (frame_rate.is_finite() && frame_rate > 0.0).then_some(Clock { frame_count, frame_rate })
}

impl Files<'_> {
    /// Returns the place of a row's data type and what it shows. Fails with a clause for a row that has no task.
    fn source(&self, record: &Record<'_>) -> Result<(usize, Source), &'static str> {
        let place = Medium::of(record.media)?;
        let source = match MEDIA[place].way {
            Way::Picture => Source::Picture(Size::of(record.media)?),
            Way::Video => Source::Video(Size::of_kind(record.media)?.0, clock_of(record.media)),
            Way::Text => {
                let content = self.base.content(members(record.head).root(), record.media)?;
                content.letters.as_ref().map_err(|reason| *reason)?;
                Source::Text(content)
            }
            Way::Answers => Source::Page,
        };
        Ok((place, source))
    }

    /// Returns whether predictions have their confidence.
    fn has_scores(&self) -> bool {
        self.base.setup.chooser.predictions == Predictions::WithScores
    }

    /// Writes the results of a label, and settles all that it holds.
    fn write_label(
        &self,
        source: &Source,
        label: &LabelRecord<'_>,
        origin: &Origin<'_>,
        results: &mut Results<'_>,
        entries: &mut Entries<'_>,
    ) {
        let stored = stored(&label.annotations);
        match source {
            Source::Text(content) => {
                let mut found = Found::read(&self.base, content, label, entries);
                texts::write(self, content, &mut found, results);
                found.settle(&self.base, label, origin, (LOSSES_STREAM, entries));
            }
            Source::Video(size, clock) => {
                let tracks = Tracks::read(self, results.config(), stored, (*size, *clock));
                tracks.settle(label.annotations, origin, (LOSSES_STREAM, entries));
                tracks.write(stored, results);
            }
            Source::Picture(_) | Source::Page => {
                let size = if let Source::Picture(size) = source { Some(*size) } else { None };
                let mut reading = Reading::of(self, results.config(), (size, entries.is_survey), stored);
                for_each(label.annotations, entries, &mut |annotation, _| reading.add(annotation, results));
                let mut fates = reading.finish(results).into_iter();
                for_each(label.annotations, entries, &mut |annotation, entries| {
                    let Some((fate, answers)) = fates.next() else { return };
                    let target = (LOSSES_STREAM, entries);
                    settle_each(annotation, fate, &mut answers.into_iter(), origin, &self.base.setup.classes, target);
                });
            }
        }
    }

    fn write_annotation(&self, label: &LabelRecord<'_>, results: &[u8], out: &mut Vec<u8>) {
        if !out.is_empty() {
            out.push(b',');
        }
        let mut annotation = ObjectWriter::open(out);
        if self.base.setup.chooser.predictions == Predictions::No {
            let flag = |is_set: bool| -> &[u8] { if is_set { b"true" } else { b"false" } };
            annotation.raw("was_cancelled", flag(is_skipped(label)));
            annotation.raw("ground_truth", flag(is_benchmark(label)));
        }
        annotation.raw("result", &[b"[", results, b"]"].concat());
        annotation.close();
    }

    fn write_task(
        &self,
        record: &Record<'_>,
        (head, row_id): (Value<'_>, &str),
        (place, source): (usize, &Source),
        annotations: &[u8],
        out: &mut Vec<u8>,
    ) {
        open_element(out);
        let mut task = ObjectWriter::open(out);
        let mut data = ObjectWriter::open(task.key("data"));
        let text = |key: &str| head.get(key).and_then(Value::as_text);
        match source {
            Source::Text(content) => texts::write_data(content, MEDIA[place].name, &mut data),
            _ => data.text(MEDIA[place].name, &text("row_data").unwrap_or_default()),
        }
        data.text("data_row_id", row_id);
        for key in ["global_key", "external_id"] {
            if let Some(text) = text(key) {
                data.text(key, &text);
            }
        }
        if self.has_parts {
            data.text("split", self.base.setup.split.part(row_id, record));
        }
        data.close();
        let is_label = self.base.setup.chooser.predictions == Predictions::No;
        let list = task.key(if is_label { "annotations" } else { "predictions" });
        list.extend_from_slice(&[b"[", annotations, b"]"].concat());
        task.close();
    }

    /// Counts what there is to say of a row, and writes its line of the list.
    fn list(
        &self,
        record: &Record<'_>,
        (head, row_id): (Value<'_>, &str),
        shown: Result<&(usize, Source), &'static str>,
        label_id: &str,
        entries: &mut Entries<'_>,
    ) {
        let (place, source) = match shown {
            Ok(shown) => shown,
            Err(reason) => {
                entries.losses.add("row", Outcome::LeftOut, reason, 1);
                return row_list::write(head, None, ROWS_STREAM, entries);
            }
        };
        if let Source::Picture(size) | Source::Video(size, _) = source {
            entries.losses.add("row", Outcome::Kept, TURNED, u64::from(size.is_turned));
        }
        let is_unassigned = self.base.setup.split.value(record).is_some_and(|value| value.is_empty());
        entries.losses.add("row", Outcome::Kept, NO_VALUE, u64::from(is_unassigned));
        if !entries.is_survey {
            let (part, file) = (self.base.setup.split.part(row_id, record), tasks_path(&MEDIA[*place]));
            row_list::write(head, Some(&Listed { part, file: &file, label_id }), ROWS_STREAM, entries);
        }
    }
}

#[cfg(test)]
mod tests;
