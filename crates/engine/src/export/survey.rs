//! What is known once all rows were looked at: before the first byte of formats that may lose something, or in which numbers
//! run through.
//!
//! Every row is encoded to nowhere, or to where it waits ([`Spool`]). What is written later is the same, but for the names of
//! classes and files that depend on what was found here.

use super::assemble::Assembler;
use super::chunk::Chunk;
use super::count::Counts;
use super::outputs::Outputs;
use super::spool::{Spool, Spooled};
use super::work::{Work, Worker};
use super::work_error::WorkError;
use super::{ExportError, Notices};
use crate::parallel::{self, Emit};
use crate::storage::files::Files;
use labelport_formats::write::{Class, Numbers, Totals};
use labelport_model::losses::Losses;
use std::collections::{BTreeSet, HashSet};
use std::io;

/// What was found.
pub(super) struct Survey {
    pub(super) losses: Losses,
    /// The hashes of the names that several rows have.
    pub(super) shared_names: HashSet<u64>,
    /// The different values of rows.
    pub(super) values: BTreeSet<String>,
    /// The numbers that each part begins with.
    pub(super) starts: Vec<Numbers>,
    pub(super) totals: Totals,
    /// What was encoded, if it was kept and no other row contradicts it; and the notices about its rows.
    pub(super) spooled: Option<Waiting<Spooled>>,
    pub(super) notices: Notices,
    /// What each worker counted.
    pub(super) counts: Vec<Counts>,
}

/// Encoded rows that wait.
pub(super) struct Waiting<S> {
    pub(super) first: S,
    /// What continues files, where there is such a thing.
    pub(super) later: Option<S>,
}

impl Waiting<Spool> {
    /// Makes places for what waits.
    pub(super) fn new(files: &Files, outputs: &Outputs) -> io::Result<Self> {
        let later = outputs.has_later().then(|| files.scratch()).transpose()?;
        Ok(Self { first: Spool::new(files.scratch()?), later: later.map(Spool::new) })
    }

    fn add(&mut self, chunk: &mut Chunk, outputs: &Outputs) -> io::Result<()> {
        if let Some(spool) = &mut self.later
            && let Some(later) = outputs.take_later(chunk)
        {
            spool.add(&later)?;
        }
        self.first.add(chunk)
    }

    fn finish(self) -> io::Result<Waiting<Spooled>> {
        Ok(Waiting { first: self.first.finish()?, later: self.later.map(Spool::finish).transpose()? })
    }
}

/// What a worker found.
enum Found {
    /// Encoded rows, where they are kept.
    Chunk(Chunk),
    /// The losses of a part, and the numbers after it.
    End(Losses, Numbers),
}

/// Looks at every row.
pub(super) fn run(
    workers: &mut [Worker],
    work: &Work<'_>,
    outputs: &Outputs,
    mut spool: Option<Waiting<Spool>>,
) -> Result<Survey, ExportError> {
    let plan = work.plan;
    let mut numbers = 1..=work.parts.len() as u64;
    let mut losses = Losses::default();
    let mut notices = Notices::default();
    let mut starts = Vec::with_capacity(work.parts.len());
    let mut total = Numbers::FIRST;
    let mut text = Vec::new();
    let outcome = parallel::run(
        workers,
        || work.check_stop().map(|()| numbers.next()),
        |worker: &mut Worker, number: u64, emit: &mut Emit<'_, Found>| {
            let mut of_part = Losses::default();
            let mut take = |mut chunk: Chunk| {
                of_part.merge(std::mem::take(&mut chunk.losses));
                match plan.is_spooling() {
                    true => emit(Found::Chunk(chunk)),
                    false => {
                        work.spare.recycle(chunk);
                        Ok(())
                    }
                }
            };
            work.encode(worker, number, &mut take)?;
            // Where nobody takes it any more, another thread has failed.
            emit(Found::End(of_part, worker.assembler.next)).map_err(|_| WorkError::Stopped)
        },
        |found: Found| {
            match found {
                Found::Chunk(mut chunk) => {
                    notices.add(std::mem::take(&mut chunk.notices));
                    if plan.encoder.has_marks() {
                        // Parts come in their order, so that what there is so far is what comes before this one.
                        chunk.replace_marks(&total, &mut text);
                    }
                    let kept = spool.as_mut().is_some_and(|spool| spool.add(&mut chunk, outputs).is_ok());
                    if !kept {
                        plan.stop_spooling();
                    }
                    work.spare.recycle(chunk);
                }
                Found::End(of_part, end) => {
                    losses.merge(of_part);
                    starts.push(total);
                    total.row += end.row - Numbers::FIRST.row;
                    total.picture += end.picture - Numbers::FIRST.picture;
                    total.annotation += end.annotation - Numbers::FIRST.annotation;
                }
            }
            Ok(())
        },
    );
    outcome.map_err(|error| error.into_export(|| "counts".to_owned()))?;
    let (mut names, mut values, mut counts) = (Vec::new(), BTreeSet::new(), Vec::new());
    for worker in workers {
        names.append(&mut worker.assembler.names);
        // A few more than the limit are as good as all.
        values.append(&mut worker.assembler.values);
        counts.push(std::mem::take(&mut worker.assembler.counts));
        worker.assembler = Assembler::default();
    }
    names.sort_unstable();
    let shared = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    let shared_names: HashSet<u64> = shared.collect();
    if !shared_names.is_empty() {
        plan.stop_spooling();
    }
    // What cannot be read again is encoded again.
    let spooled = spool.filter(|_| plan.is_spooling()).and_then(|spool| spool.finish().ok());
    let totals = Totals { rows: total.row - 1, annotations: total.annotation - 1 };
    Ok(Survey { losses, shared_names, values, starts, totals, spooled, notices, counts })
}

/// Gives settled classes their names.
pub(super) fn named(mut losses: Losses, classes: &[Class]) -> Losses {
    losses.name_classes(|place| {
        let class = &classes[place as usize];
        (class.kind.clone(), class.name.clone())
    });
    losses
}
