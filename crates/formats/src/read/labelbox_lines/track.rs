//! Objects on frames: from key frames in segments, and from masks in colours.

use super::answer::{AnswerReader, Ids, OnFrames};
use super::error::{Fault, LineProblem};
use super::line::{find, get, get_from, get_list, get_object, object, one_of};
use super::mask::{Inside, RUN_LIMIT, Region, regions};
use super::object::{Identity, State};
use super::ontology::{Tool, unknown};
use super::scene::Scene;
use super::{score, tool};
use labelport_model::annotation::{Axis, Classification, Range, Scores, Segments, Timed};
use labelport_model::data_type::{Container, Form};
use labelport_model::json::Value;
use labelport_model::quote::Quoted;
use std::collections::{BTreeMap, BTreeSet};

/// An object on some frames.
#[derive(Debug)]
pub(super) struct Track<'o> {
    pub(super) identity: Identity<'o>,
    /// The axis along which a series is sliced; nothing for a video.
    pub(super) axis: Option<Axis>,
    /// How it is on its key frames.
    pub(super) states: BTreeMap<i64, State>,
    /// The frames over which it lasts.
    pub(super) ranges: Vec<Range>,
    /// Answers about it that last for some of its frames.
    pub(super) answers: TimedAnswers,
}

/// Answers that last for some of the frames of an object, and how long all that is answered in them lasts.
#[derive(Debug, Default)]
pub(super) struct TimedAnswers {
    pub(super) items: Vec<Timed<'static>>,
    pub(super) segments: Vec<Segments<'static>>,
}

/// The key of a line that holds key frames.
pub(super) const SEGMENTS: &str = "segments";
/// The key of a line that holds masks of frames.
pub(super) const MASKS: &str = "masks";
/// The first frame of a video, and the first slice of a group.
const FIRST_FRAME: i64 = 1;

/// The axes as lines name them.
const AXES: &[(&str, Axis)] = &[("axial", Axis::Axial), ("sagittal", Axis::Sagittal), ("coronal", Axis::Coronal)];

fn axis_of(scene: &Scene<'_>, line: Value<'_>) -> Result<Option<Axis>, Fault> {
    if scene.data_type.container != Container::Groups {
        return Ok(None);
    }
    one_of(get(line, "groupKey")?, AXES, "axial, sagittal, coronal").map(Some)
}

/// Reads a line with segments of key frames.
pub(super) fn read_segments<'o>(scene: &mut Scene<'_>, feature: &'o Tool, line: Value<'_>) -> Result<Track<'o>, Fault> {
    let axis = axis_of(scene, line)?;
    let line_scores = score::read(line, scene.purpose)?;
    let mut ids = BTreeMap::new();
    let mut drawing = None;
    let mut states = BTreeMap::new();
    let mut ranges = Vec::new();
    let mut timed = TimedAnswers::default();
    let base = answers(scene, feature, line, &mut ids, Some(&mut timed))?;
    for segment in get_list(line, SEGMENTS, SEGMENTS, 1)? {
        let mut key_frames = Vec::new();
        for key_frame in get_list(object(segment)?, "keyframes", "key frames", 1)? {
            key_frames.push((get_from(object(key_frame)?, "frame", FIRST_FRAME)?, key_frame));
        }
        key_frames.sort_by_key(|(frame, _)| *frame);
        if let (Some((first, _)), Some((last, _))) = (key_frames.first(), key_frames.last()) {
            ranges.push((*first, *last));
        }
        let mut lasting = base.clone();
        for (frame, key_frame) in key_frames {
            let drawing = match &mut drawing {
                Some(drawing) => drawing,
                None => {
                    let found = tool::find_tool(key_frame, &feature.tool_type)
                        .ok_or_else(|| Fault::at(key_frame, LineProblem::NothingToDo(tool::keys())))?;
                    drawing.insert(tool::choose(scene, found, feature, key_frame)?)
                }
            };
            let geometry = drawing.read(scene, key_frame)?;
            persist(&mut lasting, answers(scene, feature, key_frame, &mut ids, None)?);
            let own_scores = score::read(key_frame, scene.purpose)?;
            let scores = if own_scores == Scores::default() { line_scores.clone() } else { own_scores };
            let classifications = lasting.iter().flat_map(|(_, items)| items).cloned().collect();
            if states.insert(frame, State { classifications, geometry, scores }).is_some() {
                return Err(Fault::at(get(key_frame, "frame")?, LineProblem::FrameTwice(frame)));
            }
        }
    }
    let Some(drawing) = drawing else {
        return Err(Fault::at(line, LineProblem::Missing(SEGMENTS)));
    };
    let identity = Identity { feature_id: scene.world.new_id(), tool: feature, kind: drawing.kind };
    let track = Track { identity, axis, states, ranges, answers: timed };
    track.check_answers(line)?;
    Ok(track)
}

impl Track<'_> {
    /// Fails if an answer lasts for frames on none of which the object is.
    fn check_answers(&self, line: Value<'_>) -> Result<(), Fault> {
        for (start, end) in self.answers.segments.iter().flat_map(|segments| &segments.ranges) {
            if !self.ranges.iter().any(|(first, last)| start <= last && end >= first) {
                let at = find(line, "classifications").unwrap_or(line);
                return Err(Fault::at(at, LineProblem::NotOnFrames { start: *start, end: *end }));
            }
        }
        Ok(())
    }
}

/// The answers about an object: the classifications of each question, by its schema id.
type Answers = Vec<(String, Vec<Classification<'static>>)>;

/// Reads the answers about an object. Those that last for some frames go to `timed`, where they may.
fn answers(
    scene: &mut Scene<'_>,
    feature: &Tool,
    value: Value<'_>,
    ids: &mut BTreeMap<String, String>,
    timed: Option<&mut TimedAnswers>,
) -> Result<Answers, Fault> {
    let first_moment = scene.first_moment().filter(|_| timed.is_some());
    let ids = Ids { world: &mut *scene.world, known: Some(ids) };
    let (purpose, on_frames) = (scene.purpose, OnFrames::All);
    let mut reader = AnswerReader { ids, purpose, first_moment, on_frames, segments: Vec::new() };
    let read = reader.nested(&feature.questions, value, "")?;
    let (lasting, whole): (Vec<_>, Vec<_>) = read.into_iter().partition(|(_, item)| item.is_on_frames());
    if let Some(timed) = timed {
        timed.items.extend(lasting.into_iter().map(|(_, item)| item));
        timed.segments.append(&mut reader.segments);
    }
    let mut answers = Answers::new();
    for (question, item) in whole {
        match answers.iter_mut().find(|(known, _)| known == question) {
            Some((_, items)) => items.push(item.classification),
            None => answers.push((question.to_owned(), vec![item.classification])),
        }
    }
    Ok(answers)
}

/// Replaces the answers to the questions that a key frame answers anew; the others last until the segment ends.
fn persist(lasting: &mut Answers, new: Answers) {
    for (question, items) in new {
        match lasting.iter_mut().find(|(known, _)| *known == question) {
            Some((_, old)) => *old = items,
            None => lasting.push((question, items)),
        }
    }
}

/// Reads a line with masks of frames, on which each instance has a colour. Instances may be of several features.
pub(super) fn read_masks<'o>(
    scene: &mut Scene<'_>,
    tools: &'o [Tool],
    line: Value<'_>,
) -> Result<Vec<Track<'o>>, Fault> {
    let masks = get_object(line, MASKS)?;
    let kind = scene.kind(Form::FrameMask).ok_or_else(|| {
        Fault::at(masks, LineProblem::DataTypeMismatch { data_type: scene.data_type.name, key: MASKS })
    })?;
    let axis = axis_of(scene, line)?;
    let scores = score::read(line, scene.purpose)?;
    let mut tracks = Vec::new();
    let mut colours = Vec::new();
    for instance in get_list(masks, "instances", "instances", 1)? {
        let feature = super::ontology::find_named(tools, object(instance)?)?;
        let feature = feature.ok_or_else(|| unknown(instance, "tool"))?;
        if !tool::FRAME_MASK_DRAWERS.contains(&feature.tool_type.as_str()) {
            let (named, tool) = (Quoted::new(&feature.name), feature.tool_type.clone());
            return Err(Fault::at(instance, LineProblem::ToolMismatch { feature: named, tool, key: MASKS }));
        }
        colours.push(tool::masked_instance(instance)?);
        let identity = Identity { feature_id: scene.world.new_id(), tool: feature, kind };
        let answers = TimedAnswers::default();
        tracks.push(Track { identity, axis, states: BTreeMap::new(), ranges: Vec::new(), answers });
    }
    let mut runs = 0;
    let mut read = BTreeSet::new();
    for frame in get_list(masks, "frames", "frames", 1)? {
        let index = get_from(object(frame)?, "index", FIRST_FRAME)?;
        if !read.insert(index) {
            return Err(Fault::at(get(frame, "index")?, LineProblem::FrameTwice(index)));
        }
        runs += read_frame(scene, frame, index, &colours, &scores, &mut tracks)?;
        if runs > RUN_LIMIT {
            return Err(Fault::at(frame, LineProblem::TooScattered(RUN_LIMIT)));
        }
    }
    tracks.retain(|track| !track.states.is_empty());
    if tracks.is_empty() {
        return Err(Fault::at(masks, LineProblem::EmptyMask));
    }
    for track in &mut tracks {
        track.ranges = neighbours(track.states.keys().copied());
    }
    Ok(tracks)
}

/// Reads the masks of one frame; returns how many runs they have.
fn read_frame(
    scene: &mut Scene<'_>,
    frame: Value<'_>,
    index: i64,
    colours: &[Inside],
    scores: &Scores<'static>,
    tracks: &mut [Track<'_>],
) -> Result<usize, Fault> {
    let bytes = tool::mask_bytes(scene, frame)?;
    let found = regions(&bytes, colours).map_err(|problem| Fault::at(frame, problem))?;
    let runs = found.iter().map(Region::length).sum();
    for (track, region) in tracks.iter_mut().zip(found) {
        if !region.is_empty() {
            let geometry = tool::Geometry::Region(region);
            let state = State { classifications: Vec::new(), geometry, scores: scores.clone() };
            track.states.insert(index, state);
        }
    }
    Ok(runs)
}

/// Joins consecutive frames to ranges.
fn neighbours(frames: impl Iterator<Item = i64>) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for frame in frames {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(frame) => *last = frame,
            _ => ranges.push((frame, frame)),
        }
    }
    ranges
}
