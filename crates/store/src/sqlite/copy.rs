//! A copy of a database that is in use.
//!
//! The connection has a read transaction open, so SQLite copies the pages of one state however much others write meanwhile,
//! and never starts again. The copy is one file: its log is written into it and switched off, so that nothing is missing
//! when the file alone is copied further.

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, Error, ErrorCode, ffi};
use std::path::Path;

/// How many pages are copied between two reports: 16 MiB.
const STEP_PAGES: i32 = 1_024;

/// Copies what the transaction of a connection sees into an empty file.
pub(super) fn copy(source: &Connection, file: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), Error> {
    let mut copy = Connection::open(file)?;
    let backup = Backup::new(source, &mut copy)?;
    loop {
        let step = backup.step(STEP_PAGES)?;
        let state = backup.progress();
        let total = u64::try_from(state.pagecount).unwrap_or(0);
        progress(total.saturating_sub(u64::try_from(state.remaining).unwrap_or(0)), total);
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            // Nobody else knows of the copy, and a log never locks its readers out.
            _ => return Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_BUSY), None)),
        }
    }
    drop(backup);
    copy.query_row("pragma journal_mode = delete", [], |_| Ok(()))?;
    let verdict: String = copy.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        let failure = ffi::Error { code: ErrorCode::DatabaseCorrupt, extended_code: ffi::SQLITE_CORRUPT };
        return Err(Error::SqliteFailure(failure, Some(verdict)));
    }
    copy.close().map_err(|(_, error)| error)
}
