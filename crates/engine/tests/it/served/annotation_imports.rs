//! Imports of annotations: one label of each row, statuses in the order of the file, and exact resumption.

use super::data_types::ontology;
use super::{Served, car, cars, image};
use labelport_engine::annotation_import::{self, ImportJob, ImportKind, NewImport};
use labelport_engine::catalog::{data_row, row_import};
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
        let line = std::fs::read(served.workspace.files().local_path(&id.unwrap()).unwrap()).unwrap();
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

#[test]
fn a_failure_names_the_row_as_the_line_does() {
    let served = Served::new();
    let payload = json!({ "row_data": "Mara", "global_key": "log", "media_type": "TEXT" });
    let ids = served.rows(&served.dataset("set"), &[payload]);
    let project = served.project("project", "TEXT", &ontology(), &ids);
    let lines = [
        json!({ "uuid": "a", "dataRow": { "globalKey": "nobody" }, "name": "shift", "answer": { "name": "day" } }),
        json!({ "uuid": "b", "dataRow": { "id": "cnobody000000000000000000" }, "name": "shift", "answer": { "name": "day" } }),
        json!({ "uuid": "c", "dataRow": { "globalKey": "log" }, "name": "nothing", "answer": "x" }),
        json!({ "uuid": "d", "dataRow": { "id": ids[0] }, "name": "shift", "answer": { "name": "day" } }),
    ];
    let statuses = served.import(ImportKind::Label, &project.id, "labels", &lines);
    let rows: Vec<&Value> = statuses.iter().map(|status| &status["dataRow"]).collect();
    let expect = [
        json!({ "id": null, "globalKey": "nobody" }),
        json!({ "id": "cnobody000000000000000000", "globalKey": null }),
        json!({ "id": ids[0], "globalKey": "log" }),
        json!({ "id": ids[0], "globalKey": null }),
    ];
    assert_eq!(rows, expect.iter().collect::<Vec<_>>());
}

/// A row whose asset nobody has looked at yet.
fn unread_row(served: &Served, payload: &Value) -> String {
    let payload = json!({ "data": payload["row_data"], "global_key": payload["global_key"], "media_type": payload["media_type"] });
    row_import::create_one(&served.workspace, &served.caller, &served.dataset("set"), &payload).unwrap()
}

#[test]
fn lines_about_words_wait_for_the_text_and_say_so_in_the_end() {
    let served = Served::new();
    let url = served.upload("log.txt", b"the vessel Mara");
    let row_id = unread_row(&served, &json!({ "row_data": url, "global_key": "log", "media_type": "TEXT" }));
    let picture = unread_row(
        &served,
        &json!({ "row_data": "http://127.0.0.1/a.png", "global_key": "pic", "media_type": "IMAGE" }),
    );
    let project = served.project("project", "TEXT", &ontology(), &[row_id.clone(), picture.clone()]);
    let answer = |row: &str| json!({ "dataRow": { "id": row }, "name": "shift", "answer": { "name": "day" } });
    let lines = [
        json!({ "dataRow": { "id": row_id }, "name": "vessel", "location": { "start": 11, "end": 14 } }),
        answer(&picture),
    ];
    // Nobody looks at assets while this one is done, and its patience passes with every look at the clock.
    let (_, task) = served.start_import(ImportKind::Label, &project.id, "impatient", &lines);
    served.order(|| served.work_for(&ImportJob, &task, u64::MAX));
    let statuses = served.import_statuses(ImportKind::Label, &project.id, "impatient");
    assert_eq!(statuses[0]["errors"][0]["name"], "AssetNotRead", "{}", statuses[0]);
    assert_eq!(statuses[1]["status"], "SUCCESS", "a picture is drawn on as it is: {}", statuses[1]);
    // With somebody who does, the same lines are taken, with the words that the text has there.
    let statuses = served.import(ImportKind::Label, &project.id, "patient", &lines);
    assert_eq!(statuses[0]["status"], "SUCCESS", "{}", statuses[0]);
    let rows = served.export_all(Scope::Project(project.id.clone()));
    let row = rows.iter().find(|row| row["data_row"]["id"] == *row_id).unwrap();
    let object = &row["projects"][&project.id]["labels"][0]["annotations"]["objects"][0];
    assert_eq!(object["location"]["token"], "Mara");
}

#[test]
fn boxes_on_pages_have_the_size_that_the_document_gives() {
    let served = Served::new();
    let page =
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n\
                 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 500]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
    let pdf_url = served.upload("a.pdf", page);
    let words = json!([{ "number": 1, "groups": [{ "id": "g", "tokens": [{ "id": "t", "content": "Mara" }] }] }]);
    let layer_url = served.upload("layer.json", words.to_string().as_bytes());
    for (name, row_data) in [
        ("with layer", json!({ "pdf_url": pdf_url, "text_layer_url": layer_url })),
        ("bare", json!({ "pdf_url": pdf_url })),
    ] {
        let payload = json!({ "row_data": row_data, "global_key": name, "media_type": "PDF" });
        let ids = served.rows(&served.dataset(name), &[payload]);
        let project = served.project(name, "PDF", &ontology(), &ids);
        let line = json!({ "dataRow": { "id": ids[0] }, "name": "box", "page": 0, "unit": "POINTS",
                           "bbox": { "top": 1, "left": 2, "height": 3, "width": 4 } });
        let statuses = served.import(ImportKind::Label, &project.id, "labels", &[line]);
        assert_eq!(statuses[0]["status"], "SUCCESS", "{name}: {}", statuses[0]);
        let row = &served.export_all(Scope::Project(project.id.clone()))[0];
        let object = &row["projects"][&project.id]["labels"][0]["annotations"]["objects"][0];
        assert_eq!(object["page_dimensions"], json!({ "height": 500.0, "width": 300.0 }), "{name}: {object}");
        let shown = row["media_attributes"]["text_layer_url"].as_str();
        assert_eq!(
            shown,
            (name == "with layer").then_some(layer_url.as_str()),
            "no layer is shown for pages without words"
        );
    }
}
