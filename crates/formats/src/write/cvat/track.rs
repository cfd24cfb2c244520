//! Objects of videos as tracks: their key frames, and the frames on which they are gone.
//!
//! CVAT counts frames from 0, shows an object from a key frame on until one that is marked `outside`, and moves it from one
//! key frame to the next. So an object has such a mark on the frame after each of its segments, and another key frame where
//! it is not moved: a polygon stays as it is until the next key frame. Where no segment says how long an object lasts, it
//! lasts as long as each next frame has it.

use super::shape;
use crate::write::picture::Figure;
use crate::write::xml::Element;
use labelport_model::json::Value;
use std::collections::{BTreeMap, HashMap};

/// A range of frames, both ends included.
pub(super) type Range = (i64, i64);

/// An object on frames.
#[derive(Default)]
pub(super) struct Track {
    /// What it is on its key frames, from 1.
    pub(super) frames: BTreeMap<i64, State>,
}

/// An object on a key frame.
pub(super) struct State {
    pub(super) figure: Figure,
    /// Elements about what was answered there.
    pub(super) attributes: Vec<u8>,
}

/// A shape that repeats the one of a key frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Repeated {
    key_frame: i64,
    is_gone: bool,
}

/// How deep in the file tracks are.
const DEPTH: usize = 1;
/// How deep the attributes of their shapes are.
pub(super) const ATTRIBUTE_DEPTH: usize = DEPTH + 2;

impl Track {
    /// Lists shapes that repeat those of key frames, by frame.
    fn repeated(&self, ranges: &[Range]) -> BTreeMap<i64, Repeated> {
        let mut repeated = BTreeMap::new();
        let mut frames = self.frames.iter().peekable();
        while let Some((&key_frame, state)) = frames.next() {
            let next = frames.peek().map(|(frame, state)| (**frame, *state));
            let is_picture = matches!(state.figure, Figure::Mask(_));
            let holds = |(first, last): &&Range| (*first..=*last).contains(&key_frame) && !is_picture;
            let last = ranges.iter().find(holds).map_or(key_frame, |(_, last)| *last);
            // No frame comes after the largest number.
            let after = last.saturating_add(1);
            let stays_until = match next {
                Some((next, _)) if next > after => {
                    repeated.insert(after, Repeated { key_frame, is_gone: true });
                    continue;
                }
                Some((next, _)) if next == after => last,
                Some((next, state_there)) if state.figure.stays_before(&state_there.figure) => next - 1,
                Some(_) => continue,
                None => {
                    repeated.insert(after, Repeated { key_frame, is_gone: true });
                    continue;
                }
            };
            if stays_until > key_frame {
                repeated.insert(stays_until, Repeated { key_frame, is_gone: false });
            }
        }
        repeated
    }

    /// Writes it as an element; `frame_count` is how many frames the video has, where that is known.
    pub(super) fn write(
        &self,
        (number, name, source): (usize, &str, &str),
        ranges: &[Range],
        frame_count: Option<i64>,
        out: &mut Vec<u8>,
    ) {
        let mut track = Element::open("track", DEPTH, out);
        track.attribute("id", &number.to_string());
        track.attribute("label", name);
        track.attribute("source", source);
        let repeated = self.repeated(ranges);
        track.holding(|depth, out| {
            let own = self.frames.iter().map(|(frame, state)| (*frame, state, false));
            let copies = repeated.iter().filter_map(|(frame, Repeated { key_frame, is_gone })| {
                let is_there = !is_gone || frame_count.is_none_or(|count| *frame <= count);
                Some((*frame, self.frames.get(key_frame).filter(|_| is_there)?, *is_gone))
            });
            let mut all: Vec<(i64, &State, bool)> = own.chain(copies).collect();
            all.sort_by_key(|(frame, ..)| *frame);
            for (frame, state, is_gone) in all {
                let mut element = Element::open(shape::element(&state.figure), depth, out);
                element.attribute("frame", &(frame - 1).to_string());
                element.attribute("keyframe", "1");
                element.attribute("outside", if is_gone { "1" } else { "0" });
                element.attribute("occluded", "0");
                shape::write(&state.figure, &mut element);
                element.attribute("z_order", "0");
                element.holding(|_, out| out.extend_from_slice(&state.attributes));
            }
        });
    }
}

/// Reads how long each feature of a label lasts, by its id.
pub(super) fn ranges_of(annotations: Value<'_>) -> HashMap<&str, Vec<Range>> {
    let ends = |range: Value<'_>| match range.elements().map(Value::as_i64).collect::<Vec<_>>()[..] {
        [Some(first), Some(last)] => Some((first, last)),
        _ => None,
    };
    let segments = annotations.get("segments").into_iter().flat_map(|segments| segments.members());
    segments.map(|(id, ranges)| (id, ranges.elements().filter_map(ends).collect())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corner(x: f64) -> Figure {
        Figure::Point((x, 0.0))
    }

    fn ring(x: f64) -> Figure {
        Figure::Polygon(vec![(x, 0.0), (9.0, 0.0), (9.0, 9.0)])
    }

    /// Lists the repeated shapes: `(frame, key frame, whether it is gone)`.
    #[track_caller]
    fn check(frames: &[i64], figure: fn(f64) -> Figure, ranges: &[Range], expect: &[(i64, i64, bool)]) {
        let state = |frame: &i64| (*frame, State { figure: figure(*frame as f64), attributes: Vec::new() });
        let track = Track { frames: frames.iter().map(state).collect() };
        let repeated = track.repeated(ranges).into_iter();
        let found: Vec<_> = repeated.map(|(frame, copy)| (frame, copy.key_frame, copy.is_gone)).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn an_object_is_gone_after_each_segment() {
        check(&[2, 14, 22, 42, 57], corner, &[(2, 22), (42, 57)], &[(23, 22, true), (58, 57, true)]);
        check(&[2], corner, &[(2, 9)], &[(10, 2, true)]);
        check(&[2, 3, 7], corner, &[], &[(4, 3, true), (8, 7, true)]);
        check(&[1, i64::MAX], corner, &[(1, i64::MAX)], &[(i64::MAX, i64::MAX, true)]);
    }

    #[test]
    fn what_is_not_moved_stays_until_the_next_key_frame() {
        check(&[2, 9], ring, &[(2, 9)], &[(8, 2, false), (10, 9, true)]);
        check(&[2, 3], ring, &[(2, 3)], &[(4, 3, true)]);
        // Between two segments that touch nothing moves, whatever it is.
        check(&[2, 6], corner, &[(2, 5), (6, 6)], &[(5, 2, false), (7, 6, true)]);
    }

    #[test]
    fn segments_are_read_by_feature() {
        let document =
            labelport_model::json::Document::parse(br#"{"segments":{"f":[[1,5],[8,9]],"g":[[1]]}}"#).unwrap();
        let ranges = ranges_of(document.root());
        assert_eq!((&ranges["f"][..], &ranges["g"][..]), (&[(1, 5), (8, 9)][..], &[][..]));
    }
}
