//! Releases made by the workers of a server.

use super::{NewRelease, add, check_new, remove_result, withdraw};
use crate::export::format_of;
use crate::export::job::{self, Written};
use crate::export::shared;
use crate::manifest::Manifest;
use crate::tasks::{self, Done, Job, JobError, Order, Publish, Pulse};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::id::TaskId;
use labelport_model::problem::Problem;
use labelport_model::request::ExportRequest;
use labelport_store::tables::tasks::Task;
use serde::{Deserialize, Serialize};

/// Makes releases.
pub struct CreateRelease;

/// What a task is to make.
#[derive(Serialize, Deserialize)]
struct Asked {
    name: String,
    description: String,
    created_by: String,
    /// The request of the export, in canonical form.
    export: String,
}

/// Starts to make a release; returns the id of the task.
pub fn start(
    workspace: &Workspace,
    caller: &Caller,
    name: &str,
    description: &str,
    request: &ExportRequest,
) -> Result<TaskId, Problem> {
    check_new(workspace, name, description)?;
    if request.since.is_some() {
        let message = "a release is a full export; leave \"since\" out, and compare releases with `labelport diff`";
        return Err(Problem::malformed(message));
    }
    job::check(workspace, request)?;
    job::check_queue(workspace, caller)?;
    let asked = Asked {
        name: name.to_owned(),
        description: description.to_owned(),
        created_by: caller.user.email.clone(),
        export: job::identified(workspace, request)?.to_canonical_json(),
    };
    let request = serde_json::to_string(&asked).map_err(Problem::internal)?;
    let order = Order { kind: CreateRelease.kind(), name: name.to_owned(), request };
    tasks::start(workspace, caller, order, tasks::PATIENCE)
}

impl Job for CreateRelease {
    fn kind(&self) -> &'static str {
        "create-release"
    }

    fn wire_type(&self) -> &'static str {
        self.kind()
    }

    fn run(&self, workspace: &Workspace, task: &Task, pulse: &Pulse) -> Result<Done, JobError> {
        let asked: Asked = serde_json::from_str(&task.request).map_err(Problem::internal)?;
        let request = ExportRequest::from_json(&asked.export).map_err(Problem::internal)?;
        let format = format_of(&request).map_err(job::to_problem)?;
        // A worker that was killed between the release and the end of its task has made it already.
        withdraw(workspace, task.id.as_str())?;
        let done = job::run(workspace, task, pulse, &request, Written::as_requested(format))?;
        let Done { rows, outcome, publish } = done;
        let task_id = task.id.clone();
        let publish: Publish = Box::new(move |workspace| {
            publish.map_or(Ok(()), |publish| publish(workspace))?;
            let stored = workspace.open_result(task_id.as_str())?;
            let stored = stored.ok_or_else(|| Problem::internal("the result was removed while it was published"))?;
            let manifest = stored.manifest().map_err(Problem::internal)?;
            let manifest = Manifest::from_json(manifest.as_bytes()).map_err(Problem::internal)?;
            let Asked { name, description, created_by, .. } = &asked;
            let task_id = task_id.as_str();
            let new = NewRelease { name, description, task_id, manifest: &manifest, created_by, ends_task: false };
            add(workspace, &new)?;
            Ok(())
        });
        Ok(Done { rows, outcome, publish: Some(publish) })
    }

    fn activity(&self, task: &Task) -> String {
        format!("making the release {}", task.name)
    }

    fn discard(&self, workspace: &Workspace, task: &Task, _: &str) -> Result<(), Problem> {
        withdraw(workspace, task.id.as_str())?;
        remove_result(workspace, task.id.as_str())?;
        shared::end(workspace, task.id.as_str())
    }
}
