//! Exports into a bucket, and a server whose files and results lie in one.

use crate::object_server::{Fault, ObjectServer, Planned};
use crate::server::Server;
use crate::support::{Place, Ran};
use serde_json::{Value, json};
use std::time::Duration;

fn demo(server: &ObjectServer) -> Place {
    Place::with_demo_rows().with_environment(server.environment())
}

#[test]
fn an_export_into_a_bucket_is_the_file_that_it_would_be() {
    let server = ObjectServer::start();
    let place = demo(&server);
    let check = |name: &str, options: &[&str]| {
        let export = |target: &str| {
            let arguments = [&["export", "catalog", "--everything"][..], options, &["-o", target]].concat();
            place.run(&arguments).succeeded()
        };
        export(name);
        // The second time it replaces what it wrote.
        for _ in 0..2 {
            let ran = export(&format!("s3://labels/exports/{name}"));
            assert!(ran.err.contains(&format!("s3://labels/exports/{name}")), "{}", ran.err);
            for suffix in ["", ".manifest.json"] {
                let name = format!("{name}{suffix}");
                assert!(server.read(&format!("exports/{name}")) == place.read(&name), "{name} differs");
            }
        }
    };
    check("rows.ndjson", &[]);
    check("rows.ndjson.zst", &[]);
    check("coco.zip", &["--format", "coco", "--allow-lossy"]);
    assert_eq!(server.keys().len(), 6);
    let changes = ["export", "catalog", "--everything", "--since", "rows.ndjson", "-o"];
    place.run(&[&changes[..], &["delta.ndjson"]].concat()).succeeded();
    place.run(&[&changes[..], &["s3://labels/delta.ndjson"]].concat()).succeeded();
    for name in ["delta.ndjson", "delta.changes.ndjson", "delta.ndjson.manifest.json"] {
        assert!(server.read(name) == place.read(name), "{name} differs");
    }
    // A full export takes the place of a delta with all that belongs to it.
    place.run(&["export", "catalog", "--everything", "-o", "s3://labels/delta.ndjson"]).succeeded();
    assert!(server.read("delta.ndjson") == place.read("rows.ndjson"));
    assert!(!server.keys().contains(&"delta.changes.ndjson".to_owned()), "{:?}", server.keys());
}

#[test]
fn an_object_of_somebody_else_is_replaced_on_demand_alone() {
    let server = ObjectServer::start();
    let place = demo(&server);
    let export =
        |more: &[&str]| place.run(&[&["export", "catalog", "-o", "s3://labels/rows.ndjson"][..], more].concat());
    server.write("rows.ndjson", b"mine");
    export(&[]).ended(1, &["s3://labels/rows.ndjson exists and is not a result that labelport wrote", "--force"]);
    assert_eq!(server.read("rows.ndjson"), b"mine");
    export(&["--force"]).succeeded();
    export(&[]).succeeded();
    server.write("rows.ndjson.manifest.json", b"mine");
    export(&[]).ended(1, &["s3://labels/rows.ndjson.manifest.json", "not a manifest of labelport"]);
}

#[test]
fn what_cannot_be_written_is_said_in_a_sentence_and_leaves_nothing() {
    let server = ObjectServer::start();
    let place = demo(&server);
    let export =
        |target: &str, more: &[&str]| -> Ran { place.run(&[&["export", "catalog", "-o", target][..], more].concat()) };
    server.plan(&[Planned { line: "GET /labels/rows.ndjson", times: 1, fault: Fault::NoBucket }]);
    export("s3://labels/rows.ndjson", &[])
        .ended(1, &["the bucket s3://labels does not exist; create it or use another bucket"]);
    let serve = ["--results", "s3://nobody/team", "serve", "--listen", "127.0.0.1:0"];
    place.run(&serve).ended(1, &["the bucket s3://nobody does not exist; create it or use another bucket"]);
    export("s3://labels/", &[]).ended(2, &["s3://labels/ names no object", "add a key"]);
    export("s3:///rows.ndjson", &[]).ended(2, &["does not name a bucket"]);
    export("s3://labels/rows.txt", &[]).ended(2, &[".ndjson"]);
    export("s3://labels/coco", &["--format", "coco", "--allow-lossy"]).ended(2, &["end the name in .zip or .tar"]);
    // Once it is known that the object may be written, the store refuses it.
    server.plan(&[Planned { line: "PUT /labels/rows.ndjson", times: usize::MAX, fault: Fault::Forbidden }]);
    export("s3://labels/rows.ndjson", &[]).ended(1, &["s3://labels/rows.ndjson refuses access (AccessDenied)"]);
    place.run(&["verify", "s3://labels/rows.ndjson"]).ended(1, &["from which results are not read", "copy it"]);
    place.run(&["--results", "bucket", "list", "projects"]).ended(2, &["write s3://BUCKET/PREFIX"]);
    assert_eq!(server.keys(), [""; 0]);
}

/// Starts an export of the catalog; returns the id of its task.
fn start(server: &Server) -> String {
    let answer =
        server.call("POST", "/api/v1/exports", r#"{"scope":{"kind":"catalog"},"params":{"all_projects":true}}"#);
    body(&answer)["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// Waits for the end of an export; returns its manifest and its rows.
fn complete(server: &Server, id: &str) -> (Value, String) {
    for _ in 0..6_000 {
        let task = body(&server.call("GET", &format!("/api/v1/exports/{id}"), ""));
        if task["status"] == json!("COMPLETE") {
            let manifest = body(&server.call("GET", &format!("/api/v1/exports/{id}/manifest"), ""));
            let rows = server.call("GET", &format!("/api/v1/exports/{id}/result"), "");
            return (manifest, rows.split_once("\r\n\r\n").unwrap().1.to_owned());
        }
        assert_eq!(task["status"], json!("IN_PROGRESS"), "{task}");
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("the export has not ended within a minute");
}

/// Kills a server when it has made a request, starts it again, and compares the result with that of a server with a folder.
fn check_killed_at(line: &'static str, fault: Fault) {
    let store = ObjectServer::start();
    let results = ["127.0.0.1:0", "--results", "s3://labels/team"];
    let mut server = Server::start_in(demo(&store), &results);
    let before = store.keys();
    store.plan(&[Planned { line, times: 1, fault }]);
    let id = start(&server);
    for _ in 0..6_000 {
        if store.is_holding() {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    assert!(store.is_holding(), "{line} was not requested");
    server.kill();
    server.restart();
    let (manifest, rows) = complete(&server, &id);
    let keys: Vec<String> = store.keys().into_iter().filter(|key| !before.contains(key)).collect();
    assert!(keys.len() == 3 && keys.iter().all(|key| key.starts_with(&format!("team/results/{id}/"))), "{keys:?}");
    assert!(!server.place().path("labelport-data/results").join(&id).exists());
    server.place().run(&["export", "catalog", "--all-projects", "-o", "rows.ndjson"]).succeeded();
    assert_eq!(rows.as_bytes(), server.place().read("rows.ndjson"));
    let written: Value = serde_json::from_slice(&server.place().read("rows.ndjson.manifest.json")).unwrap();
    assert_eq!(manifest, written);
}

#[test]
fn a_server_killed_while_it_sends_a_part_gives_the_result_after_its_restart() {
    check_killed_at("PUT /labels/team/results", Fault::Hold);
}

#[test]
fn a_server_killed_while_it_publishes_gives_the_result_after_its_restart() {
    check_killed_at("manifest.json", Fault::HoldAnswer);
}

#[test]
fn a_backup_without_the_bucket_says_so() {
    let server = ObjectServer::start();
    let place = demo(&server);
    let ran = place.run(&["--results", "s3://labels/team", "backup", "copy"]).succeeded();
    assert!(ran.err.contains("the database alone") && ran.err.contains("s3://labels/team"), "{}", ran.err);
    assert!(!place.path("copy/files").exists());
}

#[test]
fn a_release_in_a_bucket_is_kept_copied_and_checked() {
    let server = ObjectServer::start();
    let place = demo(&server);
    let results = ["--results", "s3://labels/team"];
    let run = |arguments: &[&str]| place.run(&[&results[..], arguments].concat());
    run(&["release", "create", "first", "--catalog", "--everything"]).succeeded();
    assert_eq!(server.keys().len(), 3, "{:?}", server.keys());
    run(&["release", "verify", "first"]).succeeded();
    run(&["release", "export", "first", "-o", "first.ndjson"]).succeeded();
    run(&["release", "export", "first", "-o", "s3://labels/first.ndjson.gz"]).succeeded();
    place.run(&["export", "catalog", "--everything", "-o", "rows.ndjson"]).succeeded();
    assert!(place.read("first.ndjson") == place.read("rows.ndjson"));
    run(&["doctor"]).succeeded();
    // The check says when the results are elsewhere.
    place.run(&["doctor"]).ended(3, &["release first"]);
    run(&["release", "delete", "first", "--yes"]).succeeded();
    let keys = server.keys();
    assert!(keys.iter().all(|key| key.starts_with("first.ndjson.gz")), "{keys:?}");
}

/// The boundary of the parts of an upload.
const BOUNDARY: &str = "b0undary";

/// Uploads a file; returns the path of its URL.
fn upload(server: &Server, content: &str) -> String {
    let operations = r#"{"query":"mutation($file: Upload!){uploadFile(file: $file){url}}","variables":{"file":null}}"#;
    let part = |name: &str, text: &str| {
        format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n")
    };
    let file = format!(
        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"1\"; filename=\"a.txt\"\r\n\r\n{content}\r\n--{BOUNDARY}--\r\n"
    );
    let sent = part("operations", operations) + &part("map", r#"{"1":["variables.file"]}"#) + &file;
    let answer = server.call_with("POST", "/graphql", &format!("multipart/form-data; boundary={BOUNDARY}"), &sent);
    let url = body(&answer)["data"]["uploadFile"]["url"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let (_, path) = url.split_once("://").unwrap().1.split_once('/').unwrap();
    format!("/{path}")
}

#[test]
fn uploads_are_kept_in_the_bucket_and_read_through_the_server_or_from_there() {
    let store = ObjectServer::start();
    let start = |more: &[&str]| {
        let arguments = [&["127.0.0.1:0", "--results", "s3://labels/team"][..], more].concat();
        Server::start_in(Place::empty().with_environment(store.environment()), &arguments)
    };
    let server = start(&[]);
    let path = upload(&server, "0123456789");
    assert!(store.keys().len() == 1 && store.read(&store.keys()[0]) == b"0123456789", "{:?}", store.keys());
    assert!(!server.place().path("labelport-data/files").join(&store.keys()[0]).exists());
    let answer = server.ask(&format!("GET {path}"));
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\n0123456789"), "{answer}");
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\nrange: bytes=3-5\r\n\r\n");
    let answer = server.send(&request);
    assert!(answer.starts_with("HTTP/1.1 206") && answer.ends_with("\r\n\r\n345"), "{answer}");
    let server = start(&["--redirect-downloads"]);
    let path = upload(&server, "abcdefghij");
    let answer = server.ask(&format!("GET {path}"));
    assert!(answer.starts_with("HTTP/1.1 307"), "{answer}");
    let location = answer.lines().find_map(|line| line.strip_prefix("location: http://")).unwrap();
    let (address, target) = location.split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!("GET /{target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("abcdefghij"), "{answer}");
    let forged = server.ask(&format!("GET {}", path.replace("signature=", "signature=0")));
    assert!(forged.starts_with("HTTP/1.1 4"), "{forged}");
    let alone = Place::empty().run(&["serve", "--redirect-downloads", "--listen", "127.0.0.1:0"]);
    alone.ended(2, &["--redirect-downloads is for files in a bucket; add --results"]);
}

#[test]
fn assets_in_a_bucket_are_read_where_the_operator_allows_it_alone() {
    let store = ObjectServer::start();
    let export = |name: &str, more: &[&str]| {
        let place = Place::empty().with_environment(store.environment());
        let row = json!({
            "data_row": { "id": "c0123456789abcdefghijklmn", "row_data": format!("s3://labels/{name}") },
            "media_attributes": { "width": 2, "height": 2, "mime_type": "image/png", "asset_type": "image" },
        });
        place.write("rows.ndjson", format!("{row}\n").as_bytes());
        place.run(&["import", "labelbox", "rows.ndjson"]).succeeded();
        let begin =
            ["export", "catalog", "--format", "coco", "--format-option", "media=copy", "--allow-lossy", "-o", "out"];
        let ran = place.run(&[&begin[..], more].concat());
        let pictures = place.path("out").exists().then(|| {
            let mut files =
                place.path("out").read_dir().unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
            let mut found = Vec::new();
            while let Some(path) = files.pop() {
                match path.is_dir() {
                    true => files.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path())),
                    false if path.extension().is_some_and(|ending| ending == "png") => {
                        found.push(std::fs::read(path).unwrap())
                    }
                    false => {}
                }
            }
            found
        });
        (ran, pictures)
    };
    store.write("media-a.png", b"a picture");
    let refused = ["s3://labels is not a bucket that may be read", "--allow-bucket s3://labels"];
    let (ran, pictures) = export("media-a.png", &[]);
    ran.ended(0, &refused);
    assert_eq!(pictures, Some(Vec::new()));
    let (ran, pictures) = export("media-a.png", &["--allow-bucket", "s3://labels"]);
    ran.succeeded();
    assert_eq!(pictures, Some(vec![b"a picture".to_vec()]));
    // A place allows what lies below it, and no other name that begins like it.
    export("media-a.png", &["--allow-bucket", "s3://labels/media"]).0.ended(0, &refused);
    export("media-a.png", &["--allow-bucket", "gs://labels"]).0.ended(0, &refused);
    let gone = ["there is no such object in s3://labels"];
    export("media-b.png", &["--allow-bucket", "s3://labels"]).0.ended(0, &gone);
}
