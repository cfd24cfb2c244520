//! Files of before v2, as people who bring them meet the command.

use crate::support::Place;
use serde_json::{Value, json};

const PROJECT: &str = "cp00000000000000000000001";

/// Returns a record of a label with a box and a mask at an address that nothing answers at.
fn record(number: usize) -> Value {
    json!({
        "ID": format!("cl{number:0>23}"), "DataRow ID": format!("cr{number:0>23}"), "Labeled Data": "https://h/a.jpg",
        "Label": { "objects": [
            { "title": "Crane", "value": "crane", "color": "#1CE6FF", "bbox": { "top": 1, "left": 2, "height": 3, "width": 4 } },
            { "featureId": format!("cf{number:0>23}"), "title": "Water", "value": "water", "color": "#006FA6", "instanceURI": "http://127.0.0.1:1/mask?token=secret" },
        ], "classifications": [{ "title": "Weather", "value": "weather", "answer": "fog" }] },
        "Project Name": "Yard", "View Label": format!("https://editor.labelbox.com?project={PROJECT}&label=cl{number:0>23}"),
    })
}

fn array(records: &[Value]) -> Vec<u8> {
    serde_json::to_vec_pretty(records).unwrap()
}

#[test]
fn an_archive_is_imported_and_what_it_held_is_reported() {
    let place = Place::empty();
    place.write("old.json", &array(&[record(1), record(2)]));
    let report = [
        "data rows: 2 created",
        "1 project, 1 ontology",
        "annotations, on every frame: 4 objects read, all stored; 2 classifications read, all stored",
        "today's form has no key for objects[].color (4), View Label (2)",
        "still at the vendor: 2 masks, 0 frame files; `import labelbox-v1 --fetch-media`",
    ];
    place.run(&["import", "labelbox-v1", "old.json", "--dry-run"]).ended(0, &report);
    place.run(&["import", "labelbox-v1", "old.json"]).ended(0, &report);
    place.run(&["import", "labelbox", "old.json"]).ended(0, &["data rows: 2 unchanged", "labels: 2 unchanged"]);
    let json = place.run(&["--json", "import", "labelbox-v1", "old.json"]).succeeded().err;
    let event: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!(event["archive"]["objects"], json!({ "read": 4, "stored": 4 }));
    assert_eq!(event["archive"]["kept"]["objects[].color"], 4);
    assert_eq!(event["archive"]["still_elsewhere"], json!({ "masks": 2, "frame_files": 0 }));
    // Both forms come out.
    let old = place.run(&["export", "project", PROJECT, "--everything", "--format", "legacy_json"]).succeeded().out;
    let first: Value = serde_json::from_str(old.lines().next().unwrap()).unwrap();
    assert_eq!(first["Label"]["objects"][0]["color"], "#1CE6FF");
    let today = place.run(&["export", "project", PROJECT, "--everything"]).succeeded().out;
    assert!(today.contains(r#""bounding_box":{"top":1,"left":2,"height":3,"width":4}"#), "{today}");
    place.run(&["doctor"]).succeeded();
}

#[test]
fn archives_come_packed_and_from_standard_input() {
    let place = Place::empty();
    let input = array(&[record(1)]);
    place.run_with_input(&["import", "labelbox-v1", "-"], &input).ended(0, &["data rows: 1 created"]);
    for name in ["old.ndjson.gz", "old.ndjson.zst"] {
        place.run(&["export", "project", PROJECT, "--everything", "--format", "legacy_json", "-o", name]).succeeded();
        place.run(&["import", "labelbox-v1", name, "--strict"]).ended(0, &["labels: 1 unchanged"]);
        place.run_with_input(&["import", "labelbox", "-"], &place.read(name)).ended(0, &["labels: 1 unchanged"]);
    }
}

#[test]
fn files_that_cannot_be_fetched_are_reported_without_their_signatures() {
    let place = Place::empty();
    place.write("old.json", &array(&[record(1)]));
    let fetch = ["import", "labelbox-v1", "old.json", "--fetch-media"];
    let said =
        place.run(&fetch).ended(0, &["1 file could not be fetched:", "127.0.0.1 is not at a public address"]).err;
    assert!(!said.contains("secret"), "{said}");
    let allowed = [fetch.as_slice(), &["--allow-fetch", "127.0.0.0/8"]].concat();
    place.run(&allowed).ended(0, &["still at the vendor: 1 mask", "1 file could not be fetched:"]);
    place.run(&[fetch.as_slice(), &["--dry-run"]].concat()).ended(2, &["cannot be used with"]);
    place.run(&["import", "labelbox-v1", "old.json", "--allow-fetch", "127.0.0.0/8"]).ended(2, &["--fetch-media"]);
}

#[test]
fn a_model_run_is_called_after_its_file_or_as_asked() {
    let place = Place::empty();
    let row = json!({
        "ID": "0f2c", "Data Split": "training", "DataRow ID": "cr00000000000000000000001", "Labeled Data": "https://h/a.jpg",
        "Label": { "objects": [{ "title": "Crane", "point": { "x": 1, "y": 2 } }] },
    });
    place.write("night run.ndjson", row.to_string().as_bytes());
    place.run(&["import", "labelbox-v1", "night run.ndjson"]).ended(0, &["1 model, 1 model run"]);
    place.run(&["import", "labelbox-v1", "night run.ndjson"]).ended(0, &["run labels and predictions: 1 unchanged"]);
    place.run(&["import", "labelbox-v1", "night run.ndjson", "--model-run", "second"]).ended(0, &["1 model run"]);
    let listed = place.run(&["list", "models"]).succeeded().out;
    assert!(listed.contains("night run") && listed.contains("second"), "{listed}");
}

#[test]
fn refused_records_are_corrected_and_imported() {
    let place = Place::empty();
    let mut wrong = record(2);
    wrong["Label"]["objects"][0]["bbox"]["top"] = json!("1");
    place.write("old.ndjson", format!("{}\n{wrong}\n", record(1)).as_bytes());
    place.run(&["import", "labelbox-v1", "old.ndjson", "--refused", "bad.ndjson"]).ended(
        3,
        &[
            "refused: old.ndjson:2:",
            "Label.objects[0].bbox.top: expected a number, found the string \"1\"",
            "1 refused",
        ],
    );
    let corrected = String::from_utf8(place.read("bad.ndjson")).unwrap().replace("\"top\":\"1\"", "\"top\":1");
    place.write("bad.ndjson", corrected.as_bytes());
    place.run(&["import", "labelbox-v1", "bad.ndjson"]).ended(0, &["data rows: 1 created"]);
}
