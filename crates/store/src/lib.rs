//! Rows in a database.
//!
//! The store keeps what an export can show, in the form in which it is shown, and hands it out in key order. It knows no
//! output format and no interface. Statements are written once, over the narrow [`Connection`]; an engine differs in nothing
//! else, and every engine passes the same contract tests.
//!
//! # Adding an engine
//! A module next to [`sqlite`] with a [`Connection`] and an [`Engine`], and one line in the contract tests' table.

pub mod check;
pub mod engine;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod read;
pub mod row_key;
pub mod sqlite;
pub mod tables;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transfer;
pub mod write;

mod readers;
mod server_error;
mod store;
mod writer;

pub use engine::{Connection, Engine, Insert, Listener, Param, RowView, Step, StoreError, Traits};
pub use server_error::PostgresError;
pub use store::{Founding, Organization, Snapshot, Store};
pub use writer::{Answer, Submitter};
