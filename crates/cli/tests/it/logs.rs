//! The log of the server: what is in it, and what must never be.

use crate::server::Server;
use crate::support::Place;
use crate::tasks::is_export;
use labelport_store::tables::tasks::TaskStatus;

/// What only bodies and labels hold.
const CONTENT: &str = "c0ntent of a b0dy";

#[test]
fn the_log_has_requests_and_tasks_and_no_secret() {
    for format in ["json", "text"] {
        let server = Server::start_in(Place::with_rows(3), &["127.0.0.1:0", "--log", "trace", "--log-format", format]);
        server.start_export();
        let task = server.place().wait_for_task(TaskStatus::Complete, is_export);
        let shown = server.call("GET", &format!("/api/v1/tasks/{}", task.id), "");
        let signed = shown.split("\"resultUrl\":\"").nth(1).unwrap().split('"').next().unwrap();
        let signature = signed.split("signature=").nth(1).unwrap().to_owned();
        let path = signed.splitn(4, '/').nth(3).unwrap();
        assert!(server.ask(&format!("GET /{path}")).starts_with("HTTP/1.1 200"));
        assert!(server.ask(&format!("GET /{}", path.replace("signature=", "signature=f"))).contains(" 403 "));
        let query = format!(r#"{{"query":"mutation{{createDataset(data:{{name:\"{CONTENT}\"}}){{id}}}}"}}"#);
        assert!(server.call("POST", "/graphql", &query).contains(r#"{"createDataset":{"id":""#));
        server.call("POST", "/graphql", &format!("{{\"query\":\"{{{CONTENT}\"}}"));
        server.call("POST", "/graphql", &format!("{{\"{CONTENT}"));
        server.call("POST", "/api/v1/slices", &format!(r#"{{"name":"{CONTENT}","filter":[{{"type":"{CONTENT}"}}]}}"#));
        server.ask(&format!("GET /api/v1/{}", CONTENT.replace(' ', "_")));
        let stranger = "another secret, 1234567890abcdef";
        server.send(&format!(
            "GET /api/v1/tasks HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {stranger}\r\n\r\n"
        ));
        let key = server.key.clone();
        let hint = key[key.len() - 4..].to_owned();
        let log = server.stop();
        for secret in [&key, &signature, CONTENT, &CONTENT.replace(' ', "_"), stranger, "cdef", "createDataset"] {
            assert!(!log.contains(secret), "{format}: {secret:?} is in {log}");
        }
        let expected: &[&str] = match format {
            "json" => &[
                r#""method":"POST","route":"/graphql","status":200"#,
                r#""route":"/results/{task}/{name}","status":403"#,
                r#""route":"none","status":404"#,
                r#""message":"task ended","outcome":"complete","rows":3"#,
                r#""name":"task""#,
            ],
            _ => &[
                r#"request method="POST" route="/graphql" status=200"#,
                r#"task{task.id="#,
                r#"task ended outcome="complete" rows=3"#,
            ],
        };
        for text in expected {
            assert!(log.contains(text), "{format}: {text:?} is not in {log}");
        }
        assert!(log.contains(&format!("\"{hint}\"")), "the end of the key is not in {log}");
    }
}

#[test]
fn the_level_is_an_option_and_a_variable() {
    let ask = |arguments: &[&str]| {
        let server = Server::start(arguments);
        server.ask("GET /nothing");
        server.ask("GET /healthz");
        server.stop()
    };
    let log = ask(&["127.0.0.1:0"]);
    assert!(log.contains(r#""route":"none""#) && !log.contains("healthz"), "{log}");
    let log = ask(&["127.0.0.1:0", "--log", "debug"]);
    assert!(log.contains("/healthz"), "{log}");
    let log = ask(&["127.0.0.1:0", "--log", "error"]);
    assert!(!log.contains("route"), "{log}");
    Place::empty().run(&["serve", "--log", "loud"]).ended(2, &["error, warn, info, debug, trace"]);
}

#[test]
fn an_answer_that_was_sent_to_its_end_is_logged_as_whole() {
    let server = Server::start_in(Place::with_rows(3), &["127.0.0.1:0"]);
    server.start_export();
    let task = server.place().wait_for_task(TaskStatus::Complete, is_export);
    let organization = server.place().store().organization().unwrap().id;
    let path = format!("/api/v1/export-results/{}/{organization}", task.id);
    assert!(server.call("GET", &path, "").contains("data_row"));
    assert!(server.call("HEAD", &path, "").starts_with("HTTP/1.1 200"));
    let log = server.stop();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("export-results")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines.iter().all(|line| line.contains(r#""is_whole":true"#)), "{log}");
}
