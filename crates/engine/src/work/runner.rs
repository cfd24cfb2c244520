//! Workers: threads that claim tasks, and one that keeps their leases.

use super::{Chore, Done, Job, JobError, Pulse, Roster};
use crate::workspace::Workspace;
use labelport_model::id::TaskId;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::time::Timestamp;
use labelport_store::StoreError;
use labelport_store::tasks::{self, Ending, Lease, Task, TaskProgress, TaskStatus};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a lease holds: a task whose worker was killed waits no longer than that.
const LEASE_MS: i64 = 10_000;
/// How often leases are renewed, and workers look for work that nobody rang for.
const BEAT: Duration = Duration::from_millis(BEAT_MS as u64);
const BEAT_MS: i64 = 2_500;
/// How long a task that found no room on the disk waits: what it wrote in vain it writes again.
const NO_ROOM_MS: i64 = 60_000;
/// How often the end of a task is looked for by those who wait for it, should they miss the bell.
const GLANCE: Duration = Duration::from_millis(50);

/// Wakes workers when there is work, and those who wait when some is done.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<u64>,
    waiting: Condvar,
}

impl Bell {
    /// Wakes everybody.
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.waiting.notify_all();
    }

    /// Waits for the bell to be rung since `seen`, no longer than `patience`; returns the number of rings.
    fn wait(&self, seen: u64, patience: Duration) -> u64 {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = self.waiting.wait_timeout_while(rung, patience, |rung| *rung == seen);
        *outcome.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits until something holds, no longer than `patience`.
    pub fn wait_until(
        &self,
        workspace: &Workspace,
        patience: Duration,
        holds: &mut dyn FnMut() -> Result<bool, Problem>,
    ) -> Result<(), Problem> {
        let over = workspace.now().plus_millis(i64::try_from(patience.as_millis()).unwrap_or(i64::MAX));
        loop {
            let seen = *self.rung.lock().unwrap_or_else(PoisonError::into_inner);
            if holds()? || workspace.now() >= over {
                return Ok(());
            }
            self.wait(seen, GLANCE);
        }
    }
}

/// The workers of a process.
pub struct Runner {
    workspace: Arc<Workspace>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// Is told what lies behind failures of our own.
pub type Log = Arc<dyn Fn(&Problem) + Send + Sync>;

/// What a thread does.
type Work = Box<dyn FnOnce(&Workspace, &Shared) + Send>;

/// What the workers share.
struct Shared {
    owner: String,
    log: Log,
    jobs: &'static [&'static dyn Job],
    is_over: AtomicBool,
    running: Mutex<Vec<(TaskId, Pulse)>>,
}

impl Runner {
    /// Starts workers. `owner` is a name that no other process has.
    pub fn start(workspace: &Arc<Workspace>, owner: String, workers: usize, roster: Roster, log: Log) -> Self {
        let (is_over, running) = (AtomicBool::new(false), Mutex::default());
        let shared = Arc::new(Shared { owner, log, jobs: roster.jobs, is_over, running });
        let mut threads = Vec::new();
        let mut spawn = |work: Work| {
            let (workspace, shared) = (Arc::clone(workspace), Arc::clone(&shared));
            threads.push(std::thread::spawn(move || work(&workspace, &shared)));
        };
        for _ in 0..workers.max(1) {
            spawn(Box::new(work));
        }
        spawn(Box::new(keep_leases));
        for chore in roster.chores.iter().copied() {
            spawn(Box::new(move |workspace, shared| look_after(workspace, shared, chore)));
        }
        Self { workspace: Arc::clone(workspace), shared, threads }
    }

    /// Stops the workers: what is running is handed over.
    pub fn stop(self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for (_, pulse) in &*self.shared.running.lock().unwrap_or_else(PoisonError::into_inner) {
            pulse.end();
        }
        self.workspace.bell().ring();
        for thread in self.threads {
            // A panic of the thread has been reported by it; here there is nobody to tell.
            drop(thread.join());
        }
    }
}

impl Shared {
    fn lease(&self, workspace: &Workspace) -> Lease {
        Lease { owner: self.owner.clone(), until: workspace.now().plus_millis(LEASE_MS) }
    }

    fn note(&self, problem: &Problem) {
        if problem.cause.is_some() {
            (self.log)(problem);
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

fn work(workspace: &Workspace, shared: &Shared) {
    let mut seen = 0;
    while !shared.is_over() {
        match claim(workspace, shared) {
            Ok(Some((task, job))) => {
                run(workspace, shared, &task, job);
                workspace.bell().ring();
            }
            // A store that fails now may work later, and nothing is lost by waiting.
            Ok(None) | Err(_) => seen = workspace.bell().wait(seen, BEAT),
        }
    }
}

/// Claims the oldest task that nobody works on.
fn claim(workspace: &Workspace, shared: &Shared) -> Result<Option<(Task, &'static dyn Job)>, StoreError> {
    let kinds: Vec<&str> = shared.jobs.iter().map(|job| job.kind()).collect();
    let now = workspace.now();
    let found = tasks::list_claimable(&mut *workspace.store().reader()?, workspace.org_key(), &kinds, now)?;
    for task in found {
        let Some(job) = shared.jobs.iter().copied().find(|job| job.kind() == task.kind) else { continue };
        let is_ours = {
            let running = shared.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.iter().any(|(id, _)| *id == task.id)
        };
        if is_ours {
            continue;
        }
        let (id, lease) = (task.id.clone(), shared.lease(workspace));
        // The workers of a process share an owner, so that a claim has to be for a task that nobody holds.
        let is_claimed = workspace.store().write(move |connection| {
            let is_free = tasks::find(connection, &id)?
                .is_some_and(|task| task.lease.as_ref().is_none_or(|lease| lease.until <= now));
            Ok(is_free && tasks::claim(connection, &id, &lease, now)?)
        })?;
        if is_claimed {
            return Ok(Some((task, job)));
        }
    }
    Ok(None)
}

fn run(workspace: &Workspace, shared: &Shared, task: &Task, job: &dyn Job) {
    let pulse = Pulse::default();
    {
        let mut running = shared.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.push((task.id.clone(), pulse.clone()));
        if shared.is_over() {
            pulse.end();
        }
    }
    // One job that panics must not take the worker with it.
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| job.run(workspace, task, &pulse)))
        .unwrap_or_else(|_| Err(JobError::Fail(Problem::internal("the job panicked"))));
    match &outcome {
        Err(JobError::Fail(problem)) => shared.note(problem),
        Err(JobError::NoRoom) => (shared.log)(&no_room(task)),
        Err(JobError::HandOver) | Ok(_) => {}
    }
    let ended = end(workspace, shared, task, outcome);
    shared.running.lock().unwrap_or_else(PoisonError::into_inner).retain(|(id, _)| *id != task.id);
    // What could not be recorded runs again when the lease is over.
    if let Err(error) = ended {
        shared.note(&error.into());
    }
}

fn end(workspace: &Workspace, shared: &Shared, task: &Task, outcome: Result<Done, JobError>) -> Result<(), StoreError> {
    let (id, owner, now) = (task.id.clone(), shared.owner.clone(), workspace.now());
    let (status, rows, text) = match outcome {
        Ok(done) => (TaskStatus::Complete, Some(done.rows), done.outcome),
        Err(JobError::HandOver) => {
            return workspace.store().write(move |connection| tasks::release(connection, &id, &owner));
        }
        Err(JobError::NoRoom) => {
            let lease = Lease { owner, until: now.plus_millis(NO_ROOM_MS) };
            // Where not even this has room, nobody can claim the task before there is some.
            drop(workspace.store().write(move |connection| tasks::heartbeat(connection, &id, &lease)));
            return Ok(());
        }
        Err(JobError::Fail(problem)) => {
            (TaskStatus::Failed, None, Some(serde_json::json!({ "error": problem.message }).to_string()))
        }
    };
    let ending = Ending { status, outcome: text, owner: Some(owner), now };
    workspace.store().write(move |connection| {
        if let Some(rows) = rows {
            let progress = TaskProgress { rows_done: rows, rows_total: Some(rows) };
            tasks::report_progress(connection, &id, progress)?;
        }
        tasks::finish(connection, &id, &ending).map(|_| ())
    })
}

/// Tells the operator of a task that waits for room.
fn no_room(task: &Task) -> Problem {
    let (id, kind) = (task.id.as_str(), &task.kind);
    let message = format!(
        "the disk of the data folder is full; free some space: the task {id} ({kind}) keeps what it has done and goes on \
         by itself, at most a minute later"
    );
    Problem::new(ProblemKind::Internal, message)
}

/// Renews the leases of what is running. A task whose lease is lost is stopped.
fn keep_leases(workspace: &Workspace, shared: &Shared) {
    let mut seen = 0;
    let mut last = workspace.now();
    while !shared.is_over() {
        seen = workspace.bell().wait(seen, BEAT);
        if workspace.now().as_millis() - last.as_millis() < BEAT_MS {
            continue;
        }
        last = workspace.now();
        let running = shared.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (id, pulse) in running {
            let lease = shared.lease(workspace);
            let kept = workspace.store().write(move |connection| tasks::heartbeat(connection, &id, &lease));
            if matches!(kept, Ok(false)) {
                pulse.end();
            }
        }
    }
}

/// Does a chore, again and again.
fn look_after(workspace: &Workspace, shared: &Shared, chore: Chore) {
    let mut seen = 0;
    let mut last = Timestamp::MIN;
    let every_ms = i64::try_from(chore.every.as_millis()).unwrap_or(i64::MAX);
    while !shared.is_over() {
        let is_due = workspace.now().as_millis() - last.as_millis() >= every_ms;
        if is_due || chore.answers_bell {
            last = workspace.now();
            // A store that fails now may work later, and what is to be done waits in it.
            if matches!((chore.run)(workspace, &|| shared.is_over()), Ok(true)) {
                continue;
            }
        }
        seen = workspace.bell().wait(seen, BEAT.min(chore.every));
    }
}
