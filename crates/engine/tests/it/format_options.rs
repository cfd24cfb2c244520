//! Options of formats that need something of the workspace: names of classes, parts, labels, predictions.

use crate::formats::{export, lossy, with_demo};
use crate::support::{Workspace, everything};
use labelport_engine::manifest::Manifest;
use labelport_formats::write::Yolo;
use labelport_model::request::{ExportRequest, Scope};
use std::collections::BTreeMap;

/// Exports as YOLO with some options.
fn yolo(workspace: &Workspace, scope: Scope, options: &[(&str, &str)]) -> (BTreeMap<String, Vec<u8>>, Manifest) {
    let mut request: ExportRequest = lossy(everything(scope));
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
