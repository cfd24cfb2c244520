//! Rows in a database.
//!
//! The store keeps what an export can show, in the form in which it is shown, and hands it out in key order. It knows no
//! output format and no door. Statements are written once, over the narrow [`Connection`]; an engine differs in nothing
//! else, and every engine passes the same contract tests.
//!
//! # Adding an engine
//! A module beside [`sqlite`] with a [`Connection`] and an [`Engine`], and one line in the contract tests' table.

pub mod activity;
pub mod changes;
pub mod connection;
pub mod datasets;
pub mod files;
pub mod imports;
pub mod integrity;
pub mod issues;
pub mod keys;
pub mod mentions;
pub mod merge;
pub mod metadata;
pub mod models;
pub mod names;
pub mod ontologies;
pub mod page;
pub mod projects;
pub mod removal;
pub mod rows;
pub mod select;
pub mod settings;
pub mod slices;
pub mod sqlite;
pub mod tally;
pub mod tasks;
pub mod things;

mod store;
mod writer;

pub use connection::{Connection, Engine, Param, RowView, StoreError};
pub use store::{Founding, Organization, Snapshot, Store};
pub use writer::{Answer, Submitter};
