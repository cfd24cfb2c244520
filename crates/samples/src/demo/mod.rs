//! The demo world: one railway yard, seen by nine data types.
//!
//! Every data type has a dataset, a project and a file; image rows also belong to a second project and to both runs of
//! a model, video rows to the run of another. What happened to a row follows from its place in its file, so that every
//! file has finished, waiting, rejected, skipped, compared and unlabelled rows.
//!
//! # Adding a data type
//! One file with a [`Subject`] and one line in [`SUBJECTS`].

mod audio;
mod brush;
mod case;
mod conversation;
mod dicom;
mod document;
mod geospatial;
mod html;
mod image;
mod issue;
mod label;
mod row;
mod run;
mod section;
mod text;
mod video;

use serde_json::Value;

use self::brush::Brush;
use super::SampleFile;

pub use self::issue::{DemoComment, DemoIssue};

/// The rows of the demo, and what rows cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demo {
    /// One file for each data type; each line holds everything about its row.
    pub files: Vec<SampleFile>,
    /// One dataset for each data type, in the order of the files.
    pub datasets: Vec<Named>,
    /// One project for each data type in the order of the files, then the second project of the image rows.
    pub projects: Vec<Named>,
    /// The models, by name.
    pub models: Vec<Named>,
    /// The runs of the models, by model and name.
    pub runs: Vec<DemoRun>,
    /// A catalog slice worth saving.
    pub slice: DemoSlice,
    /// An issue on one of the labels.
    pub issue: DemoIssue,
}

/// Something with an id, a name and the data type of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// A cuid.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The data type, as the demo's file names spell it: `image`, `video`, `conversation` and so on.
    pub data_type: String,
}

/// A run of one of the demo's models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoRun {
    /// A uuid.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The model it is a run of.
    pub model_id: String,
}

/// A saved search of the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoSlice {
    /// What people call it.
    pub name: String,
    /// The search as a JSON array of query entries, all of which must hold.
    pub filter_json: String,
}

/// Returns the demo world; the same every time.
pub fn demo() -> Demo {
    Demo {
        files: SUBJECTS.iter().map(row::file).collect(),
        datasets: SUBJECTS.iter().map(section::dataset).collect(),
        projects: section::list_projects(),
        models: run::list_models(),
        runs: run::list_runs(),
        slice: section::slice(),
        issue: issue::issue(),
    }
}

/// A data type as the demo shows it.
struct Subject {
    /// Spells the file name and the global keys.
    name: &'static str,
    dataset: &'static str,
    label_kind: &'static str,
    /// The projects that its rows belong to; the first has all rows.
    projects: &'static [Plan],
    assets: fn() -> Vec<Asset>,
}

/// A project and how its labels are drawn.
struct Plan {
    name: &'static str,
    /// Draws the annotations of the row at that place in its file.
    annotate: fn(&mut Brush, usize) -> Value,
    /// The annotations of a skipped label.
    blank: fn() -> Value,
    /// How many rows from the first belong to the project.
    rows: usize,
}

/// What a row shows.
struct Asset {
    external_id: String,
    row_data: String,
    media_attributes: Value,
}

/// Every data type, in the order of their names.
static SUBJECTS: &[Subject] = &[
    audio::SUBJECT,
    conversation::SUBJECT,
    dicom::SUBJECT,
    document::SUBJECT,
    geospatial::SUBJECT,
    html::SUBJECT,
    image::SUBJECT,
    text::SUBJECT,
    video::SUBJECT,
];

#[cfg(test)]
mod tests;
