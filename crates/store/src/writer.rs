//! One writer, with group commit.
//!
//! Every change of a store is a *job* that runs on one thread. Jobs that wait together share a transaction, so that a
//! hundred small writes cost one `fsync`; each runs in a savepoint of its own, so that one that fails takes nothing with
//! it. A job's caller is answered after the commit: what was answered survives a crash.

use crate::connection::{Connection, StoreError};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

/// The most jobs that share a commit.
const GROUP_LIMIT: usize = 256;

/// What a job does; its result goes to the caller through its own channel.
type Work = Box<dyn FnOnce(&mut dyn Connection) -> Result<Acknowledge, StoreError> + Send>;
/// Answers the caller, once the commit has succeeded or failed.
type Acknowledge = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

struct Job {
    work: Work,
    /// Answers the caller when the work itself fails.
    refuse: Acknowledge,
}

/// The thread that writes, and the queue before it.
pub(crate) struct Writer {
    queue: Option<SyncSender<Job>>,
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
    queue: SyncSender<Job>,
}

impl Submitter {
    /// Runs `work` in a transaction and returns its result after the commit.
    pub fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut dyn Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, outcome): (Sender<Result<T, StoreError>>, _) = channel();
        let refusal = answer.clone();
        let job = Job {
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
        outcome.recv().map_err(|_| StoreError::WriterGone)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been reported by it; here there is nobody to tell.
            drop(thread.join());
        }
    }
}

fn run(mut connection: Box<dyn Connection>, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut group = vec![first];
        while group.len() < GROUP_LIMIT {
            let Ok(next) = jobs.try_recv() else { break };
            group.push(next);
        }
        commit_group(&mut *connection, group);
    }
}

fn commit_group(connection: &mut dyn Connection, group: Vec<Job>) {
    if let Err(error) = connection.execute("begin immediate", &[]) {
        return refuse_all(group.into_iter().map(|job| job.refuse), error);
    }
    let mut done = Vec::new();
    for job in group {
        match run_in_savepoint(connection, job.work) {
            Ok(acknowledge) => done.push(acknowledge),
            Err(error) => (job.refuse)(Err(error)),
        }
    }
    let committed = connection
        .execute("update counters set value = value + 1 where name = 'commit'", &[])
        .and_then(|_| connection.execute("commit", &[]));
    match committed {
        Ok(_) => done.into_iter().for_each(|acknowledge| acknowledge(Ok(()))),
        Err(error) => {
            // Some failures have rolled back already; then this one has nothing to do.
            drop(connection.execute("rollback", &[]));
            refuse_all(done.into_iter(), error);
        }
    }
}

fn run_in_savepoint(connection: &mut dyn Connection, work: Work) -> Result<Acknowledge, StoreError> {
    connection.execute("savepoint job", &[])?;
    match work(connection) {
        Ok(acknowledge) => {
            connection.execute("release job", &[])?;
            Ok(acknowledge)
        }
        Err(error) => {
            // A full disk rolls the whole transaction back by itself, and then there is no savepoint to return to.
            drop(connection.execute("rollback to job", &[]));
            drop(connection.execute("release job", &[]));
            Err(error)
        }
    }
}

/// Gives the error to the first, and its text to the others.
fn refuse_all(mut waiting: impl Iterator<Item = Acknowledge>, error: StoreError) {
    let text = error.to_string();
    if let Some(first) = waiting.next() {
        first(Err(error));
    }
    for other in waiting {
        other(Err(StoreError::Engine(text.clone())));
    }
}
