//! A `labelport serve` process, and requests to it without an HTTP library.

use crate::support::Place;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::thread::JoinHandle;

/// A server that ends with the test.
pub(crate) struct Server {
    child: Child,
    arguments: Vec<String>,
    /// What it said until it served.
    pub(crate) said: String,
    log: Option<JoinHandle<String>>,
    pub(crate) port: u16,
    pub(crate) key: String,
    place: Place,
}

impl Server {
    /// Starts a server on an empty folder; the first argument is the address to listen on.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_in(Place::empty(), arguments)
    }

    /// Starts a server on a folder.
    pub(crate) fn start_in(place: Place, arguments: &[&str]) -> Self {
        let created = place.run(&["--json", "key", "create", "--name", "test"]).succeeded();
        let said = created.out + &created.err;
        let key = format!("lbp_{}", said.split("lbp_").nth(1).unwrap().split(['"', '\n']).next().unwrap());
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let Spawned { child, said, port, log } = spawn(&place, &arguments, Stdio::null());
        Self { child, arguments, said, log: Some(log), port, key, place }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn terminate(&mut self) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM)
            .unwrap();
        self.child.wait().unwrap();
    }

    /// Starts a second server on the same folder.
    pub(crate) fn second(&self) -> Child {
        spawn(&self.place, &self.arguments, Stdio::null()).child
    }

    /// Ends it, and returns what it said since it served.
    pub(crate) fn stop(mut self) -> String {
        // Requests are logged when their answers have been sent, and their readers have seen the end of them.
        self.kill();
        self.log.take().unwrap().join().unwrap()
    }

    /// Starts it again.
    pub(crate) fn restart(&mut self) {
        let Spawned { child, said, port, log } = spawn(&self.place, &self.arguments, Stdio::null());
        (self.child, self.said, self.port, self.log) = (child, said, port, Some(log));
    }

    /// Sends a request line and no more than it needs; returns the whole answer.
    pub(crate) fn ask(&self, request: &str) -> String {
        self.send(&format!("{request} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n"))
    }

    /// Sends a request with the key; returns the whole answer.
    pub(crate) fn call(&self, method: &str, path: &str, body: &str) -> String {
        self.call_with(method, path, "application/json", body)
    }

    /// Sends a request with the key and a body of a content type; returns the whole answer.
    pub(crate) fn call_with(&self, method: &str, path: &str, content_type: &str, body: &str) -> String {
        self.send(&self.request(method, path, content_type, body))
    }

    /// Returns the text of a request.
    pub(crate) fn request(&self, method: &str, path: &str, content_type: &str, body: &str) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
             content-length: {}\r\ncontent-type: {content_type}\r\n\r\n{body}",
            self.key,
            body.len()
        )
    }

    /// Sends bytes as they are; returns what is answered until the server closes.
    pub(crate) fn send(&self, bytes: &str) -> String {
        String::from_utf8_lossy(&self.send_for_bytes(bytes)).into_owned()
    }

    /// Sends bytes as they are; returns the bytes that are answered until the server closes.
    pub(crate) fn send_for_bytes(&self, bytes: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    }

    /// Starts an export of the catalog without waiting for it.
    pub(crate) fn start_export(&self) {
        self.start_export_with("{}");
    }

    /// Starts an export of the catalog that takes longer than any test, if there is an endless video in it.
    pub(crate) fn start_endless_export(&self) {
        self.start_export_with(r#"{"allProjects":true,"includeInterpolatedFrames":true}"#);
    }

    fn start_export_with(&self, params: &str) {
        let query = "mutation($input: I!){exportDataRowsInCatalog(input: $input){taskId}}";
        let body = format!(r#"{{"query":"{query}","variables":{{"input":{{"filters":{{}},"params":{params}}}}}}}"#);
        let request = self.request("POST", "/graphql", "application/json", &body);
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        // The answer comes a second later, or when the task is done. Nobody waits for it.
        std::mem::forget(stream);
    }
}

/// A process that serves.
pub(crate) struct Spawned {
    pub(crate) child: Child,
    /// What it said until it served.
    pub(crate) said: String,
    pub(crate) port: u16,
    /// Gives what it said after that.
    log: JoinHandle<String>,
}

/// Starts a server, and waits until it serves.
pub(crate) fn spawn(place: &Place, arguments: &[String], out: Stdio) -> Spawned {
    let all: Vec<&str> =
        ["--json", "serve", "--listen"].into_iter().chain(arguments.iter().map(String::as_str)).collect();
    let mut child = place.command(&all).stdout(out).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    while !said.contains(r#""event":"serving""#) {
        assert!(reader.read_line(&mut said).unwrap() > 0, "it ended: {said}");
    }
    // What it says later is read, too, so that it never waits for a reader.
    let log = std::thread::spawn(move || {
        let mut log = Vec::new();
        drop(reader.read_to_end(&mut log));
        String::from_utf8_lossy(&log).into_owned()
    });
    let url = said.rsplit_once(r#""url":"http://"#).unwrap().1.split('"').next().unwrap();
    let port = url.rsplit_once(':').map_or(0, |(_, port)| port.parse().unwrap_or(0));
    Spawned { child, said, port, log }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test that killed it has waited for it already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
