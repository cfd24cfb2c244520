//! Projects, their task queues, batches and labels, as the SDK creates and reads them.

use crate::engine::{Connection, Param, RowView, StoreError};
use crate::row_key::RowKey;
use labelport_model::json::{Members, merge_members, quote_into};
use labelport_model::time::Timestamp;
use labelport_model::workflow::WorkflowStatus;
use std::collections::{BTreeMap, HashSet};

/// A project as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The internal key.
    pub key: i64,
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The media type, in capitals.
    pub media_type: Option<String>,
    /// The key of its ontology.
    pub ontology_key: Option<i64>,
    /// The public id of its ontology.
    pub ontology_id: Option<String>,
    /// What the SDK sets and reads back, a JSON object.
    pub settings: Option<String>,
    /// The key of the user who created it.
    pub created_by: Option<i64>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// A project to create.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The media type, in capitals.
    pub media_type: Option<String>,
    /// A JSON object.
    pub settings: String,
    /// The key of the user who creates it.
    pub created_by: Option<i64>,
    /// Now.
    pub now: Timestamp,
}

/// A task queue of a project's workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// The internal key.
    pub key: i64,
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is for; none for one that an import named.
    pub queue_type: Option<String>,
}

/// A batch of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The internal key.
    pub key: i64,
    /// The project.
    pub project_key: i64,
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The consensus settings, a JSON object with keys in snake case.
    pub consensus: Option<String>,
    /// The key of the user who created it.
    pub created_by: Option<i64>,
    /// When it was created.
    pub created: Timestamp,
    /// How many rows it has.
    pub size: i64,
}

/// A batch to create.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// The project.
    pub project_key: i64,
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The consensus settings, a JSON object with keys in snake case.
    pub consensus: Option<String>,
    /// The priority of its rows.
    pub priority: Option<i64>,
    /// The key of the user who creates it.
    pub created_by: Option<i64>,
    /// Now.
    pub now: Timestamp,
}

/// A row in a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRow {
    /// The row.
    pub row_key: RowKey,
    /// `project_details`, a JSON object.
    pub details: Option<String>,
    /// The batch that brought it.
    pub batch_key: Option<i64>,
}

const SELECT: &str = "select p.project_key, p.id, p.name, p.description, p.media_type, p.ontology_key, o.id, p.settings, \
                      p.created_by, coalesce(p.created_ms, 0), coalesce(p.updated_ms, p.created_ms, 0) \
                      from projects p left join ontologies o on o.ontology_key = p.ontology_key \
                      where p.deleted_ms is null and p.org_key = $1";

/// Creates a project.
pub fn create(connection: &mut dyn Connection, org_key: i64, project: &NewProject) -> Result<i64, StoreError> {
    let now: Param<'_> = project.now.as_millis().into();
    connection.count(
        "insert into projects (org_key, id, name, description, media_type, settings, created_by, created_ms, \
         updated_ms, tags) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '[]') returning project_key",
        &[
            org_key.into(),
            (&project.id).into(),
            (&project.name).into(),
            project.description.as_ref().into(),
            project.media_type.as_ref().into(),
            (&project.settings).into(),
            project.created_by.into(),
            now,
            now,
        ],
    )
}

/// Finds a project by its id.
pub fn find(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<Project>, StoreError> {
    connection.find(&format!("{SELECT} and p.id = $2"), &[org_key.into(), id.into()], project)
}

/// Finds a project by its key.
pub fn find_by_key(connection: &mut dyn Connection, org_key: i64, key: i64) -> Result<Option<Project>, StoreError> {
    connection.find(&format!("{SELECT} and p.project_key = $2"), &[org_key.into(), key.into()], project)
}

/// Lists the projects, oldest first.
pub fn list(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Project>, StoreError> {
    connection.list(&format!("{SELECT} order by p.project_key"), &[org_key.into()], project)
}

/// Counts the rows of a project.
pub fn count_rows(connection: &mut dyn Connection, project_key: i64) -> Result<i64, StoreError> {
    let sql =
        "select cast(coalesce(sum(value), 0) as bigint) from kept_counts where kind = 'project' and scope_key = $1";
    connection.count(sql, &[project_key.into()])
}

/// Finds the last activity of a project's rows, in Unix milliseconds; none for a project without rows.
pub fn find_activity(connection: &mut dyn Connection, project_key: i64) -> Result<Option<i64>, StoreError> {
    // A project that people work in is among the rows touched last, and then its other rows need no look.
    let sql = format!(
        "select row_key, activity_ms from data_rows where activity_ms is not null order by activity_ms desc \
         limit {RECENT_ROWS}"
    );
    let recent = connection.list(&sql, &[], |row| (row.int(0).unwrap_or(0), row.int(1)))?;
    let keys: Vec<RowKey> = recent.iter().map(|(key, _)| *key).collect();
    let sql = "select row_key from project_rows where project_key = $1 and row_key = any($2)";
    let read = |row: &dyn RowView| row.int(0).unwrap_or(0);
    let members: HashSet<RowKey> =
        connection.list(sql, &[project_key.into(), Param::Ints(&keys)], read)?.into_iter().collect();
    if let Some((_, activity)) = recent.iter().find(|(key, _)| members.contains(key)) {
        return Ok(*activity);
    }
    let sql = "select max(d.activity_ms) from project_rows r join data_rows d on d.row_key = r.row_key \
               where r.project_key = $1";
    Ok(connection.find(sql, &[project_key.into()], |row| row.int(0))?.flatten())
}

/// How many of the rows with the last activity are looked through before all rows of a project are.
const RECENT_ROWS: usize = 1_000;

/// Stores the parts of a project that can change.
pub fn update(connection: &mut dyn Connection, project: &Project, now: Timestamp) -> Result<(), StoreError> {
    connection.execute(
        "update projects set name = $1, description = $2, media_type = $3, settings = $4, ontology_key = $5, \
         updated_ms = $6 where project_key = $7",
        &[
            (&project.name).into(),
            project.description.as_ref().into(),
            project.media_type.as_ref().into(),
            project.settings.as_ref().into(),
            project.ontology_key.into(),
            now.as_millis().into(),
            project.key.into(),
        ],
    )?;
    Ok(())
}

/// Gives the rows of a project, which show its name, the next change number in every scope.
pub fn touch_rows(connection: &mut dyn Connection, org_key: i64, project_key: i64) -> Result<(), StoreError> {
    let change_seq = crate::write::changes::next_change_seq(connection, org_key)?;
    let rows = "select row_key from project_rows where project_key = $2";
    crate::write::changes::touch_rows(connection, rows, project_key, change_seq)
}

/// Finds the tags of a project as exports show them, a JSON array; none where an import has not said any.
pub fn find_tags(connection: &mut dyn Connection, project_key: i64) -> Result<Option<String>, StoreError> {
    let sql = "select tags from projects where project_key = $1";
    Ok(connection.find(sql, &[project_key.into()], |row| row.text(0))?.flatten())
}

/// Lists the tags of all projects that have some, each list a JSON array.
pub fn list_tags(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<String>, StoreError> {
    let sql = "select tags from projects where org_key = $1 and deleted_ms is null and tags <> '[]' \
               order by project_key";
    connection.list(sql, &[org_key.into()], |row| row.text(0).unwrap_or_default())
}

/// Stores the tags of a project. The change number of its rows is for [`touch_rows`] to give.
pub fn put_tags(connection: &mut dyn Connection, project_key: i64, tags: &str) -> Result<(), StoreError> {
    let sql = "update projects set tags = $1 where project_key = $2";
    connection.execute(sql, &[tags.into(), project_key.into()])?;
    Ok(())
}

/// Says in every row of a project that the project has another ontology.
pub fn rename_ontology_in_rows(
    connection: &mut dyn Connection,
    org_key: i64,
    project_key: i64,
    ontology_id: &str,
) -> Result<(), StoreError> {
    let sql = "select row_key, details from project_rows where project_key = $1 and details is not null \
               order by row_key";
    let stored = connection
        .list(sql, &[project_key.into()], |row| (row.int(0).unwrap_or(0), row.text(1).unwrap_or_default()))?;
    if stored.is_empty() {
        return Ok(());
    }
    let mut member = Members::default();
    let mut quoted = Vec::new();
    quote_into(ontology_id, &mut quoted);
    member.push_raw("ontology_id", &String::from_utf8_lossy(&quoted));
    for (row_key, details) in stored {
        let members = merge_members(&details[1..details.len() - 1], member.as_str(), &["ontology_id"]);
        let sql = "update project_rows set details = $1 where project_key = $2 and row_key = $3";
        let details = format!("{{{members}}}");
        connection.execute(sql, &[(&details).into(), project_key.into(), row_key.into()])?;
    }
    touch_rows(connection, org_key, project_key)
}

/// Marks a project as deleted. Its rows leave it by [`removal::remove_project`](crate::write::removal::remove_project).
pub fn mark_deleted(connection: &mut dyn Connection, key: i64, now: Timestamp) -> Result<(), StoreError> {
    let sql = "update projects set deleted_ms = $1 where project_key = $2";
    connection.execute(sql, &[now.as_millis().into(), key.into()])?;
    Ok(())
}

/// Creates a task queue.
pub fn create_queue(
    connection: &mut dyn Connection,
    project_key: i64,
    id: &str,
    name: &str,
    queue_type: &str,
) -> Result<(), StoreError> {
    connection.execute(
        "insert into workflow_tasks (project_key, id, name, queue_type) values ($1, $2, $3, $4)",
        &[project_key.into(), id.into(), name.into(), queue_type.into()],
    )?;
    Ok(())
}

/// Lists the task queues of a project in the order of its workflow.
pub fn list_queues(connection: &mut dyn Connection, project_key: i64) -> Result<Vec<Queue>, StoreError> {
    let sql = "select workflow_task_key, id, name, queue_type from workflow_tasks \
               where project_key = $1 and id <> '' order by workflow_task_key";
    connection.list(sql, &[project_key.into()], |row| Queue {
        key: row.int(0).unwrap_or(0),
        id: row.text(1).unwrap_or_default(),
        name: row.text(2).unwrap_or_default(),
        queue_type: row.text(3),
    })
}

/// Counts the rows of a project that sit in each task queue, by the key of the queue.
pub fn count_by_queue(connection: &mut dyn Connection, project_key: i64) -> Result<BTreeMap<i64, i64>, StoreError> {
    let sql = "select w.workflow_task_key, k.value from workflow_tasks w join kept_counts k on k.kind = 'queue' \
               and k.scope_key = w.workflow_task_key where w.project_key = $1 and k.value > 0 \
               order by w.workflow_task_key";
    let counts =
        connection.list(sql, &[project_key.into()], |row| (row.int(0).unwrap_or(0), row.int(1).unwrap_or(0)))?;
    Ok(counts.into_iter().collect())
}

const SELECT_BATCH: &str = "select b.batch_key, b.project_key, b.id, b.name, b.consensus, b.created_by, \
                            coalesce(b.created_ms, 0), \
                            coalesce((select k.value from kept_counts k where k.kind = 'batch' \
                            and k.scope_key = b.batch_key and k.part = 0), 0) from batches b where ";

/// Creates a batch; returns whether its name was free in the project.
pub fn create_batch(connection: &mut dyn Connection, batch: &NewBatch) -> Result<bool, StoreError> {
    let sql = "select count(*) from batches where project_key = $1 and name = $2";
    if connection.count(sql, &[batch.project_key.into(), (&batch.name).into()])? > 0 {
        return Ok(false);
    }
    connection.execute(
        "insert into batches (project_key, id, name, consensus, priority, created_by, created_ms) \
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            batch.project_key.into(),
            (&batch.id).into(),
            (&batch.name).into(),
            batch.consensus.as_ref().into(),
            batch.priority.into(),
            batch.created_by.into(),
            batch.now.as_millis().into(),
        ],
    )?;
    Ok(true)
}

/// Finds a batch of a project by its id.
pub fn find_batch(connection: &mut dyn Connection, project_key: i64, id: &str) -> Result<Option<Batch>, StoreError> {
    let sql = format!("{SELECT_BATCH} b.project_key = $1 and b.id = $2");
    connection.find(&sql, &[project_key.into(), id.into()], batch)
}

/// Finds a batch by its id, in any project; the oldest where several have it.
pub fn find_batch_by_id(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<Batch>, StoreError> {
    let sql = format!(
        "{SELECT_BATCH} b.id = $1 and b.project_key in \
         (select p.project_key from projects p where p.org_key = $2 and p.deleted_ms is null) \
         order by b.batch_key limit 1"
    );
    connection.find(&sql, &[id.into(), org_key.into()], batch)
}

/// Lists the batches of a project, oldest first.
pub fn list_batches(connection: &mut dyn Connection, project_key: i64) -> Result<Vec<Batch>, StoreError> {
    let sql = format!("{SELECT_BATCH} b.project_key = $1 order by b.batch_key");
    connection.list(&sql, &[project_key.into()], batch)
}

/// Deletes a batch that has no rows any more.
pub fn delete_batch(connection: &mut dyn Connection, batch_key: i64) -> Result<(), StoreError> {
    connection.execute("delete from batches where batch_key = $1", &[batch_key.into()])?;
    Ok(())
}

/// Lists the rows of a batch in key order, each with the number of its labels in the project.
pub fn list_batch_rows(connection: &mut dyn Connection, batch_key: i64) -> Result<Vec<(RowKey, i64)>, StoreError> {
    let sql = "select r.row_key, (select count(*) from labels l where l.project_key = r.project_key \
               and l.row_key = r.row_key) from project_rows r where r.batch_key = $1 order by r.row_key";
    connection.list(sql, &[batch_key.into()], |row| (row.int(0).unwrap_or(0), row.int(1).unwrap_or(0)))
}

/// Lists the ids of the labels that the rows of a batch have in its project.
pub fn list_batch_labels(connection: &mut dyn Connection, batch_key: i64) -> Result<Vec<String>, StoreError> {
    let sql = "select l.id from project_rows r join labels l on l.project_key = r.project_key \
               and l.row_key = r.row_key where r.batch_key = $1 order by r.row_key, l.ordinal";
    connection.list(sql, &[batch_key.into()], |row| row.text(0).unwrap_or_default())
}

/// How many rows of a project have each workflow status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// All of them.
    pub all: i64,
    /// Those that wait for a label.
    pub unlabeled: i64,
    /// Those in review.
    pub in_review: i64,
    /// Those sent back.
    pub in_rework: i64,
    /// Those that are done.
    pub done: i64,
}

impl StateCounts {
    /// Adds rows with the code of a workflow status, which none may have.
    pub(super) fn add(&mut self, status: Option<i64>, count: i64) {
        self.all += count;
        let status = status.and_then(|code| u8::try_from(code).ok()).and_then(WorkflowStatus::from_code);
        match status {
            Some(WorkflowStatus::InReview) => self.in_review += count,
            Some(WorkflowStatus::InRework) => self.in_rework += count,
            Some(WorkflowStatus::Done) => self.done += count,
            Some(WorkflowStatus::ToLabel) | None => self.unlabeled += count,
        }
    }
}

/// Counts the rows of a project by workflow status.
pub fn count_by_state(connection: &mut dyn Connection, project_key: i64) -> Result<StateCounts, StoreError> {
    let sql = "select part, value from kept_counts where kind = 'project' and scope_key = $1 order by part";
    let mut counts = StateCounts::default();
    for (status, count) in connection.list(sql, &[project_key.into()], |row| (row.int(0), row.int(1).unwrap_or(0)))? {
        counts.add(status, count);
    }
    Ok(counts)
}

/// Finds a row in a project.
pub fn find_row(
    connection: &mut dyn Connection,
    project_key: i64,
    row_key: RowKey,
) -> Result<Option<ProjectRow>, StoreError> {
    let sql = "select row_key, details, batch_key from project_rows where project_key = $1 and row_key = $2";
    connection.find(sql, &[project_key.into(), row_key.into()], |row| ProjectRow {
        row_key: row.int(0).unwrap_or(0),
        details: row.text(1),
        batch_key: row.int(2),
    })
}

/// Lists the rows of a project without a label, in key order.
pub fn list_unlabeled(connection: &mut dyn Connection, project_key: i64) -> Result<Vec<RowKey>, StoreError> {
    let sql = "select r.row_key from project_rows r where r.project_key = $1 and not exists \
               (select 1 from labels l where l.project_key = r.project_key and l.row_key = r.row_key) \
               order by r.row_key";
    connection.list(sql, &[project_key.into()], |row| row.int(0).unwrap_or(0))
}

/// Finds the data type of a project's first row that has one.
pub fn find_data_type(connection: &mut dyn Connection, project_key: i64) -> Result<Option<String>, StoreError> {
    let sql = "select d.data_type from project_rows r join data_rows d on d.row_key = r.row_key \
               where r.project_key = $1 and d.data_type is not null order by r.row_key limit 1";
    Ok(connection.find(sql, &[project_key.into()], |row| row.text(0))?.flatten())
}

fn project(row: &dyn RowView) -> Project {
    let time = |column| Timestamp::from_millis(row.int(column).unwrap_or(0));
    Project {
        key: row.int(0).unwrap_or(0),
        id: row.text(1).unwrap_or_default(),
        name: row.text(2).unwrap_or_default(),
        description: row.text(3),
        media_type: row.text(4),
        ontology_key: row.int(5),
        ontology_id: row.text(6),
        settings: row.text(7),
        created_by: row.int(8),
        created: time(9),
        updated: time(10),
    }
}

fn batch(row: &dyn RowView) -> Batch {
    Batch {
        key: row.int(0).unwrap_or(0),
        project_key: row.int(1).unwrap_or(0),
        id: row.text(2).unwrap_or_default(),
        name: row.text(3).unwrap_or_default(),
        consensus: row.text(4),
        created_by: row.int(5),
        created: Timestamp::from_millis(row.int(6).unwrap_or(0)),
        size: row.int(7).unwrap_or(0),
    }
}
