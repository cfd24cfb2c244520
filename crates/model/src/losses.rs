//! What became of what an export was asked for: written as it is stored, reduced, or left out.
//!
//! An encoder adds a loss for each thing that its format cannot hold; equal losses are counted together. One whose format
//! cannot hold every annotation settles each of them, by class. So for every kind and class:
//! what is stored = kept + reduced + left out.

use std::collections::BTreeMap;

/// What became of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was written as it is.
    Kept,
    /// It was written in a poorer form.
    Reduced,
    /// It was not written.
    LeftOut,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Kept, Self::Reduced, Self::LeftOut];

    /// Returns the word in manifests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Reduced => "reduced",
            Self::LeftOut => "left_out",
        }
    }

    /// Finds an outcome by its word.
    pub fn find(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// What an object without an annotation kind is called among losses. It is of no class.
pub const KINDLESS: &str = "object without a kind";

/// What the assets of rows are called among losses, where a package is to hold them.
pub const MEDIA: &str = "media";

/// What became of some things.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// The kind of thing: an annotation kind, or a part of a row.
    pub what: String,
    /// The name of the class, for annotations that were settled one by one.
    pub class: Option<String>,
    /// What became of them.
    pub outcome: Outcome,
    /// Why, or how they were reduced, as a clause: "a formula cell got a leading apostrophe". Empty for what was kept.
    pub reason: String,
}

impl Loss {
    /// Returns whether it has to be accepted: an annotation, an answer or an asset is not in the result as it is stored.
    pub fn needs_consent(&self) -> bool {
        (self.class.is_some() || [KINDLESS, MEDIA].contains(&self.what.as_str())) && self.outcome != Outcome::Kept
    }
}

/// Losses with their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses {
    named: BTreeMap<Loss, u64>,
    /// By the place of the class, until classes get their names: names cost more than counting.
    settled: BTreeMap<(u32, Outcome, &'static str), u64>,
    /// The annotations that were kept, by the place of the class: they are most of all, and looked up without a search.
    kept: Vec<u64>,
}

impl Losses {
    /// Counts losses of one kind.
    pub fn add(&mut self, what: &str, outcome: Outcome, reason: &str, count: u64) {
        // Most rows have nothing to count.
        if count > 0 {
            self.insert(Loss { what: what.to_owned(), class: None, outcome, reason: reason.to_owned() }, count);
        }
    }

    /// Adds to a kind of loss.
    pub fn insert(&mut self, loss: Loss, count: u64) {
        if count > 0 {
            *self.named.entry(loss).or_default() += count;
        }
    }

    /// Says what became of an annotation, by the place of its class.
    pub fn settle(&mut self, class: u32, outcome: Outcome, reason: &'static str) {
        if outcome == Outcome::Kept && reason.is_empty() {
            self.keep(class as usize, 1);
        } else {
            *self.settled.entry((class, outcome, reason)).or_default() += 1;
        }
    }

    fn keep(&mut self, place: usize, count: u64) {
        if self.kept.len() <= place {
            self.kept.resize(place + 1, 0);
        }
        self.kept[place] += count;
    }

    /// Lists what was settled, also what was kept.
    fn settled(&self) -> impl Iterator<Item = ((u32, Outcome, &'static str), u64)> {
        let kept = (0..).zip(&self.kept).filter(|(_, count)| **count > 0);
        let kept = kept.map(|(place, count)| ((place, Outcome::Kept, ""), *count));
        kept.chain(self.settled.iter().map(|(settled, count)| (*settled, *count)))
    }

    /// Adds the losses of another thread.
    pub fn merge(&mut self, other: Self) {
        for (loss, count) in other.named {
            self.insert(loss, count);
        }
        for (settled, count) in other.settled {
            *self.settled.entry(settled).or_default() += count;
        }
        for (place, count) in other.kept.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            self.keep(place, count);
        }
    }

    /// Gives every class that was settled by its place its annotation kind and name.
    pub fn name_classes(&mut self, mut name: impl FnMut(u32) -> (String, String)) {
        let settled: Vec<_> = self.settled().collect();
        (self.settled, self.kept) = (BTreeMap::new(), Vec::new());
        for ((class, outcome, reason), count) in settled {
            let (what, class) = name(class);
            self.insert(Loss { what, class: Some(class), outcome, reason: reason.to_owned() }, count);
        }
    }

    /// Lists the places of classes of which something is in the result, with how many annotations.
    pub fn written_classes(&self) -> BTreeMap<u32, u64> {
        let mut written = BTreeMap::new();
        for ((class, outcome, _), count) in self.settled() {
            if outcome != Outcome::LeftOut {
                *written.entry(class).or_default() += count;
            }
        }
        written
    }

    /// Returns whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.settled.is_empty() && self.kept.is_empty()
    }

    /// Lists what became of things, in order; of annotations that were settled by class once these have names.
    pub fn iter(&self) -> impl Iterator<Item = (&Loss, u64)> {
        self.named.iter().map(|(loss, count)| (loss, *count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settled_annotations_are_added_up_by_class() {
        let (mut losses, mut other) = (Losses::default(), Losses::default());
        losses.settle(1, Outcome::Kept, "");
        other.settle(1, Outcome::Kept, "");
        other.settle(0, Outcome::LeftOut, "it is a line");
        losses.merge(other);
        assert_eq!(losses.written_classes(), BTreeMap::from([(1, 2)]));
        losses.name_classes(|class| ("ImagePolyline".to_owned(), format!("class {class}")));
        let found: Vec<_> = losses.iter().map(|(loss, count)| (loss.class.as_deref(), loss.outcome, count)).collect();
        assert_eq!(found, [(Some("class 0"), Outcome::LeftOut, 1), (Some("class 1"), Outcome::Kept, 2)]);
        assert_eq!(losses.iter().filter(|(loss, _)| loss.needs_consent()).count(), 1);
    }

    #[test]
    fn objects_without_a_kind_and_assets_are_not_lost_without_consent() {
        let loss =
            |what: &str| Loss { what: what.to_owned(), class: None, outcome: Outcome::LeftOut, reason: String::new() };
        assert!(loss(KINDLESS).needs_consent() && loss(MEDIA).needs_consent() && !loss("row").needs_consent());
    }

    #[test]
    fn every_outcome_is_found_by_its_word() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::find(outcome.word()), Some(outcome));
        }
        assert_eq!(Outcome::find("lost"), None);
    }
}
