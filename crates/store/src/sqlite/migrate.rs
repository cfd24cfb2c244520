//! The schema, one migration after the other.
//!
//! A migration that has landed is never edited. `user_version` holds the number of migrations applied, `application_id`
//! marks a labelport database. Rows that a migration moves to another table are moved after it, see [`moving`].

use super::connection::SqliteConnection;
use super::moving;
use crate::engine::StoreError;
use std::ops::ControlFlow;
use std::path::Path;

/// Every migration, oldest first.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_server.sql"),
    include_str!("migrations/0003_task_deaths.sql"),
    include_str!("migrations/0004_slim_keys.sql"),
    include_str!("migrations/0005_no_change_indexes.sql"),
    include_str!("migrations/0006_kept_counts.sql"),
    include_str!("migrations/0007_working_day.sql"),
    include_str!("migrations/0008_items.sql"),
    include_str!("migrations/0009_history.sql"),
    include_str!("migrations/0010_webhooks.sql"),
    include_str!("migrations/0011_schedules.sql"),
    include_str!("migrations/0012_export_ranges.sql"),
];

/// "lbpt", which marks a labelport database.
const APPLICATION_ID: i64 = 0x6c62_7074;

/// Returns the number of migrations that this program knows.
pub(super) fn known() -> i64 {
    MIGRATIONS.len() as i64
}

/// Brings the schema up to date. Two processes that start together do it once. `watch` gets how many of how many rows have
/// been moved to tables of another shape; when it breaks, [`StoreError::Interrupted`] is returned and the next call goes on.
pub(super) fn migrate(
    connection: &mut SqliteConnection,
    file: &Path,
    watch: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    let known = known();
    while !is_current(connection, file, known)? {
        connection.batch("begin immediate")?;
        let outcome = apply(connection, file, known);
        connection.batch(if outcome.is_ok() { "commit" } else { "rollback" })?;
        outcome?;
        if moving::is_unfinished(connection)? {
            moving::move_all(connection, file, watch)?;
        }
    }
    Ok(())
}

/// Fails unless the schema is that of now, for a database that cannot be changed.
pub(super) fn refuse_older(connection: &SqliteConnection, file: &Path) -> Result<(), StoreError> {
    match is_current(connection, file, known())? {
        true => Ok(()),
        false => Err(StoreError::Older { found: connection.read_int("pragma user_version")? }),
    }
}

/// Refuses a database that is not ours or of a later version, without changing it.
pub(super) fn refuse_strange(connection: &SqliteConnection, file: &Path) -> Result<(), StoreError> {
    check(connection, file, known()).map(|_| ())
}

/// Returns whether every migration has been applied and every row has been moved.
fn is_current(connection: &SqliteConnection, file: &Path, known: i64) -> Result<bool, StoreError> {
    Ok(check(connection, file, known)? == known && !moving::is_unfinished(connection)?)
}

/// Returns the number of migrations applied to a database of ours.
fn check(connection: &SqliteConnection, file: &Path, known: i64) -> Result<i64, StoreError> {
    let found = connection.read_int("pragma user_version")?;
    let mark = connection.read_int("pragma application_id")?;
    let tables = connection.read_int("select count(*) from sqlite_master")?;
    if tables > 0 && mark != APPLICATION_ID {
        return Err(StoreError::NotAStore { file: file.to_owned() });
    }
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    Ok(found)
}

/// Applies migrations until the last, or until rows are to be moved: a later one finds the tables as they are meant to be.
fn apply(connection: &mut SqliteConnection, file: &Path, known: i64) -> Result<(), StoreError> {
    // Another process may have been faster between the look and the lock.
    let found = check(connection, file, known)?;
    for (number, migration) in (1..=known).zip(MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
        if moving::is_unfinished(connection)? {
            break;
        }
        connection.batch(migration)?;
        moving::finish_empty(connection)?;
        connection.batch(&format!("pragma user_version = {number}; pragma application_id = {APPLICATION_ID}"))?;
    }
    Ok(())
}
