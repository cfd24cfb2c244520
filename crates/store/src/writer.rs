//! One writer, with group commit.
//!
//! Every change of a store is a *job* that runs on one thread. Jobs that wait together share a transaction, so that a
//! hundred small writes cost one `fsync`; each runs in a savepoint of its own, so that one that fails takes nothing with
//! it. A job's caller is answered after the commit: what was answered survives a crash.

use crate::engine::{Connection, Step, StoreError};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

/// The most jobs that share a commit.
const GROUP_LIMIT: usize = 256;

/// The savepoint of a job.
const JOB: &str = "job";

/// What a job does; its result goes to the caller through its own channel.
type Work = Box<dyn FnOnce(&mut dyn Connection) -> Result<Acknowledge, StoreError> + Send>;
/// Answers the caller, once the commit has succeeded or failed.
type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

struct Change {
    work: Work,
    /// Answers the caller when the work itself fails.
    refuse: Acknowledge,
}

/// The thread that writes, and the queue before it.
pub(crate) struct Writer {
    queue: Option<SyncSender<Change>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(crate) fn start(connection: Box<dyn Connection>) -> Self {
        let (queue, jobs) = sync_channel(GROUP_LIMIT);
        let thread = std::thread::spawn(move || run(connection, &jobs));
        Self { queue: Some(queue), thread: Some(thread) }
    }

    pub(crate) fn submitter(&self) -> Result<Submitter, StoreError> {
        self.queue.clone().map(|queue| Submitter { queue }).ok_or(StoreError::WriterGone)
    }
}

/// A handle on the writer. The writer ends after the last of them.
#[derive(Clone)]
pub struct Submitter {
    queue: SyncSender<Change>,
}

impl Submitter {
    /// Runs `work` in a transaction and returns its result after the commit.
    pub fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.start(work)?.wait()
    }

    /// Has `work` run in a transaction while the caller goes on.
    pub fn start<T, F>(&self, work: F) -> Result<Answer<T>, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, outcome): (Sender<Result<T, StoreError>>, _) = channel();
        let refusal = answer.clone();
        let job = Change {
            work: Box::new(move |connection| {
                let value = work(connection)?;
                let acknowledge: Acknowledge = Box::new(move |committed| {
                    // A caller that has gone away needs no answer.
                    drop(answer.send(committed.map(|()| value)));
                });
                Ok(acknowledge)
            }),
            refuse: Box::new(move |outcome| {
                if let Err(error) = outcome {
                    drop(refusal.send(Err(error)));
                }
            }),
        };
        self.queue.send(job).map_err(|_| StoreError::WriterGone)?;
        Ok(Answer { outcome })
    }
}

/// What becomes of work that was started.
#[derive(Debug)]
pub struct Answer<T> {
    outcome: Receiver<Result<T, StoreError>>,
}

impl<T> Answer<T> {
    /// Returns the result after the commit.
    pub fn wait(self) -> Result<T, StoreError> {
        self.outcome.recv().map_err(|_| StoreError::WriterGone)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by it; here nobody is left to report it to.
            drop(thread.join());
        }
    }
}

fn run(mut connection: Box<dyn Connection>, jobs: &Receiver<Change>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        while group.len() < GROUP_LIMIT {
            let Ok(next) = jobs.try_recv() else { break };
            group.push(next);
        }
        commit_group(&mut *connection, group);
    }
}

/// Runs jobs in one transaction, and in another those after a failure that took the transaction with it.
fn commit_group(connection: &mut dyn Connection, group: Vec<Change>) {
    let mut waiting = group.into_iter();
    while waiting.len() > 0 {
        if let Err(error) = connection.step(Step::BeginWrite) {
            return refuse_all(waiting.map(|job| job.refuse), error);
        }
        let mut done = Vec::new();
        let mut lost = None;
        let run = if waiting.len() == 1 { run_alone } else { run_in_savepoint };
        for job in waiting.by_ref() {
            match run(connection, job.work) {
                Ok(acknowledge) => done.push(acknowledge),
                Err(Failure::OfTheJob(error)) => (job.refuse)(Err(error)),
                Err(Failure::OfTheTransaction(error)) => {
                    lost = Some(same(&error));
                    (job.refuse)(Err(error));
                    break;
                }
            }
        }
        let committed = lost.map_or_else(|| connection.step(Step::Commit), Err);
        match committed {
            Ok(()) => done.into_iter().for_each(|acknowledge| acknowledge(Ok(()))),
            Err(error) => {
                // Some failures have rolled back already; then this one has nothing to do.
                drop(connection.step(Step::RollBack));
                refuse_all(done.into_iter(), error);
            }
        }
    }
}

/// How far a failure reaches.
enum Failure {
    /// The job's changes are rolled back, the others of its group are kept.
    OfTheJob(StoreError),
    /// The engine has taken back the whole transaction, as it may when the disk is full.
    OfTheTransaction(StoreError),
}

/// Runs a job that shares its transaction with no other. A savepoint keeps a copy of every page that is changed after
/// it: for an import that is a hundred megabytes for nothing, since the transaction can be rolled back as a whole.
fn run_alone(connection: &mut dyn Connection, work: Work) -> Result<Acknowledge, Failure> {
    work_and_count(connection, work).map_err(Failure::OfTheTransaction)
}

/// Does the work. Each job counts as a commit of its own: what another job of its group has changed, it may not know.
fn work_and_count(connection: &mut dyn Connection, work: Work) -> Result<Acknowledge, StoreError> {
    let acknowledge = work(connection)?;
    connection.execute("update counters set value = value + 1 where name = 'commit'", &[])?;
    Ok(acknowledge)
}

fn run_in_savepoint(connection: &mut dyn Connection, work: Work) -> Result<Acknowledge, Failure> {
    connection.step(Step::Savepoint(JOB)).map_err(Failure::OfTheTransaction)?;
    let outcome = work_and_count(connection, work).and_then(|acknowledge| {
        connection.step(Step::Release(JOB))?;
        Ok(acknowledge)
    });
    outcome.map_err(|error| match connection.step(Step::TakeBack(JOB)) {
        Ok(()) => Failure::OfTheJob(error),
        Err(_) => Failure::OfTheTransaction(error),
    })
}

/// Gives every caller the same error.
fn refuse_all(waiting: impl Iterator<Item = Acknowledge>, error: StoreError) {
    waiting.for_each(|refuse| refuse(Err(same(&error))));
}

/// Repeats an error: errors with a remedy of their own as they are, any other by its text.
fn same(error: &StoreError) -> StoreError {
    match error {
        StoreError::Full => StoreError::Full,
        StoreError::Locked { waited_secs } => StoreError::Locked { waited_secs: *waited_secs },
        StoreError::ReadOnly { folder, reason } => {
            StoreError::ReadOnly { folder: folder.clone(), reason: reason.clone() }
        }
        StoreError::Postgres(error) => error.clone().into(),
        StoreError::Damaged(what) => StoreError::Damaged(what.clone()),
        StoreError::Engine(what) => StoreError::Engine(what.clone()),
        other => StoreError::Engine(other.to_string()),
    }
}
