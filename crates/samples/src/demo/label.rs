//! Labels of the demo's rows: who made them, when, and how good they are.

use super::brush::Brush;
use super::case::{Case, Labels};
use super::{Plan, Subject};
use crate::ascii_json::milli;
use crate::chance::{Chance, cuid_of};
use crate::moment::{DAY_MS, HOUR_MS, MINUTE_MS, Moment};
use crate::shape::Label;
use serde_json::{Value, json};

/// Who labels.
pub(super) const LABELERS: [&str; 2] = ["ottilie@example.test", "bram@example.test"];
/// Who reviews.
pub(super) const REVIEWER: &str = "sunniva@example.test";

/// Returns the id of the row at that place in the file of its data type.
pub(super) fn row_id(subject: &Subject, index: usize) -> String {
    cuid_of(&format!("{}/row/{index}", subject.name))
}

/// Returns the labels of a row in a project, in the order in which they were made.
pub(super) fn labels(subject: &Subject, plan: &'static Plan, index: usize) -> Vec<Label> {
    let kind = case_of(subject, plan, index).labels;
    let count = match kind {
        Labels::None => 0,
        Labels::Consensus | Labels::Benchmark => 2,
        Labels::Plain | Labels::Reviewed | Labels::Skipped => 1,
    };
    let path = |number: usize| format!("{}/row/{index}/label/{number}", plan.name);
    let ids: Vec<String> = (0..count).map(|number| cuid_of(&path(number))).collect();
    let mut labels = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let mut brush = Brush::new(plan.name, &path(number), 1.5 * number as f64);
        let annotations = if kind == Labels::Skipped { (plan.blank)() } else { (plan.annotate)(&mut brush, index) };
        labels.push(Label {
            id: id.clone(),
            kind: subject.label_kind,
            details: label_details(kind, index, number),
            performance: performance(kind, index, number, &ids),
            annotations,
            z_order: None,
        });
    }
    labels
}

/// Returns what happened to a row in a project.
pub(super) fn case_of(subject: &Subject, plan: &Plan, index: usize) -> &'static Case {
    // In each further project the story begins later.
    let place = subject.projects.iter().position(|other| other.name == plan.name).unwrap_or_default();
    Case::of(index + 3 * place)
}

/// Returns when the first label of a row was submitted.
pub(super) fn labeled_at(index: usize) -> Moment {
    // The days reach from the middle of February into March, so that a date in between separates the rows.
    Moment::START.plus(14 * DAY_MS + index as u64 * (2 * DAY_MS + 3 * HOUR_MS))
}

fn submitted_at(index: usize, number: usize) -> Moment {
    labeled_at(index).plus(number as u64 * 17 * MINUTE_MS)
}

/// Returns when a label of a row was reviewed.
pub(super) fn reviewed_at(index: usize, number: usize) -> Moment {
    submitted_at(index, number).plus(HOUR_MS)
}

fn label_details(kind: Labels, index: usize, number: usize) -> Value {
    let submitted = submitted_at(index, number);
    let reviewed = reviewed_at(index, number).print();
    let reviews = match kind {
        Labels::Reviewed => json!([{"reviewed_at": reviewed, "reviewed_by": REVIEWER}]),
        _ => json!([]),
    };
    json!({
        "created_at": submitted.print(),
        "updated_at": reviewed,
        "created_by": LABELERS[number],
        "content_last_updated_at": submitted.plus(412).print(),
        "reviews": reviews,
    })
}

fn performance(kind: Labels, index: usize, number: usize, ids: &[String]) -> Value {
    let mut chance = Chance::named(&ids[number]);
    let mut performance = json!({
        "seconds_to_create": chance.between(15, 600),
        "seconds_to_review": if kind == Labels::Reviewed { chance.between(5, 90) } else { 0 },
        "skipped": kind == Labels::Skipped,
    });
    if kind == Labels::Benchmark {
        performance["benchmark_reference_label"] = ids[0].clone().into();
        if number > 0 {
            performance["benchmark_score"] = milli(875);
        }
    }
    if kind == Labels::Consensus {
        performance["consensus_score"] = milli(750 + index as i64);
        performance["consensus_label_count"] = ids.len().into();
        performance["consensus_labels"] = ids.into();
    }
    performance
}
