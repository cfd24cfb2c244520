//! What the demo world promises.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::{OLDER_CHANGES, older_shape, to_ascii_json, with_older_change};

fn rows() -> Vec<(String, Value)> {
    let text = |file: SampleFile| String::from_utf8(file.ndjson).unwrap();
    let lines: Vec<String> = demo().files.into_iter().map(text).collect();
    lines
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| (line.to_owned(), serde_json::from_str(line).unwrap()))
        .collect()
}

/// Collects the feature ids of the tree.
fn features(value: &Value, ids: &mut BTreeSet<String>) {
    ids.extend(value.get("feature_id").map(text));
    match value {
        Value::Array(items) => items.iter().for_each(|item| features(item, ids)),
        Value::Object(entries) => entries.values().for_each(|item| features(item, ids)),
        _ => {}
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn the_demo_is_the_same_every_time() {
    assert_eq!(demo(), demo());
}

#[test]
fn every_line_is_ascii_and_canonical() {
    for (line, row) in rows() {
        assert!(line.is_ascii());
        assert_eq!(to_ascii_json(&row), line);
        let keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            ["data_row", "media_attributes", "attachments", "metadata_fields", "embeddings", "projects", "experiments"]
        );
    }
}

#[test]
fn ids_are_unique() {
    let (mut row_ids, mut global_keys, mut label_ids) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut feature_ids = BTreeSet::new();
    for (_, row) in rows() {
        features(&row, &mut feature_ids);
        assert!(row_ids.insert(text(&row["data_row"]["id"])));
        assert!(global_keys.insert(text(&row["data_row"]["global_key"])));
        let labels =
            row["projects"].as_object().unwrap().values().flat_map(|project| project["labels"].as_array().unwrap());
        for label in labels {
            assert!(label_ids.insert(text(&label["id"])));
        }
        for run in row["experiments"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|model| model["runs"].as_object().unwrap().values())
        {
            for prediction in run["predictions"].as_array().unwrap() {
                assert!(label_ids.insert(text(&prediction["id"])));
            }
        }
    }
    assert!(label_ids.is_disjoint(&feature_ids));
}

#[test]
fn every_data_type_has_each_kind_of_row() {
    let demo = demo();
    assert_eq!(demo.files.len(), 9);
    let types: BTreeSet<String> = rows().iter().map(|(_, row)| text(&row["media_attributes"]["asset_type"])).collect();
    assert_eq!(types.len(), 9);
    for file in &demo.files {
        let mut seen = BTreeMap::new();
        let content = String::from_utf8(file.ndjson.clone()).unwrap();
        for line in content.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            for project in row["projects"].as_object().unwrap().values() {
                *seen.entry(text(&project["project_details"]["workflow_status"])).or_insert(0) += 1;
            }
        }
        let statuses: Vec<&str> = seen.keys().map(String::as_str).collect();
        assert_eq!(statuses, ["DONE", "IN_REVIEW", "IN_REWORK", "TO_LABEL"], "{}", file.name);
    }
    for needle in [
        "\"skipped\":true",
        "consensus_score",
        "benchmark_reference_label",
        "reviewed_by",
        "selected_label_id",
        "confidence",
        "CustomMetadataString",
        "CustomMetadataNumber",
        "CustomMetadataDateTime",
        "CustomMetadataEnum",
        "Training",
        "Validation",
        "\"Test\"",
        "\\ud83d",
        "\\u00fc",
    ] {
        assert!(rows().iter().any(|(line, _)| line.contains(needle)), "{needle}");
    }
}

#[test]
fn names_and_ids_agree_with_the_rows() {
    let demo = demo();
    let projects: BTreeMap<String, String> =
        demo.projects.iter().map(|named| (named.id.clone(), named.name.clone())).collect();
    let datasets: BTreeMap<String, String> =
        demo.datasets.iter().map(|named| (named.id.clone(), named.name.clone())).collect();
    let models: BTreeMap<String, String> =
        demo.models.iter().map(|named| (named.id.clone(), named.name.clone())).collect();
    assert_eq!((projects.len(), datasets.len(), models.len(), demo.runs.len()), (10, 9, 2, 3));
    let mut schemas: BTreeMap<String, String> = BTreeMap::new();
    for (_, row) in rows() {
        let details = &row["data_row"]["details"];
        assert_eq!(datasets[&text(&details["dataset_id"])], text(&details["dataset_name"]));
        for (id, project) in row["projects"].as_object().unwrap() {
            assert_eq!(projects[id], text(&project["name"]));
        }
        for (id, model) in row["experiments"].as_object().unwrap() {
            assert_eq!(models[id], text(&model["name"]));
            for (run_id, run) in model["runs"].as_object().unwrap() {
                let known = demo.runs.iter().find(|run| &run.id == run_id).unwrap();
                assert_eq!((&known.model_id, &known.name), (id, &text(&run["name"])));
            }
        }
        check_features(&row, &mut schemas);
    }
    let issue = &demo.issue;
    let about = rows().into_iter().find(|(_, row)| row["data_row"]["id"] == issue.data_row_id.as_str()).unwrap().1;
    let labels = &about["projects"][&issue.project_id]["labels"];
    assert!(labels.as_array().unwrap().iter().any(|label| label["id"] == issue.label_id.as_str()));
    let last = text(&about["data_row"]["details"]["last_activity_at"]);
    assert_eq!(last, issue.comments.last().unwrap().created_at);
    assert!(serde_json::from_str::<Value>(&demo.slice.filter_json).unwrap().is_array());
}

/// Checks that a schema id means one thing.
#[track_caller]
fn check_features(value: &Value, schemas: &mut BTreeMap<String, String>) {
    if let Some(id) = value.get("feature_schema_id") {
        let meaning = format!("{} {} {}", value["name"], value["value"], value["annotation_kind"]);
        assert_eq!(schemas.entry(text(id)).or_insert_with(|| meaning.clone()), &meaning);
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| check_features(item, schemas)),
        Value::Object(entries) => entries.values().for_each(|item| check_features(item, schemas)),
        _ => {}
    }
}

#[test]
fn tokens_are_what_the_offsets_say() {
    for (_, row) in rows() {
        let content: Vec<char> = text(&row["data_row"]["row_data"]).chars().collect();
        for object in row.pointer("/projects").unwrap().as_object().unwrap().values() {
            for label in object["labels"].as_array().unwrap() {
                for object in label["annotations"]["objects"].as_array().into_iter().flatten() {
                    if object["annotation_kind"] == "TextEntity" {
                        let place = &object["location"];
                        let (start, end) =
                            (place["start"].as_u64().unwrap() as usize, place["end"].as_u64().unwrap() as usize);
                        assert_eq!(content[start..=end].iter().collect::<String>(), text(&place["token"]));
                    }
                }
            }
        }
    }
}

#[test]
fn the_slice_tells_rows_apart() {
    let since = |row: &Value| text(&row["data_row"]["details"]["last_activity_at"]).as_str() >= "2025-03-01";
    let (inside, outside): (Vec<_>, Vec<_>) = rows()
        .into_iter()
        .filter(|(_, row)| row["media_attributes"]["asset_type"] == "image")
        .partition(|(_, row)| since(row));
    assert!(inside.len() > 2 && outside.len() > 2, "{} in, {} out", inside.len(), outside.len());
}

#[test]
fn older_shapes_still_parse_and_name_the_same_rows() {
    let mut chance = crate::Chance::new(5);
    for (line, row) in rows() {
        let older: Value = serde_json::from_str(&older_shape(&line, &mut chance)).unwrap();
        assert_eq!(older["data_row"]["id"], row["data_row"]["id"]);
        assert_ne!(older, Value::Null);
    }
    for change in OLDER_CHANGES {
        assert!(
            rows().iter().any(|(line, _)| &with_older_change(line, change) != line),
            "{} changes nothing",
            change.name
        );
    }
}

#[test]
fn subjects_are_in_order() {
    assert!(SUBJECTS.windows(2).all(|pair| pair[0].name < pair[1].name));
}
