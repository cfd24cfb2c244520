//! What random workspaces promise.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use crate::{older_shape, to_ascii_json};

const ODD: Size = Size { rows: 15, files: 3, masks: true, odd_spellings: true };

fn lines(seed: u64, size: &Size) -> Vec<String> {
    let text = |file: SampleFile| String::from_utf8(file.ndjson).unwrap();
    random(seed, size).into_iter().flat_map(|file| text(file).lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

#[test]
fn a_seed_gives_one_workspace() {
    assert_eq!(random(7, &ODD), random(7, &ODD));
    assert_ne!(random(7, &ODD), random(8, &ODD));
}

#[test]
fn every_line_is_canonical() {
    for seed in 0..60 {
        let lines = lines(seed, &Size::SMALL);
        assert_eq!(lines.len(), 12);
        for line in lines {
            assert!(line.is_ascii());
            let row: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(to_ascii_json(&row), line);
        }
    }
}

#[test]
fn odd_workspaces_parse_in_today_s_and_in_older_shapes() {
    let mut chance = Chance::new(3);
    let mut seen = String::new();
    for seed in 0..30 {
        for line in lines(seed, &ODD) {
            serde_json::from_str::<Value>(&line).unwrap();
            serde_json::from_str::<Value>(&older_shape(&line, &mut chance)).unwrap();
            seen.push_str(&line);
        }
    }
    let spellings = [":12.10}", ":1E+2}", ":-0.0}", ":1e-7}", ":9007199254740993}"];
    let shapes =
        ["composite_mask", "unidirectional_relationship", "z_order", "message_id", "geojson", "timestamp\":{\""];
    for needle in spellings.iter().chain(&shapes) {
        assert!(seen.contains(needle), "{needle}");
    }
}

#[test]
fn every_data_type_occurs() {
    let seen: BTreeSet<String> = (0..30)
        .flat_map(|seed| lines(seed, &Size::SMALL))
        .map(|line| serde_json::from_str::<Value>(&line).unwrap()["media_attributes"]["asset_type"].to_string())
        .collect();
    assert_eq!(seen.len(), 9);
    assert!(PAINTERS.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn what_must_agree_agrees() {
    for seed in 0..40 {
        let mut unique = BTreeSet::new();
        let mut meanings = BTreeMap::new();
        for line in lines(seed, &ODD) {
            let row: Value = serde_json::from_str(&line).unwrap();
            assert!(unique.insert(row["data_row"]["id"].to_string()));
            if let Some(key) = row["data_row"].get("global_key") {
                assert!(unique.insert(key.to_string()));
            }
            let last = row["data_row"]["details"]["last_activity_at"].as_str().unwrap();
            let mut previous_id = "";
            for (id, project) in row["projects"].as_object().unwrap() {
                assert!(previous_id < id.as_str());
                previous_id = id;
                agree(&mut meanings, id, format!("{}{}", project["name"], project["project_tags"]));
                for label in project["labels"].as_array().unwrap() {
                    assert!(unique.insert(label["id"].to_string()));
                    assert!(label["label_details"]["updated_at"].as_str().unwrap() <= last);
                }
            }
            for (id, model) in row["experiments"].as_object().unwrap() {
                agree(&mut meanings, id, model["name"].to_string());
                for (id, run) in model["runs"].as_object().unwrap() {
                    agree(&mut meanings, id, run["name"].to_string());
                    assert!(unique.insert(run["run_data_row_id"].to_string()));
                }
            }
            check_schemas(&row, &mut meanings);
        }
    }
}

#[track_caller]
fn agree(meanings: &mut BTreeMap<String, String>, id: &str, meaning: String) {
    assert_eq!(meanings.entry(id.to_owned()).or_insert_with(|| meaning.clone()), &meaning);
}

#[track_caller]
fn check_schemas(value: &Value, meanings: &mut BTreeMap<String, String>) {
    if let Some(id) = value.get("feature_schema_id") {
        let entries = value.as_object().unwrap();
        let answer = entries.keys().find(|key| key.contains("answer"));
        let meaning = format!("{} {} {} {answer:?}", value["name"], value["value"], value["annotation_kind"]);
        agree(meanings, id.as_str().unwrap(), meaning);
    }
    if let Some(id) = value.get("schema_id") {
        agree(meanings, id.as_str().unwrap(), format!("{} {}", value["schema_name"], value["schema_kind"]));
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| check_schemas(item, meanings)),
        Value::Object(entries) => entries.values().for_each(|item| check_schemas(item, meanings)),
        _ => {}
    }
}
