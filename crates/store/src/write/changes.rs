//! The change sequence: which rows of which scope are newer than which.
//!
//! Every commit that changes rows takes the next number of its organization and gives it to each row that it touched, in
//! every scope that the row belongs to. A row that leaves a scope leaves a tombstone with that number. This is what a delta
//! export rests on, so nothing else writes a `change_seq` or a tombstone.

use crate::engine::{Connection, StoreError};
use crate::row_key::RowKey;

/// A scope that a row can leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All data rows of the organization.
    Catalog,
    /// The rows of a dataset.
    Dataset,
    /// The rows of a model run.
    ModelRun,
    /// The rows of a project.
    Project,
}

impl Scope {
    /// Returns the name of the scope in storage.
    pub fn word(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Dataset => "dataset",
            Self::ModelRun => "model_run",
            Self::Project => "project",
        }
    }
}

/// A row that leaves a scope.
#[derive(Debug, Clone, Copy)]
pub struct Departure<'a> {
    /// The scope left.
    pub scope: Scope,
    /// The key of the dataset, project or run; that of the organization for the catalog.
    pub scope_key: i64,
    /// The row.
    pub row_key: RowKey,
    /// The row's public id.
    pub row_id: &'a str,
}

/// Returns the number that the next change of an organization will have, without taking it.
pub fn peek_change_seq(connection: &mut dyn Connection, org_key: i64) -> Result<i64, StoreError> {
    let sql = "select change_seq from organizations where org_key = $1";
    Ok(connection.count(sql, &[org_key.into()])? + 1)
}

/// Takes the next change number of an organization. A transaction that took one rolls it back with everything else.
pub fn next_change_seq(connection: &mut dyn Connection, org_key: i64) -> Result<i64, StoreError> {
    let sql = "update organizations set change_seq = change_seq + 1 where org_key = $1 returning change_seq";
    connection.count(sql, &[org_key.into()])
}

/// Gives a row a change number in every scope that it belongs to.
pub fn touch_row(connection: &mut dyn Connection, row_key: RowKey, change_seq: i64) -> Result<(), StoreError> {
    for sql in [
        "update data_rows set change_seq = $1 where row_key = $2",
        "update project_rows set change_seq = $1 where row_key = $2",
        "update run_rows set change_seq = $1 where row_key = $2",
    ] {
        connection.execute(sql, &[change_seq.into(), row_key.into()])?;
    }
    Ok(())
}

/// Gives a change number to all rows that show the name of an entity, in every scope that they belong to. `rows` selects
/// their keys; its parameter is `$2`, the key of the entity.
pub(crate) fn touch_rows(
    connection: &mut dyn Connection,
    rows: &str,
    entity_key: i64,
    change_seq: i64,
) -> Result<(), StoreError> {
    for table in ["data_rows", "project_rows", "run_rows"] {
        let sql = format!("update {table} set change_seq = $1 where row_key in ({rows})");
        connection.execute(&sql, &[change_seq.into(), entity_key.into()])?;
    }
    Ok(())
}

/// Leaves a tombstone in the scope that a row leaves.
pub fn leave_scope(
    connection: &mut dyn Connection,
    org_key: i64,
    change_seq: i64,
    departure: Departure<'_>,
) -> Result<(), StoreError> {
    let Departure { scope, scope_key, row_key, row_id } = departure;
    connection.execute(
        "insert into tombstones (org_key, scope, scope_key, change_seq, row_key, row_id) \
         values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        &[org_key.into(), scope.word().into(), scope_key.into(), change_seq.into(), row_key.into(), row_id.into()],
    )?;
    Ok(())
}
