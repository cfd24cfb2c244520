//! Objects and classifications of a label, under their old names.

use super::{Legacy, color};
use labelport_model::json::{Kind, ObjectWriter, Value, quote_into};

/// The length that readers of the format insist on for ids of features and schemas.
const ID_LENGTH: usize = 25;

/// Returns the ends of a relationship under the name that they have in the old way of writing names.
pub(super) fn relationship(item: Value<'_>) -> Option<(&'static str, Value<'_>)> {
    let kinds = [
        ("unidirectional_relationship", "unidirectionalRelationship"),
        ("bidirectional_relationship", "bidirectionalRelationship"),
    ];
    kinds.into_iter().find_map(|(key, name)| Some((name, item.get(key)?)))
}

/// Writes an object; on a frame it says whether it was set there.
pub(super) fn write_object(legacy: &Legacy<'_>, item: Value<'_>, is_key_frame: Option<bool>, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    write_feature(&mut object, item, Some(legacy));
    write_geometry(legacy, item, &mut object);
    if let Some(is_key_frame) = is_key_frame {
        object.raw("keyframe", if is_key_frame { b"true" } else { b"false" });
    }
    let list = item.get("classifications").into_iter().map(|list| (list, None));
    write_classifications(&mut list.into_iter(), object.key("classifications"));
    object.close();
}

/// Writes what all features have: ids, the colour of objects, the title, the value.
pub(super) fn write_feature(object: &mut ObjectWriter<'_>, item: Value<'_>, colored: Option<&Legacy<'_>>) {
    for (key, name) in [("feature_id", "featureId"), ("feature_schema_id", "schemaId")] {
        let id = item.get(key).filter(|id| id.as_text().is_some_and(|id| id.chars().count() == ID_LENGTH));
        if let Some(id) = id {
            object.raw(name, id.raw().as_bytes());
        }
    }
    let text = |key: &str| item.get(key).filter(|text| text.kind() == Kind::String);
    if let Some(legacy) = colored {
        let schema = text("feature_schema_id").or_else(|| text("name")).and_then(Value::as_text).unwrap_or_default();
        object.text("color", &(legacy.color)(&schema).unwrap_or_else(|| color::of(&schema)));
    }
    let title = text("name").map_or("\"\"", Value::raw);
    object.raw("title", title.as_bytes());
    object.raw("value", text("value").map_or(title, Value::raw).as_bytes());
}

fn write_geometry(legacy: &Legacy<'_>, item: Value<'_>, object: &mut ObjectWriter<'_>) {
    for (key, name) in [("bounding_box", "bbox"), ("polygon", "polygon"), ("line", "line"), ("point", "point")] {
        if let Some(shape) = item.get(key) {
            object.raw(name, shape.raw().as_bytes());
        }
    }
    if let Some(page) = item.get("page_number") {
        object.raw("page", page.raw().as_bytes());
        object.raw("unit", b"\"POINTS\"");
    }
    if let Some(mask) = item.get("mask").or_else(|| item.get("composite_mask")) {
        let feature = item.get("feature_id").and_then(Value::as_text).unwrap_or_default();
        let stored = mask.get("url").and_then(Value::as_text).unwrap_or_default();
        let served = (legacy.mask_url)(&feature, &stored);
        object.text("instanceURI", served.as_deref().unwrap_or(&stored));
    }
    if let Some(location) = item.get("location") {
        match location.get("groups") {
            Some(groups) => write_document_entity(groups, object.key("data")),
            None => write_entity(location, None, object),
        }
    }
    let place = item.get("conversational_location");
    if let Some(location) = place.and_then(|place| place.get("location")) {
        write_entity(location, place.and_then(|place| place.get("message_id")), object);
    }
    if let Some(geometry) = item.get("geojson") {
        write_geojson(item, geometry, object);
    }
    for (key, name) in [
        ("selected_message", "selectedMessage"),
        ("selected_messages", "selectedMessages"),
        ("ranked_messages", "rankedMessages"),
    ] {
        if let Some(answer) = item.get(key) {
            object.raw(name, answer.raw().as_bytes());
        }
    }
}

/// Writes a span of text, in a message or in the whole.
fn write_entity(location: Value<'_>, message: Option<Value<'_>>, object: &mut ObjectWriter<'_>) {
    let mut data = ObjectWriter::open(object.key("data"));
    let mut span = ObjectWriter::open(data.key("location"));
    for key in ["start", "end"] {
        span.raw(key, location.get(key).map_or("0", Value::raw).as_bytes());
    }
    if let Some(message) = message {
        span.raw("messageId", message.raw().as_bytes());
    }
    span.close();
    data.close();
    object.raw("format", b"\"text.location\"");
    object.raw("version", b"1");
}

/// Writes a span over a text layer. Its boxes stand in the layer, of which a record has no more than ids.
fn write_document_entity(groups: Value<'_>, out: &mut Vec<u8>) {
    let mut data = ObjectWriter::open(out);
    separated(groups.elements(), data.key("location"), |group, out| {
        let mut entry = ObjectWriter::open(out);
        let mut place = ObjectWriter::open(entry.key("text-bbox"));
        if let Some(page) = group.get("page_number") {
            place.raw("page", page.raw().as_bytes());
        }
        place.close();
        for (key, name) in [("id", "groupId"), ("tokens", "tokenIds"), ("text", "text")] {
            if let Some(value) = group.get(key) {
                entry.raw(name, value.raw().as_bytes());
            }
        }
        entry.close();
    });
    data.raw("unit", b"\"POINTS\"");
    data.close();
}

fn write_geojson(item: Value<'_>, geometry: Value<'_>, object: &mut ObjectWriter<'_>) {
    let is_box = item.get("annotation_kind").and_then(Value::as_text).is_some_and(|kind| kind.ends_with("BoundingBox"));
    let shape = geometry.get("type").and_then(Value::as_text).unwrap_or_default();
    let name = match (shape.as_ref(), is_box) {
        (_, true) => "rectangle",
        ("Point", _) => "point",
        ("LineString", _) => "polyline",
        _ => "polygon",
    };
    object.text("type", name);
    let mut written = ObjectWriter::open(object.key("geometry"));
    written.raw("coordinates", geometry.get("coordinates").map_or("[]", Value::raw).as_bytes());
    written.close();
}

/// Writes classifications as one flat list: those under an answer follow the one that they belong to. A list may have a
/// time at which it holds.
pub(super) fn write_classifications(lists: &mut dyn Iterator<Item = (Value<'_>, Option<&str>)>, out: &mut Vec<u8>) {
    out.push(b'[');
    let start = out.len();
    for (list, time) in lists {
        write_flat(list, time, start, out);
    }
    out.push(b']');
}

fn write_flat(list: Value<'_>, time: Option<&str>, start: usize, out: &mut Vec<u8>) {
    for item in list.elements() {
        // A list in a list, as some files have it, is part of the list.
        if item.kind() == Kind::Array {
            write_flat(item, time, start, out);
            continue;
        }
        if out.len() > start {
            out.push(b',');
        }
        let mut object = ObjectWriter::open(out);
        write_feature(&mut object, item, None);
        if let Some(message) = item.get("message_id") {
            object.raw("messageId", message.raw().as_bytes());
        }
        if let Some(time) = time.and_then(|time| time.parse::<u64>().ok()) {
            object.raw("startMilliseconds", time.to_string().as_bytes());
        }
        let answer = |name: &str| item.get(name).or_else(|| item.get(&format!("conversational_{name}")));
        let (radio, checklist, text) = (answer("radio_answer"), answer("checklist_answers"), answer("text_answer"));
        if let Some(radio) = radio {
            write_answer(radio, object.key("answer"));
        } else if let Some(checklist) = checklist {
            separated(checklist.elements(), object.key("answers"), write_answer);
        } else if let Some(text) = text {
            let content = text.get("content").filter(|content| content.kind() == Kind::String);
            object.raw("answer", content.map_or("\"\"", Value::raw).as_bytes());
        }
        object.close();
        let answers = radio.into_iter().chain(text).chain(checklist.into_iter().flat_map(Value::elements));
        for nested in answers.filter_map(|answer| answer.get("classifications")) {
            write_flat(nested, time, start, out);
        }
    }
}

fn write_answer(answer: Value<'_>, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    write_feature(&mut object, answer, None);
    object.close();
}

/// Writes an array.
pub(super) fn separated<T>(items: impl IntoIterator<Item = T>, out: &mut Vec<u8>, write: impl Fn(T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

/// Returns a text as a JSON string.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    quote_into(text, &mut out);
    out
}
