//! A label: objects, classifications and relationships under their old names.

use super::object::{relationship, separated, write_classifications, write_feature, write_object};
use super::{Frames, Legacy, Source, frames};
use labelport_model::json::{ObjectWriter, Value};

/// Writes the `Label` of a row from the annotations of one label, or of several that share the row.
pub(super) fn write(legacy: &Legacy<'_>, label_id: &str, annotations: &[Source<'_>], out: &mut Vec<u8>) {
    let Some(on_frames) = annotations.iter().find(|source| frames::has_them(source.stored())) else {
        let stored: Vec<Value<'_>> = annotations.iter().map(|source| source.stored()).collect();
        write_lists(legacy, &stored, out);
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

fn write_lists(legacy: &Legacy<'_>, annotations: &[Value<'_>], out: &mut Vec<u8>) {
    let elements = |key: &str| -> Vec<Value<'_>> {
        annotations.iter().filter_map(|annotations| annotations.get(key)).flat_map(Value::elements).collect()
    };
    // Files of 2023 have relationships among the objects and again in their own list.
    let (in_objects, objects): (Vec<_>, Vec<_>) =
        elements("objects").into_iter().partition(|object| relationship(*object).is_some());
    let mut relationships = elements("relationships");
    for object in in_objects {
        let id = |value: Value<'_>| value.get("feature_id").map(|id| id.raw().to_owned());
        if !relationships.iter().any(|known| id(*known) == id(object)) {
            relationships.push(object);
        }
    }
    let mut label = ObjectWriter::open(out);
    separated(objects, label.key("objects"), |object, out| write_object(legacy, object, None, out));
    let whole =
        annotations.iter().filter_map(|annotations| annotations.get("classifications")).map(|list| (list, None));
    // Classifications of stretches of sound, which the format has no place for, keep their start.
    let starts = annotations.iter().filter_map(|annotations| annotations.get("timestamp")).flat_map(Value::members);
    let timed = starts.filter_map(|(start, item)| Some((item.get("classifications")?, Some(start))));
    write_classifications(&mut whole.chain(timed), label.key("classifications"));
    separated(relationships, label.key("relationships"), |item, out| {
        let mut object = ObjectWriter::open(out);
        write_feature(&mut object, item, None);
        if let Some((kind, ends)) = relationship(item) {
            object.raw(kind, ends.raw().as_bytes());
        }
        object.close();
    });
    label.close();
}
