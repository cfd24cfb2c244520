//! The `labelport` command as its users meet it: one process, its arguments, its two streams, its status.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there, with the place")]

mod archives;
mod backups;
mod commands;
mod crash;
mod deltas;
mod demo;
mod diffs;
mod format_pages;
mod importing;
mod keys;
mod logs;
mod nodes;
#[cfg(feature = "object-store")]
#[path = "../../../engine/tests/it/object_server.rs"]
#[expect(dead_code, reason = "the tests of two crates use it, each a part of it")]
mod object_server;
#[cfg(feature = "object-store")]
mod object_stores;
mod outputs;
mod reference;
mod refusals;
mod releases;
mod schedules;
mod server;
mod serving;
#[cfg(feature = "object-store")]
mod signed_urls;
mod support;
mod tasks;
mod uploads;
mod webhooks;
