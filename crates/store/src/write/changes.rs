//! The change sequence: which rows of which scope are newer than which.
//!
//! Every commit that changes rows takes the next number of its organization and gives it to each row that it touched, in
//! every scope that the row belongs to, and keeps the runs of their keys under that number. A row that leaves a scope leaves
//! a tombstone with it. Exports of what changed rest on this, so nothing else writes a `change_seq`, a run or a tombstone.
//! What reads it is [`history`](crate::read::history).

use crate::engine::{Connection, StoreError};
use crate::row_key::{KeyRun, RowKey};
use std::ops::ControlFlow;

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
    number_row(connection, row_key, change_seq)?;
    note_run(connection, change_seq, &(row_key..=row_key))
}

/// Gives a row a change number in every scope that it belongs to. The caller notes the keys of all such rows together.
pub(crate) fn number_row(connection: &mut dyn Connection, row_key: RowKey, change_seq: i64) -> Result<(), StoreError> {
    for sql in [
        "update data_rows set change_seq = $1 where row_key = $2",
        "update project_rows set change_seq = $1 where row_key = $2",
        "update run_rows set change_seq = $1 where row_key = $2",
    ] {
        connection.execute(sql, &[change_seq.into(), row_key.into()])?;
    }
    Ok(())
}

/// Keeps that rows have a change number, for rows that were written with it, in any order.
pub(crate) fn note_rows(
    connection: &mut dyn Connection,
    change_seq: i64,
    keys: &mut [RowKey],
) -> Result<(), StoreError> {
    keys.sort_unstable();
    let mut runs: Vec<KeyRun> = Vec::new();
    keys.iter().for_each(|row_key| extend(&mut runs, *row_key));
    runs.iter().try_for_each(|run| note_run(connection, change_seq, run))
}

/// Keeps that rows have a change number, for rows that were written with it. No run of a number lies within another one, so
/// that the last one to begin at or before a key is the one to look at.
pub(crate) fn note_run(connection: &mut dyn Connection, change_seq: i64, run: &KeyRun) -> Result<(), StoreError> {
    let (first, last) = (*run.start(), *run.end());
    let sql =
        "select last_key from changed_rows where change_seq = $1 and first_key <= $2 order by first_key desc limit 1";
    let covered = connection.find(sql, &[change_seq.into(), first.into()], |row| row.int(0))?.flatten();
    if covered.is_some_and(|covered| covered >= last) {
        return Ok(());
    }
    if first < last {
        let sql =
            "delete from changed_rows where change_seq = $1 and first_key >= $2 and first_key <= $3 and last_key <= $3";
        connection.execute(sql, &[change_seq.into(), first.into(), last.into()])?;
    }
    let sql = "insert into changed_rows (change_seq, first_key, last_key) values ($1, $2, $3)";
    connection.execute(sql, &[change_seq.into(), first.into(), last.into()])?;
    Ok(())
}

/// Gives a change number to all rows that show the name of an entity, in every scope that they belong to. `rows` selects
/// their keys; its parameter is `$2`, the key of the entity.
pub fn touch_rows(
    connection: &mut dyn Connection,
    rows: &str,
    entity_key: i64,
    change_seq: i64,
) -> Result<(), StoreError> {
    for table in ["data_rows", "project_rows", "run_rows"] {
        let sql = format!("update {table} set change_seq = $1 where row_key in ({rows})");
        connection.execute(&sql, &[change_seq.into(), entity_key.into()])?;
    }
    let mut runs: Vec<KeyRun> = Vec::new();
    // The number is named since `rows` begins with the second parameter.
    let sql = format!("with n as (select $1) select distinct q.row_key from n, ({rows}) q order by q.row_key");
    connection.query(&sql, &[change_seq.into(), entity_key.into()], &mut |row| {
        extend(&mut runs, row.int(0).unwrap_or(0));
        ControlFlow::Continue(())
    })?;
    runs.iter().try_for_each(|run| note_run(connection, change_seq, run))
}

/// Adds a key to ascending runs, of which none has a greater one.
fn extend(runs: &mut Vec<KeyRun>, row_key: RowKey) {
    match runs.last_mut() {
        Some(run) if *run.end() == row_key => {}
        Some(run) if *run.end() + 1 == row_key => *run = *run.start()..=row_key,
        _ => runs.push(row_key..=row_key),
    }
}

/// Leaves a tombstone in the scope that a row leaves.
pub fn leave_scope(
    connection: &mut dyn Connection,
    org_key: i64,
    change_seq: i64,
    departure: Departure<'_>,
) -> Result<(), StoreError> {
    let Departure { scope, scope_key, row_key, row_id } = departure;
    let sql = "select global_key from data_rows where row_key = $1";
    let global_key = connection.find(sql, &[row_key.into()], |row| row.text(0))?.flatten();
    connection.execute(
        "insert into tombstones (org_key, scope, scope_key, change_seq, row_key, row_id, global_key) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        &[
            org_key.into(),
            scope.word().into(),
            scope_key.into(),
            change_seq.into(),
            row_key.into(),
            row_id.into(),
            global_key.as_ref().into(),
        ],
    )?;
    Ok(())
}
