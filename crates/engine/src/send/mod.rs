//! Rows sent to a project to be annotated, with labels of another project or predictions of a model run.
//!
//! The rows enter a batch and go to a queue. Labels that come along are labels of the project, unless the rows go to the
//! queue for first labels: there they would be suggestions, which nobody sees here, so that they are counted and not kept.
//! A job that is done again makes no label twice: the id of a label follows from the task and from what it was.

mod confidence;
mod mapping;

use self::mapping::Mapping;
use crate::edits::{self, Edits};
use crate::models::run as model_run;
use crate::projects::batch::{self, BATCH_LIMIT, Creation};
use crate::projects::ontology;
use crate::projects::project::{self, Project};
use crate::projects::queues::Queues;
use crate::projects::workflow::{self, Mover};
use crate::tasks::{self, Done, Job, JobError, Order, Pulse};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use crate::workspace::api_keys::{self, User};
use labelport_model::filter;
use labelport_model::given;
use labelport_model::id::{LabelId, TaskId};
use labelport_model::problem::Problem;
use labelport_model::row::Label;
use labelport_model::workflow::WorkflowStatus;
use labelport_store::read::select::{Base, Selection};
use labelport_store::row_key::RowKey;
use labelport_store::tables::models::{self, ModelRun};
use labelport_store::tables::projects::{self, Queue};
use labelport_store::tables::tasks::Task;
use labelport_store::tables::{data_rows, labels};
use labelport_store::write::removal;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The rows of a transaction.
const PORTION: usize = 200;

/// What happens to a row that has labels in the project already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conflict {
    /// It keeps them, and gets no others.
    KeepExisting,
    /// The new ones take their place.
    Override,
}

/// Sends rows to a project.
pub struct Send;

/// Starts to send rows. `input` is that of the SDK: destination, batch, queue, source of labels, and a query for the rows;
/// with `sourceModelRunId` they are among those of a model run.
///
/// # Errors
/// If the project, the queue, a source or a feature of the mapping is not there, the batch is, or the query is wrong or
/// matches nothing.
pub fn start(workspace: &Workspace, caller: &Caller, input: &Value) -> Result<TaskId, Problem> {
    let project = project::get(workspace, given::text("destinationProjectId", &input["destinationProjectId"])?)?;
    let name = given::text("batchInput.batchName", &input["batchInput"]["batchName"])?;
    batch::check_name_is_free(workspace, &project, name)?;
    batch::read_priority(&input["batchInput"]["batchPriority"])?;
    find_queue(workspace, &project, &input["destinationTaskQueue"])?;
    read_conflict(&input["conflictLabelsResolutionStrategy"])?;
    find_source(workspace, input)?;
    confidence::read(&input["predictionsInput"])?;
    let mapping = read_mapping(workspace, &project, input)?;
    if let Some(unknown) = mapping.unknown().first() {
        let message =
            format!("the ontology of the project has no feature with the schema id {unknown}; correct the mapping");
        return Err(Problem::malformed(message));
    }
    if find_keys(workspace, &caller.user, input)?.is_empty() {
        let message = "no data row matches, so that nothing would be sent; check the ids, the global keys or the query";
        return Err(Problem::malformed(message));
    }
    let request = json!({ "input": input, "email": caller.user.email, "user": caller.user.id });
    let name = format!("Send data rows to {}", project.name);
    let order = Order { kind: Send.kind(), name, request: request.to_string() };
    tasks::start(workspace, caller, order, tasks::PATIENCE)
}

/// Where labels come from.
enum Source {
    Nowhere,
    Labels(Box<Project>),
    Predictions(Box<ModelRun>),
}

fn find_source(workspace: &Workspace, input: &Value) -> Result<Source, Problem> {
    if let Some(id) = given::find_text("annotationsInput.projectId", &input["annotationsInput"]["projectId"])? {
        return Ok(Source::Labels(Box::new(project::get(workspace, id)?)));
    }
    if let Some(id) = given::find_text("predictionsInput.modelRunId", &input["predictionsInput"]["modelRunId"])? {
        return Ok(Source::Predictions(Box::new(model_run::get(workspace, id)?)));
    }
    Ok(Source::Nowhere)
}

fn read_mapping(workspace: &Workspace, project: &Project, input: &Value) -> Result<Mapping, Problem> {
    let mut pairs = BTreeMap::new();
    for key in ["annotationsInput", "predictionsInput"] {
        for (from, to) in input[key]["featureSchemaIdsMapping"].as_object().into_iter().flatten() {
            let to = given::text(&format!("{key}.featureSchemaIdsMapping.{from}"), to)?;
            pairs.insert(from.clone(), to.to_owned());
        }
    }
    let ontology = project::find_ontology(workspace, project)?;
    Ok(Mapping::new(&ontology.as_ref().map(ontology::normalized).unwrap_or_default(), pairs))
}

fn read_conflict(given: &Value) -> Result<Conflict, Problem> {
    match given.as_str() {
        None | Some("KEEP_EXISTING") => Ok(Conflict::KeepExisting),
        Some("OVERRIDE_WITH_ANNOTATIONS" | "OVERRIDE_WITH_PREDICTIONS") => Ok(Conflict::Override),
        Some(other) => Err(Problem::malformed(format!(
            "conflictLabelsResolutionStrategy is {other:?}; write KEEP_EXISTING, OVERRIDE_WITH_ANNOTATIONS or \
             OVERRIDE_WITH_PREDICTIONS"
        ))),
    }
}

/// Returns the queue that rows go to; none for done.
fn find_queue(workspace: &Workspace, project: &Project, given: &Value) -> Result<Option<Queue>, Problem> {
    match given["type"].as_str() {
        Some("done") => Ok(None),
        Some("id") => {
            let id = given::text("destinationTaskQueue.value", &given["value"])?;
            let found = workflow::list(workspace, project)?.into_iter().find(|queue| queue.id == id);
            found.map(Some).ok_or_else(|| Problem::not_found("task queue", id))
        }
        _ => Err(Problem::malformed("destinationTaskQueue.type has to be id or done")),
    }
}

/// Finds the rows of a query, in the order of an export.
fn find_keys(workspace: &Workspace, user: &User, input: &Value) -> Result<Vec<RowKey>, Problem> {
    let query = if input["searchQuery"].is_array() { &input["searchQuery"] } else { &input["searchQuery"]["query"] };
    let zone = workspace.zone_of(user)?;
    let query = filter::parse_query(&query.to_string(), &zone);
    let query = query.map_err(|error| Problem::malformed(format!("the query for the data rows: {error}")))?;
    let base = match given::find_text("sourceModelRunId", &input["sourceModelRunId"])? {
        Some(id) => Base::ModelRun(model_run::get(workspace, id)?.key),
        None => Base::Catalog,
    };
    let org_key = workspace.org_key();
    workspace.read(|connection| {
        let selection = Selection::prepare(connection, org_key, base, &query)?;
        let mut keys = Vec::new();
        for part in selection.parts() {
            keys.extend(selection.keys(connection, &part)?);
        }
        Ok(keys)
    })
}

impl Job for Send {
    fn kind(&self) -> &'static str {
        "send-to-annotate"
    }

    fn wire_type(&self) -> &'static str {
        "send-to-annotate"
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request: Value = serde_json::from_str(&task.request).map_err(Problem::internal)?;
        let input = &request["input"];
        let users = api_keys::list_users(workspace)?;
        let user = users.into_iter().find(|user| request["user"] == user.id.as_str());
        let user = user.ok_or_else(|| Problem::malformed("the user who sent the data rows is gone"))?;
        let id = input["destinationProjectId"].as_str().unwrap_or_default();
        let project = project::get(workspace, id)?;
        let mut keys = find_keys(workspace, &user, input)?;
        if input["excludeDataRowsInProject"] == true {
            let batches = keys.len().div_ceil(BATCH_LIMIT);
            keys.retain(|key| {
                let found = workspace.read(|connection| Ok(projects::find_row(connection, project.key, *key)?));
                !matches!(found, Ok(Some(row)) if !is_of_task(&row, input, batches))
            });
        }
        enter(workspace, &user, &project, input, &keys, pulse)?;
        let sending = Sending {
            queue: find_queue(workspace, &project, &input["destinationTaskQueue"])?,
            source: find_source(workspace, input)?,
            mapping: read_mapping(workspace, &project, input)?,
            conflict: read_conflict(&input["conflictLabelsResolutionStrategy"])?,
            confidence: confidence::read(&input["predictionsInput"])?,
            mover: Mover { email: request["email"].as_str().unwrap_or_default().to_owned(), now: workspace.now() },
            task_id: task.id.to_string(),
            project,
        };
        let mut sent = Sent::default();
        for portion in keys.chunks(PORTION) {
            pulse.check()?;
            sending.send(workspace, portion, &mut sent)?;
        }
        let outcome = json!({
            "rows": keys.len(), "labels": sent.labels, "suggestions": sent.suggestions,
            "annotations_left_out": sent.left_out,
        });
        let rows = i64::try_from(keys.len()).unwrap_or(i64::MAX);
        Ok(Done { rows, outcome: Some(outcome.to_string()), ..Done::default() })
    }
}

/// Returns whether a row came into the project with one of the batches of this task, which was begun before.
fn is_of_task(row: &projects::ProjectRow, input: &Value, batches: usize) -> bool {
    let details: Value = row.details.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let (Some(found), Some(name)) = (details["batch_name"].as_str(), input["batchInput"]["batchName"].as_str()) else {
        return false;
    };
    (0..batches).any(|index| found == batch_name(name, index))
}

/// Returns the name of a batch: those after the first have `_1`, `_2` and so on after it.
fn batch_name(name: &str, index: usize) -> String {
    if index == 0 { name.to_owned() } else { format!("{name}_{index}") }
}

/// Puts rows into batches of the project.
fn enter(
    workspace: &Workspace,
    user: &User,
    project: &Project,
    input: &Value,
    keys: &[RowKey],
    pulse: &Pulse,
) -> Result<(), JobError> {
    let name = input["batchInput"]["batchName"].as_str().unwrap_or_default();
    let priority = batch::read_priority(&input["batchInput"]["batchPriority"])?;
    for (index, portion) in keys.chunks(BATCH_LIMIT).enumerate() {
        pulse.check()?;
        let name = batch_name(name, index);
        let known = batch::list(workspace, project)?.into_iter().find(|batch| batch.name == name);
        let batch = match known {
            Some(batch) => batch,
            None => {
                let creation = Creation { name, priority, consensus: Value::Null };
                batch::create_empty(workspace, user, project, &creation)?
            }
        };
        batch::add_rows(workspace, user, project, (&batch, priority), portion)?;
    }
    Ok(())
}

/// What is done with rows.
struct Sending {
    project: Project,
    queue: Option<Queue>,
    source: Source,
    mapping: Mapping,
    conflict: Conflict,
    /// The least and the greatest confidence of predictions.
    confidence: RangeInclusive<f64>,
    mover: Mover,
    task_id: String,
}

/// What was done.
#[derive(Debug, Default)]
struct Sent {
    labels: u64,
    suggestions: u64,
    left_out: u64,
}

/// A label for a row.
#[derive(Debug, Clone)]
struct New {
    row_key: RowKey,
    id: String,
    kind: String,
    annotations: String,
}

impl Sending {
    /// Gives rows their labels and moves them to the queue.
    fn send(&self, workspace: &Workspace, keys: &[RowKey], sent: &mut Sent) -> Result<(), Problem> {
        let mut new = Vec::new();
        for row_key in keys {
            for (id, kind, annotations) in self.find_labels(workspace, *row_key)? {
                let asked = matches!(self.source, Source::Predictions(_)).then_some(&self.confidence);
                let moved = self.mapping.apply(&annotations, asked);
                sent.left_out += moved.left_out;
                new.extend(moved.annotations.map(|annotations| New { row_key: *row_key, id, kind, annotations }));
            }
        }
        let is_first = self.queue.as_ref().is_some_and(|queue| Queues::status_of(queue) == WorkflowStatus::ToLabel);
        if is_first {
            sent.suggestions += new.len() as u64;
            new.clear();
        }
        let (org_key, project, queue, mover) =
            (workspace.org_key(), self.project.clone(), self.queue.clone(), self.mover.clone());
        let (keys, conflict) = (keys.to_vec(), self.conflict);
        let made = workspace.write(move |connection| {
            projects::find(connection, org_key, &project.id)?
                .ok_or_else(|| Problem::not_found("project", &project.id))?;
            let mut edits = Edits::begin(connection, org_key, mover.now)?;
            let mut made = 0;
            for row_key in keys {
                let of_row: Vec<&New> = new.iter().filter(|label| label.row_key == row_key).collect();
                made += give(&mut edits, org_key, &project, row_key, &of_row, conflict, &mover)?;
                workflow::move_row(&mut edits, org_key, &project, row_key, queue.as_ref(), &mover)?;
            }
            edits.finish()?;
            Ok(made)
        })?;
        sent.labels += made;
        Ok(())
    }

    /// Lists the labels that come along with a row: new id, kind and annotations.
    fn find_labels(&self, workspace: &Workspace, row_key: RowKey) -> Result<Vec<(String, String, String)>, Problem> {
        workspace.read(|connection| {
            let found: Vec<(String, String, String)> = match &self.source {
                Source::Nowhere => Vec::new(),
                Source::Labels(project) => {
                    let all = labels::list_of_row(connection, workspace.org_key(), row_key)?;
                    let of_project = all.into_iter().filter(|label| label.project_key == project.key);
                    of_project.map(|label| (label.id, label.head, label.annotations)).collect()
                }
                Source::Predictions(run) => {
                    let all = models::list_run_labels(connection, run.key, row_key, 1)?;
                    all.into_iter().map(|label| (label.id, label.head, label.annotations)).collect()
                }
            };
            Ok(found
                .into_iter()
                .map(|(id, head, annotations)| (self.new_id(&id), kind_of(&head), annotations))
                .collect())
        })
    }

    /// Returns the id of what a label becomes, the same whenever the task is done again.
    fn new_id(&self, id: &str) -> String {
        const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        let digest = Sha256::digest(format!("{} {id}", self.task_id));
        let digits = digest.iter().take(24).map(|byte| DIGITS[usize::from(byte % 36)] as char);
        std::iter::once('c').chain(digits).collect()
    }
}

/// Returns the kind in the first members of a label.
fn kind_of(head: &str) -> String {
    let head: Value = serde_json::from_str(&format!("{{{head}}}")).unwrap_or_default();
    head["label_kind"].as_str().unwrap_or("Default").to_owned()
}

/// Gives a row labels, as far as the rule for those that it has allows it; returns how many.
fn give(
    edits: &mut Edits<'_>,
    org_key: i64,
    project: &Project,
    row_key: RowKey,
    new: &[&New],
    conflict: Conflict,
    mover: &Mover,
) -> Result<u64, Problem> {
    let is_there = data_rows::find_by_key(edits.connection, org_key, row_key)?.is_some()
        && projects::find_row(edits.connection, project.key, row_key)?.is_some();
    if !is_there || new.is_empty() {
        return Ok(0);
    }
    let known = labels::list_of_row(edits.connection, org_key, row_key)?;
    let known: Vec<String> =
        known.into_iter().filter(|label| label.project_key == project.key).map(|label| label.id).collect();
    let (again, others): (Vec<&String>, Vec<&String>) =
        known.iter().partition(|id| new.iter().any(|label| label.id == **id));
    if !again.is_empty() {
        return Ok(again.len() as u64);
    }
    if !others.is_empty() {
        if conflict == Conflict::KeepExisting {
            return Ok(0);
        }
        for id in others {
            removal::remove_label(edits.connection, id)?;
        }
        edits.touch(row_key)?;
    }
    for label in new {
        let id = edits::read_id(&label.id, LabelId::parse)?;
        let made = edits::read_piece(&label.annotations, |annotations| Label::new(id, &label.kind, annotations))?;
        edits.append_label(project.key, row_key, made.with_creator(&mover.email, mover.now))?;
    }
    Ok(new.len() as u64)
}
