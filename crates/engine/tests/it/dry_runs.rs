//! Imports that are taken back: they see what an import would do, and leave nothing.

use crate::hostile::good;
use crate::support::{ImportAs, Workspace};
use labelport_engine::import::Summary;
use labelport_samples::demo;
use serde_json::Value;

fn strict() -> ImportAs {
    ImportAs { strict: true, ..ImportAs::default() }
}

/// Runs files dry and for real; returns the two summaries, and that the first left nothing.
#[track_caller]
fn both(workspace: &Workspace, files: &[(&str, &[u8])], import: ImportAs) -> (Summary, Summary) {
    let before = workspace.database();
    let (dry, preview) = workspace.import_dry(files, import, None).unwrap();
    assert!(workspace.database() == before, "a dry run left something in the database");
    let counts = &dry.counts;
    assert_eq!(preview.created.len() as u64, counts.rows.created.min(10));
    assert_eq!(preview.changed.len() as u64, counts.rows.changed.min(10));
    let mut real = Summary::default();
    for (name, bytes) in files {
        real.add(workspace.import(name, bytes, import).unwrap());
    }
    (dry, real)
}

/// Returns the demo files as names and bytes.
fn demo_files() -> Vec<(String, Vec<u8>)> {
    demo().files.into_iter().map(|file| (file.name, file.ndjson)).collect()
}

/// Returns a row without labels in its projects, and perhaps another external id.
fn without_labels(line: &str) -> String {
    let mut row: Value = serde_json::from_str(line).unwrap();
    for project in row["projects"].as_object_mut().unwrap().values_mut() {
        project["labels"] = Value::Array(Vec::new());
    }
    format!("{row}\n")
}

#[test]
fn a_dry_run_sees_what_the_import_does_and_leaves_nothing() {
    let files = demo_files();
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let workspace = Workspace::new();
    for (run, created) in [("empty", true), ("again", false)] {
        for import in [ImportAs::default(), strict()] {
            let workspace = if created { &Workspace::new() } else { &workspace };
            let (dry, real) = both(workspace, &files, import);
            assert_eq!((dry.counts, dry.records), (real.counts, real.records), "{run}");
            assert_eq!(dry.counts.rows.created > 0, created, "{run}");
        }
        if created {
            files.iter().for_each(|(name, bytes)| drop(workspace.import_all(name, bytes)));
        }
    }
}

#[test]
fn files_are_run_on_top_of_each_other() {
    let [first, last] = good();
    let text = without_labels(&first);
    let workspace = Workspace::new();
    let files = [("1", first.as_bytes()), ("2", first.as_bytes()), ("3", text.as_bytes()), ("4", last.as_bytes())];
    let (dry, real) = both(&workspace, &files, ImportAs::default());
    assert_eq!(dry.counts, real.counts);
    assert_eq!((dry.counts.rows.created, dry.counts.rows.unchanged, dry.counts.rows.changed), (2, 1, 1));
}

#[test]
fn rows_that_lose_labels_are_named() {
    let [first, last] = good();
    let row: Value = serde_json::from_str(&first).unwrap();
    let workspace = Workspace::new();
    workspace.import_all("rows", format!("{first}{last}").as_bytes());
    let text = without_labels(&first);
    let (dry, preview) = workspace.import_dry(&[("rows", text.as_bytes())], ImportAs::default(), None).unwrap();
    let [loss] = &preview.losses[..] else { panic!("{preview:?}") };
    assert_eq!(loss.row_id, row["data_row"]["id"]);
    assert_eq!(loss.global_key.as_deref(), row["data_row"]["global_key"].as_str());
    assert!(loss.labels > 0 && loss.labels == dry.counts.labels.removed);
    assert_eq!(preview.changed[0].id, loss.row_id);
}

#[test]
fn a_strict_file_is_taken_back_alone() {
    let [first, last] = good();
    let wrong = format!("{first}nonsense\n");
    let files = [("wrong", wrong.as_bytes()), ("good", last.as_bytes()), ("wrong again", wrong.as_bytes())];
    let workspace = Workspace::new();
    let before = workspace.database();
    let (dry, preview) = workspace.import_dry(&files, strict(), None).unwrap();
    assert!(workspace.database() == before);
    assert_eq!((dry.refused, dry.counts.rows.created), (2, 1));
    let last: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(
        preview.created.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(),
        [last["data_row"]["id"].as_str().unwrap()]
    );
    let (dry, real) = both(&workspace, &files, strict());
    assert_eq!(dry.counts, real.counts);
}

#[test]
fn ten_rows_of_each_sort_are_named() {
    let rows: String = (0..3_000)
        .map(|number| format!("{{\"data_row\":{{\"id\":\"c{number:024}\",\"global_key\":\"key {number}\"}}}}\n"))
        .collect();
    let workspace = Workspace::new();
    let files = [("1", rows.as_bytes()), ("2", rows.as_bytes())];
    let (dry, preview) = workspace.import_dry(&files, ImportAs::default(), None).unwrap();
    assert_eq!((dry.counts.rows.created, dry.counts.rows.unchanged), (3_000, 3_000));
    let keys: Vec<&str> = preview.created.iter().filter_map(|row| row.global_key.as_deref()).collect();
    assert_eq!(keys, (0..10).map(|number| format!("key {number}")).collect::<Vec<_>>());
}

#[test]
fn a_dry_run_that_fails_leaves_nothing() {
    let workspace = Workspace::new();
    workspace.import_all("rows", good()[0].as_bytes());
    let before = workspace.database();
    let files = [("rows", good()[1].clone().into_bytes()), ("other", b"<html>".to_vec())];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    workspace.import_dry(&files, ImportAs::default(), None).unwrap_err();
    assert!(workspace.database() == before);
    workspace.import_all("rows", good()[1].as_bytes());
}
