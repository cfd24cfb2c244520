//! Frames folded back to key frames.
//!
//! An export with interpolated frames lists the key frames of each feature. The other frames can be computed again, and
//! are dropped if the computed frames are exactly the imported ones: the label takes no more space than before the
//! export, and every later export, with or without interpolated frames, has the same bytes as the original. Nothing is
//! guessed: if one frame differs, all frames are stored as imported.

use super::fill::Filled;
use crate::json::{Members, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// Returns annotations with their key frames only, if all other frames can be computed from them.
pub fn fold(annotations: Value<'_>) -> Option<String> {
    let frames = annotations.get("frames")?;
    let folder = Folder::new(annotations)?;
    let mut kept = Members::default();
    for (key, frame) in frames.members() {
        if let Some(frame) = folder.keep(key, frame) {
            kept.push_raw(key, &frame);
        }
    }
    let folded = folder.finish(annotations, &kept);
    let mut expected = frames.members();
    let is_same = is_filled_as(&folded, &mut |number, filled| {
        let frame = expected.next();
        Some(frame.is_some_and(|(key, frame)| key == number && frame.raw().as_bytes() == filled))
    });
    (is_same? && expected.next().is_none()).then_some(folded)
}

/// Compares every interpolated frame with what `is_next` expects. Returns `None` if `is_next` does.
pub fn is_filled_as(annotations: &str, is_next: &mut dyn FnMut(&str, &[u8]) -> Option<bool>) -> Option<bool> {
    let Ok(Some(filled)) = Filled::new(annotations.as_bytes()) else { return Some(false) };
    let mut outcome = Some(true);
    let flow = filled.for_each_frame(&mut |number, frame| {
        outcome = is_next(&number.to_string(), frame);
        if outcome == Some(true) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    drop(filled);
    if flow.is_break() { outcome } else { Some(true) }
}

/// Keeps what was set on each frame.
pub struct Folder {
    /// The key frames of each feature, as their keys in `frames`.
    key_frames: BTreeMap<String, BTreeSet<String>>,
}

impl Folder {
    /// Reads which frames are key frames. Returns `None` if the annotations do not list them, or have no segments.
    pub fn new(annotations: Value<'_>) -> Option<Self> {
        annotations.get("segments")?.members().next()?;
        let mut key_frames: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (id, listed) in annotations.get("key_frame_feature_map")?.members() {
            // A list of numbers today, an object with numbers as keys in 2023.
            let numbers = listed.elements().map(Value::raw).chain(listed.members().map(|(frame, _)| frame));
            key_frames.insert(id.to_owned(), numbers.map(str::to_owned).collect());
        }
        (!key_frames.is_empty()).then_some(Self { key_frames })
    }

    /// Returns what was set on a frame, or `None` if nothing was.
    pub fn keep(&self, key: &str, frame: Value<'_>) -> Option<String> {
        let is_key = |id: &str| self.key_frames.get(id).is_some_and(|frames| frames.contains(key));
        let mut objects = Members::default();
        for (id, object) in frame.get("objects").into_iter().flat_map(Value::members).filter(|(id, _)| is_key(id)) {
            objects.push_raw(id, object.raw());
        }
        let answers: Vec<&str> = frame
            .get("classifications")
            .into_iter()
            .flat_map(Value::elements)
            .filter(|item| ids(*item).into_iter().any(is_key))
            .map(Value::raw)
            .collect();
        let has_more = frame.members().any(|(key, _)| key != "objects" && key != "classifications");
        if objects.is_empty() && answers.is_empty() && !has_more {
            return None;
        }
        let mut kept = Members::default();
        for (key, member) in frame.members() {
            match key {
                "objects" => kept.push_raw(key, &format!("{{{}}}", objects.as_str())),
                "classifications" => kept.push_raw(key, &format!("[{}]", answers.join(","))),
                _ => kept.push_raw(key, member.raw()),
            }
        }
        Some(format!("{{{}}}", kept.as_str()))
    }

    /// Returns annotations with these frames.
    pub fn finish(&self, annotations: Value<'_>, frames: &Members) -> String {
        let mut folded = Members::with_capacity(frames.as_str().len());
        for (key, member) in annotations.members() {
            match key {
                "frames" => folded.push_raw(key, &format!("{{{}}}", frames.as_str())),
                _ => folded.push_raw(key, member.raw()),
            }
        }
        format!("{{{}}}", folded.as_str())
    }
}

/// Lists the feature ids of a classification and of its answers.
fn ids(item: Value<'_>) -> Vec<&str> {
    let id = super::runs::feature_id;
    let lists = item.members().filter(|(key, _)| key.ends_with("_answer") || key.ends_with("_answers"));
    let answers = lists.flat_map(|(_, answer)| answer.elements().map(id).chain([id(answer)]));
    std::iter::once(id(item)).chain(answers).filter(|id| !id.is_empty()).collect()
}
