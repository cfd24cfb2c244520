//! What changed after a change number: the rows that were touched, and those that left a scope.
//!
//! A touched row may look the same in an export, and a row that left a scope may never have been selected by its filters:
//! history names too many rows, never too few. It is kept for a while; up to the number that [`start`] returns, it is gone.

use super::select::Base;
use crate::engine::{Connection, Param, RowView, StoreError};
use crate::row_key::{KeyRun, RowKey};
use std::collections::{HashMap, HashSet};
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
    let mut touched = 0;
    let mut after = RowKey::MIN;
    loop {
        let some = list_tombstones(connection, (org_key, scope, scope_key), change_seq, after)?;
        let Some(last) = some.last() else { break };
        after = last.row_key;
        // A row that is there again has not left.
        touched += some.len() as i64 - find_members(connection, scope_key, member, &keys_of(&some))?.len() as i64;
    }
    let changed = format!(
        "select count(distinct b.row_key) from changed_rows c join {joined} \
         and b.row_key between c.first_key and c.last_key where c.change_seq > $2",
        joined = member.replace(" where ", " on "),
    );
    touched += connection.count(&changed, &[scope_key.into(), change_seq.into()])?;
    Ok(touched)
}

/// The tombstones of a scope after a change number. The parameters are the key of the scope, that of the organization, the word
/// of the scope, and the number.
const TOMBSTONES: &str =
    "from tombstones t where t.scope_key = $1 and t.org_key = $2 and t.scope = $3 and t.change_seq > $4";

/// How many tombstones are looked at together.
const TOGETHER: usize = 16_384;

/// Returns the word of a scope, its key, and where its rows are, called `b`, with the key as the first parameter.
fn names(org_key: i64, base: Base) -> (&'static str, i64, &'static str) {
    match base {
        Base::Catalog => ("catalog", org_key, "data_rows b where b.org_key = $1"),
        Base::Dataset(key) => ("dataset", key, "data_rows b where b.dataset_key = $1"),
        Base::ModelRun(key) => ("model_run", key, "run_rows b where b.run_key = $1"),
        Base::Project(key) => ("project", key, "project_rows b where b.project_key = $1"),
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
    let mut after = RowKey::MIN;
    loop {
        let some = list_tombstones(connection, (org_key, scope, scope_key), change_seq, after)?;
        let Some(last) = some.last() else { return Ok(()) };
        after = last.row_key;
        let now = Standing::find(connection, scope_key, member, &some)?;
        for tombstone in some {
            let Some(departed) = now.departed(tombstone) else { continue };
            if each(departed).is_break() {
                return Ok(());
            }
        }
    }
}

/// Lists the last tombstones of the next rows after a key, in the order of their keys. A scope is an organization, its word and
/// its key.
fn list_tombstones(
    connection: &mut dyn Connection,
    (org_key, scope, scope_key): (i64, &str, i64),
    change_seq: i64,
    after: RowKey,
) -> Result<Vec<Tombstone>, StoreError> {
    let sql = format!(
        "select t.row_key, t.row_id, t.global_key from (select t.row_key, max(t.change_seq) as change_seq {TOMBSTONES} \
         and t.row_key > $5 group by t.row_key order by t.row_key limit {TOGETHER}) l \
         join tombstones t on t.scope_key = $1 and t.org_key = $2 and t.scope = $3 \
         and t.change_seq = l.change_seq and t.row_key = l.row_key order by t.row_key"
    );
    let params = [scope_key.into(), org_key.into(), scope.into(), change_seq.into(), after.into()];
    connection.list(&sql, &params, |row| Tombstone {
        row_key: row.int(0).unwrap_or(0),
        row_id: row.text(1).unwrap_or_default(),
        global_key: row.text(2),
    })
}

fn keys_of(left: &[Tombstone]) -> Vec<RowKey> {
    left.iter().map(|tombstone| tombstone.row_key).collect()
}

/// Returns those of a list of rows that are in a scope.
fn find_members(
    connection: &mut dyn Connection,
    scope_key: i64,
    member: &str,
    keys: &[RowKey],
) -> Result<HashSet<RowKey>, StoreError> {
    let sql = format!("select b.row_key from {member} and b.row_key = any($2)");
    let members = connection.list(&sql, &[scope_key.into(), Param::Ints(keys)], |row| row.int(0).unwrap_or(0))?;
    Ok(members.into_iter().collect())
}

/// What a row left where it was.
struct Tombstone {
    row_key: RowKey,
    row_id: String,
    global_key: Option<String>,
}

/// What became of rows that left a scope.
struct Standing {
    /// Those that are in the scope again.
    members: HashSet<RowKey>,
    /// Those that are there, and their global keys.
    rows: HashMap<RowKey, Option<String>>,
    /// The rows that have their ids.
    owners: HashMap<String, RowKey>,
}

impl Standing {
    fn find(
        connection: &mut dyn Connection,
        scope_key: i64,
        member: &str,
        left: &[Tombstone],
    ) -> Result<Self, StoreError> {
        let keys = keys_of(left);
        let ids: Vec<String> = left.iter().map(|tombstone| tombstone.row_id.clone()).collect();
        let key = |row: &dyn RowView| row.int(0).unwrap_or(0);
        let members = find_members(connection, scope_key, member, &keys)?;
        let sql = "select row_key, global_key from data_rows where row_key = any($1)";
        let rows = connection.list(sql, &[Param::Ints(&keys)], |row| (key(row), row.text(1)))?.into_iter().collect();
        let sql = "select row_key, id from row_ids where id = any($1)";
        let owners = connection
            .list(sql, &[Param::Texts(&ids)], |row| (row.text(1).unwrap_or_default(), key(row)))?
            .into_iter()
            .collect();
        Ok(Self { members, rows, owners })
    }

    /// Returns what is said of a row that left; none if it is back.
    fn departed(&self, Tombstone { row_key, row_id, global_key }: Tombstone) -> Option<Departed> {
        if self.members.contains(&row_key) {
            return None;
        }
        let known = self.rows.get(&row_key);
        let is_deleted = known.is_none();
        let successor = self.owners.get(&row_id).copied().filter(|_| is_deleted);
        Some(Departed { global_key: known.cloned().flatten().or(global_key), row_id, is_deleted, successor })
    }
}
