//! Files that nothing refers to, and what must not be taken for one.

use super::{Served, everything, new_row};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::catalog::{attachment, data_row};
use labelport_engine::projects::label;
use labelport_engine::releases;
use labelport_engine::storage::results::Results;
use labelport_engine::storage::unused::{self, Unused, UnusedError};
use labelport_model::request::{ExportRequest, FormatChoice, Scope};
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::tables::files;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::time::{Duration, SystemTime};

/// A time at which every file is old.
const LATE_MS: i64 = 4_000_000_000_000;

/// Finds what is unused late in the day.
fn find(served: &Served) -> Unused {
    let late = Timestamp::from_millis(LATE_MS);
    let results = Results::new(served.folder());
    let mut kept = |connection: &mut dyn Connection, each: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>| {
        releases::each_text(connection, served.workspace.org_key(), &results, each)
    };
    served
        .workspace
        .read(|connection| Ok(unused::find(connection, served.workspace.files(), &mut kept, late).unwrap()))
        .unwrap()
}

#[test]
fn files_that_a_release_names_stay_until_it_is_deleted() {
    for format in ["ndjson", "csv"] {
        let served = Served::new();
        let picture = served.upload("picture.png", b"\0picture");
        let (id, import) = row(&served, &served.dataset("set"), &json!({ "row_data": picture, "global_key": "a" }));
        let request = ExportRequest { format: FormatChoice::of(format), ..everything(Scope::Catalog) };
        let start = || releases::start(&served.workspace, &served.caller, "first", "", &request);
        let task = served.order(start).unwrap();
        served.complete(&task);
        data_row::delete(&served.workspace, vec![id]).unwrap();
        sweep(&served, &import.each_ref().map(String::as_str));
        releases::delete(&served.workspace, "first").unwrap();
        sweep(&served, &[&picture]);
    }
}

/// Removes what is unused, which has to be these files.
#[track_caller]
fn sweep(served: &Served, expect: &[&str]) {
    let unused = find(served);
    let expect: BTreeSet<String> = expect.iter().map(|url| id_of(served, url)).collect();
    assert_eq!(unused.ids.iter().cloned().collect::<BTreeSet<_>>(), expect);
    unused::remove(served.workspace.store(), served.workspace.files(), unused).unwrap();
    for id in &expect {
        assert!(served.workspace.files().open(id).is_err(), "{id}");
        assert_eq!(served.read(|connection| files::find(connection, served.workspace.org_key(), id)), None);
    }
    assert_eq!((find(served).ids, find(served).size_bytes), (Vec::new(), 0));
}

fn id_of(served: &Served, url: &str) -> String {
    served.workspace.find_own_file(url).unwrap_or_else(|| url.to_owned())
}

/// Creates a row from a chunk of the test's; returns its id, and the URLs of the files of the import.
fn row(served: &Served, dataset_id: &str, payload: &Value) -> (String, [String; 2]) {
    let chunk = served.upload("chunk.json", json!([new_row(dataset_id, payload)]).to_string().as_bytes());
    let manifest = served.upload("manifest.json", json!({ "chunk_uris": [chunk] }).to_string().as_bytes());
    let rows = labelport_engine::catalog::row_import::Rows::Manifest(&manifest);
    let start = || labelport_engine::catalog::row_import::start(&served.workspace, &served.caller, rows);
    let task = served.order(start).unwrap();
    assert!(!find(served).ids.contains(&id_of(served, &manifest)), "it is still to be read");
    served.complete(&task);
    (served.statuses(&task, false)[0].1.clone(), [chunk, manifest])
}

#[test]
fn files_that_a_row_names_go_with_the_row() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    sweep(&served, &[]);
    let picture = served.upload("picture.png", b"\0picture");
    let inner = served.upload("inner.txt", b"a text");
    let talk = json!({ "type": "application/vnd.labelbox.conversational", "messages": [{ "content": inner }] });
    let talk = served.upload("talk.json", talk.to_string().replace('/', "\\/").as_bytes());
    let note = served.upload("note.txt", b"a note");
    let lost = served.upload("lost.png", b"lost");
    assert_eq!(find(&served).size_bytes, 8 + 6 + size_of(&served, &talk) + 6 + 4);
    let payload = json!({ "row_data": picture, "attachments": [{ "type": "RAW_TEXT", "value": note }] });
    let (first, [chunk, manifest]) = row(&served, &dataset_id, &payload);
    let (second, [other_chunk, other_manifest]) = row(&served, &dataset_id, &json!({ "row_data": talk }));
    sweep(&served, &[&lost, &chunk, &manifest, &other_chunk, &other_manifest]);
    data_row::delete(&served.workspace, vec![first]).unwrap();
    sweep(&served, &[&picture, &note]);
    data_row::delete(&served.workspace, vec![second]).unwrap();
    sweep(&served, &[&talk, &inner]);
}

/// Returns how many bytes a file has.
fn size_of(served: &Served, url: &str) -> u64 {
    let id = id_of(served, url);
    served.workspace.files().open(&id).unwrap().metadata().unwrap().len()
}

#[test]
fn masks_go_with_their_label() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let ids = served.rows(&dataset_id, &[super::image("g0")]);
    let tools = json!({ "tools": [{ "tool": "raster-segmentation", "name": "water" }], "classifications": [] });
    let project = served.project("project", "IMAGE", &tools, &ids);
    let mask = json!({ "uuid": "m", "dataRow": { "id": ids[0] }, "name": "water",
                       "mask": { "size": [2, 2], "counts": [1, 3] } });
    served.import(ImportKind::Label, &project.id, "labels", &[mask]);
    let before = find(&served);
    unused::remove(served.workspace.store(), served.workspace.files(), before).unwrap();
    let has_masks = || served.read(|connection| files::has_masks(connection));
    assert!(has_masks());
    let line = &served.export_all(labelport_model::request::Scope::Project(project.id.clone()))[0];
    let found = &line["projects"][&project.id]["labels"][0]["id"];
    label::delete(&served.workspace, vec![found.as_str().unwrap().to_owned()]).unwrap();
    let masks = find(&served);
    assert_eq!(masks.ids.len(), 2, "the composite and the instance: {masks:?}");
    unused::remove(served.workspace.store(), served.workspace.files(), masks).unwrap();
    assert!(!has_masks());
}

#[test]
fn young_files_are_kept_with_what_they_name() {
    let served = Served::new();
    let old = served.upload("old.png", b"old");
    let young = served.upload("young.json", json!([old]).to_string().as_bytes());
    let path = served.workspace.files().local_path(&id_of(&served, &young)).unwrap();
    let set = |age_ms: i64| {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_millis((LATE_MS - age_ms) as u64);
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
    };
    set(unused::YOUNG_MS);
    assert_eq!(find(&served).ids, Vec::<String>::new());
    set(unused::YOUNG_MS + 1);
    sweep(&served, &[&old, &young]);
}

#[test]
fn nothing_is_removed_that_was_named_in_the_meantime() {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let picture = served.upload("picture.png", b"\0picture");
    let ids = served.rows(&dataset_id, &[json!({ "row_data": "text" })]);
    let unused = find(&served);
    assert!(unused.ids.contains(&id_of(&served, &picture)));
    let given = json!({ "type": "IMAGE", "value": picture });
    attachment::create(&served.workspace, &ids[0], &given).unwrap();
    let refused = unused::remove(served.workspace.store(), served.workspace.files(), unused);
    assert!(matches!(refused, Err(UnusedError::Written)), "{refused:?}");
    assert!(served.workspace.files().open(&id_of(&served, &picture)).is_ok());
    assert!(!find(&served).ids.contains(&id_of(&served, &picture)));
}
