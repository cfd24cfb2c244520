//! What `labelport serve` says when it starts, and what it answers to whoever is no SDK.

use crate::support::Place;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// A server that ends with the test.
struct Server {
    child: Child,
    /// What it said until it served.
    said: String,
    port: u16,
    _place: Place,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let place = Place::empty();
        let all: Vec<&str> = ["--json", "serve", "--listen"].iter().chain(arguments).copied().collect();
        let mut child = place.command(&all).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        let mut reader = BufReader::new(child.stderr.take().unwrap());
        while !said.contains(r#""event":"serving""#) {
            assert!(reader.read_line(&mut said).unwrap() > 0, "it ended: {said}");
        }
        let url = said.rsplit_once(r#""url":"http://"#).unwrap().1.split('"').next().unwrap();
        let port = url.rsplit_once(':').map_or(0, |(_, port)| port.parse().unwrap_or(0));
        Self { child, said, port, _place: place }
    }

    /// Sends a request without a body; returns the whole answer.
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn whoever_listens_everywhere_is_told_which_urls_others_get() {
    let check = |arguments: &[&str], is_warned: bool| {
        let server = Server::start(arguments);
        let said = &server.said;
        assert_eq!(said.matches(r#""event":"warning""#).count(), usize::from(is_warned), "{said}");
        let (port, remedy) = (server.port, format!("--public-url http://HOST:{}", server.port));
        assert!(!is_warned || said.contains(&format!("http://127.0.0.1:{port}")) && said.contains(&remedy), "{said}");
    };
    check(&["0.0.0.0:0"], true);
    check(&["0.0.0.0:0", "--public-url", "http://labels.example.org"], false);
    check(&["127.0.0.1:0"], false);
    check(&["localhost:0"], false);
}

#[test]
fn an_address_that_is_none_is_refused_with_one_that_is() {
    for listen in ["localhost", "8080", ":8080", "localhost:", "localhost:http", "127.0.0.1:65536", ""] {
        let ran = Place::empty().run(&["serve", "--listen", listen]);
        ran.ended(2, &[&format!("{listen:?}"), "write one such as 127.0.0.1:8080, localhost:8080"]);
    }
}

#[test]
fn what_cannot_be_is_answered_in_words() {
    let server = Server::start(&["127.0.0.1:0"]);
    let check = |request: &str, status: &str, allowed: &str| {
        let answer = server.ask(request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(answer.contains("\r\n\r\n{\"message\":\""), "{request}: {answer}");
        let allow = answer.lines().find_map(|line| line.strip_prefix("allow: ")).unwrap_or_default();
        assert_eq!(allow, allowed, "{request}: {answer}");
    };
    check("GET /graphql", "405", "POST");
    check("PUT /graphql", "405", "POST");
    check("DELETE /api/v1/slices", "405", "GET,HEAD,POST");
    check("POST /files/a/b", "405", "GET,HEAD");
    check("GET /nothing", "404", "");
}
