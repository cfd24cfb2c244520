//! [`Connection`] over a session with the server.

use super::client::{Client, Rows};
use super::cluster::Direct;
use super::error::{self, Context};
use super::insert::{self, Column};
use super::schema::Layout;
use super::session::{self, Prepared, READ_ONLY, Role, connect, context};
use super::{PostgresOptions, blocks, schema, value};
use crate::engine::{Column as TableColumn, Connection, Each, Insert, Kind, Param, Step, StoreError, Traits};
use crate::row_key::RowKey;
use crate::server_error::PostgresError;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{SimpleQueryMessage, Statement};

/// The first half of every advisory lock of labelport: "lbpt".
pub(super) const LOCK_CLASS: i32 = 0x6c62_7074;
/// The second half of the lock that those take who write, in terms of SQL: workspaces in schemas of one database do not wait
/// for each other.
pub(super) const WRITER_LOCK: &str = "'labelport_schema'::regclass::oid::int";
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
/// How often, and how long apart, a new connection asks what became of a transaction that was being committed.
const OUTCOME_TRIES: u32 = 50;
const OUTCOME_PAUSE: Duration = Duration::from_millis(200);

pub(super) struct PostgresConnection {
    options: Arc<PostgresOptions>,
    role: Role,
    layout: Layout,
    /// Sessions with the nodes that have the rows, for readers that show one state.
    direct: Option<Direct>,
    /// Why there are none.
    indirect: Option<String>,
    client: Client,
    statements: Prepared,
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
    pub(super) fn open(options: &Arc<PostgresOptions>, role: Role, layout: Layout) -> Result<Self, StoreError> {
        let mut connection = Self {
            options: Arc::clone(options),
            role,
            layout: Layout::Whole,
            direct: None,
            indirect: None,
            client: connect(options, role)?,
            statements: Prepared::default(),
            inserts: HashMap::new(),
            is_in_transaction: false,
            transaction_id: None,
        };
        connection.set_layout(layout)?;
        Ok(connection)
    }

    /// Says where the tables lie, which is found out by the first connection.
    pub(super) fn set_layout(&mut self, layout: Layout) -> Result<(), StoreError> {
        self.layout = layout;
        match layout {
            Layout::Whole => Ok(()),
            Layout::Distributed => self.batch(blocks::SESSION),
        }
    }

    pub(super) fn layout(&self) -> Layout {
        self.layout
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

    fn explain(&self, error: &tokio_postgres::Error) -> StoreError {
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

    /// Begins to read one state. On a cluster that is the state of each node at this moment, so that nobody may write meanwhile.
    fn begin_read(&mut self) -> Result<(), StoreError> {
        self.batch("begin isolation level repeatable read read only")?;
        self.is_in_transaction = true;
        if self.layout == Layout::Whole {
            return Ok(());
        }
        // The coordinator begins at a node when it first asks it.
        self.batch("select max(row_block) from data_rows; select count(*) from (select 1 from row_ids limit 1) i")?;
        let begun = match self.direct.take().filter(|direct| !direct.is_lost()) {
            Some(mut direct) => direct.refresh(&self.options, &mut self.client).map(|()| direct),
            None => Direct::open(&self.options, &mut self.client),
        };
        match begun.and_then(|mut direct| direct.begin().map(|()| direct)) {
            Ok(direct) => (self.direct, self.indirect) = (Some(direct), None),
            // The coordinator can read them all the same.
            Err(error) => (self.direct, self.indirect) = (None, Some(error.to_string())),
        }
        Ok(())
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
        let (layout, found) = schema::parse(found);
        if layout != self.layout {
            return Err(PostgresError::Redistributed { server }.into());
        }
        Err(PostgresError::Newer { server, found, known: schema::known() }.into())
    }

    /// Returns the version that the schema must have.
    fn expected_version(&self) -> i64 {
        let version = schema::version(self.layout);
        if self.role == Role::Filler { -version } else { version }
    }

    fn reconnect(&mut self) -> Result<(), StoreError> {
        self.client = connect(&self.options, self.role)?;
        self.statements = Prepared::default();
        self.inserts.clear();
        self.is_in_transaction = false;
        self.set_layout(self.layout)
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
        let layout = self.layout;
        let dialect = || match layout {
            Layout::Whole => Cow::Borrowed(sql),
            Layout::Distributed => Cow::Owned(blocks::with_blocks(sql)),
        };
        self.statements.get(&mut self.client, sql, dialect, context(&self.options))
    }

    fn copy(&mut self, insert: &Insert<'_>, types: &[Type], params: &[Param<'_>]) -> Result<(), StoreError> {
        let statement = self.statement(&insert::copy_sql(insert))?;
        let context = context(&self.options);
        let mut run = || {
            let mut copy = self.client.copy_in(&statement)?;
            // A copy that is dropped takes its rows back.
            insert::copy(types, params, &mut |rows| Ok(copy.send(rows)?))?;
            copy.finish()?;
            Ok(())
        };
        run().map_err(|error: value::AnyError| error::explain_any(&*error, context))
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
        let written = self.client.run(&statement, params.iter().copied()).and_then(Rows::finish);
        written.map_err(|error| self.explain(&error))
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        let statement = self.statement(sql)?;
        session::read(&mut self.client, &statement, sql, params, each, context(&self.options))
    }

    fn query_block(
        &mut self,
        key: RowKey,
        sql: &str,
        params: &[Param<'_>],
        each: &mut Each<'_>,
    ) -> Result<(), StoreError> {
        if self.layout == Layout::Whole {
            return self.query(sql, params, each);
        }
        let block = key >> blocks::BLOCK_BITS;
        if let Some(direct) = self.direct.as_mut().filter(|_| self.is_in_transaction)
            && direct.query(block, sql, params, each)?
        {
            return Ok(());
        }
        let with_block: Vec<Param<'_>> = params.iter().copied().chain([Param::Int(block)]).collect();
        self.query(&blocks::in_block(sql, params.len()), &with_block, each)
    }

    fn query_first(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        // The server would send all rows, and plan for them.
        let is_bounded = !sql.starts_with("select ") || sql.contains(" limit ");
        let sql = if is_bounded { sql.to_owned() } else { format!("{sql} limit 1") };
        self.query(&sql, params, each)
    }

    fn insert_many(&mut self, insert: &Insert<'_>, params: &[Param<'_>]) -> Result<(), StoreError> {
        let (into, with_block);
        let (insert, params) = match self.layout {
            Layout::Whole => (insert, params),
            Layout::Distributed => match blocks::add_blocks(insert, params) {
                None => (insert, params),
                Some(added) => {
                    (into, with_block) = added;
                    (&Insert { into: &into, columns: insert.columns + 1, conflict: insert.conflict }, &with_block[..])
                }
            },
        };
        let types = self.types(insert)?;
        if insert.conflict.is_empty() {
            return self.copy(insert, &types, params);
        }
        let statement = self.statement(&insert::sql(insert, &types))?;
        for piece in insert::pieces(params, insert.columns) {
            let columns = (0..insert.columns).map(|at| Column { params: piece, at, columns: insert.columns });
            let columns: Vec<Column<'_, '_>> = columns.collect();
            let written = self.client.run(&statement, &columns).and_then(Rows::finish);
            written.map_err(|error| self.explain(&error))?;
        }
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<(), StoreError> {
        match step {
            Step::BeginRead => self.begin_read(),
            Step::BeginWrite => self.begin_write(),
            Step::Commit => self.commit(),
            Step::RollBack => {
                self.is_in_transaction = false;
                // A node that cannot end its transaction is asked for no other.
                self.direct = self.direct.take().and_then(|mut direct| direct.end().ok().map(|()| direct));
                self.batch("rollback")
            }
            Step::Savepoint(name) => self.batch(&format!("savepoint {name}")),
            Step::Release(name) => self.batch(&format!("release savepoint {name}")),
            Step::TakeBack(name) => self.batch(&format!("rollback to savepoint {name}; release savepoint {name}")),
        }
    }

    fn traits(&self) -> Traits {
        let keys_together = match self.layout {
            Layout::Whole => None,
            Layout::Distributed => Some(1 << blocks::BLOCK_BITS),
        };
        Traits { is_remote: true, block_rows: 1_024, insert_params: insert::PARAMS, takes_nul: false, keys_together }
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
        if self.layout == Layout::Distributed {
            return Ok(Some("indexes were not checked; for that, run `pg_amcheck` on each server of the cluster"));
        }
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

    fn notice(&self) -> Option<String> {
        let reason = self.indirect.as_ref()?;
        Some(format!(
            "rows are read through the coordinator, which is slower, since a node cannot be read directly: {reason}"
        ))
    }

    fn export_state(&mut self) -> Result<Option<String>, StoreError> {
        // A state of a cluster has no name.
        if self.layout == Layout::Distributed {
            return Ok(None);
        }
        let connection: &mut dyn Connection = self;
        Ok(connection.find("select pg_export_snapshot()", &[], |row| row.text(0))?.flatten())
    }

    fn import_state(&mut self, state: &str) -> Result<bool, StoreError> {
        // It becomes part of a statement, which takes no parameters.
        // Other nodes of a cluster would be read in states of their own.
        if self.layout == Layout::Distributed
            || state.is_empty()
            || !state.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
        {
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
                   where table_schema = current_schema() and table_name = $1 and column_name <> 'row_block' \
                   order by ordinal_position";
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

/// Returns the first two values of the last row that a simple query was answered with.
fn last_values(answered: &[SimpleQueryMessage]) -> (Option<String>, Option<String>) {
    let row = answered.iter().rev().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let value = |column: usize| row.filter(|row| column < row.len())?.get(column).map(str::to_owned);
    (value(0), value(1))
}
