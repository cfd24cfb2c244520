//! The `Label` of a record becomes the annotations of a label.

use super::answer::{self, About, Answered};
use super::frames;
use super::geometry;
use super::kept::Kept;
use super::object;
use super::problem::{Fault, Problem, array, find, object as as_object};
use super::scene::Scene;
use crate::read::Media;
use labelport_model::data_type::{Container, DataType};
use labelport_model::json::{Kind, Members, Value};
use labelport_model::quote::Quoted;
use labelport_model::row::legacy;

/// The annotations of a label.
pub(super) struct Labelled {
    /// As they are stored.
    pub(super) annotations: String,
    /// Whether they are in a file that is not at hand.
    pub(super) is_elsewhere: bool,
}

/// The relations between the objects of a label.
const RELATIONSHIPS: &str = "relationships";

/// Reads the `Label` of a record. What today's form has no key for goes to `kept`.
pub(super) fn read(scene: &mut Scene<'_>, label: Value<'_>, kept: &mut Kept) -> Result<Labelled, Fault> {
    match label.kind() {
        Kind::Array => return frames::read(scene, label).map(Labelled::here),
        Kind::Object => {}
        _ => return Err(Fault::wrong_kind(label, "an object, or an array of frames")),
    }
    match find(label, "frames") {
        None => read_lists(scene, label, kept).map(Labelled::here),
        Some(frames) if frames.kind() == Kind::Array => {
            keep_others(scene, label, &["frames"], Kept::default(), kept);
            frames::read(scene, frames).map(Labelled::here)
        }
        Some(frames) => {
            let Some(address) = frames.as_text() else {
                return Err(Fault::wrong_kind(frames, "an array of frames, or the path or URL of a file of them"));
            };
            let mut others = Kept::default();
            let labelled = read_file(scene, frames, &address, &mut others)?;
            keep_others(scene, label, &["frames"], others, kept);
            Ok(labelled)
        }
    }
}

impl Labelled {
    fn here(annotations: String) -> Self {
        Self { annotations, is_elsewhere: false }
    }
}

/// Reads frames that are in a file. A file of ours that is wrong can be corrected, so its record is refused; one that was
/// fetched may be the page of a login, and its label waits.
fn read_file(scene: &mut Scene<'_>, at: Value<'_>, address: &str, kept: &mut Kept) -> Result<Labelled, Fault> {
    let is_local = !address.contains("://") || address.starts_with("file://");
    let found = match scene.world.frames(address) {
        Err(reason) if is_local => return Err(unread(at, address, reason)),
        Err(reason) => Media::Elsewhere(Some(reason)),
        Ok(found) => found,
    };
    let reason = match found {
        Media::Elsewhere(reason) => reason,
        Media::Here(lines) => {
            let (counts, features) = (scene.counts.clone(), scene.features.clone());
            match frames::read_lines(scene, &lines) {
                Ok(annotations) => {
                    scene.counts.frame_files_here += 1;
                    return Ok(Labelled::here(annotations));
                }
                Err(reason) if is_local => return Err(unread(at, address, reason)),
                Err(reason) => {
                    (*scene.counts, *scene.features) = (counts, features);
                    Some(format!("a file of frames that cannot be read: {reason}"))
                }
            }
        }
    };
    scene.counts.frame_files_elsewhere += 1;
    scene.counts.unreachable(reason);
    kept.push_silently(legacy::FRAMES, at.raw());
    Ok(Labelled { annotations: frames::of_whole(Container::Frames, ""), is_elsewhere: true })
}

fn unread(at: Value<'_>, address: &str, reason: String) -> Fault {
    Fault::at(at, Problem::Frames { address: Quoted::new(address), reason })
}

/// Returns whether a label has nothing in it.
pub(super) fn is_empty(label: Value<'_>) -> bool {
    label.kind() == Kind::Object && label.members().all(|(_, list)| list.raw() == "[]")
}

/// Keeps the members of a label that have no key today.
fn keep_others(scene: &mut Scene<'_>, label: Value<'_>, known: &[&str], mut others: Kept, kept: &mut Kept) {
    for (key, member) in label.members().filter(|(key, _)| !known.contains(key)) {
        others.push(scene.counts, "Label", key, member);
    }
    if let Some(others) = others.into_object() {
        kept.push_silently(legacy::LABEL, &others);
    }
}

/// Reads a label whose annotations are lists.
fn read_lists(scene: &mut Scene<'_>, label: Value<'_>, kept: &mut Kept) -> Result<String, Fault> {
    let (mut objects, mut relationships) = (Vec::new(), Vec::new());
    let mut others = Kept::default();
    for item in find(label, "objects").map(array).transpose()?.into_iter().flat_map(Value::elements) {
        scene.counts.objects.read += 1;
        let json = object::read(scene, item, None)?;
        if object::is_relation(&json) { relationships.push(json) } else { objects.push(json) }
    }
    let mut unread = Vec::new();
    for item in find(label, "relationships").map(array).transpose()?.into_iter().flat_map(Value::elements) {
        scene.counts.objects.read += 1;
        // How records of every age say what a relationship joins is not known.
        if geometry::is_drawn(as_object(item)?) {
            relationships.push(object::read(scene, item, None)?);
        } else {
            scene.counts.keep("Label", "relationships[]");
            unread.push(item.raw());
        }
    }
    if !unread.is_empty() {
        others.push_silently(RELATIONSHIPS, &format!("[{}]", unread.join(",")));
    }
    let mut classifications = Vec::new();
    if let Some(list) = find(label, "classifications") {
        scene.counts.classifications.read += answer::count(list);
        classifications = answer::read_list(scene, list, About::Row)?;
    }
    keep_others(scene, label, &["objects", "classifications", RELATIONSHIPS], others, kept);
    let container = scene.data_type.map_or(Container::Lists, |data_type| data_type.container);
    let has_lists = !objects.is_empty() || !relationships.is_empty();
    Ok(match container {
        Container::Stamps if !has_lists => stamps(scene, classifications),
        Container::Frames | Container::Groups if !has_lists => {
            frames::of_whole(container, &take(scene, classifications).join(","))
        }
        _ => format!(
            "{{\"objects\":[{}],\"classifications\":[{}],\"relationships\":[{}]}}",
            objects.join(","),
            take(scene, classifications).join(","),
            relationships.join(",")
        ),
    })
}

/// Takes the stored form of classifications, and gathers their features.
pub(super) fn take(scene: &mut Scene<'_>, classifications: Vec<Answered>) -> Vec<String> {
    classifications
        .into_iter()
        .map(|answered| {
            scene.features.add_question(answered.question);
            answered.json
        })
        .collect()
}

/// Writes the classifications of a recording: those of the whole, and those of parts by their start.
fn stamps(scene: &mut Scene<'_>, classifications: Vec<Answered>) -> String {
    let mut whole = Vec::new();
    // In the order of the record.
    let mut by_start: Vec<(i64, Vec<String>)> = Vec::new();
    for answered in classifications {
        scene.features.add_question(answered.question);
        let Some(start) = answered.start_ms else {
            whole.push(answered.json);
            continue;
        };
        match by_start.iter_mut().find(|(known, _)| *known == start) {
            Some((_, list)) => list.push(answered.json),
            None => by_start.push((start, vec![answered.json])),
        }
    }
    let mut timestamp = Members::default();
    for (start, list) in by_start {
        timestamp.push_raw(&start.to_string(), &format!("{{\"classifications\":[{}]}}", list.join(",")));
    }
    format!("{{\"classifications\":[{}],\"segments\":{{}},\"timestamp\":{{{}}}}}", whole.join(","), timestamp.as_str())
}

/// Returns the data type that only such a label can be of, if there is one.
pub(super) fn shown_type(label: Value<'_>) -> Option<&'static DataType> {
    let find_type = labelport_model::data_type::find;
    let of_frames = |frames: Value<'_>| {
        let is_series = frames.elements().next().is_some_and(|frame| find(frame, "group").is_some());
        find_type(if is_series { "dicom" } else { "video" })
    };
    if label.kind() == Kind::Array {
        return of_frames(label);
    }
    if let Some(frames) = as_object(label).ok().and_then(|label| find(label, "frames")) {
        return of_frames(frames);
    }
    let items = |key: &str| label.get(key).into_iter().flat_map(Value::elements);
    for classification in items("classifications") {
        if find(classification, "startMilliseconds").is_some() {
            return find_type("audio");
        }
        if find(classification, "messageId").is_some() {
            return find_type("conversation");
        }
    }
    items("objects").find_map(|object| {
        let location = find(object, "data").and_then(|data| find(data, "location"));
        let shown = match location {
            Some(location) if location.kind() == Kind::Array => "document",
            Some(location) if find(location, "messageId").is_some() => "conversation",
            Some(_) => "text",
            None if find(object, "geometry").is_some() => "geospatial",
            None if find(object, "page").is_some() => "document",
            None => {
                let messages = ["selectedMessage", "selectedMessages", "rankedMessages"];
                messages.iter().find_map(|key| find(object, key)).map(|_| "conversation")?
            }
        };
        find_type(shown)
    })
}

/// Returns whether a label draws pixels, as those of images do where nothing says that they are of something else.
pub(super) fn draws_pixels(label: Value<'_>) -> bool {
    let objects = label.get("objects").into_iter().flat_map(Value::elements);
    let keys = ["bbox", "polygon", "line", "point", "instanceURI"];
    objects.into_iter().any(|object| keys.iter().any(|key| find(object, key).is_some()))
}
