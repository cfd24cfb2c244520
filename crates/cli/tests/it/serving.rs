//! What `labelport serve` says when it starts, and what it answers to whoever is no SDK.

use crate::server::Server;
use crate::support::Place;

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
