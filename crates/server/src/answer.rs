//! Answers: JSON, and the failure of a REST call.

use crate::problem;
use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use labelport_model::problem::{Problem, ProblemKind};
use serde_json::{Value, json};

/// When it is worth asking again for what is not ready. The SDK looks every two seconds.
const RETRY_AFTER_SECS: &str = "2";

/// Makes an answer of JSON.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    with_type(status, "application/json; charset=utf-8", value.to_string().into())
}

/// Makes an answer of a content type.
pub(crate) fn with_type(status: StatusCode, content_type: &str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Ok(value) = content_type.parse() {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// Makes an answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Makes the answer of a REST call that failed.
pub(crate) fn failure(problem: &Problem) -> Response<Body> {
    let mut response = json(problem::status(problem.kind), &json!({ "message": problem.message }));
    if matches!(problem.kind, ProblemKind::NotReady | ProblemKind::TooMany) {
        response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(RETRY_AFTER_SECS));
    }
    response
}
