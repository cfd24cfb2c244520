//! Rows by how their external id begins.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct ExternalId;

impl Filter for ExternalId {
    fn name(&self) -> &'static str {
        "external_id"
    }

    fn summary(&self) -> &'static str {
        "Data rows whose external id begins with this text."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"external_id","operator":"starts_with","value":"camera-7/"}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        Ok(Condition::ExternalIdPrefix(entry.prefix()?).into())
    }
}
