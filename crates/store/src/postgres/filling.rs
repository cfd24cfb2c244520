//! A database that is being filled with the rows of another one. It is no workspace until that is done: the version of its
//! schema is negative.

use super::connection::{MIGRATION_LOCK, PostgresConnection, Role};
use super::{PostgresOptions, migrate, schema};
use crate::engine::{Connection, Step, StoreError};
use crate::server_error::PostgresError;
use std::sync::Arc;

/// A database that is being filled.
#[derive(Debug)]
pub struct Filling {
    options: Arc<PostgresOptions>,
}

/// The numbers that keys are taken from go on after the last key. Plans are made for the rows that are there now.
const FINISH: &str = "do $$ declare named record; begin \
    for named in select c.table_name as place, c.column_name as key from information_schema.columns c \
    where c.table_schema = current_schema() and c.is_identity = 'YES' loop \
    execute format('select setval(pg_get_serial_sequence(%L, %L), coalesce((select max(%I) from %I), 0) + 1, false)', \
    named.place, named.key, named.key, named.place); end loop; end $$";

impl Filling {
    /// Begins to fill an empty database, or goes on with one that was filled from the same state of the same source.
    pub fn begin(options: PostgresOptions, mark: &str) -> Result<Self, StoreError> {
        let options = Arc::new(options);
        let mut connection = PostgresConnection::open(&options, Role::Unchecked)?;
        connection.begin_locked(MIGRATION_LOCK, "null")?;
        let begun = begin(&mut connection, &options, mark);
        connection.step(if begun.is_ok() { Step::Commit } else { Step::RollBack })?;
        begun?;
        Ok(Self { options })
    }

    /// Opens a connection that writes.
    pub fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        Ok(Box::new(PostgresConnection::open(&self.options, Role::Filler)?))
    }

    /// Makes the database a workspace.
    pub fn finish(self) -> Result<(), StoreError> {
        let mut connection = PostgresConnection::open(&self.options, Role::Filler)?;
        connection.step(Step::BeginWrite)?;
        let finished = connection
            .batch(FINISH)
            .and_then(|()| connection.batch("drop table labelport_moving"))
            .and_then(|()| connection.batch(&format!("update labelport_schema set version = {}", schema::known())));
        connection.step(if finished.is_ok() { Step::Commit } else { Step::RollBack })?;
        finished?;
        connection.batch("analyze")
    }
}

fn begin(connection: &mut PostgresConnection, options: &PostgresOptions, mark: &str) -> Result<(), StoreError> {
    let server = || options.address.shown().to_owned();
    let found = migrate::find_version(connection, options)?;
    match found {
        None => {
            migrate::apply(connection, options)?;
            connection.batch("create table labelport_moving (mark text not null)")?;
            connection.execute("insert into labelport_moving (mark) values ($1)", &[mark.into()])?;
            connection.batch(&format!("update labelport_schema set version = -{}", schema::known()))
        }
        Some(version) if version == -schema::known() => {
            let connection: &mut dyn Connection = connection;
            let known = connection.find("select mark from labelport_moving", &[], |row| row.text(0))?.flatten();
            match known.as_deref() == Some(mark) {
                true => Ok(()),
                false => Err(PostgresError::MovingFromElsewhere { server: server() }.into()),
            }
        }
        Some(_) => Err(PostgresError::Taken { server: server() }.into()),
    }
}
