//! The server process: sockets, routes, workers, and how it ends.

use crate::app::App;
use crate::limits::Limits;
use crate::{connections, deliver, graphql, health, observe, rest};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use labelport_engine::registry::ROSTER;
use labelport_engine::tasks::Runner;
use labelport_engine::workspace::Workspace;
use labelport_model::problem::Problem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What to serve, and how.
pub struct Serving {
    /// The workspace.
    pub workspace: Arc<Workspace>,
    /// The socket to listen on, bound by the caller, so that its port is known before URLs are made.
    pub listener: std::net::TcpListener,
    /// A name for the workers of this process that no other process has.
    pub owner: String,
    /// How many tasks run at once.
    pub workers: usize,
    /// What clients may use.
    pub limits: Limits,
    /// Gets the causes of internal failures.
    pub log: Arc<dyn Fn(&Problem) + Send + Sync>,
    /// Gets the address when requests are accepted.
    pub ready: Box<dyn FnOnce(SocketAddr) + Send>,
}

/// Why the server could not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket or the threads cannot be had.
    #[error("the server cannot run: {0}")]
    Io(#[from] std::io::Error),
}

/// How long requests that run at the end may take to finish.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// Serves until the process gets a signal to stop; then running work is handed over. After a second signal it ends at once.
pub fn serve(serving: Serving) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let Serving { workspace, listener, owner, workers, limits, log, ready } = serving;
    let runner = Runner::start(&workspace, owner, workers, ROSTER, Arc::clone(&log));
    let outcome = runtime.block_on(async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        ready(listener.local_addr()?);
        let listener = listener.tap_io(|stream| {
            // An answer is written in pieces. Held back until the reader acknowledges the piece before, each would wait
            // for some 40 ms. A socket that refuses is slower and works.
            drop(stream.set_nodelay(true));
        });
        let app = App::new(Arc::clone(&workspace), log, limits);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let metrics = Arc::clone(&app.metrics);
        let serving = connections::Serving { router: router(app), head_time: connections::HEAD_TIME, limits, metrics };
        let server = connections::serve(listener, serving, async {
            stop_signal().await;
            // Only this function waits for it.
            stop.send(()).unwrap_or_default();
        });
        // Requests that do not end, such as a download to a reader who sleeps, do not hold the process.
        let at_last = async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::select! {
                () = tokio::time::sleep(LAST_REQUESTS) => {}
                () = stop_signal() => {}
            }
        };
        tokio::select! {
            () = server => {}
            () = at_last => {}
        }
        Ok(())
    });
    runner.stop();
    runtime.shutdown_background();
    outcome
}

/// Works on tasks, and serves nobody, until the process gets a signal to stop; then running work is handed over.
pub fn work(
    workspace: &Arc<Workspace>,
    owner: String,
    workers: usize,
    log: Arc<dyn Fn(&Problem) + Send + Sync>,
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let runner = Runner::start(workspace, owner, workers, ROSTER, log);
    runtime.block_on(stop_signal());
    runner.stop();
    Ok(())
}

/// Returns the routes of a server.
pub(crate) fn router(app: App) -> Router {
    let graphql = post(graphql::handle).layer(DefaultBodyLimit::disable());
    let router = Router::new()
        .route("/graphql", graphql.clone())
        .route("/_gql", graphql)
        .route("/files/{id}/{name}", get(deliver::file))
        .route("/results/{task}/{stream}/{number}", get(deliver::stream_file))
        .route("/results/{task}/{name}", get(deliver::whole))
        .route("/healthz", get(health::health))
        .route("/metrics", get(health::metrics))
        .route("/readyz", get(health::ready));
    let watched = middleware::from_fn_with_state(app.clone(), observe::observe);
    rest::routes(router).layer(watched).with_state(app)
}

/// Waits for the signal to stop.
async fn stop_signal() {
    let interrupted = tokio::signal::ctrl_c();
    tokio::select! {
        _ = interrupted => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}
