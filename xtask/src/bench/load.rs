//! The server under load: many connections that each send a request, read the answer and send the next.
//!
//! Every connection is a thread of its own that blocks, so that the latency is that of one client. The threads run on the
//! same processors as the server.

use super::export::IMAGES;
use super::http::Server;
use super::line::{Line, Target};
use super::measure::Sample;
use super::setup::Bench;
use crate::step::now;
use std::cell::Cell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::time::Duration;

/// How long each round takes.
const ROUND: Duration = Duration::from_secs(3);
/// The stack of a thread that holds a connection.
const STACK_BYTES: usize = 256 << 10;

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let server = Rc::new(Server::start(bench, "image-tenth")?);
    let row = first_row_id(bench)?;
    let project = server.project(IMAGES)?;
    let export = format!(
        "mutation{{exportDataRowsInProject(input: {{isStreamableReady: true, filters: {{projectId: \\\"{project}\\\", \
         searchQuery: {{query: [{{type: \\\"data_row_id\\\", operator: \\\"is\\\", ids: [\\\"{row}\\\"]}}]}}}}, \
         params: {{includeLabelDetails: true}}}}){{taskId}}}}"
    );
    let slowest = Rc::new(Cell::new(0.0));
    let line = |name: &str, target, query: &str, expect: &'static str, connections| {
        let (server, request, slowest) = (Rc::clone(&server), server.request(query, true), Rc::clone(&slowest));
        Line {
            name: name.to_owned(),
            yardstick: String::new(),
            target,
            ours: Box::new(move || {
                let mut times = run(&server.address, &request, expect, connections)?;
                times.sort_by(f64::total_cmp);
                slowest.set(times[times.len() * 99 / 100]);
                Ok(Sample { secs: ROUND.as_secs_f64(), units: times.len() as f64, peak_kib: 0 })
            }),
            theirs: None,
        }
    };
    let query = line("a trivial query at 50 connections", Target::PerSec(15_000.0), "{user{id email}}", "email", 50);
    let create = line("creating a one-row export at 200 connections", Target::PerSec(600.0), &export, "taskId", 200);
    let latency = Line {
        name: "the same, the slowest of a hundred".to_owned(),
        yardstick: String::new(),
        target: Target::Millis(400.0),
        // That of the last round of the line before.
        ours: Box::new(move || Ok(Sample { secs: slowest.get(), units: 1.0, peak_kib: 0 })),
        theirs: None,
    };
    Ok(vec![query, create, latency])
}

/// Sends the request again and again on many connections; returns the seconds from each request to its answer.
fn run(address: &str, request: &str, expect: &str, connections: usize) -> Result<Vec<f64>, String> {
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..connections {
            let spawned = std::thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, || repeat(address, request, expect));
            threads.push(spawned.map_err(|error| error.to_string())?);
        }
        let mut times = Vec::new();
        for thread in threads {
            times.extend(thread.join().unwrap_or_else(|_| Err("a client panicked".to_owned()))?);
        }
        Ok(times)
    })
}

fn repeat(address: &str, request: &str, expect: &str) -> Result<Vec<f64>, String> {
    let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let mut reader = BufReader::new(stream.try_clone().map_err(|error| error.to_string())?);
    let mut writer = stream;
    let begun = now();
    let mut times = Vec::new();
    let (mut line, mut body) = (String::new(), Vec::new());
    while begun.elapsed() < ROUND {
        let started = now();
        writer.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line).map_err(|error| error.to_string())?;
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body).map_err(|error| error.to_string())?;
        times.push(started.elapsed().as_secs_f64());
        let text = String::from_utf8_lossy(&body);
        if !text.contains(expect) || text.contains("\"errors\"") {
            return Err(format!("the answer was {text}"));
        }
    }
    Ok(times)
}

fn first_row_id(bench: &Bench) -> Result<String, String> {
    let file = std::fs::File::open(bench.rows_file("image-tenth")).map_err(|error| error.to_string())?;
    let mut first = String::new();
    BufReader::new(file).read_line(&mut first).map_err(|error| error.to_string())?;
    let id = first.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next());
    id.map(str::to_owned).ok_or_else(|| "a row has no id".to_owned())
}
