//! Rows by the last activity on them.
//!
//! Activity is a label, metadata value, workflow status, issue or comment that was created or changed.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct DataRowLastActivityAt;

impl Filter for DataRowLastActivityAt {
    fn name(&self) -> &'static str {
        "data_row_last_activity_at"
    }

    fn summary(&self) -> &'static str {
        "Data rows whose last activity lies in this range."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"data_row_last_activity_at","value":{"operator":"BETWEEN","timezone":"UTC","value":{"min":"2025-03-01","max":"2025-03-31"}}}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        Ok(Condition::Activity(entry.span()?).into())
    }
}
