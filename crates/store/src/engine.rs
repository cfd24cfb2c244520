//! The narrow waist between statements and database engines.
//!
//! Statements are written once, in the dialect that SQLite and PostgreSQL share: lower case, `$1` for parameters (in the
//! order in which they first appear), `= any($1)` for a list, `on conflict … do update`, an explicit `order by` wherever
//! order is seen. An engine is an implementation of [`Connection`] and of [`Engine`]; nothing else differs.
//!
//! Rows are pushed to a callback instead of being pulled from a cursor. A pulled cursor borrows its statement, which
//! borrows its connection, and a caller that walks six of them at once would need `unsafe`; the callback copies what it
//! needs into a page and costs one memory copy per row.

use crate::row_key::RowKey;
use crate::server_error::PostgresError;
use labelport_model::problem::Problem;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A value given to a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Param<'a> {
    /// SQL null.
    Null,
    /// A whole number, a key, a time in milliseconds or a flag.
    Int(i64),
    /// A float.
    Real(f64),
    /// A text.
    Text(&'a str),
    /// Bytes.
    Blob(&'a [u8]),
    /// A list of whole numbers, for `= any($1)`.
    Ints(&'a [i64]),
    /// A list of texts, for `= any($1)`.
    Texts(&'a [String]),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Int,
    /// Floats.
    Real,
    /// Texts.
    Text,
    /// Bytes.
    Blob,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// A step of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Begins to read one state.
    BeginRead,
    /// Begins to write. Nobody else writes until the end.
    BeginWrite,
    /// Ends a transaction; what it wrote survives a crash.
    Commit,
    /// Ends a transaction; what it wrote is gone.
    RollBack,
    /// Sets a point in a transaction to which it can go back.
    Savepoint(&'static str),
    /// Keeps what was written after a point.
    Release(&'static str),
    /// Takes back what was written after a point, and the point.
    TakeBack(&'static str),
}

/// Where [`Connection::insert_many`] inserts.
#[derive(Debug, Clone, Copy)]
pub struct Insert<'a> {
    /// The table and its columns: `table (one, two)`.
    pub into: &'a str,
    /// How many columns that are.
    pub columns: usize,
    /// What follows the values, such as `on conflict do nothing`; empty for nothing.
    pub conflict: &'a str,
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Param<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Param<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u8> for Param<'_> {
    fn from(code: u8) -> Self {
        Self::Int(i64::from(code))
    }
}

impl From<bool> for Param<'_> {
    fn from(flag: bool) -> Self {
        Self::Int(i64::from(flag))
    }
}

impl<'a, T: Into<Param<'a>>> From<Option<T>> for Param<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer. Columns count from 0. A null is `None`. A value of another type is `None`, too, and fails the query
/// as [`StoreError::Damaged`] once the callback returns: a default never stands in for what cannot be read.
pub trait RowView {
    /// Returns a whole number.
    fn int(&self, column: usize) -> Option<i64>;
    /// Returns a float.
    fn real(&self, column: usize) -> Option<f64>;
    /// Returns a text or bytes.
    fn bytes(&self, column: usize) -> Option<&[u8]>;

    /// Returns a text, copied. Bytes that are not UTF-8 are of another type.
    fn text(&self, column: usize) -> Option<String>;
    /// Returns a value of any type as people read it, for messages about damage.
    fn shown(&self, column: usize) -> Option<String>;
}

/// What a callback answers: go on, or stop reading.
pub type Flow = ControlFlow<()>;

/// What is called for each row of an answer.
pub type Each<'a> = dyn FnMut(&dyn RowView) -> Flow + 'a;

/// What engines differ in, for callers that it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Whether a statement is a message to a server and its answer, so that few large ones are better than many small ones.
    pub is_remote: bool,
    /// How many rows are best read by one statement.
    pub block_rows: usize,
    /// How many parameters [`Connection::insert_many`] is best given at a time.
    pub insert_params: usize,
    /// Whether texts may hold the character NUL.
    pub takes_nul: bool,
    /// How many neighbouring keys of rows, from a multiple of this number on, are read by one statement of
    /// [`Connection::query_block`]; none where any are.
    pub keys_together: Option<i64>,
}

/// A connection to a database.
pub trait Connection: Send {
    /// Runs a statement and returns the number of rows it changed.
    fn execute(&mut self, sql: &str, params: &[Param<'_>]) -> Result<u64, StoreError>;
    /// Runs a query and calls `each` for every row, in order, until it breaks.
    fn query(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError>;
    /// Runs a query about rows whose keys lie together, as [`Traits::keys_together`] says; `key` is one of them. The statement names
    /// them by one range or one list.
    fn query_block(
        &mut self,
        _key: RowKey,
        sql: &str,
        params: &[Param<'_>],
        each: &mut Each<'_>,
    ) -> Result<(), StoreError> {
        self.query(sql, params, each)
    }
    /// Runs a query of which the first row is wanted and no other.
    fn query_first(&mut self, sql: &str, params: &[Param<'_>], each: &mut Each<'_>) -> Result<(), StoreError>;
    /// Inserts many rows, whose values follow one another in `params`. Nobody goes on in the transaction when it fails: the
    /// transaction, or the savepoint around it, is taken back.
    fn insert_many(&mut self, insert: &Insert<'_>, params: &[Param<'_>]) -> Result<(), StoreError>;
    /// Takes a step of a transaction.
    fn step(&mut self, step: Step) -> Result<(), StoreError>;
    /// Returns what callers may want to know of the engine.
    fn traits(&self) -> Traits;
    /// Copies the database, as the transaction of this connection sees it, into an empty file, and fails if the copy is
    /// damaged. `progress` gets how many of how many pages are done. Others may read and write meanwhile.
    fn copy_to(&mut self, file: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError>;
    /// Looks for damage of the engine's own structures, whatever they hold. Returns what is wrong, nothing if all is well.
    fn check_file(&mut self) -> Result<Vec<String>, StoreError>;
    /// Returns what [`check_file`](Self::check_file) cannot check here, and the remedy; none where it checks everything.
    fn unchecked(&mut self) -> Result<Option<&'static str>, StoreError> {
        Ok(None)
    }
    /// Returns whether the database still has the schema with which the connection was opened. Another process may have
    /// brought it up to date since.
    fn is_current(&mut self) -> Result<bool, StoreError>;
    /// Returns the time of the server in Unix milliseconds; none where there is no server.
    fn now_ms(&mut self) -> Result<Option<i64>, StoreError> {
        Ok(None)
    }
    /// Says something to all who listen, once the transaction is committed.
    fn say(&mut self, _message: &str) -> Result<(), StoreError> {
        Ok(())
    }
    /// Gives the state that this connection reads a name, by which others can read it for as long as this one does. None where
    /// there are no such names.
    fn export_state(&mut self) -> Result<Option<String>, StoreError> {
        Ok(None)
    }
    /// Returns what people should know about how this connection reads; none as a rule.
    fn notice(&self) -> Option<String> {
        None
    }
    /// Begins to read a state that has a name; returns whether somebody still reads it.
    fn import_state(&mut self, _state: &str) -> Result<bool, StoreError> {
        Ok(false)
    }
    /// Returns the columns of a table, in their order.
    fn columns(&mut self, table: &str) -> Result<Vec<Column>, StoreError>;
    /// Returns how many bytes the database has.
    fn size_bytes(&mut self) -> Result<i64, StoreError>;
    /// Ends the transaction, if there is one, and frees the memory of what was read in it. The next query sees every commit.
    fn end_read(&mut self) -> Result<(), StoreError>;
}

impl dyn Connection + '_ {
    /// Returns the first row of an answer as `read` sees it.
    pub fn find<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut read: impl FnMut(&dyn RowView) -> T,
    ) -> Result<Option<T>, StoreError> {
        let mut found = None;
        self.query_first(sql, params, &mut |row| {
            found = Some(read(row));
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// Returns all rows of an answer as `read` sees them. For answers that are small by nature.
    pub fn list<T>(
        &mut self,
        sql: &str,
        params: &[Param<'_>],
        mut read: impl FnMut(&dyn RowView) -> T,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = Vec::new();
        self.query(sql, params, &mut |row| {
            rows.push(read(row));
            ControlFlow::Continue(())
        })?;
        Ok(rows)
    }

    /// Returns the first column of the first row as a whole number, 0 without one.
    pub fn count(&mut self, sql: &str, params: &[Param<'_>]) -> Result<i64, StoreError> {
        Ok(self.find(sql, params, |row| row.int(0).unwrap_or(0))?.unwrap_or(0))
    }
}

/// Hears what other processes on the same database say.
pub trait Listener: Send {
    /// Waits until something is said, at most so long; returns what was.
    fn wait(&mut self, timeout: Duration) -> Result<Vec<String>, StoreError>;
}

/// A database in which a store lives.
pub trait Engine: Send + Sync {
    /// Opens a connection that may write. The schema is there and current.
    fn connect_writer(&self) -> Result<Box<dyn Connection>, StoreError>;
    /// Opens a connection that only reads.
    fn connect_reader(&self) -> Result<Box<dyn Connection>, StoreError>;
    /// Begins to hear what other processes say; none where nobody could.
    fn listen(&self) -> Result<Option<Box<dyn Listener>>, StoreError> {
        Ok(None)
    }
    /// Begins to read with several readers of this engine, all of which see the same state.
    fn share_state(&self, readers: &mut [Box<dyn Connection>]) -> Result<(), StoreError>;
}

/// Why the store could not do what was asked. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder is not there.
    #[error("there is no data folder at {folder}; create one by importing into it, or name another with --data")]
    NoFolder {
        /// The folder asked for.
        folder: PathBuf,
    },
    /// The folder cannot be made or written.
    #[error(
        "the data folder {folder} cannot be written ({reason}); give this user write access or name another with --data"
    )]
    ReadOnly {
        /// The folder asked for.
        folder: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A workspace is being moved to the folder.
    #[error(
        "a workspace is being moved to {folder}; run the same `labelport migrate` again to finish that, or remove .moving \
         there"
    )]
    Moving {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder has a database where none is wanted.
    #[error("{folder} has a workspace already; name a folder without one")]
    Taken {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process holds the database.
    #[error(
        "the data folder is locked by another process for longer than {waited_secs} s; wait for it to end or stop it"
    )]
    Locked {
        /// How long this process waited.
        waited_secs: u64,
    },
    /// The disk is full.
    #[error(
        "the disk of the data folder is full; free some space and run the command again, what was acknowledged is kept"
    )]
    Full,
    /// Moving rows to the current schema needs more disk space than there is.
    #[error(
        "the data folder was written by an earlier version, and bringing it up to date needs {} MB of disk space, of which \
         {} MB are free; free some space and run the command again", .needed_bytes.div_ceil(1_000_000), .free_bytes / 1_000_000
    )]
    NoRoom {
        /// How many bytes are needed, at most.
        needed_bytes: u64,
        /// How many bytes are free.
        free_bytes: u64,
    },
    /// The caller stopped the move of rows to the current schema.
    #[error("bringing the data folder up to date was interrupted; nothing is lost, and the next command goes on")]
    Interrupted,
    /// The folder was written by a later version.
    #[error(
        "the data folder has schema {found}, this labelport knows schemas up to {known}; install a newer labelport"
    )]
    Newer {
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The folder was written by an earlier version, on a medium where it cannot be brought up to date.
    #[error(
        "the data folder has schema {found} of an earlier version and cannot be written; copy it to where it can be, and \
         open the copy once"
    )]
    Older {
        /// The version found.
        found: i64,
    },
    /// The log holds what the database does not, and cannot be read where nothing can be written.
    #[error(
        "{folder} was copied while it was in use, and its log (labelport.sqlite-wal) cannot be read where nothing can be \
         written; copy the folder to where it can be, and open the copy once"
    )]
    UnreadLog {
        /// The data folder.
        folder: PathBuf,
    },
    /// The file is no labelport database.
    #[error("{file} is no labelport database; name another data folder with --data")]
    NotAStore {
        /// The file looked at.
        file: PathBuf,
    },
    /// The database holds what belongs to others.
    #[error(
        "the database holds several organizations, which would see each other's rows; keep each in a data folder of its own"
    )]
    SeveralOrganizations,
    /// The database is damaged.
    #[error("the database is damaged ({0}); run `labelport doctor`, and restore the data folder from a backup")]
    Damaged(String),
    /// The writer thread ended, because of an earlier failure.
    #[error("the writer of this store has stopped after an earlier failure; run the command again")]
    WriterGone,
    /// The work itself asked for its changes to be taken back.
    #[error("the change was withdrawn")]
    Withdrawn,
    /// What a database server says.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// Anything else that the engine says.
    #[error("the database refused a statement: {0}")]
    Engine(String),
}

impl StoreError {
    /// Returns whether there is no space left.
    pub fn is_full(&self) -> bool {
        if let Self::Postgres(error) = self {
            return matches!(error, PostgresError::Full { .. });
        }
        matches!(self, Self::Full)
    }

    /// Returns whether the database takes no writes at all.
    pub fn is_read_only(&self) -> bool {
        if let Self::Postgres(error) = self {
            return matches!(error, PostgresError::ReadOnly { .. });
        }
        matches!(self, Self::ReadOnly { .. })
    }

    /// Returns whether another process writes for too long.
    pub fn is_locked(&self) -> bool {
        if let Self::Postgres(error) = self {
            return matches!(error, PostgresError::Locked { .. });
        }
        matches!(self, Self::Locked { .. })
    }

    /// Returns whether a server does not answer, and may do so again without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        if let Self::Postgres(error) = self {
            return error.is_passing();
        }
        false
    }
}

/// Failures with a remedy of their own are for the caller, the others for the log.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Postgres(error) => error.into(),
            StoreError::Full | StoreError::Locked { .. } | StoreError::ReadOnly { .. } => {
                Self { message: error.to_string(), ..Self::internal(error) }
            }
            error => Self::internal(error),
        }
    }
}

/// Callers learn what they can do something about; where the server is and what it says is for the log.
impl From<PostgresError> for Problem {
    fn from(error: PostgresError) -> Self {
        let message = match &error {
            PostgresError::Nul | PostgresError::TooLong { .. } => return Self::malformed(error.to_string()),
            PostgresError::Full { .. } => {
                "the disk of the database is full; its operator has to free some space".to_owned()
            }
            PostgresError::ReadOnly { .. } => {
                "the database takes no writes at the moment; only read and export".to_owned()
            }
            error if error.is_passing() => {
                "the database does not answer at the moment; nothing was half-written, try again".to_owned()
            }
            _ => return Self::internal(StoreError::from(error)),
        };
        Self { message, ..Self::internal(StoreError::from(error)) }
    }
}
