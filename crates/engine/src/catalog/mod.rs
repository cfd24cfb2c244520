//! The catalog: datasets, data rows and what belongs to a row, created and changed one call at a time.
//!
//! Whatever changes a row is written as the row that an export would show, and merged like one of an import: there is one
//! way into the store, with one set of rules. Functions take a workspace and a caller whom an API has authenticated.

pub mod asset;
pub mod attachment;
mod chunk;
pub mod data_row;
pub mod dataset;
pub mod embedding;
mod given_layers;
pub mod global_key;
pub mod media_type;
pub mod metadata;
pub mod row_change;
pub mod row_import;
pub mod row_metadata;
pub mod slice;
