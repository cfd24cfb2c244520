//! The one map from problems to what the wire says of them.

use axum::http::StatusCode;
use labelport_model::problem::{Problem, ProblemKind};
use serde_json::{Value, json};

/// Returns the code that the SDK chooses its exception by.
pub(crate) fn code(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Unauthenticated => "AUTHENTICATION_ERROR",
        ProblemKind::Forbidden => "AUTHORIZATION_ERROR",
        ProblemKind::NotFound => "RESOURCE_NOT_FOUND",
        ProblemKind::Conflict => "RESOURCE_CONFLICT",
        ProblemKind::Malformed | ProblemKind::TooLarge | ProblemKind::TooMany | ProblemKind::TooSlow => {
            "MALFORMED_REQUEST"
        }
        ProblemKind::Syntax => "GRAPHQL_PARSE_FAILED",
        ProblemKind::Invalid => "GRAPHQL_VALIDATION_FAILED",
        ProblemKind::NotAllowed => "OPERATION_NOT_ALLOWED",
        ProblemKind::Gone | ProblemKind::NotReady | ProblemKind::Internal => "INTERNAL_SERVER_ERROR",
    }
}

/// Returns the status of REST. No mistake of a client is a 5xx, since the SDK tries those again for two minutes.
pub(crate) fn status(kind: ProblemKind) -> StatusCode {
    match kind {
        ProblemKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ProblemKind::Forbidden => StatusCode::FORBIDDEN,
        ProblemKind::NotFound => StatusCode::NOT_FOUND,
        ProblemKind::Conflict | ProblemKind::NotAllowed | ProblemKind::NotReady => StatusCode::CONFLICT,
        ProblemKind::Malformed | ProblemKind::Syntax | ProblemKind::Invalid => StatusCode::BAD_REQUEST,
        ProblemKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ProblemKind::TooSlow => StatusCode::REQUEST_TIMEOUT,
        ProblemKind::TooMany => StatusCode::TOO_MANY_REQUESTS,
        ProblemKind::Gone => StatusCode::GONE,
        ProblemKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Returns an error of a GraphQL answer. Some calls of the SDK read `errors` where others read `message`.
pub(crate) fn graphql_error(problem: &Problem, path: &[String]) -> Value {
    let mut extensions = json!({ "code": code(problem.kind) });
    if code(problem.kind) == "INTERNAL_SERVER_ERROR" {
        // What can be mended by asking otherwise is an invalid query to the SDK; 500 is an error that it does not retry.
        let status = if problem.kind == ProblemKind::Internal { 500 } else { 400 };
        extensions["exception"] = json!({ "status": status });
    }
    json!({ "message": problem.message, "errors": problem.message, "path": path, "extensions": extensions })
}
