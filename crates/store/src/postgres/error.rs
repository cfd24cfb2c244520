//! What the server and its client say, in our words.

use super::client::ConnectError;
use crate::engine::StoreError;
use crate::server_error::PostgresError;
use std::error::Error as _;
use std::time::Duration;
use tokio_postgres::error::{DbError, SqlState};

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
pub(super) fn explain(error: &tokio_postgres::Error, context: Context<'_>) -> StoreError {
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

/// Explains why rows could not be copied.
pub(super) fn explain_any(error: &(dyn std::error::Error + Sync + Send + 'static), context: Context<'_>) -> StoreError {
    if let Some(unsendable) = error.downcast_ref::<Unsendable>() {
        return of_value(unsendable);
    }
    match error.downcast_ref::<tokio_postgres::Error>() {
        Some(error) => explain(error, context),
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
pub(super) fn explain_connect(error: &ConnectError, context: Context<'_>) -> StoreError {
    let error = match error {
        ConnectError::Server(error) => error,
        ConnectError::System(error) => return StoreError::Engine(error.to_string()),
    };
    if error.as_db_error().is_some() {
        return explain(error, context);
    }
    let server = context.server.to_owned();
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    match [&error.to_string(), &reason].iter().any(|said| said.contains("authentication") || said.contains("password"))
    {
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
        _ if *code == SqlState::TOO_MANY_CONNECTIONS => PostgresError::NoConnection { server, reason },
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
        // A coordinator says so of a node to which it has no connection yet.
        _ if reason.contains("too many clients already") || reason.contains("remaining connection slots") => {
            PostgresError::NoConnection { server, reason }
        }
        "XX001" | "XX002" => return StoreError::Damaged(reason),
        // Starting, stopping, killed by an administrator, or gone: class 57P and the connection exceptions.
        code if code.starts_with("57P") || code.starts_with("08") => PostgresError::Lost { server, reason },
        _ => return StoreError::Engine(reason),
    };
    error.into()
}
