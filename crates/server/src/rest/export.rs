//! Exports: started as tasks, with what came of them: state, result, manifest, losses.
//!
//! Results are also at the addresses that the SDK makes of ids. It hands these to people who open them without a key. A
//! task's id is 124 random bits and is known to the client that asked for the task, so the id gives access; a key that is
//! sent has to be valid.

use super::{Routes, answered, task};
use crate::answer;
use crate::app::{App, key_of};
use crate::deliver::{Content, changes_content, manifest_content, respond, result_content};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use labelport_engine::export::job;
use labelport_engine::storage::results::Stream;
use labelport_engine::tasks;
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::access::{Action, allow};
use labelport_model::json::Document;
use labelport_model::problem::Problem;
use labelport_model::request::ExportRequest;
use serde_json::{Value, json};

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = routes.route("/api/v1/exports", post(start));
    let routes = routes.route("/api/v1/exports/{id}", get(state));
    let routes = routes.route("/api/v1/exports/{id}/changes", get(changes_of));
    let routes = routes.route("/api/v1/exports/{id}/losses", get(losses));
    let routes = routes.route("/api/v1/exports/{id}/manifest", get(manifest_of));
    let routes = routes.route("/api/v1/exports/{id}/result", get(result_of));
    let routes = routes.route("/api/v1/export-results/{task}/{organization}", get(results));
    let routes = routes.route("/api/v1/export-results/{task}/{organization}/manifest", get(manifest));
    routes.route("/api/v1/export-errors/{task}/{organization}", get(errors))
}

/// Starts an export. The body is a request in its canonical form, in which everything but the scope may be left out.
async fn start(State(app): State<App>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Read, StatusCode::CREATED, move |workspace, caller| {
        let request = ExportRequest::from_json(&given.to_string());
        let request = request.map_err(|error| Problem::malformed(error.to_string()))?;
        let id = job::start(workspace, caller, "", &request)?;
        let task = tasks::find(workspace, id.as_str())?.ok_or_else(|| Problem::not_found("task", id.as_str()))?;
        Ok(task::to_json(workspace, &task))
    })
    .await
}

/// Answers with the task of an export.
async fn state(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        let found = tasks::find(workspace, &id)?.filter(|task| job::is_export(&task.kind));
        let task = found.ok_or_else(|| Problem::not_found("export", &id))?;
        Ok(task::to_json(workspace, &task))
    })
    .await
}

/// Answers with what became of the annotations of an export, by class, as its manifest has it.
async fn losses(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        let manifest = job::get_result(workspace, &id)?.manifest().map_err(Problem::internal)?;
        // A manifest may name a million files; only what is asked for becomes values.
        let manifest = Document::parse(manifest.as_bytes()).map_err(Problem::internal)?;
        let root = manifest.root();
        let losses = root.get("notices").and_then(|notices| notices.get("losses"));
        // A format that holds everything has no sums.
        let losses = losses.map_or(Ok(json!([])), |losses| serde_json::from_str(losses.raw()));
        let losses: Value = losses.map_err(Problem::internal)?;
        Ok(json!({ "format": root.get("format").and_then(|format| format.as_text()), "losses": losses }))
    })
    .await
}

async fn changes_of(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    part(&app, id, headers, changes_content).await
}

async fn manifest_of(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    part(&app, id, headers, manifest_content).await
}

async fn result_of(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    part(&app, id, headers, |workspace, task| result_content(workspace, task, Stream::Rows)).await
}

/// Answers a caller with a key with a part of what an export made.
async fn part(
    app: &App,
    id: String,
    headers: HeaderMap,
    find: fn(&Workspace, &str) -> Result<Content, Problem>,
) -> Response<Body> {
    let found = match app.identify(&headers).await {
        Ok(caller) => {
            app.call(move |workspace| {
                allow(&caller, Action::Read)?;
                find(workspace, &id)
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    respond(found, &headers)
}

async fn results(State(app): State<App>, Path(ids): Path<(String, String)>, headers: HeaderMap) -> Response<Body> {
    whole(&app, ids, headers, |workspace, task| result_content(workspace, task, Stream::Rows)).await
}

async fn manifest(State(app): State<App>, Path(ids): Path<(String, String)>, headers: HeaderMap) -> Response<Body> {
    whole(&app, ids, headers, manifest_content).await
}

async fn errors(State(app): State<App>, Path(ids): Path<(String, String)>, headers: HeaderMap) -> Response<Body> {
    whole(&app, ids, headers, |workspace, task| result_content(workspace, task, Stream::Errors)).await
}

async fn whole(
    app: &App,
    (task, organization): (String, String),
    headers: HeaderMap,
    find: fn(&Workspace, &str) -> Result<Content, Problem>,
) -> Response<Body> {
    if key_of(&headers).is_some() {
        let caller = app.identify(&headers).await;
        if let Err(problem) = caller.and_then(|caller| allow(&caller, Action::Read)) {
            return answer::failure(&problem);
        }
    }
    let found = app.call(move |workspace| {
        if workspace.organization()?.id != organization {
            return Err(Problem::not_found("organization", &organization));
        }
        find(workspace, &task)
    });
    respond(found.await, &headers)
}
