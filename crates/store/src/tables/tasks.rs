//! Tasks: everything that can take long, as a row that outlives the process working on it.
//!
//! `IN_PROGRESS → COMPLETE | FAILED | CANCELED`, and never back. The worker of a task holds a *lease* and renews it; a
//! task whose lease is over was interrupted, and another worker may claim it. So work is done at least once, and each kind of
//! work can be done again. A lease that ran out counts as a death of its worker; one that was given back
//! does not. Nothing here reads a clock: times are arguments.

use crate::engine::{Connection, Param, RowView, StoreError};
use labelport_model::id::TaskId;
use labelport_model::time::Timestamp;

/// The status of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskStatus {
    /// It is waiting or being worked on.
    InProgress,
    /// It is done.
    Complete,
    /// It ended with an error.
    Failed,
    /// Somebody called it off.
    Canceled,
}

impl TaskStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::InProgress, Self::Complete, Self::Failed, Self::Canceled];

    /// Returns the spelling of the wire and of storage, such as `IN_PROGRESS`.
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Complete => "COMPLETE",
            Self::Failed => "FAILED",
            Self::Canceled => "CANCELED",
        }
    }

    /// Finds a status by its spelling, exactly.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.wire_name() == text)
    }
}

/// A task as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The public id.
    pub id: TaskId,
    /// What is done: `import`, `export` and so on.
    pub kind: String,
    /// The name a person gave it.
    pub name: String,
    /// The status.
    pub status: TaskStatus,
    /// What was asked for, as JSON in canonical form.
    pub request: String,
    /// What came of it, as JSON; none before the end.
    pub outcome: Option<String>,
    /// How many rows are done. Never shrinks, never above the total.
    pub rows_done: i64,
    /// How many rows there are to do, once known.
    pub rows_total: Option<i64>,
    /// Who asked for it.
    pub created_by: Option<String>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// The lease of the worker that claimed it last.
    pub lease: Option<Lease>,
    /// How often it was claimed by another worker than before.
    pub attempt: i64,
    /// How often a worker ended without giving the lease back, as far as another worker has noticed.
    pub deaths: i64,
    /// The API key that asked for it, else its user; empty for the command line.
    pub queue: String,
}

/// The right to work on a task, for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The worker, by a name that no other worker has.
    pub owner: String,
    /// When the lease is over; at this instant it is.
    pub until: Timestamp,
}

/// A task to create.
#[derive(Debug, Clone)]
pub struct NewTask {
    /// The public id.
    pub id: TaskId,
    /// What is to be done.
    pub kind: String,
    /// The name a person gave it.
    pub name: String,
    /// What is asked for, as JSON in canonical form.
    pub request: String,
    /// Who asks for it.
    pub created_by: Option<String>,
    /// The API key that asks for it. Workers take turns between queues.
    pub queue: String,
    /// Now.
    pub created: Timestamp,
}

/// How far a task has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskProgress {
    /// The rows done.
    pub rows_done: i64,
    /// The rows to do; none leaves the number known before.
    pub rows_total: Option<i64>,
}

/// How a task ends.
#[derive(Debug, Clone)]
pub struct Ending {
    /// The new status.
    pub status: TaskStatus,
    /// What came of it, as JSON.
    pub outcome: Option<String>,
    /// The worker whose lease it must be. None for a caller that may end it without working on it, as in a cancellation.
    pub owner: Option<String>,
    /// Now.
    pub now: Timestamp,
}

/// Which tasks to list.
#[derive(Debug, Clone, Copy)]
pub struct ListTasks {
    /// Tasks with this status; none for all.
    pub status: Option<TaskStatus>,
    /// The most to return.
    pub limit: usize,
}

impl Task {
    /// Returns whether its worker has gone: it was claimed, and the lease is over.
    pub fn is_interrupted(&self, now: Timestamp) -> bool {
        self.status == TaskStatus::InProgress && self.lease.as_ref().is_some_and(|lease| lease.until <= now)
    }
}

const SELECT: &str = "select id, kind, name, status, request, outcome, rows_done, rows_total, created_by, created_ms, \
                      finished_ms, lease_owner, lease_until_ms, attempt, deaths, queue from tasks where ";

/// Creates a task that nobody works on yet; returns whether the id was free.
pub fn create(connection: &mut dyn Connection, org_key: i64, task: &NewTask) -> Result<bool, StoreError> {
    let inserted = connection.execute(
        "insert into tasks (org_key, id, kind, name, status, request, created_by, created_ms, queue) \
         values ($1, $2, $3, $4, 'IN_PROGRESS', $5, $6, $7, $8) on conflict do nothing",
        &[
            org_key.into(),
            task.id.as_str().into(),
            (&task.kind).into(),
            (&task.name).into(),
            (&task.request).into(),
            task.created_by.as_ref().into(),
            task.created.as_millis().into(),
            (&task.queue).into(),
        ],
    )?;
    Ok(inserted == 1)
}

/// Notes how far a task has come. Fewer rows than before change nothing, more than the total count as the total.
pub fn report_progress(connection: &mut dyn Connection, id: &TaskId, progress: TaskProgress) -> Result<(), StoreError> {
    if let Some(total) = progress.rows_total {
        connection.execute(
            "update tasks set rows_total = case when rows_done > $1 then rows_done else $1 end \
             where id = $2 and status = 'IN_PROGRESS'",
            &[total.into(), id.as_str().into()],
        )?;
    }
    connection.execute(
        "update tasks set rows_done = case when rows_total < $1 then rows_total else $1 end \
         where rows_done < $1 and id = $2 and status = 'IN_PROGRESS'",
        &[progress.rows_done.into(), id.as_str().into()],
    )?;
    Ok(())
}

/// Ends a task; returns whether it was in progress, and its owner's if one is named. The lease ends with it.
pub fn finish(connection: &mut dyn Connection, id: &TaskId, ending: &Ending) -> Result<bool, StoreError> {
    let mut sql = "update tasks set status = $1, outcome = $2, finished_ms = $3, lease_owner = null, \
                   lease_until_ms = null where id = $4 and status = 'IN_PROGRESS'"
        .to_owned();
    let mut params: Vec<Param<'_>> = vec![
        ending.status.wire_name().into(),
        ending.outcome.as_ref().into(),
        ending.now.as_millis().into(),
        id.as_str().into(),
    ];
    if let Some(owner) = &ending.owner {
        sql.push_str(" and lease_owner = $5");
        params.push(owner.into());
    }
    Ok(connection.execute(&sql, &params)? == 1)
}

/// Finds a task by its id.
pub fn find(connection: &mut dyn Connection, id: &TaskId) -> Result<Option<Task>, StoreError> {
    connection.find(&format!("{SELECT} id = $1"), &[id.as_str().into()], task)?.transpose()
}

/// Lists tasks, newest first.
pub fn list(connection: &mut dyn Connection, org_key: i64, which: &ListTasks) -> Result<Vec<Task>, StoreError> {
    let mut sql = format!("{SELECT} org_key = $1");
    let mut params: Vec<Param<'_>> = vec![org_key.into()];
    if let Some(status) = which.status {
        sql.push_str(" and status = $2");
        params.push(status.wire_name().into());
    }
    sql.push_str(&format!(" order by task_key desc limit {}", which.limit));
    connection.list(&sql, &params, task)?.into_iter().collect()
}

/// Lists the tasks that ended before a time, in the order in which they did.
pub fn list_finished_before(
    connection: &mut dyn Connection,
    org_key: i64,
    before: Timestamp,
) -> Result<Vec<Task>, StoreError> {
    let sql = format!("{SELECT} org_key = $1 and finished_ms < $2 order by finished_ms, task_key");
    connection.list(&sql, &[org_key.into(), before.as_millis().into()], task)?.into_iter().collect()
}

/// Lists the tasks that failed after so many deaths of their workers, newest first.
pub fn list_given_up(
    connection: &mut dyn Connection,
    org_key: i64,
    deaths: i64,
    limit: usize,
) -> Result<Vec<Task>, StoreError> {
    let sql =
        format!("{SELECT} org_key = $1 and status = 'FAILED' and deaths >= $2 order by task_key desc limit {limit}");
    connection.list(&sql, &[org_key.into(), deaths.into()], task)?.into_iter().collect()
}

/// Counts the tasks in each status.
pub fn count_by_status(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<(TaskStatus, i64)>, StoreError> {
    let sql = "select count(*) from tasks where org_key = $1 and status = $2";
    let count = |status: TaskStatus| Ok((status, connection.count(sql, &[org_key.into(), status.wire_name().into()])?));
    TaskStatus::ALL.into_iter().map(count).collect()
}

/// Counts the tasks that wait for a worker: all, or those of some kinds in a queue.
pub fn count_waiting(
    connection: &mut dyn Connection,
    org_key: i64,
    which: Option<(&[&str], &str)>,
) -> Result<i64, StoreError> {
    let mut params: Vec<Param<'_>> = vec![org_key.into()];
    let mut sql =
        "select count(*) from tasks where org_key = $1 and status = 'IN_PROGRESS' and lease_owner is null".to_owned();
    if let Some((kinds, queue)) = which {
        params.push(queue.into());
        // The index by queue holds every task that a key ever asked for, the one by status those that are not done.
        sql.push_str(" and coalesce(queue, '') = $2 and kind in (''");
        for kind in kinds {
            params.push((*kind).into());
            sql.push_str(&format!(", ${}", params.len()));
        }
        sql.push(')');
    }
    connection.count(&sql, &params)
}

/// Lists the tasks whose worker has gone, oldest first. Tasks that nobody has claimed are not among them.
pub fn list_expired(connection: &mut dyn Connection, org_key: i64, now: Timestamp) -> Result<Vec<Task>, StoreError> {
    let sql = format!(
        "{SELECT} org_key = $1 and status = 'IN_PROGRESS' and lease_owner is not null and lease_until_ms <= $2 \
         order by task_key"
    );
    connection.list(&sql, &[org_key.into(), now.as_millis().into()], task)?.into_iter().collect()
}

/// Gives a worker the lease of a task that nobody holds; returns whether it has it now. Its own it may take again. Taking
/// over a lease that ran out counts a death of the worker that held it.
pub fn claim(connection: &mut dyn Connection, id: &TaskId, lease: &Lease, now: Timestamp) -> Result<bool, StoreError> {
    let changed = connection.execute(
        "update tasks set attempt = case when lease_owner = $1 then attempt else attempt + 1 end, \
         deaths = case when lease_owner is null or lease_owner = $1 then deaths else deaths + 1 end, \
         claim_seq = (select coalesce(max(claim_seq), 0) + 1 from tasks), lease_owner = $1, \
         lease_until_ms = $2 where id = $3 and status = 'IN_PROGRESS' \
         and (lease_until_ms is null or lease_owner = $1 or lease_until_ms <= $4)",
        &[(&lease.owner).into(), lease.until.as_millis().into(), id.as_str().into(), now.as_millis().into()],
    )?;
    Ok(changed == 1)
}

/// Renews the lease of a worker; returns whether it still had it. Who has lost it must stop.
pub fn heartbeat(connection: &mut dyn Connection, id: &TaskId, lease: &Lease) -> Result<bool, StoreError> {
    let changed = connection.execute(
        "update tasks set lease_until_ms = $1 where id = $2 and status = 'IN_PROGRESS' and lease_owner = $3",
        &[lease.until.as_millis().into(), id.as_str().into(), (&lease.owner).into()],
    )?;
    Ok(changed == 1)
}

/// Lists the tasks that somebody asked for, newest first: the one with an id, or a page.
pub fn list_created(
    connection: &mut dyn Connection,
    org_key: i64,
    created_by: &str,
    which: &ListCreated,
) -> Result<Vec<Task>, StoreError> {
    let mut sql = format!("{SELECT} org_key = $1 and created_by = $2");
    let mut params: Vec<Param<'_>> = vec![org_key.into(), created_by.into()];
    if let Some(id) = &which.id {
        sql.push_str(" and id = $3");
        params.push(id.into());
    }
    sql.push_str(&format!(" order by task_key desc limit {} offset {}", which.limit, which.skip));
    connection.list(&sql, &params, task)?.into_iter().collect()
}

/// Lists the tasks that somebody asked for in these very words, newest first.
pub fn list_same(connection: &mut dyn Connection, org_key: i64, which: &Same<'_>) -> Result<Vec<Task>, StoreError> {
    let sql = format!(
        "{SELECT} org_key = $1 and created_by = $2 and kind = $3 and request = $4 order by task_key desc limit {}",
        which.limit
    );
    let params: [Param<'_>; 4] = [org_key.into(), which.created_by.into(), which.kind.into(), which.request.into()];
    connection.list(&sql, &params, task)?.into_iter().collect()
}

/// Which tasks are the same.
#[derive(Debug, Clone, Copy)]
pub struct Same<'a> {
    /// Who asked for them.
    pub created_by: &'a str,
    /// What was to be done.
    pub kind: &'a str,
    /// What was asked for.
    pub request: &'a str,
    /// The most to return.
    pub limit: usize,
}

/// Replaces the outcome of a task if it is the given one; returns whether it was.
pub fn replace_outcome(
    connection: &mut dyn Connection,
    id: &TaskId,
    before: &str,
    outcome: &str,
) -> Result<bool, StoreError> {
    let sql = "update tasks set outcome = $1 where id = $2 and outcome = $3";
    Ok(connection.execute(sql, &[outcome.into(), id.as_str().into(), before.into()])? == 1)
}

/// Which of the tasks that somebody asked for.
#[derive(Debug, Clone)]
pub struct ListCreated {
    /// The one with this id; none for all.
    pub id: Option<String>,
    /// How many to pass over.
    pub skip: usize,
    /// The most to return.
    pub limit: usize,
}

/// Lists the tasks of some kinds that nobody works on: never claimed, given back or interrupted. Queues take turns: first
/// come the tasks of the queue from which none was claimed for longest, oldest first.
pub fn list_claimable(
    connection: &mut dyn Connection,
    org_key: i64,
    kinds: &[&str],
    now: Timestamp,
) -> Result<Vec<Task>, StoreError> {
    let mut sql = format!(
        "{SELECT} org_key = $1 and status = 'IN_PROGRESS' and (lease_until_ms is null or lease_until_ms <= $2) \
         and kind in (''"
    );
    let mut params: Vec<Param<'_>> = vec![org_key.into(), now.as_millis().into()];
    for kind in kinds {
        params.push((*kind).into());
        sql.push_str(&format!(", ${}", params.len()));
    }
    let turn = "(select max(t.claim_seq) from tasks t where t.queue = tasks.queue)";
    sql.push_str(&format!(") order by {turn}, task_key limit 16"));
    connection.list(&sql, &params, task)?.into_iter().collect()
}

/// Gives a lease back, so that another worker can claim the task at once.
pub fn release(connection: &mut dyn Connection, id: &TaskId, owner: &str) -> Result<(), StoreError> {
    let sql = "update tasks set lease_owner = null, lease_until_ms = null \
               where id = $1 and lease_owner = $2 and status = 'IN_PROGRESS'";
    connection.execute(sql, &[id.as_str().into(), owner.into()])?;
    Ok(())
}

/// Gives a lease back, and lets nobody claim the task before a time.
pub fn postpone(connection: &mut dyn Connection, id: &TaskId, owner: &str, until: Timestamp) -> Result<(), StoreError> {
    let sql = "update tasks set lease_owner = null, lease_until_ms = $1 \
               where id = $2 and lease_owner = $3 and status = 'IN_PROGRESS'";
    connection.execute(sql, &[until.as_millis().into(), id.as_str().into(), owner.into()])?;
    Ok(())
}

/// What became of one row of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    /// Its place in the task, from 0.
    pub ordinal: i64,
    /// The id of the row; none for a failure.
    pub row_id: Option<String>,
    /// Why it failed, a JSON object.
    pub failure: Option<String>,
}

/// Notes what became of a row of a task. Noting it twice keeps the first note.
pub fn note_row(connection: &mut dyn Connection, id: &TaskId, row: &TaskRow) -> Result<(), StoreError> {
    connection.execute(
        "insert into task_rows (task_key, ordinal, row_id, failure) \
         select task_key, $1, $2, $3 from tasks where id = $4 on conflict do nothing",
        &[row.ordinal.into(), row.row_id.as_ref().into(), row.failure.as_ref().into(), id.as_str().into()],
    )?;
    Ok(())
}

/// Lists the tasks that have ended and of which webhooks do not know, oldest first.
pub fn list_unannounced(connection: &mut dyn Connection, org_key: i64, limit: usize) -> Result<Vec<Task>, StoreError> {
    let sql = format!(
        "{SELECT} org_key = $1 and is_announced = 0 and status <> 'IN_PROGRESS' order by task_key limit {limit}"
    );
    connection.list(&sql, &[org_key.into()], task)?.into_iter().collect()
}

/// Notes that webhooks know of the end of a task.
pub fn mark_announced(connection: &mut dyn Connection, id: &TaskId) -> Result<(), StoreError> {
    connection.execute("update tasks set is_announced = 1 where id = $1", &[id.as_str().into()])?;
    Ok(())
}

/// Notes that the end of every task that has ended is nobody's news.
pub fn mark_all_announced(connection: &mut dyn Connection, org_key: i64) -> Result<(), StoreError> {
    let sql = "update tasks set is_announced = 1 where org_key = $1 and is_announced = 0 and status <> 'IN_PROGRESS'";
    connection.execute(sql, &[org_key.into()])?;
    Ok(())
}

/// Counts all tasks.
pub fn count(connection: &mut dyn Connection, org_key: i64) -> Result<i64, StoreError> {
    connection.count("select count(*) from tasks where org_key = $1", &[org_key.into()])
}

/// Counts the rows of a task that succeeded or that failed.
pub fn count_rows(connection: &mut dyn Connection, id: &str, has_failed: bool) -> Result<i64, StoreError> {
    let which = if has_failed { "not null" } else { "null" };
    let sql = format!(
        "select count(*) from task_rows r join tasks t on t.task_key = r.task_key \
         where t.id = $1 and r.failure is {which}"
    );
    connection.count(&sql, &[id.into()])
}

/// Returns the ordinal after the last row of a task that was recorded.
pub fn next_row(connection: &mut dyn Connection, id: &str) -> Result<i64, StoreError> {
    let sql = "select coalesce(max(r.ordinal) + 1, 0) from task_rows r join tasks t on t.task_key = r.task_key \
               where t.id = $1";
    connection.count(sql, &[id.into()])
}

/// Lists rows of a task that succeeded or that failed, after an ordinal, in order.
pub fn list_rows(
    connection: &mut dyn Connection,
    id: &str,
    has_failed: bool,
    after: i64,
    limit: usize,
) -> Result<Vec<TaskRow>, StoreError> {
    let which = if has_failed { "not null" } else { "null" };
    let sql = format!(
        "select r.ordinal, r.row_id, r.failure from task_rows r join tasks t on t.task_key = r.task_key \
         where t.id = $1 and r.ordinal > $2 and r.failure is {which} order by r.ordinal limit {limit}"
    );
    connection.list(&sql, &[id.into(), after.into()], |row| TaskRow {
        ordinal: row.int(0).unwrap_or(0),
        row_id: row.text(1),
        failure: row.text(2),
    })
}

fn task(row: &dyn RowView) -> Result<Task, StoreError> {
    let id = row.text(0).unwrap_or_default();
    let status = row.text(3).unwrap_or_default();
    let damaged = |what: &str| StoreError::Damaged(format!("task {id:?} has {what}"));
    let time = |column| row.int(column).map(Timestamp::from_millis);
    Ok(Task {
        id: TaskId::parse(&id).map_err(|_| damaged("no id that could be given"))?,
        kind: row.text(1).unwrap_or_default(),
        name: row.text(2).unwrap_or_default(),
        status: TaskStatus::parse(&status).ok_or_else(|| damaged("an unknown status"))?,
        request: row.text(4).unwrap_or_default(),
        outcome: row.text(5),
        rows_done: row.int(6).unwrap_or(0),
        rows_total: row.int(7),
        created_by: row.text(8),
        created: time(9).unwrap_or(Timestamp::MIN),
        finished: time(10),
        lease: row.text(11).zip(time(12)).map(|(owner, until)| Lease { owner, until }),
        attempt: row.int(13).unwrap_or(0),
        deaths: row.int(14).unwrap_or(0),
        queue: row.text(15).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_found_by_its_spelling() {
        for status in TaskStatus::ALL {
            assert_eq!(TaskStatus::parse(status.wire_name()), Some(status));
        }
        assert_eq!(TaskStatus::parse("in_progress"), None);
    }
}
