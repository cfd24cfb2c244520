//! What differs between the annotations of two labels.

use super::answers;
use super::found::{AnnotationDiff, Change, What};
use super::geometry::{Overlap, Region};
use super::items::{self, Item, Items};
use super::pairing::Pairs;
use labelport_model::annotation::{Annotation, Body, ReadError};
use std::collections::BTreeSet;

/// Compares the annotations of two labels, given as JSON in normal form; first those of the first label in its order, then
/// those that were added.
pub(super) fn compare(old: &str, new: &str) -> Result<Vec<AnnotationDiff>, ReadError> {
    let (old, new) = (Items::read(old)?, Items::read(new)?);
    let pairs = Pairs::find(&old.items, &new.items);
    let mut found = Vec::new();
    for (item, partner) in old.items.iter().zip(&pairs.partners) {
        match partner {
            Some(partner) => found.extend(compare_items((&old, item), (&new, &new.items[*partner]), &pairs)),
            None => found.push(alone(item, Change::Removed)),
        }
    }
    let added = new.items.iter().zip(&pairs.is_taken).filter(|(_, is_taken)| !**is_taken);
    found.extend(added.map(|(item, _)| alone(item, Change::Added)));
    Ok(found)
}

/// Lists the annotations of a label that one side does not have.
pub(super) fn list(annotations: &str, change: Change) -> Result<Vec<AnnotationDiff>, ReadError> {
    Ok(Items::read(annotations)?.items.iter().map(|item| alone(item, change)).collect())
}

fn alone(item: &Item<'_>, change: Change) -> AnnotationDiff {
    let Item { id, class, kind, .. } = item;
    AnnotationDiff { change, id: id.clone(), class: class.clone(), kind: kind.clone(), what: Vec::new() }
}

/// Compares two annotations that are one; nothing if they are the same.
fn compare_items<'a>(
    old: (&Items<'a>, &Item<'a>),
    new: (&Items<'a>, &Item<'a>),
    pairs: &Pairs,
) -> Option<AnnotationDiff> {
    let ((of_old, old), (of_new, new)) = (old, new);
    let mut what = Vec::new();
    if old.class != new.class {
        what.push(What::Class(old.class.clone()));
    }
    if old.kind != new.kind {
        what.push(What::Kind(old.kind.clone()));
    }
    if old.id != new.id {
        what.push(What::Id(old.id.clone()));
    }
    let states = compare_states(old, new, pairs);
    if states.draws_differently {
        what.push(What::Geometry(iou_of_all(&states.common)));
    }
    if !states.answers.is_empty() {
        what.push(What::Answers(states.answers.into_iter().collect()));
    }
    if states.is_on_frames && (states.added, states.removed, states.changed) != (0, 0, 0) {
        what.push(What::Frames { added: states.added, removed: states.removed, changed: states.changed });
    }
    if of_old.ranges(old) != of_new.ranges(new) {
        what.push(What::Segments);
    }
    if states.scores_differ {
        what.push(What::Scores);
    }
    if what.is_empty() && (states.added, states.removed, states.changed) != (0, 0, 0) {
        what.push(What::Other);
    }
    (!what.is_empty()).then(|| AnnotationDiff { what, ..alone(new, Change::Changed) })
}

/// What differs between the states of two annotations.
#[derive(Default)]
struct States<'s, 'a> {
    added: u64,
    removed: u64,
    changed: u64,
    is_on_frames: bool,
    draws_differently: bool,
    /// The states that both have.
    common: Vec<[&'s Annotation<'a>; 2]>,
    answers: BTreeSet<super::found::AnswerDiff>,
    scores_differ: bool,
}

fn compare_states<'s, 'a>(old: &'s Item<'a>, new: &'s Item<'a>, pairs: &Pairs) -> States<'s, 'a> {
    let mut found = States::default();
    let (mut olds, mut news) = (old.states.iter().peekable(), new.states.iter().peekable());
    loop {
        let order = match (olds.peek(), news.peek()) {
            (None, None) => break,
            (Some((one, _)), Some((other, _))) => one.cmp(other),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
        };
        let one = if order.is_le() { olds.next() } else { None };
        let other = if order.is_ge() { news.next() } else { None };
        found.is_on_frames |= one.or(other).is_some_and(|(at, _)| *at != (None, None, None));
        match (one, other) {
            (Some((_, one)), Some((_, other))) => found.compare(one, other, pairs),
            (Some(_), None) => found.removed += 1,
            _ => found.added += 1,
        }
    }
    found
}

impl<'s, 'a> States<'s, 'a> {
    fn compare(&mut self, old: &'s Annotation<'a>, new: &'s Annotation<'a>, pairs: &Pairs) {
        self.common.push([old, new]);
        if old.stored() == new.stored() {
            return;
        }
        self.changed += 1;
        answers::compare(&answers::of(old), &answers::of(new), &mut self.answers);
        let page = |annotation: &Annotation<'_>| items::object(annotation).and_then(|object| object.page_number);
        self.draws_differently |= page(old) != page(new) || !pairs.draw_same(items::shape(old), items::shape(new));
        self.scores_differ |= match (&old.body, &new.body) {
            (Body::Object(old), Body::Object(new)) => old.scores != new.scores,
            (Body::Classification(old), Body::Classification(new)) => old.scores != new.scores,
            _ => true,
        };
    }
}

/// Returns the IoU of two annotations in all places that both have; nothing if something has no area.
fn iou_of_all(common: &[[&Annotation<'_>; 2]]) -> Option<f64> {
    let mut sum = Overlap::default();
    for [old, new] in common {
        let [old, new] = [old, new].map(|annotation| items::object(annotation).and_then(Region::of));
        sum.add(old?.overlap(&new?));
    }
    Some(sum.iou())
}
