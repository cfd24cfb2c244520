//! DICOM Segmentation: an object for each label of a medical series, which PACS and viewers show on the series; for highdicom,
//! 3D Slicer, OHIF and others.
//!
//! `PART/NAME.dcm` has a segment for each class that has a mask, so that masks of different classes do not cover each other,
//! and a frame for each slice on which a segment has pixels. It names the study, the patient and the slices that it is of as
//! the series does, so that its header must be at hand.
//!
//! What the format cannot hold: lines, answers, and which of two masks of one class a pixel is from.

mod copied;
mod dataset;
mod lab;
mod segmentation;
#[cfg(test)]
mod tests;
mod uid;

use super::by_label::{ByLabel, LABELS, LOSSES_STREAM, LabelWriter, Piece, Said, Setup, Written};
use super::chosen::{PREDICTIONS, Predictions};
use super::class_names::CLASS_NAMES;
use super::naming::NAMES;
use super::picture::{CLASSES, colour};
use super::series::{self, Base, MEDIA, Stack};
use super::settled::{Fate, Origin};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::stored::parsed;
use super::text::{Words, safe_word};
use super::{About, Encoder, Entries, FileEntry, Format, FormatOption, Layout, OpenError, Options, Wanted};
use copied::Copied;
use labelport_model::json::Value;
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, ModelRecord, Record};
use labelport_model::series::{STUDY_DATE, STUDY_TIME};
use labelport_model::time::Timestamp;
use segmentation::{Described, Frames};

/// A Segmentation object for each label of a series.
pub struct DicomSeg;

static OPTIONS: [FormatOption; 8] = [CLASSES, CLASS_NAMES, LABELS, MEDIA, NAMES, PREDICTIONS, SPLIT, SPLIT_BY];

/// The most characters of a name of a segment or of a model.
const NAME_LENGTH: usize = 64;
/// How many of them are left where a number may follow.
const CUT_LENGTH: usize = 56;
/// The most characters of a description.
const DESCRIPTION_LENGTH: usize = 1_024;

const NO_MASKS: &str = "it has no mask on a slice, and a segmentation has at least one segment";
const NO_TIME: &str = "neither its label nor its study says when it was made";
const TOO_LARGE: &str = "its segmentation would have more than 256 MiB";

struct Segmentations<'f> {
    base: Base<'f>,
    /// The names of classes as those of segments.
    names: Words,
}

/// What a row is.
struct Scan {
    stack: Stack,
    copied: Copied,
    /// The model whose predictions are written, where they are.
    model: Option<String>,
}

impl Format for DicomSeg {
    fn name(&self) -> &'static str {
        "dicom-seg"
    }

    fn summary(&self) -> &'static str {
        "A DICOM Segmentation object for each medical series, with a segment for each class; for PACS and viewers."
    }

    fn keeps(&self) -> &'static str {
        "masks on slices of DICOM series"
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
        series::wanted(options)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        let base = Base::of(self, about)?;
        let names = Words::of(base.list.names().iter().map(String::as_str), |name| short_name(name, CUT_LENGTH));
        Ok(Box::new(ByLabel(Segmentations { base, names })))
    }
}

impl LabelWriter for Segmentations<'_> {
    type Subject = Scan;

    const SAID: Said = Said {
        no_label: NO_MASKS,
        no_prediction: NO_MASKS,
        skipped: "its label was skipped, and what is drawn on it is written",
    };

    fn setup(&self) -> &Setup<'_> {
        &self.base.setup
    }

    fn streams(&self) -> Vec<String> {
        Vec::new()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn start(&self, entries: &mut Entries<'_>) {
        self.base.start(entries);
        self.names.renamed().iter().for_each(|why| entries.losses.add("class", Outcome::Reduced, why, 1));
    }

    fn subject(&self, head: Value<'_>, record: &Record<'_>) -> Result<Scan, &'static str> {
        let stack = self.base.stack(head, record)?;
        let copied = Copied::of(&stack.series)?;
        let takes_predictions = self.base.setup.chooser.predictions != Predictions::No;
        let model = takes_predictions.then(|| record.models.into_iter().flatten().find(|model| has_predictions(model)));
        Ok(Scan { stack, copied, model: model.flatten().map(name_of) })
    }

    fn once(&self, piece: &Piece<'_, Scan>, entries: &mut Entries<'_>) {
        for what in &piece.subject.copied.emptied {
            let why = format!("{what} is left empty: its series has characters or a form that cannot be written");
            entries.losses.add("row", Outcome::Kept, &why, 1);
        }
        self.base.add_media(piece, entries);
    }

    fn write(&self, piece: &Piece<'_, Scan>, entries: &mut Entries<'_>) -> Result<Written, &'static str> {
        let scan = piece.subject;
        let origin = Origin { data_row_id: piece.row_id, label_id: piece.label_id };
        let slices = self.base.read(piece, &scan.stack, &origin, entries);
        let frames = Frames::of(&slices, &scan.stack);
        let drawn_at = drawn_at(piece.label, &scan.copied);
        let made = match &drawn_at {
            _ if frames.is_empty() => Err(NO_MASKS),
            _ if !frames.fit(&scan.stack) => Err(TOO_LARGE),
            None => Err(NO_TIME),
            Some(drawn_at) => Ok(drawn_at),
        };
        let fate = made.as_ref().map_or_else(|reason| Fate::left_out(reason), |_| Fate::KEPT);
        for mask in slices.values().flatten() {
            mask.pending.settle(fate, &origin, (LOSSES_STREAM, entries));
        }
        let (day, time) = made?;
        let path = format!("{}/{}.dcm", piece.part, piece.stem);
        if !entries.is_survey {
            let about = segmentation::About {
                stack: &scan.stack,
                copied: &scan.copied,
                row_id: piece.row_id,
                label_id: piece.label_id,
                model: scan.model.as_deref(),
                drawn_at: (day, time),
            };
            let bytes = frames.write(&about, |class| self.describe(class));
            entries.files.push(FileEntry { path: path.clone(), bytes });
        }
        Ok(Written { file: path, lines: 1 })
    }
}

impl Segmentations<'_> {
    /// Returns what a segment says of a class, by its number.
    fn describe(&self, class: usize) -> Described<'_> {
        let (label, name) = (self.names.get(class), self.base.list.name(class));
        let end = name.char_indices().nth(DESCRIPTION_LENGTH).map_or(name.len(), |(end, _)| end);
        let description = (label != name).then(|| &name[..end]).filter(|name| !name.is_empty());
        // Numbers of classes.csv begin with 1, as its colours do.
        Described { label, description, lab: lab::lab(colour(class + 1)) }
    }
}

fn has_predictions(model: &ModelRecord<'_>) -> bool {
    model.runs.iter().any(|run| run.predictions.is_some_and(|predictions| !predictions.is_empty()))
}

fn name_of(model: &ModelRecord<'_>) -> String {
    let name = parsed(model.name.unwrap_or(b"\"\""));
    let name = name.root().as_text().unwrap_or_default();
    short_name(if name.trim().is_empty() { model.id } else { &name }, NAME_LENGTH)
}

/// Returns a name as DICOM can have it: of at most 64 characters, cut where it is longer, and without backslashes.
fn short_name(name: &str, cut_length: usize) -> String {
    let word = safe_word(name, |letter| !letter.is_control() && letter != '\\');
    let length = if word.chars().count() > NAME_LENGTH { cut_length } else { NAME_LENGTH };
    let cut: String = word.trim_matches(' ').chars().take(length).collect();
    if cut.is_empty() { "_".to_owned() } else { cut }
}

/// Returns the day and the time of day at which a label was drawn, in UTC, else those of its study.
fn drawn_at(label: Option<&LabelRecord<'_>>, copied: &Copied) -> Option<(String, String)> {
    let details = parsed(label.and_then(|label| label.details).unwrap_or(b"{}"));
    let time =
        |key: &&str| details.root().get(key).and_then(Value::as_text).and_then(|text| Timestamp::parse_export(&text));
    let found = ["content_last_updated_at", "updated_at", "created_at"].iter().find_map(time);
    if let Some(found) = found {
        let digits: String = found.to_string().chars().filter(char::is_ascii_digit).collect();
        return Some((digits[..8].to_owned(), format!("{}.{}", &digits[8..14], &digits[14..17])));
    }
    let (day, time) = (copied.text(STUDY_DATE), copied.text(STUDY_TIME));
    let time = if time.is_empty() { "000000" } else { time };
    (!day.is_empty()).then(|| (day.to_owned(), time.to_owned()))
}
