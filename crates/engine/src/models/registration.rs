//! Rows and labels that join a model run, rows that leave it, and splits.
//!
//! A run keeps labels as they were when they joined it. Joining twice changes nothing, so that a task which was
//! interrupted can run again.

use super::run;
use super::run_part::{RunLabels, RunPart};
use crate::edits::{self, Edits};
use crate::projects::named_rows::{Found, NamedRows};
use crate::projects::project;
use crate::tasks::{self, Done, Job, JobError, Order, Pulse};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::given;
use labelport_model::id::{LabelId, TaskId};
use labelport_model::problem::Problem;
use labelport_model::row::Label;
use labelport_model::workflow::Split;
use labelport_store::row_key::RowKey;
use labelport_store::tables::entities;
use labelport_store::tables::labels::{self, ListLabels};
use labelport_store::tables::models::{self, ModelRun};
use labelport_store::tables::tasks::Task;
use labelport_store::write::removal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The most rows of a transaction.
const PORTION: usize = 500;

/// Adds rows or labels to a run, or gives rows a split.
pub struct Registration;

/// Starts a registration. The request says what: `rows`, `labels`, `project` or `splits`.
fn start(workspace: &Workspace, caller: &Caller, run_id: &str, mut request: Value) -> Result<TaskId, Problem> {
    let run = run::get(workspace, run_id)?;
    request["run"] = json!(run.id);
    let name = format!("Register in model run {}", run.name);
    let order = Order { kind: Registration.kind(), name, request: request.to_string() };
    tasks::start(workspace, caller, order, tasks::PATIENCE)
}

/// Starts to add rows to a run, named by `dataRowIds` or `globalKeys`; all have to be there.
pub fn start_rows(workspace: &Workspace, caller: &Caller, run_id: &str, rows: &Value) -> Result<TaskId, Problem> {
    NamedRows::read(rows)?.find(workspace)?.check("the workspace", "no row was added")?;
    start(workspace, caller, run_id, json!({ "rows": rows }))
}

/// Starts to add labels and their rows to a run.
pub fn start_labels(
    workspace: &Workspace,
    caller: &Caller,
    run_id: &str,
    label_ids: &Value,
) -> Result<TaskId, Problem> {
    given::texts("labelIds", label_ids)?;
    start(workspace, caller, run_id, json!({ "labels": label_ids }))
}

/// Starts to add all labels of a project to a run.
pub fn start_project(
    workspace: &Workspace,
    caller: &Caller,
    run_id: &str,
    project_id: &str,
) -> Result<TaskId, Problem> {
    project::get(workspace, project_id)?;
    start(workspace, caller, run_id, json!({ "project": project_id }))
}

/// Starts to give rows of a run their splits; all have to be in the run.
pub fn start_splits(
    workspace: &Workspace,
    caller: &Caller,
    run_id: &str,
    assignments: &Value,
) -> Result<TaskId, Problem> {
    let run = run::get(workspace, run_id)?;
    for assignment in given::list("assignments", assignments)? {
        read_split(&assignment["split"])?;
        find_rows(workspace, &run, assignment)?.check("the model run", "no split was changed")?;
    }
    start(workspace, caller, run_id, json!({ "splits": assignments }))
}

fn read_split(given: &Value) -> Result<Split, Problem> {
    let split = given.as_str().and_then(Split::parse);
    split.ok_or_else(|| {
        let names = Split::ALL.map(|split| split.export_name().to_uppercase());
        Problem::malformed(format!("{given} is not a split; write one of: {}", names.join(", ")))
    })
}

impl Job for Registration {
    fn kind(&self) -> &'static str {
        "run-registration"
    }

    fn wire_type(&self) -> &'static str {
        "run-registration"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request: Value = serde_json::from_str(&task.request).map_err(Problem::internal)?;
        let run = run::get(workspace, request["run"].as_str().unwrap_or_default())?;
        let rows = if request["splits"].is_array() {
            split(workspace, &run, &request["splits"], pulse)?
        } else if request["rows"].is_object() {
            let found = NamedRows::read(&request["rows"])?.find(workspace)?;
            let count = add(workspace, &run, &found.keys(), pulse)?;
            found.check("the workspace", "the others are in the model run")?;
            count
        } else {
            let labels = labels(workspace, &request)?;
            add_labels(workspace, &run, &labels, pulse)?
        };
        Ok(Done { rows: i64::try_from(rows).unwrap_or(i64::MAX), ..Done::default() })
    }
}

fn add(workspace: &Workspace, run: &ModelRun, keys: &[RowKey], pulse: &Pulse) -> Result<usize, JobError> {
    for portion in keys.chunks(PORTION) {
        pulse.check()?;
        write(workspace, run, portion.to_vec(), |edits, run, row_key, ids| enter(edits, run, row_key, ids, &[]))?;
    }
    Ok(keys.len())
}

/// Puts a row into a run, with labels. A row that is there keeps what it has, and labels that are there stay.
fn enter(
    edits: &mut Edits<'_>,
    run: &ModelRun,
    row_key: RowKey,
    [run_row, group]: &Ids,
    joining: &[Joining],
) -> Result<(), Problem> {
    let is_there = models::has_row(edits.connection, run.key, row_key)?;
    if is_there && joining.is_empty() {
        return Ok(());
    }
    // Somebody may have deleted it since.
    let Some(row_id) = entities::find_row_id(edits.connection, row_key)? else { return Ok(()) };
    let mut labels = RunLabels::read(edits.connection, run, row_key, 0)?;
    for label in joining {
        if !labels.contains(&label.id) {
            let (id, head) = (label.id.clone(), label.head.clone());
            labels.push(&label.annotations, |annotations| Label::stored(id, head, annotations))?;
        }
    }
    let mut part = RunPart::new(&row_id, run)?.with_labels(labels);
    if !is_there {
        part = part.with(|part| part.with_ids(run_row, group).with_predictions(Vec::new()));
    }
    edits.merge(&part.build()?).map(|_| ())
}

/// A label of a project that joins a run.
#[derive(Debug, Clone)]
struct Joining {
    row_key: RowKey,
    id: LabelId,
    /// The members before the annotations.
    head: String,
    annotations: String,
}

/// The ids that a row gets when it enters a run: its own in the run, and that of its annotation group.
type Ids = [String; 2];

/// Changes rows in one transaction.
fn write(
    workspace: &Workspace,
    run: &ModelRun,
    keys: Vec<RowKey>,
    change: impl Fn(&mut Edits<'_>, &ModelRun, RowKey, &Ids) -> Result<(), Problem> + Send + 'static,
) -> Result<(), Problem> {
    let (org_key, now, chance) = (workspace.org_key(), workspace.now(), workspace.shared_chance());
    let run_id = run.id.clone();
    workspace.write(move |connection| {
        // A run that was deleted meanwhile does not come back with these rows.
        let run = models::find_run(connection, org_key, &run_id)?;
        let run = run.ok_or_else(|| Problem::not_found("model run", &run_id))?;
        let mut edits = Edits::begin(connection, org_key, now)?;
        for row_key in keys {
            change(&mut edits, &run, row_key, &[chance.uuid(), chance.uuid()])?;
        }
        Ok(edits.finish()?)
    })
}

/// Finds the labels that a request is about.
fn labels(workspace: &Workspace, request: &Value) -> Result<Vec<Joining>, Problem> {
    let org_key = workspace.org_key();
    let mut found = Vec::new();
    if let Some(project_id) = request["project"].as_str() {
        let project = project::get(workspace, project_id)?;
        let which = ListLabels { limit: i64::MAX as usize, ..ListLabels::default() };
        found = workspace.read(|connection| Ok(labels::list(connection, project.key, &which)?))?;
    }
    for id in request["labels"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let label = workspace.read(|connection| Ok(labels::find(connection, org_key, id)?))?;
        found.push(label.ok_or_else(|| Problem::not_found("label", id))?);
    }
    let joining = |label: labels::Label| {
        let id = edits::read_id(&label.id, LabelId::parse)?;
        Ok(Joining { row_key: label.row_key, id, head: label.head, annotations: label.annotations })
    };
    let mut labels = found.into_iter().map(joining).collect::<Result<Vec<_>, Problem>>()?;
    // By row, and in each row as they were: a row is written once.
    labels.sort_by_key(|label| label.row_key);
    Ok(labels)
}

fn add_labels(workspace: &Workspace, run: &ModelRun, labels: &[Joining], pulse: &Pulse) -> Result<usize, JobError> {
    let groups: Vec<_> = labels.chunk_by(|one, next| one.row_key == next.row_key).collect();
    for portion in groups.chunks(PORTION) {
        pulse.check()?;
        let by_row: BTreeMap<RowKey, Vec<Joining>> =
            portion.iter().map(|group| (group[0].row_key, group.to_vec())).collect();
        write(workspace, run, by_row.keys().copied().collect(), move |edits, run, row_key, ids| {
            enter(edits, run, row_key, ids, by_row.get(&row_key).map_or(&[], Vec::as_slice))
        })?;
    }
    Ok(groups.len())
}

fn split(workspace: &Workspace, run: &ModelRun, assignments: &Value, pulse: &Pulse) -> Result<usize, JobError> {
    let mut count = 0;
    let mut missing = Vec::new();
    for assignment in assignments.as_array().into_iter().flatten() {
        let split = read_split(&assignment["split"])?;
        let found = find_rows(workspace, run, assignment)?;
        let keys = found.keys();
        missing.extend(found.missing);
        for portion in keys.chunks(PORTION) {
            pulse.check()?;
            write(workspace, run, portion.to_vec(), move |edits, run, row_key, _| {
                if !models::has_row(edits.connection, run.key, row_key)? {
                    return Ok(());
                }
                let row_id = entities::find_row_id(edits.connection, row_key)?.unwrap_or_default();
                let part = RunPart::new(&row_id, run)?.with(|part| part.with_split(split));
                edits.merge(&part.build()?).map(|_| ())
            })?;
        }
        count += keys.len();
    }
    Found { rows: Vec::new(), missing }.check("the model run", "the others have their split")?;
    Ok(count)
}

/// Finds the rows of a run that `{dataRowIds, globalKeys}` names.
fn find_rows(workspace: &Workspace, run: &ModelRun, named: &Value) -> Result<Found, Problem> {
    let mut found = NamedRows::read(named)?.find(workspace)?;
    found.keep(workspace, |connection, key| models::has_row(connection, run.key, key))?;
    Ok(found)
}

/// Takes rows out of a run; fails, and takes none, if one is not in it.
pub fn remove_rows(workspace: &Workspace, run_id: &str, ids: &[String]) -> Result<(), Problem> {
    let (run, org_key, now) = (run::get(workspace, run_id)?, workspace.org_key(), workspace.now());
    let found = find_rows(workspace, &run, &json!({ "dataRowIds": ids }))?;
    found.check("the model run", "no row was removed")?;
    workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let change_seq = edits.change_seq()?;
        for row_key in found.keys() {
            if models::has_row(edits.connection, run.key, row_key)? {
                removal::remove_from_run(edits.connection, org_key, change_seq, (run.key, row_key))?;
                edits.note_touched();
            }
        }
        Ok(edits.finish()?)
    })
}
