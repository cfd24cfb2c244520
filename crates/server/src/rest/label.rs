//! Frames of a video label, where a legacy export says that they are. The SDK fetches them with its key.

use crate::answer;
use crate::deliver::{NDJSON, respond, text_content};
use crate::door::Door;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Response};
use axum::routing::get;
use labelport_engine::access::{Action, allow};
use labelport_engine::legacy_export;

pub(super) fn routes(router: Router<Door>) -> Router<Door> {
    router.route("/api/v1/labels/{id}/frames", get(frames))
}

async fn frames(State(door): State<Door>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    let caller = match door.identify(&headers).await {
        Ok(caller) => caller,
        Err(problem) => return answer::failure(&problem),
    };
    let found = door.call(move |workspace| {
        allow(&caller, Action::Read)?;
        let frames = legacy_export::video_frames(workspace, &id)?;
        Ok(text_content(String::from_utf8_lossy(&frames).into_owned(), NDJSON))
    });
    respond(found.await, &headers)
}
