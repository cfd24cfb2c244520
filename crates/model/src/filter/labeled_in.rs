//! Rows by the projects that labelled them.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct LabeledIn;

impl Filter for LabeledIn {
    fn name(&self) -> &'static str {
        "labeled_in"
    }

    fn summary(&self) -> &'static str {
        "Data rows with a label in one of these projects."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"labeled_in","operator":"is","ids":["cm3a7x1pr0003q8v4c6d8e0fa"]}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        Ok(Condition::LabeledIn(entry.ids()?).into())
    }
}
