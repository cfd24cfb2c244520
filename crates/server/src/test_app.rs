//! The whole server in memory: its routes and its workers, without a socket.

use crate::app::App;
use crate::graphql::testing::Bench;
use crate::limits::Limits;
use crate::serve::router;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use labelport_engine::registry::ROSTER;
use labelport_engine::tasks::Runner;
use labelport_model::problem::Problem;
use labelport_store::check;
use labelport_store::tables::data_rows;
use labelport_store::tables::tasks::{self, ListTasks, TaskStatus};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tower_service::Service;

/// Where the server of a test is to be found.
const PUBLIC_URL: &str = "http://labelport.test";
/// How often a test looks whether the work is done before it gives up.
const LOOKS_LIMIT: u32 = 100_000;

/// A server that vanishes with the test. It refuses to end while work is left in the queue, or with a store that is not
/// sound.
pub(crate) struct TestApp {
    bench: Bench,
    router: Router,
    runtime: tokio::runtime::Runtime,
    /// None once the workers are stopped.
    runner: Option<Runner>,
}

impl TestApp {
    /// Starts one with an empty workspace.
    pub(crate) fn new() -> Self {
        let bench = Bench::new();
        let log = Arc::new(|problem: &Problem| panic!("internal failure: {problem:?}"));
        let app = App::new(Arc::clone(&bench.workspace), Arc::clone(&log) as Arc<_>, Limits::default());
        let runner = Runner::start(&bench.workspace, "worker".to_owned(), 1, ROSTER, log);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { bench, router: router(app), runtime, runner: Some(runner) }
    }

    /// Stops the workers, so that nobody does what is ordered from here on.
    pub(crate) fn stop_workers(&mut self) {
        if let Some(runner) = self.runner.take() {
            runner.stop();
        }
    }

    /// Sends a text of GraphQL; returns its data.
    #[track_caller]
    pub(crate) fn graphql(&self, query: &str, variables: Value) -> Value {
        let answer = self.answer(query, variables);
        assert_eq!(answer.get("errors"), None, "{query}");
        answer["data"].clone()
    }

    /// Sends a text of GraphQL that is refused; returns the message.
    #[track_caller]
    pub(crate) fn refused(&self, query: &str, variables: Value) -> String {
        let answer = self.answer(query, variables);
        answer["errors"][0]["message"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    fn answer(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        let text = self.send(Method::POST, "/graphql", "application/json", body);
        serde_json::from_str(&text).unwrap()
    }

    /// Uploads a file as the SDK does; returns its URL.
    #[track_caller]
    pub(crate) fn upload(&self, name: &str, content: &str) -> String {
        let query = "mutation ($file: Upload!, $contentLength: Int!) { \
                     uploadFile(file: $file, contentLength: $contentLength) { url } }";
        let variables = json!({ "file": null, "contentLength": content.len() });
        let operations = json!({ "query": query, "variables": variables });
        let part = |head: &str, content: &str| {
            format!("--limit\r\nContent-Disposition: form-data; name={head}\r\n\r\n{content}\r\n")
        };
        let body = [
            part("\"operations\"", &operations.to_string()),
            part("\"map\"", r#"{"1":["variables.file"]}"#),
            part(&format!("\"1\"; filename=\"{name}\""), content),
            "--limit--\r\n".to_owned(),
        ];
        let text = self.send(Method::POST, "/graphql", "multipart/form-data; boundary=limit", body.concat());
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["data"]["uploadFile"]["url"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Reads what is at a URL of this server.
    #[track_caller]
    pub(crate) fn get(&self, url: &Value) -> String {
        let path = url.as_str().and_then(|url| url.strip_prefix(PUBLIC_URL));
        self.send(Method::GET, path.unwrap_or_else(|| panic!("{url}")), "text/plain", String::new())
    }

    /// Returns the methods that a path takes, as the refusal of one that it does not take names them.
    #[track_caller]
    pub(crate) fn allowed(&self, refused: Method, path: &str) -> String {
        let request = Request::builder().method(refused).uri(path).body(Body::empty()).unwrap();
        let mut router = self.router.clone();
        let response = self.runtime.block_on(async { router.call(request).await.unwrap() });
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
        response.headers()[header::ALLOW].to_str().unwrap().to_owned()
    }

    #[track_caller]
    fn send(&self, method: Method, path: &str, content_type: &str, body: String) -> String {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.bench.key))
            .header(header::CONTENT_TYPE, content_type)
            .body(Body::from(body))
            .unwrap();
        let mut router = self.router.clone();
        let (status, bytes) = self.runtime.block_on(async {
            let response = router.call(request).await.unwrap();
            (response.status(), to_bytes(response.into_body(), usize::MAX).await.unwrap())
        });
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        text
    }

    /// Waits until the workers have done all that there is to do.
    #[track_caller]
    pub(crate) fn settle(&self) {
        let workspace = &self.bench.workspace;
        let mut looks = 0;
        let mut is_done = || {
            looks += 1;
            assert!(looks < LOOKS_LIMIT, "the work does not end");
            Ok(self.list_work().is_empty())
        };
        workspace.wake_up().wait_until(workspace.clock(), Duration::from_secs(1), &mut is_done).unwrap();
    }

    /// Lists the tasks that are in progress and the rows whose assets have not been looked at.
    fn list_work(&self) -> Vec<String> {
        let org_key = self.bench.workspace.org_key();
        let in_progress = ListTasks { status: Some(TaskStatus::InProgress), limit: 10 };
        let found = self.bench.workspace.read(|connection| {
            let tasks = tasks::list(connection, org_key, &in_progress)?;
            let rows = data_rows::list_waiting(connection, 10)?;
            let tasks = tasks.into_iter().map(|task| format!("task {}", task.name));
            Ok(tasks.chain(rows.into_iter().map(|row_key| format!("asset of row {row_key}"))).collect())
        });
        found.unwrap()
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let left = self.list_work();
        self.stop_workers();
        if std::thread::panicking() {
            return;
        }
        assert_eq!(left, Vec::<String>::new(), "work is left in the queue");
        let store = self.bench.workspace.store();
        let mut snapshot = store.snapshot(1).unwrap();
        let found = check::check(&mut *snapshot.connections[0], store.org_key(), &mut |_| {}).unwrap();
        let found: Vec<String> = found.into_iter().map(|finding| finding.message).collect();
        assert_eq!(found, Vec::<String>::new(), "the store does not agree with itself");
    }
}
