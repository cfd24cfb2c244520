//! Embeddings, where versions before 7 of the SDK look for them: at the host, below `/adv/adv/v1`.

use super::{answered, text};
use crate::answer;
use crate::app::App;
use crate::nodes;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::get;
use labelport_engine::catalog::embedding;
use labelport_engine::workspace::access::Action;
use labelport_model::given::wrong;
use serde_json::{Value, json};

pub(super) fn routes(router: Router<App>) -> Router<App> {
    let router = router.route("/adv/adv/v1/embeddings", get(list).post(create));
    router.route("/adv/adv/v1/embeddings/{id}", get(one).delete(delete))
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
