//! Frames of videos, and slices of series.

use super::{Legacy, Source, object as shape};
use labelport_model::json::{Document, Kind, ObjectWriter, Value};
use std::ops::ControlFlow;
use std::sync::LazyLock;

/// A frame of a label.
pub(super) struct Frame<'a> {
    number: i64,
    /// The group of slices, in a series.
    group: Option<&'a str>,
    frame: Value<'a>,
    /// Classifications of the whole, which stand on the first frame: the format has no other place for them.
    common: Option<Value<'a>>,
    /// Which frames are key frames, by feature id.
    key_frames: Option<Value<'a>>,
}

/// A frame on which nothing is.
static EMPTY: LazyLock<Document> = LazyLock::new(|| super::parsed(b"{}"));

/// Tells whether annotations stand on frames.
pub(super) fn has_them(annotations: Value<'_>) -> bool {
    ["frames", "groups"].iter().any(|key| annotations.get(key).is_some_and(|frames| frames.kind() == Kind::Object))
}

/// Calls `each` for every frame of a label, by group and number, with the buffer to write it to.
pub(super) fn for_each(source: Source<'_>, out: &mut Vec<u8>, each: &mut dyn FnMut(&Frame<'_>, &mut Vec<u8>)) {
    let (filled, spill) = match source {
        Source::Stored(annotations) => {
            list(annotations).iter().for_each(|frame| each(frame, out));
            return;
        }
        Source::Filled { frames, spill } => (frames, spill),
    };
    let stored = filled.stored();
    let mut common = stored.get("classifications").filter(|list| list.elements().next().is_some());
    let key_frames = stored.get("key_frame_feature_map");
    let mut document = Document::default();
    // After a break nobody takes what would follow, so there is nothing to do about one.
    let _: ControlFlow<()> = filled.for_each_frame(&mut |number, json| {
        if document.read(json).is_ok() {
            let frame = Frame { number, group: None, frame: document.root(), common: common.take(), key_frames };
            each(&frame, out);
        }
        spill(out)
    });
}

/// Lists the frames of stored annotations, by group and number.
fn list(annotations: Value<'_>) -> Vec<Frame<'_>> {
    let mut list = numbered(annotations, None, annotations.get("key_frame_feature_map"));
    for (name, group) in annotations.get("groups").into_iter().flat_map(Value::members) {
        let frames = numbered(group, Some(name), annotations.get("key_frame_feature_map"));
        list.extend(with_common(frames, group, Some(name)));
    }
    if annotations.get("groups").is_none() {
        list = with_common(list, annotations, None);
    }
    list
}

fn numbered<'a>(holder: Value<'a>, group: Option<&'a str>, key_frames: Option<Value<'a>>) -> Vec<Frame<'a>> {
    let frames = holder.get("frames").into_iter().flat_map(Value::members);
    let mut list: Vec<Frame<'a>> = frames
        .filter_map(|(key, frame)| Some(Frame { number: key.parse().ok()?, group, frame, common: None, key_frames }))
        .collect();
    list.sort_by_key(|frame| frame.number);
    list
}

/// Puts the classifications beside the frames onto the first of them, or onto a first frame of their own.
fn with_common<'a>(mut frames: Vec<Frame<'a>>, holder: Value<'a>, group: Option<&'a str>) -> Vec<Frame<'a>> {
    let common = holder.get("classifications").filter(|list| list.elements().next().is_some());
    if common.is_some() && frames.is_empty() {
        frames.push(Frame { number: 1, group, frame: EMPTY.root(), common: None, key_frames: None });
    }
    if let Some(first) = frames.first_mut() {
        first.common = common;
    }
    frames
}

/// Writes a frame as one object.
pub(super) fn write(legacy: &Legacy<'_>, frame: &Frame<'_>, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    object.raw("frameNumber", frame.number.to_string().as_bytes());
    if let Some(group) = frame.group {
        object.raw("group", format!("\"{group}\"").as_bytes());
    }
    let lists = [frame.common, frame.frame.get("classifications")];
    shape::write_classifications(
        &mut lists.into_iter().flatten().map(|list| (list, None)),
        object.key("classifications"),
    );
    let out = object.key("objects");
    out.push(b'[');
    let objects = frame.frame.get("objects").into_iter().flat_map(items);
    for (index, item) in objects.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        shape::write_object(legacy, item, Some(is_key_frame(frame, item)), out);
    }
    out.push(b']');
    object.close();
}

/// Lists the values of an object or of an array.
fn items(list: Value<'_>) -> impl Iterator<Item = Value<'_>> {
    list.members().map(|(_, item)| item).chain(list.elements())
}

/// Tells whether an object was set on a frame. Where nothing is said about it, it was: frames that nobody set come with
/// a list of those that were.
fn is_key_frame(frame: &Frame<'_>, object: Value<'_>) -> bool {
    let id = object.get("feature_id").and_then(Value::as_text).unwrap_or_default();
    let Some(mut known) = frame.key_frames.and_then(|map| map.get(&id)) else { return true };
    if let Some(in_group) = frame.group.and_then(|group| known.get(group)) {
        known = in_group;
    }
    match known.kind() {
        Kind::Array => known.elements().any(|number| number.as_i64() == Some(frame.number)),
        Kind::Object => known.get(&frame.number.to_string()).is_some_and(|is_key| is_key.kind() == Kind::True),
        _ => true,
    }
}
