//! The annotations of a label as people count them: an object on many frames is one.

use super::answers;
use super::geometry::{Overlap, Region};
use labelport_model::annotation::{self, Annotation, Body, Object, Range, ReadError, Shape, Timeline};
use std::collections::HashMap;

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

/// Returns the IoU of two annotations over all places of both.
pub(super) fn iou(old: &Regions<'_>, new: &Regions<'_>) -> f64 {
    let mut sum = Overlap { intersection: 0.0, union: area(old) + area(new) };
    for_each_common(old, new, &mut |one, other| {
        let both = one.overlap(other).intersection;
        sum.add(Overlap { intersection: both, union: -both });
    });
    sum.iou()
}

/// Returns an IoU that the real one does not exceed, at little cost.
pub(super) fn iou_at_most(old: &Regions<'_>, new: &Regions<'_>) -> f64 {
    let mut both = 0.0;
    for_each_common(old, new, &mut |one, other| both += one.common_bounds(other));
    let larger = area(old).max(area(new));
    if larger > 0.0 { both / larger } else { 0.0 }
}

fn area(regions: &Regions<'_>) -> f64 {
    regions.iter().map(|(_, region)| region.area()).sum()
}

/// Calls `each` for the places that both have. They are in order.
fn for_each_common(old: &Regions<'_>, new: &Regions<'_>, each: &mut dyn FnMut(&Region, &Region)) {
    let mut news = new.iter().peekable();
    for (at, region) in old {
        while news.next_if(|(other, _)| other < at).is_some() {}
        if let Some((_, other)) = news.next_if(|(other, _)| other == at) {
            each(region, other);
        }
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
