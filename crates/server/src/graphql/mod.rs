//! GraphQL, as the official SDK speaks it.
//!
//! The grammar is a library's; the execution is ours, because of what the SDK sends: it declares variables with types
//! that contradict each other (`MediaType` as a string, `UInt64` as text, lists with and without `!`), leaves declared
//! variables out, and selects fields twice. A validating executor refuses such texts, and one that does not validate
//! drops unknown fields without a word. Here variables are JSON values, absent ones are absent, and a field that is not
//! known is an error with the sentence that clients test.
//!
//! A resolver is a function of the call, the parent and the arguments; values are JSON, and a parent carries whatever its
//! fields need. Resolvers call the engine and hold no rules. If anything fails the answer has no data: the SDK ignores
//! partial results.
//!
//! # Adding an operation
//! A field in the file of its resource in [`resource`], with the arguments that it reads: any other is refused. A resource
//! is one file there and one line in its table.

mod argument;
mod execute;
mod listing;
mod resource;
mod schema;
#[cfg(test)]
pub(crate) mod testing;
mod unread;

use crate::answer;
use crate::app::{App, key_of};
use crate::problem::graphql_error;
use crate::upload::{self, Taken, Uploads};
use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::access::{Action, Caller, allow};
use labelport_model::problem::{Problem, ProblemKind};
use serde_json::{Value, json};

/// Returns whether a type has a field.
#[cfg(test)]
pub(crate) fn has_field(of: &str, name: &str) -> bool {
    resource::SCHEMA.find(of, name).is_some()
}

/// One request on its way through resolvers.
pub(crate) struct Call<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) caller: &'a Caller,
    pub(crate) uploads: &'a Uploads,
}

/// Answers a request.
pub(crate) async fn handle(State(app): State<App>, request: Request) -> Response<Body> {
    let key = key_of(request.headers());
    let version = client_version(request.headers());
    let outcome = match read(&app, request).await {
        Ok((caller, taken)) => app.call(move |workspace| Ok(run(workspace, caller, key.as_deref(), taken))).await,
        Err(problem) => Err(problem),
    };
    let (value, problem) = match outcome {
        Ok(Ok(value)) => (value, None),
        Ok(Err(Failed { problem, path })) => {
            let problem = heard(problem, &path, version);
            (failure(&problem, &path), Some(problem))
        }
        Err(problem) => (failure(&problem, &[]), Some(problem)),
    };
    if let Some(problem) = problem {
        app.note(&problem);
    }
    answer::json(StatusCode::OK, &value)
}

/// Returns the first number of the version of the SDK that asks, as it names itself.
fn client_version(headers: &HeaderMap) -> Option<u32> {
    let agent = headers.get("x-user-agent")?.to_str().ok()?;
    agent.strip_prefix("python-sdk ")?.split('.').next()?.parse().ok()
}

/// Makes a problem one that the SDK reports. Where a call reads a field of the answer without asking whether there is one,
/// "not found" would end in a `TypeError` that says nothing.
fn heard(problem: Problem, path: &[String], version: Option<u32>) -> Problem {
    let reads_blindly = match path.first().map(String::as_str) {
        Some("rootSchemaNode") => true,
        Some("getSavedQuery") => version.is_some_and(|version| version < 7),
        _ => false,
    };
    match reads_blindly && problem.kind == ProblemKind::NotFound {
        true => Problem { kind: ProblemKind::Invalid, ..problem },
        false => problem,
    }
}

fn failure(problem: &Problem, path: &[String]) -> Value {
    let mut value = json!({ "data": null, "errors": [graphql_error(problem, path)] });
    if problem.kind == ProblemKind::TooMany {
        // The SDK makes an error of its own of this member.
        value["message"] = json!(problem.message);
    }
    value
}

/// Reads a request of either form. The caller is known, unless files came with it: those may take hours, in which a key may
/// be revoked.
async fn read(app: &App, request: Request) -> Result<(Option<Caller>, Taken), Problem> {
    let caller = app.identify(request.headers()).await?;
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|value| value.starts_with("multipart/form-data")) {
        // Nothing is written to disk for a client without access.
        allow(&caller, Action::Write)?;
        let multipart = Multipart::from_request(request, &()).await;
        let multipart = multipart.map_err(|error| Problem::malformed(error.body_text()))?;
        return Ok((None, upload::read(app, multipart).await?));
    }
    let (_, body) = app.body_of_known(request).await?;
    if !body["query"].is_string() {
        return Err(Problem::malformed("query is missing; send {\"query\": TEXT, \"variables\": {…}}"));
    }
    Ok((Some(caller), Taken { body, uploads: Uploads::default() }))
}

/// A failure, with the field in which it happened.
pub(crate) struct Failed {
    pub(crate) problem: Problem,
    pub(crate) path: Vec<String>,
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        Self { problem, path: Vec::new() }
    }
}

fn run(
    workspace: &Workspace,
    caller: Option<Caller>,
    key: Option<&str>,
    Taken { body, uploads }: Taken,
) -> Result<Value, Failed> {
    let caller = match caller {
        Some(caller) => caller,
        None => workspace.identify(key)?,
    };
    let text = body["query"].as_str().unwrap_or_default();
    let call = Call { workspace, caller: &caller, uploads: &uploads };
    execute::execute(&call, text, &body["variables"])
}
