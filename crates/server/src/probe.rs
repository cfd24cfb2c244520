//! Whether the process lives and can do its work, for those who start and stop it.

use crate::answer;
use crate::door::Door;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use labelport_store::tables::settings;
use serde_json::json;

/// Answers as long as the process serves.
pub(crate) async fn health() -> Response<Body> {
    answer::json(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Answers whether requests can be served: the database is there and can be written.
pub(crate) async fn ready(State(door): State<Door>) -> Response<Body> {
    let outcome = door.call(|workspace| {
        let time_zone = workspace.store().time_zone()?;
        // A transaction that could write, and does not.
        workspace.store().write(|connection| settings::find(connection, settings::PUBLIC_URL))?;
        Ok(time_zone)
    });
    match outcome.await {
        Ok(_) => answer::json(StatusCode::OK, &json!({ "status": "ready" })),
        Err(problem) => answer::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "message": problem.message })),
    }
}
