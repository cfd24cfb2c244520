//! [`Connection`] over the `postgres` client.

use super::error::{self, Context};
use super::insert::{self, Column};
use super::value::{PostgresRow, Sought};
use super::{PostgresOptions, schema};
use crate::engine::{Column as TableColumn, Connection, Each, Insert, Kind, Param, Step, StoreError, Traits};
use crate::server_error::PostgresError;
use postgres::error::SqlState;
use postgres::fallible_iterator::FallibleIterator;
use postgres::types::Type;
use postgres::{Client, SimpleQueryMessage, Statement};
use std::collections::HashMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The most statements that stay prepared.
const PREPARED: usize = 512;
/// The first half of every advisory lock of labelport: "lbpt".
const LOCK_CLASS: i32 = 0x6c62_7074;
/// The second half of the lock that those take who write, in terms of SQL: workspaces in schemas of one database do not wait
/// for each other.
const WRITER_LOCK: &str = "'labelport_schema'::regclass::oid::int";
/// The same for those who create or change the tables, which may not be there yet.
pub(super) const MIGRATION_LOCK: &str = "current_schema()::regnamespace::oid::int";
/// What the server says of a state that nobody reads any more, or that another server had.
const GONE_STATES: &[SqlState] = &[
    SqlState::INVALID_PARAMETER_VALUE,
    SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
    SqlState::UNDEFINED_OBJECT,
    SqlState::FEATURE_NOT_SUPPORTED,
];
/// The channel, in terms of SQL: workspaces in schemas of one database do not hear each other.
pub(super) const CHANNEL: &str = "'labelport_' || 'labelport_schema'::regclass::oid";
/// Makes a connection one that only reads.
const READ_ONLY: &str = "set default_transaction_read_only = on";
/// How often, and how long apart, a new connection asks what became of a transaction that was being committed.
const OUTCOME_TRIES: u32 = 50;
const OUTCOME_PAUSE: Duration = Duration::from_millis(200);

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It reads.
    Reader,
    /// It writes.
    Writer,
    /// It looks whether there is a workspace, and makes one.
    Unchecked,
    /// It fills a database that is no workspace yet.
    Filler,
}

pub(super) struct PostgresConnection {
    options: Arc<PostgresOptions>,
    role: Role,
    client: Client,
    statements: HashMap<String, Statement>,
    /// The types of the columns that rows are inserted into.
    inserts: HashMap<String, Vec<Type>>,
    is_in_transaction: bool,
    /// The number that the server gave to the transaction that writes.
    transaction_id: Option<String>,
}

impl fmt::Debug for PostgresConnection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PostgresConnection").field("role", &self.role).finish_non_exhaustive()
    }
}

impl PostgresConnection {
    pub(super) fn open(options: &Arc<PostgresOptions>, role: Role) -> Result<Self, StoreError> {
        Ok(Self {
            options: Arc::clone(options),
            role,
            client: connect(options, role)?,
            statements: HashMap::new(),
            inserts: HashMap::new(),
            is_in_transaction: false,
            transaction_id: None,
        })
    }

    /// Makes a connection that checked the schema one that reads.
    pub(super) fn into_reader(mut self) -> Result<Self, StoreError> {
        self.batch(READ_ONLY)?;
        self.role = Role::Reader;
        Ok(self)
    }

    fn context(&self) -> Context<'_> {
        context(&self.options)
    }

    fn explain(&self, error: &postgres::Error) -> StoreError {
        error::explain(error, self.context())
    }

    /// Runs statements that take no parameters and are not kept prepared.
    pub(super) fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        let outcome = self.client.batch_execute(sql);
        outcome.map_err(|error| self.explain(&error))
    }

    /// Begins a transaction with a lock that nobody else has before it reads anything. Returns what `read` selects.
    pub(super) fn begin_locked(&mut self, lock: &str, read: &str) -> Result<Option<String>, StoreError> {
        let wait = self.options.lock_wait.as_millis();
        // What follows the lock sees what was committed before it was given.
        let sql = format!(
            "begin isolation level read committed; set local lock_timeout = '{wait}ms'; \
             select pg_advisory_xact_lock({LOCK_CLASS}, {lock}); select pg_current_xact_id(), ({read})"
        );
        let answered = self.client.simple_query(&sql).map_err(|error| {
            // The transaction may have begun and not got the lock.
            drop(self.client.batch_execute("rollback"));
            error::explain(&error, context(&self.options))
        })?;
        self.is_in_transaction = true;
        let (id, read) = last_values(&answered);
        self.transaction_id = id;
        Ok(read)
    }

    /// Begins to write. A connection that was lost since the last transaction is made again.
    fn begin_write(&mut self) -> Result<(), StoreError> {
        if self.client.is_closed() {
            self.reconnect()?;
        }
        let version = match self.begin_locked(WRITER_LOCK, schema::VERSION_SQL) {
            // The loss is noticed by the first message, and nothing was done yet.
            Err(StoreError::Postgres(PostgresError::Lost { .. })) => {
                self.reconnect()?;
                self.begin_locked(WRITER_LOCK, schema::VERSION_SQL)?
            }
            begun => begun?,
        };
        let found = version.and_then(|version| version.parse().ok()).unwrap_or(0);
        if found == self.expected_version() {
            return Ok(());
        }
        // Another process has brought the schema up to date.
        self.step(Step::RollBack)?;
        let server = self.options.address.shown().to_owned();
        Err(PostgresError::Newer { server, found, known: schema::known() }.into())
    }

    /// Returns the version that the schema must have.
    fn expected_version(&self) -> i64 {
        if self.role == Role::Filler { -schema::known() } else { schema::known() }
    }

    fn reconnect(&mut self) -> Result<(), StoreError> {
        self.client = connect(&self.options, self.role)?;
        self.statements.clear();
        self.inserts.clear();
        self.is_in_transaction = false;
        Ok(())
    }

    /// Commits. A transaction that has failed is answered as rolled back, which is no error to the server.
    fn commit(&mut self) -> Result<(), StoreError> {
        let id = self.transaction_id.take();
        self.is_in_transaction = false;
        // The query fails in a transaction that has failed, and with it the commit.
        match self.client.simple_query("select 1; commit") {
            Ok(_) => Ok(()),
            Err(error) => match self.explain(&error) {
                StoreError::Postgres(PostgresError::Lost { server, reason }) => {
                    self.look_up_outcome(id, server, reason)
                }
                other => {
                    drop(self.client.batch_execute("rollback"));
                    Err(other)
                }
            },
        }
    }

    /// Finds out what became of a transaction whose commit was not answered.
    fn look_up_outcome(&mut self, id: Option<String>, server: String, reason: String) -> Result<(), StoreError> {
        let lost = PostgresError::Lost { server, reason };
        let Some(id) = id else { return Err(lost.into()) };
        for attempt in 0..OUTCOME_TRIES {
            if attempt > 0 {
                std::thread::sleep(OUTCOME_PAUSE);
            }
            if self.client.is_closed() && self.reconnect().is_err() {
                continue;
            }
            // Where this connection is lost as well, it is asked again on the next one.
            if let Ok(answered) = self.client.simple_query(&format!("select pg_xact_status('{id}'::xid8)")) {
                match last_values(&answered).0.as_deref() {
                    Some("committed") => return Ok(()),
                    Some("in progress") => {}
                    _ => return Err(lost.into()),
                }
            }
        }
        Err(lost.into())
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(known) = self.statements.get(sql) {
            return Ok(known.clone());
        }
        if self.statements.len() >= PREPARED {
            self.statements.clear();
        }
        let prepared = self.client.prepare(sql).map_err(|error| error::explain(&error, context(&self.options)))?;
        self.statements.insert(sql.to_owned(), prepared.clone());
        Ok(prepared)
    }

    fn copy(&mut self, insert: &Insert<'_>, types: &[Type], params: &[Param<'_>]) -> Result<(), StoreError> {
        let statement = self.statement(&insert::copy_sql(insert))?;
        let context = context(&self.options);
        let mut writer = self.client.copy_in(&statement).map_err(|error| error::explain(&error, context))?;
        match insert::copy(&mut writer, types, params) {
            Ok(()) => writer.finish().map(|_| ()).map_err(|error| error::explain(&error, context)),
            // A writer that is dropped takes its rows back.
            Err(error) => Err(error::explain_any(&*error, context)),
        }
    }

    /// Returns the types of the columns of an insert.
    fn types(&mut self, insert: &Insert<'_>) -> Result<Vec<Type>, StoreError> {
        if let Some(known) = self.inserts.get(insert.into) {
            return Ok(known.clone());
        }
        let prepared = self.client.prepare(&insert::typing_sql(insert)).map_err(|error| self.explain(&error))?;
        let types = prepared.params().to_vec();
        self.inserts.insert(insert.into.to_owned(), types.clone());
        Ok(types)
    }
}

impl Connection for PostgresConnection {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        if params.is_empty() && sql.starts_with("set ") {
            return self.batch(sql).map(|()| 0);
        }
        let statement = self.statement(sql)?;
        let mut run = || {
            let mut rows = self.client.query_raw(&statement, params.iter().copied())?;
            while rows.next()?.is_some() {}
            Ok(rows.rows_affected().unwrap_or(0))
        };
        run().map_err(|error| error::explain(&error, context(&self.options)))
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        let statement = self.statement(sql)?;
        let only_reads = sql.starts_with("select ") || sql.starts_with("with ");
        let mut run = || {
            let mut rows = match only_reads {
                true => self.client.query_raw(&statement, params.iter().map(|param| Sought(*param)))?,
                false => self.client.query_raw(&statement, params.iter().copied())?,
            };
            while let Some(row) = rows.next()? {
                let view = PostgresRow::new(&row);
                let flow = each(&view);
                if let Some(damage) = view.misfit() {
                    return Ok(Some(damage));
                }
                if flow.is_break() {
                    break;
                }
            }
            Ok(None)
        };
        match run() {
            Ok(None) => Ok(()),
            Ok(Some(damage)) => Err(StoreError::Damaged(damage)),
            Err(error) => Err(error::explain(&error, context(&self.options))),
        }
    }

    fn query_first(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        // The server would send all rows, and plan for them.
        let is_bounded = !sql.starts_with("select ") || sql.contains(" limit ");
        let sql = if is_bounded { sql.to_owned() } else { format!("{sql} limit 1") };
        self.query(&sql, params, each)
    }

    fn insert_many(&mut self, insert: &Insert<'_>, params: &[Param<'_>]) -> Result<(), StoreError> {
        let types = self.types(insert)?;
        if insert.conflict.is_empty() {
            return self.copy(insert, &types, params);
        }
        let statement = self.statement(&insert::sql(insert, &types))?;
        for piece in insert::pieces(params, insert.columns) {
            let columns = (0..insert.columns).map(|at| Column { params: piece, at, columns: insert.columns });
            let columns: Vec<Column<'_, '_>> = columns.collect();
            let mut run = || {
                let mut rows = self.client.query_raw(&statement, &columns)?;
                while rows.next()?.is_some() {}
                Ok(())
            };
            run().map_err(|error| error::explain(&error, context(&self.options)))?;
        }
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<(), StoreError> {
        match step {
            Step::BeginRead => {
                self.batch("begin isolation level repeatable read read only")?;
                self.is_in_transaction = true;
                Ok(())
            }
            Step::BeginWrite => self.begin_write(),
            Step::Commit => self.commit(),
            Step::RollBack => {
                self.is_in_transaction = false;
                self.batch("rollback")
            }
            Step::Savepoint(name) => self.batch(&format!("savepoint {name}")),
            Step::Release(name) => self.batch(&format!("release savepoint {name}")),
            Step::TakeBack(name) => self.batch(&format!("rollback to savepoint {name}; release savepoint {name}")),
        }
    }

    fn traits(&self) -> Traits {
        Traits { is_remote: true, block_rows: 1_024, insert_params: insert::PARAMS, takes_nul: false }
    }

    fn copy_to(&mut self, _: &Path, _: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        Err(PostgresError::NoCopy { server: self.options.address.shown().to_owned() }.into())
    }

    /// Looks at the indexes, where the extension that can do that is installed.
    fn check_file(&mut self) -> Result<Vec<String>, StoreError> {
        const POINT: &str = "index";
        if self.unchecked()?.is_some() {
            return Ok(Vec::new());
        }
        let connection: &mut dyn Connection = self;
        let sql = "select c.oid::regclass::text from pg_class c join pg_am a on a.oid = c.relam \
                   where a.amname = 'btree' and c.relkind = 'i' and c.relnamespace = current_schema()::regnamespace \
                   order by c.relname";
        let mut problems = Vec::new();
        for index in connection.list(sql, &[], |row| row.text(0))?.into_iter().flatten() {
            // What is found fails the statement, and others are to be looked at all the same.
            connection.step(Step::Savepoint(POINT))?;
            match connection.find("select bt_index_check($1::text::regclass)", &[(&index).into()], |_| ()) {
                Ok(_) => connection.step(Step::Release(POINT))?,
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => {
                    problems.push(format!("{index}: {error}"));
                    connection.step(Step::TakeBack(POINT))?;
                }
            }
        }
        Ok(problems)
    }

    fn unchecked(&mut self) -> Result<Option<&'static str>, StoreError> {
        let connection: &mut dyn Connection = self;
        let is_installed = connection.count("select count(*) from pg_extension where extname = 'amcheck'", &[])? > 0;
        Ok((!is_installed)
            .then_some("indexes were not checked; for that, run `create extension amcheck` in the database"))
    }

    fn is_current(&mut self) -> Result<bool, StoreError> {
        let expected = self.expected_version();
        let connection: &mut dyn Connection = self;
        Ok(connection.count(schema::VERSION_SQL, &[])? == expected)
    }

    fn now_ms(&mut self) -> Result<Option<i64>, StoreError> {
        let connection: &mut dyn Connection = self;
        let sql = "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";
        Ok(connection.find(sql, &[], |row| row.int(0))?.flatten())
    }

    fn say(&mut self, message: &str) -> Result<(), StoreError> {
        let connection: &mut dyn Connection = self;
        connection
            .query(&format!("select pg_notify({CHANNEL}, $1)"), &[message.into()], &mut |_| ControlFlow::Continue(()))
    }

    fn export_state(&mut self) -> Result<Option<String>, StoreError> {
        let connection: &mut dyn Connection = self;
        Ok(connection.find("select pg_export_snapshot()", &[], |row| row.text(0))?.flatten())
    }

    fn import_state(&mut self, state: &str) -> Result<bool, StoreError> {
        // It becomes part of a statement, which takes no parameters.
        if state.is_empty() || !state.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            return Ok(false);
        }
        self.step(Step::BeginRead)?;
        let outcome = self.client.batch_execute(&format!("set transaction snapshot '{state}'"));
        let Err(error) = outcome else { return Ok(true) };
        let is_gone = error.code().is_some_and(|code| GONE_STATES.contains(code));
        let explained = self.explain(&error);
        self.step(Step::RollBack)?;
        if is_gone { Ok(false) } else { Err(explained) }
    }

    fn columns(&mut self, table: &str) -> Result<Vec<TableColumn>, StoreError> {
        let connection: &mut dyn Connection = self;
        let sql = "select column_name::text, data_type::text from information_schema.columns \
                   where table_schema = current_schema() and table_name = $1 order by ordinal_position";
        connection.list(sql, &[table.into()], |row| TableColumn {
            name: row.text(0).unwrap_or_default(),
            kind: match row.text(1).as_deref() {
                Some("bigint") => Kind::Int,
                Some("double precision") => Kind::Real,
                Some("bytea") => Kind::Blob,
                _ => Kind::Text,
            },
        })
    }

    fn size_bytes(&mut self) -> Result<i64, StoreError> {
        let connection: &mut dyn Connection = self;
        connection.count("select pg_database_size(current_database())", &[])
    }

    fn end_read(&mut self) -> Result<(), StoreError> {
        match self.is_in_transaction {
            true => self.step(Step::RollBack),
            false => Ok(()),
        }
    }
}

pub(super) fn context(options: &PostgresOptions) -> Context<'_> {
    Context { server: options.address.shown(), lock_wait: options.lock_wait }
}

/// Connects, and sets what a session must have whatever the server's settings are.
pub(super) fn connect(options: &PostgresOptions, role: Role) -> Result<Client, StoreError> {
    let address = &options.address;
    let mut config = address.config().clone();
    config.notice_callback(|_| {});
    let mut client = config
        .connect(address.encryption().connector())
        .map_err(|error| error::explain_connect(&error, context(options)))?;
    // Statements are short, so compiling them costs more than running them. A snapshot stays open for as long as an export
    // takes.
    let always = "set jit = off; set idle_in_transaction_session_timeout = 0";
    let sql = match role {
        Role::Reader => format!("{READ_ONLY}; {always}"),
        // What was acknowledged is on the disk.
        _ => format!(
            "{always}; \
             select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'; \
             select set_config('default_toast_compression', 'lz4', false) from pg_settings \
             where name = 'default_toast_compression' and 'lz4' = any(enumvals)"
        ),
    };
    client.batch_execute(&sql).map_err(|error| error::explain(&error, context(options)))?;
    Ok(client)
}

/// Returns the first two values of the last row that a simple query was answered with.
fn last_values(answered: &[SimpleQueryMessage]) -> (Option<String>, Option<String>) {
    let row = answered.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let value = |column: usize| row.filter(|row| column < row.len())?.get(column).map(str::to_owned);
    (value(0), value(1))
}

/// Runs one statement on a connection of its own.
pub(super) fn command(options: &PostgresOptions, sql: &str) -> Result<(), StoreError> {
    let outcome = connect(options, Role::Unchecked)?.batch_execute(sql);
    outcome.map_err(|error| error::explain(&error, context(options)))
}
