//! The leader of a shared export.
//!
//! Its threads take ranges as well, and hold the rows of a range until its turn comes: a range of usual size fits, so that
//! none of them waits for a helper.

use super::{Common, Sharing};
use crate::export::ExportError;
use crate::export::assemble::Assembler;
use crate::export::basis::Basis;
use crate::export::chunk::Chunk;
use crate::export::chunk_stream::{ChunkReader, Form};
use crate::export::count::Counts;
use crate::export::work::{Work, Worker};
use crate::export::work_error::WorkError;
use crate::parallel::{self, Emit};
use crate::sink::Packing;
use crate::storage::handover::{self, Handover};
use crate::workspace::{Engaged, Workspace};
use labelport_model::request::ExportRequest;
use labelport_store::tables::export_ranges::{self, ExportRange, ExportRun, Taken};
use labelport_store::{Connection, StoreError};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the leader looks whether a range is done that it waits for, and needs next.
const LOOK: Duration = Duration::from_millis(40);
/// How many chunks of a range wait for their turn, at most: somewhat more than a range of usual size has.
const CHUNKS_HELD: usize = 48;
/// How many ranges each thread may have open.
const RANGES_AHEAD: usize = 2;

/// What a process has that leads an export.
pub(in crate::export) struct Lead<'a> {
    workspace: &'a Workspace,
    common: Common,
    handover: Handover,
    turns: Turns<'a>,
    /// Encodes ranges whose helpers have died when their turn has come.
    worker: Worker,
    /// What helpers have counted.
    pub(in crate::export) counts: Counts,
    /// Keeps this process from helping itself. None where it has helped the leader before, and holds the state.
    _engaged: Option<Engaged<'a>>,
}

/// Takes ranges in their order.
struct Turns<'a> {
    workspace: &'a Workspace,
    run_id: String,
    owner: String,
    next: u64,
    ranges: u64,
}

/// A range whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// This process has it.
    Mine(u64),
    /// A helper has it.
    Theirs(u64),
}

/// Rows of a range.
enum Ready {
    /// Encoded by this process.
    Here(Chunk),
    /// Left by a helper, or on their way.
    There(u64),
}

impl<'a> Lead<'a> {
    /// Begins to lead. None where the selection is too small to be shared, or the engine cannot share a state.
    pub(in crate::export) fn begin(
        sharing: &Sharing<'a>,
        connection: &mut dyn Connection,
        (request, change_seq, basis): (&ExportRequest, i64, &Basis),
        resumed: Option<ExportRun>,
    ) -> Result<Option<Self>, ExportError> {
        let workspace = sharing.workspace;
        let common = Common::new(request, change_seq, basis, workspace.range_parts());
        if common.ranges() < 2 {
            return Ok(None);
        }
        let Some(state) = connection.export_state()? else { return Ok(None) };
        let joined = workspace.store().join(&state, 1)?.and_then(|mut snapshot| snapshot.connections.pop());
        let Some(joined) = joined else { return Ok(None) };
        let settings = serde_json::to_string(&common).map_err(|error| StoreError::Engine(error.to_string()))?;
        let owner = workspace.chance().cuid();
        let engaged = workspace.engage(sharing.task_id);
        let resumed = resumed.filter(|run| run.settings == settings);
        let is_new = resumed.is_none();
        let run = resumed.unwrap_or_else(|| ExportRun {
            id: workspace.chance().cuid(),
            task_id: sharing.task_id.to_owned(),
            leader: owner.clone(),
            settings,
        });
        let handover = Handover::new(workspace.results(), sharing.task_id, &run.id);
        let unwritable = |source| ExportError::Write { target: "the ranges of the result".to_owned(), source };
        if is_new {
            // What was left for an earlier run is of no more use.
            handover::remove(workspace.results(), sharing.task_id).map_err(unwritable)?;
            // Helpers look for it.
            handover.mark().map_err(unwritable)?;
        }
        let turns = Turns { workspace, run_id: run.id.clone(), owner: owner.clone(), next: 0, ranges: common.ranges() };
        let begun = workspace.store().write(move |connection| {
            match is_new {
                true => export_ranges::create_run(connection, &run)?,
                false => export_ranges::lead(connection, &run.id, &owner)?,
            }
            export_ranges::add_state(connection, &run.id, &owner, &state)
        });
        match begun {
            // Somebody writes for long. Who exports alone need not wait for that.
            Err(error) if error.is_locked() => return Ok(None),
            begun => begun?,
        }
        sharing.run_id.get_or_init(|| turns.run_id.clone());
        workspace.wake_up().notify();
        let packer = Packing::Zstd.packer().map_err(unwritable)?;
        let worker = Worker { connection: joined, assembler: Assembler::default(), packer };
        Ok(Some(Self { workspace, common, handover, turns, worker, counts: Counts::default(), _engaged: engaged }))
    }

    /// Encodes all ranges, or has them encoded, and publishes their chunks in order.
    pub(in crate::export) fn write(
        &mut self,
        work: &Work<'_>,
        workers: &mut [Worker],
        mut publish: impl FnMut(Chunk) -> Result<(), WorkError>,
    ) -> Result<(), WorkError> {
        let Self { workspace, common, handover, turns, worker, counts, .. } = self;
        let (run_id, owner) = (turns.run_id.clone(), turns.owner.clone());
        let has_failed = AtomicBool::new(false);
        let next = || turns.next(work);
        let encode = |worker: &mut Worker, turn: Turn, emit: &mut Emit<'_, Ready>| {
            let guard = SetWhenDropped(&has_failed);
            let outcome = match turn {
                // Where nobody takes it any more, another thread has failed.
                Turn::Theirs(ordinal) => emit(Ready::There(ordinal)).map_err(|_| WorkError::Stopped),
                Turn::Mine(ordinal) => {
                    let mut add = |chunk| emit(Ready::Here(chunk));
                    common.numbers(ordinal).try_for_each(|number| work.encode(worker, number, &mut add))
                }
            };
            if outcome.is_ok() {
                guard.forget();
            }
            outcome
        };
        let has_failed = &has_failed;
        let mut theirs =
            Theirs { workspace, common, handover, worker, counts, run_id: &run_id, owner: &owner, has_failed };
        parallel::run_within((CHUNKS_HELD, RANGES_AHEAD), workers, next, encode, |ready| match ready {
            Ready::There(ordinal) => theirs.write(work, ordinal, &mut publish),
            Ready::Here(chunk) => publish(chunk),
        })?;
        self.counts.add(&self.worker.assembler.counts);
        Ok(())
    }
}

impl Turns<'_> {
    /// Takes the next range, or finds out that somebody else has it.
    fn next(&mut self, work: &Work<'_>) -> Result<Option<Turn>, WorkError> {
        work.check_stop()?;
        if self.next >= self.ranges {
            return Ok(None);
        }
        let ordinal = self.next;
        self.next += 1;
        match take(self.workspace, work, (&self.run_id, &self.owner), ordinal)? {
            Taken::Now => Ok(Some(Turn::Mine(ordinal))),
            Taken::ByHelper => Ok(Some(Turn::Theirs(ordinal))),
            Taken::Never => Err(WorkError::Stopped),
        }
    }
}

/// Takes a range, however long somebody else writes.
fn take(
    workspace: &Workspace,
    work: &Work<'_>,
    (run_id, owner): (&str, &str),
    ordinal: u64,
) -> Result<Taken, WorkError> {
    loop {
        let (run_id, owner, now) = (run_id.to_owned(), owner.to_owned(), workspace.now());
        let taken = workspace
            .store()
            .write(move |connection| export_ranges::take(connection, &run_id, ordinal.cast_signed(), &owner, now));
        match taken {
            Err(error) if error.is_locked() => work.check_stop()?,
            taken => return Ok(taken?),
        }
    }
}

/// Ranges that helpers have.
struct Theirs<'l> {
    workspace: &'l Workspace,
    common: &'l Common,
    handover: &'l Handover,
    worker: &'l mut Worker,
    counts: &'l mut Counts,
    run_id: &'l str,
    owner: &'l str,
    /// Set once a thread has failed, which the others need not wait for.
    has_failed: &'l AtomicBool,
}

impl Theirs<'_> {
    /// Waits until a range is done and publishes its chunks. If its helper has died, this process does it.
    fn write(
        &mut self,
        work: &Work<'_>,
        ordinal: u64,
        publish: &mut dyn FnMut(Chunk) -> Result<(), WorkError>,
    ) -> Result<(), WorkError> {
        let mut has_waited = false;
        loop {
            work.check_stop()?;
            // The thread reports its failure before this one wakes up.
            if self.has_failed.load(Ordering::Relaxed) && has_waited {
                return Err(WorkError::Stopped);
            }
            match self.find(ordinal) {
                // The run has ended.
                Ok(None) => return Err(WorkError::Stopped),
                Ok(Some(ExportRange { object: Some(object), .. })) => {
                    match self.read(work, ordinal, &object, publish) {
                        Err(WorkError::Write(error)) if is_damaged(&error) => {
                            // Some of it may be written: the next attempt does the range again.
                            self.lose(ordinal)?;
                            return Err(WorkError::Stopped);
                        }
                        outcome => return outcome,
                    }
                }
                Ok(Some(range))
                    if range.is_lost(self.workspace.now())
                        && take(self.workspace, work, (self.run_id, self.owner), ordinal)? == Taken::Now =>
                {
                    return self.encode(work, ordinal, publish);
                }
                // A server that does not answer may do so again.
                Err(error) if !error.is_passing() => return Err(error.into()),
                _ => {}
            }
            std::thread::sleep(LOOK);
            has_waited = true;
        }
    }

    /// Encodes a range in this thread.
    fn encode(
        &mut self,
        work: &Work<'_>,
        ordinal: u64,
        publish: &mut dyn FnMut(Chunk) -> Result<(), WorkError>,
    ) -> Result<(), WorkError> {
        let mut numbers = self.common.numbers(ordinal);
        let next = || work.check_stop().map(|()| numbers.next());
        let encode = |worker: &mut Worker, number, emit: &mut Emit<'_, Chunk>| work.encode(worker, number, emit);
        parallel::run_here(self.worker, next, encode, publish)
    }

    fn find(&self, ordinal: u64) -> Result<Option<ExportRange>, StoreError> {
        export_ranges::find_range(&mut *self.workspace.store().reader()?, self.run_id, ordinal.cast_signed())
    }

    /// Publishes what a helper has kept.
    fn read(
        &mut self,
        work: &Work<'_>,
        ordinal: u64,
        object: &str,
        publish: &mut dyn FnMut(Chunk) -> Result<(), WorkError>,
    ) -> Result<(), WorkError> {
        let object = self.handover.open(object).map_err(WorkError::Write)?;
        let mut kept = ChunkReader::new(object, Form::Packed);
        let numbers = self.common.numbers(ordinal);
        while let Some(chunk) = kept.next_chunk(work.spare).map_err(WorkError::Write)? {
            if !numbers.contains(&chunk.part) {
                return Err(WorkError::Write(io::ErrorKind::InvalidData.into()));
            }
            publish(chunk)?;
        }
        let counts = kept.take_counts().ok_or_else(|| WorkError::Write(io::ErrorKind::UnexpectedEof.into()))?;
        self.counts.add(&counts);
        Ok(())
    }

    fn lose(&self, ordinal: u64) -> Result<(), StoreError> {
        let run_id = self.run_id.to_owned();
        self.workspace.store().write(move |connection| export_ranges::lose(connection, &run_id, ordinal.cast_signed()))
    }
}

/// Returns whether an object is gone, or is not what a helper writes.
fn is_damaged(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData)
}

/// Sets a flag when it is dropped, be it by a panic.
pub(super) struct SetWhenDropped<'f>(pub(super) &'f AtomicBool);

impl SetWhenDropped<'_> {
    /// Leaves the flag alone.
    fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for SetWhenDropped<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
