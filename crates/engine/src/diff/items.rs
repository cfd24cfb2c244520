//! The annotations of a label as people count them: an object on many frames is one.

use super::answers;
use super::geometry::{Overlap, Region};
use labelport_model::annotation::{self, Annotation, Body, Object, Range, ReadError, Shape, Timeline};
use std::collections::{BTreeMap, HashMap};

/// Where a state of an annotation is: the axis of a series, the frame of a video or slice of a series, the start in a
/// recording. Nothing for one that is about the whole row.
pub(super) type At<'a> = (Option<&'a str>, Option<i64>, Option<i64>);

/// What an annotation covers in each place.
pub(super) type Regions<'a> = Vec<(At<'a>, Region)>;

/// An annotation with how it is everywhere.
pub(super) struct Item<'a> {
    /// Its feature id, escaped as in the row.
    pub(super) id: Option<String>,
    pub(super) class: String,
    pub(super) kind: String,
    /// Its states by place, in order. A row that says something twice has two of one place.
    pub(super) states: Vec<(At<'a>, Annotation<'a>)>,
}

/// The annotations of a label.
pub(super) struct Items<'a> {
    pub(super) items: Vec<Item<'a>>,
    timeline: Timeline<'a>,
}

impl<'a> Items<'a> {
    /// Reads the annotations of a label from their JSON in normal form.
    pub(super) fn read(annotations: &'a str) -> Result<Self, ReadError> {
        let mut items: Vec<Item<'a>> = Vec::new();
        let mut places: HashMap<(bool, String), usize> = HashMap::new();
        for annotation in annotation::read(annotations) {
            let annotation = annotation?;
            let is_object = matches!(annotation.body, Body::Object(_));
            let id = annotation.feature().id.as_ref().map(|id| id.escaped().to_owned());
            let at = (annotation.place.axis, annotation.place.frame, annotation.place.start_ms);
            let key = id.clone().map(|id| (is_object, id));
            match key.as_ref().and_then(|key| places.get(key).copied()) {
                Some(place) => items[place].states.push((at, annotation)),
                None => {
                    places.extend(key.map(|key| (key, items.len())));
                    let (class, kind) = (answers::name(annotation.feature()), kind_of(&annotation));
                    items.push(Item { id, class, kind, states: vec![(at, annotation)] });
                }
            }
        }
        for item in &mut items {
            item.states.sort_by_key(|(at, _)| *at);
        }
        Ok(Self { items, timeline: Timeline::read(annotations)? })
    }

    /// Returns the ranges over which an annotation lasts, on each axis.
    pub(super) fn ranges(&self, item: &Item<'a>) -> Vec<&[Range]> {
        let mut axes: Vec<Option<&str>> = item.states.iter().map(|((axis, ..), _)| *axis).collect();
        axes.dedup();
        axes.into_iter().map(|axis| self.timeline.segments(axis, item.id.as_deref().unwrap_or_default())).collect()
    }
}

impl<'a> Item<'a> {
    /// Returns whether it is something drawn or pointed at, or a relation.
    pub(super) fn is_object(&self) -> bool {
        self.states.iter().any(|(_, annotation)| matches!(annotation.body, Body::Object(_)))
    }

    /// Returns the message that a question is asked about, and where it is first.
    pub(super) fn subject(&self) -> (Option<String>, Option<At<'a>>) {
        let first = self.states.first();
        let message = first.and_then(|(_, annotation)| match &annotation.body {
            Body::Classification(classification) => classification.message_id.as_ref(),
            Body::Object(_) => None,
        });
        (message.map(|id| id.get().into_owned()), first.map(|(at, _)| *at))
    }

    /// Returns what it covers in each place; nothing if it has a shape without an area somewhere.
    pub(super) fn regions(&self) -> Option<Regions<'a>> {
        let regions = self.states.iter().map(|(at, annotation)| Some((*at, Region::of(object(annotation)?)?)));
        regions.collect()
    }
}

/// Returns what two annotations have in common in all places of both.
pub(super) fn overlap_of_all(old: &[(At<'_>, Region)], new: &[(At<'_>, Region)]) -> Overlap {
    let by_place: BTreeMap<At<'_>, &Region> = new.iter().map(|(at, region)| (*at, region)).collect();
    let mut sum = Overlap::default();
    let mut common = 0.0;
    for (at, region) in old {
        match by_place.get(at) {
            Some(other) => {
                sum.add(region.overlap(other));
                common += other.area();
            }
            None => sum.union += region.area(),
        }
    }
    sum.union += (new.iter().map(|(_, region)| region.area()).sum::<f64>() - common).max(0.0);
    sum
}

/// Returns an IoU that the real one does not exceed.
pub(super) fn iou_at_most(old: &[(At<'_>, Region)], new: &[(At<'_>, Region)]) -> f64 {
    match (old, new) {
        ([(at, one)], [(other_at, other)]) => {
            if at == other_at {
                one.iou_at_most(other)
            } else {
                0.0
            }
        }
        _ => 1.0,
    }
}

/// Returns an object; nothing for a classification.
pub(super) fn object<'o, 'a>(annotation: &'o Annotation<'a>) -> Option<&'o Object<'a>> {
    match &annotation.body {
        Body::Object(object) => Some(object),
        Body::Classification(_) => None,
    }
}

/// Returns what an object draws or points at.
pub(super) fn shape<'o, 'a>(annotation: &'o Annotation<'a>) -> Option<&'o Shape<'a>> {
    object(annotation)?.shape.as_ref()
}

fn kind_of(annotation: &Annotation<'_>) -> String {
    match &annotation.body {
        Body::Object(object) => object.kind.as_ref().map(|kind| kind.get().into_owned()).unwrap_or_default(),
        Body::Classification(classification) => classification.answer_key().to_owned(),
    }
}
