//! Imports: bytes → records → rows → store.
//!
//! Reading, parsing and writing overlap: one thread at a time cuts the input into records, workers parse them, and the
//! caller's thread gathers parsed rows, in the order of the file, while the store writes those gathered before. Memory is
//! bounded by the records in flight, and these by their bytes; rows of videos with all their frames are read frame by
//! frame.
//!
//! A record that cannot be read or contradicts the store is refused with its place and its reason; the others go on. A
//! strict import writes a file in one transaction and takes it back if anything was refused. A [`DryRun`] takes back
//! everything.

mod archive;
mod dry;
mod error;
mod flight;
mod long;
mod original;
mod parse;
mod recognise;
mod refused;
mod source;
mod split;
mod target;
pub(crate) mod unpack;

pub use archive::Fetcher;
pub use dry::{DryFolder, DryRun, Preview, RowName};
pub use error::{ImportError, Refused};
pub use refused::{RefusedFiles, reasons_path};
pub use source::Source;

use crate::import::unpack::Position;
use crate::parallel;
use archive::{NewMasks, Surroundings};
use flight::{Flight, Ticket};
use labelport_formats::read::{Counts, Nowhere, Reader, Reading, World};
use labelport_model::row::ROW_LIMIT_BYTES;
use labelport_model::time::Timestamp;
use labelport_store::Store;
use labelport_store::write::merge::MergeCounts;
use original::Original;
use parse::{Parsed, Worker};
use split::{Limits, Record, RecordProblem, Records};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use target::{Piecemeal, RowWriter, Rows, Whole};

/// Records are parsed in portions of about this many bytes.
const PORTION_BYTES: usize = 1 << 20;
/// The most records of a portion.
const PORTION_RECORDS: usize = 2_000;
/// Rows are written in transactions that take about this many bytes of memory, three of which are there at a time. Ids come in any order, so that each transaction writes pages
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
pub struct ImportOptions<'a> {
    /// Refuse a file as a whole, before anything of it is seen, when one of its records is refused.
    pub strict: bool,
    /// The threads that parse.
    pub threads: usize,
    /// The most bytes of one record, apart from frames that can be computed. At most [`ROW_LIMIT_BYTES`].
    pub record_limit_bytes: usize,
    /// Where the frames of long records are kept while these are read.
    pub scratch_folder: &'a Path,
    /// What reads the records; `None` for what recognises them.
    pub reader: Option<&'static dyn Reader>,
    /// What a model run is called whose records do not say it; `None` for the name of the file.
    pub run_name: Option<String>,
    /// Fetches the files that records name by URL; `None` to leave them where they are.
    pub fetcher: Option<Arc<Fetcher>>,
    /// Where refused records go; `None` for nowhere.
    pub refused: Option<&'a mut RefusedFiles>,
    /// The time that new things are given.
    pub now: Timestamp,
    /// Gets the progress of the import, after each commit.
    pub progress: &'a mut dyn FnMut(ImportProgress),
    /// Ends the import with [`ImportError::Stopped`] once it is set.
    pub stop: Option<&'a AtomicBool>,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportProgress {
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
    /// What the records of an archive held, without those that were refused; `None` for rows of today's form.
    pub archive: Option<Counts>,
    /// How many records were refused.
    pub refused: u64,
    /// The first of them, in the order of the file.
    pub refusals: Vec<Refused>,
}

/// What is refused, and the record as it was, where that is kept.
type RefusedRecord = (Refused, Option<Box<Original>>);

/// Records as cut from the input.
struct Portion {
    records: Vec<Result<Record, RefusedRecord>>,
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
    /// The lines of the rows.
    lines: Vec<u64>,
    /// What was counted in the record of each row.
    counts: Vec<Option<Box<Counts>>>,
    /// The records of the rows as they were; none where they are not kept.
    originals: Vec<Option<Box<Original>>>,
    refused: Vec<RefusedRecord>,
    bytes: usize,
    records: u64,
}

impl Waiting {
    fn add(&mut self, portion: ParsedPortion, keeps_originals: bool) {
        self.bytes += portion.ticket.bytes();
        self.records += portion.records.len() as u64;
        for record in portion.records {
            match record {
                Parsed::Row(line, reading, original) => {
                    let Reading { row, counts, gathered } = *reading;
                    self.lines.push(line);
                    self.rows.rows.push(row);
                    if counts.is_some() {
                        self.counts.push(counts);
                        self.rows.gathered.push(gathered);
                    }
                    if keeps_originals {
                        self.originals.push(original);
                    }
                }
                Parsed::Refused(refused, original) => self.refused.push((refused, original)),
            }
        }
    }

    fn is_enough(&self, transaction_bytes: usize) -> bool {
        self.bytes >= transaction_bytes || self.lines.len() >= TRANSACTION_ROWS || self.refused.len() >= REFUSED_LISTED
    }
}

/// Records whose rows the store has got and not acknowledged yet.
struct Sent {
    records: u64,
    /// The lines of the rows.
    lines: Vec<u64>,
    counts: Vec<Option<Box<Counts>>>,
    originals: Vec<Option<Box<Original>>>,
    refused: Vec<RefusedRecord>,
    /// How far the file had been read.
    position: u64,
}

/// Hands rows to the store, one transaction's worth ahead of what it has acknowledged.
struct Handover<'a> {
    target: Box<dyn RowWriter + 'a>,
    name: &'a str,
    /// Masks that were fetched and are not noted yet.
    masks: NewMasks,
    sent: Option<Sent>,
    summary: Summary,
}

impl Handover<'_> {
    /// Hands on what waits, after what was handed on before is acknowledged.
    fn send(&mut self, waiting: &mut Waiting, position: u64, run: &mut ImportOptions<'_>) -> Result<(), ImportError> {
        self.settle(run)?;
        let Waiting { mut rows, lines, counts, originals, refused, records, .. } = std::mem::take(waiting);
        rows.masks = self.masks.take();
        self.target.send(rows)?;
        self.sent = Some(Sent { records, lines, counts, originals, refused, position });
        Ok(())
    }

    /// Waits until what was handed on is acknowledged.
    fn settle(&mut self, run: &mut ImportOptions<'_>) -> Result<(), ImportError> {
        let Some(Sent { records, lines, mut counts, mut originals, mut refused, position }) = self.sent.take() else {
            return Ok(());
        };
        for (index, reason) in self.target.receive()? {
            let original = originals.get_mut(index).and_then(Option::take);
            counts.get_mut(index).and_then(Option::take);
            let line = lines[index];
            refused.push((Refused { file: self.name.to_owned(), line, column: None, reason }, original));
        }
        for counted in counts.into_iter().flatten() {
            self.summary.archive.get_or_insert_default().add(*counted);
        }
        refused.sort_by_key(|(refused, _)| refused.line);
        for (refused, original) in refused {
            if let Some(files) = &mut run.refused {
                files.add(&refused, original)?;
            }
            self.summary.refuse(refused);
        }
        self.summary.records += records;
        (run.progress)(ImportProgress { records: self.summary.records, bytes: position });
        Ok(())
    }
}

/// Imports one file. What was acknowledged before an error stays; a strict import leaves nothing.
pub fn run(store: &Store, source: Source, run: &mut ImportOptions<'_>) -> Result<Summary, ImportError> {
    let target = || -> Result<Box<dyn RowWriter + '_>, ImportError> {
        Ok(if run.strict {
            Box::new(Whole::start(store, run.now)?)
        } else {
            Box::new(Piecemeal::start(store, run.now)?)
        })
    };
    let opened = Opened::open(store, source, run)?;
    let target = target()?;
    import(opened, target, run)
}

/// Imports one file into a transaction that will be taken back. `is_last` says that no other file follows.
pub fn run_dry(
    store: &Store,
    dry_run: &DryRun,
    source: Source,
    is_last: bool,
    run: &mut ImportOptions<'_>,
) -> Result<Summary, ImportError> {
    let opened = Opened::open(store, source, run)?;
    dry_run.begin(run.strict, is_last)?;
    import(opened, Box::new(dry_run), run)
}

/// A file that was recognised.
struct Opened {
    name: String,
    position: Position,
    records: Records,
    workers: Vec<Worker>,
    masks: NewMasks,
}

impl Opened {
    fn open(store: &Store, source: Source, run: &ImportOptions<'_>) -> Result<Self, ImportError> {
        let limits = Limits {
            record_bytes: run.record_limit_bytes.min(ROW_LIMIT_BYTES),
            scratch_folder: run.scratch_folder.to_owned(),
            keeps_originals: run.refused.is_some(),
        };
        let (name, position, folder) = (source.name().to_owned(), source.position(), source.folder().to_owned());
        let limit_bytes = limits.record_bytes;
        let (records, reader) = source.open(limits, run.reader)?;
        let masks = NewMasks::default();
        let run_name = run.run_name.clone().unwrap_or_else(|| archive::run_name(&name));
        let surroundings =
            Surroundings { folder, limit_bytes, run_name, fetcher: run.fetcher.clone(), masks: masks.clone() };
        let worker = |_| {
            let world: Box<dyn World> =
                if reader.names_files() { Box::new(surroundings.open(store)?) } else { Box::new(Nowhere) };
            Ok(Worker::new(reader.open(world)))
        };
        let workers = (0..run.threads.max(1)).map(worker).collect::<Result<Vec<_>, ImportError>>()?;
        Ok(Self { name, position, records, workers, masks })
    }
}

fn import(
    opened: Opened,
    target: Box<dyn RowWriter + '_>,
    run: &mut ImportOptions<'_>,
) -> Result<Summary, ImportError> {
    let Opened { name, position, mut records, mut workers, masks } = opened;
    let keeps_originals = run.refused.is_some();
    let mut handover = Handover { target, name: &name, masks, sent: None, summary: Summary::default() };
    let mut waiting = Waiting::default();
    let mut transaction_bytes = FIRST_TRANSACTION_BYTES;
    let flight = Flight::default();
    let stop = run.stop;
    parallel::run(
        &mut workers,
        || check_stop(stop).and_then(|()| next_portion(&mut records, &name, &flight)),
        |worker, portion: Portion, emit| {
            let parse = |record| match record {
                Ok(record) => worker.parse(record, &name),
                Err((refused, original)) => Parsed::Refused(refused, original),
            };
            let records = portion.records.into_iter().map(parse).collect();
            // An importer that takes no more portions reports an error of its own.
            emit(ParsedPortion { records, ticket: portion.ticket }).unwrap_or_default();
            Ok(())
        },
        |portion: ParsedPortion| {
            check_stop(stop)?;
            waiting.add(portion, keeps_originals);
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
        if let Some(archive) = other.archive {
            self.archive.get_or_insert_default().add(archive);
        }
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
            Some(Err(RecordProblem { line, column, reason, original })) => {
                portion.push(Err((Refused { file: name.to_owned(), line, column, reason }, original)));
            }
        }
    }
    let ticket = flight.ticket(bytes, portion.len());
    Ok(if portion.is_empty() { None } else { Some(Portion { records: portion, ticket }) })
}
