//! A database that is being filled with the rows of another one. Until the move is complete the version of its schema is
//! negative, and nobody can open it as a workspace.

use super::connection::{MIGRATION_LOCK, PostgresConnection};
use super::schema::{self, Layout};
use super::session::Role;
use super::{Postgres, PostgresOptions, migrate};
use crate::engine::{Connection, Engine, Step, StoreError};
use crate::server_error::PostgresError;
use crate::tables::settings;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A database that is being filled.
pub struct Filling {
    options: Arc<PostgresOptions>,
    layout: Layout,
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
        let mut connection = PostgresConnection::open(&options, Role::Unchecked, Layout::Whole)?;
        connection.begin_locked(MIGRATION_LOCK, "null")?;
        let begun = begin(&mut connection, &options, mark);
        connection.step(if begun.is_ok() { Step::Commit } else { Step::RollBack })?;
        let layout = begun?;
        for attempt in 0..LOCK_TRIES {
            if attempt > 0 {
                std::thread::sleep(LOCK_PAUSE);
            }
            let held: &mut dyn Connection = &mut connection;
            if held.count(&format!("select pg_try_advisory_lock({MOVE_LOCK})"), &[])? != 0 {
                return Ok(Self { options, layout, _lock: connection });
            }
        }
        Err(PostgresError::MovedByAnother { server: options.address.shown().to_owned() }.into())
    }

    /// Returns the engine by which what was filled so far can be read.
    pub fn engine(&self) -> Box<dyn Engine> {
        let (options, layout) = (Arc::clone(&self.options), self.layout);
        Box::new(Postgres { options, role: Role::Filler, layout, checked: Mutex::default() })
    }

    /// Opens a connection that writes.
    pub fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        Ok(Box::new(PostgresConnection::open(&self.options, Role::Filler, self.layout)?))
    }

    /// Makes the database a workspace, with a lineage of its own: the source may go on, and changes have the same numbers then.
    pub fn finish(self, lineage: &str) -> Result<(), StoreError> {
        let mut connection = PostgresConnection::open(&self.options, Role::Filler, self.layout)?;
        connection.step(Step::BeginWrite)?;
        let finished = settings::put(&mut connection, settings::LINEAGE, lineage)
            .and_then(|()| connection.batch(FINISH))
            .and_then(|()| connection.batch("drop table labelport_moving"))
            .and_then(|()| {
                connection.batch(&format!("update labelport_schema set version = {}", schema::version(self.layout)))
            });
        connection.step(if finished.is_ok() { Step::Commit } else { Step::RollBack })?;
        finished?;
        connection.batch("analyze")
    }
}

/// Begins, or finds what was begun. Returns where the tables lie.
fn begin(connection: &mut PostgresConnection, options: &PostgresOptions, mark: &str) -> Result<Layout, StoreError> {
    let server = || options.address.shown().to_owned();
    let found = migrate::find_version(connection, options)?;
    let (layout, _) = schema::parse(found.unwrap_or(0));
    match found {
        None => {
            migrate::apply(connection, options)?;
            fill(connection, layout, mark)?;
        }
        Some(version) if version == -schema::version(layout) => {
            let connection: &mut dyn Connection = connection;
            let known = connection.find("select mark from labelport_moving", &[], |row| row.text(0))?.flatten();
            if known.as_deref() != Some(mark) {
                return Err(PostgresError::MovingFromElsewhere { server: server() }.into());
            }
        }
        // The tables were distributed, and nothing more.
        Some(version) if version == schema::version(Layout::Distributed) && is_unfounded(connection)? => {
            fill(connection, layout, mark)?;
        }
        Some(_) => return Err(PostgresError::Taken { server: server() }.into()),
    }
    Ok(layout)
}

/// Returns whether there are tables and no workspace.
fn is_unfounded(connection: &mut PostgresConnection) -> Result<bool, StoreError> {
    let connection: &mut dyn Connection = connection;
    Ok(connection.count("select count(*) from organizations", &[])? == 0)
}

fn fill(connection: &mut PostgresConnection, layout: Layout, mark: &str) -> Result<(), StoreError> {
    connection.batch("create table labelport_moving (mark text not null)")?;
    connection.execute("insert into labelport_moving (mark) values ($1)", &[mark.into()])?;
    connection.batch(&format!("update labelport_schema set version = -{}", schema::version(layout)))
}
