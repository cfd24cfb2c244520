//! Slices, which no call of the SDK creates.

use super::{answered, find_text, text};
use crate::answer;
use crate::door::Door;
use crate::graphql::slice_told as told;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::get;
use labelport_engine::catalog::slice;
use labelport_engine::workspace::access::Action;

pub(super) fn routes(router: Router<Door>) -> Router<Door> {
    router.route("/api/v1/slices", get(list).post(create)).route("/api/v1/slices/{id}", get(one))
}

async fn create(State(door): State<Door>, request: Request) -> Response<Body> {
    let (headers, given) = match door.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&door, &headers, Action::Write, StatusCode::CREATED, move |workspace, caller| {
        let filter = if given["filter"].is_null() { "[]".to_owned() } else { given["filter"].to_string() };
        let description = find_text(&given, "description")?;
        slice::create(workspace, caller, text(&given, "name")?, description, &filter).map(told)
    })
    .await
}

async fn list(State(door): State<Door>, headers: HeaderMap) -> Response<Body> {
    answered(&door, &headers, Action::Read, StatusCode::OK, |workspace, _| {
        Ok(slice::list(workspace)?.into_iter().map(told).collect())
    })
    .await
}

async fn one(State(door): State<Door>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&door, &headers, Action::Read, StatusCode::OK, move |workspace, _| slice::get(workspace, &id).map(told))
        .await
}
