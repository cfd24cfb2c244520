//! Boxes of videos as tracks: key frames between which Label Studio moves them.
//!
//! Label Studio shows a box from a key frame on until one that is not `enabled`, on which it is shown for the last time, and
//! moves it from one key frame to the next. So the last frame of each segment has a key frame, too.

use super::Files;
use super::config::{Config, Owner};
use super::pictures::cut_box;
use super::region::{Clock, Key, Region};
use super::results::Results;
use super::words::fates_of;
use crate::write::Entries;
use crate::write::annotations::{for_each, key_of};
use crate::write::attributes::Attributes;
use crate::write::picture::{Figure, Size};
use crate::write::settled::{Fate, Origin, settle_each};
use labelport_model::annotation::{self, Annotation, Body, Holder, Object, Shape, Timeline};
use labelport_model::record;
use std::collections::{BTreeMap, HashMap};

const NOT_HELD: &str = "Label Studio has boxes alone on frames of videos";
const NO_FRAME: &str = "it is about a whole video, and the format holds boxes on frames";
const ODD_FRAME: &str = "its frame is not one from 1 on";
const ON_FRAMES: &str = "the format has no place for answers about frames";
const INNER_LIST: &str = "it is in a list among the answers";
const CHANGING: &str = "it is not the same on all key frames of its object, which has one answer for all of them";
const NO_KEY_FRAME: &str = "none of its key frames could be written";
const CUT: &str = "to what of it is inside the picture, on one of the key frames around it";
const NO_CLOCK: &str = "the number of frames of its video or its frame rate is not known";

/// A box that moves.
struct Track {
    label: String,
    keys: BTreeMap<i64, [f64; 4]>,
    /// What was answered, where that is the same on all key frames.
    answers: Option<Attributes>,
    score: Option<String>,
    /// Whether a key frame could not be written as it is.
    is_cut: bool,
    order: usize,
}

/// The boxes of a video, by key and by the place of their class.
pub(super) struct Tracks<'t, 'f> {
    files: &'t Files<'f>,
    config: &'t Config,
    tracks: HashMap<(String, u32), Track>,
    size: Size,
    clock: Option<Clock>,
}

impl<'t, 'f> Tracks<'t, 'f> {
    /// Collects the boxes that a label has on its key frames.
    pub(super) fn read(
        files: &'t Files<'f>,
        config: &'t Config,
        stored: &str,
        (size, clock): (Size, Option<Clock>),
    ) -> Self {
        let mut tracks = Self { files, config, tracks: HashMap::new(), size, clock };
        for annotation in annotation::read(stored).flatten() {
            let (Body::Object(object), Some(frame)) = (&annotation.body, annotation.place.frame) else { continue };
            let Ok((place, sides, is_cut)) = tracks.box_of(&annotation, object) else { continue };
            if frame < 1 {
                continue;
            }
            let order = tracks.tracks.len();
            let track = tracks.tracks.entry((key_of(&annotation, object), place)).or_insert_with(|| Track {
                label: config.label(place).to_owned(),
                keys: BTreeMap::new(),
                answers: Some(Attributes::about(&annotation)),
                score: object.scores.confidence.as_ref().map(|score| score.text().into_owned()),
                is_cut: false,
                order,
            });
            if track.answers.as_ref().is_some_and(|answers| *answers != Attributes::about(&annotation)) {
                track.answers = None;
            }
            track.is_cut |= is_cut;
            track.keys.entry(frame).or_insert(sides);
        }
        tracks
    }

    /// Writes the tracks, and the answers about the whole video.
    pub(super) fn write(&self, stored: &str, results: &mut Results<'_>) {
        let timeline = Timeline::read(stored).unwrap_or_default();
        let mut all: Vec<_> = self.tracks.iter().collect();
        all.sort_by_key(|(_, track)| track.order);
        for ((key, _), track) in all {
            let Some(clock) = self.clock else { continue };
            let region =
                Region::Track { keys: keys_of(&track.keys, timeline.segments(None, key)), size: self.size, clock };
            let score = track.score.as_deref().filter(|_| self.files.has_scores());
            let none = Attributes::default();
            let answers = track.answers.as_ref().unwrap_or(&none);
            results.region(Some(key), (&track.label, &region), score, (Owner::Region, answers));
        }
        for annotation in annotation::read(stored).flatten() {
            if is_whole(&annotation) {
                let id = annotation.feature().id.as_ref().map(|id| id.get());
                results.whole(id.as_deref(), &Attributes::about(&annotation));
            }
        }
    }

    /// Settles what a video holds, on every frame that is exported.
    pub(super) fn settle(
        &self,
        annotations: record::Annotations<'_>,
        origin: &Origin<'_>,
        (stream, entries): (usize, &mut Entries<'_>),
    ) {
        for_each(annotations, entries, &mut |annotation, entries| {
            let mut answers = fates_of(&Attributes::about(annotation));
            let fate = match &annotation.body {
                Body::Object(object) => self.fate_on_frame(annotation, object),
                Body::Classification(_) if is_whole(annotation) => Fate::KEPT,
                Body::Classification(_) if annotation.place.list == Holder::InnerList => Fate::left_out(INNER_LIST),
                Body::Classification(_) => Fate::left_out(ON_FRAMES),
            };
            if let Body::Object(object) = &annotation.body
                && let Some(track) = self.track_of(annotation, object)
                && track.answers.is_none()
            {
                answers.iter_mut().for_each(|fate| *fate = Fate::left_out(CHANGING));
            }
            settle_each(
                annotation,
                fate,
                &mut answers.into_iter(),
                origin,
                &self.files.base.setup.classes,
                (stream, entries),
            );
        });
    }

    /// Returns the place of an object's class, the sides of its box inside the picture, and whether these are cut. Fails with
    /// a clause for what is left out.
    fn box_of(&self, annotation: &Annotation<'_>, object: &Object<'_>) -> Result<(u32, [f64; 4], bool), &'static str> {
        let place = self.files.base.setup.classes.place_of(annotation, object)?;
        let shape = object.shape.as_ref().filter(|shape| matches!(shape, Shape::Box(_))).ok_or(NOT_HELD)?;
        if !self.config.is_marked(place) {
            return Err(NOT_HELD);
        }
        let (sides, is_cut) = match Figure::of(shape, &self.size, None, NOT_HELD)? {
            Figure::Box { left, top, right, bottom } => cut_box([left, top, right, bottom], &self.size)?,
            _ => return Err(NOT_HELD),
        };
        Ok((place, sides, is_cut))
    }

    fn track_of(&self, annotation: &Annotation<'_>, object: &Object<'_>) -> Option<&Track> {
        let place = self.files.base.setup.classes.place_of(annotation, object).ok()?;
        self.tracks.get(&(key_of(annotation, object), place))
    }

    fn fate_on_frame(&self, annotation: &Annotation<'_>, object: &Object<'_>) -> Fate {
        let Some(frame) = annotation.place.frame else { return Fate::left_out(NO_FRAME) };
        if frame < 1 {
            return Fate::left_out(ODD_FRAME);
        }
        let is_cut = match self.box_of(annotation, object) {
            Ok((_, _, is_cut)) => is_cut,
            Err(reason) => return Fate::left_out(reason),
        };
        match self.track_of(annotation, object) {
            _ if self.clock.is_none() => Fate::left_out(NO_CLOCK),
            None => Fate::left_out(NO_KEY_FRAME),
            Some(track) if is_cut || track.is_cut && !track.keys.contains_key(&frame) => Fate::reduced(CUT),
            Some(_) => Fate::KEPT,
        }
    }
}

/// Returns whether an annotation is an answer about the whole video.
fn is_whole(annotation: &Annotation<'_>) -> bool {
    let is_answer = matches!(annotation.body, Body::Classification(_));
    is_answer && annotation.place.frame.is_none() && annotation.place.list != Holder::InnerList
}

/// Lists key frames with another one where each segment ends. Where no segment says how long an object lasts, it lasts as
/// long as each next frame has it.
fn keys_of(frames: &BTreeMap<i64, [f64; 4]>, ranges: &[annotation::Range]) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut all = frames.iter().peekable();
    while let Some((&frame, &sides)) = all.next() {
        let next = all.peek().map(|(next, _)| **next);
        let range = ranges.iter().find(|(first, last)| (*first..=*last).contains(&frame));
        let last = range.map_or(frame, |(_, last)| *last);
        let goes_on = match next {
            Some(next) if range.is_none() => next == frame + 1,
            Some(next) => next <= last.saturating_add(1),
            None => false,
        };
        // Nothing moves from one segment to another that follows at once.
        let is_last = next.is_none_or(|next| next > last);
        if is_last && last > frame {
            keys.push(Key { frame, sides, goes_on: true });
            keys.push(Key { frame: last, sides, goes_on });
        } else {
            keys.push(Key { frame, sides, goes_on });
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists key frames: `(frame, whether the object goes on)`.
    #[track_caller]
    fn check(frames: &[i64], ranges: &[annotation::Range], expect: &[(i64, bool)]) {
        let frames = frames.iter().map(|frame| (*frame, [0.0, 0.0, 1.0, 1.0])).collect();
        let found: Vec<_> = keys_of(&frames, ranges).iter().map(|key| (key.frame, key.goes_on)).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn an_object_is_shown_to_the_end_of_each_segment() {
        check(&[2, 14, 22], &[(2, 14), (22, 30)], &[(2, true), (14, false), (22, true), (30, false)]);
        check(&[2, 6], &[(2, 5), (6, 6)], &[(2, true), (5, true), (6, false)]);
        check(&[2], &[(2, 9)], &[(2, true), (9, false)]);
        check(&[2, 3, 7], &[], &[(2, true), (3, false), (7, false)]);
        check(&[2, 9, i64::MAX], &[(2, i64::MAX)], &[(2, true), (9, true), (i64::MAX, false)]);
    }
}
