//! Slices, which no call of the SDK creates.

use super::{Routes, answered, find_text, text};
use crate::answer;
use crate::app::App;
use crate::nodes;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::get;
use labelport_engine::catalog::slice;
use labelport_engine::workspace::access::Action;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.route("/api/v1/slices", get(list).post(create)).route("/api/v1/slices/{id}", get(one))
}

async fn create(State(app): State<App>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::CREATED, move |workspace, caller| {
        let filter = if given["filter"].is_null() { "[]".to_owned() } else { given["filter"].to_string() };
        let description = find_text(&given, "description")?;
        slice::create(workspace, caller, text(&given, "name")?, description, &filter).map(nodes::slice)
    })
    .await
}

async fn list(State(app): State<App>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, |workspace, _| {
        Ok(slice::list(workspace)?.into_iter().map(nodes::slice).collect())
    })
    .await
}

async fn one(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        slice::get(workspace, &id).map(nodes::slice)
    })
    .await
}
