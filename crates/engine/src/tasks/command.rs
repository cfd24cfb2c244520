//! Tasks that a process works on itself, recorded so that others see them: those of the command line.
//!
//! The process creates its task with a lease and renews the lease for as long as it lives; nobody takes the task over. A
//! task that somebody cancels sets the stop flag of the work. See [`lost`](super::lost) for what becomes of it if the
//! process dies.

use super::lost::{CommandTask, end_lost};
use crate::ambient::Clock;
use labelport_model::id::TaskId;
use labelport_store::tables::tasks::{self, Ending, Lease, NewTask, Task, TaskProgress, TaskStatus};
use labelport_store::{Store, StoreError, Submitter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

/// How long a task counts as running after its last heartbeat.
const LEASE_MS: i64 = 60_000;
/// The lease is renewed once less than this is left of it.
const RENEWAL_MS: i64 = 45_000;
/// How often the task is checked: whether somebody has canceled it, and whether its lease is due.
const CHECK_INTERVAL: Duration = Duration::from_millis(300);
/// The lease of work that cannot renew it: a strict import holds the writer from its first row to its last.
const LONG_LEASE_MS: i64 = 24 * 3_600_000;

/// Work that is to be recorded.
#[derive(Debug, Clone)]
pub struct CommandWork {
    /// What it is.
    pub kind: CommandTask,
    /// The name that lists show.
    pub name: String,
    /// What it was asked, a JSON object.
    pub request: String,
    /// Whether it holds the writer throughout.
    pub holds_writer: bool,
}

/// Who works.
#[derive(Clone)]
pub struct Worker {
    /// The id that the task gets.
    pub id: TaskId,
    /// A name that no other process has.
    pub owner: String,
    /// The clock for leases.
    pub clock: Arc<dyn Clock>,
}

/// A task that is recorded while its work runs. Its lease is renewed until it is dropped, by a thread of its own, so that
/// work that waits for a slow pipe keeps it.
pub struct Recorded {
    id: TaskId,
    clock: Arc<dyn Clock>,
    is_over: Arc<AtomicBool>,
    thread: Thread,
}

impl Worker {
    fn lease(&self, millis: i64) -> Lease {
        Lease { owner: self.owner.clone(), until: self.clock.now().plus_millis(millis) }
    }

    /// Creates the task, takes its lease, and ends the tasks of processes that have gone. `stop` is set when the task is
    /// canceled; if it is set already, no task is created.
    pub fn begin(&self, store: &Store, work: &CommandWork, stop: &Arc<AtomicBool>) -> Result<Recorded, StoreError> {
        let now = self.clock.now();
        let task = NewTask {
            id: self.id.clone(),
            kind: work.kind.kind().to_owned(),
            name: work.name.clone(),
            request: work.request.clone(),
            created_by: None,
            queue: String::new(),
            created: now,
        };
        let lease = self.lease(if work.holds_writer { LONG_LEASE_MS } else { LEASE_MS });
        let (org_key, is_stopped) = (store.org_key(), Arc::clone(stop));
        store.write(move |connection| {
            if is_stopped.load(Ordering::SeqCst) {
                return Ok(false);
            }
            end_lost(connection, org_key, now)?;
            tasks::create(connection, org_key, &task)?;
            tasks::claim(connection, &task.id, &lease, now)
        })?;
        self.watch(store, stop)
    }

    fn watch(&self, store: &Store, stop: &Arc<AtomicBool>) -> Result<Recorded, StoreError> {
        let (mut reader, writer) = (store.reader()?, store.submitter()?);
        let (worker, stop) = (self.clone(), Arc::clone(stop));
        let is_over = Arc::new(AtomicBool::new(false));
        let is_over_there = Arc::clone(&is_over);
        let thread = std::thread::spawn(move || {
            while !is_over_there.load(Ordering::Relaxed) {
                // The clock of the lease decides: it goes on while a machine sleeps.
                let is_due = |held: &Lease| held.until <= worker.clock.now().plus_millis(RENEWAL_MS);
                match tasks::find(&mut *reader, &worker.id) {
                    Ok(Some(task)) if task.status == TaskStatus::Canceled => {
                        stop.store(true, Ordering::Relaxed);
                        return;
                    }
                    Ok(Some(Task { lease: Some(held), .. })) if is_due(&held) => {
                        let (id, lease) = (worker.id.clone(), worker.lease(LEASE_MS));
                        // If another process is writing, the next check tries again.
                        drop(writer.run(move |connection| tasks::heartbeat(connection, &id, &lease)));
                    }
                    _ => {}
                }
                std::thread::park_timeout(CHECK_INTERVAL);
            }
        });
        let (id, clock) = (self.id.clone(), Arc::clone(&self.clock));
        Ok(Recorded { id, clock, is_over, thread: thread.thread().clone() })
    }

    /// Returns what ends the task as CANCELED when a signal ends the process, whether the task is there yet or not. The
    /// function gets the name of the signal.
    pub fn canceler(
        &self,
        writer: Submitter,
        stop: &Arc<AtomicBool>,
    ) -> impl FnOnce(&'static str) + Send + 'static + use<> {
        let (worker, stop) = (self.clone(), Arc::clone(stop));
        move |signal| {
            // A strict import gives the writer back, and a task that is not there yet is not created.
            stop.store(true, Ordering::SeqCst);
            let outcome = serde_json::json!({ "error": format!("its process was ended by {signal}") }).to_string();
            let (status, now) = (TaskStatus::Canceled, worker.clock.now());
            let ending = Ending { status, outcome: Some(outcome), owner: None, now };
            // A task that cannot be ended now fails when its lease has run out.
            drop(writer.run(move |connection| tasks::finish(connection, &worker.id, &ending)));
        }
    }
}

impl Recorded {
    /// Stops to renew the lease.
    pub fn release(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.unpark();
    }

    /// Ends the task with what came of it, a JSON object. Returns whether it was still there to be ended: a process that was
    /// stopped for more than a minute looks dead, and another one may have ended its task.
    pub fn end(self, store: &Store, is_done: bool, rows: u64, outcome: String) -> Result<bool, StoreError> {
        self.release();
        let (id, now) = (self.id.clone(), self.clock.now());
        let status = if is_done { TaskStatus::Complete } else { TaskStatus::Failed };
        let ending = Ending { status, outcome: Some(outcome), owner: None, now };
        store.write(move |connection| {
            let progress = TaskProgress { rows_done: i64::try_from(rows).unwrap_or(i64::MAX), rows_total: None };
            tasks::report_progress(connection, &id, progress)?;
            tasks::finish(connection, &id, &ending)
        })
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.release();
    }
}
