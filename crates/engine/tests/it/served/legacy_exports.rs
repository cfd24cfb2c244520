//! Exports of before v2: asked for again and again, and what their rows say.

use super::{Served, car, cars, image};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::export::job;
use labelport_engine::legacy::{self, Legacy, LegacyKind};
use labelport_engine::models::{model, registration, run};
use labelport_engine::projects::issue::{self, Creation};
use labelport_engine::projects::{batch, label, project};
use labelport_engine::storage::results::Stream;
use labelport_engine::workspace::api_keys;
use labelport_model::problem::Problem;
use labelport_model::record::Spill;
use labelport_model::time::Timestamp;
use labelport_store::tables::issues::IssueStatus;
use labelport_store::tables::labels::ListLabels;
use labelport_store::tables::tasks::{self, Ending, TaskStatus};
use serde_json::{Value, json};
use std::ops::ControlFlow;

const DAY_MS: i64 = 24 * 3_600_000;
/// Takes nothing of what is written.
const KEEP: &Spill<'static> = &|_| ControlFlow::Continue(());

impl Served {
    /// Asks for an export, with nobody who works on it.
    fn ask(&self, kind: LegacyKind, data: &Value) -> Result<Legacy, Problem> {
        self.order(|| legacy::start_or_join(&self.workspace, &self.caller, kind, data))
    }

    /// Asks until the export is there; returns its lines.
    #[track_caller]
    fn ask_until_done(&self, kind: LegacyKind, data: &Value) -> Vec<Value> {
        let asked = self.ask(kind, data).unwrap();
        assert!(!asked.is_done, "nobody works on it");
        self.settle();
        let done = self.ask(kind, data).unwrap();
        assert_eq!(done, Legacy { is_done: true, ..asked });
        let lines: Vec<Value> =
            self.result(&done.task_id).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let stored = job::get_result(&self.workspace, done.task_id.as_str()).unwrap();
        assert_eq!(stored.extent(Stream::Rows).map_or(0, |extent| extent.lines), lines.len() as u64);
        lines
    }
}

/// A project of three images; the first has two labels of two days, the second one.
fn labelled() -> (Served, String, Vec<String>) {
    let served = Served::new();
    let ids = served.rows(&served.dataset("set"), &[image("g0"), image("g1"), image("g2")]);
    let project = served.project("project", "IMAGE", &cars(), &ids);
    served.import(ImportKind::Label, &project.id, "first", &[car("g0", "u", 1)]);
    served.pass(DAY_MS);
    let remark = json!({ "uuid": "w", "dataRow": { "globalKey": "g1" }, "name": "remark", "answer": "dusty" });
    served.import(ImportKind::Label, &project.id, "second", &[car("g0", "u", 2), car("g1", "v", 3), remark]);
    (served, project.id, ids)
}

#[test]
fn the_same_question_gets_one_answer_once() {
    let (served, project_id, _) = labelled();
    let data = json!({ "projectId": project_id });
    let first = served.ask(LegacyKind::Labels, &data).unwrap();
    assert_eq!(served.ask(LegacyKind::Labels, &data).unwrap().task_id, first.task_id, "a running one is joined");
    let filtered = json!({ "projectId": project_id, "filters": { "labelCreatedAt": { "start": "2026-01-02" } } });
    let other = served.ask(LegacyKind::Labels, &filtered).unwrap();
    assert_ne!(other.task_id, first.task_id, "another question is another task");
    let queued = served.ask(LegacyKind::QueuedRows, &data).unwrap();
    assert_ne!(queued.task_id, first.task_id, "so is another kind");
    let new = api_keys::NewKey { email: "ben@example.test", name: "x", role: "Reader", time_zone: None, expires: None };
    let key = api_keys::create(&served.workspace, &new).unwrap().key;
    let ben = served.workspace.identify(Some(&key)).unwrap();
    let of_ben = served.order(|| legacy::start_or_join(&served.workspace, &ben, LegacyKind::Labels, &data)).unwrap();
    assert_ne!(of_ben.task_id, first.task_id, "and another caller");
    served.settle();
    let done = served.ask(LegacyKind::Labels, &data).unwrap();
    assert_eq!(done, Legacy { is_done: true, ..first.clone() });
    let again = served.ask(LegacyKind::Labels, &data).unwrap();
    assert_ne!(again.task_id, first.task_id, "a delivered result is not delivered again");
    served.settle();
    served.pass(60_001);
    let late = served.ask(LegacyKind::Labels, &data).unwrap();
    assert_ne!(late.task_id, again.task_id, "what nobody came for is old");
}

#[test]
fn a_failure_is_reported_once() {
    let (served, project_id, _) = labelled();
    let data = json!({ "projectId": project_id });
    let first = served.ask(LegacyKind::Labels, &data).unwrap();
    let outcome = Some(json!({ "error": "the disk is full" }).to_string());
    let ending = Ending { status: TaskStatus::Failed, outcome, owner: None, now: served.workspace.now() };
    let id = first.task_id.clone();
    served.workspace.store().write(move |connection| tasks::finish(connection, &id, &ending)).unwrap();
    assert_eq!(served.ask(LegacyKind::Labels, &data).unwrap_err().message, "the disk is full");
    assert_ne!(served.ask(LegacyKind::Labels, &data).unwrap().task_id, first.task_id);
}

#[test]
fn what_makes_no_sense_starts_nothing() {
    let (served, project_id, _) = labelled();
    let before = served.count_tasks();
    let check = |kind, data: Value, words: &str| {
        let problem = served.ask(kind, &data).unwrap_err();
        assert!(problem.message.contains(words), "{}", problem.message);
    };
    check(LegacyKind::Labels, json!({}), "data.projectId is missing");
    check(LegacyKind::Labels, json!({ "projectId": "nobody" }), "nobody");
    check(LegacyKind::ModelRun, json!({ "modelRunId": "'; drop table tasks" }), "drop table");
    check(LegacyKind::DatasetRows, json!({ "datasetId": 7 }), "data.datasetId is \"7\"; give a text");
    check(LegacyKind::BatchRows, json!({ "batchId": "nobody" }), "nobody");
    check(LegacyKind::QueuedRows, json!(null), "data.projectId is missing");
    let filters = json!({ "labelCreatedAt": { "start": "soon" } });
    check(LegacyKind::Labels, json!({ "projectId": project_id, "filters": filters }), "filters.labelCreatedAt");
    assert_eq!(served.count_tasks(), before);
}

#[test]
fn a_row_says_all_that_its_readers_insist_on() {
    let (served, project_id, ids) = labelled();
    let which = ListLabels { limit: 10, ..ListLabels::default() };
    let labels = label::list(&served.workspace, &project_id, &which).unwrap();
    let creation = Creation {
        project_id: &project_id,
        row_id: &ids[1],
        label_id: Some(&labels[2].id),
        content: "too large",
        category_id: None,
        position: &Value::Null,
    };
    let open = issue::create(&served.workspace, &served.caller, &creation).unwrap();
    let creation = Creation { row_id: &ids[0], label_id: Some(&labels[0].id), ..creation };
    let settled = issue::create(&served.workspace, &served.caller, &creation).unwrap();
    issue::resolve(&served.workspace, &served.caller, &settled, IssueStatus::Resolved).unwrap();
    assert_ne!(open, settled);
    let lines = served.ask_until_done(LegacyKind::Labels, &json!({ "projectId": project_id }));
    assert_eq!(lines.len(), 3, "one line for each label, and none for a row without");
    let row = &lines[2];
    let keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    for key in [
        "ID",
        "DataRow ID",
        "Labeled Data",
        "Label",
        "Created By",
        "Project Name",
        "Created At",
        "Updated At",
        "Seconds to Label",
        "External ID",
        "Agreement",
        "Benchmark Agreement",
        "Benchmark ID",
        "Dataset Name",
        "Reviews",
        "View Label",
        "Has Open Issues",
        "Skipped",
        "Global Key",
        "DataRow Metadata",
        "Media Attributes",
    ] {
        assert!(keys.contains(&key), "{key} is missing: {keys:?}");
    }
    assert_eq!((&row["ID"], &row["DataRow ID"]), (&json!(labels[2].id), &json!(ids[1])));
    assert_eq!((&row["Dataset Name"], &row["Project Name"]), (&json!("set"), &json!("project")));
    assert_eq!(row["Created At"], "2026-01-02T00:00:00.000Z");
    assert_eq!((&row["Has Open Issues"], &lines[0]["Has Open Issues"]), (&json!(1), &json!(0)));
    let view = format!("http://served.test?project={project_id}&label={}", labels[2].id);
    assert_eq!(row["View Label"], view);
    let object = &row["Label"]["objects"][0];
    assert_eq!(
        (&object["title"], &object["bbox"]["left"], &object["color"]),
        (&json!("car"), &json!(3.0), &json!("#ff0000"))
    );
    assert_eq!(row["Label"]["classifications"][0]["answer"], "dusty");
}

#[test]
fn dates_are_about_labels_and_not_about_their_rows() {
    let (served, project_id, _) = labelled();
    let check = |filters: Value, expect: &[u32]| {
        let data = json!({ "projectId": project_id, "filters": filters });
        let lines = served.ask_until_done(LegacyKind::Labels, &data);
        let lefts: Vec<f64> =
            lines.iter().map(|line| line["Label"]["objects"][0]["bbox"]["left"].as_f64().unwrap()).collect();
        assert_eq!(lefts, expect.iter().map(|left| f64::from(*left)).collect::<Vec<_>>(), "{data}");
    };
    check(json!({}), &[1, 2, 3]);
    check(json!({ "labelCreatedAt": { "start": "2026-01-02" } }), &[2, 3]);
    check(json!({ "labelCreatedAt": { "start": "2026-01-01", "end": "2026-01-01" } }), &[1]);
    check(json!({ "labelCreatedAt": { "end": "2026-01-01 12:00:00" } }), &[1]);
    check(json!({ "labelCreatedAt": { "start": "", "end": "" } }), &[1, 2, 3]);
    check(json!({ "labelCreatedAt": { "start": "2027-01-01" } }), &[]);
    check(json!({ "lastActivityAt": { "end": "2026-01-01" } }), &[]);
    check(json!({ "lastActivityAt": { "start": "2026-01-02", "end": null } }), &[1, 2, 3]);
}

#[test]
fn data_rows_come_with_the_fields_of_the_sdk() {
    let (served, project_id, ids) = labelled();
    let payload = json!({ "row_data": "the \"text\"", "global_key": "t", "external_id": "x", "media_type": "TEXT",
        "metadata_fields": [{ "schemaId": "cko8sbczn0002h2dkdaxb5kal", "value": {} },
                            { "schemaId": "cko8sbscr0003h2dk04w86hof", "value": {} }] });
    let dataset_id = served.dataset("texts");
    let text = served.rows(&dataset_id, &[payload]).remove(0);
    let lines = served
        .ask_until_done(LegacyKind::DatasetRows, &json!({ "datasetId": dataset_id, "includeMetadataInput": true }));
    let expect = json!({
        "id": text, "externalId": "x", "globalKey": "t", "rowData": "the \"text\"",
        "createdAt": "2026-01-02T00:00:00.000Z", "updatedAt": "2026-01-02T00:00:00.000Z",
        "customMetadata": [{ "schemaId": "cko8sbczn0002h2dkdaxb5kal", "value": {} },
                           { "schemaId": "cko8sbscr0003h2dk04w86hof", "value": {} }],
        "metadataFields": [{ "schemaId": "cko8sbczn0002h2dkdaxb5kal", "name": "split", "value": "train",
                             "kind": "CustomMetadataEnum" }],
    });
    let mut line = lines[0].clone();
    let media = line.as_object_mut().unwrap().remove("mediaAttributes").unwrap();
    assert_eq!((lines.len(), &line), (1, &expect));
    assert_eq!(media["assetType"], "text");

    let lines = served.ask_until_done(LegacyKind::QueuedRows, &json!({ "projectId": project_id }));
    assert_eq!(lines.iter().map(|line| line["id"].clone()).collect::<Vec<_>>(), [json!(ids[2])]);
    let project = project::get(&served.workspace, &project_id).unwrap();
    let first = batch::list(&served.workspace, &project).unwrap().remove(0);
    let lines = served.ask_until_done(LegacyKind::BatchRows, &json!({ "batchId": first.id }));
    assert_eq!(
        lines.iter().map(|line| line["id"].clone()).collect::<Vec<_>>(),
        ids.iter().map(|id| json!(id)).collect::<Vec<_>>()
    );
    let empty = served.ask_until_done(LegacyKind::DatasetRows, &json!({ "datasetId": served.dataset("empty") }));
    assert!(empty.is_empty());
}

#[test]
fn a_run_says_what_its_rows_are_labelled_with() {
    let (served, project_id, ids) = labelled();
    let ontology_id = project::get(&served.workspace, &project_id).unwrap().ontology_id.unwrap();
    let model = model::create(&served.workspace, &served.caller, "model", &ontology_id).unwrap();
    let run = run::create(&served.workspace, &served.caller, &model.id, "run", &Value::Null).unwrap();
    let start = || registration::start_project(&served.workspace, &served.caller, &run.id, &project_id);
    let id = served.order(start).unwrap();
    served.complete(&id);
    let lines = served.ask_until_done(LegacyKind::ModelRun, &json!({ "modelRunId": run.id }));
    assert_eq!(lines.iter().map(|line| line["DataRow ID"].clone()).collect::<Vec<_>>(), [json!(ids[0]), json!(ids[1])]);
    assert_eq!(lines[0]["Label"]["objects"].as_array().unwrap().len(), 2, "both labels of the row");
    assert_eq!(lines[0]["Label"]["objects"][0]["color"], "#ff0000");
}

#[test]
fn frames_of_a_video_are_served_by_themselves() {
    let served = Served::new();
    let payload = json!({ "row_data": "http://127.0.0.1/a.mp4", "global_key": "v", "media_type": "VIDEO" });
    let ids = served.rows(&served.dataset("set"), &[payload]);
    let ontology = json!({ "tools": [{ "tool": "rectangle", "name": "car", "classifications": [] },
                                     { "tool": "raster-segmentation", "name": "water", "classifications": [] }],
                           "classifications": [] });
    let project = served.project("project", "VIDEO", &ontology, &ids);
    let picture = {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 2, 2);
        encoder.set_color(png::ColorType::Rgb);
        encoder.write_header().unwrap().write_image_data(&[0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        served.upload("mask.png", &bytes)
    };
    let boxed =
        |frame: u32, left: f64| json!({ "frame": frame, "bbox": { "top": 1, "left": left, "height": 2, "width": 2 } });
    let lines = [
        json!({ "uuid": "u", "dataRow": { "globalKey": "v" }, "name": "car",
                "segments": [{ "keyframes": [boxed(1, 1.0), boxed(3, 3.0)] }] }),
        json!({ "uuid": "m", "dataRow": { "globalKey": "v" },
                "masks": { "frames": [{ "index": 2, "instanceURI": picture }],
                           "instances": [{ "name": "water", "colorRGB": [0, 0, 255] }] } }),
    ];
    let statuses = served.import(ImportKind::Label, &project.id, "labels", &lines);
    assert!(statuses.iter().all(|status| status["status"] == "SUCCESS"), "{statuses:?}");
    let rows = served.ask_until_done(LegacyKind::Labels, &json!({ "projectId": project.id }));
    let label_id = rows[0]["ID"].as_str().unwrap();
    assert_eq!(rows[0]["Label"], json!({ "frames": format!("http://served.test/api/v1/labels/{label_id}/frames") }));
    assert_eq!(rows[0]["media_type"], "video");

    let text = String::from_utf8(legacy::video_frames(&served.workspace, label_id, KEEP).unwrap()).unwrap();
    let frames: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(frames.iter().map(|frame| frame["frameNumber"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    let of = |frame: usize, title: &str| -> Value {
        let objects = frames[frame]["objects"].as_array().unwrap();
        objects.iter().find(|object| object["title"] == title).cloned().unwrap_or_default()
    };
    assert_eq!((&of(1, "car")["bbox"]["left"], &of(1, "car")["keyframe"]), (&json!(2.0), &json!(false)));
    assert_eq!((&of(2, "car")["bbox"]["left"], &of(2, "car")["keyframe"]), (&json!(3.0), &json!(true)));
    let water = of(1, "water");
    let url = water["instanceURI"].as_str().unwrap();
    let path = served.workspace.signer().own_path(url).unwrap();
    let feature_id = water["featureId"].as_str().unwrap();
    assert_eq!(path, format!("/api/v1/projects/{}/annotations/{feature_id}/index/2/mask", project.id));
    let signature = url.split_once("?signature=").unwrap().1;
    served.workspace.signer().check(path, None, Some(signature), Timestamp::MIN).unwrap();
    let org_key = served.workspace.org_key();
    assert!(served.read(|connection| labelport_store::tables::files::find_mask(connection, org_key, path)).is_some());
    legacy::video_frames(&served.workspace, "nobody", KEEP).unwrap_err();
}

#[test]
fn masks_are_single_pictures() {
    let served = Served::new();
    let ids = served.rows(&served.dataset("set"), &[image("g0")]);
    let ontology = json!({ "tools": [{ "tool": "raster-segmentation", "name": "water", "classifications": [] }],
                           "classifications": [] });
    let project = served.project("project", "IMAGE", &ontology, &ids);
    let mask = json!({ "uuid": "m", "dataRow": { "globalKey": "g0" }, "name": "water",
                       "mask": { "size": [2, 2], "counts": [1, 3] } });
    served.import(ImportKind::Label, &project.id, "labels", &[mask]);
    let rows = served.ask_until_done(LegacyKind::Labels, &json!({ "projectId": project.id }));
    let object = &rows[0]["Label"]["objects"][0];
    let path = served.workspace.signer().own_path(object["instanceURI"].as_str().unwrap()).unwrap();
    let feature_id = object["featureId"].as_str().unwrap();
    assert_eq!(path, format!("/api/v1/projects/{}/annotations/{feature_id}/index/1/mask", project.id));
}
