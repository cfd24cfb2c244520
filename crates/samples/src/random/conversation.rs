//! Random conversations. Offsets count characters of a message from 0 and include the end.

use serde_json::{Value, json};

use super::super::chance::Chance;
use super::super::shape::flat_annotations;
use super::pen::Pen;
use super::{Asset, Painter, words};

pub(super) const PAINTER: Painter = Painter { name: "conversation", label_kind: "Default", asset, annotate };

fn asset(chance: &mut Chance) -> Asset {
    let count = chance.between(1, 5);
    let ids: Vec<String> = (0..count).map(|number| format!("m{number}")).collect();
    let mut messages = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        messages.push(json!({
            "messageId": id,
            "timestampUsec": 1_738_569_600_000_000_u64 + number as u64 * 1_000_000,
            "content": format!("{}{}", words::name(chance), words::content(chance, 40)),
            "user": {"userId": format!("u{}", number % 2), "name": words::name(chance)},
            "align": if number % 2 == 0 { "left" } else { "right" },
            "canLabel": true,
        }));
    }
    let row_data = json!({"type": MIME_TYPE, "version": 1, "messages": messages});
    Asset {
        row_data: row_data.to_string(),
        media_attributes: json!({
            "asset_type": "conversational",
            "mime_type": MIME_TYPE,
            "labelable_ids": ids,
            "message_count": count,
        }),
    }
}

const MIME_TYPE: &str = "application/vnd.labelbox.conversational";

fn annotate(pen: &mut Pen, asset: &Asset) -> Value {
    let conversation: Value = serde_json::from_str(&asset.row_data).unwrap_or_default();
    let messages = conversation["messages"].as_array().cloned().unwrap_or_default();
    let objects = pen.objects(&["ConversationalTextEntity"], 3, &|pen, _| {
        let message = pen.chance.pick(&messages).cloned().unwrap_or_default();
        let length = message["content"].as_str().map_or(1, |content| content.chars().count() as u64);
        let start = pen.chance.below(length);
        let location = json!({"start": start, "end": pen.chance.between(start, length - 1)});
        vec![("conversational_location", json!({"message_id": message["messageId"], "location": location}))]
    });
    let relationships = pen.relationships("TextUnidirectionalRelationship", &objects);
    let mut classifications = pen.classifications("row");
    for message in &messages {
        classifications.extend(pen.message_classifications(message["messageId"].as_str().unwrap_or_default()));
    }
    flat_annotations(objects, classifications, relationships)
}
