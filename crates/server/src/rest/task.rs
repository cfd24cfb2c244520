//! Tasks: what runs, what has ended and how, and calling one off.

use super::{Routes, answered};
use crate::answer;
use crate::app::App;
use crate::deliver::Pairs;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use labelport_engine::export::job;
use labelport_engine::registry;
use labelport_engine::tasks::{self, ListTasks, Task, TaskStatus};
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::access::Action;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

/// How many tasks a list has.
const LISTED: usize = 100;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .route("/api/v1/tasks", get(list))
        .route("/api/v1/tasks/{id}", get(one))
        .route("/api/v1/tasks/{id}/cancel", post(cancel))
}

async fn list(State(app): State<App>, Query(pairs): Pairs, headers: HeaderMap) -> Response<Body> {
    let status = match read_status(&pairs) {
        Ok(status) => status,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        let which = ListTasks { status, limit: LISTED };
        let found = tasks::list(workspace, &which)?;
        Ok(found.iter().map(|task| to_json(workspace, task)).collect())
    })
    .await
}

fn read_status(pairs: &[(String, String)]) -> Result<Option<TaskStatus>, Problem> {
    let Some((_, given)) = pairs.iter().find(|(key, _)| key == "status") else { return Ok(None) };
    let known = TaskStatus::ALL.map(TaskStatus::wire_name).join(", ");
    let unknown = || Problem::malformed(format!("the status is {given:?}; write one of {known}"));
    TaskStatus::parse(&given.to_ascii_uppercase()).map(Some).ok_or_else(unknown)
}

async fn one(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        let task = tasks::find(workspace, &id)?.ok_or_else(|| Problem::not_found("task", &id))?;
        Ok(to_json(workspace, &task))
    })
    .await
}

async fn cancel(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, caller| {
        let task = registry::cancel(workspace, &id, Some(caller))?;
        Ok(to_json(workspace, &task))
    })
    .await
}

pub(super) fn to_json(workspace: &Workspace, task: &Task) -> Value {
    let outcome: Value = task.outcome.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let has_result = task.status == TaskStatus::Complete && job::is_export(&task.kind);
    let until = Some(workspace.now().plus_millis(job::KEPT_MS));
    let url = |name: &str| match has_result {
        true => json!(workspace.signer().url(&format!("/results/{}/{name}", task.id), until)),
        false => Value::Null,
    };
    json!({
        "id": task.id.as_str(),
        "kind": registry::wire_type(&task.kind),
        "name": task.name,
        "status": task.status.wire_name(),
        "rowsDone": task.rows_done,
        "rowsTotal": task.rows_total,
        "createdBy": task.created_by,
        "createdAt": task.created.to_string(),
        "finishedAt": task.finished.map(|time| time.to_string()),
        "workerDeaths": task.deaths,
        "error": outcome["error"],
        "resultUrl": url(job::result_name(task)),
        "manifestUrl": url("manifest.json"),
    })
}
