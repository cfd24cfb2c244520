//! Queries over data rows, for slices and for the filters that the SDK sends with an export.
//!
//! A query is JSON: an array of entries that all must hold, or one entry. An entry is `{"and":[…]}`, `{"or":[…]}`,
//! `{"not":entry}` or an object whose `type` names a filter of [`FILTERS`]:
//!
//! ```json
//! [{"type":"dataset","operator":"is","ids":["cm3a7x3ds0009q8v4r5s6t7ub"]},
//!  {"or":[{"type":"task_queue_status","status":"Done"},
//!         {"not":{"type":"metadata","schema":"tag","operator":"exists"}}]},
//!  {"type":"labeled_at","value":{"operator":"BETWEEN","timezone":"Europe/Madrid",
//!                                "value":{"min":"2025-03-01","max":"2025-03-31"}}}]
//! ```
//!
//! `timezone` is optional; the default is the caller's. Lists have 1 to [`ID_LIST_LIMIT`] values, entries nest at
//! most [`DEPTH_LIMIT`] deep. Anything unknown is refused with its path, never skipped. A filter reads text and
//! makes a [`Predicate`]; it must never know a database.
//!
//! # Adding a filter
//! One file with a [`Filter`], one line in [`FILTERS`].

mod annotation;
mod batch;
mod compare;
mod data_row_created_at;
mod data_row_id;
mod data_row_last_activity_at;
mod data_row_updated_at;
mod dataset;
mod entry;
mod external_id;
mod global_key;
mod id_list;
mod labeled_at;
mod labeled_in;
mod media_type;
mod metadata;
mod model_run;
mod query;
mod task_queue_not_exist;
mod task_queue_status;

pub use entry::Entry;
pub use id_list::sorted;
pub use id_list::{ID_LIST_LIMIT, IdList, IdListError};
pub use query::{DEPTH_LIMIT, ENTRY_LIMIT, canonical_query, parse_query, read_query};

use crate::input::InputError;
use crate::predicate::Predicate;

/// A kind of entry in a query.
pub trait Filter: Sync {
    /// Returns the value of `type`.
    fn name(&self) -> &'static str;

    /// Returns one sentence about the rows that pass.
    fn summary(&self) -> &'static str;

    /// Returns one valid entry.
    fn example(&self) -> &'static str;

    /// Reads an entry of this type.
    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError>;
}

/// Every filter, by name.
pub static FILTERS: &[&dyn Filter] = &[
    &annotation::Annotation,
    &batch::Batch,
    &data_row_created_at::DataRowCreatedAt,
    &data_row_id::DataRowId,
    &data_row_last_activity_at::DataRowLastActivityAt,
    &data_row_updated_at::DataRowUpdatedAt,
    &dataset::Dataset,
    &external_id::ExternalId,
    &global_key::GlobalKey,
    &labeled_at::LabeledAt,
    &labeled_in::LabeledIn,
    &media_type::MediaType,
    &metadata::Metadata,
    &model_run::ModelRun,
    &task_queue_not_exist::TaskQueueNotExist,
    &task_queue_status::TaskQueueStatus,
];

#[cfg(test)]
mod tests;
