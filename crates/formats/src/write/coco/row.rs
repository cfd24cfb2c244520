//! A row on its way into a file: its name, its part, its size, and which of its labels are written.

use crate::write::chosen::{Choice, Chooser, Rank, label_id};
use crate::write::naming::Name;
use crate::write::picture::{Kind, Size};
use labelport_model::json::Document;
use labelport_model::record::{LabelRecord, Record};
use std::collections::HashMap;

/// A label, and what is decided about it.
pub(super) struct Decided<'r> {
    pub(super) label: LabelRecord<'r>,
    pub(super) id: String,
    /// Why it is not written, as a clause; nothing for the one that is.
    pub(super) left_out: Option<&'static str>,
}

impl<'r> Decided<'r> {
    /// Decides about a label of a row that may have no pictures, as a clause says.
    pub(super) fn of(choice: &Choice<'r>, unusable: Option<&'static str>) -> Self {
        let left_out = unusable.or(choice.verdict.err());
        Self { label: *choice.label, id: label_id(choice.label), left_out }
    }
}

/// A row, as it is written.
pub(super) struct Row<'r> {
    /// The members of `data_row`.
    pub(super) head: Document,
    pub(super) id: String,
    pub(super) global_key: Option<String>,
    pub(super) name: Name,
    pub(super) part: &'r str,
    /// The size of its pictures; or why it has none, as a clause.
    pub(super) media: Result<(Size, Kind), &'static str>,
    pub(super) record: &'r Record<'r>,
    /// Where it is opened for a label that has a picture of its own: its place among the labels. Else it is for all others.
    pub(super) further: Option<usize>,
}

/// Why a further label of a video is not written.
const FRAMES_ONCE: &str = "another label of its video was chosen: frames are there once";

impl<'r> Row<'r> {
    /// Decides about its labels.
    pub(super) fn decide(&self, chooser: Chooser) -> Vec<Decided<'r>> {
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
    pub(super) fn image_path(&self, kind: Kind) -> String {
        match kind {
            Kind::Image => format!("images/{}/{}{}", self.part, self.name.stem, self.name.extension),
            Kind::Video => format!("images/{}/{}/", self.part, self.name.stem),
        }
    }

    /// Returns where a picture is within the folder of its part.
    pub(super) fn file_name(&self, frame: Option<i64>) -> String {
        match frame {
            None => format!("{}{}", self.name.stem, self.name.extension),
            Some(frame) => format!("{}/{frame:06}.jpg", self.name.stem),
        }
    }
}

/// Where annotations are written.
pub(super) struct Spot<'s, 'r> {
    pub(super) row: &'s Row<'r>,
    pub(super) size: &'s Size,
    /// The number of the picture.
    pub(super) picture: u64,
    pub(super) frame: Option<i64>,
    /// The numbers of the objects of a video, by feature id.
    pub(super) tracks: HashMap<String, usize>,
}
