//! Annotations along a third axis: the frames of a video, the slices of a DICOM series.
//!
//! Only key frames are written, and every key frame lies within a segment. Frames are in ascending order, features in
//! the order in which they were added.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::shape::{chosen_ids, feature_id};

/// An inclusive range of frames, 1-based.
pub(super) type Segment = (u64, u64);

/// Frames under construction.
#[derive(Default)]
pub(super) struct Clip {
    frames: BTreeMap<u64, Frame>,
    segments: Map<String, Value>,
    key_frames: Vec<(String, Vec<u64>)>,
}

#[derive(Default)]
struct Frame {
    objects: Map<String, Value>,
    classifications: Vec<Value>,
}

impl Clip {
    /// Adds one object; `instances` are its states at its key frames and share the feature id of the first.
    pub(super) fn add_object(&mut self, segments: &[Segment], instances: Vec<(u64, Value)>) {
        let Some(id) = instances.first().map(|(_, instance)| feature_id(instance).to_owned()) else {
            return;
        };
        self.add_span(&id, segments, instances.iter().map(|(frame, _)| *frame).collect());
        for (frame, mut instance) in instances {
            instance["feature_id"] = id.clone().into();
            self.frames.entry(frame).or_default().objects.insert(id.clone(), instance);
        }
    }

    /// Adds a classification of frames; its segments and key frames belong to the chosen options.
    pub(super) fn add_classification(&mut self, segments: &[Segment], key_frames: &[u64], classification: &Value) {
        for id in chosen_ids(classification) {
            self.add_span(&id, segments, key_frames.to_vec());
        }
        for frame in key_frames {
            self.frames.entry(*frame).or_default().classifications.push(classification.clone());
        }
    }

    /// Returns the annotations of a video.
    pub(super) fn into_video(self, classifications: Vec<Value>) -> Value {
        let key_frames: Map<String, Value> =
            self.key_frames.iter().map(|(id, frames)| (id.clone(), json!(frames))).collect();
        json!({
            "frames": print_frames(&self.frames),
            "segments": self.segments,
            "key_frame_feature_map": key_frames,
            "classifications": classifications,
        })
    }
}

/// Returns the annotations of a DICOM series from its three planes.
pub(super) fn into_dicom(axial: Clip, sagittal: Clip, coronal: Clip, classifications: Vec<Value>) -> Value {
    let planes = [("Axial", axial), ("Sagittal", sagittal), ("Coronal", coronal)];
    let mut groups = Map::new();
    let mut segments = Map::new();
    let mut key_frames = Map::new();
    for (plane, clip) in planes {
        let frames = print_frames(&clip.frames);
        groups.insert(plane.into(), json!({"name": plane, "classifications": [], "frames": frames}));
        for (id, frames) in clip.key_frames {
            let shown: Map<String, Value> = frames.iter().map(|frame| (frame.to_string(), true.into())).collect();
            let mut of_feature = json!({"Axial": {}, "Coronal": {}, "Sagittal": {}});
            of_feature[plane] = shown.into();
            key_frames.insert(id, of_feature);
        }
        segments.insert(plane.into(), clip.segments.into());
    }
    json!({
        "groups": groups,
        "segments": segments,
        "classifications": classifications,
        "key_frame_feature_map": key_frames,
    })
}

impl Clip {
    fn add_span(&mut self, id: &str, segments: &[Segment], key_frames: Vec<u64>) {
        self.segments.insert(id.into(), json!(segments));
        self.key_frames.push((id.to_owned(), key_frames));
    }
}

fn print_frames(frames: &BTreeMap<u64, Frame>) -> Map<String, Value> {
    let print = |frame: &Frame| json!({"objects": frame.objects, "classifications": frame.classifications});
    frames.iter().map(|(number, frame)| (number.to_string(), print(frame))).collect()
}
