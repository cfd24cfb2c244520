//! Rows sent to a project with labels: once, whatever happens to the worker.

use super::{Served, car, cars, image};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::projects::batch::{self, Creation};
use labelport_engine::projects::named_rows::NamedRows;
use labelport_engine::projects::project;
use labelport_engine::send::{self, Send};
use labelport_model::request::Scope;
use serde_json::{Value, json};

const ROWS: usize = 450;

/// What a call of the SDK asks for, between two projects with one ontology.
fn input(served: &Served, from: &str, to: &str, batch: &str, keys: &[String]) -> Value {
    let ontology = |id: &str| {
        let project = project::get(&served.workspace, id).unwrap();
        project::find_ontology(&served.workspace, &project).unwrap().unwrap()
    };
    let ids = |id: &str| {
        let root: Value = serde_json::from_str(&ontology(id).normalized.unwrap()).unwrap();
        root["tools"][0]["featureSchemaId"].as_str().unwrap().to_owned()
    };
    json!({
        "destinationProjectId": to,
        "batchInput": { "batchName": batch, "batchPriority": 3 },
        "destinationTaskQueue": { "type": "done" },
        "excludeDataRowsInProject": true,
        "annotationsInput": { "projectId": from, "featureSchemaIdsMapping": { ids(from): ids(to) } },
        "predictionsInput": null,
        "conflictLabelsResolutionStrategy": "OVERRIDE_WITH_ANNOTATIONS",
        "searchQuery": { "scope": null, "query": [{ "ids": keys, "operator": "is", "type": "global_key" }] },
    })
}

#[test]
fn an_interrupted_sending_gives_every_row_one_label() {
    for steps in [0, 3, 40, 1_500, 3_000] {
        let served = Served::new();
        let keys: Vec<String> = (0..ROWS).map(|number| format!("g{number}")).collect();
        let ids = served.rows(&served.dataset("set"), &keys.iter().map(|key| image(key)).collect::<Vec<_>>());
        let from = served.project("from", "IMAGE", &cars(), &ids).id;
        let to = served.project("to", "IMAGE", &cars(), &ids[..1]).id;
        let lines: Vec<Value> = keys.iter().map(|key| car(key, key, 1)).collect();
        served.import(ImportKind::Label, &from, "labels", &lines);
        let asked = input(&served, &from, &to, "sent", &keys);
        let task = served.order(|| send::start(&served.workspace, &served.caller, &asked)).unwrap();
        served.work_for(&Send, &task, steps);
        served.complete(&task);
        let rows = served.export_all(Scope::Project(to.clone()));
        assert_eq!(rows.len(), ROWS, "{steps}");
        for row in &rows {
            let project = &row["projects"][&to];
            // The row that was in the project is not sent.
            let is_sent = row["data_row"]["id"] != ids[0];
            let labels = project["labels"].as_array().unwrap();
            assert_eq!(labels.len(), usize::from(is_sent), "{steps}: {}", row["data_row"]);
            let details = &project["project_details"];
            let expect = if is_sent { ("sent", "DONE", 3) } else { ("first", "TO_LABEL", 5) };
            assert_eq!(
                (&details["batch_name"], &details["workflow_status"], &details["priority"]),
                (&json!(expect.0), &json!(expect.1), &json!(expect.2))
            );
        }
        let outcome: Value = serde_json::from_str(&served.task(&task).outcome.unwrap()).unwrap();
        assert_eq!((&outcome["labels"], &outcome["annotations_left_out"]), (&json!(ROWS - 1), &json!(0)));
    }
}

#[test]
fn rows_of_another_batch_with_a_longer_name_are_in_the_project() {
    let served = Served::new();
    let keys = ["g0", "g1"].map(str::to_owned);
    let ids = served.rows(&served.dataset("set"), &keys.iter().map(|key| image(key)).collect::<Vec<_>>());
    let from = served.project("from", "IMAGE", &cars(), &ids).id;
    let to = served.project("to", "IMAGE", &cars(), &ids[1..]);
    let creation = Creation { name: "sent_before".to_owned(), priority: 5, consensus: Value::Null };
    let rows = NamedRows { ids: ids[..1].to_vec(), global_keys: Vec::new() };
    batch::create(&served.workspace, &served.caller, &to, &creation, &rows).unwrap();
    let lines: Vec<Value> = keys.iter().map(|key| car(key, key, 1)).collect();
    served.import(ImportKind::Label, &from, "labels", &lines);
    let asked = input(&served, &from, &to.id, "sent", &keys);
    let task = served.order(|| send::start(&served.workspace, &served.caller, &asked)).unwrap();
    served.work_for(&Send, &task, 0);
    served.complete(&task);
    for row in served.export_all(Scope::Project(to.id.clone())) {
        assert_eq!(row["projects"][&to.id]["labels"], json!([]), "{}", row["data_row"]);
    }
}

#[test]
fn sending_rows_of_which_none_is_there_is_refused() {
    let served = Served::new();
    let ids = served.rows(&served.dataset("set"), &[image("g0")]);
    let from = served.project("from", "IMAGE", &cars(), &ids).id;
    let to = served.project("to", "IMAGE", &cars(), &ids).id;
    let asked = input(&served, &from, &to, "sent", &["elsewhere".to_owned()]);
    let refused = send::start(&served.workspace, &served.caller, &asked).unwrap_err().to_string();
    assert!(refused.contains("no data row matches"), "{refused}");
}
