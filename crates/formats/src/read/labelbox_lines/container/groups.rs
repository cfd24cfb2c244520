//! DICOM: slices as frames, once for each axis.
//!
//! Unlike in videos, key frames are the keys of an object, and the axes stand there in another order.

use super::{Gathered, WrittenTrack, frames_of, item_array, object, ranges};
use labelport_model::json::Members;

/// The groups as lines name them, by their place in [`GROUPS`].
pub(in super::super) const GROUP_KEYS: &[(&str, usize)] = &[("axial", 0), ("sagittal", 1), ("coronal", 2)];
/// The groups as exports name and order them.
const GROUPS: &[&str] = &["Axial", "Sagittal", "Coronal"];
/// The groups as the list of key frames orders them.
const KEY_FRAME_GROUPS: &[usize] = &[0, 2, 1];

pub(super) fn write(gathered: &Gathered) -> Members {
    let of = |group: usize| gathered.tracks.iter().filter(move |track| track.group == Some(group));
    let mut groups = Members::default();
    let mut segments = Members::default();
    for (index, name) in GROUPS.iter().enumerate() {
        let frames = frames_of(of(index));
        groups.push_raw(name, &format!("{{\"name\":\"{name}\",\"classifications\":[],\"frames\":{frames}}}"));
        let mut here = Members::default();
        of(index).for_each(|track| here.push_raw(&track.feature_id, &ranges(&track.ranges)));
        segments.push_raw(name, &object(&here));
    }
    let mut key_frames = Members::default();
    for track in &gathered.tracks {
        key_frames.push_raw(&track.feature_id, &key_frames_of(track));
    }
    let mut members = Members::default();
    members.push_raw("groups", &object(&groups));
    members.push_raw("segments", &object(&segments));
    members.push_raw("classifications", &item_array(gathered));
    members.push_raw("key_frame_feature_map", &object(&key_frames));
    members
}

fn key_frames_of(track: &WrittenTrack) -> String {
    let mut groups = Members::default();
    for group in KEY_FRAME_GROUPS {
        let mut frames = Members::default();
        if track.group == Some(*group) {
            track.key_frames.iter().for_each(|(frame, _)| frames.push_raw(&frame.to_string(), "true"));
        }
        groups.push_raw(GROUPS[*group], &object(&frames));
    }
    object(&groups)
}
