//! Annotations that are not written as stored: videos with every frame, and masks, whose URLs carry our address and a
//! signature.
//!
//! Only rows that need it are touched, one at a time, and only their annotations are parsed. What cannot be rewritten is
//! written as stored, with a notice. The frames themselves are written by the encoder, one by one: see
//! [`labelport_model::frames`].

use super::count::Counts;
use super::dictionary::Dictionary;
use super::sections::Interpolation;
use crate::export::mask_urls;
use crate::workspace::signing::Signer;
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
    labels: Vec<(usize, Rewrite)>,
}

/// What is written of a label.
pub(super) enum Rewrite {
    /// Every frame.
    Filled(Filled),
    /// Annotations with signed URLs.
    Signed(Vec<u8>),
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
    /// Signs the URLs of masks; `None` where the workspace keeps none.
    pub(super) signer: Option<&'a Signer>,
    /// Whether frames are filled.
    pub(super) is_filled: bool,
    pub(super) row_key: RowKey,
    pub(super) counts: &'a mut Counts,
    pub(super) notices: &'a mut Vec<Notice>,
}

impl Rewriter<'_> {
    /// Rewrites the labels in these entries of a page, and counts the annotations of those whose frames are filled.
    pub(super) fn rewrite(&mut self, page: &Page, entries: &[usize], column: usize) -> Rewritten {
        let mut rewritten = Rewritten::default();
        for entry in entries.iter().copied() {
            let Some(stored) = page.text(entry, column) else { continue };
            let has_masks = page.int(entry, 0) != 0;
            let signed = self.signer.filter(|_| has_masks).and_then(|signer| mask_urls::sign(stored, signer));
            match self.fill(signed.as_deref().unwrap_or(stored)) {
                Some(filled) => rewritten.labels.push((entry, Rewrite::Filled(filled))),
                None => rewritten.labels.extend(signed.map(|signed| (entry, Rewrite::Signed(signed)))),
            }
        }
        rewritten
    }

    fn fill(&mut self, annotations: &[u8]) -> Option<Filled> {
        if !self.is_filled {
            return None;
        }
        match Filled::new(annotations) {
            Ok(filled) => {
                let filled = filled?;
                filled.count(&mut |mark, frames| {
                    if let Some(feature_key) = self.dictionary.feature(&mark) {
                        self.counts.add_annotations(feature_key, frames);
                    }
                });
                Some(filled)
            }
            Err(reason) => {
                let message = format!("a label is written with its key frames only: {reason}");
                self.notices.push(Notice { row_key: self.row_key, message });
                None
            }
        }
    }
}

impl Rewritten {
    pub(super) fn of(&self, entry: usize) -> Option<&Rewrite> {
        let at = self.labels.binary_search_by_key(&entry, |(entry, _)| *entry).ok()?;
        Some(&self.labels[at].1)
    }
}
