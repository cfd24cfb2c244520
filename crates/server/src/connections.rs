//! Connections: each is served on a task of its own, until its client leaves or the server is told to stop.
//!
//! A client has a time for the head of a request, so that one who sends a byte now and then, or nothing, does not hold a
//! connection for ever. The time for what follows is the client's: uploads and downloads of large files are slow.

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

/// How long the head of a request may take, and how long a connection without one is kept.
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(60);

/// Serves connections until `stop`, then what runs to its end.
pub(crate) async fn serve<L: Listener>(
    mut listener: L,
    router: Router,
    head_time: Duration,
    stop: impl Future<Output = ()>,
) {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_time);
    let running = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            (stream, _) = listener.accept() => stream,
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = running.watch(builder.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            // A client that went away or spoke no HTTP is nobody's concern.
            drop(connection.await);
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

    /// Serves one page while `work` runs; returns when the server has ended.
    fn while_serving(head_time: Duration, work: impl FnOnce(SocketAddr) + Send) {
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
                    serve(listener, router, head_time, async { stopped.await.unwrap_or_default() }).await;
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

    #[test]
    fn a_server_that_is_told_to_stop_leaves_idle_connections() {
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
