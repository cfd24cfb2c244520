//! Runs imports and exports over a store.
//!
//! The engine joins the store and the formats, which do not know each other, and owns everything that leaves the process:
//! files, streams, compression, digests, outgoing HTTP. It is synchronous, runs on plain threads, and reads neither
//! clock nor environment: what differs from run to run is an argument.

pub mod ambient;
pub mod annotation_import;
pub mod apply;
pub mod catalog;
pub mod diff;
pub mod disk;
pub mod edits;
pub mod export;
pub mod history;
pub mod import;
pub mod items;
pub mod legacy;
pub mod manifest;
pub mod models;
pub mod outbound;
pub mod people;
pub mod projects;
pub mod recovery;
pub mod registry;
pub mod releases;
pub mod schedules;
pub mod send;
pub mod sink;
pub mod storage;
pub mod tasks;
pub mod verify;
pub mod webhooks;
pub mod workspace;

mod parallel;
