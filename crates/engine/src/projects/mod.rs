//! Projects: their ontologies, batches, workflow and labels, created and changed one call at a time.

pub mod batch;
pub mod issue;
pub mod label;
pub mod labeling_override;
pub mod named_rows;
pub mod ontology;
pub mod project;
pub mod queues;
pub mod workflow;
