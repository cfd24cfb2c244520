//! Which annotation of one label is which of the other: by feature id, and else by what is drawn.
//!
//! Where ids differ, objects of one class and kind are partners if they are equal, and then those whose IoU is best and at
//! least [`LEAST_IOU`]; relations, if their ends are partners; answers, if they are about the same. No order of the two labels
//! changes the pairs.

use super::items::{self, Item, Regions};
use labelport_model::annotation::{Relation, Shape, Text};
use std::collections::HashMap;

/// Objects that have less in common are two.
const LEAST_IOU: f64 = 0.5;

/// A label in which more pairs may overlap so much is not looked through: that would take minutes.
const CANDIDATES_LIMIT: usize = 100_000;

/// Pairs of annotations by their places in both lists, and the ids of the first ones by those of the second.
pub(super) struct Pairs {
    /// Partners of the first ones.
    pub(super) partners: Vec<Option<usize>>,
    /// Whether the second ones have partners.
    pub(super) is_taken: Vec<bool>,
    /// New feature ids by old ones.
    ids: HashMap<String, String>,
}

impl Pairs {
    /// Finds the pairs of two lists.
    pub(super) fn find(old: &[Item<'_>], new: &[Item<'_>]) -> Self {
        let mut pairs = Self { partners: vec![None; old.len()], is_taken: vec![false; new.len()], ids: HashMap::new() };
        pairs.join(old, new, |item| Some((item.is_object(), item.id.clone()?)));
        pairs.join(old, new, |item| Some((item.class.clone(), item.kind.clone(), drawn(item)?)));
        pairs.join_overlapping(old, new);
        // Their ends have partners by now.
        let ids = std::mem::take(&mut pairs.ids);
        pairs.join_relations(old, new, &ids);
        pairs.ids = ids;
        pairs.join(old, new, |item| (!item.is_object()).then(|| (item.class.clone(), format!("{:?}", item.subject()))));
        pairs
    }

    /// Returns whether two objects draw or point at the same. Ends of relations may have other ids.
    pub(super) fn draw_same(&self, old: Option<&Shape<'_>>, new: Option<&Shape<'_>>) -> bool {
        match (old, new) {
            (Some(Shape::Relation(old)), Some(Shape::Relation(new))) => {
                ends(old, Some(&self.ids)) == ends(new, None)
                    && (old.direction, &old.source_ontology_name) == (new.direction, &new.source_ontology_name)
            }
            _ => old == new,
        }
    }

    fn pair(&mut self, old: (usize, &Item<'_>), new: (usize, &Item<'_>)) {
        self.partners[old.0] = Some(new.0);
        self.is_taken[new.0] = true;
        if let (Some(before), Some(after)) = (&old.1.id, &new.1.id)
            && old.1.is_object()
        {
            self.ids.insert(before.clone(), after.clone());
        }
    }

    /// Pairs those without a partner that have the same key, in their order.
    fn join<K: std::hash::Hash + Eq>(
        &mut self,
        old: &[Item<'_>],
        new: &[Item<'_>],
        key: impl Fn(&Item<'_>) -> Option<K>,
    ) {
        let mut by_key: HashMap<K, Vec<usize>> = HashMap::new();
        for (index, item) in new.iter().enumerate().rev().filter(|(index, _)| !self.is_taken[*index]) {
            if let Some(key) = key(item) {
                by_key.entry(key).or_default().push(index);
            }
        }
        for (index, item) in old.iter().enumerate() {
            if self.partners[index].is_none()
                && let Some(partner) = key(item).and_then(|key| by_key.get_mut(&key)?.pop())
            {
                self.pair((index, item), (partner, &new[partner]));
            }
        }
    }

    fn join_relations(&mut self, old: &[Item<'_>], new: &[Item<'_>], ids: &HashMap<String, String>) {
        let key = |item: &Item<'_>, ids: Option<&HashMap<String, String>>| match items::shape(&item.states.first()?.1) {
            Some(Shape::Relation(relation)) => Some((item.class.clone(), item.kind.clone(), ends(relation, ids))),
            _ => None,
        };
        for (index, item) in old.iter().enumerate() {
            if self.partners[index].is_some() {
                continue;
            }
            let Some(wanted) = key(item, Some(ids)) else { continue };
            let found = (0..new.len())
                .find(|other| !self.is_taken[*other] && key(&new[*other], None).as_ref() == Some(&wanted));
            if let Some(partner) = found {
                self.pair((index, item), (partner, &new[partner]));
            }
        }
    }

    fn join_overlapping(&mut self, old: &[Item<'_>], new: &[Item<'_>]) {
        let of_old = regions_of(old, |index| self.partners[index].is_none());
        let of_new = regions_of(new, |index| !self.is_taken[index]);
        let mut candidates = Vec::new();
        for (one, regions) in &of_old {
            for (other, other_regions) in &of_new {
                let (first, second) = (&old[*one], &new[*other]);
                if items::iou_at_most(regions, other_regions) >= LEAST_IOU - 1e-9
                    && (&first.class, &first.kind) == (&second.class, &second.kind)
                {
                    candidates.push((*one, *other, regions, other_regions));
                }
            }
        }
        if candidates.len() > CANDIDATES_LIMIT {
            return;
        }
        let found =
            candidates.into_iter().map(|(one, other, regions, others)| (items::iou(regions, others), one, other));
        let mut found: Vec<_> = found.filter(|(iou, ..)| *iou >= LEAST_IOU).collect();
        // The sort is stable: of two pairs that share an annotation the first comes first, whichever side is the first.
        found.sort_by(|one, other| other.0.total_cmp(&one.0));
        for (_, one, other) in found {
            if self.partners[one].is_none() && !self.is_taken[other] {
                self.pair((one, &old[one]), (other, &new[other]));
            }
        }
    }
}

/// Lists what those annotations cover that have no partner yet.
fn regions_of<'a>(items: &[Item<'a>], is_free: impl Fn(usize) -> bool) -> Vec<(usize, Regions<'a>)> {
    let free = items.iter().enumerate().filter(|(index, _)| is_free(*index));
    free.filter_map(|(index, item)| Some((index, item.regions()?))).collect()
}

/// Returns what an object draws everywhere, as something that can be compared; nothing for a classification.
fn drawn(item: &Item<'_>) -> Option<String> {
    let mut text = String::new();
    for (at, annotation) in &item.states {
        let object = items::object(annotation)?;
        text.push_str(&format!("{at:?} {:?} {:?};", object.page_number, object.shape.as_ref()?));
    }
    Some(text)
}

/// Returns the ids of the ends of a relation, with other ids in place of theirs. Ends of one without a direction have no
/// order.
fn ends(relation: &Relation<'_>, ids: Option<&HashMap<String, String>>) -> [Option<String>; 2] {
    let end = |id: &Option<Text<'_>>| {
        let id = id.as_ref()?.escaped();
        Some(ids.and_then(|ids| ids.get(id)).map_or(id, String::as_str).to_owned())
    };
    let mut ends = [end(&relation.source), end(&relation.target)];
    if relation.direction == labelport_model::annotation::Direction::Mutual {
        ends.sort_unstable();
    }
    ends
}
