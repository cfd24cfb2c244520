//! Issues of a project: raised, commented on, settled, and exported at the URL that the SDK asks for.

use super::{Routes, answered, find_text, text};
use crate::answer;
use crate::app::App;
use crate::deliver::{Pairs, Signature, respond, text_content};
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, post};
use labelport_engine::export::job;
use labelport_engine::projects::issue::{self, Creation, IssueStatus, wire_status};
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::access::Action;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .route("/api/v1/projects/{project}/issues", get(export).post(create))
        .route("/api/v1/issues/{id}/comments", post(comment))
        .route("/api/v1/issues/{id}/resolve", post(resolve))
}

/// Returns the URL of the issues of a project, all or those with a status. The SDK looks for the status in it.
pub(crate) fn issue_url(workspace: &Workspace, project_id: &str, status: Option<&str>) -> Result<String, Problem> {
    let status = status.map(issue::read_status).transpose()?;
    let until = workspace.now().plus_millis(job::KEPT_MS);
    // What is signed is the path and the status; the URL has them in the order that the SDK expects.
    let signed = workspace.signer().url(&signed_path(project_id, status), Some(until));
    let query = signed.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let (public, path) = (workspace.public_url(), path(project_id));
    Ok(match status {
        Some(status) => format!("{public}{path}?status={}&{query}", wire_status(status)),
        None => format!("{public}{path}?{query}"),
    })
}

fn path(project_id: &str) -> String {
    format!("/api/v1/projects/{project_id}/issues")
}

fn signed_path(project_id: &str, status: Option<IssueStatus>) -> String {
    format!("{}/{}", path(project_id), status.map_or("All", wire_status))
}

async fn export(
    State(app): State<App>,
    Path(project): Path<String>,
    Query(pairs): Pairs,
    headers: HeaderMap,
) -> Response<Body> {
    let status = pairs.iter().find(|(key, _)| key == "status").map(|(_, value)| value.clone());
    let signature = Signature::of(pairs);
    let found = app.call(move |workspace| {
        let status = status.as_deref().map(issue::read_status).transpose()?;
        signature.check(workspace, &signed_path(&project, status))?;
        let text = issue::export(workspace, &project, status)?;
        Ok(text_content(text, "application/json; charset=utf-8"))
    });
    respond(found.await, &headers)
}

async fn create(State(app): State<App>, Path(project): Path<String>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::CREATED, move |workspace, caller| {
        let creation = Creation {
            project_id: &project,
            row_id: text(&given, "dataRowId")?,
            label_id: find_text(&given, "labelId")?,
            content: text(&given, "content")?,
            category_id: None,
            position: &Value::Null,
        };
        let id = issue::create(workspace, caller, &creation)?;
        Ok(json!({ "id": id }))
    })
    .await
}

async fn comment(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::CREATED, move |workspace, caller| {
        let id = issue::comment(workspace, caller, &id, text(&given, "content")?)?;
        Ok(json!({ "id": id }))
    })
    .await
}

async fn resolve(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, caller| {
        issue::resolve(workspace, caller, &id, IssueStatus::Resolved).map(|()| json!({ "id": id }))
    })
    .await
}
