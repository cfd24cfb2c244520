//! Rows by their ids.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};

pub(super) struct DataRowId;

impl Filter for DataRowId {
    fn name(&self) -> &'static str {
        "data_row_id"
    }

    fn summary(&self) -> &'static str {
        "Data rows with one of these ids."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"data_row_id","operator":"is","ids":["cm3a7x2dr0007q8v4m1n3p5rt"]}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        Ok(Condition::DataRowIds(entry.ids()?).into())
    }
}
