//! The workflow of a project: task queues, and where a row stands.
//!
//! A row enters with its batch and waits to be labelled; a label moves it to review; people move it by hand. Each move is
//! an entry of the history that exports show, newest first.

pub use labelport_store::tables::batch_counts::BatchCounts;
pub use labelport_store::tables::projects::{Queue, StateCounts};

use super::named_rows::{Found, NamedRows};
use super::queues::Queues;
use crate::edits::{self, Edits};
use crate::tasks::{self, Done, Job, JobError, Order, Pulse};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::id::{DataRowId, ProjectId, TaskId};
use labelport_model::problem::Problem;
use labelport_model::row::{ProjectDetails, Row};
use labelport_model::time::Timestamp;
use labelport_model::workflow::WorkflowStatus;
use labelport_store::row_key::RowKey;
use labelport_store::tables::batch_counts;
use labelport_store::tables::data_rows;
use labelport_store::tables::projects::{self, Batch, Project};
use labelport_store::tables::tasks::Task;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a row is said to be in that is through its workflow.
const DONE: &str = "Done";
/// The priority of rows whose batch gives none.
pub const DEFAULT_PRIORITY: i64 = 5;

/// Who moves a row, and when.
#[derive(Debug, Clone)]
pub struct Mover {
    /// The e-mail address.
    pub email: String,
    /// Now.
    pub now: Timestamp,
}

/// Returns the details of a row that enters a project with a batch.
pub fn entered(
    ontology_id: Option<&str>,
    queues: &Queues,
    batch: (&Batch, i64),
    consensus_labels: i64,
    mover: &Mover,
) -> Value {
    let (batch, priority) = batch;
    let mut details = json!({});
    if let Some(ontology_id) = ontology_id {
        details["ontology_id"] = json!(ontology_id);
    }
    let first = queues.of_status(WorkflowStatus::ToLabel);
    let mut entry = json!({ "action": "Move", "created_at": mover.now.to_string(), "created_by": mover.email });
    if let Some(queue) = first {
        details["task_id"] = json!(queue.id);
        details["task_name"] = json!(queue.name);
        entry["next_task_name"] = json!(queue.name);
        entry["next_task_id"] = json!(queue.id);
    }
    details["batch_id"] = json!(batch.id);
    details["batch_name"] = json!(batch.name);
    details["workflow_status"] = json!(WorkflowStatus::ToLabel.export_name());
    details["priority"] = json!(priority);
    details["consensus_expected_label_count"] = json!(consensus_labels);
    details["workflow_history"] = json!([entry]);
    details
}

/// Returns the details of a row that moves to a queue; none for done.
pub fn moved(stored: Option<&str>, to: Option<&Queue>, mover: &Mover) -> Value {
    let mut stored: Value = stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| json!({}));
    let mut entry = json!({ "action": "Move", "created_at": mover.now.to_string(), "created_by": mover.email });
    let from = |key: &str| stored[key].as_str().filter(|_| stored["task_id"].is_string()).map(str::to_owned);
    if let (Some(name), Some(id)) = (from("task_name"), from("task_id")) {
        entry["previous_task_name"] = json!(name);
        entry["previous_task_id"] = json!(id);
    }
    if let Some(queue) = to {
        entry["next_task_name"] = json!(queue.name);
        entry["next_task_id"] = json!(queue.id);
    }
    let mut history = stored["workflow_history"].take();
    match &mut history {
        Value::Array(entries) => entries.insert(0, entry),
        other => *other = json!([entry]),
    }
    let status = to.map_or(WorkflowStatus::Done, Queues::status_of);
    // Keys keep the order that exports have, whatever was there.
    let mut details = json!({});
    for key in [
        "ontology_id",
        "task_id",
        "task_name",
        "batch_id",
        "batch_name",
        "workflow_status",
        "priority",
        "selected_label_id",
        "consensus_expected_label_count",
    ] {
        match (key, to) {
            ("task_id", None) => {}
            ("task_id", Some(queue)) => details[key] = json!(queue.id),
            ("task_name", queue) => details[key] = json!(queue.map_or(DONE, |queue| queue.name.as_str())),
            ("workflow_status", _) => details[key] = json!(status.export_name()),
            _ if !stored[key].is_null() => details[key] = stored[key].take(),
            _ => {}
        }
    }
    details["workflow_history"] = history;
    details
}

/// Returns the details of a row that got a label, or none where that does not move it.
pub fn labeled(stored: Option<&str>, queues: &Queues, mover: &Mover) -> Option<Value> {
    let status: Value = stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let status = status["workflow_status"].as_str().and_then(WorkflowStatus::parse_export);
    match status {
        None | Some(WorkflowStatus::ToLabel | WorkflowStatus::InRework) => {
            Some(moved(stored, queues.of_status(WorkflowStatus::InReview), mover))
        }
        Some(WorkflowStatus::InReview | WorkflowStatus::Done) => None,
    }
}

/// Returns the part of a row that is its details in a project.
pub fn part(row_id: &str, project: &Project, details: &Value) -> Result<Row, Problem> {
    let part = Row::part(edits::read_id(row_id, DataRowId::parse)?);
    let details = edits::read_piece(&details.to_string(), ProjectDetails::read)?;
    Ok(part.in_project(edits::read_id(&project.id, ProjectId::parse)?, &project.name, details))
}

/// Lists the queues of a project.
pub fn list(workspace: &Workspace, project: &Project) -> Result<Vec<Queue>, Problem> {
    workspace.read(|connection| Ok(projects::list_queues(connection, project.key)?))
}

/// Moves rows of a project to a queue. It fails at its end if some left the project meanwhile.
pub struct QueueMove;

/// Starts to move rows; no queue means done. Rows are named by id or by global key, and all in the project.
pub fn start_move(
    workspace: &Workspace,
    caller: &Caller,
    project_id: &str,
    queue_id: Option<&str>,
    identifiers: &Value,
) -> Result<TaskId, Problem> {
    let project = super::project::get(workspace, project_id)?;
    find_rows(workspace, &project, identifiers)?.check("the project", "no row was moved")?;
    if let Some(id) = queue_id
        && !list(workspace, &project)?.iter().any(|queue| queue.id == id)
    {
        return Err(Problem::not_found("task queue", id));
    }
    let request = json!({
        "project": project_id, "queue": queue_id, "rows": identifiers, "email": caller.user.email,
    });
    let order = Order { kind: QueueMove.kind(), name: "Move data rows".to_owned(), request: request.to_string() };
    tasks::start(workspace, caller, order, tasks::PATIENCE)
}

impl Job for QueueMove {
    fn kind(&self) -> &'static str {
        "queue-move"
    }

    fn wire_type(&self) -> &'static str {
        "send-to-task-queue"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request: Value = serde_json::from_str(&task.request).map_err(Problem::internal)?;
        let project = super::project::get(workspace, request["project"].as_str().unwrap_or_default())?;
        let queue = list(workspace, &project)?.into_iter().find(|queue| request["queue"] == queue.id.as_str());
        let found = find_rows(workspace, &project, &request["rows"])?;
        let keys = found.keys();
        let mover = Mover { email: request["email"].as_str().unwrap_or_default().to_owned(), now: workspace.now() };
        let org_key = workspace.org_key();
        let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
        for portion in keys.chunks(PORTION) {
            pulse.check()?;
            let (portion, project, queue, mover) = (portion.to_vec(), project.clone(), queue.clone(), mover.clone());
            workspace.write(move |connection| {
                let mut edits = Edits::begin(connection, org_key, mover.now)?;
                for row_key in portion {
                    move_row(&mut edits, org_key, &project, row_key, queue.as_ref(), &mover)?;
                }
                Ok(edits.finish()?)
            })?;
        }
        found.check("the project", "the others were moved")?;
        Ok(Done { rows: count, ..Done::default() })
    }
}

/// Gives rows of a project another priority. It fails at its end if some left the project meanwhile.
pub struct PriorityChange;

/// Starts to give rows another priority. Rows are named by id or by global key, and all in the project.
pub fn start_priorities(
    workspace: &Workspace,
    caller: &Caller,
    project_id: &str,
    priority: i64,
    identifiers: &Value,
) -> Result<TaskId, Problem> {
    check_rows(workspace, project_id, identifiers)?;
    let request = json!({ "project": project_id, "priority": priority, "rows": identifiers });
    let name = "Change priorities".to_owned();
    let order = Order { kind: PriorityChange.kind(), name, request: request.to_string() };
    tasks::start(workspace, caller, order, tasks::PATIENCE)
}

impl Job for PriorityChange {
    fn kind(&self) -> &'static str {
        "priority-change"
    }

    fn wire_type(&self) -> &'static str {
        "priority-change"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request: Value = serde_json::from_str(&task.request).map_err(Problem::internal)?;
        let project = super::project::get(workspace, request["project"].as_str().unwrap_or_default())?;
        let found = find_rows(workspace, &project, &request["rows"])?;
        let keys = found.keys();
        let (org_key, now) = (workspace.org_key(), workspace.now());
        for portion in keys.chunks(PORTION) {
            pulse.check()?;
            let (portion, project, priority) = (portion.to_vec(), project.clone(), request["priority"].clone());
            workspace.write(move |connection| {
                let mut edits = Edits::begin(connection, org_key, now)?;
                for row_key in portion {
                    let stored = projects::find_row(edits.connection, project.key, row_key)?;
                    let row = data_rows::find_by_key(edits.connection, org_key, row_key)?;
                    let (Some(stored), Some(row)) = (stored, row) else { continue };
                    let details = stored.details.as_deref().and_then(|text| serde_json::from_str(text).ok());
                    let mut details: Value = details.unwrap_or_else(|| json!({}));
                    details["priority"] = priority.clone();
                    edits.merge(&part(&row.id, &project, &details)?)?;
                }
                Ok(edits.finish()?)
            })?;
        }
        found.check("the project", "the others have the priority")?;
        Ok(Done { rows: i64::try_from(keys.len()).unwrap_or(i64::MAX), ..Done::default() })
    }
}

/// The most rows of a transaction.
const PORTION: usize = 1_000;

/// Moves a row of a project to a queue, or to done.
pub(crate) fn move_row(
    edits: &mut Edits<'_>,
    org_key: i64,
    project: &Project,
    row_key: RowKey,
    queue: Option<&Queue>,
    mover: &Mover,
) -> Result<(), Problem> {
    let Some(stored) = projects::find_row(edits.connection, project.key, row_key)? else { return Ok(()) };
    let parsed: Value = stored.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    // Done twice, as an interrupted move may be, a move is done once.
    let is_there = match queue {
        Some(queue) => parsed["task_id"] == queue.id.as_str(),
        None => parsed["workflow_status"] == WorkflowStatus::Done.export_name(),
    };
    let Some(row) = data_rows::find_by_key(edits.connection, org_key, row_key)?.filter(|_| !is_there) else {
        return Ok(());
    };
    let details = moved(stored.details.as_deref(), queue, mover);
    edits.merge_as_activity(row_key, &part(&row.id, project, &details)?).map(|_| ())
}

/// Fails unless `{ids, idType}` names rows of a project, and such rows alone.
pub fn check_rows(workspace: &Workspace, project_id: &str, identifiers: &Value) -> Result<(), Problem> {
    let project = super::project::get(workspace, project_id)?;
    find_rows(workspace, &project, identifiers)?.check("the project", "no priority was changed")
}

/// Finds the rows of a project that `{ids, idType}` names.
fn find_rows(workspace: &Workspace, project: &Project, identifiers: &Value) -> Result<Found, Problem> {
    let mut found = NamedRows::read_typed(identifiers)?.find(workspace)?;
    found.keep(workspace, |connection, key| Ok(projects::find_row(connection, project.key, key)?.is_some()))?;
    Ok(found)
}

/// Counts the rows of a project by where they are in its workflow.
pub fn count_by_state(workspace: &Workspace, project_key: i64) -> Result<StateCounts, Problem> {
    workspace.read(|connection| Ok(projects::count_by_state(connection, project_key)?))
}

/// Counts the rows in each queue of a project, by the queue's key.
pub fn count_by_queue(workspace: &Workspace, project_key: i64) -> Result<BTreeMap<i64, i64>, Problem> {
    workspace.read(|connection| Ok(projects::count_by_queue(connection, project_key)?))
}

/// Counts the rows of batches of a project, given by their ids, by status and by the key of their queue. A batch that the
/// project does not have has none.
pub fn count_in_batches(workspace: &Workspace, project_key: i64, mut ids: Vec<String>) -> Result<BatchCounts, Problem> {
    ids.sort();
    ids.dedup();
    workspace.read(|connection| Ok(batch_counts::count(connection, project_key, &ids)?))
}

#[cfg(test)]
mod tests {
    use super::super::queues::QUEUES;
    use super::*;

    fn queue(index: usize) -> Queue {
        let (name, kind, _) = QUEUES[index];
        Queue { key: index as i64, id: format!("q{index}"), name: name.to_owned(), queue_type: Some(kind.to_owned()) }
    }

    fn mover() -> Mover {
        Mover { email: "ana@example.test".to_owned(), now: Timestamp::from_millis(0) }
    }

    #[test]
    fn a_row_goes_through_the_workflow() {
        let queues = Queues::of(vec![queue(0), queue(1), queue(2)]);
        let batch = Batch {
            key: 1,
            project_key: 1,
            id: "b".to_owned(),
            name: "march".to_owned(),
            consensus: None,
            created_by: None,
            created: Timestamp::MIN,
            size: 0,
        };
        let first = entered(Some("o"), &queues, (&batch, 3), 1, &mover());
        assert_eq!(
            first.to_string(),
            r#"{"ontology_id":"o","task_id":"q0","task_name":"Initial labeling task","batch_id":"b","batch_name":"march","workflow_status":"TO_LABEL","priority":3,"consensus_expected_label_count":1,"workflow_history":[{"action":"Move","created_at":"1970-01-01T00:00:00.000+00:00","created_by":"ana@example.test","next_task_name":"Initial labeling task","next_task_id":"q0"}]}"#
        );
        let second = labeled(Some(&first.to_string()), &queues, &mover()).unwrap();
        assert_eq!(second["workflow_status"], "IN_REVIEW");
        assert_eq!(second["workflow_history"][0]["previous_task_id"], "q0");
        assert_eq!(second["workflow_history"].as_array().unwrap().len(), 2);
        assert_eq!(labeled(Some(&second.to_string()), &queues, &mover()), None);
        let third = moved(Some(&second.to_string()), None, &mover());
        assert_eq!(third["task_name"], "Done");
        assert!(third.get("task_id").is_none() && third["workflow_history"][0].get("next_task_id").is_none());
        let fourth = moved(Some(&third.to_string()), Some(&queue(2)), &mover());
        assert!(fourth["workflow_history"][0].get("previous_task_id").is_none());
        assert_eq!(fourth["workflow_status"], "IN_REWORK");
        let keys: Vec<_> = fourth.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys[..3], ["ontology_id", "task_id", "task_name"]);
    }
}
