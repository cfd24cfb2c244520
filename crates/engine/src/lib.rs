//! Runs imports and exports over a store.
//!
//! The engine joins the store and the formats, which do not know each other, and owns everything that leaves the process:
//! files, streams, compression, digests, outgoing HTTP. It is synchronous, runs on plain threads, and reads neither
//! clock nor environment: what differs from run to run is an argument.

pub mod access;
pub mod ambient;
pub mod annotate;
pub mod api_key;
pub mod backup;
pub mod catalog;
pub mod counters;
pub mod export;
pub mod fetch;
pub mod files;
pub mod finished;
pub mod import;
pub mod jobs;
pub mod labeling;
pub mod legacy_export;
pub mod manifest;
pub mod masks;
pub mod modeling;
pub mod private;
pub mod remote_result;
pub mod result;
pub mod signing;
pub mod sink;
pub mod stale;
pub mod stored_export;
pub mod unused_files;
pub mod verify;
pub mod wake_up;
pub mod work;
pub mod workspace;

mod ordered;
mod unpack;
