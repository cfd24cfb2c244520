//! Lines of annotations that a client sends become stored annotations.
//!
//! An import is a file of lines, each one annotation of one data row. All lines of a row together make one label, or
//! one prediction of a model run: a container whose layout depends on the data type. The conversion is a function of
//! the lines, the ontology and what is known about the row. It reads no file and stores no label; ids, bytes at URLs
//! and storage for masks come from the [`World`].
//!
//! An invalid line fails alone, with the path and the remedy. The output is JSON in normal form, numbers of geometries
//! are floats, and objects and classifications keep the order of their lines.
//!
//! Where the behaviour of the vendor is unknown, each guess is made in one module: scores in `score`, timed answers in
//! `answer`, sizes of masks in `mask`, lasting answers in `track`.
//!
//! # Adding a tool, a data type
//! See `tool` and [`labelport_model::data_type`]; nothing here knows a data type by name.

mod answer;
mod convert;
mod error;
mod line;
mod mask;
mod metric;
mod object;
mod ontology;
mod relationship;
mod scene;
mod score;
mod tool;
mod track;

#[cfg(test)]
mod tests;

pub use convert::convert;
pub(super) use error::find_path;
pub use error::{LineError, LineProblem};
pub(crate) use mask::read_runs;
pub use ontology::{Ontology, OntologyError, machine_value};

use labelport_model::data_type::DataType;

/// What is known about the data row of the lines.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its data type. If it is unknown, it is taken from the lines; the default is an image.
    pub data_type: Option<&'static DataType>,
    /// Its `media_attributes`. The `labelable_ids` of a conversation are the messages that can be annotated.
    pub media: Option<&'a str>,
    /// The text of a text row, from which tokens are taken.
    pub text: Option<&'a str>,
    /// The text layer of a document: a JSON list of pages `{number, width, height, groups: [{id, tokens: [{id,
    /// content}]}]}`. Numbers count from 1, sides are PDF points.
    pub text_layer: Option<&'a str>,
}

/// What conversion needs from outside.
pub trait World {
    /// Returns a new id of 25 characters.
    fn new_id(&mut self) -> String;
    /// Returns the bytes at the URL of a mask, or the reason why there are none.
    fn fetch(&mut self, url: &str) -> Result<Vec<u8>, String>;
    /// Stores a mask and returns its URL, or the reason why it cannot be stored.
    ///
    /// Masks of lines that fail afterwards are kept and never referred to.
    fn keep_mask(&mut self, mask: Mask) -> Result<String, String>;
}

/// A PNG picture of pixels that belong to annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// What it shows.
    pub place: MaskPlace,
    /// The picture.
    pub png: Vec<u8>,
}

/// What a mask shows, by which it is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MaskPlace {
    /// One annotation on one frame, white on black: `…/annotations/<feature id>/index/<index>/mask`.
    Instance {
        /// The annotation.
        feature_id: String,
        /// The frame; 1 for an image.
        index: u64,
    },
    /// All annotations of a label on one frame, each in its colour on black: `…/masks/<id>/index/<index>`.
    Composite {
        /// The same for all frames of a label that have one size, and one group where there are groups.
        id: String,
        /// The frame; 1 for an image.
        index: u64,
    },
}

/// What the annotations are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A label, which has no scores and no metrics.
    Label,
    /// A prediction of a model run.
    Prediction,
}

/// The result of the lines of one data row.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// The `annotations` of the label, compact ASCII JSON; `None` if no line made an annotation.
    pub annotations: Option<String>,
    /// The outcome of each line, in order.
    pub outcomes: Vec<Result<(), LineError>>,
    /// The metrics among the lines, each a line in normal form.
    pub metrics: Vec<String>,
}
