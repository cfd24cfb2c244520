//! Runs imports and exports over a store.
//!
//! The engine joins the store and the formats, which do not know each other, and owns everything that leaves the process:
//! files, streams, compression, digests, outgoing HTTP. It is synchronous, runs on plain threads, and reads neither
//! clock nor environment: what differs from run to run is an argument.

pub mod composed;
pub mod export;
pub mod fetch;
pub mod import;
pub mod manifest;
pub mod media;
pub mod sink;
pub mod verify;

mod ordered;
mod unpack;
