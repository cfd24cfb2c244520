//! Exports: started as tasks, and their results, whole, at the addresses that the SDK makes of ids.
//!
//! The SDK hands these addresses to people who open them without a key. A task's id is 124 random bits and is known to
//! the client that asked for the task, so the id gives access; a key that is sent has to be valid.

use super::{answered, task};
use crate::answer;
use crate::app::{App, key_of};
use crate::deliver::{Content, manifest_content, respond, result_content};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use labelport_engine::export::job;
use labelport_engine::storage::results::Stream;
use labelport_engine::tasks;
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::access::{Action, allow};
use labelport_model::problem::Problem;
use labelport_model::request::ExportRequest;

pub(super) fn routes(router: Router<App>) -> Router<App> {
    let router = router.route("/api/v1/exports", post(start));
    let router = router.route("/api/v1/export-results/{task}/{organization}", get(results));
    let router = router.route("/api/v1/export-results/{task}/{organization}/manifest", get(manifest));
    router.route("/api/v1/export-errors/{task}/{organization}", get(errors))
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
