//! Feature schemas: tools and classifications by themselves.

use super::{Routes, answered, find_text, text};
use crate::answer;
use crate::app::App;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{delete, get, patch};
use labelport_engine::projects::ontology;
use labelport_engine::workspace::access::Action;
use serde_json::json;

/// The id that the SDK sends for a schema that is new.
const NEW_ID: &str = "new_feature_schema_id";
/// The most ids of a page.
const PAGE: usize = 100;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .route("/api/v1/feature-schemas/unused", get(list_unused))
        .route("/api/v1/feature-schemas/{id}", delete(remove).put(put))
        .route("/api/v1/feature-schemas/{id}/definition", patch(rename))
}

async fn remove(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::NO_CONTENT, move |workspace, _| {
        ontology::delete_node(workspace, &id).map(|()| json!(null))
    })
    .await
}

async fn put(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        let id = (id != NEW_ID).then_some(id.as_str());
        let node = ontology::put_node(workspace, id, text(&given, "normalized")?)?;
        Ok(json!({ "schemaId": node.id }))
    })
    .await
}

async fn rename(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        ontology::rename_node(workspace, &id, text(&given, "title")?).map(|()| json!({ "schemaId": id }))
    })
    .await
}

async fn list_unused(State(app): State<App>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        let after = find_text(&given, "after")?.unwrap_or_default();
        ontology::list_unused_nodes(workspace, after, PAGE).map(|ids| json!(ids))
    })
    .await
}
