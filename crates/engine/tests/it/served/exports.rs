//! Exports as tasks: fresh, equal to those of a file, whole or not there, and gone when they are old.

use super::{Served, car, cars, everything, image};
use crate::support::{Memory, assert_same_bytes};
use labelport_engine::annotation_import::ImportKind;
use labelport_engine::export;
use labelport_engine::export::job::{self, ExportJob};
use labelport_engine::sink::Packing;
use labelport_engine::storage::results::Stream;
use labelport_formats::write::Ndjson;
use labelport_model::id::TaskId;
use labelport_model::request::Scope;
use labelport_store::tables::tasks::TaskStatus;
use serde_json::json;

/// A workspace with rows of a few kilobytes each.
fn filled(rows: usize) -> (Served, String) {
    let served = Served::new();
    let dataset_id = served.dataset("set");
    let note = "x".repeat(3_000);
    let payload = |number: usize| {
        let mut payload = image(&format!("g{number}"));
        payload["attachments"] = json!([{ "type": "RAW_TEXT", "value": format!("{number} {note}") }]);
        payload
    };
    let ids = served.rows(&dataset_id, &(0..rows).map(payload).collect::<Vec<_>>());
    let project = served.project("project", "IMAGE", &cars(), &ids);
    served.import(ImportKind::Label, &project.id, "labels", &[car("g1", "u", 1), car("g3", "v", 1)]);
    (served, project.id)
}

/// Runs the same request through a sink of its own.
fn written(served: &Served, scope: Scope) -> (Vec<u8>, export::ExportProgress) {
    let mut sink = Memory { packing: Packing::Plain, bytes: Vec::new() };
    let mut last = None;
    let mut run = export::ExportOptions {
        threads: 1,
        format: &Ndjson,
        row_limit_bytes: export::ROW_LIMIT_BYTES,
        labels_created: None,
        progress: &mut |progress| last = Some(progress),
        stop: None,
        files: None,
        client: None,
    };
    export::run(served.workspace.store(), &everything(scope), &mut sink, &mut run).unwrap();
    (sink.bytes, last.unwrap())
}

fn start(served: &Served, scope: Scope) -> TaskId {
    served.order(|| job::start(&served.workspace, &served.caller, "", &everything(scope))).unwrap()
}

#[test]
fn a_result_is_the_export_whatever_ranges_it_is_read_in() {
    let (served, project_id) = filled(900);
    for scope in [Scope::Project(project_id), Scope::Catalog] {
        let id = start(&served, scope.clone());
        let task = served.complete(&id);
        let (expected, _) = written(&served, scope);
        assert_same_bytes(served.result(&id).as_bytes(), &expected, "the result");
        let stored = job::get_result(&served.workspace, id.as_str()).unwrap();
        let extent = stored.extent(Stream::Rows).unwrap();
        assert_eq!((extent.bytes, extent.lines), (expected.len() as u64, 900));
        assert_eq!((task.rows_done, task.rows_total), (900, Some(900)));
        assert!(task.outcome.unwrap().contains(stored.sha256()));
        for step in [1_000_003, 65_536, 4_099] {
            let mut bytes = Vec::new();
            for from in (0..extent.bytes).step_by(step) {
                let each = &mut |piece: &[u8]| {
                    bytes.extend_from_slice(piece);
                    Ok(())
                };
                stored.read(Stream::Rows, from, from + step as u64 - 1, each).unwrap();
            }
            assert_same_bytes(&bytes, &expected, "the ranges");
        }
        // Files follow one another without a gap and end with lines.
        let mut at = 0;
        while at < extent.bytes {
            let file = stored.file_at_offset(Stream::Rows, at).unwrap();
            assert_eq!((file.start, expected[file.end as usize]), (at, b'\n'));
            at = file.end + 1;
        }
    }
}

#[test]
fn an_export_sees_what_was_acknowledged_before_it() {
    let (served, project_id) = filled(3);
    let scope = || Scope::Project(project_id.clone());
    let labels = |text: &str| text.matches("\"label_kind\"").count();
    assert_eq!(labels(&served.export(&everything(scope()))), 1);
    served.import(ImportKind::Label, &project_id, "more", &[car("g0", "u", 1), car("g1", "u", 1), car("g2", "u", 1)]);
    let before = start(&served, scope());
    // What comes after the export has begun is not in it, and an export that nobody has begun has not begun.
    assert_eq!(labels(&served.export(&everything(scope()))), 4);
    served.import(ImportKind::Label, &project_id, "last", &[car("g0", "u", 1)]);
    assert_eq!(labels(&served.result(&before)), 4);
    assert_eq!(labels(&served.export(&everything(scope()))), 5);
}

#[test]
fn an_interrupted_export_leaves_nothing_and_is_done_by_the_next_worker() {
    let (served, project_id) = filled(900);
    let scope = Scope::Project(project_id);
    let id = start(&served, scope.clone());
    assert!(served.work_for(&ExportJob, &id, 1), "it was stopped");
    let running = job::get_result(&served.workspace, id.as_str()).unwrap_err();
    assert!(running.message.contains("still running"), "{}", running.message);
    assert!(served.workspace.open_result(id.as_str()).unwrap().is_none(), "half a result is there");
    served.complete(&id);
    assert_same_bytes(served.result(&id).as_bytes(), &written(&served, scope).0, "the result");
}

#[test]
fn a_request_that_makes_no_sense_makes_no_task() {
    let served = Served::new();
    let before = served.count_tasks();
    for scope in [
        Scope::Project("cnobody000000000000000000".to_owned()),
        Scope::Dataset("'; drop table data_rows; --".to_owned()),
        Scope::ModelRun(String::new()),
    ] {
        job::start(&served.workspace, &served.caller, "", &everything(scope)).unwrap_err();
    }
    assert_eq!(served.count_tasks(), before);
}

#[test]
fn an_export_of_what_vanished_fails() {
    let (served, project_id) = filled(3);
    let id = start(&served, Scope::Project(project_id.clone()));
    labelport_engine::projects::project::delete(&served.workspace, &project_id).unwrap();
    served.settle();
    assert_eq!(served.task(&id).status, TaskStatus::Failed);
    let failed = job::get_result(&served.workspace, id.as_str()).unwrap_err();
    assert_eq!(failed.message, "Task failed");
}

#[test]
fn an_empty_export_is_complete_and_has_no_extent() {
    let served = Served::new();
    let id = start(&served, Scope::Dataset(served.dataset("empty")));
    let task = served.complete(&id);
    assert_eq!((task.rows_done, task.rows_total), (0, Some(0)));
    let stored = job::get_result(&served.workspace, id.as_str()).unwrap();
    assert_eq!((stored.extent(Stream::Rows), stored.extent(Stream::Errors)), (None, None));
    assert_eq!(served.result(&id), "");
}

#[test]
fn a_result_expires() {
    let (served, project_id) = filled(3);
    let id = start(&served, Scope::Project(project_id));
    served.complete(&id);
    served.pass(job::KEPT_MS);
    job::expire(&served.workspace).unwrap();
    assert!(job::get_result(&served.workspace, id.as_str()).is_ok());
    served.pass(1);
    job::expire(&served.workspace).unwrap();
    let gone = job::get_result(&served.workspace, id.as_str()).unwrap_err();
    assert!(gone.message.contains("has expired"), "{}", gone.message);
}
