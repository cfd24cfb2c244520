//! A row on its way into files of pictures: its name, its part, its size, and which of its labels are written.

use super::row_list::{self, Listed};
use super::size::{Kind, Size, TURNED};
use crate::write::annotations::for_each;
use crate::write::chosen::{Choice, Chooser, Chosen, Predictions, Rank, is_skipped, label_id};
use crate::write::media::{MEDIA, Media};
use crate::write::naming::{self, FURTHER, NAMES, Name, naming_apart};
use crate::write::settled::{Classes, Fate, Origin, settle};
use crate::write::split::Split;
use crate::write::split_by::{NO_VALUE, PART};
use crate::write::stored::members;
use crate::write::{About, AssetPlace, Entries, OpenError};
use labelport_model::json::{Document, Value};
use labelport_model::losses::Outcome;
use labelport_model::record::{LabelRecord, Record};
use std::collections::HashSet;

/// How rows are opened, by the options that formats of pictures have.
pub(in crate::write) struct Rows<'f> {
    pub(in crate::write) chooser: Chooser,
    pub(in crate::write) split: Split,
    /// Whether pictures are in the package.
    pub(in crate::write) media: Media,
    naming: &'f str,
    shared_names: &'f HashSet<u64>,
    /// The folder of the folders of parts in which pictures belong, with its slash; empty for that of the package itself.
    pub(in crate::write) images: &'static str,
    /// Why rows that are videos are not written, as a clause; nothing where they are.
    without_videos: Option<&'static str>,
    /// The same of rows that are images.
    pub(in crate::write) without_images: Option<&'static str>,
}

impl<'f> Rows<'f> {
    pub(in crate::write) fn of(about: &'f About<'f>, without_videos: Option<&'static str>) -> Result<Self, OpenError> {
        Ok(Self {
            chooser: Chooser::of(about)?,
            split: Split::of(about)?,
            media: Media::of(about, &MEDIA),
            naming: about.option(&NAMES),
            shared_names: &about.shared_names,
            images: "images/",
            without_videos,
            without_images: None,
        })
    }

    /// Returns what the files of a row are named after.
    fn naming_of(&self, head: Value<'_>) -> &str {
        if self.chooser.chosen == Chosen::All { naming_apart(self.naming, head) } else { self.naming }
    }

    /// Returns the name that files of a row would have if no other row had it.
    pub(in crate::write) fn file_name(&self, record: &Record<'_>) -> Option<String> {
        let wanted = naming::wanted_of(self.naming, record.head);
        // Where further labels have files too, a name like theirs is not taken.
        let is_taken = |name: &naming::Name| self.chooser.chosen == Chosen::All && name.stem.contains(FURTHER);
        wanted.filter(|name| !is_taken(name)).map(|name| name.stem)
    }

    /// Lists what decides on the part of a row.
    pub(in crate::write) fn values(&self, record: &Record<'_>) -> Vec<String> {
        let value = self.split.value(record);
        // A row without a picture is in no part.
        let value = value.filter(|_| self.media(record).is_ok());
        value.into_iter().map(|value| format!("{PART}:{value}")).collect()
    }

    /// Opens a row once, whatever its labels, for a format that names the files of further labels itself.
    pub(in crate::write) fn open_once<'r>(&'r self, record: &'r Record<'r>) -> Row<'r> {
        self.open_one(record, None)
    }

    /// Opens a row, and once more for each label that has a picture of its own.
    pub(in crate::write) fn open<'r>(&'r self, record: &'r Record<'r>) -> Vec<Row<'r>> {
        let row = self.open_one(record, None);
        if self.chooser.chosen != Chosen::All || !matches!(row.media, Ok((_, Kind::Image))) {
            return vec![row];
        }
        let choices = self.chooser.choose(record).into_iter().enumerate();
        let further = choices.filter(|(_, choice)| choice.verdict == Ok(Rank::Further));
        let further = further.map(|(place, choice)| self.open_one(record, Some((place, label_id(choice.label)))));
        std::iter::once(row).chain(further).collect()
    }

    /// Returns the size of the pictures of a row and what they are. Fails with a clause for a row that is not written.
    fn media(&self, record: &Record<'_>) -> Result<(Size, Kind), &'static str> {
        let (size, kind) = Size::of_kind(record.media)?;
        let unwritten = if kind == Kind::Video { self.without_videos } else { self.without_images };
        unwritten.map_or(Ok((size, kind)), Err)
    }

    fn open_one<'r>(&'r self, record: &'r Record<'r>, further: Option<(usize, String)>) -> Row<'r> {
        let head = members(record.head);
        let text = |key| head.root().get(key).and_then(Value::as_text).map(|text| text.into_owned());
        let id = text("id").unwrap_or_default();
        let media = self.media(record);
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

    /// Settles a label of which nothing is written.
    pub(in crate::write) fn leave_out(
        &self,
        row: &Row<'_>,
        (decided, reason): (&Decided<'_>, &'static str),
        classes: &Classes<'_>,
        (stream, entries): (usize, &mut Entries<'_>),
    ) {
        let origin = Origin { data_row_id: &row.id, label_id: &decided.id };
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            settle(annotation, Fate::left_out(reason), &origin, classes, (stream, entries));
        });
    }

    /// Counts what there is to say of a row, and writes its line of the list. `has_pictures` says whether a video has frames
    /// that are written, `labels` is the file with what is drawn, `written` the label that was.
    pub(in crate::write) fn list(
        &self,
        row: &Row<'_>,
        has_pictures: bool,
        (labels, written): (&str, Option<&Decided<'_>>),
        stream: usize,
        entries: &mut Entries<'_>,
    ) {
        let image = match row.media {
            Ok((_, Kind::Video)) if !has_pictures => Err("nothing is stored on a frame of its video"),
            Ok((_, kind)) => Ok(row.image_path(self.images, kind)),
            Err(reason) => Err(reason),
        };
        self.list_at(row, (image.as_deref().map_err(|reason| *reason), labels, written), stream, entries);
    }

    /// Does the same where a format says itself where the picture belongs, or why there is none.
    pub(in crate::write) fn list_at(
        &self,
        row: &Row<'_>,
        (image, labels, written): (Result<&str, &'static str>, &str, Option<&Decided<'_>>),
        stream: usize,
        entries: &mut Entries<'_>,
    ) {
        match (image, row.media) {
            (Ok(image), Ok((size, kind))) => {
                self.add_media(row, (image, kind), entries);
                // What is said of a row is said once.
                let once = u64::from(row.further.is_none());
                entries.losses.add("row", Outcome::Kept, TURNED, once * u64::from(size.is_turned));
                let is_unassigned = self.split.value(row.record).is_some_and(|value| value.is_empty());
                entries.losses.add("row", Outcome::Kept, NO_VALUE, once * u64::from(is_unassigned));
                let emptiness = match (written, self.chooser.predictions) {
                    (Some(decided), _) if is_skipped(&decided.label) => Some(SKIPPED),
                    (Some(_), _) => None,
                    (None, Predictions::No) => Some(NO_LABEL),
                    (None, _) => Some(NO_PREDICTION),
                };
                emptiness.into_iter().for_each(|why| entries.losses.add("row", Outcome::Kept, why, 1));
            }
            (Err(reason), _) | (_, Err(reason)) => entries.losses.add("row", Outcome::LeftOut, reason, 1),
        }
        if !entries.is_survey {
            let image = image.ok().filter(|_| row.media.is_ok());
            let label_id = written.map_or("", |decided| &decided.id);
            let listed = image.map(|image| Listed { part: row.part, image, labels, label_id });
            row_list::write(row.head.root(), listed.as_ref(), stream, entries);
        }
    }
}

impl Rows<'_> {
    /// Says where the picture of a row belongs, or its video.
    fn add_media(&self, row: &Row<'_>, (image, kind): (&str, Kind), entries: &mut Entries<'_>) {
        if self.media == Media::None {
            return;
        }
        match kind {
            // A folder is of frames, which are for others to cut out of the video.
            Kind::Video if image.ends_with('/') => {
                entries.losses.add("row", Outcome::Kept, WHOLE_VIDEO, 1);
                let path = || AssetPlace::File(format!("videos/{}/{}{}", row.part, row.name.stem, row.name.extension));
                self.media.add(row.head.root(), path, entries);
            }
            Kind::Image | Kind::Video => {
                self.media.add(row.head.root(), || AssetPlace::File(image.to_owned()), entries)
            }
        }
    }
}

/// What is said of videos that are in a package.
const WHOLE_VIDEO: &str = "its video is in the package as a whole; its frames are for you to cut out of it";

/// What is said of pictures without objects, which do not say what they seem to say.
pub(in crate::write) const NO_LABEL: &str = "it has no label, and seems to have nothing on its picture";
const NO_PREDICTION: &str = "it has no prediction, and seems to have nothing on its picture";
const SKIPPED: &str = "its label was skipped, and it seems to have nothing on its picture";

/// A label, and what is decided about it.
pub(in crate::write) struct Decided<'r> {
    pub(in crate::write) label: LabelRecord<'r>,
    pub(in crate::write) id: String,
    /// Why it is not written, as a clause; nothing for the one that is.
    pub(in crate::write) left_out: Option<&'static str>,
}

impl<'r> Decided<'r> {
    /// Decides about a label of a row that may have no pictures, as a clause says.
    pub(in crate::write) fn of(choice: &Choice<'r>, unusable: Option<&'static str>) -> Self {
        let left_out = unusable.or(choice.verdict.err());
        Self { label: *choice.label, id: label_id(choice.label), left_out }
    }
}

/// A row, as it is written.
pub(in crate::write) struct Row<'r> {
    /// The members of `data_row`.
    pub(in crate::write) head: Document,
    pub(in crate::write) id: String,
    pub(in crate::write) global_key: Option<String>,
    pub(in crate::write) name: Name,
    pub(in crate::write) part: &'r str,
    /// The size of its pictures; or why it has none, as a clause.
    pub(in crate::write) media: Result<(Size, Kind), &'static str>,
    pub(in crate::write) record: &'r Record<'r>,
    /// Where it is opened for a label that has a picture of its own: its place among the labels. Else it is for all others.
    pub(in crate::write) further: Option<usize>,
}

/// Why a further label of a video is not written.
const FRAMES_ONCE: &str = "another label of its video was chosen: frames are there once";

impl<'r> Row<'r> {
    /// Decides about its labels.
    pub(in crate::write) fn decide(&self, chooser: Chooser) -> Vec<Decided<'r>> {
        let mut all = Vec::new();
        for (place, choice) in chooser.choose(self.record).iter().enumerate() {
            let mut decided = Decided::of(choice, self.media.err());
            let own = match (choice.verdict, self.media) {
                (Ok(Rank::Further), Ok((_, Kind::Image))) => Some(place),
                (Ok(Rank::Further), Ok((_, Kind::Video))) => {
                    decided.left_out = Some(FRAMES_ONCE);
                    None
                }
                _ => None,
            };
            if own == self.further {
                all.push(decided);
            }
        }
        all
    }

    /// Returns where the picture of an image belongs, or the pictures of a video.
    fn image_path(&self, images: &str, kind: Kind) -> String {
        match kind {
            Kind::Image => format!("{images}{}/{}{}", self.part, self.name.stem, self.name.extension),
            Kind::Video => format!("{images}{}/{}/", self.part, self.frames_folder()),
        }
    }

    /// Returns the folder of the frames of a video. No image is in a folder with such an ending, so that none of them has
    /// the name of a frame.
    pub(in crate::write) fn frames_folder(&self) -> String {
        format!("{}.video", self.name.stem)
    }

    /// Returns where a picture is within the folder of its part.
    pub(in crate::write) fn file_name(&self, frame: Option<i64>) -> String {
        match frame {
            None => format!("{}{}", self.name.stem, self.name.extension),
            Some(frame) => format!("{}/{frame:06}.jpg", self.frames_folder()),
        }
    }
}
