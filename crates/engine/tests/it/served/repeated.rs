//! Jobs can be done again: after any interruption, the end is as if they had run once.

use super::{Served, car, cars, image};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::models::registration::{self, Registration};
use labelport_engine::models::{model, run};
use labelport_engine::projects::batch::{self, BatchFill, Creation};
use labelport_engine::projects::workflow::{self, QueueMove};
use labelport_engine::projects::{label, project};
use labelport_engine::tasks::Job;
use labelport_model::id::TaskId;
use labelport_model::request::Scope;
use labelport_store::tables::labels::ListLabels;
use serde_json::{Value, json};

/// A workspace with a project of four rows, two of them labelled, and rows that are in no project.
fn filled() -> (Served, String, Vec<String>) {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let payloads: Vec<Value> = (0..8).map(|number| image(&format!("g{number}"))).collect();
    let ids = served.rows(&dataset_id, &payloads);
    let project = served.project("project", "IMAGE", &cars(), &ids[..4]);
    served.import(ImportKind::Label, &project.id, "labels", &[car("g0", "u", 1), car("g1", "v", 1)]);
    (served, project.id, ids)
}

/// Does a job twice by hand before a worker does it for good; the store must be the same after each.
#[track_caller]
fn check(served: &Served, job: &dyn Job, id: &TaskId) {
    served.work_for(job, id, u64::MAX);
    let expect = served.export_all_without(id);
    served.work_for(job, id, u64::MAX);
    assert_eq!(served.export_all_without(id), expect);
    served.complete(id);
    assert_eq!(served.export_all_without(id), expect);
}

impl Served {
    /// Returns everything there is about every row, while a task waits.
    fn export_all_without(&self, _waiting: &TaskId) -> String {
        let mut sink = crate::support::Memory { packing: labelport_engine::sink::Packing::Plain, bytes: Vec::new() };
        let format = &labelport_formats::write::Ndjson;
        let mut run = labelport_engine::export::ExportOptions {
            threads: 1,
            format,
            row_limit_bytes: labelport_engine::export::ROW_LIMIT_BYTES,
            labels_created: None,
            progress: &mut |_| {},
            stop: None,
            files: None,
            client: None,
        };
        let request = super::everything(Scope::Catalog);
        labelport_engine::export::run(self.workspace.store(), &request, &mut sink, &mut run).unwrap();
        String::from_utf8(sink.bytes).unwrap()
    }
}

#[test]
fn a_batch_is_filled_once() {
    let (served, project_id, ids) = filled();
    let project = project::get(&served.workspace, &project_id).unwrap();
    let creation = Creation {
        name: "second".to_owned(),
        priority: 2,
        consensus: json!({ "numberOfLabels": 3, "coveragePercentage": 0.5 }),
    };
    let batch = batch::create_empty(&served.workspace, &served.caller.user, &project, &creation).unwrap();
    let rows = json!({ "dataRowIds": ids[2..6], "globalKeys": ["g7"] });
    let fill = || batch::start_fill(&served.workspace, &served.caller, &project, &batch, 2, &rows);
    let id = served.order(fill).unwrap();
    check(&served, &BatchFill, &id);
    let batch = batch::get(&served.workspace, &project, &batch.id).unwrap();
    assert_eq!(batch.size, 3, "rows that were in the project stay in their batch");
    let lines = served.export_all(Scope::Project(project_id.clone()));
    let details = |index: usize| lines[index]["projects"][&project_id]["project_details"].clone();
    assert_eq!((&details(4)["batch_name"], &details(4)["priority"]), (&json!("second"), &json!(2)));
    assert_eq!(details(4)["consensus_expected_label_count"], 3);
    assert_eq!(details(4)["workflow_history"].as_array().unwrap().len(), 1);
    assert_eq!(details(3)["batch_name"], "first");
    let again = batch::create_empty(&served.workspace, &served.caller.user, &project, &creation).unwrap_err();
    assert_eq!(again.message, "A batch named 'second' already exists in the project");
}

#[test]
fn a_move_is_done_once() {
    let (served, project_id, ids) = filled();
    let project = project::get(&served.workspace, &project_id).unwrap();
    let queues = workflow::list(&served.workspace, &project).unwrap();
    served.pass(5);
    for (queue, status, entries) in [(Some(&queues[2]), "IN_REWORK", 2), (None, "DONE", 3)] {
        let rows = json!({ "ids": [ids[2]], "idType": "ID" });
        let queue_id = queue.map(|queue| queue.id.as_str());
        let id = served
            .order(|| workflow::start_move(&served.workspace, &served.caller, &project_id, queue_id, &rows))
            .unwrap();
        check(&served, &QueueMove, &id);
        let lines = served.export_all(Scope::Project(project_id.clone()));
        let details = &lines[2]["projects"][&project_id]["project_details"];
        assert_eq!(details["workflow_status"], status);
        assert_eq!(details["workflow_history"].as_array().unwrap().len(), entries, "{details}");
        assert_eq!(lines[2]["data_row"]["details"]["last_activity_at"], "2026-01-01T00:00:00.005+00:00");
        assert_eq!(lines.len(), 4, "{lines:?}");
    }
    let unknown = workflow::start_move(&served.workspace, &served.caller, &project_id, Some("x"), &json!({}));
    unknown.unwrap_err();
}

#[test]
fn a_registration_is_done_once() {
    let (served, project_id, ids) = filled();
    let ontology_id = project::get(&served.workspace, &project_id).unwrap().ontology_id.unwrap();
    let made = model::create(&served.workspace, &served.caller, "model", &ontology_id).unwrap();
    let first = run::create(&served.workspace, &served.caller, &made.id, "run", &json!({ "epochs": 3 })).unwrap();
    let (workspace, caller) = (&served.workspace, &served.caller);
    let which = ListLabels { limit: 10, ..ListLabels::default() };
    let labels: Vec<String> =
        label::list(workspace, &project_id, &which).unwrap().into_iter().map(|label| label.id).collect();
    let rows = json!({ "dataRowIds": ids[..1], "globalKeys": ["g5"] });
    let splits = json!([{ "split": "TEST", "dataRowIds": [ids[0]] }, { "split": "TRAINING", "globalKeys": ["g1"] }]);
    let starts: [&dyn Fn() -> Result<TaskId, labelport_model::problem::Problem>; 5] = [
        &|| registration::start_rows(workspace, caller, &first.id, &rows),
        &|| registration::start_labels(workspace, caller, &first.id, &json!([labels[0], labels[0]])),
        &|| registration::start_project(workspace, caller, &first.id, &project_id),
        &|| registration::start_project(workspace, caller, &first.id, &project_id),
        &|| registration::start_splits(workspace, caller, &first.id, &splits),
    ];
    for start in starts {
        let id = served.order(start).unwrap();
        check(&served, &Registration, &id);
    }
    let lines = served.export_all(Scope::ModelRun(first.id.clone()));
    let of_run = |index: usize| lines[index]["experiments"][&made.id]["runs"][&first.id].clone();
    let seen: Vec<_> = (0..lines.len())
        .map(|index| {
            let run = of_run(index);
            (
                lines[index]["data_row"]["global_key"].clone(),
                run["labels"].as_array().unwrap().len(),
                run["split"].clone(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [(json!("g0"), 1, json!("Test")), (json!("g1"), 1, json!("Training")), (json!("g5"), 0, Value::Null)]
    );
    // A run keeps labels as they were when they joined it.
    label::delete(workspace, labels).unwrap();
    assert_eq!(served.export_all(Scope::ModelRun(first.id.clone())).len(), 3);
    let kept = served.export_all(Scope::ModelRun(first.id))[0]["experiments"].to_string();
    assert!(kept.contains("bounding_box"), "{kept}");
    registration::start_splits(workspace, caller, "nobody", &json!([])).unwrap_err();
}
