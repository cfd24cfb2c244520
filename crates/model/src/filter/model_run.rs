//! Rows by the model runs that they are in.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};
use crate::workflow::Split;

pub(super) struct ModelRun;

impl Filter for ModelRun {
    fn name(&self) -> &'static str {
        "model_run"
    }

    fn summary(&self) -> &'static str {
        "Data rows in one of these model runs, in one split of it where a split is named."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"model_run","operator":"is","ids":["5e3c1a52-9d7f-4b8a-8a51-0c4d2e6f7b90"],"split":"Training"}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        entry.only(&["operator", "ids", "split"])?;
        entry.operator(&["is"])?;
        let names = Split::ALL.map(Split::export_name);
        let split = entry.find("split").map(|split| split.choose(Split::parse, &names)).transpose()?;
        Ok(Condition::InModelRun { runs: entry.list("ids")?, split }.into())
    }
}
