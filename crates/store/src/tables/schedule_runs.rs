//! Runs of schedules: for which time, from when to when, and what came of each.
//!
//! `RUNNING → COMPLETE | UNCHANGED | FAILED | INTERRUPTED`, or `SKIPPED` from the start. A schedule is an item; its runs go
//! with it, and only the latest are kept.

use crate::engine::{Connection, RowView, StoreError};
use labelport_model::time::Timestamp;

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunStatus {
    /// It runs, or its server ended and nobody has noticed yet.
    Running,
    /// It wrote its result.
    Complete,
    /// The result would have been the one before, and was not written.
    Unchanged,
    /// It failed.
    Failed,
    /// The server ended before it did.
    Interrupted,
    /// It was not started, since another one was running.
    Skipped,
}

impl RunStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Complete, Self::Unchanged, Self::Failed, Self::Interrupted, Self::Skipped];

    /// Returns the spelling of the wire and of storage.
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Complete => "COMPLETE",
            Self::Unchanged => "UNCHANGED",
            Self::Failed => "FAILED",
            Self::Interrupted => "INTERRUPTED",
            Self::Skipped => "SKIPPED",
        }
    }

    fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.wire_name() == name)
    }
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleRun {
    /// The key, which ascends.
    pub key: i64,
    /// The id of the schedule.
    pub schedule_id: String,
    /// The time for which it ran.
    pub due: Timestamp,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; none while it runs.
    pub ended: Option<Timestamp>,
    /// What came of it.
    pub status: RunStatus,
    /// Why it did not succeed, or what there is to know about it.
    pub reason: Option<String>,
    /// The rows that it wrote.
    pub rows: Option<i64>,
    /// The SHA-256 of the result, in hexadecimal.
    pub sha256: Option<String>,
    /// The task that it was recorded as.
    pub task_id: Option<String>,
}

/// What came of a run, at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunEnd {
    /// The status.
    pub status: RunStatus,
    /// Why it did not succeed, or what there is to know about it.
    pub reason: Option<String>,
    /// The rows that it wrote.
    pub rows: Option<i64>,
    /// The SHA-256 of the result, in hexadecimal.
    pub sha256: Option<String>,
    /// The task that it was recorded as.
    pub task_id: Option<String>,
}

impl RunEnd {
    /// Returns an end of which no more is known than why.
    pub fn because(status: RunStatus, reason: impl Into<String>) -> Self {
        Self { status, reason: Some(reason.into()), rows: None, sha256: None, task_id: None }
    }
}

/// Creates a run that begins now, and returns its key.
pub fn create(
    connection: &mut dyn Connection,
    schedule_id: &str,
    due: Timestamp,
    now: Timestamp,
) -> Result<i64, StoreError> {
    connection.count(
        "insert into schedule_runs (schedule_id, due_ms, started_ms, status) values ($1, $2, $3, $4) returning run_key",
        &[schedule_id.into(), due.as_millis().into(), now.as_millis().into(), RunStatus::Running.wire_name().into()],
    )
}

/// Ends a run; returns whether it was running.
pub fn end(connection: &mut dyn Connection, key: i64, end: &RunEnd, now: Timestamp) -> Result<bool, StoreError> {
    let changed = connection.execute(
        "update schedule_runs set ended_ms = $1, status = $2, reason = $3, rows = $4, sha256 = $5, task_id = $6 \
         where run_key = $7 and ended_ms is null",
        &[
            now.as_millis().into(),
            end.status.wire_name().into(),
            end.reason.as_deref().into(),
            end.rows.into(),
            end.sha256.as_deref().into(),
            end.task_id.as_deref().into(),
            key.into(),
        ],
    )?;
    Ok(changed > 0)
}

/// Lists the latest runs of a schedule, newest first.
pub fn list(connection: &mut dyn Connection, schedule_id: &str, limit: usize) -> Result<Vec<ScheduleRun>, StoreError> {
    connection.list(
        "select run_key, schedule_id, due_ms, started_ms, ended_ms, status, reason, rows, sha256, task_id \
         from schedule_runs where schedule_id = $1 order by run_key desc limit $2",
        &[schedule_id.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()],
        run,
    )
}

/// Deletes the runs of a schedule but for the latest, and for what runs while there are any to keep.
pub fn prune(connection: &mut dyn Connection, schedule_id: &str, kept: usize) -> Result<(), StoreError> {
    connection.execute(
        "delete from schedule_runs where schedule_id = $1 and (ended_ms is not null or $2 = 0) and run_key <= \
         (select run_key from schedule_runs where schedule_id = $1 order by run_key desc limit 1 offset $2)",
        &[schedule_id.into(), i64::try_from(kept).unwrap_or(i64::MAX).into()],
    )?;
    Ok(())
}

fn run(row: &dyn RowView) -> ScheduleRun {
    let time = |column| Timestamp::from_millis(row.int(column).unwrap_or(0));
    ScheduleRun {
        key: row.int(0).unwrap_or(0),
        schedule_id: row.text(1).unwrap_or_default(),
        due: time(2),
        started: time(3),
        ended: row.int(4).map(Timestamp::from_millis),
        status: row.text(5).and_then(|name| RunStatus::find(&name)).unwrap_or(RunStatus::Failed),
        reason: row.text(6),
        rows: row.int(7),
        sha256: row.text(8),
        task_id: row.text(9),
    }
}
