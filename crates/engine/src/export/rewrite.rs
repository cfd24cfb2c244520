//! Annotations that a request asks for in another form than they are stored: videos with every frame.
//!
//! Only rows that need it are touched, one at a time, and only their annotations are parsed. What cannot be rewritten is
//! written as stored, with a notice. The frames themselves are written by the encoder, one by one: see
//! [`labelport_model::frames`].

use super::count::Counts;
use super::dictionary::Dictionary;
use super::shape::Interpolation;
use labelport_model::data_type;
use labelport_model::frames::Filled;
use labelport_store::read::page::Page;
use labelport_store::row_key::RowKey;
use std::collections::BTreeSet;

/// Something that an export could not do for one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) row_key: RowKey,
    pub(crate) message: String,
}

/// The labels of one row that are rewritten, by page entry.
#[derive(Default)]
pub(super) struct Rewritten {
    labels: Vec<(usize, Filled)>,
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

    pub(super) fn holds(&self, row: RowKey) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::These(rows) => rows.contains(&row),
        }
    }
}

/// Rewrites the labels of one row.
pub(super) struct Rewriter<'a> {
    pub(super) dictionary: &'a Dictionary,
    pub(super) row_key: RowKey,
    pub(super) counts: &'a mut Counts,
    pub(super) notices: &'a mut Vec<Notice>,
}

impl Rewriter<'_> {
    /// Fills the frames of the labels that stand in these entries of a page, and counts their annotations.
    pub(super) fn rewrite(&mut self, page: &Page, entries: &[usize], column: usize) -> Rewritten {
        let mut rewritten = Rewritten::default();
        for entry in entries.iter().copied() {
            let Some(annotations) = page.text(entry, column) else { continue };
            match Filled::new(annotations) {
                Ok(Some(filled)) => {
                    filled.count(&mut |mark, frames| {
                        if let Some(feature_key) = self.dictionary.feature(&mark) {
                            self.counts.add_annotations(feature_key, frames);
                        }
                    });
                    rewritten.labels.push((entry, filled));
                }
                Ok(None) => {}
                Err(reason) => {
                    let message = format!("a label is written with its key frames only: {reason}");
                    self.notices.push(Notice { row_key: self.row_key, message });
                }
            }
        }
        rewritten
    }
}

impl Rewritten {
    pub(super) fn of(&self, entry: usize) -> Option<&Filled> {
        let at = self.labels.binary_search_by_key(&entry, |(entry, _)| *entry).ok()?;
        Some(&self.labels[at].1)
    }
}
