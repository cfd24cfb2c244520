//! Projects: their ontologies, batches, workflow and labels, created and changed one call at a time.

pub mod batch;
pub mod benchmark;
pub mod generation;
pub mod issue;
pub mod issue_category;
pub mod label;
pub mod label_feedback;
pub mod label_version;
pub mod labeling_override;
pub mod named_rows;
pub mod ontology;
pub mod performance;
pub mod project;
pub mod queues;
pub mod review;
pub mod search;
pub mod tag;
pub mod workflow;
