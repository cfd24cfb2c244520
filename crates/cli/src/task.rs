//! Work that is recorded as a task, so that `labelport list tasks` and `labelport verify` know of it.

use crate::messages::Messages;
use crate::outcome::Failure;
use crate::workspace;
use labelport_model::id::TaskId;
use labelport_store::tasks::{self, Ending, Lease, NewTask, TaskStatus};
use labelport_store::{Store, StoreError};
use std::time::{Duration, Instant};

/// How long a task counts as running after its last sign of life.
const LEASE_MS: i64 = 60_000;
/// How often work gives a sign of life.
const BEAT: Duration = Duration::from_secs(15);
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

/// Gives signs of life while work goes on.
pub(crate) struct Pulse<'a> {
    store: &'a Store,
    task: Option<TaskId>,
    last: Instant,
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
    let mut pulse = Pulse { store, task: task.clone().filter(|_| !job.is_silent), last: workspace::instant() };
    let outcome = work(&mut pulse);
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
