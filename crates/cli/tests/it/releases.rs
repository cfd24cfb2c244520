//! Exports that are kept under names, as people use them.

use crate::support::{Place, first_words};

const CREATE: [&str; 4] = ["release", "create", "first", "--catalog"];
const EXPORT: [&str; 3] = ["export", "catalog", "--everything"];

fn create(place: &Place) {
    place.run(&[&CREATE[..], &["--everything"]].concat()).succeeded();
}

/// Changes a row of the demo.
fn edit(place: &Place) {
    let rows = place.run(&["export", "catalog"]).succeeded().out;
    let id = rows.split('"').nth(5).unwrap();
    let line = format!(r#"{{"data_row":{{"id":"{id}","external_id":"another"}}}}"#);
    place.write("edit.ndjson", line.as_bytes());
    place.run(&["import", "labelbox", "edit.ndjson"]).succeeded();
}

#[test]
fn a_release_stays_what_it_was_when_the_workspace_changes() {
    let place = Place::with_demo_rows();
    for name in ["rows.ndjson", "rows.ndjson.zst", "rows.ndjson.gz"] {
        place.run(&[&EXPORT[..], &["-o", name]].concat()).succeeded();
    }
    create(&place);
    edit(&place);
    for ending in ["ndjson", "ndjson.zst", "ndjson.gz"] {
        let (copied, exported) = (format!("copy.{ending}"), format!("rows.{ending}"));
        place.run(&["release", "export", "first", "-o", &copied]).succeeded();
        assert!(place.read(&copied) == place.read(&exported), "{ending}");
        let manifest = |name: &str| place.read(&format!("{name}.manifest.json"));
        assert_eq!(manifest(&copied), manifest(&exported), "{ending}");
    }
    let out = place.run(&["release", "export", "first", "-o", "-"]).succeeded().out;
    assert!(out.as_bytes() == place.read("rows.ndjson"));
    place.run(&["release", "verify", "first"]).ended(0, &["release first is as exported"]);
    place.run(&["verify", "first"]).succeeded();
    place.run(&["diff", "first", "rows.ndjson"]).succeeded();
    place.run(&["diff", "--since", "first", "--stat"]).ended(1, &[]);
    place.run(&["doctor"]).succeeded();
}

#[test]
fn a_release_is_where_deltas_start() {
    let place = Place::with_demo_rows();
    create(&place);
    edit(&place);
    place.run(&[&EXPORT[..], &["--since", "first", "-o", "delta.ndjson"]].concat()).succeeded();
    place.run(&["apply", "first", "delta.ndjson", "-o", "new.ndjson"]).succeeded();
    place.run(&[&EXPORT[..], &["-o", "now.ndjson"]].concat()).succeeded();
    assert!(place.read("new.ndjson") == place.read("now.ndjson"));
    // The sections of another request are another export.
    place.run(&["export", "catalog", "--since", "first", "-o", "wrong.ndjson"]).ended(1, &["from another request"]);
}

#[test]
fn packages_come_out_as_every_container() {
    let place = Place::with_demo_rows();
    let format = ["--format", "csv", "--everything"];
    place.run(&[&CREATE[..], &format].concat()).succeeded();
    for output in ["tables.zip", "tables.tar", "tables"] {
        let copied = format!("copy-{output}");
        place.run(&["release", "export", "first", "-o", &copied]).succeeded();
        place.run(&["verify", &copied]).succeeded();
        place.run(&["export", "catalog", "--format", "csv", "--everything", "-o", output]).succeeded();
        if output != "tables" {
            assert!(place.read(&copied) == place.read(output), "{output}");
        }
    }
    place.run(&["verify", "first"]).ended(0, &["release first is as exported: ", "files"]);
    place.run(&["release", "diff", "first", "first"]).ended(2, &["csv"]);
    place.run(&["release", "export", "first", "-o", "rows.ndjson"]).ended(2, &["rows.ndjson"]);
}

#[test]
fn names_are_given_once_and_freed_by_deletion() {
    let place = Place::with_demo_rows();
    create(&place);
    place.run(&CREATE).ended(1, &["there is a release named first already", "never replaced"]);
    place.run(&["release", "create", "a/b", "--catalog"]).ended(1, &["cannot be the name of a release"]);
    place.run(&["release", "create", "second"]).ended(2, &["--catalog"]);
    place.run(&["release", "create", "second", "--project", "nope"]).ended(1, &["no project", "nope"]);
    place
        .run(&["release", "create", "second", "--catalog", "--everything", "--format", "yolo"])
        .ended(1, &["--accept"]);
    assert_eq!(first_words(&place.run(&["release", "list"]).succeeded().out), ["first"]);
    place.run(&["release", "delete", "first"]).ended(2, &["for good", "--yes"]);
    place.run(&["release", "delete", "first", "--yes"]).succeeded();
    place.run(&["release", "delete", "first", "--yes"]).ended(1, &["there is no release named"]);
    place.run(&["release", "verify", "first"]).ended(1, &["labelport release list"]);
    let results = std::fs::read_dir(place.path("labelport-data/results")).unwrap();
    assert_eq!(results.count(), 0, "what was refused or deleted takes no space");
    create(&place);
}

#[test]
fn a_file_of_the_same_name_is_not_taken_for_the_release() {
    let place = Place::with_demo_rows();
    create(&place);
    place.run(&["export", "catalog", "-o", "first"]).succeeded();
    place.run(&["release", "verify", "first"]).ended(0, &["release first is as exported"]);
    place.run(&["verify", "first"]).ended(0, &["first is as exported: 63 rows"]);
    place.run(&["release", "diff", "first", "first"]).succeeded();
    place.write("first", b"damaged\n");
    place.run(&["release", "verify", "first"]).ended(0, &["release first is as exported"]);
    place.run(&["verify", "first"]).ended(3, &["first is not as exported"]);
    // The task of a release is the release.
    let show = place.run(&["release", "show", "first"]).succeeded().out;
    let task = show.split("\"task_id\": \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    place.run(&["verify", &task]).ended(0, &["release first is as exported"]);
    place.run(&["release", "create", &task, "--catalog"]).ended(1, &["looks like the id of a task"]);
}

#[test]
fn a_model_run_says_which_release_trained_it() {
    let place = Place::with_demo_rows();
    create(&place);
    let runs = place.run(&["list", "model-runs"]).succeeded().out;
    let run = first_words(&runs)[0];
    place.run(&["release", "link", "first", "--model-run", run]).succeeded();
    assert!(place.run(&["release", "show", "first"]).succeeded().out.contains(run));
    place.run(&["release", "delete", "first", "--yes"]).ended(1, &["was trained on release first", "unlink"]);
    create_other(&place);
    place.run(&["release", "unlink", "other", "--model-run", run]).ended(1, &["is linked to release first, not other"]);
    place
        .run(&["release", "link", "other", "--model-run", run])
        .ended(0, &["and not on release first, as was recorded"]);
    place.run(&["release", "delete", "first", "--yes"]).succeeded();
    place.run(&["release", "unlink", "other", "--model-run", run]).succeeded();
    place.run(&["release", "unlink", "other", "--model-run", run]).ended(1, &["is not linked"]);
    place.run(&["doctor"]).succeeded();
}

fn create_other(place: &Place) {
    place.run(&["release", "create", "other", "--catalog"]).succeeded();
}

#[test]
fn a_release_whose_files_are_gone_is_found_by_doctor() {
    let place = Place::with_demo_rows();
    create(&place);
    std::fs::remove_dir_all(place.path("labelport-data/results")).unwrap();
    place.run(&["doctor"]).ended(3, &["the export of release first", "restore the folder from a backup"]);
    place.run(&["verify", "first"]).ended(1, &["the files of release first are gone"]);
    place.run(&["release", "export", "first", "-o", "x.ndjson"]).ended(1, &["hint: restore them from a backup"]);
}
