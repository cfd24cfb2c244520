//! What an export counts while it runs.

use labelport_store::write::tally;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a request asks for and an import did not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Unknown {
    MediaAttributes,
    Attachments,
    MetadataFields,
    Embeddings,
    DataRowDetails,
    ProjectDetails,
    LabelDetails,
    PerformanceDetails,
    RunLabels,
    Predictions,
}

impl Unknown {
    /// Returns the key that is missing or empty in the rows.
    pub(crate) fn section(self) -> &'static str {
        match self {
            Self::MediaAttributes => "media_attributes",
            Self::Attachments => "attachments",
            Self::MetadataFields => "metadata_fields",
            Self::Embeddings => "embeddings",
            Self::DataRowDetails => "data_row.details",
            Self::ProjectDetails => "project_details",
            Self::LabelDetails => "label_details",
            Self::PerformanceDetails => "performance_details",
            Self::RunLabels => "experiments labels",
            Self::Predictions => "predictions",
        }
    }
}

/// Counts of one worker, or of all.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) rows: u64,
    pub(crate) labels: u64,
    pub(crate) run_labels: u64,
    pub(crate) predictions: u64,
    /// By feature key.
    annotations: Vec<u64>,
    pub(crate) unknown: BTreeMap<Unknown, u64>,
}

impl Counts {
    /// Adds the stored counts of a label.
    pub(crate) fn add_tally(&mut self, bytes: &[u8]) {
        tally::decode(bytes, &mut |feature_key, count| self.add_annotations(feature_key, count));
    }

    /// Adds annotations of a feature.
    pub(crate) fn add_annotations(&mut self, feature_key: i64, count: u64) {
        let Ok(index) = usize::try_from(feature_key) else { return };
        if index >= self.annotations.len() {
            self.annotations.resize(index + 1, 0);
        }
        self.annotations[index] += count;
    }

    /// Notes that a section asked for is not known.
    pub(crate) fn miss(&mut self, section: Unknown) {
        *self.unknown.entry(section).or_default() += 1;
    }

    /// Returns the annotations counted for a feature.
    pub(crate) fn annotations_of(&self, feature_key: i64) -> u64 {
        usize::try_from(feature_key).ok().and_then(|index| self.annotations.get(index)).copied().unwrap_or(0)
    }

    /// Adds the counts of another worker.
    pub(crate) fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.labels += other.labels;
        self.run_labels += other.run_labels;
        self.predictions += other.predictions;
        for (feature_key, count) in other.annotations.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.add_annotations(feature_key as i64, *count);
        }
        for (section, count) in &other.unknown {
            *self.unknown.entry(*section).or_default() += count;
        }
    }
}
