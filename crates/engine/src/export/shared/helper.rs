//! Those who help with an export that another process leads.
//!
//! A helper reads the state that the leader reads, finds out what the request means by itself, and encodes range after
//! range. It holds the state until the run ends, for the leader may die.

use super::Common;
use super::leader::SetWhenDropped;
use crate::export::assemble::Assembler;
use crate::export::basis::{self, Basis};
use crate::export::chunk::{AssetUse, Chunk, Spare, Streams};
use crate::export::chunk_stream::{ChunkWriter, Form};
use crate::export::error::to_problem;
use crate::export::sections::Pass;
use crate::export::work::{Work, Worker};
use crate::export::work_error::WorkError;
use crate::export::{ExportError, format_of, paths_of};
use crate::parallel;
use crate::sink::Packing;
use crate::storage::handover::Handover;
use crate::workspace::{Workspace, unreadable};
use labelport_formats::write::About;
use labelport_model::problem::Problem;
use labelport_model::request::ExportRequest;
use labelport_model::time::Timestamp;
use labelport_store::StoreError;
use labelport_store::tables::export_ranges::{self, ExportRun, Lend};
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a lease holds: a range whose helper was killed waits no longer than that.
const LEASE_MS: i64 = 10_000;
/// How often leases are renewed.
const BEAT_MS: i64 = 2_500;
/// How often helpers look whether the run goes on, and whether there is a range for them.
const LOOK: Duration = Duration::from_millis(200);
/// A range that helpers have failed at so often is left to the leader, who says what is wrong with it.
const ATTEMPTS: i64 = 2;
/// How many ranges a helper may be ahead of the leader: their rows are kept until it comes.
const WINDOW: i64 = 256;
/// For how many looks a process does not help after it could not.
const PAUSES: u32 = 50;
/// How much is written to an object at once.
const BUFFER_BYTES: usize = 1 << 20;

/// Helps with exports of other processes, until there are none to help with. Returns whether there were any.
pub fn help(workspace: &Workspace, is_over: &dyn Fn() -> bool) -> Result<bool, Problem> {
    if !workspace.store().traits().is_remote {
        return Ok(false);
    }
    let runs = workspace.read(|connection| Ok(export_ranges::list_runs(connection, workspace.org_key())?))?;
    let (mut has_helped, mut has_failed) = (false, false);
    for run in runs {
        let Some(_engaged) = workspace.engage(&run.task_id) else { continue };
        match help_with(workspace, &run, is_over) {
            Ok(helped) => has_helped |= helped,
            Err(problem) => {
                has_failed = true;
                let cause = problem.cause.as_ref().map_or_else(|| problem.message.clone(), ToString::to_string);
                tracing::warn!(task.id = run.task_id, cause, "this process could not help with an export");
            }
        }
    }
    // What has failed would fail again at once.
    let mut pauses = if has_failed { PAUSES } else { 0 };
    while pauses > 0 && !is_over() {
        std::thread::park_timeout(LOOK);
        pauses -= 1;
    }
    Ok(has_helped && !is_over())
}

/// What helps with one run.
struct Helper<'a> {
    workspace: &'a Workspace,
    run_id: &'a str,
    common: &'a Common,
    handover: Handover,
    /// What the leases are held by.
    owner: String,
    /// Set once the run has ended, this process ends, or something has failed.
    stop: &'a AtomicBool,
}

/// Helps with a run until it ends; returns false where this process cannot.
fn help_with(workspace: &Workspace, run: &ExportRun, is_over: &dyn Fn() -> bool) -> Result<bool, Problem> {
    let Ok(common) = serde_json::from_str::<Common>(&run.settings) else { return Ok(false) };
    let handover = Handover::new(workspace.results(), &run.task_id, &run.id);
    if common.version != env!("CARGO_PKG_VERSION") || !handover.is_marked().map_err(unreadable)? {
        return Ok(false);
    }
    let store = workspace.store();
    let states = workspace.read(|connection| Ok(export_ranges::list_states(connection, &run.id)?))?;
    let mut joined = None;
    for state in &states {
        joined = store.join(state, workspace.threads())?;
        if joined.is_some() {
            break;
        }
    }
    let Some(mut snapshot) = joined else { return Ok(false) };
    let request = ExportRequest::from_json(&common.request).map_err(Problem::internal)?;
    let format = format_of(&request).map_err(to_problem)?;
    let first = &mut *snapshot.connections[0];
    let resolved = basis::resolve(first, store.org_key(), &request, format).map_err(to_problem)?;
    let basis = Basis::read(first, store.org_key(), &resolved, format)?;
    if Common::new(&resolved.request, snapshot.change_seq, &basis, common.range_parts) != common {
        return Ok(false);
    }
    let stop = AtomicBool::new(false);
    let owner = workspace.chance().cuid();
    if let Some(state) = first.export_state()? {
        let (run_id, owner) = (run.id.clone(), owner.clone());
        store.write(move |connection| export_ranges::add_state(connection, &run_id, &owner, &state))?;
    }
    let helper = Helper { workspace, run_id: &run.id, common: &common, handover, owner, stop: &stop };
    let about = About { options: request.format.options.clone(), classes: &basis.classes, ..About::default() };
    let encoder = format.open(&about).map_err(|error| to_problem(error.into()))?;
    let plan = basis.settings(&resolved).with(&*encoder, Pass::Write);
    let work = Work {
        plan: &plan,
        selection: &resolved.selection,
        parts: &basis.parts,
        firsts: &[],
        target: (Streams::of(&*encoder, &paths_of(&*encoder)), AssetUse::None),
        spare: &Spare::default(),
        stop: Some(&stop),
    };
    let mut workers = Vec::new();
    for connection in snapshot.connections {
        let packer = Packing::Zstd.packer().map_err(unreadable)?;
        workers.push(Worker { connection, assembler: Assembler::default(), packer });
    }
    let outcome = helper.run(&work, workers, is_over);
    helper.leave();
    outcome.map(|()| true)
}

impl Helper<'_> {
    /// Works with all threads until the run ends.
    fn run(&self, work: &Work<'_>, workers: Vec<Worker>, is_over: &dyn Fn() -> bool) -> Result<(), Problem> {
        std::thread::scope(|scope| {
            let spawn = |mut worker: Worker| {
                scope.spawn(move || {
                    // The others end with it, also where it panics.
                    let _end = SetWhenDropped(self.stop);
                    let outcome = self.serve(work, &mut worker);
                    // The state is held until all have ended.
                    (outcome, worker)
                })
            };
            let threads: Vec<_> = workers.into_iter().map(spawn).collect();
            let watched = self.watch(is_over);
            self.stop.store(true, Ordering::Relaxed);
            let mut outcome = watched.map_err(Problem::from);
            for thread in threads {
                match thread.join() {
                    Ok((Err(error), _)) if outcome.is_ok() => outcome = Err(self.problem(error)),
                    Ok(_) => {}
                    Err(_) => outcome = Err(Problem::internal("a thread that encoded rows has panicked")),
                }
            }
            outcome
        })
    }

    /// Keeps the leases until the run has ended, or this process ends.
    fn watch(&self, is_over: &dyn Fn() -> bool) -> Result<(), StoreError> {
        let mut last = self.workspace.now();
        while !is_over() && !self.is_stopped() {
            std::thread::park_timeout(LOOK);
            if !export_ranges::has_run(&mut *self.workspace.store().reader()?, self.run_id)? {
                break;
            }
            let now = self.workspace.now();
            if now.as_millis() - last.as_millis() >= BEAT_MS {
                last = now;
                let (run_id, owner, until) = (self.run_id.to_owned(), self.owner.clone(), self.lease_end());
                let renew = move |connection: &mut dyn labelport_store::Connection| {
                    export_ranges::renew(connection, &run_id, &owner, until)
                };
                unless_locked(self.workspace.store().write(renew))?;
            }
        }
        Ok(())
    }

    /// Encodes range after range.
    fn serve(&self, work: &Work<'_>, worker: &mut Worker) -> Result<(), WorkError> {
        while !self.is_stopped() {
            match self.lease()? {
                Some(ordinal) => match self.encode(work, worker, ordinal) {
                    Err(WorkError::Stopped) => break,
                    outcome => outcome?,
                },
                None => std::thread::park_timeout(LOOK),
            }
        }
        Ok(())
    }

    /// Leases a range, if there is one.
    fn lease(&self) -> Result<Option<u64>, StoreError> {
        let now = self.workspace.now();
        let may_lend = {
            // Who waits for the end of a run writes nothing.
            let mut reader = self.workspace.store().reader()?;
            let (run_id, owner, ranges) = (self.run_id, &self.owner, self.common.ranges().cast_signed());
            let ask = Lend { run_id, ranges, owner, until: now, attempts: ATTEMPTS, window: WINDOW };
            export_ranges::may_lend(&mut *reader, &ask, now)?
        };
        if !may_lend {
            return Ok(None);
        }
        let (run_id, owner, until) = (self.run_id.to_owned(), self.owner.clone(), self.lease_end());
        let ranges = self.common.ranges().cast_signed();
        let leased = self.workspace.store().write(move |connection| {
            let ask = Lend { run_id: &run_id, ranges, owner: &owner, until, attempts: ATTEMPTS, window: WINDOW };
            export_ranges::lend(connection, &ask, now)
        });
        Ok(unless_locked(leased)?.flatten().map(i64::cast_unsigned))
    }

    /// Encodes the rows of a range and leaves them to the leader.
    fn encode(&self, work: &Work<'_>, worker: &mut Worker, ordinal: u64) -> Result<(), WorkError> {
        // Nobody else writes to it, not even this process at another attempt.
        let name = format!("{ordinal}-{}", self.workspace.chance().cuid());
        let upload = self.handover.put(&name).map_err(WorkError::Write)?;
        let mut chunks = ChunkWriter::new(BufWriter::with_capacity(BUFFER_BYTES, upload), Form::Packed);
        worker.assembler = Assembler::default();
        let mut failure = None;
        for number in self.common.numbers(ordinal) {
            let mut add = |chunk: Chunk| {
                // Formats that lose something are not shared.
                let is_whole = chunk.losses.is_empty();
                let added = if is_whole { chunks.add(&chunk) } else { Err(io::Error::other("losses are not kept")) };
                work.spare.recycle(chunk);
                added.map_err(|error: io::Error| {
                    failure.get_or_insert(error);
                    parallel::Stopped
                })
            };
            work.encode(worker, number, &mut add)?;
            if let Some(error) = failure.take() {
                return Err(WorkError::Write(error));
            }
        }
        let finish = || {
            chunks.end(&worker.assembler.counts)?;
            let mut out = chunks.into_inner();
            out.flush()?;
            out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
        };
        finish().map_err(WorkError::Write)?;
        loop {
            let (run_id, owner, name) = (self.run_id.to_owned(), self.owner.clone(), name.clone());
            // Where the lease is another's, the object is one of those that go with the run.
            let completed = self.workspace.store().write(move |connection| {
                export_ranges::complete(connection, &run_id, ordinal.cast_signed(), &owner, &name)
            });
            if unless_locked(completed)?.is_some() || self.is_stopped() {
                return Ok(());
            }
        }
    }

    /// Gives back what is not done. Where that fails, the leases end by themselves.
    fn leave(&self) {
        let (run_id, owner) = (self.run_id.to_owned(), self.owner.clone());
        let left = self.workspace.store().write(move |connection| {
            export_ranges::remove_state(connection, &run_id, &owner)?;
            export_ranges::give_back(connection, &run_id, &owner)
        });
        if let Err(error) = left {
            tracing::debug!(%error, "the leases of ranges end by themselves");
        }
    }

    fn lease_end(&self) -> Timestamp {
        self.workspace.now().plus_millis(LEASE_MS)
    }

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn problem(&self, error: WorkError) -> Problem {
        let error: ExportError = error.into_export(|| format!("the ranges of {}", self.run_id));
        to_problem(error)
    }
}

/// Returns nothing where somebody else writes for long: what was to be written can wait.
fn unless_locked<T>(outcome: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match outcome {
        Err(error) if error.is_locked() => Ok(None),
        outcome => outcome.map(Some),
    }
}
