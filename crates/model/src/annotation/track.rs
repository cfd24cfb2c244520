//! Objects on frames, and what is answered about them there.

use super::between::{Between, is_picture};
use super::timed::{Segments, Timed};
use super::{Classification, Object};
use crate::json::Document;
use std::collections::{BTreeMap, BTreeSet};

/// An object on frames.
#[derive(Debug, Clone, PartialEq)]
pub struct Track<'a> {
    /// The axis along which a series is sliced; nothing for a video.
    pub axis: Option<Axis>,
    /// How it is on its key frames, ascending.
    pub key_frames: Vec<(i64, Object<'a>)>,
    /// The frames over which it lasts.
    pub segments: Segments<'a>,
    /// Answers about it that last for some of its frames. An answer that a key frame gives to the same question comes
    /// first.
    pub answers: Vec<Timed<'a>>,
}

/// An axis along which a series is sliced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// From head to foot.
    Axial,
    /// From side to side.
    Sagittal,
    /// From front to back.
    Coronal,
}

impl Axis {
    /// Every axis, in the order of a container.
    pub(super) const ALL: [Self; 3] = [Self::Axial, Self::Sagittal, Self::Coronal];
    /// Every axis, in the order of the key frames of a feature id.
    pub(super) const OF_KEY_FRAMES: [Self; 3] = [Self::Axial, Self::Coronal, Self::Sagittal];

    /// Returns the name by which containers call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Axial => "Axial",
            Self::Sagittal => "Sagittal",
            Self::Coronal => "Coronal",
        }
    }
}

impl Track<'_> {
    /// Returns the JSON of the object on every frame that is stored, ascending: its key frames, and those where an answer
    /// about it begins or has ended. There it is where it would be seen between its key frames.
    pub(super) fn states(&self) -> BTreeMap<i64, Vec<u8>> {
        let mut states = BTreeMap::new();
        for (frame, object) in &self.key_frames {
            states.insert(*frame, self.json(object, *frame));
        }
        for frame in self.turns() {
            if let Some(json) = self.between(frame) {
                states.entry(frame).or_insert(json);
            }
        }
        states
    }

    /// Lists the frames on which answers begin, end and have ended, as far as the object is there.
    fn turns(&self) -> BTreeSet<i64> {
        let ranges = self.answers.iter().flat_map(|timed| &timed.on_frames).flat_map(|segments| &segments.ranges);
        let mut turns = BTreeSet::new();
        for (first, last) in ranges {
            for (start, end) in &self.segments.ranges {
                if first > end || last < start {
                    continue;
                }
                turns.insert(*first.max(start));
                turns.insert(*last.min(end));
                turns.extend(last.checked_add(1).filter(|after| after <= end));
            }
        }
        turns
    }

    /// Returns the JSON of the object between two key frames of a segment. A picture of one frame is never copied.
    fn between(&self, frame: i64) -> Option<Vec<u8>> {
        let segment = self.segments.ranges.iter().find(|(start, end)| (*start..=*end).contains(&frame))?;
        let inside = |known: i64| (segment.0..=segment.1).contains(&known);
        let before = self.key_frames.iter().rev().find(|(known, _)| *known < frame && inside(*known))?;
        let after = self.key_frames.iter().find(|(known, _)| *known > frame && inside(*known))?;
        let start = self.json(&before.1, frame);
        let mut end = Vec::new();
        after.1.write(&mut end);
        // Both were just written here, as JSON.
        let (start, end) = (String::from_utf8(start).ok()?, String::from_utf8(end).ok()?);
        if is_picture(Document::parse(start.as_bytes()).ok()?.root()) {
            return None;
        }
        let mut out = Vec::new();
        Between::new((before.0, &start), (after.0, &end)).write(frame, &mut out);
        Some(out)
    }

    /// Returns the JSON of the object with the answers that last on a frame.
    fn json(&self, object: &Object<'_>, frame: i64) -> Vec<u8> {
        let mut out = Vec::new();
        if self.answers.is_empty() {
            object.write(&mut out);
            return out;
        }
        let mut object = object.clone();
        let answers = object.classifications.get_or_insert_default();
        let is_answered = |known: &[Classification<'_>], new: &Classification<'_>| {
            known.iter().any(|known| known.feature.schema_id == new.feature.schema_id)
        };
        let given = answers.items.len();
        for timed in &self.answers {
            if let Some(shown) = timed.at(frame).filter(|shown| !is_answered(&answers.items[..given], shown)) {
                answers.items.push(shown);
            }
        }
        object.write(&mut out);
        out
    }
}
