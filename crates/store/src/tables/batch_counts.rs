//! How many rows of some batches are where. Counted when asked for: only the counts of whole projects are kept.

use super::projects::StateCounts;
use crate::engine::{Connection, StoreError};
use std::collections::BTreeMap;

/// Where the rows of some batches of a project are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchCounts {
    /// By workflow status.
    pub states: StateCounts,
    /// By the key of the task queue.
    pub queues: BTreeMap<i64, i64>,
}

/// Counts the rows of batches, given by their ids. A batch that the project does not have has none.
pub fn count(connection: &mut dyn Connection, project_key: i64, ids: &[String]) -> Result<BatchCounts, StoreError> {
    let mut counts = BatchCounts::default();
    for id in ids {
        let sql = "select r.status, r.workflow_task_key, count(*) from batches b \
                   join project_rows r on r.batch_key = b.batch_key where b.project_key = $1 and b.id = $2 \
                   group by r.status, r.workflow_task_key order by r.status, r.workflow_task_key";
        let rows = connection
            .list(sql, &[project_key.into(), id.into()], |row| (row.int(0), row.int(1), row.int(2).unwrap_or(0)))?;
        for (status, queue, count) in rows {
            counts.states.add(status, count);
            if let Some(queue) = queue {
                *counts.queues.entry(queue).or_default() += count;
            }
        }
    }
    Ok(counts)
}
