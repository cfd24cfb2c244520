//! Metrics in the text format of Prometheus. Labels are routes and words of ours, never names, ids or addresses.

use axum::http::StatusCode;
use labelport_engine::outbound;
use labelport_engine::tasks;
use labelport_engine::workspace::Workspace;
use labelport_model::problem::Problem;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use std::sync::atomic::Ordering;

/// The content type of the text format.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The labels of a metric, in order.
type Labels = Vec<(&'static str, String)>;

/// What is counted while the server runs.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter>,
    rejected: Family<Labels, Counter>,
    sent_bytes: Counter,
    /// Connections that are open now.
    pub(crate) connections: Gauge,
    tasks: Family<Labels, Gauge>,
    queue: Gauge,
    database_bytes: Gauge,
    exported_rows: Counter,
    exported_bytes: Counter,
    refused_fetches: Counter,
}

/// Why a request or a connection was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejection {
    Connections,
    ConnectionsPerAddress,
    SlowBody,
    Upload,
    ExportQueue,
}

impl Rejection {
    fn word(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::ConnectionsPerAddress => "connections_per_address",
            Self::SlowBody => "slow_body",
            Self::Upload => "upload",
            Self::ExportQueue => "export_queue",
        }
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("labelport"),
            requests: Family::default(),
            rejected: Family::default(),
            sent_bytes: Counter::default(),
            connections: Gauge::default(),
            tasks: Family::default(),
            queue: Gauge::default(),
            database_bytes: Gauge::default(),
            exported_rows: Counter::default(),
            exported_bytes: Counter::default(),
            refused_fetches: Counter::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("http_requests", "Requests by method, route and status", self.requests.clone());
        registry.register("http_rejected", "Requests and connections over a limit", self.rejected.clone());
        registry.register_with_unit("http_sent", "Sent in answers", Unit::Bytes, self.sent_bytes.clone());
        registry.register("http_connections", "Open connections", self.connections.clone());
        registry.register("tasks", "Tasks by status", self.tasks.clone());
        registry.register("tasks_waiting", "Tasks that wait for a worker", self.queue.clone());
        registry.register_with_unit("database_size", "Size of the database", Unit::Bytes, self.database_bytes.clone());
        registry.register("exported_rows", "Rows of finished exports", self.exported_rows.clone());
        registry.register("exported_bytes", "Bytes of finished exports", self.exported_bytes.clone());
        registry.register("fetches_refused", "Fetches of private addresses", self.refused_fetches.clone());
        self
    }

    /// Counts a request. A method of a client's own invention counts as `other`.
    pub(crate) fn count_request(&self, method: &str, route: &str, status: StatusCode) {
        let known = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
        let method = known.into_iter().find(|known| *known == method).unwrap_or("other");
        let labels =
            vec![("method", method.to_owned()), ("route", route.to_owned()), ("status", status.as_u16().to_string())];
        self.requests.get_or_create(&labels).inc();
    }

    /// Counts bytes of answers.
    pub(crate) fn count_sent(&self, bytes: u64) {
        self.sent_bytes.inc_by(bytes);
    }

    /// Counts and logs what was rejected.
    pub(crate) fn reject(&self, why: Rejection) {
        self.rejected.get_or_create(&vec![("reason", why.word().to_owned())]).inc();
        tracing::warn!(reason = why.word(), "rejected over a limit");
    }

    /// Prints all metrics, with what the workspace has counted.
    pub(crate) fn print(&self, workspace: &Workspace) -> Result<String, Problem> {
        let counts = tasks::count(workspace)?;
        for (status, count) in counts.by_status {
            let labels = vec![("status", status.wire_name().to_ascii_lowercase())];
            self.tasks.get_or_create(&labels).set(count);
        }
        self.queue.set(counts.waiting);
        self.database_bytes.set(workspace.database_bytes()?);
        let counters = workspace.counters();
        catch_up(&self.exported_rows, counters.exported_rows.load(Ordering::Relaxed));
        catch_up(&self.exported_bytes, counters.exported_bytes.load(Ordering::Relaxed));
        catch_up(&self.refused_fetches, outbound::refused_count());
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(Problem::internal)?;
        Ok(text)
    }
}

/// Raises a counter to what the engine has counted. Two scrapes at once raise it once.
fn catch_up(counter: &Counter, counted: u64) {
    counter.inner().fetch_max(counted, Ordering::Relaxed);
}
