//! Masks, in both forms: one picture of a label's instances, and one of a single instance.
//!
//! A URL of an export is signed. Code that was written for the vendor fetches the same path with its key instead.

use super::Routes;
use crate::answer;
use crate::app::{App, key_of};
use crate::deliver::{Pairs, Signature, mask_content, respond};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response, Uri};
use axum::routing::get;
use labelport_engine::workspace::access::{Action, allow};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .route("/api/v1/tasks/{task}/masks/{mask}/index/{index}", get(one))
        .route("/api/v1/projects/{project}/annotations/{feature}/index/{index}/mask", get(one))
        .route("/api/v1/model-runs/{run}/annotations/{feature}/index/{index}/mask", get(one))
}

async fn one(State(app): State<App>, uri: Uri, Query(pairs): Pairs, headers: HeaderMap) -> Response<Body> {
    let path = uri.path().to_owned();
    if key_of(&headers).is_some() {
        let caller = app.identify(&headers).await;
        if let Err(problem) = caller.and_then(|caller| allow(&caller, Action::Read)) {
            return answer::failure(&problem);
        }
        return respond(app.call(move |workspace| mask_content(workspace, &path)).await, &headers);
    }
    let signature = Signature::of(pairs);
    let found = app.call(move |workspace| {
        signature.check(workspace, &path)?;
        mask_content(workspace, &path)
    });
    respond(found.await, &headers)
}
