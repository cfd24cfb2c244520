//! Cancelling a task: the one function for the command line, REST and the SDK.

use super::runner::CANCELED;
use super::{Job, find};
use crate::workspace::Workspace;
use crate::workspace::access::{Action, Caller, allow};
use labelport_model::problem::{Problem, ProblemKind};
use labelport_store::tables::tasks::{self, Ending, Task, TaskStatus};
use serde_json::json;

/// Cancels a task that waits or runs, whichever process runs it, and frees what it has kept so far. Its worker stops within
/// a second. What an import has written stays. Callers who may only read may cancel what they started; no caller is the
/// operator.
pub(crate) fn cancel(
    workspace: &Workspace,
    jobs: &[&'static dyn Job],
    id: &str,
    caller: Option<&Caller>,
) -> Result<Task, Problem> {
    let task = find(workspace, id)?.ok_or_else(|| Problem::not_found("task", id))?;
    if let Some(caller) = caller
        && task.created_by.as_ref() != Some(&caller.user.id)
    {
        allow(caller, Action::Write)?;
    }
    let reason = caller.map_or_else(|| CANCELED.to_owned(), |caller| format!("{CANCELED} by {}", caller.user.email));
    let ending = Ending {
        status: TaskStatus::Canceled,
        outcome: Some(json!({ "error": reason }).to_string()),
        owner: None,
        now: workspace.now(),
    };
    let task_id = task.id.clone();
    let is_canceled = workspace.store().write(move |connection| tasks::finish(connection, &task_id, &ending))?;
    if !is_canceled {
        let status = find(workspace, id)?.map_or("gone", |task| task.status.wire_name());
        let message = format!("the task {} has ended already: it is {status}", task.id.as_str());
        return Err(Problem::new(ProblemKind::NotAllowed, message));
    }
    // A worker of this process stops now, one of another process within a second; both free the rest.
    workspace.wake_up().notify_end(id);
    if let Some(job) = jobs.iter().find(|job| job.kind() == task.kind) {
        job.discard(workspace, &task, &reason)?;
    }
    find(workspace, id)?.ok_or_else(|| Problem::not_found("task", id))
}
