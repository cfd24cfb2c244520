//! Rows by the time their labels were submitted.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct LabeledAt;

impl Filter for LabeledAt {
    fn name(&self) -> &'static str {
        "labeled_at"
    }

    fn summary(&self) -> &'static str {
        "Data rows with a label submitted in this range."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"labeled_at","value":{"operator":"GREATER_THAN_OR_EQUAL","timezone":"UTC","value":"2025-03-01T00:00:00+0000"}}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        Ok(Condition::LabelCreated(entry.span()?).into())
    }
}
