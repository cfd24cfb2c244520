//! An export row taken apart into the sections that the store keeps.
//!
//! A [`Row`] owns every byte of the line it was read from: each key is in exactly one section, and unknown keys go to
//! the `rest` of their object. What is `None` was not in the row and leaves the stored state unchanged; what is
//! present, even if empty, replaces it. All text here is JSON in normal form.
//!
//! # Adding a section
//! A field here, its reading in [`read`], a column or table in the store and a place in the export record.

mod feature;
mod label;
pub mod legacy;
mod part;
mod place;
mod read;

pub use place::{RowError, RowProblem};
pub use read::{RowReader, read};

use crate::data_type::DataType;
use crate::id::{BatchId, DataRowId, DatasetId, LabelId, ModelId, ModelRunId, OntologyId, ProjectId};
use crate::time::Timestamp;
use crate::workflow::{Split, WorkflowStatus};
use std::sync::Arc;

/// The maximum size of a row, not counting the frames of its videos, which have no limit because they are read and
/// written one by one. An import may have a lower limit.
pub const ROW_LIMIT_BYTES: usize = 512 << 20;

/// How what a row gives joins what is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Join {
    /// The row is a whole: its lists and objects replace the stored ones.
    #[default]
    Replace,
    /// The row is one of several records about the same data row: its labels join the stored ones, by id, and so do the
    /// members of its details and of its media attributes.
    Add,
}

/// One data row with everything that its line contains.
#[derive(Debug)]
pub struct Row {
    /// How it joins what is stored.
    pub join: Join,
    /// `data_row.id`.
    pub id: DataRowId,
    /// `data_row.global_key`; `None` where absent or null.
    pub global_key: Option<String>,
    /// `data_row.external_id`; `None` where absent or null.
    pub external_id: Option<String>,
    /// What the row holds, if its media or its annotations show it.
    pub data_type: Option<&'static DataType>,
    /// The members of `data_row`, without `details`.
    pub head: String,
    /// `data_row.details`.
    pub details: Option<RowDetails>,
    /// `media_attributes`, an object.
    pub media: Option<String>,
    /// `attachments`, one object each.
    pub attachments: Option<Vec<String>>,
    /// `metadata_fields`, one value each.
    pub metadata: Option<Vec<MetadataValue>>,
    /// `embeddings`, one each.
    pub embeddings: Option<Vec<EmbeddingValue>>,
    /// `projects`, in the order of the row.
    pub projects: Vec<ProjectRow>,
    /// `experiments`, in the order of the row.
    pub models: Vec<ModelRow>,
    /// Members of the row that belong to no section.
    pub rest: Option<String>,
}

/// `data_row.details`.
#[derive(Debug)]
pub struct RowDetails {
    /// The dataset, with its name where the row gives one.
    pub dataset: Option<(DatasetId, Option<String>)>,
    /// `created_at`.
    pub created: Option<Timestamp>,
    /// `updated_at`.
    pub updated: Option<Timestamp>,
    /// `last_activity_at`.
    pub activity: Option<Timestamp>,
    /// The members without those that name the dataset.
    pub members: String,
}

/// One entry of `metadata_fields`.
#[derive(Debug)]
pub struct MetadataValue {
    /// `schema_id`, empty where the row gives none.
    pub schema_id: String,
    /// `schema_name`.
    pub name: String,
    /// `schema_kind`.
    pub kind: String,
    /// What a filter compares: one value, or one for each option of an enum.
    pub facts: Vec<MetadataFact>,
    /// The entry as exported.
    pub json: String,
}

/// A metadata value in the form that filters compare.
#[derive(Debug, Clone, PartialEq)]
pub enum MetadataFact {
    /// A string.
    Text(String),
    /// A number.
    Number(f64),
    /// A datetime.
    Time(Timestamp),
    /// An option of an enum.
    EnumOption {
        /// Its `schema_id`, empty where the row gives none.
        id: String,
        /// Its `schema_name`.
        name: String,
    },
    /// Anything else; filters can only test that it exists.
    Other,
}

/// One entry of `embeddings`.
#[derive(Debug)]
pub struct EmbeddingValue {
    /// `id`, empty where the row gives none.
    pub id: String,
    /// `name`.
    pub name: String,
    /// `dimensions`, 0 where the row gives none.
    pub dimensions: i64,
    /// `is_custom`.
    pub is_custom: bool,
    /// The entry as exported.
    pub json: String,
}

/// One project of `projects`.
#[derive(Debug)]
pub struct ProjectRow {
    /// The key in `projects`.
    pub id: ProjectId,
    /// `name`.
    pub name: Option<String>,
    /// `project_tags`, an array. It belongs to the project, not to the row.
    pub tags: Option<String>,
    /// `project_details`.
    pub details: Option<ProjectDetails>,
    /// `labels`.
    pub labels: Option<Vec<Label>>,
    /// All other members.
    pub rest: Option<String>,
}

/// `project_details` of a row in a project.
#[derive(Debug)]
pub struct ProjectDetails {
    /// `ontology_id`.
    pub ontology: Option<OntologyId>,
    /// `task_id` and `task_name` of the workflow task that the row is in.
    pub task: Option<(Option<String>, String)>,
    /// `batch_id` and `batch_name`.
    pub batch: Option<(BatchId, Option<String>)>,
    /// `workflow_status`, if it is one of the four.
    pub status: Option<WorkflowStatus>,
    /// `priority`.
    pub priority: Option<i64>,
    /// The object as exported.
    pub json: String,
}

/// One label of a project, or one label or prediction of a model run.
#[derive(Debug)]
pub struct Label {
    /// `id`.
    pub id: LabelId,
    /// The members before `label_details`: `label_kind`, `version`, `id`.
    pub head: String,
    /// `label_details`, an object.
    pub details: Option<String>,
    /// `label_details.created_at`.
    pub created: Option<Timestamp>,
    /// `performance_details`, an object.
    pub performance: Option<String>,
    /// `annotations`, whole.
    pub annotations: String,
    /// Members after `annotations`: `z_order` and unknown ones.
    pub rest: Option<String>,
    /// How many annotations of each feature and kind there are, in the order of first appearance.
    pub tally: Vec<(Arc<Feature>, u32)>,
    /// Whether annotations refer to masks by URL.
    pub has_masks: bool,
    /// Whether a video has frames between key frames that cannot be computed from them.
    pub has_filled_frames: bool,
    /// Whether the annotations are in a file that was not read, so that the label has none here. Stored ones stay.
    pub is_elsewhere: bool,
}

/// A feature of an ontology as annotations refer to it. Text is escaped as in the row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Feature {
    /// `feature_schema_id`, empty where the row gives none.
    pub schema_id: String,
    /// `name`.
    pub name: String,
    /// The annotation kind, or the answer key of a classification.
    pub kind: String,
    /// `value`, empty where the row gives none.
    pub value: String,
}

/// One model of `experiments`.
#[derive(Debug)]
pub struct ModelRow {
    /// The key in `experiments`.
    pub id: ModelId,
    /// `name`.
    pub name: Option<String>,
    /// `runs`, in the order of the row; at least one.
    pub runs: Vec<RunRow>,
    /// All other members.
    pub rest: Option<String>,
}

/// One run of a model.
#[derive(Debug)]
pub struct RunRow {
    /// The key in `runs`.
    pub id: ModelRunId,
    /// `name`.
    pub name: Option<String>,
    /// The members before `labels`: `run_data_row_id`, `annotation_group_id`.
    pub head: String,
    /// `split`, if it is a known one.
    pub split: Option<Split>,
    /// `labels`.
    pub labels: Option<Vec<Label>>,
    /// `predictions`.
    pub predictions: Option<Vec<Label>>,
    /// The members after the labels: `split` and unknown ones.
    pub tail: String,
}
