//! Frames of videos and slices of series.
//!
//! A record lists every frame on which something is labelled, also those between key frames. Segments are runs of frames
//! that follow each other; key frames are those that say so, and all where none does. What can be computed from the key
//! frames is dropped when the label is stored. A classification on a frame is known to be on that frame and on no other,
//! so each of its frames is a key frame.

use super::answer::{self, About};
use super::derived;
use super::object::{self, OnFrame};
use super::problem::{Fault, Problem, array, find, get, object as as_object, string, whole};
use super::scene::Scene;
use labelport_model::data_type::Container;
use labelport_model::json::{Document, Kind, Members, Value};
use labelport_model::quote::Quoted;
use labelport_model::row::legacy;
use std::collections::{BTreeMap, BTreeSet};

/// The axes along which a series is sliced, in the order of a container.
const AXES: [&str; 3] = ["Axial", "Sagittal", "Coronal"];
/// The axes in the order of the key frames of a feature.
const AXES_OF_KEY_FRAMES: [&str; 3] = ["Axial", "Coronal", "Sagittal"];
/// The first frame of a video, and the first slice of an axis.
const FIRST_FRAME: i64 = 1;

/// A frame as it is stored.
#[derive(Default)]
struct Frame {
    objects: Members,
    object_ids: BTreeSet<String>,
    classifications: Vec<String>,
    kept: Members,
}

/// When a feature is on frames.
#[derive(Default)]
struct Seen {
    frames: BTreeSet<i64>,
    key_frames: BTreeSet<i64>,
}

/// The frames of an axis, or of a video.
#[derive(Default)]
struct Axis {
    frames: BTreeMap<i64, Frame>,
    /// By feature id, in the order of first appearance.
    features: Vec<(String, Seen)>,
    /// Where each feature id is among them.
    places: BTreeMap<String, usize>,
}

/// What was read so far.
#[derive(Default)]
pub(super) struct Frames {
    /// By axis; a video has none.
    axes: BTreeMap<Option<&'static str>, Axis>,
}

/// Reads an array of frames into annotations.
pub(super) fn read(scene: &mut Scene<'_>, frames: Value<'_>) -> Result<String, Fault> {
    let mut read = Frames::default();
    for frame in array(frames)?.elements() {
        read.add(scene, frame)?;
    }
    Ok(read.finish(scene))
}

/// Returns annotations without frames, with these classifications of the whole.
pub(super) fn of_whole(container: Container, classifications: &str) -> String {
    if container == Container::Groups {
        return Frames::default().finish_series(classifications);
    }
    format!(
        "{{\"frames\":{{}},\"segments\":{{}},\"key_frame_feature_map\":{{}},\"classifications\":[{classifications}]}}"
    )
}

/// Reads a file with one frame a line into annotations, or one with an array of frames. Fails with the line and the
/// reason.
pub(super) fn read_lines(scene: &mut Scene<'_>, lines: &[u8]) -> Result<String, String> {
    let mut read = Frames::default();
    let mut document = Document::default();
    if lines.trim_ascii_start().starts_with(b"[") {
        document.read(lines).map_err(|error| format!("byte {}: {error}", error.offset))?;
        return self::read(scene, document.root()).map_err(|fault| fault.locate(document.root()).reason);
    }
    for (number, line) in (1_u64..).zip(lines.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        document.read(line).map_err(|error| format!("line {number}: {error}"))?;
        let added = read.add(scene, document.root());
        added.map_err(|fault| format!("line {number}: {}", fault.locate(document.root()).reason))?;
    }
    Ok(read.finish(scene))
}

const KNOWN: [&str; 4] = ["frameNumber", "group", "objects", "classifications"];

impl Frames {
    fn add(&mut self, scene: &mut Scene<'_>, frame: Value<'_>) -> Result<(), Fault> {
        let number = whole(get(as_object(frame)?, "frameNumber")?, FIRST_FRAME)?;
        let axis = match find(frame, "group") {
            None => None,
            Some(group) => {
                let name = string(group)?.as_text().unwrap_or_default();
                let known = AXES.iter().find(|axis| axis.eq_ignore_ascii_case(&name));
                Some(*known.ok_or_else(|| Fault::at(group, Problem::Axis(Quoted::new(&name))))?)
            }
        };
        if self.axes.keys().any(|known| known.is_some() != axis.is_some()) {
            return Err(Fault::at(frame, Problem::MixedAxes));
        }
        let axis = self.axes.entry(axis).or_default();
        if axis.frames.contains_key(&number) {
            return Err(Fault::at(frame, Problem::FrameTwice(number)));
        }
        let mut stored = Frame::default();
        for item in find(frame, "objects").map(array).transpose()?.into_iter().flat_map(Value::elements) {
            axis.add_object(scene, item, number, &mut stored)?;
        }
        if let Some(list) = find(frame, "classifications") {
            scene.counts.classifications.read += answer::count(list);
            for answered in answer::read_list(scene, list, About::Frame)? {
                if let Some(id) = &answered.feature_id {
                    axis.see(&id[1..id.len() - 1], number, true);
                }
                scene.features.add_question(answered.question);
                stored.classifications.push(answered.json);
            }
        }
        for (key, member) in frame.members().filter(|(key, _)| !KNOWN.contains(key)) {
            // Relations between objects of a frame have no place in today's form.
            if key == "relationships" {
                scene.counts.objects.read += member.elements().count() as u64;
                if member.raw() == "[]" {
                    continue;
                }
            }
            scene.counts.keep("frames[]", key);
            stored.kept.push_raw(key, member.raw());
        }
        axis.frames.insert(number, stored);
        Ok(())
    }

    fn finish(mut self, scene: &Scene<'_>) -> String {
        let of_series = || scene.data_type.is_some_and(|data_type| data_type.container == Container::Groups);
        if self.axes.keys().any(Option::is_some) || (self.axes.is_empty() && of_series()) {
            return self.finish_series("");
        }
        self.axes.remove(&None).unwrap_or_default().finish()
    }

    fn finish_series(mut self, classifications: &str) -> String {
        let (mut groups, mut segments) = (String::new(), Members::default());
        let mut ids: Vec<String> = Vec::new();
        let mut known = BTreeSet::new();
        for name in AXES {
            let comma = if groups.is_empty() { "" } else { "," };
            groups.push_str(&format!("{comma}\"{name}\":{{\"name\":\"{name}\",\"classifications\":[],\"frames\":{{"));
            let axis = self.axes.entry(Some(name)).or_default();
            axis.write_frames(&mut groups);
            groups.push_str("}}");
            segments.push_raw(name, &format!("{{{}}}", axis.segments()));
            ids.extend(axis.features.iter().map(|(id, _)| id).filter(|id| known.insert((*id).clone())).cloned());
        }
        let axis = |name| self.axes.get(&Some(name));
        let mut map = Members::default();
        for id in ids {
            let mut axes = Members::default();
            for name in AXES_OF_KEY_FRAMES {
                let seen = axis(name).and_then(|axis| Some(&axis.features[*axis.places.get(&id)?].1));
                let frames = seen.into_iter().flat_map(|seen| &seen.key_frames);
                let listed: Vec<String> = frames.map(|frame| format!("\"{frame}\":true")).collect();
                axes.push_raw(name, &format!("{{{}}}", listed.join(",")));
            }
            map.push_raw(&id, &format!("{{{}}}", axes.as_str()));
        }
        format!(
            "{{\"groups\":{{{groups}}},\"segments\":{{{}}},\"classifications\":[{classifications}],\"key_frame_feature_map\":{{{}}}}}",
            segments.as_str(),
            map.as_str()
        )
    }
}

impl Axis {
    fn add_object(
        &mut self,
        scene: &mut Scene<'_>,
        item: Value<'_>,
        number: i64,
        stored: &mut Frame,
    ) -> Result<(), Fault> {
        scene.counts.objects.read += 1;
        let own_id = object::feature_key(item)?;
        // Objects without an id are recognised by their title: there is nothing else that two frames share.
        let made = || {
            let title = find(item, "title").and_then(Value::as_text).unwrap_or_default();
            let id = |number: usize| derived::id("object", &[scene.label_id, &title, &number.to_string()]);
            let mut ids = (0..).map(id);
            ids.find(|id| !stored.object_ids.contains(id)).unwrap_or_default()
        };
        let id = own_id.map_or_else(made, str::to_owned);
        if !stored.object_ids.insert(id.clone()) {
            return Err(object::twice(item, &id));
        }
        let json = object::read(scene, item, Some(OnFrame { number, feature_id: &id }))?;
        stored.objects.push_raw(&id, &json);
        let is_key = find(item, "keyframe").is_none_or(|flag| flag.kind() != Kind::False);
        self.see(&id, number, is_key);
        Ok(())
    }

    fn see(&mut self, id: &str, frame: i64, is_key: bool) {
        let place = self.places.get(id).copied().unwrap_or_else(|| {
            self.places.insert(id.to_owned(), self.features.len());
            self.features.push((id.to_owned(), Seen::default()));
            self.features.len() - 1
        });
        let seen = &mut self.features[place].1;
        seen.frames.insert(frame);
        if is_key {
            seen.key_frames.insert(frame);
        }
    }

    /// Appends the frames, which are given up one by one.
    fn write_frames(&mut self, out: &mut String) {
        let mut is_first = true;
        while let Some((number, frame)) = self.frames.pop_first() {
            if !std::mem::take(&mut is_first) {
                out.push(',');
            }
            let number = number.to_string();
            let classifications = frame.classifications.join(",");
            let objects = frame.objects.as_str();
            for text in ["\"", &number, "\":{\"objects\":{", objects, "},\"classifications\":[", &classifications, "]"]
            {
                out.push_str(text);
            }
            if !frame.kept.is_empty() {
                out.push_str(&format!(",\"{}\":{{{}}}", legacy::KEY, frame.kept.as_str()));
            }
            out.push('}');
        }
    }

    fn segments(&self) -> String {
        let mut segments = Members::default();
        for (id, seen) in &self.features {
            let mut ranges: Vec<(i64, i64)> = Vec::new();
            for frame in &seen.frames {
                match ranges.last_mut() {
                    Some((_, last)) if last.checked_add(1) == Some(*frame) => *last = *frame,
                    _ => ranges.push((*frame, *frame)),
                }
            }
            let ranges: Vec<String> = ranges.iter().map(|(first, last)| format!("[{first},{last}]")).collect();
            segments.push_raw(id, &format!("[{}]", ranges.join(",")));
        }
        segments.into_string()
    }

    fn finish(mut self) -> String {
        let mut map = Members::default();
        for (id, seen) in &self.features {
            let frames: Vec<String> = seen.key_frames.iter().map(i64::to_string).collect();
            map.push_raw(id, &format!("[{}]", frames.join(",")));
        }
        let segments = self.segments();
        let mut out = "{\"frames\":{".to_owned();
        self.write_frames(&mut out);
        let map = map.as_str();
        for text in ["},\"segments\":{", &segments, "},\"key_frame_feature_map\":{", map, "},\"classifications\":[]}"] {
            out.push_str(text);
        }
        out
    }
}
