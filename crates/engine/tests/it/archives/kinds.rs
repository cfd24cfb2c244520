//! A file of each kind, in `tests/fixtures/archives`: what is stored of it in today's form, and what an export in the old
//! form gives back, are in `golden/archives`.

use super::{changed_nothing, conserved, of_scope, records_of_project, records_of_run, rows};
use crate::support::{ImportAs, Workspace, assert_same_bytes};
use labelport_engine::import::{Source, Summary};
use labelport_formats::read::{Conserved, Counts};
use labelport_model::request::Scope;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Returns the path of a fixture.
fn fixture(name: &str) -> PathBuf {
    Path::new("tests/fixtures/archives").join(name)
}

#[track_caller]
fn import(workspace: &Workspace, name: &str) -> Summary {
    let source = Source::file(&fixture(name)).unwrap();
    let summary = workspace.import_source(source, ImportAs::default()).unwrap();
    assert_eq!(summary.refusals, [], "{name}");
    summary
}

/// Returns the records of a fixture.
pub(super) fn records(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(fixture(name)).unwrap();
    if name.ends_with("ndjson") {
        return text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    }
    serde_json::from_str(&text).unwrap()
}

#[track_caller]
fn check_golden(name: &str, text: &str) {
    let file = Path::new("golden/archives").join(name);
    if is_blessed() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
        return;
    }
    let expected = std::fs::read(&file)
        .unwrap_or_else(|error| panic!("{} cannot be read ({error}); `cargo xtask bless` writes it", file.display()));
    assert_same_bytes(text.as_bytes(), &expected, name);
}

#[expect(clippy::disallowed_methods, reason = "goldens are rewritten by a variable, which only tests read")]
fn is_blessed() -> bool {
    std::env::var("LABELPORT_BLESS").is_ok_and(|value| value == "1")
}

/// Returns the ids of projects and of model runs.
fn homes(rows: &[Value]) -> (BTreeSet<String>, BTreeSet<String>) {
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().map_or(Vec::new(), |map| map.keys().cloned().collect()) };
    let projects = rows.iter().flat_map(|row| keys(&row["projects"])).collect();
    let models =
        rows.iter().flat_map(|row| row["experiments"].as_object().into_iter().flat_map(|models| models.values()));
    (projects, models.flat_map(|model| keys(&model["runs"])).collect())
}

/// Returns what a record draws and answers, without what nobody promises: the order of keys, and lists in lists.
fn essence(record: &Value) -> Vec<String> {
    fn flat(list: &Value) -> Vec<Value> {
        let items = list.as_array().into_iter().flatten();
        items.flat_map(|item| if item.is_array() { flat(item) } else { vec![item.clone()] }).collect()
    }
    fn of_label(label: &Value) -> Vec<String> {
        let mut found = Vec::new();
        for object in label["objects"].as_array().into_iter().flatten() {
            let mut object = object.clone();
            let answers = flat(&object["classifications"]);
            object.as_object_mut().unwrap().remove("classifications");
            // A colour that a record does not have is made from the feature.
            object.as_object_mut().unwrap().remove("color");
            found.push(sorted(&object));
            found.extend(answers.iter().map(sorted));
        }
        found.extend(flat(&label["classifications"]).iter().map(sorted));
        found
    }
    let label = &record["Label"];
    let frames = label.as_array().into_iter().flatten();
    let mut found: Vec<String> = frames
        .flat_map(|frame| {
            let number = frame["frameNumber"].clone();
            of_label(frame).into_iter().map(move |text| format!("{number} {text}"))
        })
        .collect();
    found.extend(of_label(label));
    found
}

/// Prints a value with its keys in order.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let members: std::collections::BTreeMap<&String, String> =
                map.iter().map(|(key, value)| (key, sorted(value))).collect();
            format!("{members:?}")
        }
        Value::Array(items) => format!("{:?}", items.iter().map(sorted).collect::<Vec<_>>()),
        other => other.to_string(),
    }
}

/// Imports a fixture, compares both forms with their goldens, and imports it again.
#[track_caller]
fn check(name: &str) -> Counts {
    let workspace = Workspace::new();
    let first = import(&workspace, name);
    let counts = conserved(&first).clone();
    let stem = name.split('.').next().unwrap();
    let rows = rows(&workspace);
    let today = workspace.export(&of_scope(Scope::Catalog)).bytes;
    check_golden(&format!("{stem}.today.ndjson"), std::str::from_utf8(&today).unwrap());
    let (projects, runs) = homes(&rows);
    let mut old = String::new();
    projects.iter().for_each(|id| old += &records_of_project(&workspace, id));
    runs.iter().for_each(|id| old += &records_of_run(&workspace, id));
    check_golden(&format!("{stem}.old.ndjson"), &old);
    changed_nothing(&import(&workspace, name));
    // What is exported in today's form is the whole.
    let second = Workspace::new();
    second.import_all("today.ndjson", &today);
    assert_same_bytes(&second.export(&of_scope(Scope::Catalog)).bytes, &today, "what went through a file of today");
    let in_second = |id: &String| records_of_project(&second, id);
    assert_eq!(
        projects.iter().map(in_second).collect::<String>(),
        if runs.is_empty() { old.clone() } else { String::new() }
    );
    // The same objects, titles, values and geometry, whatever the order of the records.
    let given = records(name);
    let written: Vec<Value> = old.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(written.len(), given.len());
    for record in &given {
        let same = written.iter().find(|found| found["ID"] == record["ID"]).unwrap();
        let with_frames = |record: &Value| match record["Label"]["frames"].as_str() {
            Some(file) if fixture(file).exists() => serde_json::json!({ "Label": records(file) }),
            _ => record.clone(),
        };
        assert_eq!(essence(same), essence(&with_frames(record)), "{}", record["External ID"]);
        for key in ["Created By", "Created At", "Updated At", "Seconds to Label", "External ID", "Agreement", "Skipped"]
        {
            assert_eq!(same.get(key), record.get(key), "{key}");
        }
        for key in ["Benchmark Agreement", "Benchmark ID", "Dataset Name", "Reviews", "Has Open Issues", "Data Split"] {
            assert_eq!(same.get(key), record.get(key), "{key}");
        }
    }
    counts
}

fn both(count: u64) -> Conserved {
    Conserved { read: count, stored: count }
}

#[test]
fn images_with_two_labels_a_skipped_one_and_a_second_project() {
    let counts = check("image.json");
    assert_eq!((counts.objects, counts.classifications), (both(6), both(7)));
    assert_eq!((counts.masks_elsewhere, counts.masks_here), (1, 0));
    assert_eq!(counts.kept["objects[].color"], 6);
    assert_eq!((counts.kept["objects[].instanceURI"], counts.kept["Has Open Issues"]), (1, 1));
}

#[test]
fn tiles_with_degrees_and_with_pixels() {
    let counts = check("tiled.json");
    assert_eq!((counts.objects, counts.classifications), (both(7), both(1)));
}

#[test]
fn texts() {
    assert_eq!(check("text.json").objects, both(2));
}

#[test]
fn documents() {
    assert_eq!(check("document.json").objects, both(2));
}

#[test]
fn conversations() {
    let counts = check("conversation.json");
    assert_eq!((counts.objects, counts.classifications), (both(1), both(2)));
}

#[test]
fn videos_with_frames_in_the_record_in_a_file_and_at_the_vendor() {
    let counts = check("video.json");
    // Nine frames and six, each with a boat that says its course; a float on two of each; three answers on frames.
    assert_eq!((counts.objects, counts.classifications), (both(9 + 6 + 4), both(9 + 6 + 3 + 3)));
    assert_eq!((counts.frame_files_here, counts.frame_files_elsewhere), (1, 1));
}

#[test]
fn rows_of_a_model_run() {
    let counts = check("model-run.ndjson");
    assert_eq!((counts.objects, counts.classifications), (both(3), both(1)));
}
