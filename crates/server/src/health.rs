//! What operators ask a server: is it alive, is it ready, what does it count.

use crate::answer;
use crate::app::App;
use crate::metrics::CONTENT_TYPE;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use serde_json::json;

/// Answers as long as the process serves.
pub(crate) async fn health() -> Response<Body> {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Answers whether requests can be served: the database is there and can be written.
pub(crate) async fn ready(State(app): State<App>) -> Response<Body> {
    let outcome = app.call(|workspace| workspace.check_ready());
    match outcome.await {
        Ok(_) => answer::json(StatusCode::OK, &json!({ "status": "ready" })),
        Err(problem) => answer::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "message": problem.message })),
    }
}

/// Answers with all metrics.
pub(crate) async fn metrics(State(app): State<App>) -> Response<Body> {
    let metrics = app.metrics.clone();
    match app.call(move |workspace| metrics.print(workspace)).await {
        Ok(text) => answer::with_type(StatusCode::OK, CONTENT_TYPE, text.into()),
        Err(problem) => answer::failure(&problem),
    }
}
