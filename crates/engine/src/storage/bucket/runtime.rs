//! The runtime that drives the clients of object stores. Callers are on plain threads, or on threads for blocking work.

use std::future::Future;
use std::io;
use std::sync::{OnceLock, mpsc};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};

/// It lives as long as the process: one that is dropped would wait for what runs on it.
static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();

/// Returns the runtime.
pub(super) fn handle() -> io::Result<&'static Handle> {
    let runtime = RUNTIME.get_or_init(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).thread_name("object-store").enable_time().build().ok()
    });
    let failed = || io::Error::other("the system gives no threads for the client of the object store");
    runtime.as_ref().map(Runtime::handle).ok_or_else(failed)
}

/// Waits for what a future gives.
pub(super) fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> io::Result<T> {
    let (send, receive) = mpsc::sync_channel(1);
    handle()?.spawn(async move { send.send(future.await).unwrap_or_default() });
    receive.recv().map_err(|_| io::Error::other("the client of the object store has panicked"))
}

/// Waits for a future, but not longer than that.
pub(super) fn wait_at_most(limit: Duration, future: impl Future<Output = ()> + Send + 'static) {
    // What is not done by then goes on alone, or ends with the process.
    wait(async move { tokio::time::timeout(limit, future).await.unwrap_or_default() }).unwrap_or_default();
}
