//! What is known once all rows were looked at: before the first byte of formats that may lose something, or in which numbers
//! run through.
//!
//! Every row is encoded to nowhere. What is written later is the same, but for the names of classes and files that depend
//! on what was found here.

use super::chunk::{AssetUse, Chunk, Spare, Streams};
use super::sections::Plan;
use super::{Assembler, ExportError, WorkError, Worker, check_stop, work};
use crate::parallel::{self, Emit};
use labelport_formats::write::{Class, Numbers, Totals};
use labelport_model::losses::Losses;
use labelport_store::read::select::{Part, Selection};
use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::AtomicBool;

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
}

/// Looks at every row.
pub(super) fn run(
    workers: &mut [Worker],
    plan: &Plan<'_>,
    selection: &Selection,
    parts: &[Part],
    target: (Streams, AssetUse<'_>),
    stop: Option<&AtomicBool>,
) -> Result<Survey, ExportError> {
    let mut next = parts.iter().cloned();
    let mut losses = Losses::default();
    let mut starts = Vec::with_capacity(parts.len());
    let mut total = Numbers::FIRST;
    let spare = Spare::default();
    let outcome = parallel::run(
        workers,
        || check_stop(stop).map(|()| next.next()),
        |worker: &mut Worker, part: Part, emit: &mut Emit<'_, (Losses, Numbers)>| {
            let mut of_part = Losses::default();
            let mut take = |mut chunk: Chunk| {
                of_part.merge(std::mem::take(&mut chunk.losses));
                if let Ok(mut spare) = spare.lock() {
                    spare.extend(chunk.streams);
                }
                Ok(())
            };
            worker.assembler.next = Numbers::FIRST;
            work(worker, plan, selection, &(0, part), target, &spare, stop, &mut take)?;
            // Where nobody takes it any more, another thread has failed.
            emit((of_part, worker.assembler.next)).map_err(|_| WorkError::Stopped)
        },
        |(of_part, end): (Losses, Numbers)| {
            losses.merge(of_part);
            starts.push(total);
            total.row += end.row - Numbers::FIRST.row;
            total.picture += end.picture - Numbers::FIRST.picture;
            total.annotation += end.annotation - Numbers::FIRST.annotation;
            Ok(())
        },
    );
    outcome.map_err(|error| error.into_export(|| "counts".to_owned()))?;
    let (mut names, mut values) = (Vec::new(), BTreeSet::new());
    for worker in workers {
        names.append(&mut worker.assembler.names);
        // A few more than the limit are as good as all.
        values.append(&mut worker.assembler.values);
        worker.assembler = Assembler::default();
    }
    names.sort_unstable();
    let shared = names.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    let totals = Totals { rows: total.row - 1, annotations: total.annotation - 1 };
    Ok(Survey { losses, shared_names: shared.collect(), values, starts, totals })
}

/// Gives settled classes their names.
pub(super) fn named(mut losses: Losses, classes: &[Class]) -> Losses {
    losses.name_classes(|place| {
        let class = &classes[place as usize];
        (class.kind.clone(), class.name.clone())
    });
    losses
}
