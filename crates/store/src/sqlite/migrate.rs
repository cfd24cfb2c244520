//! The schema, one migration after the other.
//!
//! A migration that has landed is never edited. The number of migrations applied stands in `user_version`; the mark of a
//! labelport database in `application_id`.

use super::connection::SqliteConnection;
use crate::engine::StoreError;
use std::path::Path;

/// Every migration, oldest first.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_server.sql"),
    include_str!("migrations/0003_task_deaths.sql"),
];

/// "lbpt", which tells a labelport database from any other.
const APPLICATION_ID: i64 = 0x6c62_7074;

/// Brings the schema up to date. Two processes that start together do it once.
pub(super) fn migrate(connection: &mut SqliteConnection, file: &Path) -> Result<(), StoreError> {
    let known = MIGRATIONS.len() as i64;
    if is_current(connection, file, known)? {
        return Ok(());
    }
    connection.batch("begin immediate")?;
    let outcome = apply(connection, file, known);
    connection.batch(if outcome.is_ok() { "commit" } else { "rollback" })?;
    outcome
}

/// Fails unless the schema is that of now, for a database that cannot be changed.
pub(super) fn refuse_older(connection: &SqliteConnection, file: &Path) -> Result<(), StoreError> {
    match is_current(connection, file, MIGRATIONS.len() as i64)? {
        true => Ok(()),
        false => Err(StoreError::Older { found: connection.read_int("pragma user_version")? }),
    }
}

/// Refuses a database that is not ours or of a later version, without changing it.
pub(super) fn refuse_strange(connection: &SqliteConnection, file: &Path) -> Result<(), StoreError> {
    is_current(connection, file, MIGRATIONS.len() as i64).map(|_| ())
}

fn is_current(connection: &SqliteConnection, file: &Path, known: i64) -> Result<bool, StoreError> {
    let found = connection.read_int("pragma user_version")?;
    let mark = connection.read_int("pragma application_id")?;
    let tables = connection.read_int("select count(*) from sqlite_master")?;
    if tables > 0 && mark != APPLICATION_ID {
        return Err(StoreError::NotAStore { file: file.to_owned() });
    }
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    Ok(found == known)
}

fn apply(connection: &SqliteConnection, file: &Path, known: i64) -> Result<(), StoreError> {
    // Another process may have been faster between the look and the lock.
    if is_current(connection, file, known)? {
        return Ok(());
    }
    let found = connection.read_int("pragma user_version")?;
    for migration in &MIGRATIONS[usize::try_from(found).unwrap_or(0)..] {
        connection.batch(migration)?;
    }
    connection.batch(&format!("pragma user_version = {known}; pragma application_id = {APPLICATION_ID}"))
}
