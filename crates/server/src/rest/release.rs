//! Releases: made as tasks, read, deleted, and linked to the model runs that were trained on them.

use super::{Routes, answered, find_text, refuse_others, text};
use crate::answer;
use crate::app::App;
use crate::deliver::{manifest_of, respond, stored_content};
use crate::nodes::time;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::get;
use labelport_engine::items::Item;
use labelport_engine::models::run;
use labelport_engine::releases::{self, Release, lineage};
use labelport_engine::storage::results::{Stored, Stream};
use labelport_engine::tasks;
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::access::{Action, allow};
use labelport_model::problem::Problem;
use labelport_model::request::ExportRequest;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .route("/api/v1/releases", get(list).post(create))
        .route("/api/v1/releases/{name}", get(one).delete(delete))
        .route("/api/v1/releases/{name}/manifest", get(manifest))
        .route("/api/v1/releases/{name}/result", get(result))
        .route("/api/v1/model-runs/{id}/release", get(of_run).put(link).delete(unlink))
}

/// Starts to make a release; answers with the task.
async fn create(State(app): State<App>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::CREATED, move |workspace, caller| {
        refuse_others(&given, &["name", "description", "request"])?;
        let request = ExportRequest::from_json(&given["request"].to_string());
        let request = request.map_err(|error| Problem::malformed(error.to_string()))?;
        let description = find_text(&given, "description")?.unwrap_or_default();
        let id = releases::start(workspace, caller, text(&given, "name")?, description, &request)?;
        let task = tasks::find(workspace, id.as_str())?.ok_or_else(|| Problem::not_found("task", id.as_str()))?;
        Ok(super::task::to_json(workspace, &task))
    })
    .await
}

async fn list(State(app): State<App>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, |workspace, _| {
        let found = workspace.read(|connection| releases::list(connection, workspace.org_key()))?;
        found.iter().map(|release| to_json(workspace, release)).collect()
    })
    .await
}

async fn one(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        to_json(workspace, &find(workspace, &name)?)
    })
    .await
}

async fn delete(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::NO_CONTENT, move |workspace, _| {
        releases::delete(workspace, &name).map(|_| Value::Null)
    })
    .await
}

async fn manifest(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    content(&app, name, headers, |stored, _| manifest_of(&stored)).await
}

async fn result(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    content(&app, name, headers, |stored, is_package| Ok(stored_content(stored, Stream::Rows, is_package))).await
}

/// Answers a caller with a key with a part of what a release keeps.
async fn content(
    app: &App,
    name: String,
    headers: HeaderMap,
    read: fn(Arc<Stored>, bool) -> Result<crate::deliver::Content, Problem>,
) -> Response<Body> {
    let found = match app.identify(&headers).await {
        Ok(caller) => {
            app.call(move |workspace| {
                allow(&caller, Action::Read)?;
                let release = find(workspace, &name)?;
                read(releases::open(workspace, &release)?, release.body.is_package())
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    respond(found, &headers)
}

async fn of_run(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        let run = run::get(workspace, &id)?;
        let found = workspace.read(|connection| lineage::find(connection, workspace.org_key(), &run.id))?;
        found.map_or(Ok(Value::Null), |release| to_json(workspace, &release))
    })
    .await
}

/// Records that a model run was trained on the release with the name in the body.
async fn link(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, caller| {
        refuse_others(&given, &["name"])?;
        let name = text(&given, "name")?;
        lineage::link(workspace, &id, name, &caller.user.email)?;
        to_json(workspace, &find(workspace, name)?)
    })
    .await
}

async fn unlink(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::NO_CONTENT, move |workspace, _| {
        lineage::unlink(workspace, &id).map(|()| Value::Null)
    })
    .await
}

fn find(workspace: &Workspace, name: &str) -> Result<Item<Release>, Problem> {
    workspace.read(|connection| releases::get(connection, workspace.org_key(), name))
}

fn to_json(workspace: &Workspace, release: &Item<Release>) -> Result<Value, Problem> {
    let runs = workspace.read(|connection| lineage::list_runs(connection, workspace.org_key(), &release.id))?;
    let runs: Vec<Value> = runs.iter().map(|run| json!({ "id": run.id, "name": run.name })).collect();
    let Release { task_id, description, format, request, rows, bytes, sha256, change_seq, watermark, version } =
        &release.body;
    let request: Value = serde_json::from_str(request).map_err(Problem::internal)?;
    Ok(json!({
        "id": release.id,
        "name": release.name,
        "description": description,
        "format": format,
        "request": request,
        "rows": rows,
        "bytes": bytes,
        "sha256": sha256,
        "changeSeq": change_seq,
        "watermark": watermark,
        "version": version,
        "taskId": task_id,
        "modelRuns": runs,
        "createdBy": Some(&release.created_by).filter(|email| !email.is_empty()),
        "createdAt": time(release.created),
    }))
}
