//! REST, below `/api/v1` and at the odd address of embeddings. Each resource is a file.
//!
//! # Adding a resource
//! One file next to this one with a `routes`, one line in [`RESOURCES`], and its calls in `docs/openapi.json`.

mod asset;
mod embedding;
mod export;
mod feature_schema;
mod issue;
mod label;
mod mask;
mod ontology;
mod openapi;
mod release;
mod schedule;
mod slice;
mod task;
mod webhook;

pub(crate) use issue::issue_url;

use crate::absent::{self, ABSENT};
use crate::answer;
use crate::app::App;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::{MethodRouter, any};
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::access::{Action, Caller, allow};
use labelport_model::given;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::quote::Quoted;
use serde_json::{Value, json};

/// The routes of every resource, by name.
static RESOURCES: &[fn(Routes) -> Routes] = &[
    asset::routes,
    embedding::routes,
    export::routes,
    feature_schema::routes,
    issue::routes,
    label::routes,
    mask::routes,
    ontology::routes,
    openapi::routes,
    release::routes,
    schedule::routes,
    slice::routes,
    task::routes,
    webhook::routes,
];

/// Routes, and the list of their paths, which a router does not give.
struct Routes {
    router: Router<App>,
    paths: Vec<&'static str>,
}

impl Routes {
    /// Adds the routes of every resource to those of a router.
    fn of(router: Router<App>) -> Self {
        RESOURCES.iter().fold(Self { router, paths: Vec::new() }, |routes, add| add(routes))
    }

    /// Adds a path with its methods.
    fn route(mut self, path: &'static str, methods: MethodRouter<App>) -> Self {
        self.paths.push(path);
        Self { router: self.router.route(path, methods), ..self }
    }
}

/// Adds the routes of every resource.
pub(crate) fn routes(router: Router<App>) -> Router<App> {
    let router = Routes::of(router).router;
    let router = ABSENT.iter().fold(router, |router, absent| {
        let add = |router: Router<App>, path: &&'static str| {
            let refuse = move |State(app): State<App>, headers: HeaderMap| async move {
                answered(&app, &headers, Action::Read, StatusCode::OK, |_, _| Err(absent::problem(absent))).await
            };
            router.route(path, any(refuse))
        };
        absent.paths.iter().fold(router, add)
    });
    let router = router.method_not_allowed_fallback(|| async {
        let message = "this address does not take this method; the header allow names those it takes";
        answer::json(StatusCode::METHOD_NOT_ALLOWED, &json!({ "message": message }))
    });
    router.fallback(|| async {
        answer::failure(&Problem::new(ProblemKind::NotFound, "there is nothing at this address; see docs/server.md"))
    })
}

/// Runs a call for a caller who may do what it does, and answers with its value.
async fn answered(
    app: &App,
    headers: &HeaderMap,
    action: Action,
    status: StatusCode,
    work: impl FnOnce(&Workspace, &Caller) -> Result<Value, Problem> + Send + 'static,
) -> Response<Body> {
    let outcome = match app.identify(headers).await {
        Ok(caller) => {
            app.call(move |workspace| {
                allow(&caller, action)?;
                work(workspace, &caller)
            })
            .await
        }
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(_) if status == StatusCode::NO_CONTENT => answer::empty(status),
        Ok(value) => answer::json(status, &value),
        Err(problem) => answer::failure(&problem),
    }
}

/// Fails for a body with a key that a call does not know: it would be made without what the key says.
fn refuse_others(body: &Value, known: &[&str]) -> Result<(), Problem> {
    let Some(given) = body.as_object() else { return Err(given::wrong("the body", "an object", body)) };
    match given.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let message = format!("there is no key {}; the keys are {}", Quoted::new(key), known.join(", "));
            Err(Problem::malformed(message))
        }
    }
}

/// Finds a text of a body.
fn find_text<'a>(body: &'a Value, key: &str) -> Result<Option<&'a str>, Problem> {
    given::find_text(key, &body[key])
}

/// Returns a text of a body.
fn text<'a>(body: &'a Value, key: &str) -> Result<&'a str, Problem> {
    given::text(key, &body[key])
}
