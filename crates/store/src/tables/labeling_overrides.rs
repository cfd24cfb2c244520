//! Rows of a project that somebody gave a place of their own in the queue.

use crate::engine::{Connection, StoreError};
use crate::row_key::RowKey;
use labelport_model::time::Timestamp;

/// A row with a priority of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelingOverride {
    /// The public id.
    pub id: String,
    /// The row.
    pub row_key: RowKey,
    /// The priority; the lowest is first.
    pub priority: i64,
}

/// Gives a row of a project a priority, in the place of the one that it had. The id stays.
pub fn put(
    connection: &mut dyn Connection,
    project_key: i64,
    new: &LabelingOverride,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection.execute(
        "insert into labeling_overrides (project_key, row_key, id, priority, created_ms) values ($1, $2, $3, $4, $5) \
         on conflict (project_key, row_key) do update set priority = excluded.priority",
        &[project_key.into(), new.row_key.into(), (&new.id).into(), new.priority.into(), now.as_millis().into()],
    )?;
    Ok(())
}

/// Takes the priority of its own from a row.
pub fn remove(connection: &mut dyn Connection, project_key: i64, row_key: RowKey) -> Result<(), StoreError> {
    let sql = "delete from labeling_overrides where project_key = $1 and row_key = $2";
    connection.execute(sql, &[project_key.into(), row_key.into()])?;
    Ok(())
}

/// Lists the rows of a project with priorities of their own, those that got one first before the others.
pub fn list(connection: &mut dyn Connection, project_key: i64) -> Result<Vec<LabelingOverride>, StoreError> {
    let sql = "select id, row_key, priority from labeling_overrides where project_key = $1 \
               order by created_ms, row_key";
    connection.list(sql, &[project_key.into()], |row| LabelingOverride {
        id: row.text(0).unwrap_or_default(),
        row_key: row.int(1).unwrap_or(0),
        priority: row.int(2).unwrap_or(0),
    })
}
