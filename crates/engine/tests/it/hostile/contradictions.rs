//! Rows that are fine alone and contradict what is stored.

use super::{assert_untouched, refusals};
use crate::support::{ImportAs, Workspace, lines};
use labelport_store::tables::entities::{self, EntityKind};

const A: &str = "ca00000000000000000000000";
const B: &str = "cb00000000000000000000000";

/// Returns a row with a global key and a data type, and perhaps more.
fn row(id: &str, key: &str, data_type: &str, more: &str) -> String {
    format!(
        r#"{{"data_row":{{"id":"{id}","global_key":"{key}"}},"media_attributes":{{"asset_type":"{data_type}"}}{more}}}"#
    )
}

/// Returns `projects` with one label in each.
fn labelled(places: &[(&str, &str)]) -> String {
    let project = |(project, label): &(&str, &str)| {
        format!(r#""{project}":{{"name":"{project}","labels":[{{"id":"{label}","annotations":{{}}}}]}}"#)
    };
    format!(r#","projects":{{{}}}"#, places.iter().map(project).collect::<Vec<_>>().join(","))
}

/// Returns `experiments` with one run in each model.
fn in_runs(places: &[(&str, &str)]) -> String {
    let model = |(model, run): &(&str, &str)| format!(r#""{model}":{{"name":"{model}","runs":{{"{run}":{{}}}}}}"#);
    format!(r#","experiments":{{{}}}"#, places.iter().map(model).collect::<Vec<_>>().join(","))
}

/// Imports lines and compares what is refused; every other line is imported, whatever is refused before it.
#[track_caller]
fn check(given: &[String], expect: &[&str]) {
    let file = given.join("\n");
    let workspace = Workspace::new();
    assert_eq!(refusals(&workspace, file.as_bytes(), ImportAs::default()), expect);
    let refused_lines: Vec<usize> =
        expect.iter().map(|text| text.split(':').nth(1).unwrap().parse::<usize>().unwrap() - 1).collect();
    let kept: Vec<&String> =
        given.iter().enumerate().filter(|(at, _)| !refused_lines.contains(at)).map(|(_, line)| line).collect();

    // A refused row leaves nothing in the store, not even names.
    let clean = Workspace::new();
    clean.import_all("kept.ndjson", kept.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes());
    let (found, expected) = (workspace.export_catalog(), clean.export_catalog());
    assert_eq!(lines(&found.bytes), lines(&expected.bytes));
    for sort in [EntityKind::Dataset, EntityKind::Model, EntityKind::ModelRun, EntityKind::Project] {
        let list = |workspace: &Workspace| {
            entities::list(&mut *workspace.store.reader().unwrap(), workspace.store.org_key(), sort).unwrap()
        };
        assert_eq!(list(&workspace), list(&clean), "{sort:?}");
    }

    let workspace = Workspace::new();
    let strict = ImportAs { strict: true, ..ImportAs::default() };
    assert_eq!(refusals(&workspace, file.as_bytes(), strict), expect, "strict");
    if !expect.is_empty() {
        assert_untouched(&workspace);
    }
}

const P: &str = "cp00000000000000000000000";
const Q: &str = "cq00000000000000000000000";
const LABEL: &str = "cl00000000000000000000000";
const OTHER_LABEL: &str = "cl00000000000000000000001";
const M: &str = "cm00000000000000000000000";
const N: &str = "cn00000000000000000000000";

#[test]
fn a_global_key_belongs_to_one_row() {
    check(
        &[row(A, "k", "image", ""), row(B, "k", "video", ""), row(B, "l", "video", "")],
        &[
            "rows.ndjson:2: data_row.global_key: \"k\" belongs to data row ca00000000000000000000000 (image), and this line gives it to cb00000000000000000000000 (video); correct one of the two",
        ],
    );
    check(
        &[row(A, "k", "image", ""), format!(r#"{{"data_row":{{"id":"{B}","global_key":"k"}}}}"#)],
        &[
            "rows.ndjson:2: data_row.global_key: \"k\" belongs to data row ca00000000000000000000000 (image), and this line gives it to cb00000000000000000000000 (data type unknown); correct one of the two",
        ],
    );
    // A key that was given up is free again.
    check(&[row(A, "k", "image", ""), row(A, "l", "image", ""), row(B, "k", "video", "")], &[]);
}

#[test]
fn a_row_has_one_data_type() {
    check(
        &[row(A, "k", "image", ""), row(A, "k", "video", &labelled(&[(P, LABEL)])), row(B, "l", "text", "")],
        &[
            "rows.ndjson:2: media_attributes: data row ca00000000000000000000000 is stored as image, and this line says video; correct one of the two",
        ],
    );
}

#[test]
fn a_label_belongs_to_one_row_and_project() {
    let (here, there) = (labelled(&[(P, LABEL)]), labelled(&[(Q, LABEL)]));
    check(
        &[row(A, "k", "image", &here), row(B, "l", "image", &here), row(B, "l", "image", "")],
        &[
            "rows.ndjson:2: projects.cp00000000000000000000000.labels: label cl00000000000000000000000 belongs to data row ca00000000000000000000000 of another line or project",
        ],
    );
    check(
        &[row(A, "k", "image", &here), row(A, "k", "image", &there)],
        &[
            "rows.ndjson:2: projects.cq00000000000000000000000.labels: label cl00000000000000000000000 belongs to data row ca00000000000000000000000 of another line or project",
        ],
    );
    check(
        &[row(A, "k", "image", &here), row(B, "l", "image", &there)],
        &[
            "rows.ndjson:2: projects.cq00000000000000000000000.labels: label cl00000000000000000000000 belongs to data row ca00000000000000000000000 of another line or project",
        ],
    );
    // A label that was replaced is free again.
    let replaced = labelled(&[(P, OTHER_LABEL)]);
    check(&[row(A, "k", "image", &here), row(A, "k", "image", &replaced), row(B, "l", "image", &there)], &[]);
}

#[test]
fn a_label_stands_in_one_project_of_a_line() {
    let twice = labelled(&[(P, LABEL), (Q, LABEL)]);
    check(
        &[row(A, "k", "image", &twice), row(B, "l", "image", "")],
        &[
            "rows.ndjson:1: projects.cq00000000000000000000000.labels: label cl00000000000000000000000 belongs to data row ca00000000000000000000000 of another line or project",
        ],
    );
}

#[test]
fn a_run_belongs_to_one_model() {
    let (here, there) = (in_runs(&[(M, "run")]), in_runs(&[(N, "run")]));
    check(&[row(A, "k", "image", &here), row(B, "l", "image", &here)], &[]);
    check(
        &[row(A, "k", "image", &here), row(B, "l", "image", &there), row(B, "l", "image", "")],
        &[
            "rows.ndjson:2: experiments.cn00000000000000000000000.runs.run: the model run belongs to model cm00000000000000000000000; correct one of the two",
        ],
    );
    check(
        &[row(A, "k", "image", &in_runs(&[(M, "run"), (N, "run")])), row(B, "l", "image", "")],
        &[
            "rows.ndjson:1: experiments.cn00000000000000000000000.runs.run: the model run belongs to model cm00000000000000000000000; correct one of the two",
        ],
    );
}

#[test]
fn a_row_may_stand_in_a_file_twice() {
    let first = row(A, "k", "image", &labelled(&[(P, LABEL)]));
    let second = row(A, "k", "image", &labelled(&[(Q, OTHER_LABEL)]));
    let workspace = Workspace::new();
    let summary = workspace.import_all("rows.ndjson", format!("{first}\n{second}\n{second}\n").as_bytes());
    let rows = summary.counts.rows;
    assert_eq!((rows.created, rows.changed, rows.unchanged), (1, 1, 1));
    assert_eq!(workspace.export_catalog().manifest.labels, 2);
}
