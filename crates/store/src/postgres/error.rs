//! What can go wrong with a database server, and what to do about it.

use crate::engine::StoreError;
use labelport_model::problem::Problem;
use postgres::error::{DbError, SqlState};
use std::error::Error as _;
use std::time::Duration;

/// Why a database server did not do what was asked. No message has a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PostgresError {
    /// Nobody answers.
    #[error(
        "the database server {server} cannot be reached ({reason}); check host and port in --store, and that PostgreSQL \
         runs and takes connections from here"
    )]
    Unreachable {
        /// The address.
        server: String,
        /// What the system said.
        reason: String,
    },
    /// The server does not let the user in.
    #[error(
        "the database server {server} refuses the user ({reason}); check the user, and its password in PGPASSWORD, in the \
         file that PGPASSFILE names or in LABELPORT_STORE"
    )]
    Login {
        /// The address.
        server: String,
        /// What the server said.
        reason: String,
    },
    /// The server has no such database.
    #[error("the server of {server} has no such database; create it with `createdb`, or name another with --store")]
    NoDatabase {
        /// The address.
        server: String,
    },
    /// The user may not do what is needed.
    #[error("the database {server} denies what is needed ({reason}); grant it to the user, who must own the tables")]
    Denied {
        /// The address.
        server: String,
        /// What the server said.
        reason: String,
    },
    /// The server is of an old version.
    #[error("the database server {server} is PostgreSQL {found}; labelport needs 15 or later")]
    TooOld {
        /// The address.
        server: String,
        /// Its version.
        found: String,
    },
    /// The database holds tables of others.
    #[error("the database {server} holds something else; name an empty database with --store")]
    NotAStore {
        /// The address.
        server: String,
    },
    /// The database is empty.
    #[error("there is no workspace in {server}; create one by importing into it, or name another with --store")]
    NoStore {
        /// The address.
        server: String,
    },
    /// The database has a workspace where an empty one is needed.
    #[error("the database {server} has a workspace already; name an empty database")]
    Taken {
        /// The address.
        server: String,
    },
    /// The database is being filled.
    #[error(
        "a workspace is being moved to {server}; run the same `labelport migrate` again to finish that, or drop the database"
    )]
    Moving {
        /// The address.
        server: String,
    },
    /// The database was begun to be filled from something else.
    #[error(
        "{server} was filled in part from another workspace, or from this one before it changed; create an empty database and \
         move to that"
    )]
    MovingFromElsewhere {
        /// The address.
        server: String,
    },
    /// The schema is of a later version.
    #[error(
        "the database {server} has schema {found}, this labelport knows schemas up to {known}; install a newer labelport"
    )]
    Newer {
        /// The address.
        server: String,
        /// The version found.
        found: i64,
        /// The newest version known.
        known: i64,
    },
    /// The schema is of an earlier version, and the server takes no writes.
    #[error(
        "the database {server} has schema {found} of an earlier version and takes no writes; open the primary server once"
    )]
    Older {
        /// The address.
        server: String,
        /// The version found.
        found: i64,
    },
    /// The server takes no writes.
    #[error("the database {server} takes no writes; name the primary server with --store, or only read and export")]
    ReadOnly {
        /// The address.
        server: String,
    },
    /// The server has no connection left.
    #[error(
        "the database server {server} has no connection left; raise max_connections, or run fewer processes or --threads"
    )]
    NoConnection {
        /// The address.
        server: String,
    },
    /// The connection broke.
    #[error(
        "the connection to the database {server} was lost ({reason}); run the command again, what was acknowledged is kept"
    )]
    Lost {
        /// The address.
        server: String,
        /// What was seen of it.
        reason: String,
    },
    /// Another process writes.
    #[error(
        "another process has been writing to {server} for longer than {waited_secs} s; wait for it to end or stop it"
    )]
    Locked {
        /// The address.
        server: String,
        /// How long this process waited.
        waited_secs: u64,
    },
    /// The server has no space left.
    #[error(
        "the disk of the database server {server} is full; free some space and run the command again, what was acknowledged \
         is kept"
    )]
    Full {
        /// The address.
        server: String,
    },
    /// The server stopped a statement.
    #[error(
        "the database server {server} stopped a statement ({reason}); raise statement_timeout for this user and run the \
         command again"
    )]
    Stopped {
        /// The address.
        server: String,
        /// What the server said.
        reason: String,
    },
    /// Another transaction was in the way.
    #[error("another transaction was in the way on {server} ({reason}); nothing was changed, run the command again")]
    Conflict {
        /// The address.
        server: String,
        /// What the server said.
        reason: String,
    },
    /// A text has the character that PostgreSQL does not store.
    #[error("a text has the character NUL (U+0000), which PostgreSQL cannot store; remove it")]
    Nul,
    /// A value is longer than the server takes.
    #[error("a value is longer than PostgreSQL takes ({reason}); shorten it, or keep the workspace in SQLite")]
    TooLong {
        /// What the server said.
        reason: String,
    },
}

impl PostgresError {
    /// Returns whether trying again later may help without anybody doing anything.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::NoConnection { .. }
                | Self::Lost { .. }
                | Self::Locked { .. }
                | Self::Conflict { .. }
        )
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

/// A value that cannot be sent to the server.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unsendable {
    /// A text with NUL.
    #[error("a text has the character NUL")]
    Nul,
    /// A value of another type than the statement wants, or out of its range.
    #[error("{0} was given where {1} belongs")]
    Type(&'static str, String),
}

/// What messages name, and how long was waited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) server: &'a str,
    pub(super) lock_wait: Duration,
}

/// Puts what the server says into words that name the remedy.
pub(super) fn explain(error: &postgres::Error, context: Context<'_>) -> StoreError {
    if let Some(said) = error.as_db_error() {
        return of_server(said, context);
    }
    if let Some(unsendable) = error.source().and_then(|source| source.downcast_ref::<Unsendable>()) {
        return of_value(unsendable);
    }
    let server = context.server.to_owned();
    // The client's own words are followed by those of the system.
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let is_io = error.source().is_some_and(|source| source.is::<std::io::Error>());
    if error.is_closed() || is_io {
        return PostgresError::Lost { server, reason }.into();
    }
    StoreError::Engine(format!("{error}: {reason}"))
}

/// Explains what went wrong while rows were copied: a value that cannot be sent, or an error of the client in one of the
/// system.
pub(super) fn explain_any(error: &(dyn std::error::Error + Sync + Send + 'static), context: Context<'_>) -> StoreError {
    if let Some(unsendable) = error.downcast_ref::<Unsendable>() {
        return of_value(unsendable);
    }
    let io = error.downcast_ref::<std::io::Error>();
    match io.and_then(|io| io.get_ref()).and_then(|inner| inner.downcast_ref::<postgres::Error>()) {
        Some(inner) => explain(inner, context),
        None if io.is_some() => {
            PostgresError::Lost { server: context.server.to_owned(), reason: error.to_string() }.into()
        }
        None => StoreError::Engine(error.to_string()),
    }
}

fn of_value(unsendable: &Unsendable) -> StoreError {
    match unsendable {
        Unsendable::Nul => PostgresError::Nul.into(),
        Unsendable::Type(..) => StoreError::Engine(unsendable.to_string()),
    }
}

/// Explains why there is no connection.
pub(super) fn explain_connect(error: &postgres::Error, context: Context<'_>) -> StoreError {
    if error.as_db_error().is_some() {
        return explain(error, context);
    }
    let server = context.server.to_owned();
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    match error.to_string().contains("authentication") || error.to_string().contains("password") {
        true => PostgresError::Login { server, reason }.into(),
        false => PostgresError::Unreachable { server, reason }.into(),
    }
}

fn of_server(said: &DbError, context: Context<'_>) -> StoreError {
    let server = context.server.to_owned();
    let reason = said.message().to_owned();
    let code = said.code();
    let error = match code.code() {
        _ if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            PostgresError::Login { server, reason }
        }
        _ if *code == SqlState::INVALID_CATALOG_NAME => PostgresError::NoDatabase { server },
        _ if *code == SqlState::INSUFFICIENT_PRIVILEGE => PostgresError::Denied { server, reason },
        _ if *code == SqlState::TOO_MANY_CONNECTIONS => PostgresError::NoConnection { server },
        _ if *code == SqlState::LOCK_NOT_AVAILABLE => {
            PostgresError::Locked { server, waited_secs: context.lock_wait.as_secs() }
        }
        _ if *code == SqlState::DISK_FULL => PostgresError::Full { server },
        _ if *code == SqlState::QUERY_CANCELED => PostgresError::Stopped { server, reason },
        _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => PostgresError::ReadOnly { server },
        _ if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => {
            PostgresError::Conflict { server, reason }
        }
        _ if *code == SqlState::PROGRAM_LIMIT_EXCEEDED => PostgresError::TooLong { reason },
        "XX001" | "XX002" => return StoreError::Damaged(reason),
        // Starting, stopping, killed by an administrator, or gone: class 57P and the connection exceptions.
        code if code.starts_with("57P") || code.starts_with("08") => PostgresError::Lost { server, reason },
        _ => return StoreError::Engine(reason),
    };
    error.into()
}
