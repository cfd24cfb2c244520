//! What the engine promises, on stores with composed rows.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod annotations;
mod archives;
mod counted;
mod diffs;
mod dry_runs;
mod earlier;
mod engines;
mod filters;
mod format_options;
mod formats;
mod goldens;
mod hostile;
mod identity;
mod label_dates;
mod long_rows;
mod names;
#[cfg(feature = "object-store")]
#[expect(dead_code, reason = "the tests of two crates use it, each a part of it")]
mod object_server;
mod real_media;
mod refused;
mod served;
mod sink_contract;
mod sinks;
#[cfg(feature = "object-store")]
mod storages;
mod support;
mod verified;
