//! Rows by the time they were created.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct DataRowCreatedAt;

impl Filter for DataRowCreatedAt {
    fn name(&self) -> &'static str {
        "data_row_created_at"
    }

    fn summary(&self) -> &'static str {
        "Data rows created in this range."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"data_row_created_at","value":{"operator":"LESS_THAN","timezone":"Europe/Madrid","value":"2025-03-01"}}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        Ok(Condition::Created(entry.span()?).into())
    }
}
