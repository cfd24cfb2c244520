//! Reading connections that are used again.
//!
//! A new connection parses the whole schema, which costs more than most queries. A connection that is given back ends its
//! transaction first, so its next user sees every commit up to then. Before it is used again it is asked whether
//! the database still has the schema of this program; if not, it is closed and a new one is opened, which says why.
//!
//! Nobody waits for a connection: when none is idle, another is opened. A caller that waited while it holds one could wait
//! forever.

use crate::engine::{Column, Connection, Each, Engine, Insert, Param, Step, StoreError, Traits};
use crate::row_key::RowKey;
use crate::server_error::PostgresError;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many idle connections are kept. Each takes about 0.2 MiB once it has given back its pages.
const IDLE_LIMIT: usize = 64;
/// How many are kept to a server, which counts those of all processes.
const IDLE_REMOTE_LIMIT: usize = 8;
/// How often, and how long apart, a server that has no connection left is asked again.
const FULL_TRIES: u32 = 50;
const FULL_PAUSE: Duration = Duration::from_millis(100);

/// The engine, and the connections that nobody uses.
pub(crate) struct Readers {
    engine: Box<dyn Engine>,
    idle: Mutex<Vec<Box<dyn Connection>>>,
}

impl Readers {
    pub(crate) fn new(engine: Box<dyn Engine>) -> Self {
        Self { engine, idle: Mutex::default() }
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.engine
    }

    /// Takes the connection that was given back last, whose pages are the most recent, or opens one.
    pub(crate) fn take(self: &Arc<Self>) -> Result<Box<dyn Connection>, StoreError> {
        let mut tries = 0;
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match idle {
                Some(mut connection) => match connection.is_current() {
                    Ok(true) => connection,
                    Ok(false) | Err(_) => continue,
                },
                None => match self.engine.connect_reader() {
                    // One of ours is given back meanwhile, or one of another process. Not for long: a caller may hold another.
                    Err(StoreError::Postgres(PostgresError::NoConnection { .. })) if tries < FULL_TRIES => {
                        tries += 1;
                        std::thread::sleep(FULL_PAUSE);
                        continue;
                    }
                    connected => connected?,
                },
            };
            return Ok(Box::new(PooledReader { connection: Some(connection), readers: Arc::clone(self) }));
        }
    }

    fn give_back(&self, mut connection: Box<dyn Connection>) {
        // A connection that cannot end its transaction is of no more use.
        if connection.end_read().is_err() {
            return;
        }
        let limit = if connection.traits().is_remote { IDLE_REMOTE_LIMIT } else { IDLE_LIMIT };
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < limit {
            idle.push(connection);
        }
    }
}

/// A connection that is given back when it is dropped.
struct PooledReader {
    /// There until the drop.
    connection: Option<Box<dyn Connection>>,
    readers: Arc<Readers>,
}

impl PooledReader {
    fn connection(&mut self) -> &mut dyn Connection {
        &mut **self.connection.as_mut().expect("it is taken by the drop alone")
    }
}

impl Drop for PooledReader {
    fn drop(&mut self) {
        // A panic may have come from within a statement.
        if let Some(connection) = self.connection.take().filter(|_| !std::thread::panicking()) {
            self.readers.give_back(connection);
        }
    }
}

impl Connection for PooledReader {
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError> {
        self.connection().execute(sql, params)
    }

    fn query(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.connection().query(sql, params, each)
    }

    fn query_block(
        &mut self,
        key: RowKey,
        sql: &str,
        params: &[Param<'_>],
        each: &mut Each<'_>,
    ) -> Result<(), StoreError> {
        self.connection().query_block(key, sql, params, each)
    }

    fn query_first(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError> {
        self.connection().query_first(sql, params, each)
    }

    fn insert_many(&mut self, insert: &Insert<'_>, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.connection().insert_many(insert, params)
    }

    fn step(&mut self, step: Step) -> Result<(), StoreError> {
        self.connection().step(step)
    }

    fn traits(&self) -> Traits {
        self.connection.as_ref().expect("it is taken by the drop alone").traits()
    }

    fn copy_to(&mut self, file: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
        self.connection().copy_to(file, progress)
    }

    fn check_file(&mut self) -> Result<Vec<String>, StoreError> {
        self.connection().check_file()
    }

    fn unchecked(&mut self) -> Result<Option<&'static str>, StoreError> {
        self.connection().unchecked()
    }

    fn is_current(&mut self) -> Result<bool, StoreError> {
        self.connection().is_current()
    }

    fn now_ms(&mut self) -> Result<Option<i64>, StoreError> {
        self.connection().now_ms()
    }

    fn say(&mut self, message: &str) -> Result<(), StoreError> {
        self.connection().say(message)
    }

    fn notice(&self) -> Option<String> {
        self.connection.as_ref().expect("it is taken by the drop alone").notice()
    }

    fn export_state(&mut self) -> Result<Option<String>, StoreError> {
        self.connection().export_state()
    }

    fn import_state(&mut self, state: &str) -> Result<bool, StoreError> {
        self.connection().import_state(state)
    }

    fn columns(&mut self, table: &str) -> Result<Vec<Column>, StoreError> {
        self.connection().columns(table)
    }

    fn size_bytes(&mut self) -> Result<i64, StoreError> {
        self.connection().size_bytes()
    }

    fn end_read(&mut self) -> Result<(), StoreError> {
        self.connection().end_read()
    }
}
