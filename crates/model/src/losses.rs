//! What an export could not write as it is stored.
//!
//! An encoder adds a loss for each thing that its format cannot hold; equal losses are counted together. So for every kind
//! of thing: what is stored = what is written + what was left out.

use std::collections::BTreeMap;

/// What became of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It was written in a poorer form.
    Reduced,
    /// It was not written.
    LeftOut,
}

impl Outcome {
    /// Returns the word in manifests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reduced => "reduced",
            Self::LeftOut => "left_out",
        }
    }
}

/// A kind of loss.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// The kind of thing: an annotation kind, or a part of a row.
    pub what: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, or how it was reduced, as a clause: "a formula cell got a leading apostrophe".
    pub reason: String,
}

/// Losses with their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Losses(BTreeMap<Loss, u64>);

impl Losses {
    /// Counts losses of one kind.
    pub fn add(&mut self, what: &str, outcome: Outcome, reason: &str, count: u64) {
        if count > 0 {
            let loss = Loss { what: what.to_owned(), outcome, reason: reason.to_owned() };
            *self.0.entry(loss).or_default() += count;
        }
    }

    /// Adds the losses of another thread.
    pub fn merge(&mut self, other: Self) {
        for (loss, count) in other.0 {
            *self.0.entry(loss).or_default() += count;
        }
    }

    /// Returns whether nothing was lost.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lists the losses in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Loss, u64)> {
        self.0.iter().map(|(loss, count)| (loss, *count))
    }
}
