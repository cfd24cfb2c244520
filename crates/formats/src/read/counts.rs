//! What is counted while the records of a foreign form are read, so that nothing is lost without a word.

use std::collections::BTreeMap;

/// The most names of members that are kept apart; members of other names are counted together.
const NAMES_LIMIT: usize = 200;
/// The most reasons why a file could not be fetched.
const REASONS_LIMIT: usize = 20;

/// How many there were, and how many were stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Conserved {
    /// In the records.
    pub read: u64,
    /// In the rows that were made of them.
    pub stored: u64,
}

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects and relations, on each frame.
    pub objects: Conserved,
    /// Classifications, on each frame.
    pub classifications: Conserved,
    /// Members that today's form has no key for and that were kept as they came, by their place in a record.
    pub kept: BTreeMap<String, u64>,
    /// Rows and labels whose ids were made from something else.
    pub derived_ids: u64,
    /// Masks whose pictures are here.
    pub masks_here: u64,
    /// Masks whose pictures are where the record says.
    pub masks_elsewhere: u64,
    /// Files of frames that were read.
    pub frame_files_here: u64,
    /// Files of frames that are where the record says.
    pub frame_files_elsewhere: u64,
    /// Files that were to be fetched and could not.
    pub unreachable: u64,
    /// Why, the first of them, each once.
    pub unreachable_reasons: Vec<String>,
}

impl Counts {
    /// Counts a member that is kept as it came.
    pub(super) fn keep(&mut self, place: &str, key: &str) {
        let name = if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
        self.keep_named(name, 1);
    }

    fn keep_named(&mut self, name: String, count: u64) {
        let is_full = self.kept.len() >= NAMES_LIMIT && !self.kept.contains_key(&name);
        *self.kept.entry(if is_full { "other members".to_owned() } else { name }).or_default() += count;
    }

    /// Counts a file that is elsewhere, if it was to be fetched.
    pub(super) fn unreachable(&mut self, reason: Option<String>) {
        let Some(reason) = reason else { return };
        self.unreachable += 1;
        self.add_reason(reason);
    }

    fn add_reason(&mut self, reason: String) {
        if self.unreachable_reasons.len() < REASONS_LIMIT && !self.unreachable_reasons.contains(&reason) {
            self.unreachable_reasons.push(reason);
        }
    }

    /// Adds what was counted in another record or file.
    pub fn add(&mut self, other: Self) {
        for (total, counted) in [(&mut self.objects, other.objects), (&mut self.classifications, other.classifications)]
        {
            total.read += counted.read;
            total.stored += counted.stored;
        }
        for (total, counted) in [
            (&mut self.derived_ids, other.derived_ids),
            (&mut self.masks_here, other.masks_here),
            (&mut self.masks_elsewhere, other.masks_elsewhere),
            (&mut self.frame_files_here, other.frame_files_here),
            (&mut self.frame_files_elsewhere, other.frame_files_elsewhere),
            (&mut self.unreachable, other.unreachable),
        ] {
            *total += counted;
        }
        other.kept.into_iter().for_each(|(name, count)| self.keep_named(name, count));
        other.unreachable_reasons.into_iter().for_each(|reason| self.add_reason(reason));
    }
}
