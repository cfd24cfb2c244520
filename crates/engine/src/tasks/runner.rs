//! Workers: threads that claim tasks and do them, threads that publish what came of them, and one that keeps the leases.

use super::hints;
use super::lost::{end_lost, list_lost};
use super::{Chore, DEATHS_LIMIT, Done, Job, JobError, Pulse, Roster};
use crate::workspace::Workspace;
use labelport_model::id::TaskId;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::time::Timestamp;
use labelport_store::StoreError;
use labelport_store::tables::tasks::{self, Ending, Lease, Task, TaskProgress, TaskStatus};
use serde_json::Value;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a lease holds: a task whose worker was killed waits no longer than that.
const LEASE_MS: i64 = 10_000;
/// How often leases are renewed, and workers look for work that nobody rang for.
const BEAT: Duration = Duration::from_millis(BEAT_MS as u64);
const BEAT_MS: i64 = 2_500;
/// How often it is looked for tasks that run and were canceled, by this process or another.
const CANCEL_GLANCE: Duration = Duration::from_millis(300);
/// Canceled tasks are looked for at each wake-up, but not again within this time: under load there are thousands a second.
const GLANCE_PAUSE: Duration = Duration::from_millis(20);
/// How many results are published at once. A thread that publishes waits for the disk, which answers many at the same time.
const PUBLISHERS: usize = 16;
/// How long a task waits after the disk was full, or the object store did not answer: it writes again what was lost.
const PAUSE_MS: i64 = 60_000;
/// What is reported about a task that was canceled.
pub(super) const CANCELED: &str = "the task was canceled";

/// The workers of a process.
pub struct Runner {
    workspace: Arc<Workspace>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// Gets the causes of internal failures.
pub type Log = Arc<dyn Fn(&Problem) + Send + Sync>;

/// What a thread does.
type Work = Box<dyn FnOnce(&Workspace, &Shared) + Send>;

/// What the workers share.
struct Shared {
    owner: String,
    log: Log,
    jobs: &'static [&'static dyn Job],
    is_over: AtomicBool,
    /// Held by the worker that chooses its next task.
    choosing: Mutex<()>,
    running: Mutex<Vec<Running>>,
}

/// A task that is running.
#[derive(Clone)]
struct Running {
    id: TaskId,
    pulse: Pulse,
    /// Whether it is given up if this worker dies as well. Nothing else runs meanwhile.
    is_last_attempt: bool,
}

/// A task that a worker has claimed.
struct Claimed {
    task: Task,
    job: &'static dyn Job,
    pulse: Pulse,
}

/// A task whose job has been run.
struct Ran {
    claimed: Claimed,
    outcome: Result<Done, JobError>,
    started: Timestamp,
    span: tracing::Span,
}

impl Runner {
    /// Starts workers. `owner` is a name that no other process has.
    pub fn start(workspace: &Arc<Workspace>, owner: String, workers: usize, roster: Roster, log: Log) -> Self {
        let (is_over, choosing, running) = (AtomicBool::new(false), Mutex::default(), Mutex::default());
        let shared = Arc::new(Shared { owner, log, jobs: roster.jobs, is_over, choosing, running });
        let mut threads = Vec::new();
        let mut spawn = |work: Work| {
            let (workspace, shared) = (Arc::clone(workspace), Arc::clone(&shared));
            threads.push(std::thread::spawn(move || work(&workspace, &shared)));
        };
        // Dropped with the last worker, which ends those who publish.
        let (hand_over, ran) = sync_channel(PUBLISHERS);
        let ran = Arc::new(Mutex::new(ran));
        for _ in 0..workers.max(1) {
            let hand_over = hand_over.clone();
            spawn(Box::new(move |workspace, shared| work(workspace, shared, &hand_over)));
        }
        drop(hand_over);
        for _ in 0..PUBLISHERS {
            let ran = Arc::clone(&ran);
            spawn(Box::new(move |workspace, shared| publish_all(workspace, shared, &ran)));
        }
        spawn(Box::new(keep_leases));
        if workspace.store().traits().is_remote {
            spawn(Box::new(|workspace, shared| hints::say(workspace, &|| shared.is_over(), &shared.name())));
            spawn(Box::new(|workspace, shared| hints::hear(workspace, &|| shared.is_over(), &shared.name())));
        }
        for chore in roster.chores.iter().copied() {
            spawn(Box::new(move |workspace, shared| look_after(workspace, shared, chore)));
        }
        Self { workspace: Arc::clone(workspace), shared, threads }
    }

    /// Stops the workers: what is running is handed over.
    pub fn stop(self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.shared.running().iter().for_each(|running| running.pulse.end());
        self.workspace.wake_up().notify();
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

    /// Returns the owner in one word.
    fn name(&self) -> String {
        self.owner.replace(' ', "-")
    }

    fn note(&self, problem: &Problem) {
        if problem.cause.is_some() {
            (self.log)(problem);
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn running(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn work(workspace: &Workspace, shared: &Shared, hand_over: &SyncSender<Ran>) {
    let mut seen = 0;
    while !shared.is_over() {
        match claim(workspace, shared) {
            Ok(Some(claimed)) => {
                let ran = run(workspace, shared, claimed);
                let has_result = matches!(&ran.outcome, Ok(done) if done.publish.is_some());
                let ran = if has_result { hand_over.send(ran).err().map(|error| error.0) } else { Some(ran) };
                if let Some(ran) = ran {
                    finish(workspace, shared, ran);
                }
            }
            // A store that fails now may work later, and nothing is lost by waiting.
            Ok(None) | Err(_) => seen = workspace.wake_up().wait(seen, BEAT),
        }
    }
}

/// Publishes results, one after the other, until there are no workers any more.
fn publish_all(workspace: &Workspace, shared: &Shared, ran: &Mutex<Receiver<Ran>>) {
    loop {
        let next = ran.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(next) = next else { return };
        finish(workspace, shared, next);
    }
}

/// Claims a task that nobody works on. One whose workers have died too often is given up on the way.
fn claim(workspace: &Workspace, shared: &Shared) -> Result<Option<Claimed>, StoreError> {
    let _choosing = shared.choosing.lock().unwrap_or_else(PoisonError::into_inner);
    let kinds: Vec<&str> = shared.jobs.iter().map(|job| job.kind()).collect();
    let now = workspace.now();
    let found = tasks::list_claimable(&mut *workspace.store().reader()?, workspace.org_key(), &kinds, now)?;
    for task in found {
        let Some(job) = shared.jobs.iter().copied().find(|job| job.kind() == task.kind) else { continue };
        let running = shared.running().clone();
        if running.iter().any(|running| running.id == task.id) {
            continue;
        }
        let has_died = task.lease.as_ref().is_some_and(|lease| lease.owner != shared.owner);
        let deaths = task.deaths + i64::from(has_died);
        if deaths >= DEATHS_LIMIT {
            give_up(workspace, shared, &task, job, now)?;
            continue;
        }
        let is_last_attempt = deaths + 1 == DEATHS_LIMIT;
        // It waits for those that run, and nothing new begins before it is done: its turn has come.
        if is_last_attempt && !running.is_empty() || running.iter().any(|running| running.is_last_attempt) {
            return Ok(None);
        }
        if take(workspace, shared, &task, now)? {
            let pulse = Pulse::default();
            shared.running().push(Running { id: task.id.clone(), pulse: pulse.clone(), is_last_attempt });
            return Ok(Some(Claimed { task, job, pulse }));
        }
    }
    Ok(None)
}

/// Takes the lease of a task that nobody holds. The workers of a process share an owner, so that the lease must be free.
fn take(workspace: &Workspace, shared: &Shared, task: &Task, now: Timestamp) -> Result<bool, StoreError> {
    let (id, lease) = (task.id.clone(), shared.lease(workspace));
    workspace.store().write(move |connection| {
        let is_free = tasks::find(connection, &id)?
            .is_some_and(|task| task.lease.as_ref().is_none_or(|lease| lease.until <= now));
        Ok(is_free && tasks::claim(connection, &id, &lease, now)?)
    })
}

/// Ends a task whose workers have died too often.
fn give_up(
    workspace: &Workspace,
    shared: &Shared,
    task: &Task,
    job: &dyn Job,
    now: Timestamp,
) -> Result<(), StoreError> {
    let reason = format!(
        "its worker ended three times while {}, so it was given up; look at what ended the server then, such as a lack of \
         memory, before you start it again",
        job.activity(task)
    );
    let (id, lease) = (task.id.clone(), shared.lease(workspace));
    let outcome = Some(serde_json::json!({ "error": reason }).to_string());
    let ending = Ending { status: TaskStatus::Failed, outcome, owner: Some(lease.owner.clone()), now };
    let is_ended = workspace.store().write(move |connection| {
        // The claim counts the last death.
        Ok(tasks::claim(connection, &id, &lease, now)? && tasks::finish(connection, &id, &ending)?)
    })?;
    if is_ended {
        let message = format!("the task {} ({}) failed: {reason}", task.id.as_str(), task.kind);
        (shared.log)(&Problem::new(ProblemKind::Internal, message));
        if let Err(problem) = job.discard(workspace, task, &reason) {
            shared.note(&problem);
        }
        workspace.wake_up().notify_end(task.id.as_str());
    }
    Ok(())
}

fn run(workspace: &Workspace, shared: &Shared, claimed: Claimed) -> Ran {
    let Claimed { task, job, pulse } = &claimed;
    if shared.is_over() {
        pulse.end();
    }
    let span = tracing::info_span!("task", task.id = task.id.as_str(), kind = task.kind, attempt = task.attempt + 1);
    let started = workspace.now();
    let outcome = span.in_scope(|| {
        tracing::debug!("task started");
        unless_it_panics(|| job.run(workspace, task, pulse))
    });
    Ran { claimed, outcome, started, span }
}

/// Does a part of a job. One that panics must not take the thread with it.
fn unless_it_panics(work: impl FnOnce() -> Result<Done, JobError>) -> Result<Done, JobError> {
    std::panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(JobError::Fail(Problem::internal("the job panicked"))))
}

/// Publishes what came of a job, and ends its task.
fn finish(workspace: &Workspace, shared: &Shared, Ran { claimed, outcome, started, span }: Ran) {
    let Claimed { task, job, .. } = &claimed;
    let _entered = span.enter();
    let outcome = outcome.and_then(|mut done| match done.publish.take() {
        Some(publish) => unless_it_panics(|| publish(workspace).map(|()| done)),
        None => Ok(done),
    });
    match &outcome {
        Err(JobError::Fail(problem)) => shared.note(problem),
        Err(JobError::NoRoom) => (shared.log)(&no_room(task)),
        Err(JobError::Down(problem)) => (shared.log)(&down(task, problem)),
        Err(JobError::HandOver) | Ok(_) => {}
    }
    let word = match &outcome {
        Ok(_) => "complete",
        Err(JobError::Fail(_)) => "failed",
        Err(JobError::NoRoom | JobError::Down(_)) => "postponed",
        Err(JobError::HandOver) => "stopped",
    };
    let rows = outcome.as_ref().map_or(0, |done| done.rows);
    let duration_ms = workspace.now().as_millis() - started.as_millis();
    tracing::info!(outcome = word, rows, duration_ms, "task ended");
    let ended = end(workspace, shared, task, outcome);
    shared.running().retain(|running| running.id != task.id);
    // What could not be recorded runs again when the lease is over.
    if let Err(error) = ended {
        shared.note(&error.into());
    }
    // Nothing is left of a task that failed or was canceled, be it at the very end of its work.
    if let Ok(Some(task)) = super::find(workspace, task.id.as_str())
        && matches!(task.status, TaskStatus::Canceled | TaskStatus::Failed)
    {
        let outcome: Value =
            task.outcome.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        if let Err(problem) = job.discard(workspace, &task, outcome["error"].as_str().unwrap_or(CANCELED)) {
            shared.note(&problem);
        }
    }
    workspace.wake_up().notify_end(task.id.as_str());
}

fn end(workspace: &Workspace, shared: &Shared, task: &Task, outcome: Result<Done, JobError>) -> Result<(), StoreError> {
    let (id, owner, now) = (task.id.clone(), shared.owner.clone(), workspace.now());
    let (status, rows, text) = match outcome {
        Ok(done) => (TaskStatus::Complete, Some(done.rows), done.outcome),
        Err(JobError::HandOver) => {
            return workspace.store().write(move |connection| tasks::release(connection, &id, &owner));
        }
        Err(JobError::NoRoom | JobError::Down(_)) => {
            let until = now.plus_millis(PAUSE_MS);
            // Where not even this has room, nobody can claim the task before there is some.
            drop(workspace.store().write(move |connection| tasks::postpone(connection, &id, &owner, until)));
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

/// Reports a task that waits for disk space to the operator.
fn no_room(task: &Task) -> Problem {
    let (id, kind) = (task.id.as_str(), &task.kind);
    let message = format!(
        "the disk of the data folder is full; free some space: the task {id} ({kind}) keeps what it has done and goes on \
         by itself, at most a minute later"
    );
    Problem::new(ProblemKind::Internal, message)
}

/// Reports a task that waits for the object store to the operator.
fn down(task: &Task, problem: &Problem) -> Problem {
    let (id, kind) = (task.id.as_str(), &task.kind);
    let cause = problem.cause.as_ref().map_or_else(|| problem.message.clone(), ToString::to_string);
    let message = format!("{cause}. The task {id} ({kind}) waits, and goes on by itself at most a minute later");
    Problem::new(ProblemKind::Internal, message)
}

/// Renews the leases of what is running. A task whose lease is lost, or that was canceled, is stopped.
fn keep_leases(workspace: &Workspace, shared: &Shared) {
    let mut seen = 0;
    let mut last = workspace.now();
    end_lost_tasks(workspace);
    while !shared.is_over() {
        seen = workspace.wake_up().wait(seen, CANCEL_GLANCE);
        std::thread::park_timeout(GLANCE_PAUSE);
        let running = shared.running().clone();
        for running in &running {
            let task = super::find(workspace, running.id.as_str());
            if matches!(task, Ok(Some(task)) if task.status != TaskStatus::InProgress) {
                running.pulse.end();
            }
        }
        if workspace.now().as_millis() - last.as_millis() < BEAT_MS {
            continue;
        }
        last = workspace.now();
        for Running { id, pulse, .. } in running {
            let lease = shared.lease(workspace);
            let kept = workspace.store().write(move |connection| tasks::heartbeat(connection, &id, &lease));
            if matches!(kept, Ok(false)) {
                pulse.end();
            }
        }
        end_lost_tasks(workspace);
    }
}

/// Ends the tasks of the command line whose process has gone.
fn end_lost_tasks(workspace: &Workspace) {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    // Most of the time there are none, and nothing is written.
    let has_lost = workspace.read(|connection| Ok(!list_lost(connection, org_key, now)?.is_empty()));
    if !matches!(has_lost, Ok(true)) {
        return;
    }
    // A store that fails now may work at the next beat.
    let ended = workspace.store().write(move |connection| end_lost(connection, org_key, now)).unwrap_or_default();
    for task in &ended {
        tracing::warn!(task.id = task.id.as_str(), kind = task.kind, "the process of a task has gone; the task failed");
    }
    if !ended.is_empty() {
        workspace.wake_up().notify();
    }
}

/// Does a chore, again and again.
fn look_after(workspace: &Workspace, shared: &Shared, chore: Chore) {
    let mut seen = 0;
    let mut last = Timestamp::MIN;
    let every_ms = i64::try_from(chore.every.as_millis()).unwrap_or(i64::MAX);
    let mut has_more = false;
    while !shared.is_over() {
        let is_due = workspace.now().as_millis() - last.as_millis() >= every_ms;
        if is_due || has_more || chore.answers_bell {
            last = workspace.now();
            // A store that fails now may work later, and what is to be done waits in it.
            has_more = matches!((chore.run)(workspace, &|| shared.is_over()), Ok(true));
            if has_more {
                continue;
            }
        }
        seen = workspace.wake_up().wait(seen, BEAT.min(chore.every));
    }
}
