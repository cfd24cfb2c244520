//! What every request needs: the workspace, and who is asking.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use labelport_engine::access::Caller;
use labelport_engine::workspace::Workspace;
use labelport_model::problem::Problem;
use std::sync::Arc;

/// What is shared by all requests.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) workspace: Arc<Workspace>,
    /// Is told what lies behind failures of our own.
    pub(crate) log: Arc<dyn Fn(&Problem) + Send + Sync>,
}

impl Door {
    /// Runs a call of the engine where it may block.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Workspace) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let workspace = Arc::clone(&self.workspace);
        let outcome = tokio::task::spawn_blocking(move || work(&workspace)).await;
        let outcome = outcome.unwrap_or_else(|error| Err(Problem::internal(error)));
        if let Err(problem) = &outcome {
            self.note(problem);
        }
        outcome
    }

    /// Tells the log of a failure of our own.
    pub(crate) fn note(&self, problem: &Problem) {
        if problem.cause.is_some() {
            (self.log)(problem);
        }
    }

    /// Finds out who is asking.
    pub(crate) async fn identify(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let key = key_of(headers);
        self.call(move |workspace| workspace.identify(key.as_deref())).await
    }
}

/// Returns the API key of a request, if it has one.
pub(crate) fn key_of(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let key = value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")).unwrap_or(value);
    Some(key.trim().to_owned())
}
