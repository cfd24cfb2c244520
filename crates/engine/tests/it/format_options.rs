//! Options of formats that need something of the workspace: names of classes, parts, labels, predictions.

use crate::formats::{export, lossy, refusal, with_demo};
use crate::support::{Workspace, everything};
use labelport_engine::manifest::Manifest;
use labelport_formats::write::Yolo;
use labelport_model::request::{ExportRequest, Params, Scope};
use std::collections::BTreeMap;

/// Exports as YOLO with some options.
fn yolo(workspace: &Workspace, scope: Scope, options: &[(&str, &str)]) -> (BTreeMap<String, Vec<u8>>, Manifest) {
    // What options need is read whether or not the request asks for it.
    let mut request = ExportRequest { params: Params::default(), ..lossy(everything(scope)) };
    let options = options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    request.format.options.extend(options);
    export(workspace, &request, &Yolo, 2)
}

fn project(name: &str) -> Scope {
    Scope::Project(name.to_owned())
}

#[test]
fn classes_go_by_the_name_for_programs_where_that_is_asked_for() {
    let workspace = with_demo();
    let (files, _) = yolo(&workspace, project("Lineside safety audit"), &[]);
    assert_eq!(String::from_utf8_lossy(&files["classes.txt"]), "danger zone\nperson\n");
    let (files, _) = yolo(&workspace, project("Lineside safety audit"), &[("class-names", "value")]);
    assert_eq!(String::from_utf8_lossy(&files["classes.txt"]), "danger_zone\nperson\n");
}

/// Checks which parts there are, and that every file is in one of them.
#[track_caller]
fn check_parts(scope: Scope, split_by: &str, expect: &[(&str, usize)]) {
    let (files, manifest) = yolo(&with_demo(), scope, &[("split-by", split_by)]);
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    for path in files.keys().filter_map(|path| path.strip_prefix("labels/")) {
        *parts.entry(path.split('/').next().unwrap()).or_default() += 1;
    }
    assert_eq!(parts, expect.iter().copied().collect(), "{split_by}");
    let data = String::from_utf8_lossy(&files["data.yaml"]);
    let listed: Vec<&str> =
        data.lines().filter_map(|line| line.split_once(": images/")).map(|(part, _)| part).collect();
    let made = |part: &&&str| **part == "train" || **part == "val";
    let extra = listed.iter().filter(|part| !parts.contains_key(**part)).collect::<Vec<_>>();
    assert!(extra.iter().all(made) && listed.len() == parts.len() + extra.len(), "{data}");
    let unassigned = manifest.losses.iter().find(|(loss, _)| loss.reason.contains("nothing to split it by"));
    let unassigned = unassigned.map_or(0, |(_, count)| count as usize);
    assert_eq!(unassigned, parts.get("unassigned").copied().unwrap_or_default(), "{split_by}");
}

#[test]
fn rows_are_split_by_what_they_have() {
    let run = || Scope::ModelRun("baseline".to_owned());
    check_parts(run(), "run", &[("test", 2), ("train", 3), ("val", 2)]);
    check_parts(project("Lineside safety audit"), "batch", &[("week_8", 3), ("week_9", 7)]);
    check_parts(
        project("Rolling stock inventory"),
        "metadata:season",
        &[("spring", 1), ("thaw", 1), ("unassigned", 9), ("winter", 1)],
    );
}

#[test]
fn what_no_row_can_be_split_by_is_refused() {
    let mut request = lossy(everything(project("Lineside safety audit")));
    for (split_by, expect) in
        [("metadata:seasons", "the name of a metadata field that some row has"), ("run", "none of these has one")]
    {
        request.format.options.insert("split-by".to_owned(), split_by.to_owned());
        let refused = refusal(&with_demo(), &request, &Yolo).to_string();
        assert!(refused.contains(expect), "{refused}");
    }
}
