//! Random conversations: lists of messages, and trees in which several answer the same one. Offsets count characters of a
//! message from 0 and include the end.

use serde_json::{Value, json};

use super::super::chance::Chance;
use super::super::shape::flat_annotations;
use super::pen::Pen;
use super::{Asset, Painter, words};

pub(super) const PAINTER: Painter = Painter { name: "conversation", label_kind: "Default", asset, annotate };

fn asset(chance: &mut Chance) -> Asset {
    let count = chance.between(1, 5);
    let ids: Vec<String> = (0..count).map(|number| format!("m{number}")).collect();
    let row_data = if chance.happens(60) { list(chance, &ids) } else { tree(chance, &ids) };
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

fn list(chance: &mut Chance, ids: &[String]) -> Value {
    let mut messages = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        messages.push(json!({
            "messageId": id,
            "timestampUsec": 1_738_569_600_000_000_u64 + number as u64 * 1_000_000,
            "content": content(chance),
            "user": {"userId": format!("u{}", number % 2), "name": words::name(chance)},
            "align": if number % 2 == 0 { "left" } else { "right" },
            "canLabel": true,
        }));
    }
    json!({"type": MIME_TYPE, "version": 1, "messages": messages})
}

/// Returns a question of a person, answers of a model, and what the person says to one or more of these.
fn tree(chance: &mut Chance, ids: &[String]) -> Value {
    let mut messages = serde_json::Map::new();
    for (number, id) in ids.iter().enumerate() {
        let answered = match number {
            0 => &ids[1..ids.len().min(4)],
            1..=3 if chance.happens(70) => &ids[ids.len().min(4)..],
            _ => &[],
        };
        messages.insert(
            id.clone(),
            json!({
                "actorId": if (1..4).contains(&number) { "model" } else { "person" },
                "content": [{"type": "text", "content": content(chance)}],
                "childMessageIds": answered,
            }),
        );
    }
    json!({
        "type": format!("{MIME_TYPE}.model-chat-evaluation"),
        "version": 2,
        "actors": {"person": {"role": "human"}, "model": {"role": "model"}},
        "messages": messages,
        "rootMessageIds": ids[..1],
    })
}

fn content(chance: &mut Chance) -> String {
    format!("{}{}", words::name(chance), words::content(chance, 40))
}

const MIME_TYPE: &str = "application/vnd.labelbox.conversational";

fn annotate(pen: &mut Pen, asset: &Asset) -> Value {
    let conversation: Value = serde_json::from_str(&asset.row_data).unwrap_or_default();
    let messages = messages(&conversation);
    let mut objects = pen.objects(&["ConversationalTextEntity"], 3, &|pen, _| {
        let (id, content) = pen.chance.pick(&messages).cloned().unwrap_or_default();
        let length = content.chars().count() as u64;
        let start = pen.chance.below(length);
        let location = json!({"start": start, "end": pen.chance.between(start, length - 1)});
        vec![("conversational_location", json!({"message_id": id, "location": location}))]
    });
    let relationships = pen.relationships("TextUnidirectionalRelationship", &objects);
    objects.extend(pen.objects(JUDGEMENTS, 3, &|pen, kind| vec![judgement(pen, kind, &messages)]));
    let mut classifications = pen.classifications("row");
    for (id, _) in &messages {
        classifications.extend(pen.message_classifications(id));
    }
    flat_annotations(objects, classifications, relationships)
}

/// Returns the ids of the messages with their texts.
fn messages(conversation: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match &conversation["messages"] {
        Value::Object(tree) => {
            tree.iter().map(|(id, message)| (id.clone(), text(&message["content"][0]["content"]))).collect()
        }
        list => {
            let listed = list.as_array().into_iter().flatten();
            listed.map(|message| (text(&message["messageId"]), text(&message["content"]))).collect()
        }
    }
}

const JUDGEMENTS: &[&str] = &["MessageMultiSelection", "MessageRanking", "MessageSingleSelection"];

/// Judges some of the messages, which may or may not answer the same one.
fn judgement(pen: &mut Pen, kind: &str, messages: &[(String, String)]) -> (&'static str, Value) {
    let last = messages.len() - 1;
    // Mostly the answers to the first message.
    let first = if pen.chance.happens(70) { last.min(1) } else { pen.chance.below(messages.len() as u64) as usize };
    let named = &messages[first..messages.len().min(first + pen.chance.between(1, 3) as usize)];
    let parent = &messages[first.saturating_sub(1)].0;
    let mut named: Vec<Value> = named
        .iter()
        .map(|(id, _)| json!({"message_id": id, "model_config_name": words::name(&mut pen.chance)}))
        .collect();
    match kind {
        "MessageSingleSelection" => {
            let mut chosen = named.swap_remove(0);
            chosen["parent_message_id"] = json!(parent);
            ("selected_message", chosen)
        }
        "MessageMultiSelection" => ("selected_messages", json!({"messages": named, "parent_message_id": parent})),
        _ => {
            named.iter_mut().for_each(|message| message["order"] = json!(pen.chance.between(1, 3)));
            ("ranked_messages", json!({"ranked_messages": named, "parent_message_id": parent}))
        }
    }
}
