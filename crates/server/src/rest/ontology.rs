//! Ontologies.

use super::{Routes, answered, find_text};
use crate::answer;
use crate::app::App;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, patch, post};
use labelport_engine::projects::ontology::{self, features};
use labelport_engine::workspace::access::Action;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

/// The most ids of a page.
const PAGE: usize = 100;

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = routes.route("/api/v1/ontologies/unused", get(list_unused));
    routes
        .route("/api/v1/ontologies/{id}", get(nodes).delete(remove))
        .route("/api/v1/ontologies/{id}/feature-schemas/{feature}", post(insert).delete(take_out))
        .route("/api/v1/ontologies/{id}/feature-schemas/{feature}/unarchive", patch(unarchive))
}

async fn remove(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::NO_CONTENT, move |workspace, _| {
        ontology::delete(workspace, &id).map(|()| json!(null))
    })
    .await
}

async fn nodes(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        let found = ontology::get(workspace, &id)?;
        let normalized = ontology::normalized(&found);
        let list = |key: &str| -> Value {
            let nodes = normalized[key].as_array().into_iter().flatten();
            nodes
                .map(|node| json!({ "featureSchemaId": node["featureSchemaId"], "archived": features::is_archived(node) }))
                .collect()
        };
        Ok(json!({ "featureSchemaNodes": {
            "tools": list("tools"),
            "classifications": list("classifications"),
            "relationships": list("relationships"),
        } }))
    })
    .await
}

async fn insert(
    State(app): State<App>,
    Path((id, feature)): Path<(String, String)>,
    request: Request,
) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::CREATED, move |workspace, _| {
        let wrong = || Problem::malformed("position has to be a whole number, counted from 0");
        let position = given["position"].as_i64().ok_or_else(wrong)?;
        features::insert(workspace, &id, &feature, position).map(|()| json!({ "position": position }))
    })
    .await
}

async fn take_out(
    State(app): State<App>,
    Path((id, feature)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        let removal = features::remove(workspace, &id, &feature)?;
        Ok(json!({ "archived": removal.archived, "deleted": removal.deleted }))
    })
    .await
}

async fn unarchive(
    State(app): State<App>,
    Path((id, feature)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        features::unarchive(workspace, &id, &feature).map(|()| json!({ "unarchived": true }))
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
        ontology::list_unused(workspace, after, PAGE).map(|ids| json!(ids))
    })
    .await
}
