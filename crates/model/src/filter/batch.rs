//! Rows by the batch that brought them to a project.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct Batch;

impl Filter for Batch {
    fn name(&self) -> &'static str {
        "batch"
    }

    fn summary(&self) -> &'static str {
        "Data rows sent to a project with one of these batches."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"batch","operator":"is","ids":["0f6d4b0e-6a1c-4d8e-9b61-5a1f9f0f2c11"]}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        Ok(Condition::Batches(entry.ids()?).into())
    }
}
