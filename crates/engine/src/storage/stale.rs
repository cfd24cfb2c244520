//! Whether a database is older than what lies next to it, as one is that was copied without its log.
//!
//! The latest commits are in `labelport.sqlite-wal` until SQLite writes them into the database. A copy of the database file
//! alone is whole and sound, and looks like one that was closed: only other files can tell that it is old. Two do. The
//! index of the log is never there without the log, so an index alone says that the log was left behind. And a stored
//! result whose task the database does not know, or that was taken from a later state, is newer than the database.
//! A copy without any of these cannot be distinguished from the original; `labelport backup` makes copies that lack nothing.

use crate::manifest::Manifest;
use crate::storage::results::Results;
use labelport_model::id::TaskId;
use labelport_store::Connection;
use labelport_store::StoreError;
use labelport_store::check::Finding;
use labelport_store::tables::tasks;
use std::io;

/// The name of the check.
pub const CHECK: &str = "log";

/// Why results cannot be compared with the database.
#[derive(Debug, thiserror::Error)]
pub enum StaleError {
    /// The folder cannot be read.
    #[error("the results of the data folder: {0}")]
    Io(#[from] io::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Counts the results that are newer than what a connection sees, whose change counter is given.
pub fn count_newer_results(
    connection: &mut dyn Connection,
    change_seq: i64,
    results: &Results,
) -> Result<u64, StaleError> {
    let mut count = 0;
    for id in results.list()? {
        let Ok(task_id) = TaskId::parse(&id) else { continue };
        let is_known = tasks::find(connection, &task_id)?.is_some();
        let manifest = results.open(&id).and_then(|stored| stored.map(|stored| stored.manifest()).transpose());
        // What cannot be read is for `labelport verify`.
        let taken = manifest.ok().flatten().and_then(|text| Manifest::from_json(text.as_bytes()).ok());
        count += u64::from(!is_known || taken.is_some_and(|manifest| manifest.change_seq > change_seq));
    }
    Ok(count)
}

/// Returns the message for a data folder whose database is too old, if it is.
pub fn finding(lacks_log: bool, newer_results: u64) -> Option<Finding> {
    let message = match (lacks_log, newer_results) {
        (false, 0) => return None,
        (true, 0) => "the index of the database's log is there and the log (labelport.sqlite-wal) is not".to_owned(),
        (_, count) => format!("stored results that are newer than the database: {count}"),
    };
    let remedy = "the folder was copied without its log, so the latest changes are missing: copy it again with \
                  `labelport backup`";
    Some(Finding { check: CHECK, message, remedy })
}
