//! Embeddings, where versions before 7 of the SDK look for them: at the host, below `/adv/adv/v1`.

use super::{Routes, answered, text};
use crate::answer;
use crate::app::App;
use crate::nodes;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{get, put};
use labelport_engine::catalog::embedding;
use labelport_engine::workspace::access::Action;
use labelport_model::given::wrong;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = routes.route("/adv/adv/v1/embeddings", get(list).post(create));
    routes
        .route("/adv/adv/v1/embeddings/{id}", get(one).delete(delete))
        .route("/adv/adv/v1/embeddings/{id}/_import_ndjson", put(import))
        .route("/adv/adv/v1/embeddings/{id}/vectors/_count", get(count))
}

async fn import(State(app): State<App>, Path(id): Path<String>, request: Request) -> Response<Body> {
    let (headers, lines) = match app.bytes(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    let promised = headers.get("x-content-lines").and_then(|lines| lines.to_str().ok()?.parse::<usize>().ok());
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        let found = lines.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()).count();
        if let Some(promised) = promised.filter(|promised| *promised > found) {
            let message = format!("X-Content-Lines says {promised} lines, and {found} came; send them again");
            return Err(Problem::malformed(message));
        }
        embedding::import_vectors(workspace, &id, &lines).map(|count| json!({ "count": count }))
    })
    .await
}

async fn count(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        embedding::count_vectors(workspace, &id).map(|count| json!({ "count": count }))
    })
    .await
}

async fn create(State(app): State<App>, request: Request) -> Response<Body> {
    let (headers, given) = match app.body(request).await {
        Ok(read) => read,
        Err(problem) => return answer::failure(&problem),
    };
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        let wrong = || wrong("dims", "the number of dimensions", &given["dims"]);
        let dimensions = given["dims"].as_i64().ok_or_else(wrong)?;
        embedding::create(workspace, text(&given, "name")?, dimensions).map(nodes::embedding)
    })
    .await
}

async fn list(State(app): State<App>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, |workspace, _| {
        let found: Vec<Value> = embedding::list(workspace)?.into_iter().map(nodes::embedding).collect();
        Ok(json!({ "results": found }))
    })
    .await
}

async fn one(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Read, StatusCode::OK, move |workspace, _| {
        embedding::get(workspace, &id).map(nodes::embedding)
    })
    .await
}

async fn delete(State(app): State<App>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    answered(&app, &headers, Action::Write, StatusCode::OK, move |workspace, _| {
        embedding::delete(workspace, &id).map(|()| json!({ "id": id }))
    })
    .await
}
