//! Exports that several processes do together.
//!
//! The process that has the task *leads*. It names the state of the database that it reads, so that the others can read the
//! same, and cuts the parts of the selection into ranges. A helper leases a range, encodes its rows and leaves them
//! where the leader finds them ([`Handover`](crate::storage::handover::Handover)); the leader takes the ranges in their
//! order, encodes what nobody else has, and writes all of it. So the bytes are those of one process.
//!
//! - A helper that dies costs its range: somebody else takes it once the lease is over, and in the end the leader does.
//! - A leader that dies costs what it had encoded itself. Helpers hold the state until the run ends, so the next leader
//!   goes on under it; only where nobody holds it does the export begin again.
//! - Who helps must come to the same parts ([`Common`]), by the same version of labelport.
//!
//! Exports that need to know all rows before the first byte, deltas and legacy exports are done by one process.

mod helper;
mod leader;

pub use helper::help;
pub(super) use leader::Lead;

use super::basis::Basis;
use crate::storage::handover::{self, Handover};
use crate::tasks::{self, TaskStatus};
use crate::workspace::Workspace;
use labelport_model::problem::Problem;
use labelport_model::request::ExportRequest;
use labelport_store::tables::export_ranges::{self, ExportRun};
use labelport_store::{Snapshot, StoreError};
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use std::ops::Range;

/// The export of a task, in which other processes may help.
pub(crate) struct Sharing<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) task_id: &'a str,
    /// The run that this process leads, once it does.
    pub(crate) run_id: OnceCell<String>,
}

/// What all who work on a run must have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Common {
    /// The version of labelport.
    version: String,
    /// The request, with names replaced by ids.
    request: String,
    change_seq: i64,
    /// How many parts the selection has.
    parts: u64,
    /// How many of them a range has.
    range_parts: u64,
}

impl Common {
    fn new(request: &ExportRequest, change_seq: i64, basis: &Basis, range_parts: u64) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            request: request.to_canonical_json(),
            change_seq,
            parts: basis.parts.len() as u64,
            range_parts: if basis.has_large_rows { 1 } else { range_parts },
        }
    }

    /// Returns how many ranges there are.
    fn ranges(&self) -> u64 {
        self.parts.div_ceil(self.range_parts)
    }

    /// Returns the numbers of the parts of a range, from 1.
    fn numbers(&self, ordinal: u64) -> Range<u64> {
        let first = ordinal * self.range_parts;
        first + 1..(first + self.range_parts).min(self.parts) + 1
    }
}

impl Sharing<'_> {
    /// Takes a snapshot: the state that helpers of an earlier leader hold, or that of now.
    pub(super) fn snapshot(&self, count: usize) -> Result<(Snapshot, Option<ExportRun>), StoreError> {
        let store = self.workspace.store();
        if store.traits().is_remote {
            let mut reader = store.reader()?;
            if let Some(run) = export_ranges::find_run(&mut *reader, self.task_id)? {
                for state in export_ranges::list_states(&mut *reader, &run.id)? {
                    if let Some(snapshot) = store.join(&state, count)? {
                        return Ok((snapshot, Some(run)));
                    }
                }
            }
        }
        Ok((store.snapshot(count)?, None))
    }
}

/// Ends a run, and removes what helpers have left for it. What cannot be removed now is a leftover.
pub(crate) fn end_run(workspace: &Workspace, task_id: &str, run_id: &str) {
    let id = run_id.to_owned();
    let ended = workspace.store().write(move |connection| export_ranges::remove_run(connection, &id));
    let removed = Handover::new(workspace.results(), task_id, run_id).remove();
    if let (Err(_), _) | (_, Err(_)) = (ended, removed) {
        tracing::debug!(task.id = task_id, "what is left of a shared export is removed later");
    }
}

/// Ends the run of a task that goes no further, and removes what helpers have left for it.
pub(crate) fn end(workspace: &Workspace, task_id: &str) -> Result<(), Problem> {
    if !workspace.store().traits().is_remote {
        return Ok(());
    }
    let id = task_id.to_owned();
    let has_run = workspace.read(|connection| Ok(export_ranges::find_run(connection, &id)?.is_some()))?;
    if has_run {
        workspace.store().write(move |connection| export_ranges::remove_run_of(connection, &id))?;
    }
    // A helper may be writing at this moment; what it leaves is a leftover.
    if let Err(error) = handover::remove(workspace.results(), task_id) {
        tracing::debug!(task.id = task_id, %error, "what is left of a shared export is removed later");
    }
    Ok(())
}

/// Removes what was left for exports that have ended.
pub fn remove_leftovers(workspace: &Workspace) -> Result<(), Problem> {
    if !workspace.store().traits().is_remote {
        return Ok(());
    }
    for task_id in workspace.read(|connection| Ok(export_ranges::list_ended(connection)?))? {
        end(workspace, &task_id)?;
    }
    let left = handover::list(workspace.results()).map_err(crate::workspace::unreadable)?;
    for task_id in left {
        // What this database does not know may be that of another one.
        let task = tasks::find(workspace, &task_id)?;
        if task.is_some_and(|task| task.status != TaskStatus::InProgress) {
            handover::remove(workspace.results(), &task_id).map_err(crate::workspace::unwritable)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_all_parts_one_after_the_other() {
        for (parts, range_parts) in [(1, 32), (32, 32), (33, 32), (100, 7), (5, 1)] {
            let common = Common { version: String::new(), request: String::new(), change_seq: 0, parts, range_parts };
            let numbers: Vec<u64> = (0..common.ranges()).flat_map(|ordinal| common.numbers(ordinal)).collect();
            assert_eq!(numbers, (1..=parts).collect::<Vec<_>>());
        }
    }
}
