//! Work that is recorded as a task, so that `labelport list tasks` and `labelport verify` know of it.

use crate::ambient::{self, SystemClock};
use crate::interrupt::{self, LastAct};
use crate::messages::Messages;
use crate::outcome::Failure;
use labelport_engine::tasks::{CommandTask, CommandWork, Recorded, Worker};
use labelport_model::id::TaskId;
use labelport_store::tables::tasks::{self, TaskStatus};
use labelport_store::{Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What work leaves in its task.
pub(crate) struct Done {
    pub(crate) rows: u64,
    /// A JSON object.
    pub(crate) outcome: String,
}

/// Work that is recorded, while it runs.
pub(crate) struct Running {
    /// The id of its task.
    pub(crate) id: TaskId,
    /// Set when it is to end early.
    pub(crate) stop: Arc<AtomicBool>,
}

/// Runs work and records it. In a workspace that another process is writing to, it runs unrecorded.
pub(crate) fn record<T>(
    store: &Store,
    messages: &Messages,
    command: &CommandWork,
    work: impl FnOnce(&Running) -> Result<(T, Done), Failure>,
) -> Result<T, Failure> {
    record_and_clean(store, messages, command, |_| {}, work)
}

/// Runs work and records it. If a signal ends the process, `clean` removes what the task with an id has written.
pub(crate) fn record_and_clean<T>(
    store: &Store,
    messages: &Messages,
    command: &CommandWork,
    clean: impl FnOnce(&TaskId) + Send + 'static,
    work: impl FnOnce(&Running) -> Result<(T, Done), Failure>,
) -> Result<T, Failure> {
    let (id, clock) = (TaskId::parse(&ambient::new_id())?, Arc::new(SystemClock::of(store)?));
    let worker = Worker { id, owner: format!("process {} {}", std::process::id(), ambient::new_id()), clock };
    let stop = Arc::default();
    interrupt::handle(*messages)?;
    // Before the task is there: a signal may come at any time. A medium that cannot be written has no tasks.
    let last_act = store.submitter().ok().map(|writer| {
        let (cancel, id) = (worker.canceler(writer, &stop), worker.id.clone());
        LastAct::new(move |signal| {
            cancel(signal);
            clean(&id);
        })
    });
    let task = begin(store, messages, command, &worker, &stop)?;
    let last_act = last_act.filter(|_| task.is_some());
    if task.is_some() {
        messages.event(&serde_json::json!({ "event": "task", "id": worker.id.as_str() }), "");
    }
    let outcome = work(&Running { id: worker.id.clone(), stop: Arc::clone(&stop) });
    // From here on the signal decides: what the work says of its end is a consequence.
    interrupt::wait_if_interrupted();
    let Some(task) = task else { return outcome.map(|(value, _)| value) };
    let recorded = match &outcome {
        Ok((_, done)) => task.end(store, true, done.rows, done.outcome.clone()),
        Err(failure) => task.end(store, false, 0, serde_json::json!({ "error": failure.message }).to_string()),
    };
    // Not before the end is recorded: a signal in between would leave the task as it is.
    drop(last_act);
    // A result that exists is not a failure because its record could not be written.
    match recorded {
        Err(error) => messages.note(&format!("notice: the task could not be recorded: {error}")),
        Ok(false) if outcome.is_ok() && !is_complete(store, &worker.id) => {
            messages.note("notice: the work is done, but another process has ended its task meanwhile");
        }
        Ok(_) => {}
    }
    outcome.map(|(value, _)| value)
}

/// Returns whether a task is complete. Work may end its task itself, with what it writes.
fn is_complete(store: &Store, id: &TaskId) -> bool {
    let find = || -> Result<_, StoreError> { tasks::find(&mut *store.reader()?, id) };
    matches!(find(), Ok(Some(task)) if task.status == TaskStatus::Complete)
}

/// Creates the task. An export that cannot be recorded runs all the same.
fn begin(
    store: &Store,
    messages: &Messages,
    command: &CommandWork,
    worker: &Worker,
    stop: &Arc<AtomicBool>,
) -> Result<Option<Recorded>, Failure> {
    match worker.begin(store, command, stop) {
        Ok(task) => Ok(Some(task)),
        Err(error) if error.is_locked() && command.kind == CommandTask::Export => {
            messages.note("notice: another process is writing, so this task is not recorded");
            Ok(None)
        }
        // A data folder is mounted read-only on purpose.
        Err(error) if error.is_read_only() && command.kind == CommandTask::Export => Ok(None),
        Err(error) => Err(error.into()),
    }
}
