//! Asking for an export by asking again and again.
//!
//! The same question of the same caller joins the task that is running, or gets the result that nobody has got yet. A
//! result is delivered once: who asks after that asks anew, and sees what has changed since.

use crate::export::job::{LEGACY_LABELS, LEGACY_ROWS, LEGACY_RUN};
use crate::tasks::{self, Order};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::given;
use labelport_model::id::TaskId;
use labelport_model::problem::Problem;
use labelport_model::request::{ExportFilters, ExportRequest, Params, Scope};
use labelport_model::time::{Span, Timestamp};
use labelport_store::tables;
use labelport_store::tables::tasks::{Same, Task, TaskStatus};
use serde_json::{Value, json};
use std::time::Duration;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegacyKind {
    /// The labels of a project: `projectId`, and `filters` with ranges of dates.
    Labels,
    /// The rows of a model run: `modelRunId`.
    ModelRun,
    /// The data rows of a dataset: `datasetId`.
    DatasetRows,
    /// The data rows of a batch: `batchId`.
    BatchRows,
    /// The data rows of a project that have no label: `projectId`.
    QueuedRows,
}

/// An export that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Legacy {
    /// The task, which keeps the result.
    pub task_id: TaskId,
    /// Whether the result is there; else the caller asks again.
    pub is_done: bool,
    /// When the task was created.
    pub created: Timestamp,
}

/// How long a call waits for its export. Proxies often give up after thirty seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// How old a result may be that nobody has got. A client that waits for one asks every two seconds.
const WAITING_MS: i64 = 60_000;
/// The most earlier tasks that are looked at.
const EARLIER: usize = 8;

/// Starts an export, or joins the one that the same caller asked for before. `data` is the argument of the mutation.
pub fn start_or_join(
    workspace: &Workspace,
    caller: &Caller,
    kind: LegacyKind,
    data: &Value,
) -> Result<Legacy, Problem> {
    let request = kind.read(workspace, caller, data)?;
    let (org_key, job) = (workspace.org_key(), kind.job());
    let same = Same { created_by: &caller.user.id, kind: job, request: &request, limit: EARLIER };
    for task in workspace.read(|connection| Ok(tables::tasks::list_same(connection, org_key, &same)?))? {
        if task.status == TaskStatus::InProgress {
            tasks::wait(workspace, &task.id, PATIENCE)?;
            return look(workspace, task.id);
        }
        let is_fresh = task.finished.is_some_and(|ended| ended.plus_millis(WAITING_MS) >= workspace.now());
        if is_fresh && deliver(workspace, &task)? {
            return to_outcome(task);
        }
    }
    crate::export::job::check_queue(workspace, caller)?;
    let order = Order { kind: job, name: kind.title().to_owned(), request };
    let id = tasks::start(workspace, caller, order, PATIENCE)?;
    look(workspace, id)
}

/// Says how a task stands that was waited for.
fn look(workspace: &Workspace, id: TaskId) -> Result<Legacy, Problem> {
    let task = tasks::find(workspace, id.as_str())?.ok_or_else(|| Problem::not_found("task", id.as_str()))?;
    if task.status != TaskStatus::InProgress {
        // Two calls may have waited for the same task; each of them gets it.
        deliver(workspace, &task)?;
    }
    to_outcome(task)
}

fn to_outcome(task: Task) -> Result<Legacy, Problem> {
    match task.status {
        TaskStatus::InProgress => Ok(Legacy { task_id: task.id, is_done: false, created: task.created }),
        TaskStatus::Complete => Ok(Legacy { task_id: task.id, is_done: true, created: task.created }),
        TaskStatus::Failed | TaskStatus::Canceled => {
            let outcome = outcome_of(&task);
            Err(Problem::malformed(outcome["error"].as_str().unwrap_or("the export was called off; ask again")))
        }
    }
}

fn outcome_of(task: &Task) -> Value {
    let outcome = task.outcome.as_deref().and_then(|text| serde_json::from_str(text).ok());
    outcome.filter(Value::is_object).unwrap_or_else(|| json!({}))
}

/// Records that the outcome of a task was delivered; returns whether it had not been.
fn deliver(workspace: &Workspace, task: &Task) -> Result<bool, Problem> {
    let mut outcome = outcome_of(task);
    let Some(before) = task.outcome.clone().filter(|_| outcome["delivered"] != true) else { return Ok(false) };
    outcome["delivered"] = json!(true);
    let (id, outcome) = (task.id.clone(), outcome.to_string());
    Ok(workspace.store().write(move |connection| tables::tasks::replace_outcome(connection, &id, &before, &outcome))?)
}

impl LegacyKind {
    fn job(self) -> &'static str {
        match self {
            Self::Labels => LEGACY_LABELS,
            Self::ModelRun => LEGACY_RUN,
            Self::DatasetRows | Self::BatchRows | Self::QueuedRows => LEGACY_ROWS,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Labels => "Export labels",
            Self::ModelRun => "Export labels of a model run",
            Self::DatasetRows => "Export data rows of a dataset",
            Self::BatchRows => "Export data rows of a batch",
            Self::QueuedRows => "Export queued data rows",
        }
    }

    /// Returns what `data` asks for, in the words of the task. What it names has to be there.
    fn read(self, workspace: &Workspace, caller: &Caller, data: &Value) -> Result<String, Problem> {
        let id = |key: &str| given::text(&format!("data.{key}"), &data[key]);
        match self {
            Self::Labels => labels_request(workspace, caller, id("projectId")?, &data["filters"]),
            Self::ModelRun => {
                let run = crate::models::run::get(workspace, id("modelRunId")?)?;
                request_of(workspace, Scope::ModelRun(run.id), ExportFilters::default(), "UTC")
            }
            Self::DatasetRows => {
                let dataset = crate::catalog::dataset::get(workspace, id("datasetId")?)?;
                Ok(json!({ "dataset": dataset.id }).to_string())
            }
            Self::BatchRows => {
                let id = id("batchId")?;
                super::rows::get_batch(workspace, id)?;
                Ok(json!({ "batch": id }).to_string())
            }
            Self::QueuedRows => {
                let project = crate::projects::project::get(workspace, id("projectId")?)?;
                Ok(json!({ "queue": project.id }).to_string())
            }
        }
    }
}

fn labels_request(
    workspace: &Workspace,
    caller: &Caller,
    project_id: &str,
    filters: &Value,
) -> Result<String, Problem> {
    let project = crate::projects::project::get(workspace, project_id)?;
    let zone = workspace.zone_of(&caller.user)?;
    let span = |key: &str| -> Result<Option<Span>, Problem> {
        let bound = |end: &str| -> Result<Option<&str>, Problem> {
            let text = given::find_text(&format!("filters.{key}.{end}"), &filters[key][end])?;
            Ok(text.filter(|text| !text.is_empty()))
        };
        let (start, end) = (bound("start")?, bound("end")?);
        if start.is_none() && end.is_none() {
            return Ok(None);
        }
        let span = Span::parse(start, end, &zone);
        span.map(Some).map_err(|error| Problem::malformed(format!("filters.{key}: {error}")))
    };
    let filters = ExportFilters {
        label_created_at: span("labelCreatedAt")?,
        last_activity_at: span("lastActivityAt")?,
        ..ExportFilters::default()
    };
    request_of(workspace, Scope::Project(project.id), filters, zone.name())
}

/// Returns a request for everything that a row of before shows.
fn request_of(workspace: &Workspace, scope: Scope, filters: ExportFilters, zone: &str) -> Result<String, Problem> {
    let params = Params::everything(scope.kind());
    // Frames of project labels are served by themselves, those of a run stand in its rows.
    let interpolated_frames = params.interpolated_frames && !matches!(scope, Scope::Project(_));
    let params = Params { interpolated_frames, attachments: false, embeddings: false, predictions: false, ..params };
    let request = ExportRequest {
        scope,
        params,
        filters,
        format: labelport_model::request::FormatChoice::default(),
        zone_name: zone.to_owned(),
        since: None,
    };
    crate::export::job::check(workspace, &request)?;
    Ok(request.to_canonical_json())
}
