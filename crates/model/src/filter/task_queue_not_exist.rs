//! Rows that wait to be labelled.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};
use crate::workflow::WorkflowStatus;

pub(super) struct TaskQueueNotExist;

impl Filter for TaskQueueNotExist {
    fn name(&self) -> &'static str {
        "task_queue_not_exist"
    }

    fn summary(&self) -> &'static str {
        "Data rows in no review or rework task: those still to be labelled."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"task_queue_not_exist"}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        entry.only(&[])?;
        Ok(Condition::Status(WorkflowStatus::ToLabel).into())
    }
}
