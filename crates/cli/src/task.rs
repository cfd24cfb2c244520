//! Work that is recorded as a task, so that `labelport list tasks` and `labelport verify` know of it.

use crate::ambient;
use crate::interrupt::{self, LastAct};
use crate::messages::Messages;
use crate::outcome::Failure;
use labelport_engine::tasks::{CommandTask, end_lost};
use labelport_model::id::TaskId;
use labelport_store::tables::tasks::{self, Ending, Lease, NewTask, Task, TaskStatus};
use labelport_store::{Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// How long a task counts as running after its last heartbeat.
const LEASE_MS: i64 = 60_000;
/// The lease is renewed once less than this is left of it.
const RENEWAL_MS: i64 = 45_000;
/// How often the task is checked: whether somebody has canceled it, and whether its lease is due.
const GLANCE: Duration = Duration::from_millis(300);
/// The lease of work that cannot renew it: a strict import holds the writer from its first row to its last.
const LONG_LEASE_MS: i64 = 24 * 3_600_000;

/// What is to be recorded.
pub(crate) struct Job {
    pub(crate) kind: CommandTask,
    pub(crate) name: String,
    /// A JSON object.
    pub(crate) request: String,
    /// Whether the work holds the writer throughout.
    pub(crate) holds_writer: bool,
}

/// What work leaves behind in its task.
pub(crate) struct Done {
    pub(crate) rows: u64,
    /// A JSON object.
    pub(crate) outcome: String,
}

/// Renews the lease of a task and looks for its cancellation, until it is dropped. It has a thread of its own, so that work
/// that waits for a slow pipe keeps its lease.
struct Watch {
    is_over: Arc<AtomicBool>,
    thread: Thread,
}

impl Watch {
    /// Starts to look. `stop` is set when the task is canceled.
    fn start(store: &Store, id: &TaskId, stop: &Arc<AtomicBool>) -> Result<Self, StoreError> {
        let (mut reader, writer) = (store.reader()?, store.submitter()?);
        let (id, stop) = (id.clone(), Arc::clone(stop));
        let is_over = Arc::new(AtomicBool::new(false));
        let is_over_there = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            while !is_over_there.load(Ordering::Relaxed) {
                match tasks::find(&mut *reader, &id) {
                    Ok(Some(task)) if task.status == TaskStatus::Canceled => {
                        stop.store(true, Ordering::Relaxed);
                        return;
                    }
                    Ok(Some(Task { lease: Some(held), .. })) if is_due(&held) => {
                        let (id, lease) = (id.clone(), lease(LEASE_MS));
                        // Where another process is writing, the next glance tries again.
                        drop(writer.run(move |connection| tasks::heartbeat(connection, &id, &lease)));
                    }
                    _ => {}
                }
                std::thread::park_timeout(GLANCE);
            }
        });
        Ok(Self { is_over, thread: thread.thread().clone() })
    }
}

/// Tells whether a lease is to be renewed. The clock of the lease decides: it goes on while a machine sleeps.
fn is_due(held: &Lease) -> bool {
    held.until <= ambient::now().plus_millis(RENEWAL_MS)
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.unpark();
    }
}

fn lease(millis: i64) -> Lease {
    Lease { owner: format!("process {}", std::process::id()), until: ambient::now().plus_millis(millis) }
}

/// Runs work and records it. A workspace that another process is writing to is worked in all the same, unrecorded.
pub(crate) fn record<T>(
    store: &Store,
    messages: &Messages,
    job: Job,
    work: impl FnOnce(&Arc<AtomicBool>) -> Result<(T, Done), Failure>,
) -> Result<T, Failure> {
    let (id, stop) = (TaskId::parse(&ambient::new_id())?, Arc::default());
    interrupt::handle(*messages)?;
    // Before the task is there: a signal may come at any time.
    let last_act = cancel_on_signal(store, &id, &stop);
    let task = start(store, messages, &job, id, &stop)?;
    let last_act = last_act.filter(|_| task.is_some());
    let watch = task.as_ref().map(|id| Watch::start(store, id, &stop)).transpose()?;
    let outcome = work(&stop);
    // From here on the signal has the last word: what the work says of its end is a consequence.
    interrupt::wait_if_interrupted();
    drop(watch);
    let Some(id) = task else { return outcome.map(|(value, _)| value) };
    let (status, rows, text) = match &outcome {
        Ok((_, done)) => (TaskStatus::Complete, done.rows, done.outcome.clone()),
        Err(failure) => (TaskStatus::Failed, 0, serde_json::json!({ "error": failure.message }).to_string()),
    };
    let ending = Ending { status, outcome: Some(text), owner: None, now: ambient::now() };
    let recorded = store.write(move |connection| {
        let progress = tasks::TaskProgress { rows_done: i64::try_from(rows).unwrap_or(i64::MAX), rows_total: None };
        tasks::report_progress(connection, &id, progress)?;
        tasks::finish(connection, &id, &ending)
    });
    // Not before the end is recorded: a signal in between would leave the task as it is.
    drop(last_act);
    // A result that exists is no failure because its record could not be written.
    match recorded {
        Err(error) => messages.note(&format!("notice: the task could not be recorded: {error}")),
        // Nobody ends the task of a process that runs. One that was stopped for more than a minute looks dead.
        Ok(false) if outcome.is_ok() => {
            messages.note("notice: the work is done, but its task had been ended by another process meanwhile");
        }
        Ok(_) => {}
    }
    outcome.map(|(value, _)| value)
}

/// Has the task end as CANCELED if a signal ends this process. A medium that cannot be written has no tasks.
fn cancel_on_signal(store: &Store, id: &TaskId, stop: &Arc<AtomicBool>) -> Option<LastAct> {
    let (writer, id, stop) = (store.submitter().ok()?, id.clone(), Arc::clone(stop));
    Some(LastAct::new(move |signal| {
        // A strict import gives the writer back, and a task that is not there yet is not created.
        stop.store(true, Ordering::SeqCst);
        let outcome = serde_json::json!({ "error": format!("its process was ended by {signal}") }).to_string();
        let ending = Ending { status: TaskStatus::Canceled, outcome: Some(outcome), owner: None, now: ambient::now() };
        // A task that cannot be ended now fails when its lease has run out.
        drop(writer.run(move |connection| tasks::finish(connection, &id, &ending)));
    }))
}

/// Creates the task and takes its lease, and ends those of other processes that have gone.
fn start(
    store: &Store,
    messages: &Messages,
    job: &Job,
    id: TaskId,
    stop: &Arc<AtomicBool>,
) -> Result<Option<TaskId>, Failure> {
    let now = ambient::now();
    let task = NewTask {
        id: id.clone(),
        kind: job.kind.kind().to_owned(),
        name: job.name.clone(),
        request: job.request.clone(),
        created_by: None,
        queue: String::new(),
        created: now,
    };
    let lease = lease(if job.holds_writer { LONG_LEASE_MS } else { LEASE_MS });
    let (org_key, stop) = (store.org_key(), Arc::clone(stop));
    let created = store.write(move |connection| {
        if stop.load(Ordering::SeqCst) {
            return Ok(false);
        }
        end_lost(connection, org_key, now)?;
        tasks::create(connection, org_key, &task)?;
        tasks::claim(connection, &task.id, &lease, now)
    });
    match created {
        Ok(_) => Ok(Some(id)),
        Err(StoreError::Locked { .. }) if job.kind == CommandTask::Export => {
            messages.note("notice: another process is writing, so this task is not recorded");
            Ok(None)
        }
        // Who mounted the data folder so that it cannot be written knows it.
        Err(StoreError::ReadOnly { .. }) if job.kind == CommandTask::Export => Ok(None),
        Err(error) => Err(error.into()),
    }
}
