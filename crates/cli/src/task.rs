//! Work that is recorded as a task, so that `labelport list tasks` and `labelport verify` know of it.

use crate::messages::Messages;
use crate::outcome::Failure;
use crate::workspace;
use labelport_model::id::TaskId;
use labelport_store::tasks::{self, Ending, Lease, NewTask, TaskStatus};
use labelport_store::{Store, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// How long a task counts as running after its last sign of life.
const LEASE_MS: i64 = 60_000;
/// How often work gives a sign of life.
const BEAT: Duration = Duration::from_secs(15);
/// How often it is looked whether somebody has canceled the task.
const CANCEL_GLANCE: Duration = Duration::from_millis(300);
/// The lease of work that cannot give signs of life: a strict import holds the writer from its first row to its last.
const SILENT_LEASE_MS: i64 = 24 * 3_600_000;

/// What is to be recorded.
pub(crate) struct Job {
    /// `import` or `export`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// A JSON object.
    pub(crate) request: String,
    /// Whether the work holds the writer throughout.
    pub(crate) is_silent: bool,
}

/// What work leaves behind in its task.
pub(crate) struct Done {
    pub(crate) rows: u64,
    /// A JSON object.
    pub(crate) outcome: String,
}

/// Gives signs of life while work goes on, and says when it has to stop.
pub(crate) struct Pulse<'a> {
    store: &'a Store,
    task: Option<TaskId>,
    last: Instant,
    stop: Arc<AtomicBool>,
}

impl Pulse<'_> {
    /// Renews the lease if it is time to. A sign of life that cannot be given is none: the work is what counts.
    pub(crate) fn beat(&mut self) {
        let Some(id) = self.task.clone() else { return };
        if self.last.elapsed() >= BEAT {
            self.last = workspace::instant();
            let lease = lease(LEASE_MS);
            drop(self.store.write(move |connection| tasks::heartbeat(connection, &id, &lease)));
        }
    }

    /// Returns the flag that is set once somebody has canceled the task.
    pub(crate) fn stop(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }
}

/// Looks for a cancellation of a task until it is dropped.
struct Watch {
    is_over: Arc<AtomicBool>,
    thread: Thread,
}

impl Watch {
    /// Starts to look. `stop` is set when the task is canceled.
    fn start(store: &Store, id: &TaskId, stop: &Arc<AtomicBool>) -> Result<Self, StoreError> {
        let mut reader = store.reader()?;
        let (id, stop) = (id.clone(), Arc::clone(stop));
        let is_over = Arc::new(AtomicBool::new(false));
        let is_over_there = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            while !is_over_there.load(Ordering::Relaxed) {
                let task = tasks::find(&mut *reader, &id);
                if matches!(task, Ok(Some(task)) if task.status == TaskStatus::Canceled) {
                    stop.store(true, Ordering::Relaxed);
                    return;
                }
                std::thread::park_timeout(CANCEL_GLANCE);
            }
        });
        Ok(Self { is_over, thread: thread.thread().clone() })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.unpark();
    }
}

fn lease(millis: i64) -> Lease {
    Lease { owner: format!("process {}", std::process::id()), until: workspace::now().plus_millis(millis) }
}

/// Runs work and records it. A workspace that another process is writing to is worked in all the same, unrecorded.
pub(crate) fn record<T>(
    store: &Store,
    messages: &Messages,
    job: Job,
    work: impl FnOnce(&mut Pulse<'_>) -> Result<(T, Done), Failure>,
) -> Result<T, Failure> {
    let task = start(store, messages, &job)?;
    let beating = task.clone().filter(|_| !job.is_silent);
    let mut pulse = Pulse { store, task: beating, last: workspace::instant(), stop: Arc::default() };
    let watch = task.as_ref().map(|id| Watch::start(store, id, &pulse.stop)).transpose()?;
    let outcome = work(&mut pulse);
    drop(watch);
    let Some(id) = task else { return outcome.map(|(value, _)| value) };
    let (status, rows, text) = match &outcome {
        Ok((_, done)) => (TaskStatus::Complete, done.rows, done.outcome.clone()),
        Err(failure) => (TaskStatus::Failed, 0, serde_json::json!({ "error": failure.message }).to_string()),
    };
    let ending = Ending { status, outcome: Some(text), owner: None, now: workspace::now() };
    let recorded = store.write(move |connection| {
        let progress = tasks::TaskProgress { rows_done: i64::try_from(rows).unwrap_or(i64::MAX), rows_total: None };
        tasks::report_progress(connection, &id, progress)?;
        tasks::finish(connection, &id, &ending)
    });
    // A result that exists is no failure because its record could not be written.
    if let Err(error) = recorded {
        messages.note(&format!("notice: the task could not be recorded: {error}"));
    }
    outcome.map(|(value, _)| value)
}

/// Creates the task and takes its lease.
fn start(store: &Store, messages: &Messages, job: &Job) -> Result<Option<TaskId>, Failure> {
    let id = TaskId::parse(&workspace::new_id())?;
    let now = workspace::now();
    let task = NewTask {
        id: id.clone(),
        kind: job.kind.to_owned(),
        name: job.name.clone(),
        request: job.request.clone(),
        created_by: None,
        queue: String::new(),
        created: now,
    };
    let lease = lease(if job.is_silent { SILENT_LEASE_MS } else { LEASE_MS });
    let org_key = store.org_key();
    let created = store.write(move |connection| {
        tasks::create(connection, org_key, &task)?;
        tasks::claim(connection, &task.id, &lease, now)
    });
    match created {
        Ok(_) => Ok(Some(id)),
        Err(StoreError::Locked { .. }) if job.kind == "export" => {
            messages.note("notice: another process is writing, so this task is not recorded");
            Ok(None)
        }
        // Who mounted the data folder so that it cannot be written knows it.
        Err(StoreError::ReadOnly { .. }) if job.kind == "export" => Ok(None),
        Err(error) => Err(error.into()),
    }
}
