//! A workspace whose files and results lie in an object store: the same results as in a folder, whatever the network does and
//! whenever a worker is killed; tasks that wait for a store that is down; nothing that is left over.

use super::{Served, everything, image, new_row};
use crate::object_server::{Fault, ObjectServer, Planned};
use crate::storages::{open, open_with};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::export::ExportError;
use labelport_engine::export::job::{self, ExportJob};
use labelport_engine::registry::ROSTER;
use labelport_engine::sink::Nowhere;
use labelport_engine::storage::unused;
use labelport_engine::tasks::Runner;
use labelport_engine::{export, registry};
use labelport_model::id::TaskId;
use labelport_model::problem::Problem;
use labelport_model::request::{ExportRequest, FormatChoice, Scope};
use labelport_store::tables::tasks::TaskStatus;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Returns a picture of four pixels.
fn picture() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::new(&mut bytes, 2, 2).write_header().unwrap();
    writer.write_image_data(&[0; 4]).unwrap();
    drop(writer);
    bytes
}

/// Fills a workspace with rows, of which one has a mask; returns the id of its project.
fn fill(served: &Served) -> String {
    let dataset_id = served.dataset("set");
    let mut payloads: Vec<Value> = (0..20).map(|number| image(&format!("g{number}"))).collect();
    payloads[0]["row_data"] = json!(served.upload("g0.png", &picture()));
    let ids = served.rows(&dataset_id, &payloads);
    let tools = json!({ "tools": [{ "tool": "raster-segmentation", "name": "water" }], "classifications": [] });
    let project = served.project("project", "IMAGE", &tools, &ids);
    let mask = json!({ "uuid": "m", "dataRow": { "id": ids[0] }, "name": "water",
                       "mask": { "size": [2, 2], "counts": [1, 3] } });
    assert_eq!(served.import(ImportKind::Label, &project.id, "labels", &[mask])[0]["status"], "SUCCESS");
    project.id
}

fn start(served: &Served, request: &ExportRequest) -> TaskId {
    served.order(|| job::start(&served.workspace, &served.caller, "", request)).unwrap()
}

fn manifest(served: &Served, id: &TaskId) -> String {
    job::get_result(&served.workspace, id.as_str()).unwrap().manifest().unwrap()
}

/// Returns requests for rows, and for a package that reads the pictures of masks.
fn requests(project_id: &str) -> [ExportRequest; 2] {
    let rows = everything(Scope::Project(project_id.to_owned()));
    let format = FormatChoice { allow_lossy: true, ..FormatChoice::of("masks") };
    [rows.clone(), ExportRequest { format, ..rows }]
}

#[test]
fn results_are_the_same_in_a_bucket_as_in_a_folder_also_after_kills_at_any_step() {
    let (server, in_folder) = (ObjectServer::start(), Served::new());
    let in_bucket = Served::in_storage(open(&server, "s3://labels/team"));
    let (expected_id, project_id) = (fill(&in_folder), fill(&in_bucket));
    assert_eq!(expected_id, project_id);
    for request in requests(&project_id) {
        let (expected, id) = (start(&in_folder, &request), start(&in_bucket, &request));
        in_folder.complete(&expected);
        let mut kills = 0;
        while in_bucket.work_for(&ExportJob, &id, kills) {
            assert!(
                job::get_result(&in_bucket.workspace, id.as_str()).is_err(),
                "there is a result after {kills} steps"
            );
            kills += 1;
        }
        assert!(kills > 1, "{kills}");
        in_bucket.complete(&id);
        assert_eq!(manifest(&in_bucket, &id), manifest(&in_folder, &expected));
        assert_eq!(in_bucket.bytes_of(&id), in_folder.bytes_of(&expected));
        let keys = server.keys();
        let own: Vec<&str> = keys.iter().filter(|key| key.contains(id.as_str())).map(String::as_str).collect();
        let folder = format!("team/results/{id}");
        let [index, manifest, part] = &own[..] else { panic!("what was given up is left: {own:?}") };
        assert_eq!((*index, *manifest), (&*format!("{folder}/index.json"), &*format!("{folder}/manifest.json")));
        assert!(part.starts_with(&format!("{folder}/part-00001-")), "{part}");
    }
    assert!(!in_bucket.folder().join("results").read_dir().is_ok_and(|mut found| found.next().is_some()));
}

#[test]
fn what_expires_or_is_unused_goes_from_the_bucket() {
    let server = ObjectServer::start();
    let served = Served::in_storage(open(&server, "s3://labels"));
    let project_id = fill(&served);
    let id = start(&served, &requests(&project_id)[0]);
    served.complete(&id);
    let count = |folder: &str| server.keys().iter().filter(|key| key.starts_with(folder)).count();
    assert_eq!(count("results/"), 3);
    served.pass(job::KEPT_MS + 1);
    job::expire(&served.workspace).unwrap();
    assert_eq!(count("results/"), 0);
    // The server takes the time of objects from its own clock, which is after that of the test.
    let (before, later) = (count("files/"), labelport_model::time::Timestamp::from_millis(i64::MAX / 2));
    let mut kept = |_: &mut dyn labelport_store::Connection,
                    _: &mut dyn FnMut(&mut dyn std::io::Read) -> std::io::Result<()>| Ok(());
    let files = served.workspace.files();
    let unused =
        served.workspace.read(|connection| Ok(unused::find(connection, files, &mut kept, later).unwrap())).unwrap();
    assert!(!unused.ids.is_empty() && unused.ids.len() < before, "{unused:?}");
    let expect = before - unused.ids.len();
    unused::remove(served.workspace.store(), files, unused).unwrap();
    assert_eq!(count("files/"), expect);
}

/// Lets a worker run until it says something to the operator; returns that.
fn report(served: &Served) -> String {
    let reported = Arc::new(Mutex::new(Vec::new()));
    let log = {
        let reported = Arc::clone(&reported);
        move |problem: &Problem| reported.lock().unwrap().push(problem.message.clone())
    };
    let runner = Runner::start(&served.workspace, "worker".to_owned(), 1, ROSTER, Arc::new(log));
    let mut is_reported = || Ok(!reported.lock().unwrap().is_empty());
    served.workspace.wake_up().wait_until(served.workspace.clock(), Duration::from_secs(60), &mut is_reported).unwrap();
    runner.stop();
    reported.lock().unwrap().remove(0)
}

#[test]
fn tasks_wait_for_a_store_that_is_down_and_no_attempt_counts_as_a_death() {
    let server = ObjectServer::start();
    let served = Served::in_storage(open_with(&server, "s3://labels", Duration::from_millis(1), &[]));
    let project_id = fill(&served);
    let [rows, masks] = requests(&project_id);
    let items = [Value::Array(vec![new_row(&served.dataset("other"), &image("h"))])];
    let starts: [(&dyn Fn() -> TaskId, &str); 4] = [
        (&|| start(&served, &rows), "PUT /labels/results"),
        (&|| start(&served, &rows), "manifest.json"),
        (&|| start(&served, &masks), "GET /labels/files"),
        (&|| served.start_rows(&items), "GET /labels/files"),
    ];
    for (start, line) in starts {
        let id = start();
        for attempt in 0..4 {
            server.plan(&[Planned { line, times: usize::MAX, fault: Fault::Busy }]);
            let message = report(&served);
            assert!(message.contains("does not answer") && message.contains("goes on by itself"), "{line}: {message}");
            let task = served.task(&id);
            let state = (task.status, task.deaths, task.lease.is_none());
            assert_eq!(state, (TaskStatus::InProgress, 0, true), "{line} {attempt}");
            server.plan(&[]);
            served.pass(60_000);
        }
        served.complete(&id);
    }
    assert_eq!(served.export_all(Scope::Catalog).len(), 21);
}

#[test]
fn a_task_whose_bucket_is_gone_fails_with_the_reason_for_the_operator() {
    let server = ObjectServer::start();
    let served = Served::in_storage(open(&server, "s3://nobody"));
    let id = start(&served, &everything(Scope::Catalog));
    let message = report(&served);
    let task = served.task(&id);
    assert_eq!(task.status, TaskStatus::Failed);
    assert!(message.contains("look at the object store"), "{message}");
    registry::cancel(&served.workspace, id.as_str(), None).unwrap_err();
}

#[test]
fn a_picture_that_cannot_be_read_for_now_is_not_taken_for_one_that_is_gone() {
    let server = ObjectServer::start();
    let served = Served::in_storage(open_with(&server, "s3://labels", Duration::from_millis(1), &[]));
    let [_, request] = requests(&fill(&served));
    let format = export::format_of(&request).unwrap();
    let run = || {
        let mut run = export::ExportOptions {
            threads: 1,
            format,
            row_limit_bytes: export::ROW_LIMIT_BYTES,
            labels_created: None,
            progress: &mut |_| {},
            stop: None,
            files: Some(served.workspace.files()),
            client: None,
        };
        export::run(served.workspace.store(), &request, &mut Nowhere, &mut run)
    };
    let whole = run().unwrap();
    server.plan(&[Planned { line: "GET /labels/files", times: usize::MAX, fault: Fault::Broken }]);
    let error = run().unwrap_err();
    assert!(matches!(&error, ExportError::Kept(_)) && error.to_string().contains("does not answer"), "{error}");
    server.plan(&[]);
    assert_eq!(run().unwrap(), whole);
}
