//! Annotations that a request wants otherwise than they are stored.
//!
//! Only rows that need it are touched, and only their annotations are parsed. What cannot be written anew is written as
//! stored, with a notice.

use super::count::Counts;
use super::dictionary::Dictionary;
use super::interpolate;
use super::shape::Interpolation;
use labelport_model::annotation;
use labelport_model::data_type;
use labelport_model::json::Document;
use labelport_store::page::{Page, RowKey};
use std::collections::BTreeSet;
use std::ops::Range;

/// Something that an export could not do for one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) row_key: RowKey,
    pub(crate) message: String,
}

/// Annotations that are written otherwise than stored, by page entry.
#[derive(Default)]
pub(super) struct Rewritten {
    bytes: Vec<u8>,
    places: Vec<(usize, Range<usize>)>,
}

/// The rows of a block whose videos are written frame by frame.
pub(super) enum InterpolatedRows {
    None,
    All,
    These(BTreeSet<RowKey>),
}

impl InterpolatedRows {
    pub(super) fn find(interpolation: Interpolation, rows: &Page) -> Self {
        match interpolation {
            Interpolation::Off => Self::None,
            Interpolation::OfAllRows => Self::All,
            Interpolation::OfTypesWithKeyFrames => {
                let has_key_frames = |name: &[u8]| {
                    std::str::from_utf8(name).ok().and_then(data_type::find).is_some_and(|found| found.has_key_frames)
                };
                let chosen = (0..rows.len()).filter(|at| rows.text(*at, 4).is_some_and(has_key_frames));
                Self::These(chosen.map(|at| rows.key(at)).collect())
            }
        }
    }

    /// Tells whether any of these rows gets frames that are not stored.
    pub(super) fn holds_any(&self, keys: &[RowKey]) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(rows) => keys.iter().any(|key| rows.contains(key)),
        }
    }

    fn holds(&self, row: RowKey) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(rows) => rows.contains(&row),
        }
    }
}

/// Writes annotations anew where the request needs it.
pub(super) struct Rewriter<'a> {
    pub(super) dictionary: &'a Dictionary,
    pub(super) document: &'a mut Document,
    pub(super) counts: &'a mut Counts,
    pub(super) notices: &'a mut Vec<Notice>,
}

impl Rewriter<'_> {
    /// Interpolates the labels of a page that need it, and counts their annotations as written.
    pub(super) fn rewrite(
        &mut self,
        page: &Page,
        column: usize,
        rows: &InterpolatedRows,
        keys: &[RowKey],
    ) -> Rewritten {
        let mut rewritten = Rewritten::default();
        let end = keys.last().map_or(0, |last| *last);
        if matches!(rows, InterpolatedRows::None) || keys.is_empty() {
            return rewritten;
        }
        for entry in (0..page.len()).take_while(|entry| page.key(*entry) <= end) {
            let row_key = page.key(entry);
            let Some(annotations) = page.text(entry, column) else { continue };
            // Keys between the selected ones are loaded with them and written nowhere.
            if !rows.holds(row_key) || keys.binary_search(&row_key).is_err() {
                continue;
            }
            let start = rewritten.bytes.len();
            let outcome = self
                .document
                .read(annotations)
                .map_err(|error| error.to_string())
                .and_then(|()| interpolate::interpolate(self.document.root(), &mut rewritten.bytes));
            match outcome {
                Ok(interpolate::Outcome::Written) => {
                    if self.document.read(&rewritten.bytes[start..]).is_ok() {
                        annotation::for_each(self.document.root(), &mut |mark| {
                            if let Some(feature_key) = self.dictionary.feature(&mark) {
                                self.counts.add_annotations(feature_key, 1);
                            }
                        });
                    }
                    rewritten.places.push((entry, start..rewritten.bytes.len()));
                }
                Ok(interpolate::Outcome::NothingToDo) => rewritten.bytes.truncate(start),
                Err(reason) => {
                    rewritten.bytes.truncate(start);
                    let message = format!("a label is written with its key frames only: {reason}");
                    self.notices.push(Notice { row_key, message });
                }
            }
        }
        rewritten
    }
}

impl Rewritten {
    pub(super) fn of(&self, entry: usize) -> Option<&[u8]> {
        let at = self.places.binary_search_by_key(&entry, |(entry, _)| *entry).ok()?;
        Some(&self.bytes[self.places[at].1.clone()])
    }
}
