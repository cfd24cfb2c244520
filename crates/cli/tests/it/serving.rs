//! What `labelport serve` says when it starts, and what it answers to clients other than the SDK.

use crate::server::{Server, Spawned, spawn};
use crate::support::{Place, repository};
use crate::tasks::is_export;
use labelport_formats::write::{FORMATS, MEDIA};
use labelport_store::tables::tasks::TaskStatus;
use std::io::Read;
use std::process::Stdio;

#[test]
fn a_server_that_listens_everywhere_reports_which_urls_others_get() {
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
fn the_container_starts_the_server_with_options_that_there_are() {
    let file = std::fs::read_to_string(repository().join("Containerfile")).unwrap();
    let words = |name: &str| -> Vec<String> {
        let line = file.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        serde_json::from_str(line).unwrap()
    };
    assert_eq!(words("ENTRYPOINT "), ["labelport"]);
    let command = words("CMD ");
    assert_eq!(command[0], "serve");
    // An unknown option is refused before the help is printed.
    let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
    Place::empty().run(&arguments).succeeded();
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
    check("GET /files/%ff/x", "400", "");
    check("GET /api/v1/data-rows/%ff/asset", "400", "");
}

#[test]
fn probes_and_metrics_need_no_key() {
    let server = Server::start(&["127.0.0.1:0"]);
    assert!(server.ask("GET /healthz").ends_with(r#"{"status":"ok"}"#));
    assert!(server.ask("GET /readyz").ends_with(r#"{"status":"ready"}"#));
    server.start_export();
    server.place().wait_for_task(TaskStatus::Complete, is_export);
    server.call("GET", "/api/v1/tasks?secret=1", "");
    server.call("BREW", "/files/a/b", "");
    let metrics = server.ask("GET /metrics");
    for line in [
        r#"labelport_http_requests_total{method="GET",route="/api/v1/tasks",status="200"} 1"#,
        r#"labelport_http_requests_total{method="other",route="/files/{id}/{name}",status="405"} 1"#,
        r#"labelport_tasks{status="complete"} 1"#,
        "labelport_tasks_waiting 0",
        "labelport_exported_rows_total 0",
        "labelport_exported_bytes_total 0",
        "labelport_fetches_refused_total 0",
        "labelport_database_size_bytes ",
        "labelport_http_connections ",
    ] {
        assert!(metrics.contains(line), "{line:?} is not in {metrics}");
    }
    assert!(!metrics.contains("secret"), "{metrics}");
}

#[test]
fn the_first_key_is_not_printed_where_nobody_reads_it() {
    let place = Place::empty();
    let Spawned { mut child, said, .. } = spawn(&place, &["127.0.0.1:0".to_owned()], Stdio::piped());
    child.kill().unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.wait().unwrap();
    assert!(!said.contains("lbp_") && out.is_empty(), "{said}{out}");
    assert!(said.contains(r#""has_key":false"#), "{said}");
    assert_eq!(place.run(&["key", "list"]).succeeded().out.lines().count(), 1, "no key was made");
}

/// The tests around this one have pipes; people have terminals.
#[cfg(target_os = "linux")]
#[test]
fn a_server_on_a_terminal_prints_the_first_key_and_logs() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    let terminal = || std::fs::OpenOptions::new().read(true).write(true).open(&name).unwrap();
    let place = Place::empty();
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(terminal()).stderr(terminal()).spawn().unwrap();
    // What the command holds open here would keep the terminal from ending with the server.
    drop(command);
    let (mut master, mut said, mut bytes) = (std::fs::File::from(master), String::new(), [0; 4_096]);
    while !said.contains("print(client") {
        let count = master.read(&mut bytes).unwrap_or_default();
        assert!(count > 0, "it ended: {said}");
        said.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(said.contains("The API key, shown this once:") && said.contains("lbp_"), "{said}");
    assert!(!said.contains("tracing"), "{said}");
    assert_eq!(place.run(&["key", "list"]).succeeded().out.lines().count(), 2, "one key was made");
}

#[test]
fn an_export_by_rest_is_the_file_that_the_command_writes() {
    let server = Server::start_in(Place::with_demo_rows(), &["127.0.0.1:0"]);
    let place = server.place();
    const OPTION: &str = "--format-option";
    let mut cases: Vec<(&str, String, Vec<&str>)> = vec![
        ("ndjson", "\"ndjson\"".to_owned(), vec![]),
        (
            "yolo",
            r#"{"name":"yolo","options":{"task":"segment"},"allow_lossy":true}"#.to_owned(),
            vec![OPTION, "task=segment", "--allow-lossy"],
        ),
        (
            "coco",
            r#"{"name":"coco","options":{"task":"panoptic"},"allow_lossy":true}"#.to_owned(),
            vec![OPTION, "task=panoptic", "--allow-lossy"],
        ),
        (
            "yolo",
            r#"{"name":"yolo","accept":["*=reduced","*=left_out"]}"#.to_owned(),
            vec!["--accept", "*=left_out,*=reduced"],
        ),
    ];
    // The assets of the demo are nowhere, and a command has no options by which the formats of before v2 are asked for.
    for format in FORMATS.iter().filter(|format| !format.name().starts_with("legacy")) {
        let (name, options) = (format.name(), format.options());
        let has_media = options.iter().any(|option| option.name == MEDIA.name);
        let without = if has_media { r#","options":{"media":"none"}"# } else { "" };
        let mut arguments = vec!["--allow-lossy"];
        if has_media {
            arguments.extend([OPTION, "media=none"]);
        }
        cases.push((name, format!(r#"{{"name":"{name}"{without},"allow_lossy":true}}"#), arguments));
    }
    for (format, choice, options) in cases {
        let file = if format == "ndjson" { "out.ndjson".to_owned() } else { format!("{format}.zip") };
        let body = format!(r#"{{"scope":{{"kind":"catalog"}},"params":{{"all_projects":true}},"format":{choice}}}"#);
        let started = server.call("POST", "/api/v1/exports", &body);
        assert!(started.starts_with("HTTP/1.1 201"), "{started}");
        let id = started.split("\"id\":\"").nth(1).unwrap().split('"').next().unwrap();
        let task = place.wait_for_task(TaskStatus::Complete, |task| task.id.as_str() == id);
        let shown = server.call("GET", &format!("/api/v1/tasks/{}", task.id), "");
        let url = shown.split("\"resultUrl\":\"").nth(1).unwrap().split('"').next().unwrap();
        let path = &url[url.find("/results/").unwrap()..];
        let answer = server.send_for_bytes(&format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"));
        let head = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let arguments = ["export", "catalog", "--all-projects", "--format", format, "-o", &file];
        place.run(&[&arguments[..], &options].concat()).succeeded();
        assert!(answer[head..] == std::fs::read(place.path(&file)).unwrap(), "{format}: the bytes differ");
        let headers = String::from_utf8_lossy(&answer[..head]).into_owned();
        let content_type = if format == "ndjson" { "application/x-ndjson" } else { "application/zip" };
        assert!(headers.contains(&format!("content-type: {content_type}")), "{headers}");
    }
    for (body, expect) in [
        (r#"{"scope":{"kind":"catalog"},"format":"cvs"}"#, "there is no format \\\"cvs\\\"; there are: "),
        (r#"{"scope":{"kind":"catalog"},"format":{"name":"csv","options":{"bom":"2"}}}"#, "the option bom cannot be"),
        (r#"{"params":{}}"#, "the key scope is missing"),
    ] {
        let answer = server.call("POST", "/api/v1/exports", body);
        assert!(answer.starts_with("HTTP/1.1 4") && answer.contains(expect), "{body}: {answer}");
    }
}

#[test]
fn results_have_the_statuses_of_http() {
    let server = Server::start_in(Place::with_rows_and_an_endless_video(5_999), &["127.0.0.1:0"]);
    server.start_endless_export();
    let running = server.place().wait_for_task(TaskStatus::InProgress, |task| task.lease.is_some());
    let organization = server.place().store().organization().unwrap().id;
    let early = server.call("GET", &format!("/api/v1/export-results/{}/{organization}", running.id), "");
    assert!(early.starts_with("HTTP/1.1 409") && early.contains("retry-after: 2"), "{early}");
    server.place().run(&["task", "cancel", running.id.as_str()]).succeeded();
    server.start_export();
    let running = server.place().wait_for_task(TaskStatus::Complete, is_export);
    let path = format!("/api/v1/export-results/{}/{organization}", running.id);
    let whole = server.call("GET", &path, "");
    let tag = whole
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .unwrap_or_else(|| panic!("{}", &whole[..400.min(whole.len())]));
    let ask =
        |header: &str| server.send(&format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{header}\r\n\r\n"));
    for known in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = ask(&format!("if-none-match: {known}"));
        assert!(answer.starts_with("HTTP/1.1 304") && answer.contains(&format!("etag: {tag}")), "{known}: {answer}");
    }
    for range in ["bytes=a-b", "bytes=9-1", "bytes=0-1,4-5", "lines=1-2", "bytes"] {
        let answer = ask(&format!("range: {range}"));
        assert!(answer.starts_with("HTTP/1.1 200"), "{range}: {}", &answer[..200]);
    }
    assert!(ask("range: bytes=0-9").starts_with("HTTP/1.1 206"));
    let beyond = ask("range: bytes=999999999-");
    assert!(beyond.starts_with("HTTP/1.1 416") && beyond.contains("\r\n\r\n{\"message\":\""), "{beyond}");
    // The result and its manifest, checked by id and by both kinds of URL.
    let id = running.id.as_str();
    let url = format!("http://127.0.0.1:{}{path}", server.port);
    let shown = server.call("GET", &format!("/api/v1/tasks/{id}"), "");
    let signed = shown.split("\"resultUrl\":\"").nth(1).unwrap().split('"').next().unwrap();
    for named in [id, &url, signed] {
        let verified = server.place().run(&["verify", named]);
        verified.ended(0, &["is as exported: 6,000 rows"]);
    }
    let wrong = signed.replace("signature=", "signature=0");
    server.place().run(&["verify", &wrong]).ended(1, &["127.0.0.1 answers with status 4"]);
    server.place().run(&["verify", &format!("http://127.0.0.1:{}/", server.port)]).ended(1, &["not one of a whole"]);
    // A part that is damaged on disk is found, by id and by URL.
    let folder = server.place().path("labelport-data/results").join(id);
    let parts = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let manifest = folder.join("manifest.json");
    assert!(parts.into_iter().any(|part| part == manifest));
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"rows\":6000", "\"rows\":6001")).unwrap();
    assert_ne!(server.place().run(&["verify", id]).code, 0);
    assert_ne!(server.place().run(&["verify", &url]).code, 0);
}

#[test]
fn exports_of_a_key_wait_in_limited_number() {
    let server = Server::start_in(
        Place::with_rows_and_an_endless_video(9),
        &["127.0.0.1:0", "--workers", "1", "--max-queued-exports", "1"],
    );
    server.start_endless_export();
    server.place().wait_for_task(TaskStatus::InProgress, |task| task.lease.is_some());
    server.start_export();
    server.place().wait_for_task(TaskStatus::InProgress, |task| task.lease.is_none());
    let query = "mutation($input: I!){exportDataRowsInCatalog(input: $input){taskId}}";
    let body = format!(r#"{{"query":"{query}","variables":{{"input":{{"filters":{{}},"params":{{}}}}}}}}"#);
    let refused = server.call("POST", "/graphql", &body);
    assert!(refused.contains("You have exceeded the limit of 1 exports"), "{refused}");
    let metrics = server.ask("GET /metrics");
    assert!(metrics.contains(r#"labelport_http_rejected_total{reason="export_queue"} 1"#), "{metrics}");
}
