//! What every engine promises, as contracts that run on each; and what SQLite alone promises.
//!
//! A contract is a function over a fresh store, listed in the table of its module. It uses nothing that an engine has for
//! itself. After each, the store must be sound.
//!
//! # Adding an engine
//! One line in `engines::ENGINES`.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod activity;
mod annotation_imports;
mod appending;
mod cluster;
mod data_rows;
mod datasets;
mod doctor;
mod engines;
mod export_ranges;
mod files;
mod history;
mod issues;
mod items;
mod joining;
mod kept_counts;
mod keys;
mod mentions;
mod merging;
mod metadata;
mod migrating;
mod models;
mod ontologies;
mod postgres;
mod projects;
mod readers;
mod reading;
mod removal;
mod rows;
mod schedule_runs;
mod selecting;
mod slices;
mod sqlite;
mod statements;
mod tasks;
mod transfer;
mod two_stores;
mod webhook_deliveries;
mod writing;
