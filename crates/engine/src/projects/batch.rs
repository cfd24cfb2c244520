//! Batches: rows sent to a project together.

pub use labelport_store::tables::projects::Batch;

use super::named_rows::{Found, NamedRows};
use super::project;
use super::queues::Queues;
use super::workflow::{self, DEFAULT_PRIORITY, Mover};
use crate::edits::Edits;
use crate::tasks::{self, Done, Job, JobError, Order, Pulse};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use crate::workspace::api_keys::User;
use labelport_model::given;
use labelport_model::id::TaskId;
use labelport_model::problem::Problem;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows;
use labelport_store::tables::datasets;
use labelport_store::tables::projects::{self, NewBatch, Project};
use labelport_store::tables::tasks::Task;
use labelport_store::write::removal;
use serde_json::{Value, json};

/// The most rows of a transaction.
const PORTION: usize = 1_000;
/// The most rows of a batch.
pub const BATCH_LIMIT: usize = 100_000;

/// A batch to create.
#[derive(Debug, Clone)]
pub struct Creation {
    /// The name, which no other batch of the project has.
    pub name: String,
    /// The priority of its rows, 1 to 5.
    pub priority: i64,
    /// The consensus settings as the SDK sends them.
    pub consensus: Value,
}

/// Returns the priority that a call gives, or the usual one; the vendor has 1 (first) to 5.
pub fn read_priority(given: &Value) -> Result<i64, Problem> {
    if given.is_null() {
        return Ok(DEFAULT_PRIORITY);
    }
    given.as_i64().ok_or_else(|| Problem::malformed(format!("the priority is {given}; give a whole number such as 5")))
}

/// Returns consensus settings as the SDK reads them back.
fn consensus_of(given: &Value) -> Result<Option<Value>, Problem> {
    if given.is_null() {
        return Ok(None);
    }
    let labels = given["numberOfLabels"].as_i64().filter(|labels| *labels > 0);
    let wrong = || given::wrong("consensusSettings.numberOfLabels", "a whole number above 0", &given["numberOfLabels"]);
    let coverage = &given["coveragePercentage"];
    if !coverage.is_null() && !coverage.is_number() {
        return Err(given::wrong("consensusSettings.coveragePercentage", "a number", coverage));
    }
    Ok(Some(json!({ "number_of_labels": labels.ok_or_else(wrong)?, "coverage_percentage": coverage })))
}

/// How many labels a row of a batch is to get.
fn expected_labels(batch: &Batch) -> i64 {
    let settings: Value =
        batch.consensus.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    settings["number_of_labels"].as_i64().unwrap_or(1)
}

/// Creates a batch without rows.
pub fn create_empty(
    workspace: &Workspace,
    user: &User,
    project: &Project,
    creation: &Creation,
) -> Result<Batch, Problem> {
    crate::catalog::dataset::check_name("batch", &creation.name)?;
    let new = NewBatch {
        project_key: project.key,
        id: workspace.chance().uuid(),
        name: creation.name.clone(),
        consensus: consensus_of(&creation.consensus)?.map(|settings| settings.to_string()),
        priority: Some(creation.priority),
        created_by: Some(user.key),
        now: workspace.now(),
    };
    let id = new.id.clone();
    workspace.write(move |connection| match projects::create_batch(connection, &new)? {
        true => Ok(()),
        false => Err(name_taken(&new.name)),
    })?;
    get(workspace, project, &id)
}

/// Fails if a batch of the project has the name.
pub(crate) fn check_name_is_free(workspace: &Workspace, project: &Project, name: &str) -> Result<(), Problem> {
    match list(workspace, project)?.iter().any(|batch| batch.name == name) {
        true => Err(name_taken(name)),
        false => Ok(()),
    }
}

fn name_taken(name: &str) -> Problem {
    Problem::conflict(format!("A batch named '{name}' already exists in the project"))
}

/// Creates a batch with rows; returns it, and the ids that are of no row. Rows that are in the project already stay
/// where they are.
pub fn create(
    workspace: &Workspace,
    caller: &Caller,
    project: &Project,
    creation: &Creation,
    rows: &NamedRows,
) -> Result<(Batch, Vec<String>), Problem> {
    check_name_is_free(workspace, project, &creation.name)?;
    let found = rows.find_for_batch(workspace)?;
    let keys = found.keys();
    let fresh = workspace.read(|connection| {
        let mut fresh = Vec::new();
        for key in &keys {
            if projects::find_row(connection, project.key, *key)?.is_none() {
                fresh.push(*key);
            }
        }
        Ok(fresh)
    })?;
    if fresh.is_empty() {
        return Err(Problem::malformed("No valid data rows to add to project"));
    }
    let batch = create_empty(workspace, &caller.user, project, creation)?;
    add_rows(workspace, &caller.user, project, (&batch, creation.priority), &fresh)?;
    Ok((get(workspace, project, &batch.id)?, found.missing))
}

/// Adds rows to a batch. Rows that are in the project stay where they are.
pub(crate) fn add_rows(
    workspace: &Workspace,
    user: &User,
    project: &Project,
    (batch, priority): (&Batch, i64),
    keys: &[RowKey],
) -> Result<(), Problem> {
    let mover = Mover { email: user.email.clone(), now: workspace.now() };
    keys.chunks(PORTION).try_for_each(|portion| add(workspace, project, batch, priority, portion, &mover))
}

/// Adds rows to a batch in one transaction.
fn add(
    workspace: &Workspace,
    project: &Project,
    batch: &Batch,
    priority: i64,
    keys: &[RowKey],
    mover: &Mover,
) -> Result<(), Problem> {
    let org_key = workspace.org_key();
    let (project, batch, keys, mover) = (project.clone(), batch.clone(), keys.to_vec(), mover.clone());
    workspace.write(move |connection| {
        // Neither comes back with these rows if it was deleted meanwhile.
        let is_there = projects::find(connection, org_key, &project.id)?.is_some();
        is_there.then_some(()).ok_or_else(|| Problem::not_found("project", &project.id))?;
        let is_there = projects::find_batch(connection, project.key, &batch.id)?.is_some();
        is_there.then_some(()).ok_or_else(|| Problem::not_found("batch", &batch.id))?;
        let queues = Queues::read(connection, project.key)?;
        let ontology_id = project.ontology_id.as_deref();
        let details = workflow::entered(ontology_id, &queues, (&batch, priority), expected_labels(&batch), &mover);
        let mut edits = Edits::begin(connection, org_key, mover.now)?;
        for row_key in keys {
            let is_in = projects::find_row(edits.connection, project.key, row_key)?.is_some();
            let row = data_rows::find_by_key(edits.connection, org_key, row_key)?;
            if let Some(row) = row.filter(|_| !is_in) {
                edits.merge_as_activity(row_key, &workflow::part(&row.id, &project, &details)?)?;
            }
        }
        Ok(edits.finish()?)
    })
}

/// Returns a batch.
pub fn get(workspace: &Workspace, project: &Project, id: &str) -> Result<Batch, Problem> {
    let found = workspace.read(|connection| Ok(projects::find_batch(connection, project.key, id)?))?;
    found.ok_or_else(|| Problem::not_found("batch", id))
}

/// Returns a batch of any project.
pub fn get_anywhere(workspace: &Workspace, id: &str) -> Result<Batch, Problem> {
    let org_key = workspace.org_key();
    let found = workspace.read(|connection| Ok(projects::find_batch_by_id(connection, org_key, id)?))?;
    found.ok_or_else(|| Problem::not_found("batch", id))
}

/// Lists the batches of a project, oldest first.
pub fn list(workspace: &Workspace, project: &Project) -> Result<Vec<Batch>, Problem> {
    workspace.read(|connection| Ok(projects::list_batches(connection, project.key)?))
}

/// Adds rows to a batch that exists. It fails at its end if it was to add rows that are not there.
pub struct BatchFill;

/// Starts to add rows to a batch.
pub fn start_fill(
    workspace: &Workspace,
    caller: &Caller,
    project: &Project,
    batch: &Batch,
    priority: i64,
    rows: &Value,
) -> Result<TaskId, Problem> {
    NamedRows::read(rows)?;
    let request = json!({
        "project": project.id, "batch": batch.id, "priority": priority, "rows": rows, "email": caller.user.email,
    });
    let name = format!("Add data rows to batch {}", batch.name);
    let order = Order { kind: BatchFill.kind(), name, request: request.to_string() };
    tasks::start(workspace, caller, order, tasks::PATIENCE)
}

impl Job for BatchFill {
    fn kind(&self) -> &'static str {
        "batch-fill"
    }

    fn wire_type(&self) -> &'static str {
        "add-data-rows-to-batch"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request: Value = serde_json::from_str(&task.request).map_err(Problem::internal)?;
        let text = |key: &str| request[key].as_str().unwrap_or_default();
        let project = project::get(workspace, text("project"))?;
        let batch = get(workspace, &project, text("batch"))?;
        let (keys, named) = match request["rows"]["datasetId"].as_str() {
            Some(dataset_id) => (rows_of_dataset(workspace, dataset_id, &request["rows"])?, Found::default()),
            None => {
                let found = NamedRows::read(&request["rows"])?.find_for_batch(workspace)?;
                (found.keys(), found)
            }
        };
        let mover = Mover { email: text("email").to_owned(), now: workspace.now() };
        let priority = request["priority"].as_i64().unwrap_or(DEFAULT_PRIORITY);
        for portion in keys.chunks(PORTION) {
            pulse.check()?;
            add(workspace, &project, &batch, priority, portion, &mover)?;
        }
        // The answer to this call was given long ago: the end of the task is what is left to tell it.
        named.check("the workspace", "the others are in the batch")?;
        Ok(Done { rows: i64::try_from(keys.len()).unwrap_or(i64::MAX), ..Done::default() })
    }
}

/// Returns a range of a dataset's rows.
fn rows_of_dataset(workspace: &Workspace, dataset_id: &str, range: &Value) -> Result<Vec<RowKey>, Problem> {
    let dataset = crate::catalog::dataset::get(workspace, dataset_id)?;
    let keys = workspace.read(|connection| Ok(data_rows::list_keys(connection, dataset.key)?))?;
    let skip = range["skip"].as_u64().and_then(|skip| usize::try_from(skip).ok()).unwrap_or(0);
    Ok(keys.into_iter().skip(skip).take(BATCH_LIMIT).collect())
}

/// Creates as many batches as rows need; returns pairs of batch id and task id. Names are the prefix and a number.
pub fn create_many(
    workspace: &Workspace,
    caller: &Caller,
    project: &Project,
    creation: &Creation,
    input: &Value,
) -> Result<Vec<(String, String)>, Problem> {
    let portions: Vec<Value> = match input["datasetId"].as_str() {
        Some(dataset_id) => {
            let dataset =
                workspace.read(|connection| Ok(datasets::find(connection, workspace.org_key(), dataset_id)?))?;
            let dataset = dataset.ok_or_else(|| Problem::not_found("dataset", dataset_id))?;
            let count = usize::try_from(dataset.row_count).unwrap_or(0);
            (0..count).step_by(BATCH_LIMIT).map(|skip| json!({ "datasetId": dataset_id, "skip": skip })).collect()
        }
        None => {
            let rows = NamedRows::read(input)?;
            rows.find_for_batch(workspace)?.check("the workspace", "no batch was created")?;
            let ids = rows.ids.chunks(BATCH_LIMIT).map(|ids| json!({ "dataRowIds": ids }));
            ids.chain(rows.global_keys.chunks(BATCH_LIMIT).map(|keys| json!({ "globalKeys": keys }))).collect()
        }
    };
    if portions.is_empty() {
        return Err(Problem::malformed("No valid data rows to be added from the list provided!"));
    }
    let mut started = Vec::new();
    for (index, rows) in portions.iter().enumerate() {
        let named = Creation { name: format!("{}{index:04}", creation.name), ..creation.clone() };
        let batch = create_empty(workspace, &caller.user, project, &named)?;
        let task = start_fill(workspace, caller, project, &batch, creation.priority, rows)?;
        started.push((batch.id, task.to_string()));
    }
    Ok(started)
}

/// Takes the rows without labels out of a batch, and so out of the project.
pub fn remove_queued(workspace: &Workspace, project: &Project, id: &str) -> Result<(), Problem> {
    let batch = get(workspace, project, id)?;
    let (org_key, now, project_key) = (workspace.org_key(), workspace.now(), project.key);
    workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let change_seq = edits.change_seq()?;
        for (row_key, labels) in projects::list_batch_rows(edits.connection, batch.key)? {
            if labels == 0 {
                removal::remove_from_project(edits.connection, org_key, change_seq, (project_key, row_key))?;
                edits.note_touched();
            }
        }
        Ok(edits.finish()?)
    })
}

/// Deletes a batch: its rows leave the project, with their labels there.
pub fn delete(workspace: &Workspace, project: &Project, id: &str) -> Result<(), Problem> {
    let batch = get(workspace, project, id)?;
    let (org_key, now, project_key) = (workspace.org_key(), workspace.now(), project.key);
    workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let change_seq = edits.change_seq()?;
        for (row_key, _) in projects::list_batch_rows(edits.connection, batch.key)? {
            removal::remove_from_project(edits.connection, org_key, change_seq, (project_key, row_key))?;
            edits.note_touched();
        }
        projects::delete_batch(edits.connection, batch.key)?;
        Ok(edits.finish()?)
    })
}
