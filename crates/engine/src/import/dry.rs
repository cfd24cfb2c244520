//! Imports that are taken back: what would files do to the store?
//!
//! All files are merged in one transaction, each on top of those before it, and the transaction is taken back. It is on
//! the disk and not in memory, and nobody else can write until it ends.

use super::archive::Org;
use super::error::ImportError;
use super::target::{self, Refusals, RowWriter, Rows};
use crate::ambient::Chance;
use crate::disk::pending::Pending;
use labelport_model::row::Row;
use labelport_model::time::Timestamp;
use labelport_store::write::merge::{Loss, MergeCounts, Merger, Verdict};
use labelport_store::{Connection, Step, Store, StoreError};
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// The savepoint of a file.
const FILE: &str = "file";

/// How many rows of each sort a dry run names.
const NAMED: usize = 10;

/// The first rows of each sort that an import would touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// New rows.
    pub created: Vec<RowName>,
    /// Known rows that would differ.
    pub changed: Vec<RowName>,
    /// Rows that would lose labels.
    pub losses: Vec<Loss>,
}

/// What a row is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowName {
    /// The id.
    pub id: String,
    /// The global key that the file gives it.
    pub global_key: Option<String>,
}

/// A data folder for a dry run where there is none. It lies where the real one would, on the same disk, and goes when this
/// is dropped or the process ends.
pub struct DryFolder(Pending);

impl DryFolder {
    /// Makes the folder in the nearest folder above the data folder that exists.
    pub fn create(data_folder: &Path, chance: &dyn Chance) -> io::Result<Self> {
        let absolute = std::path::absolute(data_folder)?;
        let above = absolute.ancestors().skip(1).find(|above| above.is_dir()).unwrap_or(Path::new("."));
        Pending::create_folder(above.join(format!(".labelport-dry-run-{}", chance.cuid()))).map(Self)
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A transaction that will be taken back.
pub struct DryRun {
    inbox: SyncSender<Message>,
    answers: Receiver<Answer>,
    thread: JoinHandle<()>,
    result: Receiver<StoreError>,
}

enum Message {
    Begin { strict: bool, is_last: bool },
    Rows(Rows),
    End { is_refused: bool },
    Preview,
}

enum Answer {
    Refusals(Refusals),
    Counts(Box<MergeCounts>),
    Preview(Preview),
}

impl DryRun {
    /// Begins the transaction once the store can be written.
    pub fn start(store: &Store, now: Timestamp) -> Result<Self, ImportError> {
        let (inbox, messages) = sync_channel(1);
        let (outbox, answers) = sync_channel(1);
        let (ended, result) = sync_channel(1);
        let org_key = store.org_key();
        let submit = store.submitter()?;
        let thread = std::thread::spawn(move || {
            let outcome = submit.run(move |connection| {
                let mut rehearsal = Rehearsal::new(org_key, now);
                for message in messages {
                    let answer = rehearsal.answer(connection, message)?;
                    if answer.is_some_and(|answer| outbox.send(answer).is_err()) {
                        break;
                    }
                }
                Err::<(), _>(StoreError::Withdrawn)
            });
            drop(ended.send(outcome.err().unwrap_or(StoreError::WriterGone)));
        });
        Ok(Self { inbox, answers, thread, result })
    }

    /// Begins a file. A strict one is taken back alone if anything of it is refused.
    pub(super) fn begin(&self, strict: bool, is_last: bool) -> Result<(), ImportError> {
        self.send(Message::Begin { strict, is_last })
    }

    /// Takes everything back and returns what was seen.
    pub fn finish(self) -> Result<Preview, ImportError> {
        self.send(Message::Preview)?;
        let Answer::Preview(preview) = self.receive()? else { return Err(StoreError::WriterGone.into()) };
        let Self { inbox, thread, result, .. } = self;
        drop(inbox);
        let outcome = result.recv();
        drop(thread.join());
        match outcome {
            Ok(StoreError::Withdrawn) => Ok(preview),
            Ok(error) => Err(error.into()),
            Err(_) => Err(StoreError::WriterGone.into()),
        }
    }

    fn send(&self, message: Message) -> Result<(), ImportError> {
        self.inbox.send(message).map_err(|_| self.failure())
    }

    fn receive(&self) -> Result<Answer, ImportError> {
        self.answers.recv().map_err(|_| self.failure())
    }

    fn failure(&self) -> ImportError {
        self.result.recv().unwrap_or(StoreError::WriterGone).into()
    }
}

impl RowWriter for &DryRun {
    fn send(&mut self, rows: Rows) -> Result<(), ImportError> {
        DryRun::send(self, Message::Rows(rows))
    }

    fn receive(&mut self) -> Result<Refusals, ImportError> {
        match DryRun::receive(self)? {
            Answer::Refusals(refusals) => Ok(refusals),
            _ => Err(StoreError::WriterGone.into()),
        }
    }

    fn finish(self: Box<Self>, is_refused: bool) -> Result<MergeCounts, ImportError> {
        DryRun::send(&self, Message::End { is_refused })?;
        match DryRun::receive(&self)? {
            Answer::Counts(counts) => Ok(*counts),
            _ => Err(StoreError::WriterGone.into()),
        }
    }
}

/// The transaction, on the thread that writes.
struct Rehearsal {
    org_key: i64,
    now: Timestamp,
    merger: Merger,
    is_strict: bool,
    has_savepoint: bool,
    /// Of the files that stand.
    preview: Preview,
    /// Of the present file.
    of_file: Preview,
}

impl Rehearsal {
    fn new(org_key: i64, now: Timestamp) -> Self {
        Self {
            org_key,
            now,
            merger: Merger::new(org_key, now),
            is_strict: false,
            has_savepoint: false,
            preview: Preview::default(),
            of_file: Preview::default(),
        }
    }

    fn answer(&mut self, connection: &mut dyn Connection, message: Message) -> Result<Option<Answer>, StoreError> {
        match message {
            Message::Begin { strict, is_last } => {
                self.is_strict = strict;
                // A savepoint keeps a copy in memory of every page that is changed, and nothing stands on the last file.
                self.has_savepoint = strict && !is_last;
                if self.has_savepoint {
                    connection.step(Step::Savepoint(FILE))?;
                }
                self.of_file = Preview::default();
                self.merger = Merger::new(self.org_key, self.now);
                self.merger.begin(connection)?;
                Ok(None)
            }
            Message::Rows(rows) => self.merge(connection, &rows).map(|refusals| Some(Answer::Refusals(refusals))),
            Message::End { is_refused } => {
                let is_taken_back = self.is_strict && is_refused;
                let mut counts = MergeCounts::default();
                if !is_taken_back {
                    self.merger.end(connection)?;
                    counts = self.merger.counts;
                    let losses = std::mem::take(&mut self.merger.losses);
                    self.preview.add(Preview { losses, ..std::mem::take(&mut self.of_file) });
                }
                if self.has_savepoint {
                    connection.step(if is_taken_back { Step::TakeBack(FILE) } else { Step::Release(FILE) })?;
                }
                Ok(Some(Answer::Counts(Box::new(counts))))
            }
            Message::Preview => Ok(Some(Answer::Preview(std::mem::take(&mut self.preview)))),
        }
    }

    fn merge(&mut self, connection: &mut dyn Connection, rows: &Rows) -> Result<Refusals, StoreError> {
        let mut refusals = Refusals::new();
        let org = Org { key: self.org_key, now: self.now };
        for (index, verdict) in target::verdicts(&mut self.merger, connection, rows, org)?.into_iter().enumerate() {
            let named = match verdict {
                Verdict::Created => &mut self.of_file.created,
                Verdict::Changed => &mut self.of_file.changed,
                Verdict::Unchanged => continue,
                Verdict::Refused(refusal) => {
                    refusals.push((index, refusal.to_string()));
                    continue;
                }
            };
            if named.len() < NAMED {
                named.push(RowName::of(&rows.rows[index]));
            }
        }
        Ok(refusals)
    }
}

impl RowName {
    fn of(row: &Row) -> Self {
        Self { id: row.id.to_string(), global_key: row.global_key.clone() }
    }
}

impl Preview {
    fn add(&mut self, other: Self) {
        fn extend<T>(named: &mut Vec<T>, others: Vec<T>) {
            let room = NAMED.saturating_sub(named.len());
            named.extend(others.into_iter().take(room));
        }
        extend(&mut self.created, other.created);
        extend(&mut self.changed, other.changed);
        extend(&mut self.losses, other.losses);
    }
}
