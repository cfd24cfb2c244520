//! Where parsed rows go: into the store, in one transaction for each portion or one for the whole file.

use super::archive::{self, KeptMask, Org};
use super::error::ImportError;
use labelport_formats::read::Gathered;
use labelport_model::row::Row;
use labelport_model::time::Timestamp;
use labelport_store::write::merge::{MergeCounts, Merger, Verdict};
use labelport_store::{Answer, Connection, Store, StoreError, Submitter};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Rows to be stored together, and what comes with them.
#[derive(Default)]
pub(super) struct Rows {
    /// The rows.
    pub(super) rows: Vec<Row>,
    /// The features that the record of each row shows; empty for a form that comes with ontologies.
    pub(super) gathered: Vec<Option<Box<Gathered>>>,
    /// Masks that were fetched for rows of the file.
    pub(super) masks: Vec<KeptMask>,
}

/// Which of the rows handed on were refused, by their place among them, with the reasons.
pub(super) type Refusals = Vec<(usize, String)>;

/// Where parsed rows go. Each `send` is followed by one `receive`.
pub(super) trait RowWriter {
    /// Hands rows on; the store works on them while the caller goes on.
    fn send(&mut self, rows: Rows) -> Result<(), ImportError>;
    /// Waits for the answer to the rows handed on.
    fn receive(&mut self) -> Result<Refusals, ImportError>;
    fn finish(self: Box<Self>, is_refused: bool) -> Result<MergeCounts, ImportError>;
}

/// One transaction for each portion.
pub(super) struct Piecemeal {
    submit: Submitter,
    org: Org,
    /// Away only while the writer has it.
    merger: Option<Merger>,
    answer: Option<Answer<(Merger, Refusals, Rows)>>,
    /// Rows that came back from the writer. They are freed once it has others.
    written: Rows,
}

impl Piecemeal {
    pub(super) fn start(store: &Store, now: Timestamp) -> Result<Self, ImportError> {
        let org = Org { key: store.org_key(), now };
        let merger = Some(Merger::new(org.key, now));
        Ok(Self { submit: store.submitter()?, org, merger, answer: None, written: Rows::default() })
    }
}

impl RowWriter for Piecemeal {
    fn send(&mut self, rows: Rows) -> Result<(), ImportError> {
        let mut merger = self.merger.take().ok_or(StoreError::WriterGone)?;
        let (written, org) = (std::mem::take(&mut self.written), self.org);
        self.answer = Some(self.submit.start(move |connection| {
            merger.begin(connection)?;
            let refusals = merge(&mut merger, connection, &rows, org)?;
            merger.end(connection)?;
            // Thousands of rows take a while to free, which the writer has no time for.
            Ok((merger, refusals, rows))
        })?);
        drop(written);
        Ok(())
    }

    fn receive(&mut self) -> Result<Refusals, ImportError> {
        let answer = self.answer.take().ok_or(StoreError::WriterGone)?;
        let (merger, refusals, rows) = answer.wait()?;
        self.merger = Some(merger);
        self.written = rows;
        Ok(refusals)
    }

    fn finish(self: Box<Self>, _: bool) -> Result<MergeCounts, ImportError> {
        Ok(self.merger.map(|merger| merger.counts).unwrap_or_default())
    }
}

/// One transaction for the whole file.
pub(super) struct Whole {
    rows: SyncSender<Message>,
    refusals: Receiver<Refusals>,
    outcome: std::thread::JoinHandle<()>,
    result: Receiver<Result<MergeCounts, StoreError>>,
}

enum Message {
    Rows(Rows),
    Finish { is_refused: bool },
}

impl Whole {
    pub(super) fn start(store: &Store, now: Timestamp) -> Result<Self, ImportError> {
        let (rows, inbox) = sync_channel(1);
        let (outbox, refusals) = sync_channel(1);
        let (answer, result) = sync_channel(1);
        let org = Org { key: store.org_key(), now };
        let submit = store.submitter()?;
        let outcome = std::thread::spawn(move || {
            let outcome = submit.run(move |connection| {
                let mut merger = Merger::new(org.key, now);
                merger.begin(connection)?;
                for message in inbox {
                    match message {
                        Message::Rows(rows) => {
                            let refusals = merge(&mut merger, connection, &rows, org)?;
                            outbox.send(refusals).map_err(|_| StoreError::Withdrawn)?;
                        }
                        Message::Finish { is_refused: false } => {
                            merger.end(connection)?;
                            return Ok(merger.counts);
                        }
                        Message::Finish { is_refused: true } => break,
                    }
                }
                Err(StoreError::Withdrawn)
            });
            // The importer may have gone away with an error of its own.
            drop(answer.send(outcome));
        });
        Ok(Self { rows, refusals, outcome, result })
    }

    fn failure(&self) -> ImportError {
        match self.result.recv() {
            Ok(Err(error)) => error.into(),
            _ => StoreError::WriterGone.into(),
        }
    }
}

impl RowWriter for Whole {
    fn send(&mut self, rows: Rows) -> Result<(), ImportError> {
        self.rows.send(Message::Rows(rows)).map_err(|_| self.failure())
    }

    fn receive(&mut self) -> Result<Refusals, ImportError> {
        self.refusals.recv().map_err(|_| self.failure())
    }

    fn finish(self: Box<Self>, is_refused: bool) -> Result<MergeCounts, ImportError> {
        if self.rows.send(Message::Finish { is_refused }).is_err() {
            return Err(self.failure());
        }
        let outcome = self.result.recv().unwrap_or(Err(StoreError::WriterGone));
        drop(self.rows);
        drop(self.outcome.join());
        match outcome {
            Ok(counts) => Ok(counts),
            Err(StoreError::Withdrawn) if is_refused => Ok(MergeCounts::default()),
            Err(error) => Err(error.into()),
        }
    }
}

fn merge(merger: &mut Merger, connection: &mut dyn Connection, rows: &Rows, org: Org) -> Result<Refusals, StoreError> {
    let refusals =
        verdicts(merger, connection, rows, org)?.into_iter().enumerate().filter_map(|(index, verdict)| match verdict {
            Verdict::Refused(refusal) => Some((index, refusal.to_string())),
            _ => None,
        });
    Ok(refusals.collect())
}

/// Merges rows and returns what became of each. What comes with them is stored for those that are not refused.
pub(super) fn verdicts(
    merger: &mut Merger,
    connection: &mut dyn Connection,
    rows: &Rows,
    org: Org,
) -> Result<Vec<Verdict>, StoreError> {
    // A mask is there before a label refers to it.
    archive::note_masks(connection, org, &rows.masks)?;
    let parsed: Vec<&Row> = rows.rows.iter().collect();
    let verdicts = merger.merge_all(connection, &parsed)?;
    let accepted = verdicts.iter().zip(&rows.gathered).filter(|(verdict, _)| !matches!(verdict, Verdict::Refused(_)));
    let gathered = accepted.filter_map(|(_, gathered)| gathered.as_deref());
    merger.counts.ontologies += archive::note_features(connection, org, gathered)?;
    Ok(verdicts)
}
