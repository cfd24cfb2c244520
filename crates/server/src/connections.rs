//! Connections: each is served on a task of its own, until its client leaves or the server stops.
//!
//! A client has a time for the head of a request, so that one who sends a byte now and then, or nothing, does not hold a
//! connection for ever. The time for what follows is the client's: uploads and downloads of large files are slow, as long
//! as there is progress. Connections are limited, overall and for each address; an idle one makes room for a new one, and
//! only those that work are never closed.

use crate::limits::Limits;
use crate::metrics::{Metrics, Rejection};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Response;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use tower_service::Service;

/// How long the head of a request may take, and how long a connection without one is kept.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(60);
/// How long a client may take to read that it was rejected.
const REJECTION_TIME: Duration = Duration::from_secs(1);
/// What a rejected client gets.
const REJECTION: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json; charset=utf-8\r\n\
                         retry-after: 1\r\nconnection: close\r\ncontent-length: 68\r\n\r\n\
                         {\"message\":\"the server has too many connections; try again shortly\"}";

/// How connections are served.
pub(crate) struct Serving {
    pub(crate) router: Router,
    pub(crate) head_time: Duration,
    pub(crate) limits: Limits,
    pub(crate) metrics: Arc<Metrics>,
}

/// A connection that is open.
pub(crate) struct ConnectionState {
    address: IpAddr,
    /// Requests that are being answered.
    busy: AtomicUsize,
    /// Grows with the end of each request of all connections: the smallest has been idle longest.
    idle_since: AtomicU64,
    clock: Arc<AtomicU64>,
    close: Notify,
}

impl ConnectionState {
    fn begin_request(&self) {
        self.busy.fetch_add(1, Ordering::SeqCst);
    }

    /// Notes that a request was answered.
    pub(crate) fn end_request(&self) {
        self.idle_since.store(self.clock.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
        self.busy.fetch_sub(1, Ordering::SeqCst);
    }

    fn is_idle(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
    }
}

/// The connections that are open.
#[derive(Default)]
struct Open {
    clock: Arc<AtomicU64>,
    states: Mutex<Vec<Arc<ConnectionState>>>,
}

impl Open {
    /// Takes a connection in, if need be in place of the one that has been idle longest.
    fn admit(&self, address: IpAddr, limits: Limits) -> Result<Arc<ConnectionState>, Rejection> {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let of_address = states.iter().filter(|state| state.address == address).count();
        if of_address >= limits.connections_per_address && !close_idle(&mut states, Some(address)) {
            return Err(Rejection::ConnectionsPerAddress);
        }
        if states.len() >= limits.connections && !close_idle(&mut states, None) {
            return Err(Rejection::Connections);
        }
        let idle_since = AtomicU64::new(self.clock.fetch_add(1, Ordering::SeqCst));
        let (busy, clock) = (AtomicUsize::new(0), Arc::clone(&self.clock));
        let state = Arc::new(ConnectionState { address, busy, idle_since, clock, close: Notify::new() });
        states.push(Arc::clone(&state));
        Ok(state)
    }

    fn remove(&self, state: &Arc<ConnectionState>) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.retain(|other| !Arc::ptr_eq(other, state));
    }
}

/// Closes the connection that has been idle longest, of an address or of all; returns whether there was one.
fn close_idle(states: &mut Vec<Arc<ConnectionState>>, address: Option<IpAddr>) -> bool {
    let candidates = states
        .iter()
        .enumerate()
        .filter(|(_, state)| state.is_idle() && address.is_none_or(|address| state.address == address));
    let longest = candidates.min_by_key(|(_, state)| state.idle_since.load(Ordering::SeqCst));
    let Some((index, _)) = longest else { return false };
    states.swap_remove(index).close.notify_one();
    true
}

/// Serves connections until `stop`, then what runs to its end.
pub(crate) async fn serve<L: Listener<Addr = SocketAddr>>(
    mut listener: L,
    serving: Serving,
    stop: impl Future<Output = ()>,
) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(serving.head_time);
    let running = GracefulShutdown::new();
    let open = Arc::new(Open::default());
    let mut stop = pin!(stop);
    loop {
        let (mut stream, address) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let state = match open.admit(address.ip().to_canonical(), serving.limits) {
            Ok(state) => state,
            Err(why) => {
                serving.metrics.reject(why);
                tokio::spawn(async move {
                    // A client that does not read it learns it from the end of the connection.
                    drop(tokio::time::timeout(REJECTION_TIME, stream.write_all(REJECTION.as_bytes())).await);
                });
                continue;
            }
        };
        let (router, of_requests) = (serving.router.clone(), Arc::clone(&state));
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            of_requests.begin_request();
            let mut request: Request = request.map(Body::new);
            request.extensions_mut().insert(Arc::clone(&of_requests));
            let mut router = router.clone();
            async move {
                Ok::<Response<Body>, Infallible>(router.call(request).await.unwrap_or_else(|never| match never {}))
            }
        });
        let connection = running.watch(builder.serve_connection(TokioIo::new(stream), service));
        let (open, metrics) = (Arc::clone(&open), Arc::clone(&serving.metrics));
        metrics.connections.inc();
        tokio::spawn(async move {
            tokio::select! {
                // A client that went away or spoke no HTTP is nobody's concern.
                outcome = connection => drop(outcome),
                () = state.close.notified() => {}
            }
            open.remove(&state);
            metrics.connections.dec();
        });
    }
    drop(listener);
    running.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    /// Ends requests as `observe` does.
    async fn end_requests(mut request: Request, next: axum::middleware::Next) -> Response<Body> {
        let state = request.extensions_mut().remove::<Arc<ConnectionState>>().unwrap();
        let response = next.run(request).await;
        state.end_request();
        response
    }

    /// Serves one page while `work` runs; returns when the server has ended.
    fn while_serving(head_time: Duration, work: impl FnOnce(SocketAddr) + Send) {
        while_serving_within(head_time, Limits::default(), work);
    }

    fn while_serving_within(head_time: Duration, limits: Limits, work: impl FnOnce(SocketAddr) + Send) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                    let router = Router::new().route("/", get(|| async { "page" }).post(|body: String| async { body }));
                    let router = router.layer(axum::middleware::from_fn(end_requests));
                    let metrics = Arc::new(Metrics::new());
                    let serving = Serving { router, head_time, limits, metrics };
                    serve(listener, serving, async { stopped.await.unwrap_or_default() }).await;
                });
            });
            work(address);
            stop.send(()).unwrap();
        });
    }

    /// Sends pieces, and returns what is answered until the server closes.
    fn ask(address: SocketAddr, pieces: &[&str], pause: Duration) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        for (index, piece) in pieces.iter().enumerate() {
            if index > 0 {
                std::thread::sleep(pause);
            }
            stream.write_all(piece.as_bytes()).unwrap();
        }
        let mut answer = String::new();
        // Who is cut off may see an end or a reset.
        drop(stream.read_to_string(&mut answer));
        answer
    }

    const GET: &str = "GET / HTTP/1.1\r\nhost: a\r\n";

    #[test]
    fn a_head_that_does_not_end_ends_the_connection() {
        let short = Duration::from_millis(200);
        while_serving(short, |address| {
            for piece in ["", "G", GET] {
                assert_eq!(ask(address, &[piece], Duration::ZERO), "", "{piece}");
            }
            // A connection that is kept for another request is closed, too.
            assert!(ask(address, &[GET, "\r\n"], Duration::ZERO).ends_with("page"));
            // The body may take longer than the head.
            let head = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 4\r\n\r\n";
            assert!(ask(address, &[head, "bo", "dy"], 2 * short).ends_with("body"));
        });
    }

    /// Opens a connection and leaves it idle after a request, or before one.
    fn leave_idle(address: SocketAddr, has_asked: bool) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        if has_asked {
            stream.write_all(format!("{GET}\r\n").as_bytes()).unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"page") {
                let mut piece = [0; 256];
                let length = stream.read(&mut piece).unwrap();
                assert!(length > 0);
                answer.extend_from_slice(&piece[..length]);
            }
        }
        stream
    }

    #[test]
    fn idle_connections_make_room_for_those_that_work() {
        let limits = Limits { connections: 8, connections_per_address: 8, ..Limits::default() };
        while_serving_within(Duration::from_secs(3_600), limits, |address| {
            let idle: Vec<TcpStream> = (0..64).map(|number| leave_idle(address, number % 2 == 0)).collect();
            assert!(ask(address, &[GET, "connection: close\r\n\r\n"], Duration::ZERO).ends_with("page"));
            drop(idle);
        });
    }

    #[test]
    fn connections_that_work_are_never_closed_and_others_get_words() {
        for (connections, connections_per_address) in [(2, 9), (9, 2)] {
            let limits = Limits { connections, connections_per_address, ..Limits::default() };
            while_serving_within(Duration::from_secs(3_600), limits, |address| {
                // A request whose body has not come is being answered.
                let head = "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\nexpect: 100-continue\r\n\
                            content-length: 4\r\n\r\n";
                let mut working = Vec::new();
                for _ in 0..2 {
                    let mut stream = TcpStream::connect(address).unwrap();
                    stream.write_all(head.as_bytes()).unwrap();
                    let mut piece = [0; 64];
                    assert!(stream.read(&mut piece).unwrap() > 0, "it gets permission to continue");
                    working.push(stream);
                }
                let answer = ask(address, &[""], Duration::ZERO);
                let (head, body) = answer.split_once("\r\n\r\n").unwrap();
                assert!(head.starts_with("HTTP/1.1 503") && head.contains("retry-after"), "{answer}");
                assert!(head.contains(&format!("content-length: {}", body.len())), "{answer}");
                assert!(body.starts_with("{\"message\":\""), "{answer}");
                for mut stream in working {
                    stream.write_all(b"body").unwrap();
                    let mut answer = String::new();
                    stream.read_to_string(&mut answer).unwrap();
                    assert!(answer.ends_with("body"), "{answer}");
                }
            });
        }
    }

    #[test]
    fn a_stopping_server_closes_idle_connections() {
        while_serving(Duration::from_secs(3_600), |address| {
            let mut idle = TcpStream::connect(address).unwrap();
            idle.write_all(format!("{GET}\r\n").as_bytes()).unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"page") {
                let mut piece = [0; 256];
                let length = idle.read(&mut piece).unwrap();
                assert!(length > 0);
                answer.extend_from_slice(&piece[..length]);
            }
            // It is kept while the server ends.
            std::mem::forget(idle);
        });
    }
}
