//! The format before export v2: one JSON object a line for each label of a project, or for each row of a model run.
//!
//! A file of a project is a JSON array of these objects; the brackets and commas are added when the lines are joined. All
//! keys that readers of the format require are always present. Newer data is written under a name of its own if readers
//! ignore it, and omitted if they would fail: ids of another length than 25, geometry of later kinds.
//!
//! Labels are read as typed annotations and printed anew here, since nearly every key has another name. Numbers keep
//! their spelling.
//!
//! [`Legacy`] provides what a row shows but a record does not hold: where frames and masks are served, the colours of an
//! ontology, whether issues are open.

mod color;
mod frames;
mod kept;
mod label;
mod object;
mod row;

use super::about::check_options;
use super::{About, Encoder, Entries, Format, Layout, Numbers, OpenError};
use labelport_model::frames::Filled;
use labelport_model::json::Document;
use labelport_model::record::{Annotations, Record, Spill};

/// What legacy rows show and a record does not hold.
#[derive(Clone, Copy)]
pub struct Legacy<'a> {
    /// The page that shows a label, to which `?project=…&label=…` is added.
    pub editor_url: &'a str,
    /// Where the frames of videos are.
    pub frames: Frames<'a>,
    /// Returns the colour of a feature schema as `#RRGGBB`. Without one, a colour is made from the id.
    pub color: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// Returns the URL at which the mask of a feature is served, given the one in the label. Without one, that is kept.
    pub mask_url: &'a (dyn Fn(&str, &str) -> Option<String> + Sync),
    /// Returns whether a label has open issues.
    pub has_open_issues: &'a (dyn Fn(&str) -> bool + Sync),
}

/// Where the frames of a video's label are.
#[derive(Clone, Copy)]
pub enum Frames<'a> {
    /// In the row: its `Label` is an array of frames.
    Inline,
    /// At the URL that is returned for the id of a label, which serves what [`Legacy::video_frames`] writes.
    Served(&'a (dyn Fn(&str) -> String + Sync)),
}

impl Legacy<'static> {
    /// Rows that need no server: frames are in them, and masks where they were.
    pub const PLAIN: Self = Self {
        editor_url: "https://editor.labelbox.com",
        frames: Frames::Inline,
        color: &|_| None,
        mask_url: &|_, _| None,
        has_open_issues: &|_| false,
    };
}

impl Legacy<'_> {
    /// Writes the `Label` of a row: the annotations of one label, which are in the form of export v2. `rest` are the members
    /// of the label that no section takes.
    pub fn label(&self, label_id: &str, annotations: Annotations<'_>, rest: &[u8], out: &mut Vec<u8>) {
        label::write(self, label_id, &[Source::of(annotations)], &kept::Kept::of_label(rest), out);
    }

    /// Writes the frames of a label as NDJSON: one line for each frame in `annotations`, which are in the form of
    /// export v2, and one for each frame that is filled in.
    pub fn video_frames(&self, annotations: Annotations<'_>, out: &mut Vec<u8>) {
        frames::for_each(Source::of(annotations), out, &mut |frame, out| {
            frames::write(self, frame, out);
            out.push(b'\n');
        });
    }
}

/// Annotations to be written in the old form.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// As they are stored.
    Stored(&'a str),
    /// With every frame.
    Filled { frames: &'a Filled, spill: &'a Spill<'a> },
}

impl<'a> Source<'a> {
    fn of(annotations: Annotations<'a>) -> Self {
        match annotations {
            // What is stored is text.
            Annotations::Stored(stored) => Self::Stored(std::str::from_utf8(stored).unwrap_or("{}")),
            Annotations::Filled { frames, spill } => Self::Filled { frames, spill },
        }
    }

    fn stored(self) -> &'a str {
        match self {
            Self::Stored(stored) => stored,
            Self::Filled { frames, .. } => frames.stored().raw(),
        }
    }
}

/// Labels of projects, one object for each.
pub struct LegacyJson<'a>(
    /// What rows show in addition to the record.
    pub Legacy<'a>,
);

impl Format for LegacyJson<'_> {
    fn name(&self) -> &'static str {
        "legacy_json"
    }

    fn summary(&self) -> &'static str {
        "One JSON object for each label of a project, as exports before v2 had them."
    }

    fn keeps(&self) -> &'static str {
        "everything of a project"
    }

    fn layout(&self) -> Layout {
        Layout::Lines { extension: "ndjson" }
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        Ok(Box::new(LegacyJson(self.0)))
    }
}

impl Encoder for LegacyJson<'_> {
    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        row::write_labels(&self.0, record, entries.stream(0));
    }
}

/// Rows of model runs, one object for each.
pub struct LegacyRun<'a>(
    /// What rows show in addition to the record.
    pub Legacy<'a>,
);

impl Format for LegacyRun<'_> {
    fn name(&self) -> &'static str {
        "legacy_run"
    }

    fn summary(&self) -> &'static str {
        "One JSON object for each row of a model run, as exports before v2 had them."
    }

    fn keeps(&self) -> &'static str {
        "everything of a model run"
    }

    fn layout(&self) -> Layout {
        Layout::Lines { extension: "ndjson" }
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        Ok(Box::new(LegacyRun(self.0)))
    }
}

impl Encoder for LegacyRun<'_> {
    fn row(&self, record: &Record<'_>, _: &mut Numbers, entries: &mut Entries<'_>) {
        row::write_runs(&self.0, record, entries.stream(0));
    }
}

/// Reads a section of a record. What is not JSON cannot be stored, so the way out is not taken.
fn parsed(section: &[u8]) -> Document {
    Document::parse(section).unwrap_or_else(|_| Document::parse(b"{}").expect("an empty object is JSON"))
}

/// Reads members of a section.
fn parsed_members(members: &[u8]) -> Document {
    parsed(&[b"{", members, b"}"].concat())
}

#[cfg(test)]
mod tests;
