//! Assets of rows in packages: what is asked for is there with the bytes that it has, and what is not available is said.

use super::Served;
use crate::support::everything;
use labelport_engine::ambient::Chance;
use labelport_engine::catalog::asset;
use labelport_engine::export::{self, ExportError, ExportOptions, ROW_LIMIT_BYTES};
use labelport_engine::manifest::Manifest;
use labelport_engine::outbound::{Client, Policy};
use labelport_engine::sink::{Destination, Existing, FolderSink, Rules};
use labelport_engine::storage::files::Files;
use labelport_engine::verify::verify_package;
use labelport_formats::write::{
    Coco, Cvat, Datumaro, Format, HuggingFace, Masks, Rttm, TextGrid, Voc, WebDataset, WebVtt, Yolo,
};
use labelport_model::losses::{MEDIA, Outcome};
use labelport_model::request::{Accept, ExportRequest, Scope};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A picture of 3 x 2 pixels, with bytes that tell it from others.
fn bitmap(tag: &[u8]) -> Vec<u8> {
    let mut bytes = b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x03\0\0\0\x02\0\0\0\x01\0\x18\0".to_vec();
    bytes.resize(78, 0);
    bytes.extend_from_slice(tag);
    bytes
}

/// Serves pictures. Once they were read, those named `gone…` are not there any more, and those named `busy…` are not at
/// the next request. Returns `http://127.0.0.1:port`.
fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut counts: HashMap<String, usize> = HashMap::new();
        while let Ok((connection, _)) = listener.accept() {
            answer(connection, &mut counts);
        }
    });
    here
}

fn answer(mut connection: TcpStream, counts: &mut HashMap<String, usize>) {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !request.ends_with(b"\r\n\r\n") && connection.read(&mut byte).is_ok_and(|count| count == 1) {
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let count = counts.entry(path.to_owned()).or_default();
    *count += 1;
    let (status, body) = match (path, *count) {
        (path, 2..) if path.starts_with("/gone") => ("404 Not Found", Vec::new()),
        (path, 2) if path.starts_with("/busy") => ("503 Service Unavailable", Vec::new()),
        _ => ("200 OK", bitmap(path.as_bytes())),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // The client may have turned away already.
    let _ = connection.write_all(&[head.as_bytes(), &body].concat());
}

struct Fixed;

impl Chance for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// Allows files below a folder, and addresses of this machine.
fn policy(root: &Path) -> Policy {
    Policy { allowed: vec!["127.0.0.0/8".parse().unwrap()], media_roots: vec![root.to_owned()], ..Policy::default() }
}

/// Rows that are pictures, and what fetches them.
struct Pictures {
    served: Served,
    client: Client,
    out: TempDir,
    /// Where files are kept, if not where the workspace keeps them.
    files: Option<Files>,
    has_client: bool,
}

impl Pictures {
    /// Makes rows of such external ids and URLs.
    fn new(served: Served, rows: &[(&str, String)], root: &Path) -> Self {
        let payloads: Vec<Value> = rows
            .iter()
            .map(|(name, url)| json!({ "row_data": url, "external_id": name, "global_key": name, "media_type": "IMAGE" }))
            .collect();
        served.rows(&served.dataset("set"), &payloads);
        while asset::look_at_waiting(&served.workspace, &|| false).unwrap() {}
        Self { served, client: Client::new(policy(root)), out: TempDir::new().unwrap(), files: None, has_client: true }
    }

    fn export(
        &self,
        format: &dyn Format,
        media: &str,
        accept: &[&str],
        threads: usize,
    ) -> Result<(PathBuf, Manifest), ExportError> {
        let mut request: ExportRequest = everything(Scope::Catalog);
        request.format.options.insert("media".to_owned(), media.to_owned());
        request.format.accept = accept.iter().map(|text| Accept::parse(text).unwrap()).collect();
        let path = self.out.path().join(format!("{}-{media}-{threads}/", format.name()));
        let rules = Rules { data_folder: None, existing: Existing::KeepForeign, chance: &Fixed };
        let mut sink = FolderSink::create(Destination::check_folder(&path, &rules).unwrap()).unwrap();
        let workspace = &self.served.workspace;
        let mut run = ExportOptions {
            threads,
            format,
            row_limit_bytes: ROW_LIMIT_BYTES,
            labels_created: None,
            progress: &mut |_| {},
            stop: None,
            files: Some(self.files.as_ref().unwrap_or(workspace.files())),
            client: Some(&self.client).filter(|_| self.has_client),
        };
        let manifest = export::run(workspace.store(), &request, &mut sink, &mut run)?;
        let sink: Box<dyn labelport_engine::sink::Sink> = Box::new(sink);
        sink.finish(&manifest).unwrap();
        Ok((path, manifest))
    }
}

/// A file of this machine, an upload and what is fetched, each as a row.
fn of_every_place(root: &Path) -> (Pictures, Vec<(&'static str, Vec<u8>)>) {
    let served = Served::open(None, policy(root));
    let upload = served.upload("kept.bmp", &bitmap(b"kept"));
    std::fs::write(root.join("here.bmp"), bitmap(b"here")).unwrap();
    let here = format!("file://{}", root.join("here.bmp").display());
    let server = serve();
    let mut rows = vec![("kept.bmp", upload), ("here.bmp", here)];
    let names: Vec<String> = (0..20).map(|number| format!("{number:02}.bmp")).collect();
    rows.extend(names.iter().map(|name| (name.as_str(), format!("{server}/{name}?token=1"))));
    let mut expect = vec![("kept.bmp", bitmap(b"kept")), ("here.bmp", bitmap(b"here"))];
    expect.push(("07.bmp", bitmap(b"/07.bmp?token=1")));
    expect.push(("19.bmp", bitmap(b"/19.bmp?token=1")));
    (Pictures::new(served, &rows, root), expect)
}

#[test]
fn pictures_are_copied_as_they_are_into_every_format_of_pictures() {
    let root = TempDir::new().unwrap();
    let (pictures, expect) = of_every_place(root.path());
    let folders: [(&dyn Format, &str); 7] = [
        (&Yolo, "images/train"),
        (&Coco, "images/train"),
        (&Masks, "images/train"),
        (&Voc, "JPEGImages"),
        (&Datumaro, "images/train"),
        (&Cvat, "train/images"),
        (&HuggingFace, "train"),
    ];
    for (format, folder) in folders {
        let (path, manifest) = pictures.export(format, "copy", &[], 2).unwrap();
        for (name, bytes) in &expect {
            let found = std::fs::read(path.join(folder).join(name)).ok();
            assert_eq!(found.as_ref(), Some(bytes), "{}: {name}", format.name());
        }
        let verdict = verify_package(&path, &manifest, &mut |_| {}).unwrap();
        assert_eq!(verdict.differences, [], "{}", format.name());
        let listed = std::fs::read_to_string(path.join("rows.csv")).unwrap();
        assert!(listed.contains(&format!("{folder}/kept.bmp")), "{}: {listed}", format.name());
    }
}

#[test]
fn recordings_are_copied_with_their_captions() {
    let root = TempDir::new().unwrap();
    let served = Served::open(None, policy(root.path()));
    let sound = b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x02\0\0\0\0\0";
    let url = served.upload("call.wav", sound);
    let payload = json!({ "row_data": url, "external_id": "calls/1.wav", "global_key": "1", "media_type": "AUDIO" });
    served.rows(&served.dataset("set"), &[payload]);
    while asset::look_at_waiting(&served.workspace, &|| false).unwrap() {}
    let client = Client::new(policy(root.path()));
    let recordings = Pictures { served, client, out: TempDir::new().unwrap(), files: None, has_client: true };
    for (format, file) in [(&WebVtt as &dyn Format, "train/calls/1.vtt"), (&Rttm, "train/calls/1.rttm")] {
        let (path, manifest) = recordings.export(format, "copy", &[], 2).unwrap();
        assert_eq!(std::fs::read(path.join("media/train/calls/1.wav")).unwrap(), sound, "{}", format.name());
        assert!(path.join(file).exists());
        assert_eq!(verify_package(&path, &manifest, &mut |_| {}).unwrap().differences, []);
    }
    // Nothing in it has times, so that nothing is written of it.
    let (path, _) = recordings.export(&TextGrid, "copy", &[], 2).unwrap();
    assert!(!path.join("media").exists());
}

#[test]
fn any_number_of_threads_copies_the_same() {
    let root = TempDir::new().unwrap();
    let (pictures, _) = of_every_place(root.path());
    let digest = |threads| pictures.export(&Yolo, "copy", &[], threads).unwrap().1.digest.sha256;
    let first = digest(1);
    assert!([2, 7].iter().all(|threads| digest(*threads) == first));
}

#[test]
fn without_the_option_there_are_no_pictures() {
    let root = TempDir::new().unwrap();
    let (pictures, _) = of_every_place(root.path());
    let (path, _) = pictures.export(&Yolo, "none", &[], 2).unwrap();
    assert!(!path.join("images").exists());
}

#[cfg(unix)]
#[test]
fn files_of_this_machine_are_linked_and_others_are_fetched() {
    use std::os::unix::fs::MetadataExt;
    // The result is next to the data folder, on one file system.
    let root = TempDir::new().unwrap();
    let (pictures, expect) = of_every_place(root.path());
    let (path, manifest) = pictures.export(&Yolo, "link", &[], 2).unwrap();
    for (name, bytes) in &expect {
        let file = path.join("images/train").join(name);
        assert_eq!(&std::fs::read(&file).unwrap(), bytes, "{name}");
        let expected_links = if ["kept.bmp", "here.bmp"].contains(name) { 2 } else { 1 };
        assert_eq!(file.metadata().unwrap().nlink(), expected_links, "{name}");
    }
    assert_eq!(verify_package(&path, &manifest, &mut |_| {}).unwrap().differences, []);
}

#[test]
fn what_is_surely_not_there_is_said_before_the_first_byte() {
    let root = TempDir::new().unwrap();
    let served = Served::open(None, policy(root.path()));
    let upload = served.upload("kept.bmp", &bitmap(b"kept"));
    let lost = served.upload("lost.bmp", &bitmap(b"lost"));
    let rows = [("kept.bmp", upload), ("lost.bmp", lost.clone())];
    let pictures = Pictures::new(served, &rows, root.path());
    let id = pictures.served.workspace.find_own_file(&lost).unwrap();
    pictures.served.workspace.files().remove(&id).unwrap();
    let refused = match pictures.export(&HuggingFace, "copy", &[], 2) {
        Err(ExportError::Lossy(refused)) => refused,
        other => panic!("{other:?}"),
    };
    let media: Vec<(&str, u64)> = refused
        .losses
        .iter()
        .filter(|(loss, _)| loss.what == MEDIA)
        .map(|(loss, count)| (loss.reason.as_str(), count))
        .collect();
    assert_eq!(media, [("its file is not there any more", 1)], "{refused}");
    let (path, manifest) = pictures.export(&HuggingFace, "copy", &["media=left_out"], 2).unwrap();
    let losses = std::fs::read_to_string(path.join("losses.ndjson")).unwrap();
    assert!(
        losses.contains(r#""kind":"media","outcome":"left_out","reason":"its file is not there any more""#),
        "{losses}"
    );
    let left_out = manifest.losses.iter().filter(|(loss, _)| loss.what == MEDIA && loss.outcome == Outcome::LeftOut);
    assert_eq!(left_out.map(|(_, count)| count).sum::<u64>(), 1);
    assert!(path.join("train/kept.bmp").exists() && !path.join("train/lost.bmp").exists());
}

/// Makes rows with two pictures, of which the second changes once it was looked at.
fn with_a_changing_picture(root: &Path, name: &str) -> Pictures {
    let server = serve();
    let rows = [("a.bmp", format!("{server}/a.bmp")), (name, format!("{server}/{name}"))];
    Pictures::new(Served::open(None, policy(root)), &rows, root)
}

fn id_of(pictures: &Pictures, name: &str) -> String {
    let rows = pictures.served.export_all(Scope::Catalog);
    let row = rows.iter().find(|row| row["data_row"]["external_id"] == name).unwrap();
    row["data_row"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_picture_that_cannot_be_fetched_ends_the_export_unless_that_is_accepted() {
    let root = TempDir::new().unwrap();
    let pictures = with_a_changing_picture(root.path(), "gone.bmp");
    let error = pictures.export(&HuggingFace, "copy", &[], 2).unwrap_err();
    let expect = format!("the media of data row {} is not available: 127.0.0.1", id_of(&pictures, "gone.bmp"));
    assert!(error.to_string().starts_with(&expect) && error.to_string().contains("status 404"), "{error}");
    assert_eq!(pictures.out.path().read_dir().unwrap().count(), 0, "nothing is left");
    let (path, _) = pictures.export(&HuggingFace, "copy", &["media=left_out"], 2).unwrap();
    assert!(path.join("train/a.bmp").exists());
}

#[test]
fn a_failure_of_this_machine_is_not_a_missing_picture() {
    let root = TempDir::new().unwrap();
    let mut pictures = with_a_changing_picture(root.path(), "b.bmp");
    // What is fetched can be kept nowhere.
    std::fs::write(root.path().join("file"), "").unwrap();
    pictures.files = Some(Files::new(&root.path().join("file")));
    let error = pictures.export(&Yolo, "copy", &["*=left_out", "*=reduced"], 2).unwrap_err();
    assert!(matches!(error, ExportError::Write { .. }), "{error}");
    assert_eq!(pictures.out.path().read_dir().unwrap().count(), 0, "nothing is left");
}

#[test]
fn assets_that_nothing_finds_are_losses() {
    let root = TempDir::new().unwrap();
    let mut pictures = with_a_changing_picture(root.path(), "b.bmp");
    pictures.has_client = false;
    let refused = pictures.export(&Yolo, "copy", &[], 2).unwrap_err().to_string();
    assert!(refused.contains("2 media left out: nothing was given that finds assets"), "{refused}");
    pictures.export(&Yolo, "none", &[], 2).unwrap();
}

#[test]
fn a_server_that_is_busy_for_a_moment_is_asked_again() {
    let root = TempDir::new().unwrap();
    let pictures = with_a_changing_picture(root.path(), "busy.bmp");
    let (path, _) = pictures.export(&HuggingFace, "copy", &[], 2).unwrap();
    assert_eq!(std::fs::read(path.join("train/busy.bmp")).unwrap(), bitmap(b"/busy.bmp"));
}

/// Returns the samples of a shard: names and contents, in their order.
fn samples(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in tar::Archive::new(std::fs::File::open(path).unwrap()).entries().unwrap() {
        let (mut entry, mut bytes) = (entry.unwrap(), Vec::new());
        entry.read_to_end(&mut bytes).unwrap();
        found.push((entry.path().unwrap().display().to_string(), bytes));
    }
    found
}

#[test]
fn a_sample_is_the_row_and_then_its_asset() {
    let root = TempDir::new().unwrap();
    let served = Served::open(None, policy(root.path()));
    let large = bitmap(&vec![7; 1_300_000]);
    let mut rows = vec![("large.bmp".to_owned(), served.upload("large.bmp", &large))];
    rows.extend((0..20).map(|number| (format!("{number:02}.bmp"), served.upload("a.bmp", &bitmap(&[number; 3])))));
    let rows: Vec<(&str, String)> = rows.iter().map(|(name, url)| (name.as_str(), url.clone())).collect();
    let pictures = Pictures::new(served, &rows, root.path());
    let native = pictures.served.export_all(Scope::Catalog);
    let (path, manifest) = pictures.export(&WebDataset, "copy", &[], 2).unwrap();
    assert_eq!(verify_package(&path, &manifest, &mut |_| {}).unwrap().differences, []);
    let found = samples(&path.join("train-000000.tar"));
    assert_eq!(found.len(), 2 * rows.len());
    for (pair, row) in found.chunks(2).zip(&native) {
        let key = pair[0].0.strip_suffix(".json").unwrap();
        assert_eq!(pair[1].0, format!("{key}.bmp"));
        assert_eq!(row["data_row"]["external_id"], pair[1].0);
        let json: Value = serde_json::from_slice(&pair[0].1).unwrap();
        assert_eq!(&json["data_row"], &row["data_row"]);
        let expect = if key == "large" { large.clone() } else { bitmap(&[key.parse().unwrap(); 3]) };
        assert!(pair[1].1 == expect, "{key}");
    }
    let digest = |threads| pictures.export(&WebDataset, "copy", &[], threads).unwrap().1.digest.sha256;
    assert!([1, 7].iter().all(|threads| digest(*threads) == manifest.digest.sha256));
}

#[test]
fn a_sample_whose_asset_is_gone_is_the_row_alone() {
    let root = TempDir::new().unwrap();
    let pictures = with_a_changing_picture(root.path(), "gone.bmp");
    assert!(matches!(pictures.export(&WebDataset, "copy", &[], 2), Err(ExportError::Media { .. })));
    let (path, _) = pictures.export(&WebDataset, "copy", &["media=left_out"], 2).unwrap();
    let names: Vec<String> = samples(&path.join("train-000000.tar")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a.json", "a.bmp", "gone.json"]);
    let losses = std::fs::read_to_string(path.join("losses.ndjson")).unwrap();
    assert!(losses.contains("status 404"), "{losses}");
}
