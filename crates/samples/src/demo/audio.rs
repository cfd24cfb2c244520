//! Sound: the signal box telephone. Times are milliseconds.

use serde_json::{Map, Value, json};

use super::super::shape::{chosen_ids, feature_id};
use super::brush::Brush;
use super::{Asset, Plan, Subject};

pub(super) const SUBJECT: Subject = Subject {
    name: "audio",
    dataset: "Box telephone",
    label_kind: "Default",
    projects: &[Plan { name: "Telephone transcripts", annotate, blank, rows: 6 }],
    assets,
};

fn assets() -> Vec<Asset> {
    let asset = |index: usize| {
        let name = format!("call-{}.mp3", index + 1);
        Asset {
            row_data: format!("https://assets.example.test/calls/{name}"),
            external_id: name,
            media_attributes: json!({"asset_type": "audio", "mime_type": "audio/mpeg"}),
        }
    };
    (0..6).map(asset).collect()
}

fn blank() -> Value {
    json!({"classifications": [], "segments": {}, "timestamp": {}})
}

fn annotate(brush: &mut Brush, index: usize) -> Value {
    let start_ms = 150 + 50 * index as u64;
    let speaker = brush.radio("speaker", ["driver", "signaller"][index % 2]);
    let words = brush.text("words", ["Train out of section.", "Is road 2 clear? \u{1f4de}"][index % 2]);
    let mut segments = Map::new();
    for id in chosen_ids(&speaker) {
        segments.insert(id, json!([[start_ms, start_ms + 2_400]]));
    }
    segments.insert(feature_id(&words).to_owned(), json!([[start_ms + 300, start_ms + 1_900]]));
    let mut timestamp = Map::new();
    timestamp.insert(start_ms.to_string(), json!({"classifications": [speaker]}));
    timestamp.insert((start_ms + 300).to_string(), json!({"classifications": [words]}));
    let quality = brush.radio("line quality", ["clear", "crackling"][index % 2]);
    let bells = brush.checklist("bells", &["call attention", "train on line"][..1 + index % 2]);
    json!({"classifications": [quality, bells], "segments": segments, "timestamp": timestamp})
}
