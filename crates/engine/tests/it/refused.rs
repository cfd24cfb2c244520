//! Refused records in a file of their own: as they were, with the reasons, to be corrected and imported.

use crate::hostile::good;
use crate::long_rows;
use crate::support::{ImportAs, Workspace, assert_same_bytes};
use labelport_engine::ambient::Chance;
use labelport_engine::import::{RefusedFiles, reasons_path};
use labelport_engine::sink::{DestinationError, Existing, FileError, Packing, Rules};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Counted;

impl Chance for Counted {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

fn create_with(path: &Path, existing: Existing, packing: Packing) -> Result<RefusedFiles, FileError> {
    RefusedFiles::create(path, &Rules { data_folder: None, existing, chance: &Counted }, packing)
}

fn create(path: &Path) -> RefusedFiles {
    create_with(path, Existing::Keep, Packing::Plain).unwrap()
}

/// A file for refused records in a folder that vanishes.
struct Place {
    folder: TempDir,
    records: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let records = folder.path().join("bad.ndjson");
        Self { folder, records }
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn records(&self) -> Vec<u8> {
        fs::read(&self.records).unwrap()
    }

    fn reasons(&self) -> Vec<Value> {
        let text = fs::read_to_string(reasons_path(&self.records)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Imports a file; returns the refused records and where the reasons say that they stood.
fn refused(bytes: &[u8], import: ImportAs) -> (Vec<u8>, Vec<Value>) {
    let place = Place::new();
    let mut files = create(&place.records);
    let workspace = Workspace::new();
    let summary = workspace.import_keeping("rows.ndjson", bytes, import, Some(&mut files)).unwrap();
    assert!(files.finish().unwrap());
    assert_eq!(place.names(), ["bad.ndjson", "bad.ndjson.reasons.ndjson"]);
    let reasons = place.reasons();
    assert_eq!(reasons.len() as u64, summary.refused);
    (place.records(), reasons)
}

const SHORT_ID: &str = r#"{"data_row":{"id":"short"}}"#;

/// Returns a row that a demo row contradicts: its global key is that of the first.
fn contradiction() -> String {
    let first: Value = serde_json::from_str(&good()[0]).unwrap();
    json!({ "data_row": { "id": "ca00000000000000000000000", "global_key": first["data_row"]["global_key"] } })
        .to_string()
}

#[test]
fn every_refused_line_is_written_as_it_was() {
    let [first, last] = good();
    let contradiction = contradiction();
    let broken: [&[u8]; 5] = [
        SHORT_ID.as_bytes(),
        b"{\"data_row\":{\"id\":\"cut",
        b"{\"x\":\"\xff\"}\r",
        b" nonsense\t",
        contradiction.as_bytes(),
    ];
    let mut file = first.into_bytes();
    let mut expect = Vec::new();
    for line in broken {
        for bytes in [&mut file, &mut expect] {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
    }
    file.extend_from_slice(last.as_bytes());
    for strict in [false, true] {
        let (records, reasons) = refused(&file, ImportAs { strict, ..ImportAs::default() });
        assert_same_bytes(&records, &expect, "the refused lines");
        let places: Vec<Value> =
            reasons.iter().map(|reason| json!([reason["record"], reason["line"], reason["column"]])).collect();
        assert_eq!(json!(places), json!([[1, 2, 19], [2, 3, 23], [3, 4, 7], [4, 5, 2], [5, 6, null]]));
        assert!(reasons.iter().all(|reason| reason["file"] == "rows.ndjson"));
        assert!(reasons[4]["reason"].as_str().unwrap().contains("global_key"), "{reasons:?}");
    }
}

#[test]
fn all_refused_records_are_written_however_many_are_listed() {
    let file = format!("{}{}", good()[0], format!("{SHORT_ID}\n").repeat(2_500));
    let (records, reasons) = refused(file.as_bytes(), ImportAs::default());
    assert_eq!(records.len(), 2_500 * (SHORT_ID.len() + 1));
    assert_eq!((&reasons[2_499]["record"], &reasons[2_499]["line"]), (&json!(2_500), &json!(2_501)));
    let summary = Workspace::new().import("rows.ndjson", file.as_bytes(), ImportAs::default()).unwrap();
    assert_eq!((summary.refused, summary.refusals.len()), (2_500, 1_000), "all are counted");
}

#[test]
fn corrected_records_are_imported() {
    let [first, last] = good();
    let whole = Workspace::new();
    whole.import_all("rows.ndjson", format!("{first}{last}").as_bytes());

    let wrong = last.replacen("\"id\":\"", "\"id\":\"x", 1);
    let workspace = Workspace::new();
    let place = Place::new();
    let mut files = create(&place.records);
    let text = format!("{first}{wrong}");
    workspace.import_keeping("rows.ndjson", text.as_bytes(), ImportAs::default(), Some(&mut files)).unwrap();
    files.finish().unwrap();
    let corrected = String::from_utf8(place.records()).unwrap().replace("\"id\":\"x", "\"id\":\"");
    workspace.import_all("bad.ndjson", corrected.as_bytes());
    assert_same_bytes(&workspace.export_catalog().bytes, &whole.export_catalog().bytes, "after the correction");
}

#[test]
fn elements_of_arrays_become_lines() {
    let [first, _] = good();
    let text =
        format!("[{},\n  {{\n\t\"data_row\": {{\"id\":\r\n \"short\"}}\n}}, 7, {SHORT_ID}] and more", first.trim_end());
    let (records, reasons) = refused(text.as_bytes(), ImportAs::default());
    let expect = format!("{{ \t\"data_row\": {{\"id\":\r  \"short\"}} }}\n7\n{SHORT_ID}\n");
    assert_eq!(String::from_utf8(records).unwrap(), expect);
    let numbers: Vec<&Value> = reasons.iter().map(|reason| &reason["record"]).collect();
    assert_eq!(json!(numbers), json!([1, 2, 3, null]), "text after the array is not a record");
}

/// Returns a row with a video of so many frames.
fn long_line(id: &str, frames: usize) -> String {
    let frames: Vec<String> =
        (1..=frames).map(|frame| format!(r#""{frame}":{{"objects":{{}},"x":"{frame}"}}"#)).collect();
    format!(
        r#"{{"data_row":{{"id":"{id}"}},"projects":{{"cp00000000000000000000001":{{"name":"p","labels":[{{"id":"cl00000000000000000000001","annotations":{{"frames":{{{}}}}}}}]}}}}}}"#,
        frames.join(",")
    )
}

#[test]
fn long_records_are_written_whole() {
    // Refused while they are read, when they are parsed and by the store.
    let limit_bytes = 2 << 10;
    let import = ImportAs { record_limit_bytes: limit_bytes, ..ImportAs::default() };
    let too_long = format!(r#"{{"data_row":{{"id":"{}"}}}}"#, "x".repeat(3 * limit_bytes));
    let short_id = long_line("short", 80);
    let video = Workspace::new();
    video.import_all("video", long_rows::video(200, 10).as_bytes());
    let video = String::from_utf8(video.export(&long_rows::with_every_frame()).bytes).unwrap();
    assert!(video.len() > 2 * limit_bytes && video.lines().count() == 1);
    let taken = r#"{"data_row":{"id":"cr00000000000000000000001"},"media_attributes":{"asset_type":"image"}}"#;
    assert!(short_id.len() > limit_bytes, "{}", short_id.len());
    let lines = [too_long, short_id, video.trim_end().to_owned()].map(|line| line + "\n");
    for (name, array) in [("lines", false), ("an array", true)] {
        let text = match array {
            false => format!("{taken}\n{}", lines.concat()),
            true => format!("[{taken},{}]", lines.join(",")),
        };
        let (records, reasons) = refused(text.as_bytes(), import);
        assert_same_bytes(&records, lines.concat().as_bytes(), name);
        let reasons: Vec<&str> = reasons.iter().map(|reason| reason["reason"].as_str().unwrap()).collect();
        let expect = ["longer than", "cannot be computed", "is stored as"];
        for (reason, expect) in reasons.iter().zip(expect) {
            assert!(reason.contains(expect), "{name}: {reasons:?}");
        }
    }
}

#[test]
fn nothing_refused_makes_no_file() {
    let place = Place::new();
    let mut files = create(&place.records);
    let text = good().concat();
    Workspace::new().import_keeping("rows.ndjson", text.as_bytes(), ImportAs::default(), Some(&mut files)).unwrap();
    assert!(!files.finish().unwrap());
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
fn an_import_that_fails_makes_no_file() {
    let place = Place::new();
    let mut files = create(&place.records);
    let packed = zstd::encode_all(format!("{}{SHORT_ID}\n", good()[0].repeat(2_000)).as_bytes(), 1).unwrap();
    let cut = &packed[..packed.len() - 3];
    Workspace::new().import_keeping("rows.ndjson", cut, ImportAs::default(), Some(&mut files)).unwrap_err();
    drop(files);
    assert_eq!(place.names(), Vec::<String>::new());
}

#[test]
fn what_exists_is_kept_unless_it_may_be_replaced() {
    for name in ["bad.ndjson", "bad.ndjson.reasons.ndjson", "bad.ndjson.manifest.json"] {
        let place = Place::new();
        fs::write(place.folder.path().join(name), "begun to be corrected").unwrap();
        for existing in [Existing::Keep, Existing::KeepForeign] {
            let outcome = create_with(&place.records, existing, Packing::Plain);
            assert!(matches!(outcome, Err(FileError::Destination(DestinationError::Exists(_)))), "{name}");
        }
        assert_eq!(place.names(), [name], "and no hidden file is left");
        for text in [format!("{}{SHORT_ID}\n", good()[0]), good()[0].clone()] {
            let mut files = create_with(&place.records, Existing::Replace, Packing::Plain).unwrap();
            let workspace = Workspace::new();
            workspace.import_keeping("f", text.as_bytes(), ImportAs::default(), Some(&mut files)).unwrap();
            let expect: &[&str] =
                if files.finish().unwrap() { &["bad.ndjson", "bad.ndjson.reasons.ndjson"] } else { &[] };
            assert_eq!(place.names(), expect, "{name}");
        }
    }
}

#[test]
fn refused_records_are_packed_as_the_name_says() {
    let place = Place::new();
    let path = place.folder.path().join("bad.ndjson.zst");
    let mut files = create_with(&path, Existing::Keep, Packing::Zstd).unwrap();
    // More than one chunk.
    let text = format!("{}{}", good()[0], format!("{SHORT_ID}\n").repeat(20_000));
    Workspace::new().import_keeping("f", text.as_bytes(), ImportAs::default(), Some(&mut files)).unwrap();
    files.finish().unwrap();
    let unpacked = zstd::decode_all(&*fs::read(&path).unwrap()).unwrap();
    assert_same_bytes(&unpacked, format!("{SHORT_ID}\n").repeat(20_000).as_bytes(), "unpacked");
}
