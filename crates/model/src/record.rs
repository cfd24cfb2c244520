//! One row on its way out: every section that the request asks for, borrowed from where it was read.
//!
//! This is the closed type between stored sections and output formats. All bytes are JSON in normal form; *members* are
//! the inside of an object without its braces, possibly empty. A section that the request leaves out is
//! `None`, and so is one that nobody knows: an empty list would claim that there is nothing.

/// A data row with the sections asked for, in the order of the row format.
#[derive(Debug)]
pub struct Record<'a> {
    /// Members of `data_row` without `details`.
    pub head: &'a [u8],
    /// `data_row.details`.
    pub details: Option<DetailsRecord<'a>>,
    /// `media_attributes`, an object; `None` where they are not known.
    pub media: Option<&'a [u8]>,
    /// `attachments`; this and the lists below are `None` also where they are not known.
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
    pub annotations: &'a [u8],
    /// Members behind `annotations`.
    pub rest: &'a [u8],
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
    /// Members behind the labels and predictions.
    pub tail: &'a [u8],
}
