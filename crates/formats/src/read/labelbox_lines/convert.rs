//! The lines of one data row become the annotations of one label.
//!
//! There are three passes: each line becomes a draft; the composites of all masks are painted; relationships are
//! resolved. A line can fail in each of them, and then adds nothing to the label.

use super::answer::{AnswerReader, Ids, Item, OnFrames, message_of};
use super::error::{Fault, LineError, LineProblem};
use super::line::{find, find_text, object};
use super::mask::{Sheets, Spot};
use super::object::{Identity, State};
use super::ontology::{Ontology, Tool, unknown};
use super::relationship::{self, Relation};
use super::scene::Scene;
use super::tool::{self, Geometry};
use super::track::{self, Track};
use super::{Converted, Purpose, Subject, World, metric, score};
use labelport_model::annotation::{self, Contents, Segments, Text};
use labelport_model::data_type::{self, Container, DataType};
use labelport_model::json::{Document, Value};
use labelport_model::quote::Quoted;
use std::collections::BTreeMap;

/// The result of a line.
enum Draft<'o> {
    Object(Identity<'o>, State),
    Tracks(Vec<Track<'o>>),
    Answers(Vec<Item>, Vec<Segments<'static>>),
    Relation(Relation<'o>),
    Metric(String),
}

/// The frame of an image.
const ONLY_INDEX: i64 = 1;

/// Converts all lines that one import has for one data row. Lines come in file order.
pub fn convert(
    ontology: &Ontology,
    subject: &Subject<'_>,
    lines: &[&str],
    purpose: Purpose,
    world: &mut dyn World,
) -> Converted {
    let data_type = subject.data_type.unwrap_or_else(|| guess(lines));
    let mut scene = Scene::new(ontology, subject, data_type, purpose, world);
    let mut sheets = Sheets::default();
    let mut uuids = BTreeMap::new();
    let mut document = Document::default();
    let mut drafts = Vec::new();
    let mut outcomes = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        let draft = read(&mut scene, &mut document, line, index, &mut uuids)
            .and_then(|draft| keep(draft, index, &mut sheets, scene.world));
        outcomes.push(match draft {
            Ok(draft) => {
                drafts.push((index, draft));
                Ok(())
            }
            Err(error) => Err(error),
        });
    }
    for (index, problem) in sheets.settle(scene.world) {
        outcomes[index] = Err(LineError::of_line(problem));
    }
    let feature_ids: BTreeMap<usize, &str> =
        drafts.iter().filter_map(|(index, draft)| Some((*index, draft.feature_id()?))).collect();
    let mut relationships = Vec::new();
    for (index, draft) in &drafts {
        let Draft::Relation(relation) = draft else { continue };
        let find = |uuid: &str| find_feature(uuid, &uuids, &outcomes, &feature_ids);
        match relation.object(find) {
            Ok(object) => relationships.push(object),
            Err(error) => outcomes[*index] = Err(error),
        }
    }
    let mut metrics = Vec::new();
    let mut has_annotations = false;
    let mut contents = Contents { relationships, ..Contents::default() };
    for (index, draft) in drafts {
        if outcomes[index].is_err() {
            continue;
        }
        has_annotations |= !matches!(draft, Draft::Metric(_));
        gather(draft, &sheets, &mut contents, &mut metrics);
    }
    let annotations = has_annotations.then(|| {
        let mut out = Vec::new();
        contents.write(data_type.container, &mut out);
        String::from_utf8(out).expect("the normal form is ASCII")
    });
    Converted { annotations, outcomes, metrics }
}

/// Returns the data type that the first unambiguous line is for.
fn guess(lines: &[&str]) -> &'static DataType {
    let of_line = |line: &&str| data_type::of_line(Document::parse(line.as_bytes()).ok()?.root());
    lines.iter().find_map(of_line).unwrap_or(data_type::USUAL)
}

fn read<'o>(
    scene: &mut Scene<'o>,
    document: &mut Document,
    line: &str,
    index: usize,
    uuids: &mut BTreeMap<String, usize>,
) -> Result<Draft<'o>, LineError> {
    document.read(line.as_bytes()).map_err(|error| LineError::of_line(LineProblem::NotJson(error)))?;
    let root = document.root();
    read_line(scene, root, index, uuids).map_err(|fault| LineError::locate(root, fault))
}

fn read_line<'o>(
    scene: &mut Scene<'o>,
    line: Value<'_>,
    index: usize,
    uuids: &mut BTreeMap<String, usize>,
) -> Result<Draft<'o>, Fault> {
    if let Some(uuid) = find_text(object(line)?, "uuid")? {
        if uuids.contains_key(&uuid) {
            let at = find(line, "uuid").unwrap_or(line);
            return Err(Fault::at(at, LineProblem::UuidTwice(Quoted::new(&uuid))));
        }
        uuids.insert(uuid, index);
    }
    let ontology: &'o Ontology = scene.ontology;
    let has = |key: &str| find(line, key).is_some();
    if has("metricValue") {
        metric::check(line)?;
        return match scene.purpose {
            Purpose::Prediction => Ok(Draft::Metric(line.raw().to_owned())),
            Purpose::Label => Err(Fault::at(line, LineProblem::MetricHere)),
        };
    }
    if has(track::MASKS) {
        return track::read_masks(scene, &ontology.tools, line).map(Draft::Tracks);
    }
    let feature = || ontology.find_tool(line)?.ok_or_else(|| unknown(line, "tool"));
    if has(relationship::KEY) {
        return relationship::read(scene, feature()?, line).map(Draft::Relation);
    }
    if has(track::SEGMENTS) {
        let feature = feature()?;
        if !has_frames(scene.data_type) {
            let at = find(line, track::SEGMENTS).unwrap_or(line);
            let problem = LineProblem::DataTypeMismatch { data_type: scene.data_type.name, key: track::SEGMENTS };
            return Err(Fault::at(at, problem));
        }
        return track::read_segments(scene, feature, line).map(|track| Draft::Tracks(vec![track]));
    }
    if tool::find_tool(line, "").is_some() {
        return read_object(scene, feature()?, line);
    }
    if has("answer") || has("answers") {
        return read_answers(scene, ontology, line);
    }
    Err(Fault::at(line, LineProblem::NothingToDo(tool::keys())))
}

/// Returns whether objects of a data type are on frames.
fn has_frames(data_type: &DataType) -> bool {
    matches!(data_type.container, Container::Frames | Container::Groups)
}

fn read_object<'o>(scene: &mut Scene<'o>, feature: &'o Tool, line: Value<'_>) -> Result<Draft<'o>, Fault> {
    let found = tool::find_tool(line, &feature.tool_type);
    let found = found.ok_or_else(|| Fault::at(line, LineProblem::NothingToDo(tool::keys())))?;
    let drawing = tool::choose(scene, found, feature, line)?;
    if has_frames(scene.data_type) {
        let problem = LineProblem::NeedsSegments { data_type: scene.data_type.name, key: drawing.key };
        return Err(Fault::at(line, problem));
    }
    let geometry = drawing.read(scene, line)?;
    let scores = score::read(line, scene.purpose)?;
    let ids = Ids { world: &mut *scene.world, known: None };
    let mut reader = AnswerReader {
        ids,
        purpose: scene.purpose,
        first_moment: None,
        on_frames: OnFrames::Indexed,
        segments: Vec::new(),
    };
    let classifications = reader.answers(&feature.questions, line, "")?;
    let identity = Identity { feature_id: scene.world.new_id(), tool: feature, kind: drawing.kind };
    Ok(Draft::Object(identity, State { classifications, geometry, scores }))
}

fn read_answers<'o>(scene: &mut Scene<'o>, ontology: &'o Ontology, line: Value<'_>) -> Result<Draft<'o>, Fault> {
    let question = ontology.find_question(line)?.ok_or_else(|| unknown(line, "classification"))?;
    let message = if scene.data_type.has_messages { message_of(line)? } else { None };
    if let Some(message) = &message {
        scene.check_message(line, message)?;
    }
    let first_moment = scene.first_moment();
    let ids = Ids { world: &mut *scene.world, known: None };
    let mut reader =
        AnswerReader { ids, purpose: scene.purpose, first_moment, on_frames: OnFrames::Indexed, segments: Vec::new() };
    let items = reader.line(question, line, message.as_deref())?;
    Ok(Draft::Answers(items, reader.segments))
}

/// Stores the masks of a draft one by one.
fn keep<'o>(
    mut draft: Draft<'o>,
    line: usize,
    sheets: &mut Sheets,
    world: &mut dyn World,
) -> Result<Draft<'o>, LineError> {
    let mark = sheets.mark();
    let mut add = |geometry: &mut Geometry, spot: Spot<'_>| -> Result<(), LineProblem> {
        if let Geometry::Region(region) = geometry {
            *geometry = Geometry::Layer(sheets.add(spot, std::mem::take(region), world)?);
        }
        Ok(())
    };
    let kept = match &mut draft {
        Draft::Object(identity, state) => {
            let spot = Spot { line, feature_id: &identity.feature_id, axis: None, index: ONLY_INDEX };
            add(&mut state.geometry, spot)
        }
        Draft::Tracks(tracks) => tracks.iter_mut().try_for_each(|track| {
            let (feature_id, axis) = (&track.identity.feature_id, track.axis);
            track
                .states
                .iter_mut()
                .try_for_each(|(index, state)| add(&mut state.geometry, Spot { line, feature_id, axis, index: *index }))
        }),
        _ => Ok(()),
    };
    kept.map_err(|problem| {
        sheets.drop_after(mark);
        LineError::of_line(problem)
    })?;
    Ok(draft)
}

impl Draft<'_> {
    /// Returns the feature id for a relationship with the line.
    fn feature_id(&self) -> Option<&str> {
        match self {
            Self::Object(identity, _) => Some(&identity.feature_id),
            Self::Tracks(tracks) => tracks.first().map(|track| track.identity.feature_id.as_str()),
            Self::Answers(items, _) => items.first().map(|item| item.feature_id.as_str()),
            Self::Relation(_) | Self::Metric(_) => None,
        }
    }
}

fn find_feature(
    uuid: &str,
    uuids: &BTreeMap<String, usize>,
    outcomes: &[Result<(), LineError>],
    feature_ids: &BTreeMap<usize, &str>,
) -> Result<String, LineProblem> {
    let line = uuids.get(uuid).ok_or_else(|| LineProblem::UuidUnknown(Quoted::new(uuid)))?;
    let found = feature_ids.get(line).filter(|_| outcomes[*line].is_ok());
    found.map(|id| (*id).to_owned()).ok_or_else(|| LineProblem::UuidFailed(Quoted::new(uuid)))
}

fn gather(draft: Draft<'_>, sheets: &Sheets, contents: &mut Contents<'static>, metrics: &mut Vec<String>) {
    match draft {
        Draft::Object(identity, state) => contents.objects.push(identity.object(state, sheets)),
        Draft::Tracks(tracks) => contents.tracks.extend(tracks.into_iter().map(|track| {
            let Track { identity, axis, states, ranges, answers } = track;
            contents.segments.extend(answers.segments);
            let key_frames = states.into_iter().map(|(frame, state)| (frame, identity.object(state, sheets)));
            let key_frames = key_frames.collect();
            let segments = Segments { feature_id: Text::new(&identity.feature_id), ranges };
            annotation::Track { axis, key_frames, segments, answers: answers.items }
        })),
        Draft::Answers(items, segments) => {
            contents.classifications.extend(items.into_iter().map(|item| item.timed));
            contents.segments.extend(segments);
        }
        Draft::Metric(json) => metrics.push(json),
        // They were made when they found their objects.
        Draft::Relation(_) => {}
    }
}
