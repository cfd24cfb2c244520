//! Background work: task rows, and the workers that do them.
//!
//! A task is claimed by lease, renewed by heartbeat, done at least once; a task whose worker was killed is taken over, so
//! jobs are idempotent. Polling is the truth, a wake-up is a hint. The caller of a task waits for it a
//! moment, so that a small one is done when the call returns. A full disk fails no task: it is tried again until there is
//! room; and so does an object store that does not answer. A task whose worker died three times is given up, so that a task that kills its process cannot do so for ever; the
//! last attempt runs alone, so that no other task is given up in its place.
//!
//! Nothing here knows a job: those are in [`jobs`](crate::registry), above everything that they are about.

mod cancel;
mod command;
pub mod completed;
mod hints;
mod lost;
mod runner;

pub(crate) use cancel::cancel;
pub use command::{CommandWork, Recorded, Worker};
pub use labelport_store::tables::tasks::{ListCreated, ListTasks, Task, TaskStatus};
pub use lost::{CommandTask, end_lost};
pub use runner::{Log, Runner};

use crate::storage::error::StorageError;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::id::TaskId;
use labelport_model::problem::Problem;
use labelport_store::StoreError;
use labelport_store::tables::tasks::{self, NewTask};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A kind of background work.
pub trait Job: Sync {
    /// Returns the word that stands for it in storage.
    fn kind(&self) -> &'static str;

    /// Returns what the SDK knows it by.
    fn wire_type(&self) -> &'static str;

    /// Does it.
    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError>;

    /// Says what a task of it does, as in "its worker ended three times while …".
    fn activity(&self, task: &Task) -> String {
        format!("working on {:?}", task.name)
    }

    /// Frees what a task has kept so far, once it was canceled or given up, and gives the reason to everything else that waits for it.
    /// It may be called while the task runs, and more than once.
    fn discard(&self, _: &Workspace, _: &Task, _reason: &str) -> Result<(), Problem> {
        Ok(())
    }
}

/// How many workers may die of a task before it is given up.
pub const DEATHS_LIMIT: i64 = 3;

/// Something that is looked after while a process works, by nobody's order.
#[derive(Clone, Copy)]
pub struct Chore {
    /// How often.
    pub every: Duration,
    /// Whether it is done whenever the bell rings, too.
    pub answers_bell: bool,
    /// Does it; returns whether there may be more to do. The function says when to stop.
    pub run: fn(&Workspace, &dyn Fn() -> bool) -> Result<bool, Problem>,
}

/// What the workers of a process do.
#[derive(Clone, Copy)]
pub struct Roster {
    /// The jobs, by kind.
    pub jobs: &'static [&'static dyn Job],
    /// The chores, each on a thread of its own.
    pub chores: &'static [Chore],
}

/// What came of a job.
#[derive(Default)]
pub struct Done {
    /// Rows done, which is all there were.
    pub rows: i64,
    /// What is reported about it, a JSON object.
    pub outcome: Option<String>,
    /// What is left to do before the task ends, such as waiting for the disk. It runs on a thread of its own, so that the
    /// worker takes its next task.
    pub publish: Option<Publish>,
}

/// Makes the result of a job exist.
pub type Publish = Box<dyn FnOnce(&Workspace) -> Result<(), JobError> + Send>;

/// Why a job ended without being done.
#[derive(Debug)]
pub enum JobError {
    /// Another worker has to do it: this one is stopping, or has lost its lease.
    HandOver,
    /// The disk is full: it goes on when there is room.
    NoRoom,
    /// The object store or the database does not answer: it goes on when it does.
    Down(Problem),
    /// It cannot be done.
    Fail(Problem),
}

impl From<Problem> for JobError {
    fn from(problem: Problem) -> Self {
        match has_no_room(&problem) {
            true => Self::NoRoom,
            false if is_down(&problem) => Self::Down(problem),
            false => Self::Fail(problem),
        }
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

/// Returns whether the cause of a problem is a full disk, be it the store's or that of a file.
fn has_no_room(problem: &Problem) -> bool {
    let Some(cause) = &problem.cause else { return false };
    let is_full = |error: &io::Error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    cause.downcast_ref::<StoreError>().is_some_and(StoreError::is_full)
        || cause.downcast_ref::<io::Error>().is_some_and(is_full)
}

/// Returns whether the cause of a problem is an object store or a database that does not answer.
fn is_down(problem: &Problem) -> bool {
    let Some(cause) = &problem.cause else { return false };
    cause.downcast_ref::<io::Error>().is_some_and(StorageError::is_passing)
        || cause.downcast_ref::<StoreError>().is_some_and(StoreError::is_passing)
}

/// Says when a job has to stop. Set by a shutdown, by the loss of the lease, or when the task is canceled.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<AtomicBool>);

impl Pulse {
    /// Returns whether the job has to stop.
    pub fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Fails when the job has to stop.
    pub fn check(&self) -> Result<(), JobError> {
        if self.is_over() { Err(JobError::HandOver) } else { Ok(()) }
    }

    /// Returns the flag.
    pub fn flag(&self) -> &Arc<AtomicBool> {
        &self.0
    }

    fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How long a caller waits for its task. Clients that poll look again after two seconds.
pub const PATIENCE: Duration = Duration::from_millis(1_000);

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Order {
    /// The kind of the job.
    pub kind: &'static str,
    /// The name a person gave it.
    pub name: String,
    /// What is asked for, a JSON object.
    pub request: String,
}

/// Makes a task that is about to be written.
pub fn new_task(workspace: &Workspace, caller: &Caller, order: Order) -> NewTask {
    NewTask {
        id: TaskId::parse(&workspace.chance().cuid()).expect("a cuid is a task id"),
        kind: order.kind.to_owned(),
        name: order.name,
        request: order.request,
        created_by: Some(caller.user.id.clone()),
        queue: caller.key_id.clone(),
        created: workspace.now(),
    }
}

/// Creates a task, wakes the workers and waits a moment; returns the id.
pub fn start(workspace: &Workspace, caller: &Caller, order: Order, patience: Duration) -> Result<TaskId, Problem> {
    let task = new_task(workspace, caller, order);
    let id = task.id.clone();
    let org_key = workspace.org_key();
    workspace.store().write(move |connection| tasks::create(connection, org_key, &task))?;
    wait(workspace, &id, patience)?;
    Ok(id)
}

/// Wakes the workers and waits for the end of a task, for a moment.
pub fn wait(workspace: &Workspace, id: &TaskId, patience: Duration) -> Result<(), Problem> {
    workspace.wake_up().notify();
    let mut has_ended = || -> Result<bool, Problem> {
        let found = workspace.read(|connection| Ok(tasks::find(connection, id)?))?;
        Ok(found.is_none_or(|task| task.status != TaskStatus::InProgress))
    };
    workspace.wake_up().wait_for_end(id.as_str(), workspace.clock(), patience, &mut has_ended)
}

/// Finds a task of any kind.
pub fn find(workspace: &Workspace, id: &str) -> Result<Option<Task>, Problem> {
    let Ok(id) = TaskId::parse(id) else { return Ok(None) };
    workspace.read(|connection| Ok(tasks::find(connection, &id)?))
}

/// Lists tasks, newest first.
pub fn list(workspace: &Workspace, which: &ListTasks) -> Result<Vec<Task>, Problem> {
    workspace.read(|connection| Ok(tasks::list(connection, workspace.org_key(), which)?))
}

/// Lists the tasks that a user created, newest first.
pub fn list_created(workspace: &Workspace, user_id: &str, which: &ListCreated) -> Result<Vec<Task>, Problem> {
    workspace.read(|connection| Ok(tasks::list_created(connection, workspace.org_key(), user_id, which)?))
}

/// How many tasks there are.
#[derive(Debug, Clone)]
pub struct TaskCounts {
    /// By status.
    pub by_status: Vec<(TaskStatus, i64)>,
    /// Tasks that wait for a worker.
    pub waiting: i64,
}

/// Counts tasks.
pub fn count(workspace: &Workspace) -> Result<TaskCounts, Problem> {
    let org_key = workspace.org_key();
    workspace.read(|connection| {
        let by_status = tasks::count_by_status(connection, org_key)?.into_iter().collect();
        Ok(TaskCounts { by_status, waiting: tasks::count_waiting(connection, org_key, None)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::ExportError;
    use crate::export::job::to_problem;
    use crate::workspace::{unreadable, unwritable};

    #[test]
    fn a_full_disk_is_no_failure_of_a_task() {
        let check = |problem: Problem, expect: bool| {
            let text = format!("{problem:?}");
            assert_eq!(matches!(JobError::from(problem), JobError::NoRoom), expect, "{text}");
        };
        let write = |kind: ErrorKind| ExportError::Write { target: "result".to_owned(), source: kind.into() };
        check(StoreError::Full.into(), true);
        check(to_problem(ExportError::Store(StoreError::Full)), true);
        check(to_problem(write(ErrorKind::StorageFull)), true);
        check(unwritable(ErrorKind::QuotaExceeded.into()), true);
        check(unwritable(ErrorKind::PermissionDenied.into()), false);
        check(StoreError::Locked { waited_secs: 5 }.into(), false);
        check(Problem::internal("the disk is full"), false);
        check(Problem::malformed("a"), false);
    }

    #[test]
    fn an_object_store_that_does_not_answer_is_no_failure_of_a_task() {
        let check = |error: StorageError, expect: bool| {
            let write = ExportError::Write { target: "result".to_owned(), source: error.clone().into() };
            for problem in [to_problem(write), unreadable(error.clone().into()), unwritable(error.into())] {
                let text = format!("{problem:?}");
                assert_eq!(matches!(JobError::from(problem), JobError::Down(_)), expect, "{text}");
            }
        };
        check(StorageError::Down { place: "s3://a".to_owned(), reason: "status 503".to_owned() }, true);
        check(StorageError::NoBucket { bucket: "s3://a".to_owned() }, false);
        check(StorageError::Refused { place: "s3://a".to_owned(), reason: "AccessDenied".to_owned() }, false);
    }
}
