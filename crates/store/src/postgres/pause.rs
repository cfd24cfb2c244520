//! A moment in which nobody writes, so that readers of several servers begin with one state.
//!
//! A process that writes has the writers' lock from the beginning to the end, so nothing is under way for one who has it, too. It is shared
//! here: exports that begin at the same time do not wait for each other. What a coordinator decided to commit and a node has not heard
//! of yet, because one of them died in between, is the one thing that may be left: that is settled first.

use super::PostgresOptions;
use super::connection::{LOCK_CLASS, PostgresConnection, WRITER_LOCK};
use super::schema::Layout;
use super::session::Role;
use crate::engine::{Connection, StoreError};
use crate::server_error::PostgresError;
use std::sync::Arc;
use std::time::Duration;

/// Writers wait until this is dropped.
pub(super) struct Pause {
    _connection: PostgresConnection,
}

/// How often, and how long apart, nodes are asked for what is not settled.
const SETTLE_TRIES: u32 = 40;
const SETTLE_PAUSE: Duration = Duration::from_millis(250);

/// Counts the transactions that nodes have prepared and neither committed nor taken back.
const UNSETTLED: &str = "select coalesce(sum(case when success then result::bigint else 0 end), 0)::bigint \
    from run_command_on_workers('select count(*) from pg_prepared_xacts \
    where database = current_database() and gid like ''citus\\_%''')";

impl Pause {
    /// Waits for the one who writes, and lets nobody else begin.
    pub(super) fn begin(options: &Arc<PostgresOptions>) -> Result<Self, StoreError> {
        let mut connection = PostgresConnection::open(options, Role::Unchecked, Layout::Whole)?;
        let wait = options.lock_wait.as_millis();
        for attempt in 0..SETTLE_TRIES {
            if attempt > 0 {
                std::thread::sleep(SETTLE_PAUSE);
            }
            connection.batch(&format!(
                "begin; set local lock_timeout = '{wait}ms'; \
                 select pg_advisory_xact_lock_shared({LOCK_CLASS}, {WRITER_LOCK})"
            ))?;
            let asked: &mut dyn Connection = &mut connection;
            if asked.count(UNSETTLED, &[])? == 0 {
                return Ok(Self { _connection: connection });
            }
            connection.batch("rollback")?;
            // The cluster does it by itself once a minute; not every user may ask for it.
            drop(connection.batch("select recover_prepared_transactions()"));
        }
        Err(PostgresError::Unsettled { server: options.address.shown().to_owned() }.into())
    }
}
