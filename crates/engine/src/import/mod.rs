//! Imports: bytes → records → rows → store.
//!
//! Reading, parsing and writing overlap: one thread at a time cuts the input into records, workers parse them, and the
//! caller's thread gathers parsed rows, in the order of the file, while the store writes those gathered before. Memory is
//! bounded by the records in flight, and these by their bytes; rows of videos with all their frames are read frame by
//! frame.
//!
//! A record that cannot be read or contradicts the store is refused with its place and its reason; the others go on. A
//! strict import writes a file in one transaction and takes it back if anything was refused.

mod error;
mod flight;
mod long;
mod source;
mod split;

pub use error::{ImportError, Refused};
pub use source::Source;

use crate::ordered;
use flight::{Flight, Ticket};
use labelport_model::json::Document;
use labelport_model::row::{ROW_LIMIT_BYTES, Reader, Row};
use labelport_model::time::Timestamp;
use labelport_store::merge::{MergeCounts, Merger, Verdict};
use labelport_store::{Answer, Connection, Store, StoreError, Submitter};
use split::{Body, Record, RecordProblem, Records};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

/// Records are parsed in portions of about this many bytes.
const PORTION_BYTES: usize = 1 << 20;
/// The most records of a portion.
const PORTION_RECORDS: usize = 2_000;
/// Rows are written in transactions of about this many bytes. Ids come in any order, so that each transaction writes pages
/// all over the look-up tables: with 1 MiB an import of a million rows wrote five times as much as with 16.
const TRANSACTION_BYTES: usize = 16 << 20;
/// The first transaction has this many, each that follows twice as many as the one before: the sooner the first rows are
/// read, the sooner the store has something to do.
const FIRST_TRANSACTION_BYTES: usize = 1 << 20;
/// The most rows of a transaction.
const TRANSACTION_ROWS: usize = 20_000;
/// The most refused records whose reasons are kept; all are counted.
const REFUSED_LISTED: usize = 1_000;

/// How an import runs.
pub struct Run<'a> {
    /// Refuse a file as a whole, before anything of it is seen, when one of its records is refused.
    pub strict: bool,
    /// The threads that parse.
    pub threads: usize,
    /// The most bytes of one record, apart from frames that can be computed. At most [`ROW_LIMIT_BYTES`].
    pub record_limit_bytes: usize,
    /// Where the frames of long records are kept while these are read.
    pub scratch_folder: &'a Path,
    /// The time that new things are given.
    pub now: Timestamp,
    /// Is told how far the import is, after each commit.
    pub progress: &'a mut dyn FnMut(Progress),
    /// Ends the import with [`ImportError::Stopped`] once it is set.
    pub stop: Option<&'a AtomicBool>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Records read and written or refused.
    pub records: u64,
    /// Bytes read from the file, before decompression.
    pub bytes: u64,
}

/// What an import has done with one file.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Records in the file.
    pub records: u64,
    /// What changed in the store.
    pub counts: MergeCounts,
    /// How many records were refused.
    pub refused: u64,
    /// The first of them, in the order of the file.
    pub refusals: Vec<Refused>,
}

/// Records as cut from the input.
struct Portion {
    records: Vec<Result<Record, Refused>>,
    ticket: Ticket,
}

/// A portion after parsing.
struct ParsedPortion {
    records: Vec<Parsed>,
    ticket: Ticket,
}

/// Rows that wait for their transaction to be worth its commit.
#[derive(Default)]
struct Waiting {
    rows: Rows,
    refused: Vec<Refused>,
    bytes: usize,
    records: u64,
}

impl Waiting {
    fn add(&mut self, portion: ParsedPortion) {
        self.bytes += portion.ticket.bytes();
        self.records += portion.records.len() as u64;
        for record in portion.records {
            match record {
                Parsed::Row(line, row) => self.rows.push((line, row)),
                Parsed::Refused(refused) => self.refused.push(refused),
            }
        }
    }

    fn is_enough(&self, transaction_bytes: usize) -> bool {
        self.bytes >= transaction_bytes || self.rows.len() >= TRANSACTION_ROWS || self.refused.len() >= REFUSED_LISTED
    }
}

/// Records whose rows the store has got and not acknowledged yet.
struct Sent {
    records: u64,
    refused: Vec<Refused>,
    /// How far the file had been read.
    position: u64,
}

/// Hands rows to the store, one transaction's worth ahead of what it has acknowledged.
struct Handover<'a> {
    target: Box<dyn Target + 'a>,
    name: &'a str,
    sent: Option<Sent>,
    summary: Summary,
}

impl Handover<'_> {
    /// Hands on what waits, after what was handed on before is acknowledged.
    fn send(&mut self, waiting: &mut Waiting, position: u64, run: &mut Run<'_>) -> Result<(), ImportError> {
        self.settle(run)?;
        let Waiting { rows, refused, records, .. } = std::mem::take(waiting);
        self.target.send(rows)?;
        self.sent = Some(Sent { records, refused, position });
        Ok(())
    }

    /// Waits until what was handed on is acknowledged.
    fn settle(&mut self, run: &mut Run<'_>) -> Result<(), ImportError> {
        let Some(Sent { records, mut refused, position }) = self.sent.take() else { return Ok(()) };
        for (line, reason) in self.target.receive()? {
            refused.push(Refused { file: self.name.to_owned(), line, column: None, reason });
        }
        refused.sort_by_key(|refused| refused.line);
        refused.into_iter().for_each(|refused| self.summary.refuse(refused));
        self.summary.records += records;
        (run.progress)(Progress { records: self.summary.records, bytes: position });
        Ok(())
    }
}

/// A record after parsing.
enum Parsed {
    Row(u64, Box<Row>),
    Refused(Refused),
}

/// Imports one file. What was acknowledged before an error stays; a strict import leaves nothing.
pub fn run(store: &Store, source: Source, run: &mut Run<'_>) -> Result<Summary, ImportError> {
    let name = source.name().to_owned();
    let position = source.position();
    let limit_bytes = run.record_limit_bytes.min(ROW_LIMIT_BYTES);
    let mut records = source.open((limit_bytes, run.scratch_folder.to_owned()))?;
    let target: Box<dyn Target> =
        if run.strict { Box::new(Whole::start(store, run.now)?) } else { Box::new(Piecemeal::start(store, run.now)?) };
    let mut handover = Handover { target, name: &name, sent: None, summary: Summary::default() };
    let mut workers: Vec<Worker> = (0..run.threads.max(1)).map(|_| Worker::default()).collect();
    let mut waiting = Waiting::default();
    let mut transaction_bytes = FIRST_TRANSACTION_BYTES;
    let flight = Flight::default();
    let stop = run.stop;
    ordered::run(
        &mut workers,
        || check_stop(stop).and_then(|()| next_portion(&mut records, &name, &flight)),
        |worker, portion: Portion, emit| {
            let records = portion.records.into_iter().map(|record| worker.parse(record, &name)).collect();
            // An importer that takes no more portions reports an error of its own.
            emit(ParsedPortion { records, ticket: portion.ticket }).unwrap_or_default();
            Ok(())
        },
        |portion: ParsedPortion| {
            check_stop(stop)?;
            waiting.add(portion);
            if waiting.is_enough(transaction_bytes) {
                transaction_bytes = TRANSACTION_BYTES.min(2 * transaction_bytes);
                handover.send(&mut waiting, position.get(), run).inspect_err(|_| flight.cancel())?;
            }
            Ok::<_, ImportError>(())
        },
    )?;
    handover.send(&mut waiting, position.get(), run)?;
    handover.settle(run)?;
    let Handover { target, mut summary, .. } = handover;
    summary.counts = target.finish(summary.refused > 0)?;
    Ok(summary)
}

impl Summary {
    fn refuse(&mut self, refused: Refused) {
        self.refused += 1;
        if self.refusals.len() < REFUSED_LISTED {
            self.refusals.push(refused);
        }
    }

    /// Adds the summary of another file.
    pub fn add(&mut self, other: Self) {
        self.records += other.records;
        self.counts.add(&other.counts);
        self.refused += other.refused;
        let room = REFUSED_LISTED.saturating_sub(self.refusals.len());
        self.refusals.extend(other.refusals.into_iter().take(room));
    }
}

fn check_stop(stop: Option<&AtomicBool>) -> Result<(), ImportError> {
    match stop {
        Some(stop) if stop.load(Ordering::Relaxed) => Err(ImportError::Stopped),
        _ => Ok(()),
    }
}

fn next_portion(records: &mut Records, name: &str, flight: &Flight) -> Result<Option<Portion>, ImportError> {
    flight.wait();
    let mut portion = Vec::new();
    let mut bytes = 0;
    while bytes < PORTION_BYTES && portion.len() < PORTION_RECORDS {
        match records.next()? {
            None => break,
            Some(Ok(record)) => {
                bytes += record.held_bytes();
                portion.push(Ok(record));
            }
            Some(Err(RecordProblem { line, column, reason })) => {
                portion.push(Err(Refused { file: name.to_owned(), line, column, reason }));
            }
        }
    }
    let ticket = flight.ticket(bytes);
    Ok(if portion.is_empty() { None } else { Some(Portion { records: portion, ticket }) })
}

/// What a thread that parses uses again.
#[derive(Default)]
struct Worker {
    document: Document,
    reader: Reader,
}

impl Worker {
    fn parse(&mut self, record: Result<Record, Refused>, name: &str) -> Parsed {
        let mut record = match record {
            Ok(record) => record,
            Err(refused) => return Parsed::Refused(refused),
        };
        match self.read(&mut record) {
            Ok(row) => Parsed::Row(record.line, Box::new(row)),
            Err(((line, column), reason)) => Parsed::Refused(Refused { file: name.to_owned(), line, column, reason }),
        }
    }

    /// Reads a record; fails with a place and a reason.
    fn read(&mut self, record: &mut Record) -> Result<Row, ((u64, Option<u64>), String)> {
        let text = match &mut record.body {
            Body::Text(text) => text,
            Body::Long(long) => {
                let outcome = self.document.read(&long.row.text).map_err(|error| (error.offset, error.to_string()));
                let shortened = match outcome {
                    Ok(()) => long.shorten(&self.document).map_err(|error| (0, error.to_string())),
                    Err(error) => Err(error),
                };
                match shortened {
                    // From here on it is as short as other records; places in it are places of the whole record only
                    // up to its first frames.
                    Ok(text) => {
                        let is_same = long.row.cuts.is_empty();
                        return self.read_text(&text).map_err(|(offset, reason)| {
                            let place = record.place(offset);
                            ((place.0, place.1.filter(|_| is_same)), reason)
                        });
                    }
                    Err((offset, reason)) => return Err((record.place(offset), reason)),
                }
            }
        };
        let text = std::mem::take(text);
        let outcome = self.read_text(&text);
        record.body = Body::Text(text);
        outcome.map_err(|(offset, reason)| (record.place(offset), reason))
    }

    fn read_text(&mut self, text: &[u8]) -> Result<Row, (usize, String)> {
        self.document.read(text).map_err(|error| (error.offset, error.to_string()))?;
        self.reader.read(&self.document).map_err(|error| (error.offset, error.to_string()))
    }
}

/// Rows with the lines they stand on.
type Rows = Vec<(u64, Box<Row>)>;
/// Lines whose rows were refused, with the reasons.
type Refusals = Vec<(u64, String)>;

/// Where parsed rows go. Each `send` is followed by one `receive`.
trait Target {
    /// Hands rows on; the store works on them while the caller goes on.
    fn send(&mut self, rows: Rows) -> Result<(), ImportError>;
    /// Waits for the answer to the rows handed on.
    fn receive(&mut self) -> Result<Refusals, ImportError>;
    fn finish(self: Box<Self>, is_refused: bool) -> Result<MergeCounts, ImportError>;
}

/// One transaction for each portion.
struct Piecemeal {
    submit: Submitter,
    /// Away only while the writer has it.
    merger: Option<Merger>,
    answer: Option<Answer<(Merger, Refusals, Rows)>>,
    /// Rows that came back from the writer. They are freed once it has others.
    written: Rows,
}

impl Piecemeal {
    fn start(store: &Store, now: Timestamp) -> Result<Self, ImportError> {
        let merger = Some(Merger::new(store.org_key(), now));
        Ok(Self { submit: store.submitter()?, merger, answer: None, written: Rows::new() })
    }
}

impl Target for Piecemeal {
    fn send(&mut self, rows: Rows) -> Result<(), ImportError> {
        let mut merger = self.merger.take().ok_or(StoreError::WriterGone)?;
        let written = std::mem::take(&mut self.written);
        self.answer = Some(self.submit.start(move |connection| {
            merger.begin(connection)?;
            let refusals = merge(&mut merger, connection, &rows)?;
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
struct Whole {
    rows: std::sync::mpsc::SyncSender<Message>,
    refusals: Receiver<Refusals>,
    outcome: std::thread::JoinHandle<()>,
    result: Receiver<Result<MergeCounts, StoreError>>,
}

enum Message {
    Rows(Rows),
    Finish { is_refused: bool },
}

impl Whole {
    fn start(store: &Store, now: Timestamp) -> Result<Self, ImportError> {
        let (rows, inbox) = sync_channel(1);
        let (outbox, refusals) = sync_channel(1);
        let (answer, result) = sync_channel(1);
        let org_key = store.org_key();
        let submit = store.submitter()?;
        let outcome = std::thread::spawn(move || {
            let outcome = submit.run(move |connection| {
                let mut merger = Merger::new(org_key, now);
                merger.begin(connection)?;
                for message in inbox {
                    match message {
                        Message::Rows(rows) => {
                            let refusals = merge(&mut merger, connection, &rows)?;
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

impl Target for Whole {
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

fn merge(merger: &mut Merger, connection: &mut dyn Connection, rows: &Rows) -> Result<Refusals, StoreError> {
    let parsed: Vec<&Row> = rows.iter().map(|(_, row)| &**row).collect();
    let verdicts = merger.merge_all(connection, &parsed)?;
    let refusals = rows.iter().zip(verdicts).filter_map(|((line, _), verdict)| match verdict {
        Verdict::Refused(refusal) => Some((*line, refusal.to_string())),
        _ => None,
    });
    Ok(refusals.collect())
}
