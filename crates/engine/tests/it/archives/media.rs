//! Masks and frames that records name by URL or path: fetched, found again, or left where they are.

use super::{changed_nothing, rows};
use crate::support::{NOW_MS, Workspace};
use labelport_engine::import::{self, Fetcher, ImportOptions, Source, Summary};
use labelport_engine::outbound::{Client, Policy};
use labelport_engine::storage::files::Files;
use labelport_model::time::Timestamp;
use labelport_store::tables::files;
use serde_json::{Value, json};
use std::io::{Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nand so on";
const FRAME: &str =
    r#"{"frameNumber":3,"objects":[{"featureId":"cf0000000000000000000000a","title":"a","point":{"x":1.0,"y":2.0}}]}"#;
const PROJECT: &str = "cp00000000000000000000001";
const FEATURE: &str = "cf0000000000000000000000b";

/// Answers requests for `/mask`, `/frames` and `/page`; nothing else is there. Returns `http://127.0.0.1:port`.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((connection, _)) = listener.accept() {
            std::thread::spawn(move || answer(connection));
        }
    });
    here
}

fn answer(mut connection: TcpStream) {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && connection.read(&mut byte).is_ok_and(|count| count == 1) {
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let (status, body): (&str, &[u8]) = match request.split([' ', '?']).nth(1).unwrap_or_default() {
        "/mask" => ("200 OK", PNG),
        "/frames" => ("200 OK", FRAME.as_bytes()),
        "/page" => ("200 OK", b"<html>"),
        _ => ("404 Not Found", b""),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // The client may have turned away already.
    let _ = connection.write_all(&[head.as_bytes(), body].concat());
}

fn fetcher(folder: &Path) -> Arc<Fetcher> {
    let policy = Policy { allowed: vec!["127.0.0.0/8".parse().unwrap()], ..Policy::default() };
    Arc::new(Fetcher::new(Client::new(policy), Files::new(folder)))
}

fn import(workspace: &Workspace, source: Source, fetcher: Option<Arc<Fetcher>>, strict: bool) -> Summary {
    let scratch = TempDir::new().unwrap();
    let mut options = ImportOptions {
        strict,
        threads: 2,
        record_limit_bytes: 1 << 20,
        scratch_folder: scratch.path(),
        reader: None,
        run_name: None,
        fetcher,
        refused: None,
        now: Timestamp::from_millis(NOW_MS),
        progress: &mut |_| {},
        stop: None,
    };
    import::run(&workspace.store, source, &mut options).unwrap()
}

fn stream(records: &[Value]) -> Source {
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    Source::stream("archive.ndjson", Box::new(Cursor::new(text.into_bytes())))
}

fn record(number: usize, label: Value) -> Value {
    let id = |kind: &str| format!("{kind}{number:0>23}");
    json!({
        "ID": id("cl"), "DataRow ID": id("cr"), "Labeled Data": "https://h/a", "Label": label, "Project Name": "Yard",
        "View Label": format!("https://e?project={PROJECT}&label=x"),
    })
}

fn masked(number: usize, feature: &str, url: &str) -> Value {
    record(number, json!({ "objects": [{ "featureId": feature, "title": "a", "instanceURI": url }] }))
}

fn annotations(row: &Value) -> &Value {
    &row["projects"][PROJECT]["labels"][0]["annotations"]
}

#[test]
fn what_can_be_fetched_is_kept_and_the_rest_is_reported() {
    let here = serve();
    for strict in [false, true] {
        let (workspace, folder) = (Workspace::new(), TempDir::new().unwrap());
        let records = [
            masked(1, FEATURE, &format!("{here}/mask")),
            masked(2, "cf0000000000000000000000c", &format!("{here}/gone?token=secret")),
            masked(3, "cf0000000000000000000000d", &format!("{here}/page")),
            record(4, json!({ "frames": format!("{here}/frames") })),
            record(5, json!({ "frames": format!("{here}/gone") })),
            record(6, json!({ "frames": "s3://bucket/frames" })),
            record(7, json!({ "frames": format!("{here}/page?token=secret") })),
        ];
        let counts = import(&workspace, stream(&records), Some(fetcher(folder.path())), strict).archive.unwrap();
        assert_eq!((counts.masks_here, counts.masks_elsewhere), (1, 2));
        assert_eq!((counts.frame_files_here, counts.frame_files_elsewhere, counts.unreachable), (1, 3, 5));
        let reasons = counts.unreachable_reasons.join("\n");
        for words in [
            "status 404",
            "a mask that is not a PNG picture",
            "s3://bucket is not a bucket that may be read",
            "a file of frames that cannot be read: line 1",
        ] {
            assert!(reasons.contains(words) && !reasons.contains("secret"), "{reasons}");
        }
        let stored = rows(&workspace);
        let place = format!("/api/v1/projects/{PROJECT}/annotations/{FEATURE}/index/1/mask");
        assert_eq!(annotations(&stored[0])["objects"][0]["mask"]["url"], format!("labelport:{place}"));
        let url = &annotations(&stored[1])["objects"][0]["mask"]["url"];
        assert!(url.as_str().unwrap().ends_with("/gone?token=secret"), "it stays where it is");
        assert!(annotations(&stored[3])["frames"]["3"]["objects"].is_object(), "{}", stored[3]);
        assert_eq!(annotations(&stored[4])["frames"], json!({}));
        let frames = &stored[5]["projects"][PROJECT]["labels"][0]["legacy"]["Label"]["frames"];
        assert_eq!(frames, "s3://bucket/frames");
        let org_key = workspace.store.org_key();
        let mut reader = workspace.store.reader().unwrap();
        let file = files::find_mask(&mut *reader, org_key, &place).unwrap().unwrap();
        let known = files::find(&mut *reader, org_key, &file).unwrap().unwrap();
        assert_eq!((known.size_bytes, known.content_type.as_deref()), (PNG.len() as i64, Some("image/png")));
        assert_eq!(std::fs::read(Files::new(folder.path()).local_path(&file).unwrap()).unwrap(), PNG);
        // What was fetched stays, whether or not it is fetched again.
        for again in [None, Some(fetcher(folder.path()))] {
            changed_nothing(&import(&workspace, stream(&records), again, strict));
            assert_eq!(rows(&workspace), stored);
        }
    }
}

#[test]
fn nothing_is_fetched_unless_it_is_asked_for() {
    let (workspace, folder) = (Workspace::new(), TempDir::new().unwrap());
    let records =
        [masked(1, FEATURE, "http://127.0.0.1:1/mask"), record(2, json!({ "frames": "http://127.0.0.1:1/f" }))];
    let counts = import(&workspace, stream(&records), None, false).archive.unwrap();
    assert_eq!((counts.masks_elsewhere, counts.frame_files_elsewhere, counts.unreachable), (1, 1, 0));
    // A private address is refused even then.
    let client = Client::new(Policy::default());
    let strict = Arc::new(Fetcher::new(client, Files::new(folder.path())));
    let counts = import(&workspace, stream(&records), Some(strict), false).archive.unwrap();
    assert_eq!(counts.unreachable, 2);
    assert!(counts.unreachable_reasons.iter().all(|reason| reason.contains("not at a public address")));
}

#[test]
fn frames_are_read_from_paths_that_are_relative_to_the_export() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("frames")).unwrap();
    std::fs::write(folder.path().join("frames/a b.ndjson"), FRAME).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(FRAME.as_bytes()).unwrap();
    std::fs::write(folder.path().join("packed.ndjson.gz"), packed.finish().unwrap()).unwrap();
    std::fs::write(folder.path().join("broken.ndjson"), format!("{FRAME}\n{{\"frameNumber\":4")).unwrap();
    std::fs::write(folder.path().join("long.ndjson"), " ".repeat(2 << 20)).unwrap();
    let url = format!("file://{}/frames/a%20b.ndjson", folder.path().display());
    let addresses =
        ["frames/a b.ndjson", "packed.ndjson.gz", &url, "broken.ndjson", "missing.ndjson", "frames", "long.ndjson"];
    let records: Vec<Value> =
        addresses.iter().enumerate().map(|(number, address)| record(number, json!({ "frames": address }))).collect();
    let path = folder.path().join("archive.json");
    std::fs::write(&path, Value::Array(records).to_string()).unwrap();
    let workspace = Workspace::new();
    let summary = import(&workspace, Source::file(&path).unwrap(), None, false);
    let stored = rows(&workspace);
    assert_eq!(stored.len(), 3);
    for row in &stored {
        assert_eq!(annotations(row)["frames"].as_object().unwrap().len(), 1, "{row}");
    }
    let reasons: Vec<&str> = summary.refusals.iter().map(|refused| refused.reason.as_str()).collect();
    for (reason, expect) in
        reasons.iter().zip(["line 2: ", "put the file where", "it is not a file", "longer than 1 MiB"])
    {
        assert!(reason.starts_with("Label.frames: the frames in ") && reason.contains(expect), "{reason}");
    }
    assert_eq!(reasons.len(), 4);
}

#[test]
fn a_host_that_does_not_answer_is_not_asked_again_and_again() {
    let (workspace, folder) = (Workspace::new(), TempDir::new().unwrap());
    // Nothing listens where something has just listened.
    let gone = format!("http://{}/mask", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let here = serve();
    let mut records: Vec<Value> = (0..9).map(|number| masked(number, &format!("cf{number:0>23}"), &gone)).collect();
    records.push(masked(9, FEATURE, &format!("{here}/mask")));
    let counts = import(&workspace, stream(&records), Some(fetcher(folder.path())), false).archive.unwrap();
    assert_eq!((counts.masks_here, counts.masks_elsewhere, counts.unreachable), (1, 9, 9));
    let reasons = counts.unreachable_reasons;
    assert!(reasons.iter().any(|reason| reason.contains("is not asked again")), "{reasons:?}");
    assert!(reasons.len() == 2, "{reasons:?}");
}
