//! Exports that several processes do together: runs, the states of the database that they read, and ranges of rows.
//!
//! A run is one attempt at the export of a task. One process *leads* it: it has the lease of the task, takes the ranges in
//! their order and writes the result. Others *help*: each takes ranges that nobody has, and leaves their rows where the
//! leader finds them. A range whose helper has died is taken by somebody else once its lease is over; what the leader
//! holds has no end of its own, and is given back when the lease of the task is another's.
//!
//! All of it goes when the run ends.

use crate::engine::{Connection, RowView, StoreError};
use labelport_model::time::Timestamp;

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRun {
    /// The id.
    pub id: String,
    /// The task whose export it is.
    pub task_id: String,
    /// Who leads it.
    pub leader: String,
    /// What all who work on it must have in common, a JSON object.
    pub settings: String,
}

/// A range that somebody has taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRange {
    /// Its place among the ranges, from 0.
    pub ordinal: i64,
    /// When the lease of its helper is over; none where the leader has it.
    pub until: Option<Timestamp>,
    /// Where its rows are kept; none while they are being encoded.
    pub object: Option<String>,
}

impl ExportRange {
    /// Returns whether its helper has died, or is as slow as one that has.
    pub fn is_lost(&self, now: Timestamp) -> bool {
        self.object.is_none() && self.until.is_some_and(|until| until <= now)
    }
}

/// Begins a run. Another run of the same task ends.
pub fn create_run(connection: &mut dyn Connection, run: &ExportRun) -> Result<(), StoreError> {
    remove_run_of(connection, &run.task_id)?;
    connection.execute(
        "insert into export_runs (id, task_id, leader, settings) values ($1, $2, $3, $4)",
        &[(&run.id).into(), (&run.task_id).into(), (&run.leader).into(), (&run.settings).into()],
    )?;
    Ok(())
}

/// Returns the run of a task.
pub fn find_run(connection: &mut dyn Connection, task_id: &str) -> Result<Option<ExportRun>, StoreError> {
    connection.find("select id, task_id, leader, settings from export_runs where task_id = $1", &[task_id.into()], run)
}

/// Lists the runs of tasks that are in progress, oldest first.
pub fn list_runs(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<ExportRun>, StoreError> {
    let sql = "select r.id, r.task_id, r.leader, r.settings from export_runs r join tasks t on t.id = r.task_id \
               where t.org_key = $1 and t.status = 'IN_PROGRESS' order by r.run_key";
    connection.list(sql, &[org_key.into()], run)
}

fn run(row: &dyn RowView) -> ExportRun {
    let text = |column| row.text(column).unwrap_or_default();
    ExportRun { id: text(0), task_id: text(1), leader: text(2), settings: text(3) }
}

/// Returns whether a run goes on: neither it nor its task has ended.
pub fn has_run(connection: &mut dyn Connection, run_id: &str) -> Result<bool, StoreError> {
    let sql = "select count(*) from export_runs r join tasks t on t.id = r.task_id \
               where r.id = $1 and t.status = 'IN_PROGRESS'";
    Ok(connection.count(sql, &[run_id.into()])? > 0)
}

/// Lists the tasks that have ended and still have a run.
pub fn list_ended(connection: &mut dyn Connection) -> Result<Vec<String>, StoreError> {
    let sql = "select r.task_id from export_runs r left join tasks t on t.id = r.task_id and t.status = 'IN_PROGRESS' \
               where t.id is null order by r.run_key";
    connection.list(sql, &[], |row| row.text(0).unwrap_or_default())
}

/// Ends the run of a task, if there is one.
pub fn remove_run_of(connection: &mut dyn Connection, task_id: &str) -> Result<(), StoreError> {
    match find_run(connection, task_id)? {
        Some(run) => remove_run(connection, &run.id),
        None => Ok(()),
    }
}

/// Ends a run, if it has not ended.
pub fn remove_run(connection: &mut dyn Connection, run_id: &str) -> Result<(), StoreError> {
    for sql in [
        "delete from export_ranges where run_id = $1",
        "delete from export_states where run_id = $1",
        "delete from export_runs where id = $1",
    ] {
        connection.execute(sql, &[run_id.into()])?;
    }
    Ok(())
}

/// Notes the name by which others can read the state that a run exports. Only while the run has not ended.
pub fn add_state(connection: &mut dyn Connection, run_id: &str, owner: &str, state: &str) -> Result<(), StoreError> {
    if has_run(connection, run_id)? {
        connection.execute(
            "insert into export_states (run_id, owner, state) values ($1, $2, $3)",
            &[run_id.into(), owner.into(), state.into()],
        )?;
    }
    Ok(())
}

/// Forgets the state of somebody who does not read it any more.
pub fn remove_state(connection: &mut dyn Connection, run_id: &str, owner: &str) -> Result<(), StoreError> {
    connection.execute("delete from export_states where run_id = $1 and owner = $2", &[run_id.into(), owner.into()])?;
    Ok(())
}

/// Lists the names of the state that a run exports. Some may be of processes that have died.
pub fn list_states(connection: &mut dyn Connection, run_id: &str) -> Result<Vec<String>, StoreError> {
    let sql = "select state from export_states where run_id = $1 order by owner";
    connection.list(sql, &[run_id.into()], |row| row.text(0).unwrap_or_default())
}

/// Takes a range for the leader, unless a helper has it.
pub fn take(
    connection: &mut dyn Connection,
    run_id: &str,
    ordinal: i64,
    leader: &str,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let reach = "update export_runs set reached = $1 where id = $2 and leader = $3";
    if connection.execute(reach, &[(ordinal + 1).into(), run_id.into(), leader.into()])? == 0 {
        return Ok(Taken::Never);
    }
    match find_range(connection, run_id, ordinal)? {
        None => {
            connection.execute(
                "insert into export_ranges (run_id, ordinal, owner) values ($1, $2, $3)",
                &[run_id.into(), ordinal.into(), leader.into()],
            )?;
            Ok(Taken::Now)
        }
        Some(range) if range.is_lost(now) => {
            connection.execute(
                "update export_ranges set owner = $1, until_ms = null, attempts = attempts + 1 \
                 where run_id = $2 and ordinal = $3",
                &[leader.into(), run_id.into(), ordinal.into()],
            )?;
            Ok(Taken::Now)
        }
        Some(_) => Ok(Taken::ByHelper),
    }
}

/// Whether a leader has a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It has it from now on.
    Now,
    /// A helper has it.
    ByHelper,
    /// The run has ended, or somebody else leads it.
    Never,
}

/// What a helper asks for.
#[derive(Debug, Clone)]
pub struct Lend<'a> {
    /// The run.
    pub run_id: &'a str,
    /// How many ranges it has.
    pub ranges: i64,
    /// Who asks.
    pub owner: &'a str,
    /// Until when the lease holds.
    pub until: Timestamp,
    /// After how many attempts a range is left to the leader.
    pub attempts: i64,
    /// How many ranges a helper may be ahead of the leader: their rows are kept until it comes.
    pub window: i64,
}

/// How far into a run a helper may go.
fn end_of_window(connection: &mut dyn Connection, ask: &Lend<'_>) -> Result<i64, StoreError> {
    let reached = connection.count("select reached from export_runs where id = $1", &[ask.run_id.into()])?;
    Ok(ask.ranges.min(reached + ask.window))
}

/// Gives a helper the lease of a range: of one that was lost, or else of the first that nobody has taken. None where there is
/// no such range, or the run has ended.
pub fn lend(connection: &mut dyn Connection, ask: &Lend<'_>, now: Timestamp) -> Result<Option<i64>, StoreError> {
    if !has_run(connection, ask.run_id)? {
        return Ok(None);
    }
    let lost = "select ordinal from export_ranges where run_id = $1 and object is null and until_ms <= $2 \
                and attempts < $3 order by ordinal limit 1";
    let params = [ask.run_id.into(), now.as_millis().into(), ask.attempts.into()];
    if let Some(ordinal) = connection.find(lost, &params, |row| row.int(0))?.flatten() {
        connection.execute(
            "update export_ranges set owner = $1, until_ms = $2, attempts = attempts + 1 \
             where run_id = $3 and ordinal = $4",
            &[ask.owner.into(), ask.until.as_millis().into(), ask.run_id.into(), ordinal.into()],
        )?;
        return Ok(Some(ordinal));
    }
    let sql = "select coalesce(max(ordinal) + 1, 0) from export_ranges where run_id = $1";
    let ordinal = connection.count(sql, &[ask.run_id.into()])?;
    if ordinal >= end_of_window(connection, ask)? {
        return Ok(None);
    }
    connection.execute(
        "insert into export_ranges (run_id, ordinal, owner, until_ms) values ($1, $2, $3, $4)",
        &[ask.run_id.into(), ordinal.into(), ask.owner.into(), ask.until.as_millis().into()],
    )?;
    Ok(Some(ordinal))
}

/// Returns whether there may be a range to [`lend`].
pub fn may_lend(connection: &mut dyn Connection, ask: &Lend<'_>, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "select coalesce(max(ordinal) + 1, 0) from export_ranges where run_id = $1";
    if connection.count(sql, &[ask.run_id.into()])? < end_of_window(connection, ask)? {
        return Ok(true);
    }
    let lost = "select count(*) from export_ranges where run_id = $1 and object is null and until_ms <= $2 \
                and attempts < $3";
    Ok(connection.count(lost, &[ask.run_id.into(), now.as_millis().into(), ask.attempts.into()])? > 0)
}

/// Renews the leases of a helper.
pub fn renew(connection: &mut dyn Connection, run_id: &str, owner: &str, until: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "update export_ranges set until_ms = $1 where run_id = $2 and owner = $3 and object is null",
        &[until.as_millis().into(), run_id.into(), owner.into()],
    )?;
    Ok(())
}

/// Notes where the rows of a range are kept; returns whether its helper still had it.
pub fn complete(
    connection: &mut dyn Connection,
    run_id: &str,
    ordinal: i64,
    owner: &str,
    object: &str,
) -> Result<bool, StoreError> {
    let changed = connection.execute(
        "update export_ranges set object = $1 where run_id = $2 and ordinal = $3 and owner = $4 and object is null",
        &[object.into(), run_id.into(), ordinal.into(), owner.into()],
    )?;
    Ok(changed == 1)
}

/// Gives back what a helper has not done.
pub fn give_back(connection: &mut dyn Connection, run_id: &str, owner: &str) -> Result<(), StoreError> {
    connection.execute(
        "update export_ranges set until_ms = 0 where run_id = $1 and owner = $2 and object is null",
        &[run_id.into(), owner.into()],
    )?;
    Ok(())
}

/// Makes somebody the leader of a run, and gives back what the one before had taken.
pub fn lead(connection: &mut dyn Connection, run_id: &str, leader: &str) -> Result<(), StoreError> {
    connection.execute("update export_runs set leader = $1 where id = $2", &[leader.into(), run_id.into()])?;
    connection.execute(
        "update export_ranges set until_ms = 0 where run_id = $1 and object is null and until_ms is null",
        &[run_id.into()],
    )?;
    Ok(())
}

/// Gives back a range whose rows are gone.
pub fn lose(connection: &mut dyn Connection, run_id: &str, ordinal: i64) -> Result<(), StoreError> {
    connection.execute(
        "update export_ranges set object = null, until_ms = 0 where run_id = $1 and ordinal = $2",
        &[run_id.into(), ordinal.into()],
    )?;
    Ok(())
}

/// Returns a range that somebody has taken.
pub fn find_range(
    connection: &mut dyn Connection,
    run_id: &str,
    ordinal: i64,
) -> Result<Option<ExportRange>, StoreError> {
    let sql = "select ordinal, until_ms, object from export_ranges where run_id = $1 and ordinal = $2";
    connection.find(sql, &[run_id.into(), ordinal.into()], |row| ExportRange {
        ordinal: row.int(0).unwrap_or_default(),
        until: row.int(1).map(Timestamp::from_millis),
        object: row.text(2),
    })
}
