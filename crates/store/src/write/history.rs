//! How long it is known what changed: marks of the time, and forgetting in portions.
//!
//! A change has no time of its own. Instead, the server and `doctor` mark now and then which change number was the last
//! one; what was changed before a mark is at least as old as it. What is forgotten is first said to be unknown, so that
//! nobody reads half of it.

use crate::engine::{Connection, StoreError};
use labelport_model::time::Timestamp;

/// How many runs, and how many tombstones, a portion has at most. One change is not cut.
const PORTION: i64 = 10_000;

/// Marks the last change number of now.
pub fn mark(connection: &mut dyn Connection, org_key: i64, now: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "insert into history_marks (seen_ms, change_seq) select $1, change_seq from organizations where org_key = $2 \
         on conflict (seen_ms) do update set change_seq = excluded.change_seq",
        &[now.as_millis().into(), org_key.into()],
    )?;
    Ok(())
}

/// Returns the last change number that was marked before a time.
pub fn last_before(connection: &mut dyn Connection, before: Timestamp) -> Result<i64, StoreError> {
    let sql = "select coalesce(max(change_seq), 0) from history_marks where seen_ms < $1";
    connection.count(sql, &[before.as_millis().into()])
}

/// Forgets a portion of what changed before a time; returns whether there is more of it.
pub fn forget(connection: &mut dyn Connection, org_key: i64, before: Timestamp) -> Result<bool, StoreError> {
    let last = last_before(connection, before)?;
    let sql = "update organizations set history_start = $1 where org_key = $2 and history_start < $1";
    connection.execute(sql, &[last.into(), org_key.into()])?;
    let sql = "delete from history_marks where seen_ms < $1 and change_seq < $2";
    connection.execute(sql, &[before.as_millis().into(), last.into()])?;
    let sql = "select change_seq from changed_rows where change_seq <= $1 order by change_seq limit 1 offset $2";
    let cut = connection.find(sql, &[last.into(), (PORTION - 1).into()], |row| row.int(0))?.flatten();
    let runs = connection.execute("delete from changed_rows where change_seq <= $1", &[cut.unwrap_or(last).into()])?;
    let departures = connection.execute(
        "delete from tombstones where (org_key, scope, scope_key, change_seq, row_key) in \
         (select t.org_key, t.scope, t.scope_key, t.change_seq, t.row_key from tombstones t \
         where t.org_key = $1 and t.change_seq <= $2 limit $3)",
        &[org_key.into(), last.into(), PORTION.into()],
    )?;
    Ok(runs >= PORTION.unsigned_abs() || departures >= PORTION.unsigned_abs())
}
