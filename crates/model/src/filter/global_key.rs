//! Rows by their global key.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct GlobalKey;

impl Filter for GlobalKey {
    fn name(&self) -> &'static str {
        "global_key"
    }

    fn summary(&self) -> &'static str {
        "Data rows with one of these global keys, or whose global key begins with a text."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"global_key","operator":"starts_with","value":"2025/camera-7/"}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        match entry.operator(&["is", "starts_with"])? {
            "is" => Ok(Condition::GlobalKeys(entry.ids()?).into()),
            _ => Ok(Condition::GlobalKeyPrefix(entry.prefix()?).into()),
        }
    }
}
