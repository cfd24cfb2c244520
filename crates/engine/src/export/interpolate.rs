//! Every frame of a video's segments, computed from its key frames.
//!
//! Between two key frames of one segment boxes, points and lines move linearly; everything else of an object, and its
//! classifications, stays as the key frame before says until another key frame changes it. Frame classifications last as
//! long as the segment of their answer. Key frames are written as they are stored, to the byte. A mask is a picture of one
//! frame and is never carried to another. Computed numbers are rounded to a thousandth of a pixel, as stored ones are.

use labelport_model::json::{Kind, ObjectWriter, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// The most objects on frames that one label may grow to: two hours at 30 frames a second with nine objects.
const OBJECT_FRAMES_LIMIT: u64 = 2_000_000;

/// What became of a label's annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// They were written with every frame.
    Written,
    /// They have no frames, or no segment to fill; nothing was written.
    NothingToDo,
}

/// Writes annotations with every frame of every segment. The error is a reason for a notice.
pub(crate) fn interpolate(annotations: Value<'_>, out: &mut Vec<u8>) -> Result<Outcome, String> {
    let (Some(frames), Some(segments)) = (annotations.get("frames"), annotations.get("segments")) else {
        return Ok(Outcome::NothingToDo);
    };
    let key_frames = read_key_frames(frames)?;
    let segments = read_segments(segments)?;
    if key_frames.is_empty() || segments.is_empty() {
        return Ok(Outcome::NothingToDo);
    }
    let objects = object_tracks(&key_frames);
    let answers = answer_tracks(&key_frames);
    let wanted = wanted_frames(&key_frames, &segments, &objects, &answers)?;
    let mut object = ObjectWriter::open(out);
    for (key, member) in annotations.members() {
        if key == "frames" {
            write_frames(&wanted, &key_frames, &segments, &objects, &answers, object.key("frames"));
        } else {
            object.raw(key, member.raw().as_bytes());
        }
    }
    object.close();
    Ok(Outcome::Written)
}

/// Frames by number.
type KeyFrames<'a> = BTreeMap<i64, Value<'a>>;
/// Inclusive frame ranges by feature id.
type Segments<'a> = BTreeMap<&'a str, Vec<(i64, i64)>>;

/// Something that lasts over frames: an object, or a frame classification.
struct Track<'a> {
    /// The feature ids whose segments say where it lasts.
    ids: BTreeSet<&'a str>,
    /// What each key frame says of it.
    states: BTreeMap<i64, Value<'a>>,
}

fn read_key_frames(frames: Value<'_>) -> Result<KeyFrames<'_>, String> {
    if frames.kind() != Kind::Object {
        return Err(format!("frames is {}, not an object", frames.kind().named()));
    }
    let number = |key: &str| key.parse::<i64>().map_err(|_| format!("the frame key \"{key}\" is no number"));
    frames.members().map(|(key, frame)| Ok((number(key)?, frame))).collect()
}

fn read_segments(segments: Value<'_>) -> Result<Segments<'_>, String> {
    let mut read = Segments::new();
    for (id, ranges) in segments.members() {
        let mut list = Vec::new();
        for range in ranges.elements() {
            let ends: Vec<i64> = range.elements().filter_map(Value::as_i64).collect();
            match ends[..] {
                [first, last] if first <= last => list.push((first, last)),
                _ => return Err(format!("a segment of {id} is {}, not a first and a last frame", range.raw())),
            }
        }
        read.insert(id, list);
    }
    Ok(read)
}

/// Lists the objects in the order in which they first appear.
fn object_tracks<'a>(key_frames: &KeyFrames<'a>) -> Vec<(&'a str, Track<'a>)> {
    let mut tracks: Vec<(&str, Track<'_>)> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, frame) in key_frames {
        for (id, object) in frame.get("objects").into_iter().flat_map(Value::members) {
            let place = *places.entry(id).or_insert_with(|| {
                tracks.push((id, Track { ids: BTreeSet::from([id]), states: BTreeMap::new() }));
                tracks.len() - 1
            });
            tracks[place].1.states.insert(*number, object);
        }
    }
    tracks
}

/// Lists the frame classifications in the order in which they first appear.
fn answer_tracks<'a>(key_frames: &KeyFrames<'a>) -> Vec<Track<'a>> {
    let mut tracks: Vec<Track<'_>> = Vec::new();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, frame) in key_frames {
        for item in frame.get("classifications").into_iter().flat_map(Value::elements) {
            let place = *places.entry(feature_id(item)).or_insert_with(|| {
                tracks.push(Track { ids: BTreeSet::new(), states: BTreeMap::new() });
                tracks.len() - 1
            });
            tracks[place].ids.extend(answer_ids(item));
            tracks[place].states.insert(*number, item);
        }
    }
    tracks
}

fn feature_id(value: Value<'_>) -> &str {
    value.get("feature_id").map_or("", |id| id.raw().trim_matches('"'))
}

/// Returns the feature ids by which segments may name a classification: its own and those of its answers.
fn answer_ids(item: Value<'_>) -> Vec<&str> {
    let answers = item.members().filter(|(key, _)| key.ends_with("_answer") || key.ends_with("_answers"));
    let mut ids = vec![feature_id(item)];
    for (_, answer) in answers {
        ids.push(feature_id(answer));
        ids.extend(answer.elements().map(feature_id));
    }
    ids.retain(|id| !id.is_empty());
    ids
}

/// Returns the segment of a track that holds a frame.
fn segment_at(track: &Track<'_>, segments: &Segments<'_>, frame: i64) -> Option<(i64, i64)> {
    let ranges = track.ids.iter().filter_map(|id| segments.get(id)).flatten();
    ranges.copied().find(|(first, last)| (*first..=*last).contains(&frame))
}

/// Lists the frames to write, in order.
fn wanted_frames(
    key_frames: &KeyFrames<'_>,
    segments: &Segments<'_>,
    objects: &[(&str, Track<'_>)],
    answers: &[Track<'_>],
) -> Result<Vec<i64>, String> {
    let mut ranges: Vec<(i64, i64)> = key_frames.keys().map(|frame| (*frame, *frame)).collect();
    let mut object_frames: u64 = 0;
    for track in objects.iter().map(|(_, track)| track).chain(answers) {
        for (first, last) in track.ids.iter().filter_map(|id| segments.get(id)).flatten() {
            object_frames = object_frames.saturating_add(last.abs_diff(*first));
            ranges.push((*first, *last));
        }
    }
    if object_frames > OBJECT_FRAMES_LIMIT {
        return Err(format!("its segments span {object_frames} frames, more than the {OBJECT_FRAMES_LIMIT} allowed"));
    }
    ranges.sort_unstable();
    let mut frames = Vec::new();
    for (first, last) in ranges {
        let start = frames.last().map_or(first, |done: &i64| first.max(done + 1));
        frames.extend(start..=last);
    }
    Ok(frames)
}

fn write_frames(
    wanted: &[i64],
    key_frames: &KeyFrames<'_>,
    segments: &Segments<'_>,
    objects: &[(&str, Track<'_>)],
    answers: &[Track<'_>],
    out: &mut Vec<u8>,
) {
    let mut frames = ObjectWriter::open(out);
    let mut geometry = Vec::new();
    for number in wanted {
        let mut objects_here = Vec::new();
        let mut writer = ObjectWriter::open(&mut objects_here);
        let mut count = 0;
        for (id, track) in objects {
            geometry.clear();
            if write_object(track, segments, *number, &mut geometry) {
                writer.raw(id, &geometry);
                count += 1;
            }
        }
        writer.close();
        let lasting = |track: &Track<'_>| answer_at(track, segments, *number).map(|item| item.raw().to_owned());
        let answers_here: Vec<String> = answers.iter().filter_map(lasting).collect();
        let key_frame = key_frames.get(number);
        // A frame on which only masks last shows nothing.
        if count == 0 && answers_here.is_empty() && key_frame.is_none() {
            continue;
        }
        let mut frame = ObjectWriter::open(frames.key(&number.to_string()));
        frame.raw("objects", &objects_here);
        frame.raw("classifications", format!("[{}]", answers_here.join(",")).as_bytes());
        for (key, member) in key_frame.iter().flat_map(|frame| frame.members()) {
            if key != "objects" && key != "classifications" {
                frame.raw(key, member.raw().as_bytes());
            }
        }
        frame.close();
    }
    frames.close();
}

/// Writes an object as it is on a frame; returns whether it is there.
fn write_object(track: &Track<'_>, segments: &Segments<'_>, frame: i64, out: &mut Vec<u8>) -> bool {
    if let Some(object) = track.states.get(&frame) {
        out.extend_from_slice(object.raw().as_bytes());
        return true;
    }
    let Some((first, last)) = segment_at(track, segments, frame) else { return false };
    let before = track.states.range(first..frame).next_back();
    let after = track.states.range((Bound::Excluded(frame), Bound::Included(last))).next();
    let Some((shown_at, shown)) = before.or(after) else { return false };
    if shown.get("mask").is_some() || shown.get("composite_mask").is_some() {
        return false;
    }
    let share = match (before, after) {
        (Some((from, _)), Some((to, next))) => Some(((frame - from) as f64 / (to - from) as f64, *next)),
        _ => None,
    };
    debug_assert!(*shown_at != frame, "key frames are written as stored");
    let mut object = ObjectWriter::open(out);
    for (key, member) in shown.members() {
        match share.and_then(|(share, next)| Some((share, next.get(key)?))) {
            Some((share, next)) if matches!(key, "bounding_box" | "point") => {
                write_between(member, next, share, object.key(key));
            }
            Some((share, next)) if key == "line" && member.elements().count() == next.elements().count() => {
                let line = object.key(key);
                line.push(b'[');
                for (index, (point, next)) in member.elements().zip(next.elements()).enumerate() {
                    if index > 0 {
                        line.push(b',');
                    }
                    write_between(point, next, share, line);
                }
                line.push(b']');
            }
            _ => object.raw(key, member.raw().as_bytes()),
        }
    }
    object.close();
    true
}

/// Writes an object of numbers that lies between two others.
fn write_between(from: Value<'_>, to: Value<'_>, share: f64, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    for (key, member) in from.members() {
        match (member.as_f64(), to.get(key).and_then(Value::as_f64)) {
            (Some(start), Some(end)) if start != end => {
                let thousandths = ((start + (end - start) * share) * 1000.0).round() / 1000.0;
                // Adding zero turns a negative zero into zero.
                object.raw(key, format!("{:?}", thousandths + 0.0).as_bytes());
            }
            _ => object.raw(key, member.raw().as_bytes()),
        }
    }
    object.close();
}

/// Returns a frame classification as it is on a frame.
fn answer_at<'a>(track: &Track<'a>, segments: &Segments<'_>, frame: i64) -> Option<Value<'a>> {
    if let Some(item) = track.states.get(&frame) {
        return Some(*item);
    }
    let (set_at, item) = track.states.range(..frame).next_back()?;
    let lasts = answer_ids(*item).into_iter().filter_map(|id| segments.get(id)).flatten();
    let lasts = lasts.into_iter().any(|(first, last)| (*first..=*last).contains(&frame) && *first <= *set_at);
    lasts.then_some(*item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use labelport_model::json::Document;

    #[track_caller]
    fn check(annotations: &str, expect: &str) {
        let document = Document::parse(annotations.as_bytes()).unwrap();
        let mut out = Vec::new();
        let outcome = interpolate(document.root(), &mut out).unwrap();
        let written = if outcome == Outcome::Written { String::from_utf8(out).unwrap() } else { "unchanged".into() };
        assert_eq!(written, expect);
    }

    fn boxed(left: &str) -> String {
        format!(r#"{{"name":"a","classifications":[],"bounding_box":{{"top":1.0,"left":{left}}}}}"#)
    }

    #[test]
    fn boxes_move_linearly_between_key_frames() {
        let (first, last) = (boxed("10.0"), boxed("11.0"));
        let frame =
            |number: &str, object: &str| format!(r#""{number}":{{"objects":{{"f":{object}}},"classifications":[]}}"#);
        check(
            &format!(r#"{{"frames":{{{},{}}},"segments":{{"f":[[1,4]]}}}}"#, frame("1", &first), frame("4", &last)),
            &format!(
                r#"{{"frames":{{{},{},{},{}}},"segments":{{"f":[[1,4]]}}}}"#,
                frame("1", &first),
                frame("2", &boxed("10.333")),
                frame("3", &boxed("10.667")),
                frame("4", &last)
            ),
        );
    }

    #[test]
    fn nothing_moves_over_the_gap_between_segments() {
        check(
            r#"{"frames":{"1":{"objects":{"f":{"point":{"x":0.0}}},"classifications":[]},
                          "9":{"objects":{"f":{"point":{"x":8.0}}},"classifications":[]}},"segments":{"f":[[1,2],[9,9]]}}"#,
            r#"{"frames":{"1":{"objects":{"f":{"point":{"x":0.0}}},"classifications":[]},"2":{"objects":{"f":{"point":{"x":0.0}}},"classifications":[]},"9":{"objects":{"f":{"point":{"x":8.0}}},"classifications":[]}},"segments":{"f":[[1,2],[9,9]]}}"#,
        );
    }

    #[test]
    fn a_line_whose_points_change_in_number_stays_until_the_next_key_frame() {
        check(
            r#"{"frames":{"1":{"objects":{"f":{"line":[{"x":0.0}]}},"classifications":[]},
                          "3":{"objects":{"f":{"line":[{"x":4.0},{"x":5.0}]}},"classifications":[]}},"segments":{"f":[[1,3]]}}"#,
            r#"{"frames":{"1":{"objects":{"f":{"line":[{"x":0.0}]}},"classifications":[]},"2":{"objects":{"f":{"line":[{"x":0.0}]}},"classifications":[]},"3":{"objects":{"f":{"line":[{"x":4.0},{"x":5.0}]}},"classifications":[]}},"segments":{"f":[[1,3]]}}"#,
        );
    }

    #[test]
    fn answers_last_as_long_as_their_segment() {
        let item = r#"{"feature_id":"c","radio_answer":{"feature_id":"yes"}}"#;
        check(
            &format!(
                r#"{{"frames":{{"2":{{"objects":{{}},"classifications":[{item}]}}}},"segments":{{"yes":[[2,3]]}}}}"#
            ),
            &format!(
                r#"{{"frames":{{"2":{{"objects":{{}},"classifications":[{item}]}},"3":{{"objects":{{}},"classifications":[{item}]}}}},"segments":{{"yes":[[2,3]]}}}}"#
            ),
        );
    }

    #[test]
    fn a_mask_is_never_carried_to_another_frame() {
        let frame = r#""1":{"objects":{"f":{"mask":{"url":"u"}}},"classifications":[]}"#;
        check(
            &format!(r#"{{"frames":{{{frame}}},"segments":{{"f":[[1,5]]}}}}"#),
            &format!(r#"{{"frames":{{{frame}}},"segments":{{"f":[[1,5]]}}}}"#),
        );
    }

    #[test]
    fn ranges_without_key_frames_are_left_as_they_are() {
        check(r#"{"frames":{},"segments":{"f":[[7,13]]}}"#, "unchanged");
        check(r#"{"objects":[]}"#, "unchanged");
    }

    #[test]
    fn what_cannot_be_read_is_a_reason() {
        let reason = |text: &str| {
            let document = Document::parse(text.as_bytes()).unwrap();
            interpolate(document.root(), &mut Vec::new()).unwrap_err()
        };
        assert_eq!(reason(r#"{"frames":{"x":{}},"segments":{}}"#), "the frame key \"x\" is no number");
        assert!(reason(r#"{"frames":{"1":{}},"segments":{"f":[[3,1]]}}"#).contains("not a first and a last frame"));
        let huge = r#"{"frames":{"1":{"objects":{"f":{"point":{}}}}},"segments":{"f":[[1,9999999999]]}}"#;
        assert!(reason(huge).contains("more than the 2000000 allowed"));
    }
}
