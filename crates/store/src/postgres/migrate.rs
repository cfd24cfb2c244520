//! The schema, one migration after the other.
//!
//! The table `labelport_schema` holds how many have been applied, and marks a
//! database of ours. Processes that start together take the lock of writers, so that one of them migrates.

use super::PostgresOptions;
use super::connection::{self, PostgresConnection};
use super::schema::{self, Layout};
use super::session::Role;
use crate::engine::{Connection, Step, StoreError};
use crate::server_error::PostgresError;
use std::sync::Arc;

/// The oldest version of PostgreSQL that is known to do.
const SERVER_VERSION: i64 = 150_000;

/// Brings the schema up to date. An empty database gets the tables, or is refused. Returns the connection that did it.
pub(super) fn migrate(options: &Arc<PostgresOptions>, may_create: bool) -> Result<PostgresConnection, StoreError> {
    let mut reader = PostgresConnection::open(options, Role::Unchecked, Layout::Whole)?;
    let server = || options.address.shown().to_owned();
    let found = find_version(&mut reader, options)?.map(schema::parse);
    if let Some((layout, _)) = found {
        reader.set_layout(layout)?;
    }
    match found.map(|(_, version)| version) {
        None if !may_create => return Err(PostgresError::NoStore { server: server() }.into()),
        Some(found) if found < 0 => return Err(PostgresError::Moving { server: server() }.into()),
        Some(found) if found == schema::known() => return Ok(reader),
        Some(found) if found > schema::known() => {
            return Err(PostgresError::Newer { server: server(), found, known: schema::known() }.into());
        }
        Some(found) if is_replica(&mut reader)? => {
            return Err(PostgresError::Older { server: server(), found }.into());
        }
        _ => {}
    }
    let mut writer = reader;
    writer.begin_locked(connection::MIGRATION_LOCK, "null")?;
    let applied = apply(&mut writer, options);
    writer.step(if applied.is_ok() { Step::Commit } else { Step::RollBack })?;
    applied.map(|()| writer)
}

/// Returns whether a database has a workspace.
pub(super) fn has_store(options: &Arc<PostgresOptions>) -> Result<bool, StoreError> {
    let mut reader = PostgresConnection::open(options, Role::Unchecked, Layout::Whole)?;
    Ok(find_version(&mut reader, options)?.is_some())
}

pub(super) fn apply(writer: &mut PostgresConnection, options: &PostgresOptions) -> Result<(), StoreError> {
    // Another process may have been faster.
    let (layout, found) = schema::parse(find_version(writer, options)?.unwrap_or(0));
    for (number, migration) in (1..).zip(schema::MIGRATIONS).skip(usize::try_from(found).unwrap_or(0)) {
        if number == 1 {
            writer.batch("create table labelport_schema (version bigint not null)")?;
            writer.batch("insert into labelport_schema (version) values (0)")?;
        }
        writer.batch(migration)?;
        let version = schema::version(layout) - schema::known() + number;
        writer.batch(&format!("update labelport_schema set version = {version}"))?;
    }
    Ok(())
}

/// Returns the version of the schema; none for an empty database. A database of others is refused.
pub(super) fn find_version(
    connection: &mut PostgresConnection,
    options: &PostgresOptions,
) -> Result<Option<i64>, StoreError> {
    let server = options.address.shown().to_owned();
    let connection: &mut dyn Connection = connection;
    let sql = "select current_setting('server_version_num')::bigint, current_setting('server_version'), \
               cast(to_regclass(quote_ident(current_schema()) || '.labelport_schema') is not null as int)::bigint";
    let found = connection
        .find(sql, &[], |row| (row.int(0).unwrap_or(0), row.text(1).unwrap_or_default(), row.int(2) == Some(1)))?;
    let (number, found, is_ours) = found.unwrap_or_default();
    if number < SERVER_VERSION {
        return Err(PostgresError::TooOld { server, found }.into());
    }
    if is_ours {
        return Ok(Some(connection.count(schema::VERSION_SQL, &[])?));
    }
    // What an extension has made, such as the views of pg_stat_statements, belongs to nobody.
    let sql = "select count(*) from pg_class c where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') \
               and c.relnamespace = current_schema()::regnamespace and not exists (select 1 from pg_depend d \
               where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')";
    match connection.count(sql, &[])? {
        0 => Ok(None),
        _ => Err(PostgresError::NotAStore { server }.into()),
    }
}

fn is_replica(connection: &mut PostgresConnection) -> Result<bool, StoreError> {
    let connection: &mut dyn Connection = connection;
    let sql = "select pg_is_in_recovery() or current_setting('default_transaction_read_only')::boolean";
    Ok(connection.count(sql, &[])? != 0)
}
