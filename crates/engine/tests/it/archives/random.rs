//! Random workspaces, written in the old form and read again.

use super::{changed_nothing, conserved, records_of_project, records_of_run, rows};
use crate::support::Workspace;
use labelport_samples::{Size, random};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeSet;

/// As odd as composed rows get.
const ODD: Size = Size { rows: 14, files: 2, masks: true, odd_spellings: true };

/// Returns the ids of the projects, and of the model runs, that rows are in.
fn homes(rows: &[Value]) -> (BTreeSet<String>, BTreeSet<String>) {
    let keys = |value: &Value| -> Vec<String> {
        value.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
    };
    let projects = rows.iter().flat_map(|row| keys(&row["projects"])).collect();
    let models =
        rows.iter().flat_map(|row| row["experiments"].as_object().into_iter().flat_map(|models| models.values()));
    let runs = models.flat_map(|model| keys(&model["runs"])).collect();
    (projects, runs)
}

/// Returns records in the order of their ids. Answers that begin at one time come together when they are stored.
fn sorted(records: &str) -> Vec<String> {
    let by_time = |line: &str| {
        if !line.contains("startMilliseconds") {
            return line.to_owned();
        }
        let mut record: Value = serde_json::from_str(line).unwrap();
        record["Label"]["classifications"].as_array_mut().unwrap().sort_by_key(Value::to_string);
        record.to_string()
    };
    let mut lines: Vec<String> = records.lines().map(by_time).collect();
    lines.sort_unstable();
    lines
}

/// Returns records as one array over several lines.
fn as_array(records: &str) -> String {
    format!("[\n{}\n]\n", records.lines().collect::<Vec<_>>().join(",\n"))
}

fn check_projects(workspace: &Workspace, projects: &BTreeSet<String>) {
    let archive = Workspace::new();
    let mut written = Vec::new();
    for (number, project) in projects.iter().enumerate() {
        let records = records_of_project(workspace, project);
        if records.is_empty() {
            continue;
        }
        let file = if number % 2 == 0 { records.clone() } else { as_array(&records) };
        let first = archive.import_all("archive", file.as_bytes());
        conserved(&first);
        written.push((project, records, file));
    }
    for (project, records, file) in &written {
        let again = records_of_project(&archive, project);
        for (before, after) in sorted(records).into_iter().zip(sorted(&again)) {
            assert_eq!(before, after);
        }
        assert_eq!(records.lines().count(), again.lines().count());
        changed_nothing(&archive.import_all("archive", file.as_bytes()));
    }
}

fn check_runs(workspace: &Workspace, runs: &BTreeSet<String>) {
    let archive = Workspace::new();
    for (number, run) in runs.iter().enumerate() {
        let records = records_of_run(workspace, run);
        let name = format!("run-{number}.ndjson");
        let first = archive.import_all(&name, records.as_bytes());
        conserved(&first);
        let stored = rows(&archive);
        let (_, known) = homes(&stored);
        let found = known.iter().map(|id| records_of_run(&archive, id)).find(|found| sorted(found) == sorted(&records));
        assert!(found.is_some(), "{records}\n{known:?}");
        changed_nothing(&archive.import_all(&name, records.as_bytes()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn records_that_are_read_are_written_again(seed in any::<u64>()) {
        let workspace = Workspace::of(&random(seed, &ODD));
        let (projects, runs) = homes(&rows(&workspace));
        check_projects(&workspace, &projects);
        check_runs(&workspace, &runs);
    }
}
