//! A database that is being filled with the rows of another one. Until the move is complete the version of its schema is
//! negative, and nobody can open it as a workspace.

use super::connection::{MIGRATION_LOCK, PostgresConnection, Role};
use super::{Postgres, PostgresOptions, migrate, schema};
use crate::engine::{Connection, Engine, Step, StoreError};
use crate::server_error::PostgresError;
use crate::tables::settings;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A database that is being filled.
pub struct Filling {
    options: Arc<PostgresOptions>,
    /// Holds the lock of the move until the end.
    _lock: PostgresConnection,
}

/// How often, and how long apart, the lock is asked for: the server takes a moment to see that a process was killed.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(200);

/// The lock of a process that moves a workspace: "lbpm", and the schema.
const MOVE_LOCK: &str = "1818391661, current_schema()::regnamespace::oid::int";

/// The numbers that keys are taken from go on after the last key. Plans are made for the rows that are there now.
const FINISH: &str = "do $$ declare named record; begin \
    for named in select c.table_name as place, c.column_name as key from information_schema.columns c \
    where c.table_schema = current_schema() and c.is_identity = 'YES' loop \
    execute format('select setval(pg_get_serial_sequence(%L, %L), coalesce((select max(%I) from %I), 0) + 1, false)', \
    named.place, named.key, named.key, named.place); end loop; end $$";

impl Filling {
    /// Begins to fill an empty database, or resumes with one that was filled from the same state of the same source.
    pub fn begin(options: PostgresOptions, mark: &str) -> Result<Self, StoreError> {
        let options = Arc::new(options);
        let mut connection = PostgresConnection::open(&options, Role::Unchecked)?;
        connection.begin_locked(MIGRATION_LOCK, "null")?;
        let begun = begin(&mut connection, &options, mark);
        connection.step(if begun.is_ok() { Step::Commit } else { Step::RollBack })?;
        begun?;
        for attempt in 0..LOCK_TRIES {
            if attempt > 0 {
                std::thread::sleep(LOCK_PAUSE);
            }
            let held: &mut dyn Connection = &mut connection;
            if held.count(&format!("select pg_try_advisory_lock({MOVE_LOCK})"), &[])? != 0 {
                return Ok(Self { options, _lock: connection });
            }
        }
        Err(PostgresError::MovedByAnother { server: options.address.shown().to_owned() }.into())
    }

    /// Returns the engine by which what was filled so far can be read.
    pub fn engine(&self) -> Box<dyn Engine> {
        Box::new(Postgres { options: Arc::clone(&self.options), role: Role::Filler, checked: Mutex::default() })
    }

    /// Opens a connection that writes.
    pub fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        Ok(Box::new(PostgresConnection::open(&self.options, Role::Filler)?))
    }

    /// Makes the database a workspace, with a lineage of its own: the source may go on, and changes have the same numbers then.
    pub fn finish(self, lineage: &str) -> Result<(), StoreError> {
        let mut connection = PostgresConnection::open(&self.options, Role::Filler)?;
        connection.step(Step::BeginWrite)?;
        let finished = settings::put(&mut connection, settings::LINEAGE, lineage)
            .and_then(|()| connection.batch(FINISH))
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
