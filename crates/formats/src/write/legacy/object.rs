//! Objects and classifications of a label, under their old names.

use super::kept::Kept;
use super::{Legacy, color};
use labelport_model::annotation::{
    Answer, Choice, Classification, Classifications, Coordinates, Feature, Geo, Object, Relation, Shape, Span, Text,
    Tokens,
};
use labelport_model::json::{ObjectWriter, Value, quote_into};
use labelport_model::row::legacy;

/// The length that readers of the format require for ids of features and schemas.
const ID_LENGTH: usize = 25;

/// Returns what an object relates, if it is a relationship.
pub(super) fn relation<'o, 'a>(object: &'o Object<'a>) -> Option<&'o Relation<'a>> {
    match &object.shape {
        Some(Shape::Relation(relation)) => Some(relation),
        _ => None,
    }
}

/// Writes an object; on a frame it says whether it was set there.
pub(super) fn write_object(legacy: &Legacy<'_>, item: &Object<'_>, is_key_frame: Option<bool>, out: &mut Vec<u8>) {
    let kept = Kept::of(&item.layout);
    let mut object = ObjectWriter::open(out);
    write_feature(&mut object, &item.feature, Some(Colors { legacy, kept: &kept }));
    if let Some(shape) = &item.shape {
        write_shape(legacy, item, shape, &kept, &mut object);
    }
    if let Some(page) = item.page_number {
        object.raw("page", page.to_string().as_bytes());
        object.raw("unit", kept.get("unit").map_or("\"POINTS\"", Value::raw).as_bytes());
    }
    for (key, shape) in item.unread_shapes() {
        object.raw(&camel_case(key), shape.as_bytes());
    }
    let shape_keys = item.shape.as_ref().map_or(&[][..], shape_keys);
    let is_page = item.page_number.is_some();
    kept.write(
        |key| OBJECT_KEYS.contains(&key) || shape_keys.contains(&key) || (is_page && matches!(key, "page" | "unit")),
        &mut object,
    );
    if let Some(is_key_frame) = is_key_frame {
        object.raw("keyframe", if is_key_frame { b"true" } else { b"false" });
    }
    let out = object.key("classifications");
    out.push(b'[');
    let start = out.len();
    if let Some(list) = &item.classifications {
        write_flat(list, None, start, out);
    }
    out.push(b']');
    object.close();
}

/// The keys that every object has.
const OBJECT_KEYS: [&str; 7] = ["featureId", "schemaId", "color", "title", "value", "keyframe", "classifications"];

/// Returns the keys under which a shape is written.
fn shape_keys(shape: &Shape<'_>) -> &'static [&'static str] {
    match shape {
        Shape::Box(_) | Shape::PageBox(_) => &["bbox"],
        Shape::Polygon(_) => &["polygon"],
        Shape::Line(_) => &["line"],
        Shape::Point(_) => &["point"],
        Shape::Mask(_) => &["instanceURI"],
        Shape::Tokens(_) => &["data"],
        Shape::Span(_) | Shape::MessageSpan(_) => &["data", "format", "version"],
        Shape::Geo(_) => &["type", "geometry"],
        Shape::Relation(_) => &["unidirectionalRelationship", "bidirectionalRelationship"],
        Shape::MessageChoice(_) => &["selectedMessage"],
        Shape::MessageChoices(_) => &["selectedMessages"],
        Shape::MessageRanks(_) => &["rankedMessages"],
    }
}

/// Where the colour of an object comes from.
#[derive(Clone, Copy)]
pub(super) struct Colors<'c> {
    legacy: &'c Legacy<'c>,
    /// The colour that it came with, before that of its ontology.
    kept: &'c Kept,
}

impl Colors<'_> {
    fn of(self, schema: &str) -> String {
        let own = self.kept.text("color").map(std::borrow::Cow::into_owned);
        own.or_else(|| (self.legacy.color)(schema)).unwrap_or_else(|| color::of(schema))
    }
}

/// Writes what all features have: ids, the colour of objects, the title, the value.
pub(super) fn write_feature(object: &mut ObjectWriter<'_>, feature: &Feature<'_>, colored: Option<Colors<'_>>) {
    for (id, name) in [(&feature.id, "featureId"), (&feature.schema_id, "schemaId")] {
        if let Some(id) = id.as_ref().filter(|id| id.get().chars().count() == ID_LENGTH) {
            object.raw(name, id.as_json().as_bytes());
        }
    }
    if let Some(colors) = colored {
        let schema = feature.schema_id.as_ref().or(feature.name.as_ref()).map(Text::get).unwrap_or_default();
        object.text("color", &colors.of(&schema));
    }
    let title = feature.name.as_ref().map_or("\"\"", Text::as_json);
    object.raw("title", title.as_bytes());
    object.raw("value", feature.value.as_ref().map_or(title, Text::as_json).as_bytes());
}

fn write_shape(legacy: &Legacy<'_>, item: &Object<'_>, shape: &Shape<'_>, kept: &Kept, object: &mut ObjectWriter<'_>) {
    match shape {
        Shape::Box(rect) | Shape::PageBox(rect) => rect.write(object.key("bbox")),
        Shape::Polygon(points) => separated(points, object.key("polygon"), |point, out| point.write(out)),
        Shape::Line(points) => separated(points, object.key("line"), |point, out| point.write(out)),
        Shape::Point(point) => point.write(object.key("point")),
        Shape::Mask(mask) => {
            let feature = item.feature.id.as_ref().map(Text::get).unwrap_or_default();
            let stored = mask.url().map(Text::get).unwrap_or_default();
            let served = (legacy.mask_url)(&feature, &stored);
            object.text("instanceURI", served.as_deref().unwrap_or(&stored));
        }
        Shape::Tokens(tokens) => write_document_entity(tokens, object.key("data")),
        Shape::Span(span) => write_entity(span, None, kept, object),
        Shape::MessageSpan(place) => write_entity(&place.span, place.message_id.as_ref(), kept, object),
        Shape::Geo(geo) => write_geo(geo, object),
        Shape::Relation(_) => {}
        Shape::MessageChoice(choice) => choice.write(object.key("selectedMessage")),
        Shape::MessageChoices(choices) => choices.write(object.key("selectedMessages")),
        Shape::MessageRanks(ranks) => ranks.write(object.key("rankedMessages")),
    }
}

/// Writes characters of a message or of the whole text. In the format the end is included.
fn write_entity(span: &Span<'_>, message: Option<&Text<'_>>, kept: &Kept, object: &mut ObjectWriter<'_>) {
    let mut data = ObjectWriter::open(object.key("data"));
    let mut location = ObjectWriter::open(data.key("location"));
    location.raw("start", span.start.to_string().as_bytes());
    location.raw("end", span.last().to_string().as_bytes());
    if let Some(message) = message {
        location.raw("messageId", message.as_json().as_bytes());
    }
    location.close();
    data.close();
    for (key, usual) in [("format", "\"text.location\""), ("version", "1")] {
        object.raw(key, kept.get(key).map_or(usual, Value::raw).as_bytes());
    }
}

/// Writes words of a text layer. Their boxes are in the layer, of which a record has only ids.
fn write_document_entity(tokens: &Tokens<'_>, out: &mut Vec<u8>) {
    let mut data = ObjectWriter::open(out);
    separated(&tokens.groups, data.key("location"), |group, out| {
        let kept = Kept::of(&group.layout);
        let mut entry = ObjectWriter::open(out);
        match kept.get("text-bbox") {
            Some(place) => entry.raw("text-bbox", place.raw().as_bytes()),
            None => {
                let mut place = ObjectWriter::open(entry.key("text-bbox"));
                if let Some(page) = group.page_number {
                    place.raw("page", page.to_string().as_bytes());
                }
                place.close();
            }
        }
        if let Some(id) = &group.id {
            entry.raw("groupId", id.as_json().as_bytes());
        }
        if let Some(tokens) = &group.tokens {
            separated(tokens, entry.key("tokenIds"), |token, out| out.extend_from_slice(token.as_json().as_bytes()));
        }
        if let Some(text) = &group.text {
            entry.raw("text", text.as_json().as_bytes());
        }
        kept.write(|key| matches!(key, "text-bbox" | "groupId" | "tokenIds" | "text"), &mut entry);
        entry.close();
    });
    data.raw("unit", b"\"POINTS\"");
    data.close();
}

fn write_geo(geo: &Geo<'_>, object: &mut ObjectWriter<'_>) {
    let name = match &geo.coordinates {
        Coordinates::Box(_) => "rectangle",
        Coordinates::Point(_) => "point",
        Coordinates::Line(_) => "polyline",
        Coordinates::Polygon(_) => "polygon",
    };
    object.text("type", name);
    let mut written = ObjectWriter::open(object.key("geometry"));
    geo.coordinates.write(written.key("coordinates"));
    written.close();
}

/// Writes classifications, given as JSON, as one flat list: nested ones follow the one that they belong to. A list may
/// have a start time.
pub(super) fn write_classifications<'a>(
    lists: &mut dyn Iterator<Item = (&'a str, Option<&'a str>)>,
    out: &mut Vec<u8>,
) {
    out.push(b'[');
    let start = out.len();
    for (list, time) in lists {
        if let Ok(Some(list)) = Classifications::from_json(list) {
            write_flat(&list, time, start, out);
        }
    }
    out.push(b']');
}

fn write_flat(list: &Classifications<'_>, time: Option<&str>, start: usize, out: &mut Vec<u8>) {
    let mut others = list.others.iter().peekable();
    for index in 0..=list.items.len() {
        while let Some((_, other)) = others.next_if(|(before, _)| *before <= index) {
            // A list in a list, which some files have, is part of the list.
            if let Ok(Some(inner)) = Classifications::from_json(other) {
                write_flat(&inner, time, start, out);
            }
        }
        let Some(item) = list.items.get(index) else { continue };
        if out.len() > start {
            out.push(b',');
        }
        write_classification(item, time, out);
        for nested in item.nested_lists() {
            write_flat(nested, time, start, out);
        }
    }
}

fn write_classification(item: &Classification<'_>, time: Option<&str>, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    write_feature(&mut object, &item.feature, None);
    if let Some(message) = &item.message_id {
        object.raw("messageId", message.as_json().as_bytes());
    }
    if let Some(time) = time.and_then(|time| time.parse::<u64>().ok()) {
        object.raw("startMilliseconds", time.to_string().as_bytes());
    }
    let kept = Kept::of(&item.layout);
    match &item.answer {
        Some(Answer::Radio(choice)) => write_answer(choice, object.key("answer")),
        Some(Answer::Checklist(choices)) => {
            let key = if kept.get(legacy::DROPDOWN).is_some() { "answer" } else { "answers" };
            separated(&choices.items, object.key(key), write_answer);
        }
        Some(Answer::Text(words)) => {
            object.raw("answer", words.content.as_ref().map_or("\"\"", Text::as_json).as_bytes());
        }
        None => {}
    }
    kept.write(|key| CLASSIFICATION_KEYS.contains(&key) || key == legacy::DROPDOWN, &mut object);
    object.close();
}

/// The keys that classifications and options may have.
const CLASSIFICATION_KEYS: [&str; 8] =
    ["featureId", "schemaId", "title", "value", "messageId", "startMilliseconds", "answer", "answers"];

fn write_answer(answer: &Choice<'_>, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    write_feature(&mut object, &answer.feature, None);
    Kept::of(&answer.layout).write(|key| CLASSIFICATION_KEYS.contains(&key), &mut object);
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

/// Returns a key written `likeThis` instead of `like_this`.
pub(super) fn camel_case(key: &str) -> String {
    let mut name = String::with_capacity(key.len());
    for (index, part) in key.split('_').enumerate() {
        let mut letters = part.chars();
        match letters.next().filter(|_| index > 0) {
            Some(first) => name.extend(first.to_uppercase().chain(letters)),
            None => name.push_str(part),
        }
    }
    name
}

/// Returns a text as a JSON string.
pub(super) fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    quote_into(text, &mut out);
    out
}
