//! Rows by the time they were updated.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct DataRowUpdatedAt;

impl Filter for DataRowUpdatedAt {
    fn name(&self) -> &'static str {
        "data_row_updated_at"
    }

    fn summary(&self) -> &'static str {
        "Data rows updated in this range."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"data_row_updated_at","value":{"operator":"GREATER_THAN","value":"2025-03-01 12:00:00"}}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        Ok(Condition::Updated(entry.span()?).into())
    }
}
