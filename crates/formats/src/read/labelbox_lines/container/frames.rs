//! Video: what each key frame shows, how long it lasts, and what holds for the whole.
//!
//! Classifications over ranges stand among those of the whole and in the segments; they make no key frames.

use super::{Gathered, frames_of, item_array, object, ranges};
use labelport_model::json::Members;

pub(super) fn write(gathered: &Gathered) -> Members {
    let mut segments = Members::default();
    let mut key_frames = Members::default();
    for track in &gathered.tracks {
        segments.push_raw(&track.feature_id, &ranges(&track.ranges));
        let frames: Vec<String> = track.key_frames.iter().map(|(frame, _)| frame.to_string()).collect();
        key_frames.push_raw(&track.feature_id, &format!("[{}]", frames.join(",")));
    }
    for span in &gathered.spans {
        segments.push_raw(&span.feature_id, &ranges(&span.ranges));
    }
    let mut members = Members::default();
    members.push_raw("frames", &frames_of(gathered.tracks.iter()));
    members.push_raw("segments", &object(&segments));
    members.push_raw("key_frame_feature_map", &object(&key_frames));
    members.push_raw("classifications", &item_array(gathered));
    members
}
