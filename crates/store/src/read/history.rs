//! What changed after a change number: the rows that were touched, and those that left a scope.
//!
//! A touched row may look the same in an export, and a row that left a scope may never have been selected by its filters:
//! history names too many rows, never too few. It is kept for a while; up to the number that [`start`] returns, it is gone.

use super::select::Base;
use crate::engine::{Connection, StoreError};
use crate::row_key::{KeyRun, RowKey};
use std::ops::ControlFlow;

/// A row that is not in a scope any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departed {
    /// Its public id.
    pub row_id: String,
    /// Its global key: that of now, or the one that it had when it was deleted.
    pub global_key: Option<String>,
    /// Whether it was deleted. If not, it left the scope.
    pub is_deleted: bool,
    /// Another row that has its public id now.
    pub successor: Option<RowKey>,
}

/// Returns the number up to which changes are not known any more.
pub fn start(connection: &mut dyn Connection, org_key: i64) -> Result<i64, StoreError> {
    connection.count("select history_start from organizations where org_key = $1", &[org_key.into()])
}

/// Returns the last row key that was given to a row.
pub fn last_row_key(connection: &mut dyn Connection) -> Result<RowKey, StoreError> {
    connection.count("select value from counters where name = 'row_key'", &[])
}

/// Lists the keys of rows that were touched after a change number, as ascending runs that do not meet.
pub fn list_changed(connection: &mut dyn Connection, change_seq: i64) -> Result<Vec<KeyRun>, StoreError> {
    let sql = "select first_key, last_key from changed_rows where change_seq > $1 order by first_key, last_key";
    let mut runs: Vec<KeyRun> = Vec::new();
    connection.query(sql, &[change_seq.into()], &mut |row| {
        let (first, last) = (row.int(0).unwrap_or(0), row.int(1).unwrap_or(0));
        match runs.last_mut() {
            Some(run) if first <= *run.end() + 1 => *run = *run.start()..=last.max(*run.end()),
            _ => runs.push(first..=last),
        }
        ControlFlow::Continue(())
    })?;
    Ok(runs)
}

/// Counts the rows of a scope that were touched after a change number, and those that left it.
pub fn count_touched(
    connection: &mut dyn Connection,
    org_key: i64,
    base: Base,
    change_seq: i64,
) -> Result<i64, StoreError> {
    let (scope, scope_key, member) = names(org_key, base);
    let sql = format!(
        "select (select count(distinct t.row_key) from tombstones t where t.org_key = $1 and t.scope = $2 \
         and t.scope_key = $3 and t.change_seq > $4 and not exists (select 1 from {member} and b.row_key = t.row_key)) \
         + (select count(distinct b.row_key) from changed_rows c join {joined} \
         and b.row_key between c.first_key and c.last_key where c.change_seq > $4)",
        joined = member.replace(" where ", " on "),
    );
    connection.count(&sql, &[org_key.into(), scope.into(), scope_key.into(), change_seq.into()])
}

/// Returns the word of a scope, its key, and where its rows are, called `b`, with the key as the third parameter.
fn names(org_key: i64, base: Base) -> (&'static str, i64, &'static str) {
    match base {
        Base::Catalog => ("catalog", org_key, "data_rows b where b.org_key = $3"),
        Base::Dataset(key) => ("dataset", key, "data_rows b where b.dataset_key = $3"),
        Base::ModelRun(key) => ("model_run", key, "run_rows b where b.run_key = $3"),
        Base::Project(key) => ("project", key, "project_rows b where b.project_key = $3"),
    }
}

/// Calls `each` for the rows that left a scope after a change number and are not in it again, in the order of their keys.
pub fn for_each_departed(
    connection: &mut dyn Connection,
    org_key: i64,
    base: Base,
    change_seq: i64,
    each: &mut dyn FnMut(Departed) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let (scope, scope_key, member) = names(org_key, base);
    let sql = format!(
        "select t.row_id, coalesce(r.global_key, t.global_key), r.row_key, i.row_key from (\
         select row_key, max(change_seq) as change_seq from tombstones \
         where org_key = $1 and scope = $2 and scope_key = $3 and change_seq > $4 group by row_key) l \
         join tombstones t on t.org_key = $1 and t.scope = $2 and t.scope_key = $3 \
         and t.change_seq = l.change_seq and t.row_key = l.row_key \
         left join data_rows r on r.row_key = t.row_key left join row_ids i on i.id = t.row_id \
         where not exists (select 1 from {member} and b.row_key = t.row_key) order by t.row_key"
    );
    connection.query(&sql, &[org_key.into(), scope.into(), scope_key.into(), change_seq.into()], &mut |row| {
        let is_deleted = row.int(2).is_none();
        each(Departed {
            row_id: row.text(0).unwrap_or_default(),
            global_key: row.text(1),
            is_deleted,
            successor: row.int(3).filter(|_| is_deleted),
        })
    })
}
