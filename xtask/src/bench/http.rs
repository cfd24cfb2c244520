//! Exports over HTTP and through the SDK, against a server of this run.

use super::export::{IMAGES, doing};
use super::line::{Line, Target};
use super::measure::{self, Sample};
use super::setup::{Bench, size_of};
use crate::step::now;
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::rc::Rc;

/// How many ranges are read.
const RANGES: u64 = 10_000;
/// How many streams are read at once.
const STREAMS: usize = 8;

/// A server of this run, ended with it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    key: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn lines(bench: &Bench) -> Result<Vec<Line>, String> {
    let server = Rc::new(Server::start(bench, "image")?);
    let bytes = size_of(&bench.exported("image", IMAGES)?);
    let (task, organization) = server.export(bench)?;
    let path = format!("/api/v1/export-results/{task}/{organization}");
    let to_nowhere = || {
        let mut command = bench.export("image", IMAGES);
        command.args(["-o", "/dev/null"]);
        doing(command, move |command| measure::run(command, None, bytes))
    };
    let one = {
        let (server, path) = (Rc::clone(&server), path.clone());
        move || {
            let (read, secs) = download(&server.address, &path)?;
            Ok(Sample { secs, units: read as f64, peak_kib: measure::high_water_kib(server.child.id()) })
        }
    };
    let many = {
        let (server, path) = (Rc::clone(&server), path.clone());
        move || many(&server, &path)
    };
    let ranges = {
        let (server, path) = (Rc::clone(&server), path.clone());
        move || read_ranges(&server.address, &path, bytes as u64)
    };
    let mut lines = vec![
        Line {
            name: "download of a stored export over HTTP".to_owned(),
            yardstick: "the same export to `/dev/null`".to_owned(),
            target: Target::Share(0.7),
            ours: Box::new(one),
            theirs: Some(to_nowhere()),
        },
        Line {
            name: format!("{STREAMS} downloads at once, all together"),
            yardstick: "the same export to `/dev/null`".to_owned(),
            target: Target::Share(0.7),
            ours: Box::new(many),
            theirs: Some(to_nowhere()),
        },
        Line {
            name: format!("a random range of a stored result, median of {RANGES}"),
            yardstick: String::new(),
            target: Target::Millis(2.0),
            ours: Box::new(ranges),
            theirs: None,
        },
    ];
    lines.push(sdk(bench, &server));
    Ok(lines)
}

/// The SDK from call to list, for a thousand rows.
fn sdk(bench: &Bench, server: &Rc<Server>) -> Line {
    let python = bench.python("sdk", &["labelbox==7.17.0"]);
    let server = Rc::clone(server);
    let again = Bench {
        root: bench.root.clone(),
        folder: bench.folder.clone(),
        binary: bench.binary.clone(),
        options: bench.options.clone(),
    };
    let ids = RefCell::new(String::new());
    let file = bench.rows_file("image");
    Line {
        name: "`export_v2` of 1,000 rows in the SDK, from call to list".to_owned(),
        yardstick: String::new(),
        target: Target::Millis(150.0),
        ours: Box::new(move || {
            let python = python.as_ref().map_err(Clone::clone)?;
            if ids.borrow().is_empty() {
                let reader = BufReader::new(std::fs::File::open(&file).map_err(|error| error.to_string())?);
                let lines: Result<Vec<String>, _> = reader.lines().take(1_000).collect();
                let lines = lines.map_err(|error| error.to_string())?;
                let found = lines.iter().filter_map(|line| line.split("\"id\":\"").nth(1)?.split('"').next());
                *ids.borrow_mut() = found.collect::<Vec<_>>().join(",");
            }
            let url = format!("http://{}", server.address);
            again.script(python, "sdk_export.py", &[&url, &server.key, IMAGES, &ids.borrow()])
        }),
        theirs: None,
    }
}

impl Server {
    /// Starts a server on a workspace.
    pub(crate) fn start(bench: &Bench, place: &str) -> Result<Self, String> {
        let key = bench.labelport(place).args(["key", "create"]).output();
        let key = key.map_err(|error| error.to_string())?;
        let key = String::from_utf8_lossy(&key.stdout).trim().to_owned();
        if key.is_empty() {
            return Err("no key was made".to_owned());
        }
        let mut command = bench.labelport(place);
        command
            .args(["--json", "serve", "--listen", "127.0.0.1:0", "--max-queued-exports", "1000"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| error.to_string())?;
        let mut said = String::new();
        let errors = child.stderr.take().ok_or("no pipe")?;
        BufReader::new(errors).read_line(&mut said).map_err(|error| error.to_string())?;
        let url = member(&said, "url").ok_or_else(|| format!("the server did not start: {said}"))?;
        Ok(Self { child, address: url.trim_start_matches("http://").to_owned(), key })
    }

    /// Exports the image project; returns the ids of the task and the organization.
    fn export(&self, bench: &Bench) -> Result<(String, String), String> {
        let found = self.ask("{projects(where:{name:\\\"Siding inventory\\\"}){id} organization{id}}")?;
        let mut ids = found.split("\"id\":\"").skip(1).filter_map(|rest| rest.split('"').next());
        let (project, organization) = (ids.next().ok_or("no project")?, ids.next().ok_or("no organization")?);
        let switches = [
            "includeAttachments",
            "includeMetadata",
            "includeEmbeddings",
            "includeDataRowDetails",
            "includeProjectDetails",
            "includeLabelDetails",
            "includePerformanceDetails",
            "includeInterpolatedFrames",
        ];
        let params: Vec<String> = switches.iter().map(|name| format!("{name}: true")).collect();
        let query = format!(
            "mutation{{exportDataRowsInProject(input: {{isStreamableReady: true, filters: {{projectId: \\\"{project}\\\"}}, \
             params: {{{}}}}}){{taskId}}}}",
            params.join(" ")
        );
        let task = member(&self.ask(&query)?, "taskId").ok_or("the export did not start")?;
        let status = format!("{{user{{createdTasks(where:{{id:\\\"{task}\\\"}}){{status}}}}}}");
        // A row takes some microseconds; a hundred times as long is a failure.
        for _ in 0..bench.options.rows.div_ceil(1_000).max(100) {
            if member(&self.ask(&status)?, "status").is_some_and(|status| status == "COMPLETE") {
                return Ok((task, organization.to_owned()));
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Err("the export did not end".to_owned())
    }

    /// Returns the id of a project.
    pub(crate) fn project(&self, name: &str) -> Result<String, String> {
        let found = self.ask(&format!("{{projects(where:{{name:\\\"{name}\\\"}}){{id}}}}"))?;
        member(&found, "id").ok_or_else(|| format!("there is no project {name}"))
    }

    /// Returns a request for a question whose quotes are escaped already.
    pub(crate) fn request(&self, query: &str, keeps_connection: bool) -> String {
        let body = format!("{{\"query\":\"{query}\"}}");
        let connection = if keeps_connection { "keep-alive" } else { "close" };
        format!(
            "POST /graphql HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: {connection}\r\n\r\n{body}",
            self.key,
            body.len()
        )
    }

    /// Asks a question whose quotes are escaped already.
    fn ask(&self, query: &str) -> Result<String, String> {
        let mut stream = TcpStream::connect(&self.address).map_err(|error| error.to_string())?;
        stream.write_all(self.request(query, false).as_bytes()).map_err(|error| error.to_string())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
        Ok(answer)
    }
}

/// Returns the text of a member of compact JSON.
fn member(text: &str, key: &str) -> Option<String> {
    let start = text.find(&format!("\"{key}\":\""))? + key.len() + 4;
    text[start..].split('"').next().map(str::to_owned)
}

/// Downloads a path; returns the bytes of the body and the seconds.
fn download(address: &str, path: &str) -> Result<(u64, f64), String> {
    let started = now();
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut buffer = vec![0; 1 << 20];
    let (mut total, mut head) = (0_u64, Vec::new());
    loop {
        let count = stream.read(&mut buffer).map_err(|error| error.to_string())?;
        if count == 0 {
            break;
        }
        total += count as u64;
        if head.len() < 4_096 {
            head.extend_from_slice(&buffer[..count.min(4_096)]);
        }
    }
    let text = String::from_utf8_lossy(&head);
    let end = text.find("\r\n\r\n").ok_or("no answer")?;
    if !text.starts_with("HTTP/1.1 200") {
        return Err(text.lines().next().unwrap_or_default().to_owned());
    }
    Ok((total - end as u64 - 4, started.elapsed().as_secs_f64()))
}

/// Downloads several times at once; fails where one stream took more than half as long again as another.
fn many(server: &Server, path: &str) -> Result<Sample, String> {
    let started = now();
    let outcomes: Vec<Result<(u64, f64), String>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..STREAMS).map(|_| scope.spawn(|| download(&server.address, path))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a reader panicked".to_owned())))
            .collect()
    });
    let secs = started.elapsed().as_secs_f64();
    let read: Vec<(u64, f64)> = outcomes.into_iter().collect::<Result<_, _>>()?;
    let slowest = read.iter().map(|(_, secs)| *secs).fold(0.0, f64::max);
    let fastest = read.iter().map(|(_, secs)| *secs).fold(f64::MAX, f64::min);
    if slowest > 1.5 * fastest {
        return Err(format!("not fair: one stream took {fastest:.2} s, another {slowest:.2} s"));
    }
    let bytes: u64 = read.iter().map(|(bytes, _)| bytes).sum();
    Ok(Sample { secs, units: bytes as f64, peak_kib: measure::high_water_kib(server.child.id()) })
}

/// Reads random ranges of 4 KiB over one connection; the seconds are the median of one.
fn read_ranges(address: &str, path: &str, size: u64) -> Result<Sample, String> {
    let stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let mut reader = BufReader::new(stream.try_clone().map_err(|error| error.to_string())?);
    let mut writer = stream;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut times = Vec::new();
    for _ in 0..RANGES {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let start = (seed >> 16) % size.saturating_sub(4_096).max(1);
        let started = now();
        let end = start + 4_095;
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nRange: bytes={start}-{end}\r\n\r\n");
        writer.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).map_err(|error| error.to_string())?;
            if line.trim().is_empty() {
                break;
            }
            if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = text.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).map_err(|error| error.to_string())?;
        if length == 0 {
            return Err("a range was empty".to_owned());
        }
        times.push(started.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(Sample { secs: times[times.len() / 2], units: 1.0, peak_kib: 0 })
}
