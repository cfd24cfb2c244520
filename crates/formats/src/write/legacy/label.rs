//! A label: objects, classifications and relationships under their old names.

use super::kept::Kept;
use super::object::{relation, separated, write_classifications, write_feature, write_object};
use super::{Frames, Legacy, Source, frames};
use labelport_model::annotation::{self, Body, Direction, Holder, Object, Place};
use labelport_model::json::{ObjectWriter, Value};
use labelport_model::row::legacy;

/// Writes the `Label` of a row from the annotations of one label, or of several that share the row.
pub(super) fn write(legacy: &Legacy<'_>, label_id: &str, annotations: &[Source<'_>], kept: &Kept, out: &mut Vec<u8>) {
    let kept = kept.get(legacy::LABEL);
    if let Some(frames) = kept.and_then(|kept| kept.get(legacy::FRAMES)) {
        // The frames have not been read: they are where the label came from.
        let mut object = ObjectWriter::open(out);
        object.raw("frames", frames.raw().as_bytes());
        object.close();
        return;
    }
    let Some(on_frames) = annotations.iter().find(|source| frames::has_them(source.stored())) else {
        let stored: Vec<&str> = annotations.iter().map(|source| source.stored()).collect();
        write_lists(legacy, &stored, kept, out);
        return;
    };
    match legacy.frames {
        Frames::Served(url) => {
            let mut object = ObjectWriter::open(out);
            object.text("frames", &url(label_id));
            object.close();
        }
        Frames::Inline => {
            out.push(b'[');
            let mut is_first = true;
            frames::for_each(*on_frames, out, &mut |frame, out| {
                if !std::mem::take(&mut is_first) {
                    out.push(b',');
                }
                frames::write(legacy, frame, out);
            });
            out.push(b']');
        }
    }
}

fn write_lists(legacy: &Legacy<'_>, annotations: &[&str], kept: Option<Value<'_>>, out: &mut Vec<u8>) {
    let (mut objects, mut relationships, mut in_objects) = (Vec::new(), Vec::new(), Vec::new());
    let whole_row = |place: &Place<'_>| place.frame.is_none() && place.start_ms.is_none();
    // Annotations that cannot be read cannot be stored either.
    let found = annotations.iter().flat_map(|annotations| annotation::read(annotations).map_while(Result::ok));
    for found in found.filter(|found| whole_row(&found.place)) {
        let Body::Object(object) = found.body else { continue };
        match (found.place.list, relation(&object)) {
            (Holder::Relationships, _) => relationships.push(object),
            // Files of 2023 have relationships among the objects and again in their own list.
            (Holder::Objects, Some(_)) => in_objects.push(object),
            (Holder::Objects, None) => objects.push(object),
            _ => {}
        }
    }
    for object in in_objects {
        if !relationships.iter().any(|known| known.feature.id == object.feature.id) {
            relationships.push(object);
        }
    }
    let members: Vec<_> = annotations.iter().flat_map(|text| annotation::members(text).unwrap_or_default()).collect();
    let of = |key: &'static str| members.iter().filter(move |(known, _)| *known == key).map(|(_, value)| *value);
    let mut label = ObjectWriter::open(out);
    separated(objects, label.key("objects"), |object, out| write_object(legacy, &object, None, out));
    let whole = of("classifications").map(|list| (list, None));
    // Classifications of parts of a recording, which the format has no place for, keep their start.
    let starts = of("timestamp").flat_map(|starts| annotation::members(starts).unwrap_or_default());
    let timed = starts.flat_map(|(start, item)| {
        let lists = annotation::members(item).unwrap_or_default().into_iter();
        lists.filter(|(key, _)| *key == "classifications").map(move |(_, list)| (list, Some(start)))
    });
    write_classifications(&mut whole.chain(timed), label.key("classifications"));
    let known = relationships.iter().map(|item| {
        let mut out = Vec::new();
        write_relationship(item, &mut out);
        out
    });
    let unread = kept.and_then(|kept| kept.get("relationships")).into_iter().flat_map(Value::elements);
    let unread = unread.map(|item| item.raw().as_bytes().to_vec());
    separated(known.chain(unread), label.key("relationships"), |item, out| out.extend_from_slice(&item));
    for (key, member) in kept.into_iter().flat_map(Value::members) {
        if !matches!(key, "objects" | "classifications" | "relationships" | "frames") {
            label.raw(key, member.raw().as_bytes());
        }
    }
    label.close();
}

fn write_relationship(item: &Object<'_>, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    write_feature(&mut object, &item.feature, None);
    if let Some(relation) = relation(item) {
        let name = match relation.direction {
            Direction::Directed => "unidirectionalRelationship",
            Direction::Mutual => "bidirectionalRelationship",
        };
        relation.write(object.key(name));
    }
    let is_written = |key: &str| {
        matches!(
            key,
            "featureId" | "schemaId" | "title" | "value" | "unidirectionalRelationship" | "bidirectionalRelationship"
        )
    };
    Kept::of(&item.layout).write(is_written, &mut object);
    object.close();
}
