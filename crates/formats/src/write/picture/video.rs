//! What formats of videos share, in which an object is one from frame to frame.

use super::class_list::{CLASSES, ClassList, parse_pinned};
use super::drawn::Drawn;
use super::row::{Decided, Row, Rows};
use crate::write::annotations::{for_each, key_of};
use crate::write::class_names::{CLASS_NAMES, ClassNames};
use crate::write::settled::{Classes, Fate, NO_ANSWERS, Origin, settle_each};
use crate::write::{About, Entries, OpenError, Pictures};
use labelport_model::annotation::{self, Annotation, Body, Object, Shape, Timeline};
use labelport_model::data_type::Form;
use labelport_model::losses::Outcome;
use labelport_model::record::Annotations;
use std::collections::{BTreeSet, HashMap};

/// What has classes.
const FORMS: [Form; 4] = [Form::Box, Form::Polygon, Form::Mask, Form::FrameMask];

const NOT_HELD: &str = "the format holds boxes, polygons and masks on frames of videos";
const NOT_A_VIDEO: &str = "its row is not a video";
const WHOLE_VIDEO: &str = "it is about a whole video, and the format holds frames";
const ODD_FRAME: &str = "its frame is not one from 1 on";
/// What is said of a video of which the frames between key frames are not exported.
const KEY_FRAMES: &str = "its objects are written on key frames alone; see --interpolated-frames";

/// What is known before the first row.
pub(in crate::write) struct Videos<'f> {
    pub(in crate::write) rows: Rows<'f>,
    pub(in crate::write) classes: Classes<'f>,
    pub(in crate::write) list: ClassList,
    pictures: Option<&'f dyn Pictures>,
}

/// An object on a frame.
pub(in crate::write) struct OnFrame {
    /// From 1.
    pub(in crate::write) frame: i64,
    /// The number of the object in its video, from 1.
    pub(in crate::write) track: usize,
    /// The number of its class.
    pub(in crate::write) class: usize,
    pub(in crate::write) drawn: Drawn,
    /// The confidence of a prediction, as it is spelled.
    pub(in crate::write) score: Option<String>,
}

impl<'f> Videos<'f> {
    /// Reads the options, which have been checked.
    pub(in crate::write) fn of(about: &'f About<'f>) -> Result<Self, OpenError> {
        let names = ClassNames::of(about.option(&CLASS_NAMES));
        let list = ClassList::of(about.classes, &FORMS, names, &parse_pinned(about.option(&CLASSES))?);
        let mut rows = Rows::of(about, None)?;
        rows.without_images = Some(NOT_A_VIDEO);
        Ok(Self { rows, classes: Classes::of(about), list, pictures: about.pictures })
    }

    /// Decides about the labels of a row, settles those that are left out, and returns the one that is written.
    pub(in crate::write) fn written<'r>(
        &self,
        row: &Row<'r>,
        (stream, entries): (usize, &mut Entries<'_>),
    ) -> Option<Decided<'r>> {
        let mut written = None;
        for decided in row.decide(self.rows.chooser) {
            match (decided.left_out, row.media) {
                (None, Ok(_)) => written = Some(decided),
                (reason, _) => {
                    let left_out = (&decided, reason.unwrap_or_default());
                    self.rows.leave_out(row, left_out, &self.classes, (stream, entries));
                }
            }
        }
        written
    }

    /// Calls `take` for each object on each frame, and settles all that a label holds: an object by what `take` returns.
    /// An object without a place in the format, and what is about no frame, is left out.
    pub(in crate::write) fn for_each(
        &self,
        row: &Row<'_>,
        decided: &Decided<'_>,
        (stream, entries): (usize, &mut Entries<'_>),
        take: &mut dyn FnMut(OnFrame) -> Result<Fate, &'static str>,
    ) {
        let origin = Origin { data_row_id: &row.id, label_id: &decided.id };
        let mut tracks = HashMap::new();
        entries.losses.add("row", Outcome::Kept, KEY_FRAMES, u64::from(lacks_frames(&decided.label.annotations)));
        for_each(decided.label.annotations, entries, &mut |annotation, entries| {
            let fate = match &annotation.body {
                Body::Classification(_) => Err(NO_ANSWERS),
                Body::Object(object) => self.on_frame(annotation, object, &mut tracks).and_then(&mut *take),
            };
            let mut answers = std::iter::repeat(Fate::left_out(NO_ANSWERS));
            let target = (stream, entries);
            let fate = fate.unwrap_or_else(Fate::left_out);
            settle_each(annotation, fate, &mut answers, &origin, &self.classes, target);
        });
    }

    fn on_frame(
        &self,
        annotation: &Annotation<'_>,
        object: &Object<'_>,
        tracks: &mut HashMap<(String, u32), usize>,
    ) -> Result<OnFrame, &'static str> {
        let place = self.classes.place_of(annotation, object)?;
        let frame = annotation.place.frame.ok_or(WHOLE_VIDEO)?;
        if frame < 1 {
            return Err(ODD_FRAME);
        }
        let shape = object.shape.as_ref().filter(|_| self.list.is_drawn(place)).ok_or(NOT_HELD)?;
        let drawn = Drawn::of(shape, self.pictures).ok_or(NOT_HELD)??;
        let next = tracks.len() + 1;
        Ok(OnFrame {
            frame,
            track: *tracks.entry((key_of(annotation, object), place)).or_insert(next),
            // What is looked at first has no numbers yet.
            class: self.list.number(place).unwrap_or_default(),
            drawn,
            score: object.scores.confidence.as_ref().map(|score| score.text().into_owned()),
        })
    }
}

/// Returns whether an object lasts over frames on which it is not exported.
fn lacks_frames(annotations: &Annotations<'_>) -> bool {
    let Annotations::Stored(stored) = annotations else { return false };
    let stored = std::str::from_utf8(stored).unwrap_or("{}");
    let mut frames: HashMap<String, BTreeSet<i64>> = HashMap::new();
    for annotation in annotation::read(stored).flatten() {
        let (Body::Object(object), Some(frame)) = (&annotation.body, annotation.place.frame) else { continue };
        // Nothing is computed between two pictures.
        if matches!(object.shape, Some(Shape::Box(_))) {
            frames.entry(key_of(&annotation, object)).or_default().insert(frame);
        }
    }
    let timeline = Timeline::read(stored).unwrap_or_default();
    frames.iter().any(|(key, frames)| {
        let ranges = timeline.segments(None, key).iter();
        ranges.filter(|(first, last)| last > first).any(|(first, last)| {
            let known = frames.range(*first..=*last).count() as i64;
            known > 0 && known <= last.saturating_sub(*first)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(frames: &[i64], segments: &str, expect: bool) {
        let rect = r#""bounding_box":{"top":0.0,"left":0.0,"height":1.0,"width":1.0}"#;
        let on = |frame: &i64| {
            format!(
                r#""{frame}":{{"objects":{{"f":{{"feature_id":"f","annotation_kind":"VideoBoundingBox",{rect}}}}}}}"#
            )
        };
        let frames: Vec<String> = frames.iter().map(on).collect();
        let stored = format!(r#"{{"frames":{{{}}},"segments":{{"f":{segments}}}}}"#, frames.join(","));
        assert_eq!(lacks_frames(&Annotations::Stored(stored.as_bytes())), expect, "{stored}");
    }

    #[test]
    fn frames_between_key_frames_may_be_missing() {
        check(&[2, 4], "[[2,4]]", true);
        check(&[2, 3, 4], "[[2,4]]", false);
        check(&[2, 3], "[[2,3],[5,9]]", false);
        check(&[2, 3, 5], "[[2,3],[5,9]]", true);
        check(&[2, 9], "[]", false);
    }
}
