//! What is due, who runs it, and how it ends.

use super::placeholders::RunTimes;
use super::{Claim, Schedule};
use crate::items::{self, Item};
use crate::workspace::Workspace;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::tables::schedule_runs::{self, RunEnd, RunStatus};

/// How long a server has a run without renewing its claim, in milliseconds.
pub const LEASE_MS: i64 = 60_000;
/// The most runs of a schedule that its history keeps.
pub const RUNS_KEPT: usize = 1_000;
/// How many servers in a row may end during a run before it is left to the next time.
const DEATHS_LIMIT: u32 = 3;

/// A run that a server has claimed.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The schedule.
    pub schedule: Item<Schedule>,
    /// The key of the run.
    pub run_key: i64,
    /// The time that it is for, and when it begins.
    pub times: RunTimes,
}

/// Claims the run that has been due longest, for a server whose name no other has; nothing where none is due. Runs of
/// servers that have ended are noted as such.
pub fn begin(workspace: &Workspace, owner: &str, now: Timestamp) -> Result<Option<Begun>, Problem> {
    let org_key = workspace.org_key();
    // Nobody waits for the writer as long as nothing is due.
    let known = workspace.read(|connection| super::readable(connection, org_key))?;
    if !known.iter().any(|item| is_due(&item.body, now) || is_lost(&item.body, owner, now)) {
        return Ok(None);
    }
    let owner = owner.to_owned();
    workspace.write(move |connection| {
        // Since when it waits, the time that the run is for, and the schedule.
        let mut waiting: Option<(Timestamp, Timestamp, Item<Schedule>)> = None;
        for mut item in super::readable(connection, org_key)? {
            let before = item.body.clone();
            if is_due(&item.body, now)
                && let Err(problem) = item.body.clock()
            {
                fail(connection, &mut item, &problem, now)?;
                item.update(connection, org_key)?;
                continue;
            }
            let since = item.body.next().unwrap_or(now);
            release(connection, &mut item, &owner, now)?;
            let due = match item.body.running {
                Some(_) => {
                    skip(connection, &mut item, now)?;
                    None
                }
                None if is_due(&item.body, now) => due_time(&item.body, now)?,
                None => None,
            };
            if item.body != before {
                item.update(connection, org_key)?;
            }
            if let Some(due) = due
                && waiting.as_ref().is_none_or(|(first, ..)| since < *first)
            {
                waiting = Some((since, due, item));
            }
        }
        let Some((_, due, mut schedule)) = waiting else { return Ok(None) };
        let run_key = schedule_runs::create(connection, &schedule.id, due, now)?;
        advance(&mut schedule.body, now)?;
        schedule.body.asked_ms = None;
        schedule.body.last_started_ms = Some(now.as_millis());
        schedule.body.running = Some(Claim {
            run_key,
            owner,
            due_ms: due.as_millis(),
            started_ms: now.as_millis(),
            lease_ms: now.as_millis() + LEASE_MS,
        });
        schedule.update(connection, org_key)?;
        Ok(Some(Begun { schedule, run_key, times: RunTimes { due, started: now } }))
    })
}

/// Returns whether the claim on a run still is one. It is not once the schedule is deleted or another server has taken it.
pub fn is_claimed(workspace: &Workspace, begun: &Begun) -> Result<bool, Problem> {
    let find =
        |connection: &mut dyn Connection| items::find::<Schedule>(connection, workspace.org_key(), &begun.schedule.id);
    let running = workspace.read(find)?.and_then(|item| item.body.running);
    Ok(running.is_some_and(|claim| claim.run_key == begun.run_key))
}

/// Renews the claim on a run; returns whether it still is one. If not, the run has to be stopped.
pub fn renew(workspace: &Workspace, begun: &Begun, now: Timestamp) -> Result<bool, Problem> {
    let (org_key, id, run_key) = (workspace.org_key(), begun.schedule.id.clone(), begun.run_key);
    workspace.write(move |connection| {
        let Some(mut item) = items::find::<Schedule>(connection, org_key, &id)? else { return Ok(false) };
        let Some(claim) = item.body.running.as_mut().filter(|claim| claim.run_key == run_key) else {
            return Ok(false);
        };
        claim.lease_ms = now.as_millis() + LEASE_MS;
        item.update(connection, org_key)?;
        Ok(true)
    })
}

/// Notes the end of a run; returns whether the claim on it was still one. A run that was interrupted is due again.
pub fn end(workspace: &Workspace, begun: &Begun, end: RunEnd, now: Timestamp) -> Result<bool, Problem> {
    let (org_key, id, run_key) = (workspace.org_key(), begun.schedule.id.clone(), begun.run_key);
    workspace.write(move |connection| {
        let Some(mut item) = items::find::<Schedule>(connection, org_key, &id)? else { return Ok(false) };
        let Some(claim) = item.body.running.take_if(|claim| claim.run_key == run_key) else { return Ok(false) };
        let schedule = &mut item.body;
        schedule.deaths = 0;
        match end.status {
            RunStatus::Complete => schedule.last_sha256.clone_from(&end.sha256),
            RunStatus::Interrupted if !schedule.is_paused => schedule.asked_ms = Some(claim.due_ms),
            _ => {}
        }
        schedule_runs::end(connection, run_key, &end, now)?;
        schedule_runs::prune(connection, &id, RUNS_KEPT)?;
        item.update(connection, org_key)?;
        Ok(true)
    })
}

/// Returns whether something is to run. No two runs begin in one second, so that this time can name what they write.
fn is_due(schedule: &Schedule, now: Timestamp) -> bool {
    let second = |millis: i64| millis.div_euclid(1_000);
    let is_new_second = schedule.last_started_ms.is_none_or(|last| second(last) != second(now.as_millis()));
    is_new_second && schedule.next().is_some_and(|next| next <= now)
}

/// Notes that a schedule cannot be run any more, and pauses it.
fn fail(
    connection: &mut dyn Connection,
    item: &mut Item<Schedule>,
    problem: &Problem,
    now: Timestamp,
) -> Result<(), Problem> {
    let due = item.body.next().unwrap_or(now);
    let key = schedule_runs::create(connection, &item.id, due, now)?;
    schedule_runs::end(connection, key, &RunEnd::because(RunStatus::Failed, problem.message.clone()), now)?;
    (item.body.is_paused, item.body.due_ms, item.body.asked_ms) = (true, None, None);
    Ok(())
}

/// Returns whether the server that runs a schedule has ended: another one whose lease is over.
fn is_lost(schedule: &Schedule, owner: &str, now: Timestamp) -> bool {
    schedule.running.as_ref().is_some_and(|claim| claim.owner != owner && claim.lease_ms <= now.as_millis())
}

/// Notes that the server of a run has ended, and makes the run due again.
fn release(
    connection: &mut dyn Connection,
    item: &mut Item<Schedule>,
    owner: &str,
    now: Timestamp,
) -> Result<(), Problem> {
    let schedule = &mut item.body;
    let is_lost = is_lost(schedule, owner, now);
    let Some(claim) = schedule.running.take_if(|_| is_lost) else { return Ok(()) };
    schedule.deaths += 1;
    let is_last = schedule.deaths >= DEATHS_LIMIT;
    let reason = if is_last {
        schedule.deaths = 0;
        "its server ended, the third in a row to end during this run; the schedule waits for its next time"
    } else {
        schedule.asked_ms = (!schedule.is_paused).then_some(claim.due_ms);
        "its server ended"
    };
    schedule_runs::end(connection, claim.run_key, &RunEnd::because(RunStatus::Interrupted, reason), now)?;
    Ok(())
}

/// Notes that what is due does not run, since something runs.
fn skip(connection: &mut dyn Connection, item: &mut Item<Schedule>, now: Timestamp) -> Result<(), Problem> {
    let Some(due) = due_time(&item.body, now)? else { return Ok(()) };
    advance(&mut item.body, now)?;
    item.body.asked_ms = None;
    let key = schedule_runs::create(connection, &item.id, due, now)?;
    let reason = "the run before it had not ended";
    schedule_runs::end(connection, key, &RunEnd::because(RunStatus::Skipped, reason), now)?;
    schedule_runs::prune(connection, &item.id, RUNS_KEPT)?;
    Ok(())
}

/// Returns the time that a run which begins now is for: the latest that is due.
fn due_time(schedule: &Schedule, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    let mut latest = schedule.asked_ms.map(Timestamp::from_millis).filter(|asked| *asked <= now);
    if let Some(due) = schedule.due_ms.map(Timestamp::from_millis).filter(|due| *due <= now) {
        let (cron, zone) = schedule.clock()?;
        let missed = cron.last_until(due.plus_millis(-1), now, &zone).unwrap_or(due);
        latest = latest.max(Some(missed));
    }
    Ok(latest)
}

/// Moves the time that is due after now.
fn advance(schedule: &mut Schedule, now: Timestamp) -> Result<(), Problem> {
    if schedule.due_ms.is_some_and(|due| due <= now.as_millis()) {
        schedule.due_ms = schedule.next_due(now)?;
    }
    Ok(())
}
