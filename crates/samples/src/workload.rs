//! Rows in the numbers that a benchmark wants, of four sorts.
//!
//! Row `n` of a kind is the same whatever the count, so that a large workspace holds what a small one holds.

use crate::chance::{Chance, cuid_of, uuid_of};
use crate::image_rows::write_image_rows;
use crate::moment::{Moment, SECOND_MS};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// A kind of workload.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// Its name.
    pub name: &'static str,
    /// The project that holds its labels; none where rows are in several.
    pub project: &'static str,
    /// Writes that many rows, one a line.
    pub write: fn(u64, &mut dyn Write) -> io::Result<()>,
}

/// Every workload, by name.
pub static WORKLOADS: &[Workload] = &[
    Workload { name: "image", project: "Siding inventory", write: write_image_rows },
    Workload { name: "mixed", project: "Catalog first", write: |count, out| write_rows(count, out, mixed_row) },
    Workload { name: "text", project: "Shift reports", write: |count, out| write_rows(count, out, text_row) },
    Workload { name: "video", project: "Level crossing", write: |count, out| write_rows(count, out, video_row) },
];

fn write_rows(count: u64, out: &mut dyn Write, row: fn(u64, &mut Chance) -> Value) -> io::Result<()> {
    for number in 0..count {
        let mut chance = Chance::new(number.wrapping_mul(0xd134_2543_de82_ef95) ^ 0x5bf0_3635);
        writeln!(out, "{}", row(number, &mut chance))?;
    }
    Ok(())
}

fn head(kind: &str, number: u64, chance: &mut Chance, media: &Value) -> Map<String, Value> {
    let moment = Moment::START.plus(number % 1_000_000 * SECOND_MS);
    let mut id = String::new();
    chance.push_cuid_of_moment(moment, &mut id);
    let created = moment.print();
    let row = json!({
        "data_row": {
            "id": id,
            "external_id": format!("{kind}-{number}"),
            "global_key": format!("{kind}/{number}"),
            "row_data": format!("https://assets.example.test/{kind}/{number}"),
            "details": {
                "dataset_id": cuid_of(&format!("workload/{kind}")),
                "dataset_name": format!("{kind} of the workload"),
                "created_at": created,
                "updated_at": created,
                "last_activity_at": created,
                "created_by": "ingest@example.test",
            },
        },
        "media_attributes": media,
        "attachments": [],
        "metadata_fields": [],
        "embeddings": [],
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

fn project(name: &str, label: &Value) -> Value {
    let details = json!({
        "ontology_id": cuid_of(&format!("workload/ontology/{name}")),
        "task_name": "Done",
        "batch_id": uuid_of(&format!("workload/batch/{name}")),
        "batch_name": "all",
        "workflow_status": "DONE",
        "priority": 5,
        "consensus_expected_label_count": 1,
        "workflow_history": [],
    });
    json!({
        cuid_of(&format!("workload/project/{name}")): {
            "name": name, "labels": [label], "project_details": details, "project_tags": [],
        },
    })
}

fn label(kind: &str, created: &Value, chance: &mut Chance, annotations: &Value) -> Value {
    json!({
        "label_kind": kind,
        "version": "1.0.0",
        "id": chance.cuid(),
        "label_details": {
            "created_at": created, "updated_at": created, "created_by": "ana@example.test",
            "content_last_updated_at": created, "reviews": [],
        },
        "performance_details": { "seconds_to_create": 60, "seconds_to_review": 0, "skipped": false },
        "annotations": annotations,
    })
}

fn created(row: &Map<String, Value>) -> Value {
    row["data_row"]["details"]["created_at"].clone()
}

/// A text with twenty entities.
fn text_row(number: u64, chance: &mut Chance) -> Value {
    let mut row = head("text", number, chance, &json!({ "asset_type": "text", "mime_type": "text/plain" }));
    let entities: Vec<Value> = (0..20)
        .map(|index| {
            let start = index * 31 + chance.below(20);
            json!({
                "feature_id": chance.cuid(),
                "feature_schema_id": cuid_of("workload/class/place"),
                "name": "place",
                "value": "place",
                "annotation_kind": "TextEntity",
                "classifications": [],
                "location": { "start": start, "end": start + 7, "token": "platform" },
            })
        })
        .collect();
    let annotations = json!({ "objects": entities, "classifications": [], "relationships": [] });
    let label = label("Default", &created(&row), chance, &annotations);
    row.insert("projects".to_owned(), project("Shift reports", &label));
    Value::Object(row)
}

/// A video of one box with fifty key frames, ten frames apart.
fn video_row(number: u64, chance: &mut Chance) -> Value {
    let media = json!({
        "height": 1080, "width": 1920, "asset_type": "video", "mime_type": "video/mp4", "frame_rate": 25,
        "frame_count": 600,
    });
    let mut row = head("video", number, chance, &media);
    let feature_id = chance.cuid();
    let key_frames: Vec<u64> = (0..50).map(|index| index * 10 + 1).collect();
    let mut frames = Map::new();
    for frame in &key_frames {
        let object = json!({
            "feature_id": feature_id,
            "feature_schema_id": cuid_of("workload/class/wagon"),
            "name": "wagon",
            "value": "wagon",
            "annotation_kind": "VideoBoundingBox",
            "classifications": [],
            "bounding_box": { "top": 40.0, "left": chance.below(4_000) as f64 / 4.0, "height": 120.0, "width": 310.5 },
        });
        let mut objects = Map::new();
        objects.insert(feature_id.clone(), object);
        frames.insert(frame.to_string(), json!({ "objects": objects, "classifications": [] }));
    }
    let (mut segments, mut map) = (Map::new(), Map::new());
    segments.insert(feature_id.clone(), json!([[1, 491]]));
    map.insert(feature_id, json!(key_frames));
    let annotations = json!({
        "frames": frames, "segments": segments, "key_frame_feature_map": map, "classifications": [],
    });
    let label = label("Video", &created(&row), chance, &annotations);
    row.insert("projects".to_owned(), project("Level crossing", &label));
    Value::Object(row)
}

/// A row of a catalog that is half filled: metadata, attachments, two projects, a model run with predictions.
fn mixed_row(number: u64, chance: &mut Chance) -> Value {
    let media =
        json!({ "height": 720, "width": 1280, "asset_type": "image", "mime_type": "image/png", "exif_rotation": 1 });
    let mut row = head("mixed", number, chance, &media);
    if chance.happens(50) {
        row["attachments"] = json!([{
            "id": chance.cuid(), "type": "RAW_TEXT", "value": format!("camera {}", number % 7), "name": "camera",
        }]);
    }
    if chance.happens(50) {
        row["metadata_fields"] = json!([
            { "schema_id": "cko8s9r5v0001h2dk9elqdidh", "schema_name": "tag", "schema_kind": "CustomMetadataString",
              "value": format!("site {}", number % 11) },
            { "schema_id": cuid_of("workload/metadata/depth"), "schema_name": "depth",
              "schema_kind": "CustomMetadataNumber", "value": number % 100 },
        ]);
    }
    let mut projects = Map::new();
    for (name, percent) in [("Catalog first", 50), ("Catalog second", 25)] {
        if chance.happens(percent) {
            let annotations = json!({ "objects": [wagon(chance)], "classifications": [], "relationships": [] });
            let label = label("Default", &created(&row), chance, &annotations);
            if let Value::Object(more) = project(name, &label) {
                projects.extend(more);
            }
        }
    }
    row.insert("projects".to_owned(), Value::Object(projects));
    if chance.happens(50) {
        let annotations = json!({ "objects": [wagon(chance)], "classifications": [], "relationships": [] });
        let prediction =
            json!({ "label_kind": "Default", "version": "1.0.0", "id": chance.cuid(), "annotations": annotations });
        let run = json!({
            "name": "night", "run_data_row_id": uuid_of(&format!("workload/run-row/{number}")),
            "annotation_group_id": uuid_of(&format!("workload/group/{number}")), "labels": [],
            "predictions": [prediction], "split": "Training",
        });
        row.insert(
            "experiments".to_owned(),
            json!({ cuid_of("workload/model"): { "name": "wagons", "runs": { uuid_of("workload/run"): run } } }),
        );
    }
    Value::Object(row)
}

fn wagon(chance: &mut Chance) -> Value {
    json!({
        "feature_id": chance.cuid(),
        "feature_schema_id": cuid_of("workload/class/wagon"),
        "name": "wagon",
        "value": "wagon",
        "annotation_kind": "ImageBoundingBox",
        "classifications": [],
        "bounding_box": { "top": 10.0, "left": 20.0, "height": 30.0, "width": chance.below(1_000) as f64 / 2.0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use labelport_model::json::Document;
    use labelport_model::row;

    #[test]
    fn workloads_are_in_order_and_their_rows_can_be_read() {
        assert!(WORKLOADS.is_sorted_by(|one, next| one.name < next.name));
        for workload in WORKLOADS {
            let mut text = Vec::new();
            (workload.write)(20, &mut text).unwrap();
            let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
            assert_eq!(lines.len(), 20, "{}", workload.name);
            for line in lines {
                row::read(&Document::parse(line).unwrap()).unwrap();
            }
        }
    }
}
