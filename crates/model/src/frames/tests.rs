//! Filling and folding, by example and against a plain computation of each frame.

use super::*;
use crate::annotation;
use crate::json::Document;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

fn fill(annotations: &str) -> Result<Option<String>, FillError> {
    let Some(filled) = Filled::new(annotations.as_bytes())? else { return Ok(None) };
    let mut out = Vec::new();
    let flow = filled.write(&mut out, &|_| ControlFlow::Continue(()));
    assert_eq!(flow, ControlFlow::Continue(()));
    let text = String::from_utf8(out).unwrap();
    check_counts(&filled, &text);
    Ok(Some(text))
}

/// The counts known beforehand are those of the written frames.
#[track_caller]
fn check_counts(filled: &Filled, text: &str) {
    let mut before = BTreeMap::new();
    filled.count(&mut |mark, frames| *before.entry(format!("{mark:?}")).or_insert(0) += frames);
    let document = Document::parse(text.as_bytes()).unwrap();
    let mut after = BTreeMap::new();
    annotation::for_each(document.root(), &mut |mark| *after.entry(format!("{mark:?}")).or_insert(0) += 1);
    assert_eq!(before, after);
}

#[track_caller]
fn check(annotations: &str, expect: &str) {
    assert_eq!(fill(annotations).unwrap().as_deref().unwrap_or("unchanged"), expect);
}

/// Fills annotations and folds them again; the result must be what was filled.
#[track_caller]
fn check_round_trip(annotations: &str) {
    let filled = fill(annotations).unwrap().unwrap();
    let document = Document::parse(filled.as_bytes()).unwrap();
    assert_eq!(fold(document.root()).as_deref(), Some(annotations));
}

fn boxed(left: &str) -> String {
    format!(
        r#"{{"annotation_kind":"VideoBoundingBox","name":"a","classifications":[],"bounding_box":{{"top":1.0,"left":{left}}}}}"#
    )
}

fn frame(number: &str, object: &str) -> String {
    format!(r#""{number}":{{"objects":{{"f":{object}}},"classifications":[]}}"#)
}

#[test]
fn boxes_move_linearly_between_key_frames() {
    let (first, last) = (boxed("10.0"), boxed("11.0"));
    let segments = r#""segments":{"f":[[1,4]]},"key_frame_feature_map":{"f":[1,4]}"#;
    let stored = format!(r#"{{"frames":{{{},{}}},{segments}}}"#, frame("1", &first), frame("4", &last));
    check(
        &stored,
        &format!(
            r#"{{"frames":{{{},{},{},{}}},{segments}}}"#,
            frame("1", &first),
            frame("2", &boxed("10.333")),
            frame("3", &boxed("10.667")),
            frame("4", &last)
        ),
    );
    check_round_trip(&stored);
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
fn an_object_before_its_first_key_frame_is_as_on_that_frame() {
    check(
        r#"{"frames":{"3":{"objects":{"f":{"point":{"x":1.0}}},"classifications":[]}},"segments":{"f":[[2,3]]}}"#,
        r#"{"frames":{"2":{"objects":{"f":{"point":{"x":1.0}}},"classifications":[]},"3":{"objects":{"f":{"point":{"x":1.0}}},"classifications":[]}},"segments":{"f":[[2,3]]}}"#,
    );
}

#[test]
fn numbers_too_large_to_compute_with_stay_where_they_are() {
    check(
        r#"{"frames":{"1":{"objects":{"f":{"point":{"x":-1e308}}},"classifications":[]},"3":{"objects":{"f":{"point":{"x":1e308}}},"classifications":[]}},"segments":{"f":[[1,3]]}}"#,
        r#"{"frames":{"1":{"objects":{"f":{"point":{"x":-1e308}}},"classifications":[]},"2":{"objects":{"f":{"point":{"x":-1e308}}},"classifications":[]},"3":{"objects":{"f":{"point":{"x":1e308}}},"classifications":[]}},"segments":{"f":[[1,3]]}}"#,
    );
}

#[test]
fn answers_last_as_long_as_their_segment() {
    let item = r#"{"feature_id":"c","radio_answer":{"feature_id":"yes"}}"#;
    let segments = r#""segments":{"yes":[[2,3]]},"key_frame_feature_map":{"yes":[2]}"#;
    let frame = |number: u8| format!(r#""{number}":{{"objects":{{}},"classifications":[{item}]}}"#);
    let stored = format!(r#"{{"frames":{{{}}},{segments}}}"#, frame(2));
    check(&stored, &format!(r#"{{"frames":{{{},{}}},{segments}}}"#, frame(2), frame(3)));
    check_round_trip(&stored);
}

#[test]
fn a_checklist_shows_on_each_frame_the_answers_whose_segment_covers_it() {
    let answer = |id: &str| format!(r#"{{"feature_id":"{id}","name":"{id}"}}"#);
    let frame = |number: u8, answers: &[&str]| {
        let answers: Vec<String> = answers.iter().map(|id| answer(id)).collect();
        format!(
            r#""{number}":{{"objects":{{}},"classifications":[{{"feature_id":"c","name":"c","checklist_answers":[{}]}}]}}"#,
            answers.join(",")
        )
    };
    let segments = r#""segments":{"a":[[1,4]],"b":[[1,2],[6,6]]},"key_frame_feature_map":{"c":[1]}"#;
    let stored = format!(r#"{{"frames":{{{}}},{segments}}}"#, frame(1, &["a", "b"]));
    let filled =
        [frame(1, &["a", "b"]), frame(2, &["a", "b"]), frame(3, &["a"]), frame(4, &["a"]), frame(6, &["b"])].join(",");
    check(&stored, &format!(r#"{{"frames":{{{filled}}},{segments}}}"#));
    check_round_trip(&stored);
    // An answer without a segment of its own lasts as long as its classification.
    let segments = r#""segments":{"c":[[1,3]],"b":[[1,2]]},"key_frame_feature_map":{"c":[1]}"#;
    let stored = format!(r#"{{"frames":{{{}}},{segments}}}"#, frame(1, &["a", "b"]));
    let filled = [frame(1, &["a", "b"]), frame(2, &["a", "b"]), frame(3, &["a"])].join(",");
    check(&stored, &format!(r#"{{"frames":{{{filled}}},{segments}}}"#));
}

#[test]
fn a_mask_is_never_copied_to_another_frame() {
    for key in ["mask", "composite_mask"] {
        let frame = format!(r#""1":{{"objects":{{"f":{{"{key}":{{"url":"u"}}}}}},"classifications":[]}}"#);
        let text = format!(r#"{{"frames":{{{frame}}},"segments":{{"f":[[1,5]]}}}}"#);
        check(&text, &text);
    }
}

#[test]
fn ranges_without_key_frames_are_left_as_they_are() {
    check(r#"{"frames":{},"segments":{"f":[[7,13]]}}"#, "unchanged");
    check(r#"{"objects":[]}"#, "unchanged");
}

#[test]
fn what_cannot_be_filled_has_a_reason() {
    let reason = |text: &str| fill(text).unwrap_err().to_string();
    let with = |frames: &str, segments: &str| format!(r#"{{"frames":{frames},"segments":{segments}}}"#);
    let segment = r#"{"f":[[1,2]]}"#;
    assert_eq!(reason(&with(r#"{"x":{}}"#, segment)), "the frame key \"x\" is not a whole number of 64 bits");
    assert_eq!(reason(&with(r#"{"1":{},"01":{}}"#, segment)), "frame 1 occurs twice");
    assert_eq!(reason(&with("[1]", segment)), "frames is an array, not an object");
    assert_eq!(reason(&with(r#"{"1":{"objects":[]}}"#, segment)), "objects of frame 1 is an array");
    let twice = r#"{"1":{"classifications":[{"feature_id":"c"},{"feature_id":"c"}]}}"#;
    assert_eq!(reason(&with(twice, segment)), "frame 1 has two classifications with the feature id \"c\"");
    for range in ["[3,1]", "[1]", "[1,2,3]", "[1,\"2\"]", "5"] {
        let text = reason(&with(r#"{"1":{}}"#, &format!(r#"{{"f":[{range}]}}"#)));
        assert!(text.contains("not a first and a last frame"), "{range}: {text}");
    }
}

#[test]
fn the_size_is_known_before_a_frame_is_written() {
    let text = |last: u64| {
        format!(r#"{{"frames":{{"1":{{"objects":{{"f":{{"point":{{}}}}}}}}}},"segments":{{"f":[[1,{last}]]}}}}"#)
    };
    assert!(Filled::new(text(100_000_000).as_bytes()).unwrap().is_some());
    let error = Filled::new(text(9_000_000_000_000_000_000).as_bytes()).unwrap_err();
    assert!(matches!(error, FillError::TooLarge { .. }), "{error}");
    assert!(error.to_string().contains("export without interpolated frames"), "{error}");
}

#[test]
fn writing_stops_if_the_consumer_breaks() {
    let text = r#"{"frames":{"1":{"objects":{"f":{"point":{}}}}},"segments":{"f":[[1,100000000]]}}"#;
    let filled = Filled::new(text.as_bytes()).unwrap().unwrap();
    let flow = filled.write(&mut Vec::new(), &|_| ControlFlow::Break(()));
    assert_eq!(flow, ControlFlow::Break(()));
}

#[test]
fn frames_that_cannot_be_computed_are_not_folded() {
    let segments = r#""segments":{"f":[[1,3]]},"key_frame_feature_map":{"f":[1,3]}"#;
    let with = |middle: &str| {
        let frames = [frame("1", &boxed("1.0")), frame("2", &boxed(middle)), frame("3", &boxed("2.0"))].join(",");
        format!(r#"{{"frames":{{{frames}}},{segments}}}"#)
    };
    let folded = |text: &str| fold(Document::parse(text.as_bytes()).unwrap().root());
    assert!(folded(&with("1.5")).is_some());
    assert_eq!(folded(&with("1.25")), None);
    // A frame too few, and one too many.
    assert_eq!(folded(&with("1.5").replace(&format!("{},", frame("2", &boxed("1.5"))), "")), None);
    let more = with("1.5").replace("},\"segments\"", &format!(",{}}},\"segments\"", frame("9", &boxed("2.0"))));
    assert_eq!(folded(&more), None);
    // Without key frames, or without segments, nothing says what could be computed.
    assert_eq!(folded(&with("1.5").replace(r#"{"f":[1,3]}"#, "{}")), None);
    assert_eq!(folded(&with("1.5").replace(r#"{"f":[[1,3]]}"#, "{}")), None);
}

mod random {
    use super::*;
    use proptest::prelude::*;

    /// An object or classification on some frames, with segments.
    fn segments() -> impl Strategy<Value = Vec<(i64, i64)>> {
        prop::collection::vec((1..15_i64, 0..5_i64).prop_map(|(first, length)| (first, first + length)), 0..4)
    }

    fn list(ranges: &[(i64, i64)]) -> String {
        let ranges: Vec<String> = ranges.iter().map(|(first, last)| format!("[{first},{last}]")).collect();
        format!("[{}]", ranges.join(","))
    }

    proptest! {
        /// What a frame shows is what a look at that frame alone says, and filling folds back.
        #[test]
        fn every_frame_is_what_a_look_at_it_alone_says(
            keys in prop::collection::btree_set(1..18_i64, 1..6),
            ranges in segments(),
        ) {
            let object = |at: i64| format!(r#"{{"name":"a","annotation_kind":"VideoPoint","point":{{"x":{at}.0}}}}"#);
            let frames: Vec<String> = keys.iter().map(|key| frame(&key.to_string(), &object(*key))).collect();
            let map: Vec<String> = keys.iter().map(i64::to_string).collect();
            let stored = format!(
                r#"{{"frames":{{{}}},"segments":{{"f":{}}},"key_frame_feature_map":{{"f":[{}]}}}}"#,
                frames.join(","), list(&ranges), map.join(",")
            );
            let filled = fill(&stored).unwrap().unwrap();
            let document = Document::parse(filled.as_bytes()).unwrap();
            let shown = document.root().get("frames").unwrap();
            for number in 1..=20_i64 {
                let held = ranges.iter().find(|(first, last)| (*first..=*last).contains(&number));
                let expect = match held {
                    _ if keys.contains(&number) => Some(number as f64),
                    None => None,
                    Some((first, last)) => {
                        let before = keys.range(*first..number).next_back();
                        let after = keys.range(number..=*last).next();
                        // Each key frame stands at its own number, so what lies between does too.
                        match (before, after) {
                            (Some(_), Some(_)) => Some(number as f64),
                            (one, other) => one.or(other).map(|key| *key as f64),
                        }
                    }
                };
                let found = shown.get(&number.to_string())
                    .and_then(|frame| frame.get("objects")?.get("f")?.get("point")?.get("x")?.as_f64());
                prop_assert_eq!(found, expect, "frame {} of {}", number, stored);
            }
            if filled != stored {
                let folded = fold(document.root());
                prop_assert_eq!(folded.as_deref(), Some(stored.as_str()));
            }
        }
    }
}
