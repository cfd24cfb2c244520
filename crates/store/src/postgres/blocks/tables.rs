//! Where each table lies.
//!
//! # Adding a table
//! A table with sections of rows goes to [`BY_BLOCK`]. One that those are joined with, and that is small, goes to [`EVERYWHERE`].
//! All others stay on the coordinator. Its migration distributes it in databases that are distributed already.

/// Tables that are cut into blocks of rows, with the columns that are their keys.
pub(in crate::postgres) const BY_BLOCK: &[(&str, &str)] = &[
    ("data_rows", "row_key"),
    ("assets", "row_key"),
    ("attachments", "row_key, ordinal"),
    ("label_features", "feature_key, project_key, row_key"),
    ("labeling_overrides", "project_key, row_key"),
    ("labels", "project_key, row_key, ordinal"),
    ("metadata", "row_key, ordinal, part"),
    ("project_rows", "project_key, row_key"),
    ("row_embeddings", "row_key, ordinal"),
    ("run_labels", "run_key, row_key, role, ordinal"),
    ("run_rows", "run_key, row_key"),
];

/// Tables in which something is looked up by a text, which says where it lies.
pub(in crate::postgres) const BY_TEXT: &[(&str, &str)] =
    &[("row_ids", "id"), ("label_ids", "id"), ("global_keys", "global_key")];

/// Small tables, of which every node has all rows.
pub(in crate::postgres) const EVERYWHERE: &[&str] = &[
    "batches",
    "changed_rows",
    "datasets",
    "embeddings",
    "feature_schemas",
    "issues",
    "metadata_options",
    "metadata_schemas",
    "model_runs",
    "models",
    "ontologies",
    "ontology_features",
    "organizations",
    "projects",
    "tombstones",
    "workflow_tasks",
];

/// The column by which rows lie together: the key of the row without its last bits.
pub(in crate::postgres) const BLOCK: &str = "row_block";

/// The last bits of a key, by which rows of a block differ.
pub(in crate::postgres) const BLOCK_BITS: u32 = 13;

/// Returns whether a table is cut into blocks.
pub(in crate::postgres) fn is_by_block(table: &str) -> bool {
    BY_BLOCK.iter().any(|(name, _)| *name == table)
}
