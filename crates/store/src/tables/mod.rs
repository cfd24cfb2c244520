//! One module for each family of tables: its rows as values, and the statements that read and change them one by one.
//!
//! # Adding a table
//! A migration in `sqlite/migrations`, and one file here. If its texts can name a file, add the column to
//! [`file_references`].

pub mod annotation_imports;
pub mod api_keys;
pub mod batch_counts;
pub mod data_rows;
pub mod datasets;
pub mod embeddings;
pub mod entities;
pub mod export_ranges;
pub mod file_references;
pub mod files;
pub mod issues;
pub mod items;
pub mod label_facts;
pub mod labeling_overrides;
pub mod labels;
pub mod metadata;
pub mod models;
pub mod ontologies;
pub mod projects;
pub mod schedule_runs;
pub mod settings;
pub mod slices;
pub mod tasks;
pub mod unknown_names;
pub mod webhook_deliveries;
