//! Sessions with a server: how one is begun, and how a statement is run in it.

use super::PostgresOptions;
use super::client::Client;
use super::error::{self, Context};
use super::value::{PostgresRow, Sought};
use crate::engine::{Each, Param, StoreError};
use std::borrow::Cow;
use std::collections::HashMap;
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;

/// Makes a connection one that only reads.
pub(super) const READ_ONLY: &str = "set default_transaction_read_only = on";

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It reads.
    Reader,
    /// It writes.
    Writer,
    /// It looks whether there is a workspace, and makes one.
    Unchecked,
    /// It fills a database that is not a workspace yet.
    Filler,
}

pub(super) fn context(options: &PostgresOptions) -> Context<'_> {
    Context { server: options.address.shown(), lock_wait: options.lock_wait }
}

/// Connects, and sets what a session must have whatever the server's settings are.
pub(super) fn connect(options: &PostgresOptions, role: Role) -> Result<Client, StoreError> {
    let address = &options.address;
    let mut client = Client::connect(address.config(), address.encryption().connector())
        .map_err(|error| error::explain_connect(&error, context(options)))?;
    // Statements are short, so compiling them costs more than running them. A snapshot stays open for as long as an export
    // takes.
    let always = "set jit = off; set idle_in_transaction_session_timeout = 0";
    let sql = match role {
        Role::Reader => format!("{READ_ONLY}; {always}"),
        // What was acknowledged is on the disk.
        _ => format!(
            "{always}; \
             select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'"
        ),
    };
    client.batch_execute(&sql).map_err(|error| error::explain(&error, context(options)))?;
    if matches!(role, Role::Writer | Role::Filler) {
        // A server built without lz4 refuses the value. Trying costs less than looking it up in pg_settings.
        let outcome = client.batch_execute("set default_toast_compression = 'lz4'");
        if let Err(error) = outcome
            && error.code() != Some(&SqlState::INVALID_PARAMETER_VALUE)
        {
            return Err(error::explain(&error, context(options)));
        }
    }
    Ok(client)
}

/// Runs one statement on a connection of its own.
pub(super) fn command(options: &PostgresOptions, sql: &str) -> Result<(), StoreError> {
    let outcome = connect(options, Role::Unchecked)?.batch_execute(sql);
    outcome.map_err(|error| error::explain(&error, context(options)))
}

/// The most statements that stay prepared.
const PREPARED: usize = 512;

/// Statements that a session has prepared, by what was asked for.
#[derive(Default)]
pub(super) struct Prepared(HashMap<String, Statement>);

impl Prepared {
    /// Returns what was prepared, or prepares the statement that `dialect` returns.
    pub(super) fn get<'a>(
        &mut self,
        client: &mut Client,
        asked: &str,
        dialect: impl FnOnce() -> Cow<'a, str>,
        context: Context<'_>,
    ) -> Result<Statement, StoreError> {
        if let Some(known) = self.0.get(asked) {
            return Ok(known.clone());
        }
        if self.0.len() >= PREPARED {
            self.0.clear();
        }
        let prepared = client.prepare(&dialect()).map_err(|error| error::explain(&error, context))?;
        self.0.insert(asked.to_owned(), prepared.clone());
        Ok(prepared)
    }
}

/// Calls `each` for the rows of an answer, until it breaks.
pub(super) fn read(
    client: &mut Client,
    statement: &Statement,
    sql: &str,
    params: &[Param<'_>],
    each: &mut Each<'_>,
    context: Context<'_>,
) -> Result<(), StoreError> {
    let only_reads = sql.starts_with("select ") || sql.starts_with("with ");
    let mut run = || {
        let mut rows = match only_reads {
            true => client.run(statement, params.iter().map(|param| Sought(*param)))?,
            false => client.run(statement, params.iter().copied())?,
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
        Err(error) => Err(error::explain(&error, context)),
    }
}
