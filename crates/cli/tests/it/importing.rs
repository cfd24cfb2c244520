//! Imports: refused records to correct, and a look at what would happen.

use crate::support::Place;

use serde_json::Value;

/// Returns the demo rows of images.
fn rows() -> String {
    let demo = labelport_samples::demo();
    let file = demo.files.into_iter().find(|file| file.name == "image.ndjson").unwrap();
    String::from_utf8(file.ndjson).unwrap()
}

/// Returns the demo rows, of which the third has a wrong id.
fn with_a_wrong_row() -> String {
    let mut lines: Vec<String> = rows().lines().map(str::to_owned).collect();
    lines[2] = lines[2].replacen("\"id\":\"", "\"id\":\"x", 1);
    lines.join("\n") + "\n"
}

/// Returns the events with a name.
fn events(said: &str, name: &str) -> Vec<Value> {
    let events = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["event"] == name).collect()
}

#[test]
fn refused_records_are_corrected_and_imported() {
    let place = Place::empty();
    place.write("rows.ndjson", with_a_wrong_row().as_bytes());
    place.run(&["import", "labelbox", "rows.ndjson", "--refused", "bad.ndjson"]).ended(
        3,
        &[
            "rows.ndjson:3:",
            "1 refused",
            "the refused records are in bad.ndjson, the reasons in bad.ndjson.reasons.ndjson",
        ],
    );
    let bad = String::from_utf8(place.read("bad.ndjson")).unwrap();
    assert_eq!(bad, with_a_wrong_row().lines().nth(2).unwrap().to_owned() + "\n");
    let reason: Value = serde_json::from_slice(&place.read("bad.ndjson.reasons.ndjson")).unwrap();
    assert_eq!((&reason["record"], &reason["file"], &reason["line"]), (&1.into(), &"rows.ndjson".into(), &3.into()));
    assert!(place.hidden_files().is_empty());

    place.write("bad.ndjson", bad.replacen("\"x", "\"", 1).as_bytes());
    place
        .run(&["import", "labelbox", "rows.ndjson", "--refused", "bad.ndjson"])
        .ended(1, &["bad.ndjson exists; name another file, or replace it with --force"]);
    place.run(&["import", "labelbox", "bad.ndjson", "--refused", "worse.ndjson"]).succeeded();
    assert!(!place.path("worse.ndjson").exists(), "nothing was refused");
    place.run(&["import", "labelbox", "rows.ndjson", "--refused", "bad.ndjson", "--force"]).ended(3, &[]);
    assert_ne!(place.read("bad.ndjson"), bad.replacen("\"x", "\"", 1).into_bytes());
    place.write("whole.ndjson", rows().as_bytes());
    let last = place.run(&["import", "labelbox", "whole.ndjson", "--refused", "bad.ndjson", "--force"]).succeeded();
    assert!(last.err.contains("data rows: ") && last.err.contains(" unchanged") && !last.err.contains("created"));
    assert!(!place.path("bad.ndjson").exists() && !place.path("bad.ndjson.reasons.ndjson").exists());
}

#[test]
fn refused_records_go_to_no_wrong_place() {
    let place = Place::with_demo_rows();
    place.write("rows.ndjson", with_a_wrong_row().as_bytes());
    let import = |file: &str| place.run(&["import", "labelbox", "rows.ndjson", "--force", "--refused", file]);
    import("labelport-data/bad.ndjson").ended(1, &["is in the data folder"]);
    import("rows.ndjson").ended(2, &["rows.ndjson is one of the files to import"]);
    import("./labelport-data/../rows.ndjson").ended(2, &["is one of the files to import"]);
    import("bad.csv").ended(2, &["which labelport does not write"]);
    import("no/such/bad.ndjson").ended(1, &["cannot be written"]);
    assert_eq!(place.read("rows.ndjson"), with_a_wrong_row().into_bytes());
    assert!(place.hidden_files().is_empty());
    place.run(&["import", "labelbox", "rows.ndjson", "--force"]).ended(2, &["--refused"]);
}

#[test]
fn the_count_of_refused_records_is_the_whole_count() {
    let place = Place::empty();
    let wrong = "{\"data_row\":{\"id\":\"short\"}}\n".repeat(1_234);
    place.write("rows.ndjson", format!("{}{wrong}", rows()).as_bytes());
    place
        .run(&["import", "labelbox", "rows.ndjson"])
        .ended(3, &["1,234 refused", "and 1,214 records more, 1,234 in all; --refused FILE"]);
    let said = place.run(&["--json", "import", "labelbox", "rows.ndjson"]).ended(3, &[]).err;
    assert_eq!(events(&said, "refused").len(), 20);
    let imported = &events(&said, "imported")[0];
    assert_eq!((&imported["refused"], &imported["refused_listed"]), (&1_234.into(), &20.into()));
    assert_eq!(events(&said, "file imported")[0]["refused"], 1_234);
    // A failure after them hides nothing.
    place.write("other.html", b"<html>");
    place
        .run(&["import", "labelbox", "rows.ndjson", "other.html"])
        .ended(1, &["rows.ndjson:", "1,234 refused", "other.html is not an export: it is a web page"]);
}

#[test]
fn a_dry_run_makes_no_data_folder_and_no_task() {
    let place = Place::empty();
    place.write("rows.ndjson", with_a_wrong_row().as_bytes());
    let dry = ["import", "labelbox", "rows.ndjson", "--dry-run"];
    for data in ["labelport-data", "no/such/folder"] {
        let arguments = [["--data", data].as_slice(), dry.as_slice()].concat();
        place
            .run(&arguments)
            .ended(3, &["dry run, nothing was written", "data rows that would be created", "1 refused"]);
        assert_eq!(place.visible_files(), ["rows.ndjson"]);
        assert!(place.hidden_files().is_empty(), "{:?}", place.hidden_files());
    }
    place.write("whole.ndjson", rows().as_bytes());
    place.run(&["import", "labelbox", "whole.ndjson"]).succeeded();
    let tasks = place.run(&["list", "tasks"]).out;
    let said = place.run(&dry).ended(3, &["data rows: ", "unchanged"]).err;
    assert!(!said.contains("would be"), "{said}");
    assert_eq!(place.run(&["list", "tasks"]).out, tasks);
}

#[test]
fn a_dry_run_writes_what_would_be_refused() {
    let place = Place::empty();
    place.write("rows.ndjson", with_a_wrong_row().as_bytes());
    let arguments = ["import", "labelbox", "rows.ndjson", "--dry-run", "--strict", "--refused", "bad.ndjson"];
    let said = place.run(&arguments).ended(3, &["was refused as a whole", "the reasons in bad.ndjson.reasons.ndjson"]);
    assert!(!said.err.contains("correct the records") && !said.err.contains("created"), "{said:?}");
    assert_eq!(place.visible_files(), ["bad.ndjson", "bad.ndjson.reasons.ndjson", "rows.ndjson"]);
    assert!(place.hidden_files().is_empty());
}

#[test]
fn a_removal_of_labels_has_a_line_of_its_own() {
    let place = Place::empty();
    place.write("rows.ndjson", rows().as_bytes());
    place.run(&["import", "labelbox", "rows.ndjson"]).succeeded();
    let mut removed = 0;
    let emptied = rows().lines().fold(String::new(), |text, line| {
        let mut row: Value = serde_json::from_str(line).unwrap();
        for project in row["projects"].as_object_mut().unwrap().values_mut() {
            removed += project["labels"].as_array().unwrap().len();
            project["labels"] = Value::Array(Vec::new());
        }
        format!("{text}{row}\n")
    });
    place.write("emptied.ndjson", emptied.as_bytes());
    let line = format!("  labels removed: {removed}\n");
    let first: Value = serde_json::from_str(rows().lines().next().unwrap()).unwrap();
    let key = first["data_row"]["global_key"].as_str().unwrap();
    let dry = ["import", "labelbox", "emptied.ndjson", "--dry-run"];
    let said = place.run(&dry).succeeded().err;
    assert!(said.contains(&line) && said.contains("data rows that would lose labels:"), "{said}");
    assert!(said.contains(key), "{said}");
    let said = place.run(&[["--json"].as_slice(), dry.as_slice()].concat()).succeeded().err;
    let event = &events(&said, "dry run")[0];
    assert_eq!(event["labels"]["removed"], removed);
    assert_eq!(event["first_rows"]["labels_removed"][0]["global_key"], key);
    assert!(events(&said, "imported").is_empty() && events(&said, "file imported").is_empty());
    let said = place.run(&["import", "labelbox", "emptied.ndjson"]).succeeded().err;
    assert!(said.contains(&line) && !said.contains("would"), "{said}");
}
