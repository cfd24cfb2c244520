//! Schedules: exports that run at the times of a cron expression.
//!
//! A schedule is an item: the expression with its zone, the arguments of `labelport export`, and what is due or runs now.
//! Nothing here starts a process or reads a clock: the command line does both (see its module `scheduler`), and asks
//! [`begin`] what to run, at a time that is an argument. The rules:
//!
//! - A schedule has one run at a time. What is due while one runs is skipped, and its history says so.
//! - What was missed while no server ran is run once, for the latest time that was missed.
//! - A time that was taken is not taken again, by however many servers: a run is claimed with the next time that is due in
//!   one transaction. The claim has a lease; a server that is gone for longer than that has ended, its run was interrupted,
//!   and the schedule runs again, unless that has happened three times in a row.
//! - A run that failed is in the history, and the next time comes as always.
//! - While a schedule is paused, the clock starts nothing, and what it would have started then is not made up for.
//!   Somebody can still run it now.
//!
//! A schedule does what its arguments say, with the rights of the server. So only those who can write the data folder
//! create one, on the command line; no API does.

pub mod placeholders;
mod runs;

pub use labelport_store::tables::schedule_runs::{RunEnd, RunStatus, ScheduleRun};
pub use runs::{Begun, LEASE_MS, RUNS_KEPT, begin, end, is_claimed, renew};

use crate::items::{self, Body, Item, ItemKind, Listed};
use crate::workspace::Workspace;
use labelport_model::cron::Cron;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::quote::Quoted;
use labelport_model::time::{Timestamp, Zone};
use labelport_store::Connection;
use labelport_store::check::Finding;
use labelport_store::tables::schedule_runs;
use serde::{Deserialize, Serialize};

/// The most characters of a name.
const NAME_LIMIT: usize = 100;

/// The values of a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// The cron expression.
    pub cron: String,
    /// The IANA name of its zone.
    pub zone: String,
    /// The arguments of the command, `export` first, with their placeholders.
    pub arguments: Vec<String>,
    /// The absolute path of the folder in which it runs.
    pub folder: String,
    /// Whether a result that is the one before is not written.
    pub skip_unchanged: bool,
    /// Whether the clock starts nothing.
    pub is_paused: bool,
    /// When the clock is to start it next, in milliseconds; none while it is paused.
    pub due_ms: Option<i64>,
    /// The time of a run that the clock does not start: one that somebody asked for, or that was interrupted.
    pub asked_ms: Option<i64>,
    /// What runs now.
    pub running: Option<Claim>,
    /// How many servers in a row have ended during a run.
    pub deaths: u32,
    /// The SHA-256 of the last result that was written.
    pub last_sha256: Option<String>,
    /// When a run began last, in milliseconds since 1970.
    #[serde(default)]
    pub last_started_ms: Option<i64>,
}

/// The claim of a server on a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The key of the run.
    pub run_key: i64,
    /// The server.
    pub owner: String,
    /// The time that the run is for.
    pub due_ms: i64,
    /// When it began.
    pub started_ms: i64,
    /// Until when the server has it without saying so again.
    pub lease_ms: i64,
}

impl Body for Schedule {
    const KIND: ItemKind = ItemKind::Schedule;
    const WORD: &'static str = "schedule";
}

impl Schedule {
    /// Returns its expression and zone. Both were read when it was created.
    pub fn clock(&self) -> Result<(Cron, Zone), Problem> {
        let unreadable = |error: &dyn std::error::Error| {
            Problem::malformed(format!("the schedule cannot be read any more ({error}); delete it and create it again"))
        };
        let cron = Cron::parse(&self.cron).map_err(|error| unreadable(&error))?;
        Ok((cron, Zone::parse(&self.zone).map_err(|error| unreadable(&error))?))
    }

    /// Returns when it runs next: now or later; none while nothing is to run.
    pub fn next(&self) -> Option<Timestamp> {
        self.due_ms.into_iter().chain(self.asked_ms).min().map(Timestamp::from_millis)
    }

    /// Returns the next time of the clock after an instant.
    fn next_due(&self, after: Timestamp) -> Result<Option<i64>, Problem> {
        let (cron, zone) = self.clock()?;
        Ok(cron.next_after(after, &zone).map(Timestamp::as_millis))
    }
}

/// What a new schedule is.
#[derive(Debug, Clone)]
pub struct NewSchedule {
    /// Its name, which no other has.
    pub name: String,
    /// When it runs.
    pub cron: Cron,
    /// In which zone.
    pub zone: Zone,
    /// The arguments of the command, `export` first. The command has checked them.
    pub arguments: Vec<String>,
    /// The absolute path of the folder in which it runs.
    pub folder: String,
    /// Whether a result that is the one before is not written.
    pub skip_unchanged: bool,
}

/// Creates a schedule. It has no caller: only the operator can.
pub fn create(workspace: &Workspace, new: NewSchedule, now: Timestamp) -> Result<Item<Schedule>, Problem> {
    let NewSchedule { name, cron, zone, arguments, folder, skip_unchanged } = new;
    let is_name = !name.trim().is_empty() && name.trim() == name && !name.contains(char::is_control);
    if !is_name || name.chars().count() > NAME_LIMIT {
        let message =
            format!("{name:?} cannot be the name of a schedule; give 1 to {NAME_LIMIT} characters on one line");
        return Err(Problem::malformed(message));
    }
    let due_ms = cron.next_after(now, &zone).map(Timestamp::as_millis);
    let item = Item {
        id: workspace.chance().cuid(),
        parent: String::new(),
        name,
        body: Schedule {
            cron: cron.text().to_owned(),
            zone: zone.name().to_owned(),
            arguments,
            folder,
            skip_unchanged,
            is_paused: false,
            due_ms,
            asked_ms: None,
            running: None,
            deaths: 0,
            last_sha256: None,
            last_started_ms: None,
        },
        created_by: String::new(),
        created: now,
        updated: now,
    };
    let org_key = workspace.org_key();
    workspace.write(move |connection| {
        let known = items::list_all::<Schedule>(connection, org_key)?;
        if known.iter().any(|known| known.name == item.name || known.id == item.name) {
            let message = format!("a schedule named {:?} exists already; delete it or choose another name", item.name);
            return Err(Problem::conflict(message));
        }
        item.create(connection, org_key)?;
        Ok(item)
    })
}

/// Lists schedules, oldest first. Those that cannot be read are for [`check`].
pub fn list(workspace: &Workspace) -> Result<Vec<Item<Schedule>>, Problem> {
    workspace.read(|connection| readable(connection, workspace.org_key()))
}

fn readable(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Item<Schedule>>, Problem> {
    Ok(items::list_all(connection, org_key)?.into_iter().filter_map(|listed| listed.item).collect())
}

/// The name of the check of schedules.
pub const CHECK: &str = "schedules";

/// Finds schedules that cannot be read, or whose times cannot.
pub fn check(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Finding>, Problem> {
    let all = items::list_all::<Schedule>(connection, org_key)?.into_iter();
    let broken = all.filter(|listed| listed.item.as_ref().is_none_or(|item| item.body.clock().is_err()));
    let finding = |name: &str| {
        let message = format!("the schedule {} cannot be read, and does not run", Quoted::new(name));
        Finding { check: CHECK, message, remedy: "`labelport schedule delete` it, and create it again" }
    };
    Ok(broken.map(|listed| finding(&listed.name)).collect())
}

/// Returns a schedule by its name or its id.
pub fn get(workspace: &Workspace, name: &str) -> Result<Item<Schedule>, Problem> {
    workspace.read(|connection| named(connection, workspace.org_key(), name))
}

/// Lists the latest runs of a schedule, newest first.
pub fn history(workspace: &Workspace, schedule: &Item<Schedule>, limit: usize) -> Result<Vec<ScheduleRun>, Problem> {
    workspace.read(|connection| Ok(schedule_runs::list(connection, &schedule.id, limit)?))
}

/// Lets the clock start nothing of a schedule. What runs goes on.
pub fn pause(workspace: &Workspace, name: &str, now: Timestamp) -> Result<Item<Schedule>, Problem> {
    change(workspace, name, now, |schedule, _| {
        (schedule.is_paused, schedule.due_ms, schedule.asked_ms) = (true, None, None);
        Ok(())
    })
}

/// Lets the clock start a schedule again, from now on.
pub fn resume(workspace: &Workspace, name: &str, now: Timestamp) -> Result<Item<Schedule>, Problem> {
    change(workspace, name, now, |schedule, now| {
        if schedule.is_paused {
            (schedule.is_paused, schedule.due_ms) = (false, schedule.next_due(now)?);
        }
        Ok(())
    })
}

/// Asks a server to run a schedule now, also one that is paused.
pub fn run_now(workspace: &Workspace, name: &str, now: Timestamp) -> Result<Item<Schedule>, Problem> {
    change(workspace, name, now, |schedule, now| match &schedule.running {
        Some(_) => Err(Problem::conflict("it is running; wait for its end, which its history shows")),
        None => {
            schedule.asked_ms = Some(now.as_millis());
            Ok(())
        }
    })
}

/// Deletes a schedule with its history; what it has written stays. The server stops what runs. Returns its id and its name.
pub fn delete(workspace: &Workspace, name: &str) -> Result<(String, String), Problem> {
    let (org_key, name) = (workspace.org_key(), name.to_owned());
    workspace.write(move |connection| {
        // Also one that cannot be read.
        let mut known = items::list_all::<Schedule>(connection, org_key)?.into_iter();
        let found = known.find(|known| known.name == name || known.id == name);
        let Listed { id, name, .. } = found.ok_or_else(|| unknown(&name))?;
        schedule_runs::prune(connection, &id, 0)?;
        items::delete::<Schedule>(connection, org_key, &id)?;
        Ok((id, name))
    })
}

fn change(
    workspace: &Workspace,
    name: &str,
    now: Timestamp,
    change: impl FnOnce(&mut Schedule, Timestamp) -> Result<(), Problem> + Send + 'static,
) -> Result<Item<Schedule>, Problem> {
    let (org_key, name) = (workspace.org_key(), name.to_owned());
    workspace.write(move |connection| {
        let mut item = named(connection, org_key, &name)?;
        let before = item.body.clone();
        change(&mut item.body, now)?;
        if item.body != before {
            item.updated = now;
            item.update(connection, org_key)?;
        }
        Ok(item)
    })
}

fn named(connection: &mut dyn Connection, org_key: i64, name: &str) -> Result<Item<Schedule>, Problem> {
    let known = readable(connection, org_key)?;
    let found = known.into_iter().find(|known| known.name == name || known.id == name);
    found.ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Problem {
    let message = format!("there is no schedule with the name or id {name:?}; `labelport schedule list` shows them");
    Problem::new(ProblemKind::NotFound, message)
}
