//! Imports of annotations: one label of each row, statuses in the order of the file, and exact resumption.

use super::{Served, car, cars, image};
use labelport_engine::annotation_import::{self, ImportJob, ImportKind, NewImport};
use labelport_engine::catalog::data_row;
use labelport_engine::models::{model, registration, run};
use labelport_engine::projects::project;
use labelport_model::request::Scope;
use labelport_store::tables::tasks::TaskStatus;
use serde_json::{Value, json};

/// A project with rows of these global keys.
fn project_of(served: &Served, keys: &[String]) -> (String, Vec<String>) {
    let dataset_id = served.dataset("set");
    let ids = served.rows(&dataset_id, &keys.iter().map(|key| image(key)).collect::<Vec<_>>());
    (served.project("project", "IMAGE", &cars(), &ids).id, ids)
}

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("g{number}")).collect()
}

fn labels(line: &Value, project_id: &str) -> Vec<Value> {
    line["projects"][project_id]["labels"].as_array().unwrap().clone()
}

#[test]
fn lines_of_a_row_make_one_label_and_statuses_stand_in_their_order() {
    let served = Served::new();
    let (project_id, ids) = project_of(&served, &keys(3));
    let elsewhere = served.rows(&served.dataset("other"), &[image("elsewhere")]);
    let by_id = |id: &str, uuid: &str| {
        let mut line = car("", uuid, 1);
        line["dataRow"] = json!({ "id": id });
        line
    };
    let mut unknown_tool = car("g0", "u7", 1);
    unknown_tool["name"] = json!("boat");
    let lines = [
        car("g1", "u0", 1),
        car("g0", "u1", 2),
        by_id(&ids[1], "u2"),
        car("nobody", "u3", 3),
        by_id("cnobody000000000000000000", "u4"),
        car("elsewhere", "u5", 1),
        json!({ "uuid": "u6", "name": "car" }),
        unknown_tool,
        json!({ "uuid": "u8", "dataRow": { "globalKey": "g0" }, "name": "remark", "answer": "dusty" }),
    ];
    let mut text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    text.insert_str(0, "\n{\"uuid\":\n");
    let input_url = served.upload("lines.ndjson", text.trim_end().as_bytes());
    let new = NewImport { kind: ImportKind::Label, parent_id: &project_id, name: "it's", input_url: &input_url };
    let import = annotation_import::start(&served.workspace, &served.caller, &new).unwrap();
    assert_eq!(import.state, "RUNNING");
    let conflict = annotation_import::start(&served.workspace, &served.caller, &new).unwrap_err();
    assert!(conflict.message.contains("an import named 'it's' exists already"), "{}", conflict.message);
    served.settle();
    let statuses = served.import_statuses(ImportKind::Label, &project_id, "it's");
    let outcome_of = |status: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let word = if status["status"] == "SUCCESS" { "ok" } else { "failed" };
        assert_eq!(word == "ok", status["errors"].as_array().unwrap().is_empty());
        format!("{} {} {word}", text(&status["uuid"]), text(&status["dataRow"]["id"]))
    };
    let expect = [
        "- - failed".to_owned(),
        format!("u0 {} ok", ids[1]),
        format!("u1 {} ok", ids[0]),
        format!("u2 {} ok", ids[1]),
        "u3 - failed".to_owned(),
        "u4 cnobody000000000000000000 failed".to_owned(),
        format!("u5 {} failed", elsewhere[0]),
        "u6 - failed".to_owned(),
        format!("u7 {} failed", ids[0]),
        format!("u8 {} ok", ids[0]),
    ];
    assert_eq!(statuses.iter().map(outcome_of).collect::<Vec<_>>(), expect);
    let rows = served.export_all(Scope::Project(project_id.clone()));
    let of_row = |index: usize| {
        let labels = labels(&rows[index], &project_id);
        labels.iter().map(|label| label["annotations"]["objects"].as_array().unwrap().len()).collect::<Vec<_>>()
    };
    assert_eq!((of_row(0), of_row(1), of_row(2)), (vec![1], vec![2], vec![]));
    let label = &labels(&rows[0], &project_id)[0];
    assert_eq!(label["annotations"]["classifications"][0]["text_answer"]["content"], "dusty");
    assert_eq!(label["label_details"]["created_by"], "ana@example.test");
    let details = &rows[0]["projects"][&project_id]["project_details"];
    assert_eq!(
        (&details["workflow_status"], details["workflow_history"].as_array().unwrap().len()),
        (&json!("IN_REVIEW"), 2)
    );
    assert_eq!(rows[2]["projects"][&project_id]["project_details"]["workflow_status"], "TO_LABEL");
    served.import(ImportKind::Label, &project_id, "again", &[car("g1", "u0", 9)]);
    let rows = served.export_all(Scope::Project(project_id.clone()));
    assert_eq!(labels(&rows[1], &project_id).len(), 2, "another import makes another label");
}

#[test]
fn an_interrupted_import_makes_no_label_twice() {
    let served = Served::new();
    let keys = keys(250);
    let (project_id, ids) = project_of(&served, &keys);
    let mut lines: Vec<Value> = keys.iter().map(|key| car(key, key, 1)).collect();
    lines.extend(keys.iter().rev().map(|key| car(key, &format!("{key} again"), 2)));
    lines.insert(3, car("nobody", "nobody", 1));
    let (_, task) = served.start_import(ImportKind::Label, &project_id, "import", &lines);
    let import = || annotation_import::get(&served.workspace, ImportKind::Label, &project_id, "import").unwrap();
    assert!(served.work_for(&ImportJob, &task, 350), "it was stopped");
    let (done, total) = (import().rows_done, import().rows_total);
    assert!((1..251).contains(&done) && total == Some(251), "{done} of {total:?}");
    let project_key = project::get(&served.workspace, &project_id).unwrap().key;
    let made = served.count_labels(project_key);
    assert_eq!(made, done - 1, "one of the rows is nowhere");
    // Rows that were done and rows that were not are deleted before the next worker comes.
    data_row::delete(&served.workspace, vec![ids[0].clone(), ids[5].clone(), ids[249].clone()]).unwrap();
    served.complete(&task);
    let statuses = served.import_statuses(ImportKind::Label, &project_id, "import");
    assert_eq!(statuses.len(), lines.len());
    for (status, line) in statuses.iter().zip(&lines) {
        assert_eq!(status["uuid"], line["uuid"]);
        let is_gone = ["nobody", "g0", "g5", "g249"].contains(&line["dataRow"]["globalKey"].as_str().unwrap());
        assert_eq!(status["status"], if is_gone { "FAILURE" } else { "SUCCESS" }, "{status}");
    }
    let rows = served.export_all(Scope::Project(project_id.clone()));
    assert_eq!(rows.len(), 247);
    for row in &rows {
        let labels = labels(row, &project_id);
        assert_eq!(labels.len(), 1, "{}", row["data_row"]["global_key"]);
        assert_eq!(labels[0]["annotations"]["objects"].as_array().unwrap().len(), 2);
    }
    assert_eq!((import().rows_done, import().rows_total), (251, Some(251)));
}

#[test]
fn an_import_whose_place_is_gone_fails() {
    let served = Served::new();
    let (project_id, _) = project_of(&served, &keys(1));
    let (import, task) = served.start_import(ImportKind::Label, &project_id, "import", &[car("g0", "u", 1)]);
    let project_key = project::get(&served.workspace, &project_id).unwrap().key;
    project::delete(&served.workspace, &project_id).unwrap();
    served.settle();
    assert_eq!(served.task(&task).status, TaskStatus::Failed);
    assert_eq!(served.state_of(&import.id), "FAILED");
    assert_eq!(served.count_labels(project_key), 0);
}

#[test]
fn an_address_at_which_there_can_be_no_file_is_refused() {
    let served = Served::new();
    let (project_id, _) = project_of(&served, &keys(1));
    let tasks = served.count_tasks();
    for (url, words) in [
        ("http://served.test/files/nobody/x", "there is no file with the id \"nobody\""),
        ("", "no URL with a host"),
        ("lines.ndjson", "no URL with a host"),
        ("https:///lines.ndjson", "no URL with a host"),
        ("ftp://example.test/lines.ndjson", "ftp:// is not fetched"),
    ] {
        let new = NewImport { kind: ImportKind::Label, parent_id: &project_id, name: "import", input_url: url };
        let refused = annotation_import::start(&served.workspace, &served.caller, &new).unwrap_err();
        assert!(refused.message.starts_with("the file of the import: "), "{refused}");
        assert!(refused.message.contains(words), "{refused}");
    }
    assert_eq!(served.count_tasks(), tasks, "nothing was started, and the name is free");
    served.import(ImportKind::Label, &project_id, "import", &[car("g0", "u", 1)]);
}

#[test]
fn a_file_that_cannot_be_had_fails_its_import_with_the_reason() {
    let served = Served::new();
    let (project_id, _) = project_of(&served, &keys(1));
    let input_url = "http://127.0.0.1/x";
    let new = NewImport { kind: ImportKind::Label, parent_id: &project_id, name: "refused", input_url };
    annotation_import::start(&served.workspace, &served.caller, &new).unwrap();
    served.settle();
    let import = annotation_import::get(&served.workspace, ImportKind::Label, &project_id, "refused").unwrap();
    assert_eq!(import.state, "FAILED");
    for id in [import.status_file, import.error_file] {
        let line = std::fs::read(served.workspace.files().path(&id.unwrap())).unwrap();
        let line: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(line["status"], "FAILURE");
        let message = line["errors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("the file of the import: 127.0.0.1 is not at a public address"), "{message}");
    }
}

#[test]
fn prelabels_are_checked_and_not_kept() {
    let served = Served::new();
    let (project_id, _) = project_of(&served, &keys(1));
    let statuses = served.import(ImportKind::Prelabel, &project_id, "hints", &[car("g0", "u", 1), car("x", "v", 1)]);
    assert_eq!((&statuses[0]["status"], &statuses[1]["status"]), (&json!("SUCCESS"), &json!("FAILURE")));
    let rows = served.export_all(Scope::Project(project_id.clone()));
    assert_eq!(labels(&rows[0], &project_id), Vec::<Value>::new());
    assert_eq!(rows[0]["projects"][&project_id]["project_details"]["workflow_status"], "TO_LABEL");
}

#[test]
fn predictions_go_into_a_model_run() {
    let served = Served::new();
    let (project_id, ids) = project_of(&served, &keys(3));
    let ontology_id = project::get(&served.workspace, &project_id).unwrap().ontology_id;
    let made = model::create(&served.workspace, &served.caller, "it's a model", &ontology_id.unwrap()).unwrap();
    let run = run::create(&served.workspace, &served.caller, &made.id, "run \"1\"", &Value::Null).unwrap();
    let rows = json!({ "dataRowIds": ids[..2] });
    let task = served.order(|| registration::start_rows(&served.workspace, &served.caller, &run.id, &rows)).unwrap();
    served.complete(&task);
    let mut guess = car("g0", "u0", 1);
    guess["confidence"] = json!(0.25);
    let lines = [guess, car("g1", "u1", 1), car("g2", "u2", 1)];
    let statuses = served.import(ImportKind::Prediction, &run.id, "guesses", &lines);
    let words: Vec<_> = statuses.iter().map(|status| status["status"].as_str().unwrap()).collect();
    assert_eq!(words, ["SUCCESS", "SUCCESS", "FAILURE"]);
    served.import(ImportKind::Prediction, &run.id, "more", &[car("g0", "u0", 9)]);
    let exported = served.export_all(Scope::ModelRun(run.id.clone()));
    assert_eq!(exported.len(), 2);
    let of_run = |line: &Value| line["experiments"][&made.id]["runs"][&run.id].clone();
    let predictions = of_run(&exported[0])["predictions"].clone();
    assert_eq!(predictions.as_array().unwrap().len(), 2, "{predictions}");
    assert_eq!(predictions[0]["annotations"]["objects"][0]["confidence"], 0.25);
    assert_eq!(of_run(&exported[1])["predictions"].as_array().unwrap().len(), 1);
}
