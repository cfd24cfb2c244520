//! Uploads: limits, and nothing on disk of those that fail or break off.

use crate::server::Server;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// The boundary of the parts.
const BOUNDARY: &str = "b0undary";

const OPERATIONS: &str =
    r#"{"query":"mutation($file: Upload!){uploadFile(file: $file){url}}","variables":{"file":null}}"#;

/// Returns a part, of a file where it has a file name.
fn part(name: &str, file_name: &str, text: &str) -> String {
    let file_name = if file_name.is_empty() { String::new() } else { format!("; filename=\"{file_name}\"") };
    format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"{file_name}\r\n\r\n{text}\r\n")
}

fn send(server: &Server, parts: &[String]) -> String {
    let body = parts.concat() + &format!("--{BOUNDARY}--\r\n");
    server.call_with("POST", "/graphql", &format!("multipart/form-data; boundary={BOUNDARY}"), &body)
}

/// Lists what lies in the folder of files.
fn files(server: &Server) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(folders) = std::fs::read_dir(server.place().path("labelport-data/files")) else { return found };
    for folder in folders {
        let entries = std::fs::read_dir(folder.unwrap().path()).unwrap();
        found.extend(entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
    }
    found
}

#[test]
fn uploads_that_are_refused_leave_nothing_on_disk() {
    let server = Server::start(&["127.0.0.1:0", "--max-upload-parts", "4", "--max-upload-mib", "1"]);
    let operations = || part("operations", "", OPERATIONS);
    let map = || part("map", "", r#"{"1":["variables.file"]}"#);
    let file = |name: &str| part(name, "a.txt", "content");
    let many: Vec<String> = (0..5).map(|number| file(&number.to_string())).collect();
    let check = |parts: &[String], expect: &str| {
        let answer = send(&server, parts);
        assert!(answer.contains(expect), "{expect:?} is not in {answer}");
        assert_eq!(files(&server), Vec::<String>::new(), "{expect}");
    };
    check(&many, "more than 4 parts");
    check(&[file("1"), file("1"), operations(), map()], "two parts are named");
    check(&[operations(), operations(), file("1"), map()], "two parts are named");
    check(&[file("1"), part("2", "b.txt", &"x".repeat((1 << 20) + 1))], "b.txt has more than 1 MB");
    check(&[file("1"), map()], "the part operations is missing");
    check(&[part("operations", "", r#"{"query":"{user{id}}"}"#), part("map", "", "{}"), file("1")], r#""user""#);
    let metrics = server.ask("GET /metrics");
    assert!(metrics.contains(r#"labelport_http_rejected_total{reason="upload"} 2"#), "{metrics}");
    let kept = send(&server, &[operations(), map(), file("1")]);
    assert!(kept.contains(r#""url":"http://"#), "{kept}");
    assert_eq!(files(&server).len(), 1);
}

#[test]
fn an_upload_whose_client_goes_away_leaves_nothing_on_disk() {
    let server = Server::start(&["127.0.0.1:0"]);
    let body = part("1", "a.txt", "whole") + &part("2", "b.txt", "half of what was announ");
    let request = server.request("POST", "/graphql", &format!("multipart/form-data; boundary={BOUNDARY}"), &body);
    let request = request.replace(&format!("content-length: {}", body.len()), "content-length: 1000000");
    let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    wait(&server, |found| found.len() == 2);
    drop(stream);
    wait(&server, |found| found.is_empty());
}

#[test]
fn a_body_that_brings_nothing_is_given_up() {
    let server = Server::start(&["127.0.0.1:0", "--body-timeout", "1"]);
    let body = part("1", "a.txt", "whole");
    let request = server.request("POST", "/graphql", &format!("multipart/form-data; boundary={BOUNDARY}"), &body);
    let request = request.replace(&format!("content-length: {}", body.len()), "content-length: 1000000");
    let answer = server.send(&request);
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("brought nothing for 1 s"), "{answer}");
    wait(&server, |found| found.is_empty());
    let metrics = server.ask("GET /metrics");
    assert!(metrics.contains(r#"labelport_http_rejected_total{reason="slow_body"} 1"#), "{metrics}");
}

#[track_caller]
fn wait(server: &Server, holds: impl Fn(&[String]) -> bool) {
    for _ in 0..3_000 {
        if holds(&files(server)) {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("it did not come to that within 30 s: {:?}", files(server));
}
