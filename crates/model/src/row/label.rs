//! Labels and predictions of a row.

use super::feature::Features;
use super::place::{Place, RowError, RowProblem, array, object, time, when_id};
use super::{Feature, Label};
use crate::annotation::{self, Mark};
use crate::frames;
use crate::id::LabelId;
use crate::json::{Document, Members, Value};
use std::sync::Arc;

/// Which list a label is in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// A project. Its exports include or omit label and performance details.
    Project,
    /// A model run. Its exports cannot omit such sections, so they stay with the label.
    ModelRun,
}

pub(super) fn read_list(
    place: &Place<'_>,
    list: Value<'_>,
    home: Home,
    features: &mut Features,
) -> Result<Vec<Label>, RowError> {
    let list = array(place, list)?;
    // A vector that grows has room for four at once, and most rows have one label.
    let mut labels: Vec<Label> = Vec::with_capacity(list.elements().count());
    for (index, value) in list.elements().enumerate() {
        let here = Place::Index(place, index);
        let label = read(&here, value, home, features)?;
        if labels.iter().any(|known| known.id == label.id) {
            return Err(here.error(value, RowProblem::LabelTwice));
        }
        labels.push(label);
    }
    Ok(labels)
}

fn read(place: &Place<'_>, value: Value<'_>, home: Home, features: &mut Features) -> Result<Label, RowError> {
    let mut id = None;
    // label_kind, version and id, as they usually are.
    let mut head = Members::with_capacity(96);
    let mut rest = Members::default();
    let mut details = None;
    let mut created = None;
    let mut performance = None;
    let mut annotations = None;
    for (key, member) in object(place, value)?.members() {
        let here = Place::Key(place, key);
        match (key, home) {
            ("label_kind" | "version", _) => head.push_raw(key, member.raw()),
            ("id", _) => {
                id = when_id(&here, member, LabelId::parse)?;
                head.push_raw(key, member.raw());
            }
            ("label_details", Home::Project) => {
                let member = object(&here, member)?;
                created = time(&here, member, "created_at")?;
                details = Some(member.raw().to_owned());
            }
            ("performance_details", Home::Project) => {
                performance = Some(object(&here, member)?.raw().to_owned());
            }
            ("annotations", _) => annotations = Some(object(&here, member)?),
            _ => rest.push_raw(key, member.raw()),
        }
    }
    let id = id.ok_or_else(|| place.error(value, RowProblem::Missing("id")))?;
    let annotations = annotations.ok_or_else(|| place.error(value, RowProblem::Missing("annotations")))?;
    let label = with_annotations(id, head.into_string(), annotations, features);
    Ok(Label { details, created, performance, rest: rest.into_option(), ..label })
}

/// Returns a label that has only its first members and its annotations, which are counted.
pub(super) fn with_annotations(id: LabelId, head: String, annotations: Value<'_>, features: &mut Features) -> Label {
    // Frames that can be computed from the key frames are not stored.
    let has_filled_frames = annotation::has_filled_frames(annotations);
    let folded = if has_filled_frames { frames::fold(annotations) } else { None };
    let folded = folded.and_then(|text| Document::parse(text.as_bytes()).ok());
    let annotations = folded.as_ref().map_or(annotations, Document::root);
    Label {
        id,
        head,
        details: None,
        created: None,
        performance: None,
        tally: tally(annotations, features),
        has_masks: annotation::has_masks(annotations.raw()),
        has_filled_frames: has_filled_frames && folded.is_none(),
        is_elsewhere: false,
        annotations: annotations.raw().to_owned(),
        rest: None,
    }
}

/// Counts the annotations of each feature and kind, in the order of first appearance.
fn tally(annotations: Value<'_>, features: &mut Features) -> Vec<(Arc<Feature>, u32)> {
    let mut counts: Vec<(Mark<'_>, u32)> = Vec::new();
    annotation::for_each(annotations, &mut |mark| match counts.iter_mut().find(|(known, _)| *known == mark) {
        Some((_, count)) => *count += 1,
        None => counts.push((mark, 1)),
    });
    counts.into_iter().map(|(mark, count)| (features.of(&mark), count)).collect()
}
