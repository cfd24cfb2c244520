//! One row on its way out: every section that the request asks for, borrowed from where it was read.
//!
//! This is the closed type between stored sections and output formats. All bytes are JSON in normal form; *members* are
//! the inside of an object without its braces, possibly empty. A section that was not requested is
//! `None`, and so is one that no import contained: an empty list would claim that there is nothing.
//!
//! One thing is not borrowed bytes: the annotations of a video whose frames are filled in ([`Annotations::Filled`]) are
//! written one frame at a time, and the consumer empties the buffer in between.

use crate::frames::Filled;
use std::fmt;
use std::ops::ControlFlow;

/// A data row with the sections asked for, in the order of the row format.
#[derive(Debug)]
pub struct Record<'a> {
    /// Members of `data_row` without `details`.
    pub head: &'a [u8],
    /// `data_row.details`.
    pub details: Option<DetailsRecord<'a>>,
    /// `media_attributes`, an object; `None` if they are not known.
    pub media: Option<&'a [u8]>,
    /// `attachments`; this and the lists below are also `None` if they are not known.
    pub attachments: Option<&'a [&'a [u8]]>,
    /// `metadata_fields`.
    pub metadata: Option<&'a [&'a [u8]]>,
    /// `embeddings`.
    pub embeddings: Option<&'a [&'a [u8]]>,
    /// `projects`, by project id.
    pub projects: Option<&'a [ProjectRecord<'a>]>,
    /// `experiments`, by model id.
    pub models: Option<&'a [ModelRecord<'a>]>,
    /// Members of the row that no section takes.
    pub rest: &'a [u8],
}

impl Record<'_> {
    /// Returns how many bytes the record holds: about what the native format writes, without frames that are filled in.
    pub fn stored_bytes(&self) -> usize {
        let list = |list: Option<&[&[u8]]>| list.into_iter().flatten().map(|entry| entry.len()).sum::<usize>();
        let labels = |labels: &[LabelRecord<'_>]| labels.iter().map(LabelRecord::stored_bytes).sum::<usize>();
        let projects = self.projects.into_iter().flatten();
        let runs = self.models.into_iter().flatten().flat_map(|model| model.runs);
        self.head.len()
            + self.details.map_or(0, |details| details.members.len())
            + self.media.map_or(0, <[u8]>::len)
            + list(self.attachments)
            + list(self.metadata)
            + list(self.embeddings)
            + projects
                .map(|project| labels(project.labels) + project.details.map_or(0, <[u8]>::len) + project.rest.len())
                .sum::<usize>()
            + runs.map(|run| labels(run.labels) + run.predictions.map_or(0, labels) + run.tail.len()).sum::<usize>()
            + self.rest.len()
    }
}

impl LabelRecord<'_> {
    fn stored_bytes(&self) -> usize {
        let annotations = match self.annotations {
            Annotations::Stored(annotations) => annotations.len(),
            Annotations::Filled { frames, .. } => frames.stored().raw().len(),
        };
        let members = [self.details, self.performance].into_iter().flatten().map(<[u8]>::len).sum::<usize>();
        self.head.len() + annotations + members + self.rest.len()
    }
}

/// `data_row.details` in two parts, since a dataset's name is stored once.
#[derive(Debug, Clone, Copy)]
pub struct DetailsRecord<'a> {
    /// Members that name the dataset; empty for a row whose dataset is not known.
    pub dataset: &'a [u8],
    /// The other members.
    pub members: &'a [u8],
}

/// A row in a project.
#[derive(Debug, Clone, Copy)]
pub struct ProjectRecord<'a> {
    /// The project id.
    pub id: &'a str,
    /// `name`, a JSON string; `None` where no row gave one.
    pub name: Option<&'a [u8]>,
    /// `labels`.
    pub labels: &'a [LabelRecord<'a>],
    /// `project_details`, an object.
    pub details: Option<&'a [u8]>,
    /// `project_tags`, an array; `None` where no row gave them.
    pub tags: Option<&'a [u8]>,
    /// Members that no key above takes.
    pub rest: &'a [u8],
}

/// A label or a prediction.
#[derive(Debug, Clone, Copy)]
pub struct LabelRecord<'a> {
    /// Members before `label_details`.
    pub head: &'a [u8],
    /// `label_details`, an object.
    pub details: Option<&'a [u8]>,
    /// `performance_details`, an object.
    pub performance: Option<&'a [u8]>,
    /// `annotations`, an object.
    pub annotations: Annotations<'a>,
    /// Members after `annotations`.
    pub rest: &'a [u8],
}

/// The annotations of a label.
#[derive(Clone, Copy)]
pub enum Annotations<'a> {
    /// As they are stored.
    Stored(&'a [u8]),
    /// With every frame, which is too much to hold in memory.
    Filled {
        /// The frames.
        frames: &'a Filled,
        /// Takes any part of what was written so far. Call it after each frame, stop if it breaks, and do not rely on
        /// bytes written earlier.
        spill: &'a Spill<'a>,
    },
}

/// Empties the streams that grow while one record is written; breaks when the consumer stops reading.
pub type Spill<'a> = dyn Fn(&mut [Vec<u8>]) -> ControlFlow<()> + 'a;

impl fmt::Debug for Annotations<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored(bytes) => out.debug_tuple("Stored").field(&String::from_utf8_lossy(bytes)).finish(),
            Self::Filled { frames, .. } => out.debug_struct("Filled").field("frames", frames).finish_non_exhaustive(),
        }
    }
}

/// A row in the runs of a model.
#[derive(Debug, Clone, Copy)]
pub struct ModelRecord<'a> {
    /// The model id.
    pub id: &'a str,
    /// `name`, a JSON string; `None` where no row gave one.
    pub name: Option<&'a [u8]>,
    /// `runs`, by run id.
    pub runs: &'a [RunRecord<'a>],
    /// Members that no key above takes.
    pub rest: &'a [u8],
}

/// A row in a model run.
#[derive(Debug, Clone, Copy)]
pub struct RunRecord<'a> {
    /// The run id.
    pub id: &'a str,
    /// `name`, a JSON string; `None` where no row gave one.
    pub name: Option<&'a [u8]>,
    /// Members before `labels`.
    pub head: &'a [u8],
    /// `labels`.
    pub labels: &'a [LabelRecord<'a>],
    /// `predictions`.
    pub predictions: Option<&'a [LabelRecord<'a>]>,
    /// Members after the labels and predictions.
    pub tail: &'a [u8],
}
