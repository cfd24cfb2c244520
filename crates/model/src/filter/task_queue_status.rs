//! Rows by their status in a workflow.

use super::Filter;
use super::entry::Entry;
use crate::input::InputError;
use crate::predicate::{Condition, Predicate};
use crate::workflow::WorkflowStatus;

pub(super) struct TaskQueueStatus;

impl Filter for TaskQueueStatus {
    fn name(&self) -> &'static str {
        "task_queue_status"
    }

    fn summary(&self) -> &'static str {
        "Data rows with this status in the workflow of a project."
    }

    fn example(&self) -> &'static str {
        r#"{"type":"task_queue_status","status":"InReview"}"#
    }

    fn parse(&self, entry: &Entry<'_>) -> Result<Predicate, InputError> {
        entry.only(&["status"])?;
        let names = WorkflowStatus::ALL.map(WorkflowStatus::filter_name);
        let status = entry.get("status")?.choose(WorkflowStatus::parse_filter, &names)?;
        Ok(Condition::Status(status).into())
    }
}
