//! Random sound; times are milliseconds.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::chance::Chance;
use super::super::shape::{chosen_ids, feature_id};
use super::pen::Pen;
use super::{Asset, Painter, words};

pub(super) const PAINTER: Painter = Painter { name: "audio", label_kind: "Default", asset, annotate };

fn asset(chance: &mut Chance) -> Asset {
    Asset {
        row_data: words::url(chance, "mp3"),
        media_attributes: json!({"asset_type": "audio", "mime_type": "audio/mpeg"}),
    }
}

fn annotate(pen: &mut Pen, _: &Asset) -> Value {
    let mut segments = Map::new();
    let mut moments: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    for number in 0..pen.chance.below(4) {
        let start_ms = pen.chance.below(60_000);
        let end_ms = pen.chance.between(start_ms, 60_000);
        let scope = format!("moment/{number}");
        let said = if pen.chance.happens(50) { pen.choice(&scope) } else { pen.text(&scope) };
        let mut ids = chosen_ids(&said);
        if ids.is_empty() {
            ids.push(feature_id(&said).to_owned());
        }
        for id in ids {
            segments.insert(id, json!([[start_ms, end_ms]]));
        }
        moments.entry(start_ms).or_default().push(said);
    }
    let timestamp: Map<String, Value> =
        moments.into_iter().map(|(start_ms, said)| (start_ms.to_string(), json!({"classifications": said}))).collect();
    json!({"classifications": pen.classifications("row"), "segments": segments, "timestamp": timestamp})
}
