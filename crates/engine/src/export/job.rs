//! Exports as tasks, whose results are kept to be read by range.
//!
//! The request is the task's; the result lies under the task's id. A worker that is interrupted leaves nothing that
//! exists. The next one starts again, on a snapshot of its own or, where other processes helped, on the one that they hold.

pub use super::error::to_problem;

use crate::export::shared::{self, Sharing};
use crate::export::{self, ExportError};
use crate::manifest::Manifest;
use crate::sink::{ArchiveSink, FileError, Sink};
use crate::storage::results::Results;
use crate::tasks::{self, Done, Job, JobError, Order, Publish, Pulse};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_formats::package::ArchiveKind;
use labelport_formats::write::{Format, Layout};
use labelport_model::id::TaskId;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::request::ExportRequest;
use labelport_model::time::Span;
use labelport_store::tables;
use labelport_store::tables::tasks::{Task, TaskProgress, TaskStatus};
use serde_json::json;
use std::cell::OnceCell;
use std::io;

/// How long results are kept.
pub const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// The kind of tasks that export rows in the native format.
pub const ROWS: &str = "export-data-rows";
/// The kind of tasks that export labels in the legacy format.
pub const LEGACY_LABELS: &str = "export-legacy-labels";
/// The kind of tasks that export data rows in the legacy format.
pub const LEGACY_ROWS: &str = "export-legacy-rows";
/// The kind of tasks that export the labels of a model run in the legacy format.
pub const LEGACY_RUN: &str = "export-legacy-run";
/// The kinds of tasks that keep a result.
pub const KINDS: [&str; 4] = [ROWS, LEGACY_LABELS, LEGACY_ROWS, LEGACY_RUN];

/// Runs exports.
pub struct ExportJob;

/// Starts an export; returns the id of its task. What it names has to be there.
pub fn start(workspace: &Workspace, caller: &Caller, name: &str, request: &ExportRequest) -> Result<TaskId, Problem> {
    check(workspace, request)?;
    check_queue(workspace, caller)?;
    let name = if name.is_empty() { request.scope.to_string() } else { name.to_owned() };
    let order = Order { kind: ExportJob.kind(), name, request: identified(workspace, request)?.to_canonical_json() };
    tasks::start(workspace, caller, order, tasks::PATIENCE)
}

/// Returns a request whose scope is named by its id.
pub(crate) fn identified(workspace: &Workspace, request: &ExportRequest) -> Result<ExportRequest, Problem> {
    workspace.read(|connection| export::identified(connection, workspace.org_key(), request).map_err(to_problem))
}

/// Fails for a request that makes no sense, before there is a task of it.
pub fn check(workspace: &Workspace, request: &ExportRequest) -> Result<(), Problem> {
    request.check().map_err(|error| Problem::malformed(error.with_names()))?;
    workspace.read(|connection| export::check(connection, workspace.org_key(), request).map_err(to_problem))
}

/// Fails for a caller whose exports that wait are as many as may be.
pub(crate) fn check_queue(workspace: &Workspace, caller: &Caller) -> Result<(), Problem> {
    let Some(limit) = workspace.queued_exports_limit() else { return Ok(()) };
    let (org_key, queue) = (workspace.org_key(), caller.key_id.as_str());
    let waiting =
        workspace.read(|connection| Ok(tables::tasks::count_waiting(connection, org_key, Some((&KINDS, queue)))?))?;
    if waiting < limit {
        return Ok(());
    }
    // The SDK knows the limit by how the sentence begins.
    let message =
        format!("You have exceeded the limit of {limit} exports that wait at once; wait for some or cancel them");
    Err(Problem::new(ProblemKind::TooMany, message))
}

impl Job for ExportJob {
    fn kind(&self) -> &'static str {
        ROWS
    }

    fn wire_type(&self) -> &'static str {
        ROWS
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let request = ExportRequest::from_json(&task.request).map_err(Problem::internal)?;
        let format = super::format_of(&request).map_err(to_problem)?;
        run(workspace, task, pulse, &request, Written::as_requested(format))
    }

    fn activity(&self, task: &Task) -> String {
        activity(task)
    }

    fn discard(&self, workspace: &Workspace, task: &Task, _: &str) -> Result<(), Problem> {
        discard(workspace, task)
    }
}

/// Says what an export does.
pub(crate) fn activity(task: &Task) -> String {
    match ExportRequest::from_json(&task.request) {
        Ok(request) => format!("exporting {}", request.scope),
        Err(_) => format!("exporting {:?}", task.name),
    }
}

/// Removes the result of an export, however much there is of it.
pub(crate) fn discard(workspace: &Workspace, task: &Task) -> Result<(), Problem> {
    workspace.forget_result(task.id.as_str());
    workspace.results().remove(task.id.as_str()).map_err(Problem::internal)?;
    shared::end(workspace, task.id.as_str())
}

/// How rows are written.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) format: &'a dyn Format,
    /// The span outside which labels are left out.
    pub(crate) labels_created: Option<Span>,
    /// Whether the request names the format and all that it is written with, so that other processes can help.
    is_shared: bool,
}

impl<'a> Written<'a> {
    /// Rows with all their labels.
    pub(crate) fn in_format(format: &'a dyn Format) -> Self {
        Self { format, labels_created: None, is_shared: false }
    }

    /// Rows with the labels of a span.
    pub(crate) fn with_labels(format: &'a dyn Format, labels_created: Option<Span>) -> Self {
        Self { labels_created, ..Self::in_format(format) }
    }

    /// Rows as their request says.
    pub(crate) fn as_requested(format: &'a dyn Format) -> Self {
        Self { is_shared: true, ..Self::in_format(format) }
    }
}

/// Runs an export of a task and keeps its result.
pub(crate) fn run(
    workspace: &Workspace,
    task: &Task,
    pulse: &Pulse,
    request: &ExportRequest,
    written: Written<'_>,
) -> Result<Done, JobError> {
    let mut sink = start_result(workspace.results(), &task.id, written.format).map_err(crate::workspace::unwritable)?;
    workspace.forget_result(task.id.as_str());
    let sharing = Sharing { workspace, task_id: task.id.as_str(), run_id: OnceCell::new() };
    let is_shared = written.is_shared && !is_last_attempt(task);
    if written.is_shared && !is_shared {
        // Nobody else is to die of it.
        shared::end(workspace, task.id.as_str())?;
    }
    let manifest = write(workspace, task, pulse, request, &mut *sink, (written, Some(&sharing).filter(|_| is_shared)));
    pulse.check()?;
    let led = sharing.run_id.into_inner().map(|run_id| (task.id.clone(), run_id));
    let manifest = match manifest {
        Err(error) => {
            // What helpers have kept takes the room that there is not.
            if let (JobError::NoRoom, Some((task_id, run_id))) = (&error, &led) {
                shared::end_run(workspace, task_id.as_str(), run_id);
            }
            return Err(error);
        }
        Ok(manifest) => manifest,
    };
    let rows = i64::try_from(manifest.digest.rows).unwrap_or(i64::MAX);
    let outcome = json!({ "rows": rows, "sha256": manifest.digest.sha256 }).to_string();
    let publish: Publish = Box::new(move |workspace| {
        sink.finish(&manifest).map_err(unfinished)?;
        workspace.counters().count_export(manifest.digest.rows, manifest.digest.bytes);
        if let Some((task_id, run_id)) = led {
            shared::end_run(workspace, task_id.as_str(), &run_id);
        }
        Ok(())
    });
    Ok(Done { rows, outcome: Some(outcome), publish: Some(publish) })
}

/// Says what becomes of a task whose result could not be finished.
pub(crate) fn unfinished(error: FileError) -> JobError {
    match error {
        // A worker that had lost its lease without knowing has published. The next attempt removes that and starts again.
        FileError::Kept { source, .. } if source.kind() == io::ErrorKind::AlreadyExists => JobError::HandOver,
        FileError::Io { source, .. } | FileError::Kept { source, .. } => crate::workspace::unwritable(source).into(),
        error => Problem::internal(error).into(),
    }
}

/// Starts to write the result of a task. What an interrupted worker left is removed.
pub fn start_result(results: &Results, task_id: &TaskId, format: &dyn Format) -> io::Result<Box<dyn Sink>> {
    let stored = Box::new(results.start(task_id.as_str())?);
    Ok(match format.layout() {
        Layout::Package => Box::new(ArchiveSink::new(ArchiveKind::Zip, stored, results.spool_folder()?)?),
        _ => stored,
    })
}

fn write(
    workspace: &Workspace,
    task: &Task,
    pulse: &Pulse,
    request: &ExportRequest,
    sink: &mut dyn Sink,
    (Written { format, labels_created, .. }, sharing): (Written<'_>, Option<&Sharing<'_>>),
) -> Result<Manifest, JobError> {
    let mut last = workspace.now();
    let mut tell = |now: export::ExportProgress| {
        // Progress is reported once a second: a write for each chunk would cost more than the chunk.
        if workspace.now().as_millis() - last.as_millis() < 1_000 {
            return;
        }
        last = workspace.now();
        let rows_done = i64::try_from(now.rows).unwrap_or(i64::MAX);
        let expected = now.rows.saturating_mul(now.parts).checked_div(now.parts_begun).unwrap_or(now.rows);
        let rows_total = Some(i64::try_from(expected).unwrap_or(i64::MAX));
        let id = task.id.clone();
        drop(workspace.store().write(move |connection| {
            tables::tasks::report_progress(connection, &id, TaskProgress { rows_done, rows_total })
        }));
    };
    let mut run = export::ExportOptions {
        threads: workspace.threads(),
        format,
        row_limit_bytes: export::ROW_LIMIT_BYTES,
        labels_created,
        progress: &mut tell,
        stop: Some(pulse.flag()),
        files: Some(workspace.files()),
        client: Some(workspace.client()),
    };
    export::run_shared(workspace.store(), request, sink, &mut run, sharing).map_err(|error| match error {
        // Another process has the export now, or has to begin it again.
        ExportError::Stopped => JobError::HandOver,
        error => to_problem(error).into(),
    })
}

/// Returns whether a task, as it was before it was claimed, is given up if this process dies of it as well.
fn is_last_attempt(task: &Task) -> bool {
    task.deaths + i64::from(task.lease.is_some()) + 1 >= tasks::DEATHS_LIMIT
}

/// Fails unless a task is an export whose result is there to be read.
pub fn get_result(
    workspace: &Workspace,
    task_id: &str,
) -> Result<std::sync::Arc<crate::storage::results::Stored>, Problem> {
    let Some(task) = tasks::find(workspace, task_id)? else {
        return Err(Problem::not_found("task", task_id));
    };
    match task.status {
        TaskStatus::Complete => {}
        TaskStatus::InProgress => {
            let message = "the export is still running; wait for it to be COMPLETE";
            return Err(Problem::new(ProblemKind::NotReady, message));
        }
        TaskStatus::Failed | TaskStatus::Canceled => return Err(Problem::new(ProblemKind::Gone, "Task failed")),
    }
    if !is_export(&task.kind) {
        let message = format!("task {task_id} has no stored rows; it is of the kind {}", task.kind);
        return Err(Problem::malformed(message));
    }
    let message = "the result has expired and was removed; run the export again";
    workspace.open_result(task_id)?.ok_or_else(|| Problem::new(ProblemKind::Gone, message))
}

/// The name of a result that is one file of rows.
pub const ROWS_NAME: &str = "rows.ndjson";
/// The name of a result that is a package.
pub const PACKAGE_NAME: &str = "rows.zip";

/// Returns the name under which the result of a task is downloaded.
pub fn result_name(task: &Task) -> &'static str {
    let request = ExportRequest::from_json(&task.request).ok();
    let format = request.and_then(|request| super::format_of(&request).ok());
    match format.map(|format| format.layout()) {
        Some(Layout::Package) => PACKAGE_NAME,
        _ => ROWS_NAME,
    }
}

/// Returns whether tasks of a kind keep a result.
pub fn is_export(kind: &str) -> bool {
    KINDS.contains(&kind)
}

/// Removes results that are older than they are kept.
pub fn expire(workspace: &Workspace) -> Result<(), Problem> {
    let before = workspace.now().plus_millis(-KEPT_MS);
    let expired = workspace
        .read(|connection| Ok(tables::tasks::list_finished_before(connection, workspace.org_key(), before)?))?;
    // What has expired stays known, and most of it has no result any more.
    let present = workspace.results().list_folders().map_err(Problem::internal)?;
    let has_result = |task: &&Task| present.binary_search_by(|id| id.as_str().cmp(task.id.as_str())).is_ok();
    for task in expired.iter().filter(|task| is_export(&task.kind)).filter(has_result) {
        workspace.results().remove(task.id.as_str()).map_err(Problem::internal)?;
        workspace.forget_result(task.id.as_str());
    }
    Ok(())
}
