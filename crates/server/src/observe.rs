//! What every request passes: a time without progress for its body, one line in the log, and the metrics.
//!
//! The log has the route and never the path or the query: paths hold ids and names, queries hold signatures. Of the key
//! it has the last four characters, by which `labelport key list` distinguishes keys.

use crate::answer;
use crate::app::{App, key_of};
use crate::connections::ConnectionState;
use crate::metrics::{Metrics, Rejection};
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, header};
use axum::middleware::Next;
use labelport_model::problem::{Problem, ProblemKind};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The route of what matches none.
const NO_ROUTE: &str = "none";
/// The most bytes of a refusal of the framework.
const REFUSAL_BYTES: usize = 4_096;
/// Routes that programs ask for every few seconds.
const PROBES: [&str; 3] = ["/healthz", "/metrics", "/readyz"];

/// Runs a request, and logs and counts it once its answer is sent or given up.
pub(crate) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response<Body> {
    let started = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    let method = request.method().as_str().to_owned();
    let is_head = request.method() == Method::HEAD;
    let key = hint_of(request.headers());
    let busy = request.extensions_mut().remove::<Arc<ConnectionState>>();
    let is_late = Arc::new(AtomicBool::new(false));
    let idle = app.limits.body_idle;
    let request = request.map(|body| Body::new(Patient::new(body, idle, Arc::clone(&is_late))));
    let mut response = next.run(request).await;
    if is_late.load(Ordering::Relaxed) {
        app.metrics.reject(Rejection::SlowBody);
        let message = format!("the request body brought nothing for {} s; send it again", idle.as_secs());
        response = answer::failure(&Problem::new(ProblemKind::TooSlow, message));
        response.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    }
    let response = in_words(response).await;
    let status = response.status();
    // An answer without a body is never read, and one with a length is not asked for more once all of it has come.
    let is_whole = response.body().is_end_stream() || is_head;
    let length_bytes = length_of(&response);
    let metrics = Arc::clone(&app.metrics);
    let line =
        Line { metrics, method, route, key, status, started, sent_bytes: 0, length_bytes, is_whole, _busy: busy };
    response.map(|body| Body::new(Watched { body, line }))
}

/// Returns an answer with the refusals that the framework writes as plain text in the form of ours.
async fn in_words(response: Response<Body>) -> Response<Body> {
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_plain = content_type.is_none_or(|value| value.starts_with("text/plain"));
    let is_refusal = response.status().is_client_error() || response.status().is_server_error();
    if !is_refusal || !is_plain {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = to_bytes(body, REFUSAL_BYTES).await.unwrap_or_default();
    let message = match text.is_empty() {
        true => "the request cannot be answered; see docs/server.md".to_owned(),
        false => String::from_utf8_lossy(&text).into_owned(),
    };
    let json = answer::json(parts.status, &serde_json::json!({ "message": message }));
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(json.headers().clone());
    Response::from_parts(parts, json.into_body())
}

/// Returns the length that an answer is announced with.
fn length_of(response: &Response<Body>) -> Option<u64> {
    let announced = response.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    announced.or_else(|| response.body().size_hint().exact())
}

/// Returns the end of a key that looks like one of ours; anything else may be some other secret.
fn hint_of(headers: &HeaderMap) -> Option<String> {
    let key = key_of(headers).filter(|key| key.starts_with("lbp_") && key.len() > 16)?;
    key.get(key.len() - 4..).map(str::to_owned)
}

/// A line of the log, written when it is dropped.
struct Line {
    metrics: Arc<Metrics>,
    method: String,
    route: String,
    key: Option<String>,
    status: StatusCode,
    started: Instant,
    sent_bytes: u64,
    /// The length that the answer was announced with.
    length_bytes: Option<u64>,
    is_whole: bool,
    /// The connection is not idle before the answer is sent.
    _busy: Option<Arc<ConnectionState>>,
}

impl Drop for Line {
    fn drop(&mut self) {
        let Self { method, route, sent_bytes, is_whole, .. } = self;
        let (status, key) = (self.status.as_u16(), self.key.as_deref().unwrap_or("none"));
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.metrics.count_request(method, route, self.status);
        self.metrics.count_sent(*sent_bytes);
        if PROBES.contains(&route.as_str()) {
            tracing::debug!(method, route, status, duration_ms, sent_bytes, key, is_whole, "request");
        } else {
            tracing::info!(method, route, status, duration_ms, sent_bytes, key, is_whole, "request");
        }
        if let Some(connection) = &self._busy {
            connection.end_request();
        }
    }
}

/// An answer whose bytes are counted.
struct Watched {
    body: Body,
    line: Line,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.line.sent_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.line.is_whole = self.body.is_end_stream() || self.line.length_bytes == Some(self.line.sent_bytes);
            }
            Poll::Ready(None) => self.line.is_whole = true,
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// A request body that fails when nothing comes for too long.
struct Patient {
    body: Body,
    idle: Duration,
    sleep: Pin<Box<Sleep>>,
    is_waiting: bool,
    is_late: Arc<AtomicBool>,
}

impl Patient {
    fn new(body: Body, idle: Duration, is_late: Arc<AtomicBool>) -> Self {
        Self { body, idle, sleep: Box::pin(tokio::time::sleep(idle)), is_waiting: false, is_late }
    }
}

impl HttpBody for Patient {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                self.is_waiting = false;
                Poll::Ready(frame)
            }
            Poll::Pending => {
                // The time begins when the server asks for more: what it takes with what came is not the client's.
                if !self.is_waiting {
                    self.is_waiting = true;
                    let late = Instant::now() + self.idle;
                    self.sleep.as_mut().reset(late);
                }
                std::task::ready!(self.sleep.as_mut().poll(context));
                self.is_late.store(true, Ordering::Relaxed);
                Poll::Ready(Some(Err(axum::Error::new(std::io::Error::from(std::io::ErrorKind::TimedOut)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
