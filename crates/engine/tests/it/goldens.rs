//! Exports of the demo, byte for byte, for every data type and every scope.
//!
//! The goldens lie in `golden/<scope>/<data type>.ndjson`; parameters one by one, frames between key frames, media
//! types treated as others and other formats have folders of their own. `LABELPORT_BLESS=1` rewrites them all.

use crate::support::{Workspace, assert_same_bytes, everything, request};
use labelport_formats::write::{Format, Legacy, LegacyJson, LegacyRun, Ndjson};
use labelport_model::data_type::DATA_TYPES;
use labelport_model::request::{ExportRequest, PARAMS, ParamField, Params, Scope, ScopeKind};
use labelport_samples::{Chance, Demo, SampleFile, demo, to_ascii_json};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The rows of each demo file that goldens show: one reviewed, one with two labels, one without, one skipped.
const SHOWN_ROWS: [usize; 4] = [0, 1, 2, 5];
/// How many of them join the run that is made for a data type without one.
const RUN_ROWS: usize = 2;
/// The folder whose goldens are those of [`archives`](crate::archives).
const OF_ARCHIVES: &str = "archives";
/// More would be too much to review.
const SIZE_LIMIT_BYTES: u64 = 3_000_000;

/// A golden: its path below `golden`, and the request that it answers.
struct Case {
    path: String,
    request: ExportRequest,
    format: &'static dyn Format,
    /// Whether the manifest is compared too.
    has_manifest: bool,
}

impl Case {
    fn new(path: &str, request: ExportRequest) -> Self {
        Self { path: format!("{path}.ndjson"), request, format: &Ndjson, has_manifest: false }
    }
}

#[test]
fn exports_are_as_they_were() {
    let (workspace, cases) = fixture();
    for case in &cases {
        let exported = workspace.export_as(&case.request, case.format);
        check(&case.path, &exported.bytes);
        if case.has_manifest {
            check(&format!("{}.manifest.json", case.path), exported.manifest.to_json().as_bytes());
        }
    }
}

#[test]
fn every_golden_belongs_to_a_case_and_all_can_be_reviewed() {
    if is_blessed() {
        // They are being written just now.
        return;
    }
    let (_, cases) = fixture();
    let mut expected = BTreeSet::new();
    for case in cases {
        if case.has_manifest {
            expected.insert(format!("{}.manifest.json", case.path));
        }
        expected.insert(case.path);
    }
    let mut found = BTreeSet::new();
    let mut size_bytes = 0;
    for folder in std::fs::read_dir(golden("")).unwrap() {
        let folder = folder.unwrap();
        // A file next to the folders is the golden of another test.
        if !folder.file_type().unwrap().is_dir() || folder.file_name() == OF_ARCHIVES {
            continue;
        }
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            size_bytes += file.metadata().unwrap().len();
            found.insert(format!("{}/{}", folder.file_name().display(), file.file_name().display()));
        }
    }
    assert_eq!(found, expected);
    assert!(size_bytes < SIZE_LIMIT_BYTES, "{size_bytes} bytes of goldens; show fewer rows");
}

/// Compares with a golden, or rewrites it.
#[track_caller]
fn check(path: &str, bytes: &[u8]) {
    let file = golden(path);
    if is_blessed() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
        return;
    }
    let expected = std::fs::read(&file)
        .unwrap_or_else(|error| panic!("golden/{path} cannot be read ({error}); `cargo xtask bless` writes it"));
    assert_same_bytes(bytes, &expected, &format!("golden/{path}"));
}

/// Returns the path of a golden. Tests run in the folder of their crate, also where the checkout was moved after a build.
fn golden(path: &str) -> PathBuf {
    Path::new("golden").join(path)
}

#[expect(clippy::disallowed_methods, reason = "goldens are rewritten by a variable, which only tests read")]
fn is_blessed() -> bool {
    std::env::var("LABELPORT_BLESS").is_ok_and(|value| value == "1")
}

/// Returns the demo with a run for every data type, and every case.
fn fixture() -> (Workspace, Vec<Case>) {
    let demo = demo();
    let files: Vec<SampleFile> = demo.files.iter().map(with_run).collect();
    let workspace = Workspace::of(&files);
    let mut cases = Vec::new();
    for data_type in DATA_TYPES {
        let name = data_type.name;
        let things = Things::of(&demo, &files, name);
        let slice = workspace.add_slice(
            &format!("labelled {name}"),
            &json!([
                {"type": "media_type", "operator": "is", "values": [name]},
                {"type": "labeled_in", "operator": "is", "ids": [things.project]},
            ])
            .to_string(),
        );
        let chosen = |ids: &[String]| Some(ids.to_vec());
        for scope in [
            Scope::Project(things.project.clone()),
            Scope::Dataset(things.dataset.clone()),
            Scope::Rows { data_row_ids: chosen(&things.rows[..3]), global_keys: None },
            Scope::Slice(slice),
            Scope::ModelRun(things.run.clone()),
            Scope::Catalog,
        ] {
            let path = format!("{}/{name}", scope.kind().name());
            let is_catalog = scope.kind() == ScopeKind::Catalog;
            let mut request = everything(scope);
            if is_catalog {
                let ids = labelport_model::filter::IdList::new(things.rows.clone()).unwrap();
                request.filters.data_row_ids = Some(ids);
            }
            cases.push(Case { has_manifest: name == "image", ..Case::new(&path, request) });
        }
        for (scope, format) in [
            (Scope::Project(things.project.clone()), &LegacyJson(Legacy::PLAIN) as &'static dyn Format),
            (Scope::ModelRun(things.run.clone()), &LegacyRun(Legacy::PLAIN)),
        ] {
            let path = format!("{}/{name}", format.name());
            cases.push(Case { format, ..Case::new(&path, everything(scope)) });
        }
    }
    cases.extend(parameter_cases(&Things::of(&demo, &files, "image")));
    cases.extend(frame_cases(&Things::of(&demo, &files, "video")));
    (workspace, cases)
}

/// Each parameter alone.
fn parameter_cases(image: &Things) -> Vec<Case> {
    let project = || Scope::Project(image.project.clone());
    let mut cases = vec![Case::new("parameter/none", request(project(), Params::default()))];
    for param in PARAMS.iter().filter(|param| param.scopes.contains(&ScopeKind::Project)) {
        if let ParamField::Switch { set, .. } = &param.field {
            let mut params = Params::default();
            set(&mut params, true);
            cases.push(Case::new(&format!("parameter/{}", param.option.name), request(project(), params)));
        }
    }
    let dataset = || Scope::Dataset(image.dataset.clone());
    let named = Params { project_ids: vec![image.project.clone()], ..Params::default() };
    cases.push(Case::new("parameter/project_ids", request(dataset(), named)));
    let named = Params { model_run_ids: vec![image.run.clone()], ..Params::default() };
    cases.push(Case::new("parameter/model_run_ids", request(dataset(), named.clone())));
    let with_predictions = Params { predictions: true, ..named };
    cases.push(Case::new("parameter/predictions", request(dataset(), with_predictions)));
    cases
}

/// Frames between key frames, and media types treated as others.
fn frame_cases(video: &Things) -> Vec<Case> {
    let interpolated = |media_type: Option<&str>| Params {
        interpolated_frames: true,
        media_type_override: media_type.map(str::to_owned),
        ..Params::default()
    };
    let project = || Scope::Project(video.project.clone());
    let run = Scope::ModelRun(video.run.clone());
    let with_predictions = Params { predictions: true, ..interpolated(None) };
    vec![
        Case::new("interpolated/project", request(project(), interpolated(None))),
        Case { has_manifest: true, ..Case::new("interpolated/model-run", request(run, with_predictions)) },
        Case::new("media_type_override/video", request(project(), interpolated(Some("VIDEO")))),
        Case::new("media_type_override/image", request(project(), interpolated(Some("IMAGE")))),
    ]
}

/// The ids of what a data type has.
struct Things {
    project: String,
    dataset: String,
    run: String,
    rows: Vec<String>,
}

impl Things {
    fn of(demo: &Demo, files: &[SampleFile], data_type: &str) -> Self {
        let file = files.iter().find(|file| file.name == format!("{data_type}.ndjson")).unwrap();
        let rows: Vec<Value> = file.ndjson.split(|byte| *byte == b'\n').filter_map(parsed).collect();
        let runs = rows[1]["experiments"].as_object().unwrap().values().next().unwrap()["runs"].as_object().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            project: demo.projects.iter().find(|project| project.data_type == data_type).unwrap().id.clone(),
            dataset: demo.datasets.iter().find(|dataset| dataset.data_type == data_type).unwrap().id.clone(),
            run: runs.keys().next().unwrap().clone(),
            rows: rows.iter().map(|row| text(&row["data_row"]["id"])).collect(),
        }
    }
}

fn parsed(line: &[u8]) -> Option<Value> {
    if line.is_empty() { None } else { Some(serde_json::from_slice(line).unwrap()) }
}

/// Keeps the rows to be shown; where no run covers them, the first join one.
fn with_run(file: &SampleFile) -> SampleFile {
    let rows: Vec<Value> = file.ndjson.split(|byte| *byte == b'\n').filter_map(parsed).collect();
    let has_run = rows.iter().any(|row| row["experiments"].as_object().is_some_and(|models| !models.is_empty()));
    let mut ndjson = String::new();
    for (place, index) in SHOWN_ROWS.into_iter().enumerate() {
        let mut row = rows[index].clone();
        if !has_run && place < RUN_ROWS {
            row["experiments"] = experiments(&file.name, place, &row);
        }
        ndjson.push_str(&to_ascii_json(&row));
        ndjson.push('\n');
    }
    SampleFile { name: file.name.clone(), ndjson: ndjson.into_bytes() }
}

/// Wraps a row's labels into a run: its truth, and once more under new ids as what a model predicted.
fn experiments(file: &str, place: usize, row: &Value) -> Value {
    let project = row["projects"].as_object().unwrap().values().next().unwrap();
    let mut chance = Chance::named(&format!("golden/{file}/{place}"));
    let label = |label: &Value, id: Value| {
        json!({
            "label_kind": label["label_kind"],
            "version": label["version"],
            "id": id,
            "annotations": label["annotations"],
        })
    };
    let labels = project["labels"].as_array().unwrap();
    let truths: Vec<Value> = labels.iter().map(|truth| label(truth, truth["id"].clone())).collect();
    let predictions: Vec<Value> = labels.iter().map(|truth| label(truth, chance.cuid().into())).collect();
    let mut ids = Chance::named(&format!("golden/{file}/model"));
    json!({
        ids.cuid(): {
            "name": format!("second reader of {file}"),
            "runs": {
                ids.uuid(): {
                    "name": "first reading",
                    "run_data_row_id": chance.uuid(),
                    "annotation_group_id": chance.uuid(),
                    "labels": truths,
                    "predictions": predictions,
                    "split": if place == 0 { "Training" } else { "Test" },
                }
            }
        }
    })
}
