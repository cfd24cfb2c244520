//! What `labelport serve` says when it starts.

use crate::support::Place;
use std::io::{BufRead, BufReader};
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
