//! Records that are refused, files of both forms, and what a project gets.

use super::{changed_nothing, conserved, rows};
use crate::support::{ImportAs, Workspace};
use labelport_engine::import::ImportError;
use labelport_store::tables::{ontologies, projects};
use serde_json::{Value, json};

const PROJECT: &str = "cp00000000000000000000001";

fn record(number: usize, row: usize, objects: Value) -> Value {
    json!({
        "ID": format!("cl{number:0>23}"), "DataRow ID": format!("cr{row:0>23}"), "Labeled Data": "https://h/a.jpg",
        "Label": { "objects": objects, "classifications": [] }, "Project Name": "Yard",
        "Created At": format!("2021-05-{:02}T10:00:00.000Z", number + 1),
        "View Label": format!("https://e?project={PROJECT}&label=x"),
    })
}

fn point(title: &str) -> Value {
    json!([{ "featureId": format!("f{title}"), "title": title, "value": title, "point": { "x": 1, "y": 2 } }])
}

fn lines(records: &[Value]) -> String {
    records.iter().map(|record| format!("{record}\n")).collect()
}

fn labels(row: &Value) -> Vec<&str> {
    let labels = row["projects"][PROJECT]["labels"].as_array().unwrap();
    labels.iter().map(|label| label["id"].as_str().unwrap()).collect()
}

#[test]
fn labels_of_a_row_come_together_whatever_their_order_and_file() {
    let records: Vec<Value> = (0..6).map(|number| record(number, number % 2, point("a"))).collect();
    let whole = Workspace::new();
    conserved(&whole.import_all("a.ndjson", lines(&records).as_bytes()));
    let expect = rows(&whole);
    assert_eq!(
        labels(&expect[0]),
        ["cl00000000000000000000000", "cl00000000000000000000002", "cl00000000000000000000004"]
    );
    let parts = Workspace::new();
    for record in [4, 5, 1, 0, 3, 2].map(|number| &records[number]) {
        parts.import_all("part.ndjson", lines(std::slice::from_ref(record)).as_bytes());
    }
    let sorted = |mut rows: Vec<Value>| {
        rows.sort_by_key(|row| row["data_row"]["id"].to_string());
        rows
    };
    assert_eq!(sorted(rows(&parts)), expect);
    changed_nothing(&parts.import_all("a.ndjson", lines(&records).as_bytes()));
}

#[test]
fn a_broken_record_breaks_nothing_else() {
    let mut wrong = record(1, 1, point("a"));
    wrong["Label"]["objects"][0]["point"]["x"] = json!("12");
    let today = json!({ "data_row": { "id": "cr00000000000000000000009" } });
    let text = lines(&[record(0, 0, point("a")), wrong, today, record(2, 2, point("b"))]);
    let workspace = Workspace::new();
    let summary = workspace.import("a.ndjson", text.as_bytes(), ImportAs::default()).unwrap();
    let reasons: Vec<String> = summary.refusals.iter().map(ToString::to_string).collect();
    assert!(
        reasons[0].starts_with("a.ndjson:2:") && reasons[0].contains("Label.objects[0].point.x: expected a number")
    );
    assert!(reasons[1].starts_with("a.ndjson:3:1: this is a row of export v2"), "{reasons:?}");
    assert_eq!((summary.refused, summary.counts.rows.created), (2, 2));
    // What was refused is not counted.
    assert_eq!(conserved(&summary).objects.read, 2);
    let strict = Workspace::new();
    let summary = strict.import("a.ndjson", text.as_bytes(), ImportAs { strict: true, ..ImportAs::default() }).unwrap();
    assert_eq!((summary.refused, rows(&strict).len()), (2, 0));
    let mut ontologies_of = strict.store.reader().unwrap();
    assert_eq!(ontologies::list(&mut *ontologies_of, strict.store.org_key()).unwrap(), []);
}

#[test]
fn a_record_in_a_file_of_today_is_named_as_one() {
    let today = json!({ "data_row": { "id": "cr00000000000000000000009" } });
    let text = lines(&[today, record(0, 0, point("a"))]);
    let workspace = Workspace::new();
    let summary = workspace.import("a.ndjson", text.as_bytes(), ImportAs::default()).unwrap();
    let reason = summary.refusals[0].to_string();
    assert!(reason.starts_with("a.ndjson:2:1: this is a record of a v1 export"), "{reason}");
    assert_eq!(rows(&workspace).len(), 1);
}

#[test]
fn a_file_is_recognised_by_the_key_that_comes_first() {
    let mut talks = record(0, 0, point("a"));
    talks["Labeled Data"] = json!("a text about \"data_row\"");
    let workspace = Workspace::new();
    assert_eq!(workspace.import_all("a.ndjson", lines(&[talks]).as_bytes()).counts.rows.created, 1);
    let error = workspace.import("a.ndjson", b"{\"rows\":1}", ImportAs::default()).unwrap_err();
    assert!(matches!(error, ImportError::NotAnExport { .. }));
}

#[test]
fn rows_of_today_and_records_join() {
    let row = json!({
        "data_row": { "id": format!("cr{:0>23}", 0), "row_data": "https://h/a.jpg",
            "details": { "dataset_id": "cd00000000000000000000001", "dataset_name": "Yard", "created_by": "a@b" } },
        "media_attributes": { "height": 5, "asset_type": "image" },
    });
    let workspace = Workspace::new();
    workspace.import_all("today.ndjson", lines(&[row]).as_bytes());
    let mut old = record(0, 0, point("a"));
    old["Dataset Name"] = json!("Yard");
    workspace.import_all("old.ndjson", lines(&[old]).as_bytes());
    let stored = &rows(&workspace)[0];
    assert_eq!(stored["media_attributes"], json!({ "height": 5, "asset_type": "image" }));
    assert_eq!(stored["data_row"]["details"]["dataset_id"], "cd00000000000000000000001");
    assert_eq!(stored["data_row"]["details"]["created_by"], "a@b");
    assert_eq!(labels(stored).len(), 1);
}

#[test]
fn a_project_gets_an_ontology_of_its_features_which_grows() {
    let workspace = Workspace::new();
    let names = || {
        let mut reader = workspace.store.reader().unwrap();
        let org_key = workspace.store.org_key();
        let project = projects::find(&mut *reader, org_key, PROJECT).unwrap().unwrap();
        let ontology = ontologies::find(&mut *reader, org_key, &project.ontology_id.unwrap()).unwrap().unwrap();
        let normalized: Value = serde_json::from_str(&ontology.normalized.unwrap()).unwrap();
        let tools = normalized["tools"].as_array().unwrap().iter();
        (ontology.name, tools.map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let first =
        workspace.import_all("a.ndjson", lines(&[record(0, 0, point("a")), record(1, 1, point("b"))]).as_bytes());
    assert_eq!(first.counts.ontologies, 1);
    assert_eq!(names(), ("Yard".to_owned(), vec!["a".to_owned(), "b".to_owned()]));
    let second =
        workspace.import_all("b.ndjson", lines(&[record(2, 2, point("c")), record(3, 2, point("a"))]).as_bytes());
    assert_eq!(second.counts.ontologies, 0);
    assert_eq!(names().1, ["a", "b", "c"]);
    let (dry, preview) = workspace
        .import_dry(&[("c.ndjson", lines(&[record(4, 4, point("d"))]).as_bytes())], ImportAs::default(), None)
        .unwrap();
    assert_eq!((conserved(&dry).objects.read, preview.created.len()), (1, 1));
    assert_eq!(names().1.len(), 3, "a dry run leaves nothing");
}

#[test]
fn a_long_record_is_read_whole_up_to_the_limit() {
    let mut long = record(1, 1, point("a"));
    long["Label"]["classifications"] = json!([{ "title": "t", "value": "t", "answer": "x".repeat(9 << 20) }]);
    let text = lines(&[record(0, 0, point("a")), long]);
    let workspace = Workspace::new();
    let counts = conserved(&workspace.import_all("a.ndjson", text.as_bytes())).clone();
    assert_eq!((counts.objects.stored, counts.classifications.stored), (2, 1));
    let limit = ImportAs { record_limit_bytes: 4 << 20, ..ImportAs::default() };
    let summary = workspace.import("a.ndjson", text.as_bytes(), limit).unwrap();
    let reason = summary.refusals[0].to_string();
    assert!(reason.starts_with("a.ndjson:2: the record") && reason.contains("longer than 4 MiB; raise"), "{reason}");
}

#[test]
fn a_project_keeps_the_ontology_that_it_has() {
    let row = json!({
        "data_row": { "id": format!("cr{:0>23}", 7), "row_data": "https://h/7.jpg" },
        "projects": { PROJECT: { "name": "Yard", "labels": [],
            "project_details": { "ontology_id": "co00000000000000000000001" } } },
    });
    let workspace = Workspace::new();
    workspace.import_all("today.ndjson", lines(&[row]).as_bytes());
    let summary = workspace.import_all("old.ndjson", lines(&[record(0, 0, point("a"))]).as_bytes());
    assert_eq!(summary.counts.ontologies, 0);
    let mut reader = workspace.store.reader().unwrap();
    let project = projects::find(&mut *reader, workspace.store.org_key(), PROJECT).unwrap().unwrap();
    assert_eq!(project.ontology_id.as_deref(), Some("co00000000000000000000001"));
}
