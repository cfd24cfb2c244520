//! Rows by the dataset that they belong to.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct Dataset;

impl Filter for Dataset {
    fn name(&self) -> &'static str {
        "dataset"
    }

    fn summary(&self) -> &'static str {
        "Data rows of one of these datasets."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"dataset","operator":"is","ids":["cm3a7x3ds0009q8v4r5s6t7ub"]}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        Ok(Condition::Datasets(entry.ids()?).into())
    }
}
