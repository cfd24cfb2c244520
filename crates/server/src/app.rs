//! What every request needs: the workspace, and who is asking.

use crate::limits::Limits;
use crate::metrics::{Metrics, Rejection};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::access::Caller;
use labelport_model::problem::{Problem, ProblemKind};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The most bytes of a request of JSON.
const BODY_LIMIT_BYTES: usize = 32 << 20;
/// From here on a body waits for its turn: as values it takes up to a hundred times its bytes.
const LARGE_BODY_BYTES: usize = 1 << 20;
/// How many large bodies are values at once.
const LARGE_BODIES: usize = 2;

/// What is shared by all requests.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) workspace: Arc<Workspace>,
    /// Gets the causes of internal failures.
    pub(crate) log: Arc<dyn Fn(&Problem) + Send + Sync>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) limits: Limits,
    large_bodies: Arc<Semaphore>,
}

impl App {
    pub(crate) fn new(workspace: Arc<Workspace>, log: Arc<dyn Fn(&Problem) + Send + Sync>, limits: Limits) -> Self {
        let metrics = Arc::new(Metrics::new());
        Self { workspace, log, metrics, limits, large_bodies: Arc::new(Semaphore::new(LARGE_BODIES)) }
    }

    /// Runs a call of the engine where it may block.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Workspace) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let workspace = Arc::clone(&self.workspace);
        let span = tracing::Span::current();
        let outcome = tokio::task::spawn_blocking(move || span.in_scope(|| work(&workspace))).await;
        let outcome = outcome.unwrap_or_else(|error| Err(Problem::internal(error)));
        if let Err(problem) = &outcome {
            self.note(problem);
        }
        outcome
    }

    /// Logs an internal failure.
    pub(crate) fn note(&self, problem: &Problem) {
        if problem.kind == ProblemKind::TooMany {
            self.metrics.reject(Rejection::ExportQueue);
        }
        if problem.cause.is_some() {
            (self.log)(problem);
        }
    }

    /// Reads a request of JSON; no body is null. Nothing is read for a client without access.
    pub(crate) async fn body(&self, request: Request) -> Result<(HeaderMap, Value), Problem> {
        self.identify(request.headers()).await?;
        self.body_of_known(request).await
    }

    /// Reads a request of JSON of a caller who was let in; no body is null.
    pub(crate) async fn body_of_known(&self, request: Request) -> Result<(HeaderMap, Value), Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read_whole(body).await?;
        let count = bytes.len();
        let parse = move || match bytes.is_empty() {
            true => Ok(Value::Null),
            false => serde_json::from_slice(&bytes)
                .map_err(|error| Problem::malformed(format!("the request is not JSON: {error}"))),
        };
        if count < LARGE_BODY_BYTES {
            return Ok((parts.headers, parse()?));
        }
        let turn = self.large_bodies.acquire().await.map_err(Problem::internal)?;
        let value = self.call(move |_| parse()).await?;
        drop(turn);
        Ok((parts.headers, value))
    }

    /// Reads the bytes of a request. Nothing is read for a client without access.
    pub(crate) async fn bytes(&self, request: Request) -> Result<(HeaderMap, Vec<u8>), Problem> {
        self.identify(request.headers()).await?;
        let (parts, body) = request.into_parts();
        Ok((parts.headers, read_whole(body).await?.into()))
    }

    /// Finds out who is asking.
    pub(crate) async fn identify(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let key = key_of(headers);
        self.call(move |workspace| workspace.identify(key.as_deref())).await
    }
}

async fn read_whole(body: Body) -> Result<Bytes, Problem> {
    let too_large = |_| Problem::new(ProblemKind::TooLarge, "the request has more than 32 MiB; send less at once");
    to_bytes(body, BODY_LIMIT_BYTES).await.map_err(too_large)
}

/// Returns the API key of a request, if it has one.
pub(crate) fn key_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let key = value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")).unwrap_or(value);
    Some(key.trim().to_owned())
}
