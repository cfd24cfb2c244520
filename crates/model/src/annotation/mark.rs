//! Annotations as they are counted: by feature and kind, on a parsed value.

use super::{Feature, Text};
use crate::json::{Kind, Value};

/// An annotation as counted: its feature, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark<'a> {
    /// `feature_schema_id` without quotes; empty where the row gives none.
    pub schema_id: &'a str,
    /// `name` without quotes, escaped as in the row; empty where the row gives none.
    pub name: &'a str,
    /// The annotation kind of an object, the answer key of a classification (`radio_answer`, …).
    pub kind: &'a str,
    /// `value` without quotes, escaped as in the row; empty where the row gives none.
    pub value: &'a str,
}

impl<'a> Mark<'a> {
    /// Returns what an annotation of a feature is counted as.
    pub(super) fn of(feature: &'a Feature<'_>, kind: &'a str) -> Self {
        let text = |text: &'a Option<Text<'_>>| text.as_ref().map_or("", Text::escaped);
        Self { schema_id: text(&feature.schema_id), name: text(&feature.name), kind, value: text(&feature.value) }
    }
}

/// Calls `each` for every annotation in the value, nested ones included, in the order of the text.
pub fn for_each<'a>(value: Value<'a>, each: &mut dyn FnMut(Mark<'a>)) {
    match value.kind() {
        Kind::Object => {
            if let Some(kind) = value.get("annotation_kind") {
                each(mark(value, inner(kind)));
            }
            for (key, member) in value.members() {
                for_each_member(key, member, each);
            }
        }
        Kind::Array => value.elements().for_each(|element| for_each(element, each)),
        _ => {}
    }
}

/// Calls `each` for every annotation in a member of an object, as [`for_each`] does for the whole object.
pub fn for_each_member<'a>(key: &str, member: Value<'a>, each: &mut dyn FnMut(Mark<'a>)) {
    if key == "classifications" && member.kind() == Kind::Array {
        member.elements().for_each(|item| for_each_item(item, None, each));
    } else {
        for_each(member, each);
    }
}

/// Calls `each` for an item of a list of classifications and for every annotation in it. With `answers`, of a checklist
/// only the answers at these places, which ascend, are visited.
pub fn for_each_item<'a>(item: Value<'a>, answers: Option<&[u32]>, each: &mut dyn FnMut(Mark<'a>)) {
    // An item with an annotation kind is counted as an object below.
    if item.kind() == Kind::Object && item.get("annotation_kind").is_none() {
        each(mark(item, answer_key(item)));
    }
    let Some(places) = answers else { return for_each(item, each) };
    for (key, member) in item.members() {
        if key.ends_with("_answers") && member.kind() == Kind::Array {
            let mut places = places.iter().peekable();
            let chosen = (0_u32..).zip(member.elements()).filter(|(place, _)| places.next_if_eq(&place).is_some());
            chosen.for_each(|(_, answer)| for_each(answer, each));
        } else {
            for_each_member(key, member, each);
        }
    }
}

/// Returns whether any annotation refers to a mask that is fetched by URL.
pub fn has_masks(annotations: &str) -> bool {
    annotations.contains("mask\":{\"url\":")
}

/// Returns whether the frames of a video are more than its key frames, as in an export with interpolated frames.
///
/// Returns `false` for a label without a list of key frames, and for one of another data type.
pub fn has_filled_frames(annotations: Value<'_>) -> bool {
    let (Some(frames), Some(map)) = (annotations.get("frames"), annotations.get("key_frame_feature_map")) else {
        return false;
    };
    let mut key_frames: Vec<&str> = Vec::new();
    for (_, listed) in map.members() {
        // A list of numbers today, an object with numbers as keys in 2023.
        key_frames.extend(listed.elements().map(Value::raw));
        key_frames.extend(listed.members().map(|(frame, _)| frame));
    }
    key_frames.sort_unstable();
    !key_frames.is_empty() && frames.members().any(|(frame, _)| key_frames.binary_search(&frame).is_err())
}

fn mark<'a>(annotation: Value<'a>, kind: &'a str) -> Mark<'a> {
    let text = |key| annotation.get(key).map_or("", inner);
    Mark { schema_id: text("feature_schema_id"), name: text("name"), kind, value: text("value") }
}

fn inner(value: Value<'_>) -> &str {
    if value.kind() == Kind::String { &value.raw()[1..value.raw().len() - 1] } else { "" }
}

fn answer_key(classification: Value<'_>) -> &str {
    classification
        .members()
        .map(|(key, _)| key)
        .find(|key| key.ends_with("_answer") || key.ends_with("_answers"))
        .unwrap_or("unanswered")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;

    #[track_caller]
    fn check(annotations: &str, expect: &[(&str, &str)]) {
        let document = Document::parse(annotations.as_bytes()).unwrap();
        let mut found = Vec::new();
        for_each(document.root(), &mut |mark| found.push((mark.name, mark.kind)));
        assert_eq!(found, expect);
    }

    #[test]
    fn objects_and_nested_classifications_are_found() {
        check(
            r#"{"objects":[{"name":"boat","annotation_kind":"ImageBoundingBox","classifications":[
                {"name":"sort","radio_answer":{"name":"tug","classifications":[{"name":"why","text_answer":{}}]}}]}],
               "classifications":[{"name":"tags","checklist_answers":[{"name":"wet","classifications":[]}]}]}"#,
            &[
                ("boat", "ImageBoundingBox"),
                ("sort", "radio_answer"),
                ("why", "text_answer"),
                ("tags", "checklist_answers"),
            ],
        );
    }

    #[test]
    fn every_frame_counts() {
        check(
            r#"{"frames":{"1":{"objects":{"f":{"name":"a","annotation_kind":"VideoPoint"}},"classifications":[]},
                          "2":{"objects":{"f":{"name":"a","annotation_kind":"VideoPoint"}},"classifications":[]}}}"#,
            &[("a", "VideoPoint"), ("a", "VideoPoint")],
        );
    }

    #[test]
    fn frames_between_key_frames_are_seen() {
        let filled = |text: &str| has_filled_frames(Document::parse(text.as_bytes()).unwrap().root());
        assert!(!filled(r#"{"frames":{"1":{},"4":{}},"key_frame_feature_map":{"f":[1,4]}}"#));
        assert!(filled(r#"{"frames":{"1":{},"2":{},"4":{}},"key_frame_feature_map":{"f":[1,4]}}"#));
        assert!(filled(r#"{"frames":{"1":{},"2":{}},"key_frame_feature_map":{"f":{"1":true}}}"#));
        assert!(!filled(r#"{"frames":{},"key_frame_feature_map":{}}"#) && !filled(r#"{"objects":[]}"#));
    }

    #[test]
    fn an_unknown_container_is_walked() {
        check(r#"{"orbits":[[{"x":{"name":"a","annotation_kind":"Orbit3D"}}]]}"#, &[("a", "Orbit3D")]);
    }
}
