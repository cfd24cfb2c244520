//! Frames of videos, and slices of series.

use super::kept::Kept;
use super::object::{separated, write_classifications, write_object};
use super::{Legacy, Source};
use labelport_model::annotation::{self, Body, Holder, Object, ReadError, Timeline};
use labelport_model::json::ObjectWriter;
use std::ops::ControlFlow;

/// A frame of a label.
pub(super) struct Frame<'a> {
    number: i64,
    /// The axis along which a series is sliced.
    axis: Option<&'a str>,
    /// What is on it, as it is stored.
    json: &'a str,
    /// Classifications of the whole, which are put on the first frame: the format has no other place for them.
    common: Option<&'a str>,
    /// Which frames are key frames.
    timeline: &'a Timeline<'a>,
}

/// Returns whether annotations are on frames.
pub(super) fn has_them(annotations: &str) -> bool {
    let members = annotation::members(annotations).unwrap_or_default();
    members.iter().any(|(key, value)| matches!(*key, "frames" | "groups") && value.starts_with('{'))
}

/// Calls `each` for every frame of a label, by axis and number, with the buffer to write it to.
pub(super) fn for_each(source: Source<'_>, out: &mut Vec<u8>, each: &mut dyn FnMut(&Frame<'_>, &mut Vec<u8>)) {
    // Annotations that cannot be read cannot be stored either.
    let timeline = Timeline::read(source.stored()).unwrap_or_default();
    let (filled, spill) = match source {
        Source::Stored(annotations) => {
            list(annotations, &timeline).unwrap_or_default().iter().for_each(|frame| each(frame, out));
            return;
        }
        Source::Filled { frames, spill } => (frames, spill),
    };
    let mut common = common(&annotation::members(source.stored()).unwrap_or_default());
    // After a break the consumer takes nothing more, so it needs no handling.
    let _: ControlFlow<()> = filled.for_each_frame(&mut |number, json| {
        if let Ok(json) = std::str::from_utf8(json) {
            each(&Frame { number, axis: None, json, common: common.take(), timeline: &timeline }, out);
        }
        spill(std::slice::from_mut(out))
    });
}

/// The members of a container.
type Members<'a> = [(&'a str, &'a str)];

fn find<'a>(members: &Members<'a>, key: &str) -> Option<&'a str> {
    members.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}

/// Lists the frames of stored annotations, by axis and number.
fn list<'a>(annotations: &'a str, timeline: &'a Timeline<'a>) -> Result<Vec<Frame<'a>>, ReadError> {
    let members = annotation::members(annotations)?;
    let mut list = numbered(&members, None, timeline)?;
    let Some(axes) = find(&members, "groups") else {
        return Ok(with_common(list, &members, None, timeline));
    };
    for (name, axis) in annotation::members(axes)? {
        let members = annotation::members(axis)?;
        let frames = numbered(&members, Some(name), timeline)?;
        list.extend(with_common(frames, &members, Some(name), timeline));
    }
    Ok(list)
}

fn numbered<'a>(
    holder: &Members<'a>,
    axis: Option<&'a str>,
    timeline: &'a Timeline<'a>,
) -> Result<Vec<Frame<'a>>, ReadError> {
    let frames = find(holder, "frames").map(annotation::members).transpose()?.unwrap_or_default();
    let frame =
        |(key, json): (&str, &'a str)| Some(Frame { number: key.parse().ok()?, axis, json, common: None, timeline });
    let mut list: Vec<Frame<'a>> = frames.into_iter().filter_map(frame).collect();
    list.sort_by_key(|frame| frame.number);
    Ok(list)
}

/// Returns the classifications next to the frames, if there are any.
fn common<'a>(holder: &Members<'a>) -> Option<&'a str> {
    find(holder, "classifications").filter(|list| list.starts_with('[') && *list != "[]")
}

/// Puts the classifications next to the frames onto the first of them, or onto a first frame of their own.
fn with_common<'a>(
    mut frames: Vec<Frame<'a>>,
    holder: &Members<'a>,
    axis: Option<&'a str>,
    timeline: &'a Timeline<'a>,
) -> Vec<Frame<'a>> {
    let common = common(holder);
    if common.is_some() && frames.is_empty() {
        frames.push(Frame { number: 1, axis, json: "{}", common: None, timeline });
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
    if let Some(axis) = frame.axis {
        object.raw("group", format!("\"{axis}\"").as_bytes());
    }
    let own = find(&annotation::members(frame.json).unwrap_or_default(), "classifications");
    let lists = [frame.common, own];
    write_classifications(&mut lists.into_iter().flatten().map(|list| (list, None)), object.key("classifications"));
    let found = annotation::read(frame.json).map_while(Result::ok);
    let objects = found.filter(|found| found.place.list == Holder::Objects).filter_map(|found| match found.body {
        Body::Object(object) => Some(object),
        Body::Classification(_) => None,
    });
    separated(objects, object.key("objects"), |item, out| {
        write_object(legacy, &item, Some(is_key_frame(frame, &item)), out);
    });
    let kept = Kept::in_members(&annotation::members(frame.json).unwrap_or_default());
    kept.write(|key| matches!(key, "frameNumber" | "group" | "classifications" | "objects"), &mut object);
    object.close();
}

/// Returns whether an object was set on a frame. If the label does not say so, it was: labels with other frames list their
/// key frames.
fn is_key_frame(frame: &Frame<'_>, object: &Object<'_>) -> bool {
    let id = object.feature.id.as_ref().map_or("", |id| id.escaped());
    frame.timeline.is_key_frame(frame.axis, id, frame.number).unwrap_or(true)
}
