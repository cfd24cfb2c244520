//! Which labels of a row are written, and why the others are not.
//!
//! A format of pictures writes one label of a row: those of several people would be on top of each other.

use super::chosen::{Chosen, NOT_CHOSEN, label_id};
use labelport_model::record::{LabelRecord, Record};

/// A label, and what is decided about it.
pub(super) struct Decided<'r> {
    pub(super) label: LabelRecord<'r>,
    pub(super) id: String,
    /// Why it is not written, as a clause; nothing for the one that is.
    pub(super) left_out: Option<&'static str>,
}

/// Decides about the labels and predictions of a row, in the order in which an export shows them. Where the row cannot be
/// written at all, none is.
pub(super) fn decide<'r>(record: &Record<'r>, chosen: Chosen, unusable: Option<&'static str>) -> Vec<Decided<'r>> {
    let mut decided = Vec::new();
    let mut add = |labels: &'r [LabelRecord<'r>], chosen: Option<usize>, reason: Option<&'static str>| {
        decided.extend(labels.iter().enumerate().map(|(place, label)| {
            let other = (chosen != Some(place)).then_some(NOT_CHOSEN);
            Decided { label: *label, id: label_id(label), left_out: unusable.or(reason).or(other) }
        }));
    };
    let projects = record.projects.unwrap_or_default();
    let own = projects.iter().find(|project| !project.labels.is_empty());
    for project in projects {
        let is_own = own.is_some_and(|own| std::ptr::eq(own, project));
        let reason = (!is_own).then_some("its row is in several projects; export them one by one");
        add(project.labels, chosen.among(Some(project), project.labels), reason);
    }
    let runs = record.models.into_iter().flatten().flat_map(|model| model.runs);
    for (index, run) in runs.enumerate() {
        let reason = match (own, index) {
            (Some(_), _) => Some("it is of a model run, and the labels of the project are written"),
            (None, 0) => None,
            (None, _) => Some("its row is in several model runs; export them one by one"),
        };
        add(run.labels, chosen.among(None, run.labels), reason);
        add(run.predictions.unwrap_or_default(), None, Some("it is a prediction"));
    }
    decided
}
