//! Jobs that are done when their ids are given out.
//!
//! Some calls of the SDK start a job and ask for its result afterwards. What takes no longer than a call is done in it, and
//! kept as a task that is complete, so that it is found again by any process.

use crate::tasks::{self, Order};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::problem::Problem;
use labelport_store::tables;
use labelport_store::tables::tasks::{Ending, TaskStatus};
use serde_json::Value;

/// Keeps what came of a job; returns its id.
pub fn keep(workspace: &Workspace, caller: &Caller, kind: &'static str, result: &Value) -> Result<String, Problem> {
    let order = Order { kind, name: kind.to_owned(), request: "{}".to_owned() };
    let task = tasks::new_task(workspace, caller, order);
    let (org_key, id) = (workspace.org_key(), task.id.to_string());
    let ending =
        Ending { status: TaskStatus::Complete, outcome: Some(result.to_string()), owner: None, now: workspace.now() };
    workspace.store().write(move |connection| {
        tables::tasks::create(connection, org_key, &task)?;
        tables::tasks::finish(connection, &task.id, &ending)
    })?;
    Ok(id)
}

/// Returns what came of a job.
pub fn get(workspace: &Workspace, id: &str) -> Result<Value, Problem> {
    let task = tasks::find(workspace, id)?.ok_or_else(|| Problem::not_found("job", id))?;
    let outcome = task.outcome.unwrap_or_default();
    serde_json::from_str(&outcome).map_err(Problem::internal)
}
