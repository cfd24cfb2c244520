//! Runs: consecutive frames on which something is shown in the same way.
//!
//! A track (an object, or a classification of frames) becomes a list of runs that do not overlap. There are about as
//! many runs as the label has key frames and segments, however many frames they span, so the counts and the size of all
//! frames are known before the first one is written.

use super::error::FillError;
use super::segments::{self, Range, Segments};
use crate::annotation::is_picture;
use crate::json::{Kind, Value};
use std::collections::BTreeMap;

/// The maximum number of answers that are checked to find which answers of a checklist each run shows.
const ANSWERS_LIMIT: usize = 20_000_000;

/// Frames by number.
pub(super) type KeyFrames<'a> = BTreeMap<i64, Value<'a>>;

/// What is shown on the frames of a run.
#[derive(Debug, Clone)]
pub(super) enum Shown<'a> {
    /// As on a key frame.
    Value(Value<'a>),
    /// An object between two key frames.
    Between { start_frame: i64, start: Value<'a>, end_frame: i64, end: Value<'a> },
    /// A checklist with some of its answers, by their positions in the list.
    Answers { item: Value<'a>, answers: Vec<u32> },
}

/// Consecutive frames.
#[derive(Debug, Clone)]
pub(super) struct Run<'a> {
    /// The first and the last frame.
    pub(super) frames: Range,
    pub(super) shown: Shown<'a>,
}

/// Something that lasts over frames.
#[derive(Debug)]
pub(super) struct Track<'a> {
    /// The key under `objects`; `None` for a classification.
    pub(super) object: Option<&'a str>,
    /// In ascending order.
    pub(super) runs: Vec<Run<'a>>,
}

type States<'a> = BTreeMap<i64, Value<'a>>;

/// Lists the objects, then the classifications, each in the order in which they first appear.
pub(super) fn tracks<'a>(key_frames: &KeyFrames<'a>, segments: &Segments<'a>) -> Result<Vec<Track<'a>>, FillError> {
    let mut objects: Vec<(&str, States<'_>)> = Vec::new();
    let mut answers: Vec<(&str, States<'_>)> = Vec::new();
    let mut object_places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut answer_places: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, frame) in key_frames {
        for (key, kind) in [("objects", Kind::Object), ("classifications", Kind::Array)] {
            if let Some(member) = frame.get(key).filter(|member| member.kind() != kind) {
                return Err(FillError::Member { frame: *number, key, found: member.kind().named() });
            }
        }
        for (id, object) in frame.get("objects").into_iter().flat_map(Value::members) {
            add(&mut objects, &mut object_places, id, *number, object)?;
        }
        for item in frame.get("classifications").into_iter().flat_map(Value::elements) {
            add(&mut answers, &mut answer_places, feature_id(item), *number, item)?;
        }
    }
    let mut tracks = Vec::with_capacity(objects.len() + answers.len());
    for (id, states) in objects {
        let ranges = segments.get(id).map_or(&[][..], Vec::as_slice);
        tracks.push(Track { object: Some(id), runs: object_runs(&states, ranges) });
    }
    let merged: BTreeMap<&str, Vec<Range>> =
        segments.iter().map(|(id, ranges)| (*id, segments::merged(ranges.iter().copied()))).collect();
    let mut looked_at = 0;
    for (_, states) in answers {
        tracks.push(Track { object: None, runs: answer_runs(&states, &merged, &mut looked_at)? });
    }
    Ok(tracks)
}

fn add<'a>(
    tracks: &mut Vec<(&'a str, States<'a>)>,
    places: &mut BTreeMap<&'a str, usize>,
    id: &'a str,
    frame: i64,
    state: Value<'a>,
) -> Result<(), FillError> {
    let place = *places.entry(id).or_insert_with(|| {
        tracks.push((id, States::new()));
        tracks.len() - 1
    });
    match tracks[place].1.insert(frame, state) {
        None => Ok(()),
        Some(_) => Err(FillError::SameFeature { frame, feature_id: id.to_owned() }),
    }
}

/// Returns the feature id of a classification or an answer, still escaped; empty if it has none.
pub(super) fn feature_id(value: Value<'_>) -> &str {
    value.get("feature_id").map_or("", |id| id.raw().trim_matches('"'))
}

fn object_runs<'a>(states: &States<'a>, ranges: &[Range]) -> Vec<Run<'a>> {
    let stored = states.iter().map(|(frame, state)| Run { frames: (*frame, *frame), shown: Shown::Value(*state) });
    let mut runs: Vec<Run<'_>> = stored.collect();
    for piece in segments::pieces(ranges) {
        for (first, last) in gaps(states, piece.frames) {
            let before = states.range(piece.range.0..first).next_back();
            let after = states.range(last..=piece.range.1).find(|(frame, _)| **frame > last);
            let Some((_, shown)) = before.or(after) else { continue };
            if is_picture(*shown) {
                continue;
            }
            let shown = match (before, after) {
                (Some((start_frame, start)), Some((end_frame, end))) => {
                    Shown::Between { start_frame: *start_frame, start: *start, end_frame: *end_frame, end: *end }
                }
                _ => Shown::Value(*shown),
            };
            runs.push(Run { frames: (first, last), shown });
        }
    }
    runs.sort_by_key(|run| run.frames);
    runs
}

/// Lists the ranges inside a window that hold no key frame.
fn gaps(states: &States<'_>, (first, last): Range) -> Vec<Range> {
    let mut gaps = Vec::new();
    let mut next = Some(first);
    for frame in states.range(first..=last).map(|(frame, _)| *frame) {
        if let Some(start) = next.filter(|start| *start < frame) {
            gaps.push((start, frame - 1));
        }
        next = frame.checked_add(1);
    }
    if let Some(start) = next.filter(|start| *start <= last) {
        gaps.push((start, last));
    }
    gaps
}

fn answer_runs<'a>(
    states: &States<'a>,
    segments: &BTreeMap<&'a str, Vec<Range>>,
    looked_at: &mut usize,
) -> Result<Vec<Run<'a>>, FillError> {
    let mut runs = Vec::new();
    let mut following = states.keys().skip(1).copied();
    for (set_at, item) in states {
        runs.push(Run { frames: (*set_at, *set_at), shown: Shown::Value(*item) });
        let last = following.next().map_or(i64::MAX, |next| next - 1);
        let Some(first) = set_at.checked_add(1).filter(|first| *first <= last) else { continue };
        runs.extend(lasting(*item, (first, last), segments, looked_at)?);
    }
    Ok(runs)
}

/// Lists the runs of a classification inside a window without key frames of it.
fn lasting<'a>(
    item: Value<'a>,
    window: Range,
    segments: &BTreeMap<&'a str, Vec<Range>>,
    looked_at: &mut usize,
) -> Result<Vec<Run<'a>>, FillError> {
    let ranges_of = |id: &str| segments.get(id).map(Vec::as_slice).filter(|_| !id.is_empty());
    let own = ranges_of(feature_id(item)).unwrap_or_default();
    let lists = item.members().filter(|(key, _)| key.ends_with("_answer") || key.ends_with("_answers"));
    let mut answers: Vec<Option<&[Range]>> = Vec::new();
    let mut single: &[Range] = &[];
    for (_, answer) in lists {
        if answer.kind() == Kind::Array {
            answers.extend(answer.elements().map(|answer| ranges_of(feature_id(answer))));
        } else {
            single = ranges_of(feature_id(answer)).unwrap_or_default();
        }
    }
    let covering = [own, single].into_iter().chain(answers.iter().flatten().copied());
    let union = segments::merged(covering.flat_map(|ranges| segments::clipped(ranges, window)));
    let has_own_segments = answers.iter().any(Option::is_some);
    if !has_own_segments {
        return Ok(union.into_iter().map(|frames| Run { frames, shown: Shown::Value(item) }).collect());
    }
    // Which answers are shown can change only where a segment of an answer begins or has ended.
    let mut cuts: Vec<i64> = Vec::new();
    for (first, last) in answers.iter().flatten().flat_map(|ranges| segments::clipped(ranges, window)) {
        cuts.extend([Some(first), last.checked_add(1)].into_iter().flatten());
    }
    cuts.sort_unstable();
    cuts.dedup();
    *looked_at = looked_at.saturating_add(answers.len().saturating_mul(cuts.len() + union.len()));
    if *looked_at > ANSWERS_LIMIT {
        return Err(FillError::TooManyAnswers { feature_id: feature_id(item).to_owned() });
    }
    let mut runs = Vec::new();
    for (first, last) in union {
        let inside = &cuts[cuts.partition_point(|cut| *cut <= first)..cuts.partition_point(|cut| *cut <= last)];
        let starts = std::iter::once(first).chain(inside.iter().copied());
        let ends = inside.iter().map(|cut| cut - 1).chain([last]);
        for frames in starts.zip(ends) {
            let shows = |ranges: &Option<&[Range]>| {
                ranges.is_none_or(|ranges| segments::clipped(ranges, (frames.0, frames.0)).next().is_some())
            };
            let shown: Vec<u32> =
                (0..).zip(&answers).filter(|(_, ranges)| shows(ranges)).map(|(place, _)| place).collect();
            if shown.len() == answers.len() {
                runs.push(Run { frames, shown: Shown::Value(item) });
            } else if !shown.is_empty() {
                runs.push(Run { frames, shown: Shown::Answers { item, answers: shown } });
            }
        }
    }
    Ok(runs)
}
