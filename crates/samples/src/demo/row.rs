//! One row of the demo, everything about it in one line.

use serde_json::{Value, json};

use super::super::SampleFile;
use super::super::ascii_json::{milli, to_ascii_json};
use super::super::chance::{Chance, cuid_of};
use super::super::moment::{DAY_MS, HOUR_MS, MINUTE_MS, Moment, SECOND_MS};
use super::super::passage::Passage;
use super::super::shape::{Label, sorted_map};
use super::brush::Brush;
use super::case::{Case, Labels};
use super::{Asset, Plan, Subject, issue, run, section};

/// Returns the file of a data type.
pub(super) fn file(subject: &Subject) -> SampleFile {
    let mut ndjson = String::new();
    for (index, asset) in (subject.assets)().into_iter().enumerate() {
        ndjson.push_str(&to_ascii_json(&row(subject, index, asset)));
        ndjson.push('\n');
    }
    SampleFile { name: format!("{}.ndjson", subject.name), ndjson: ndjson.into_bytes() }
}

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
    // The story is told from a later page in a further project.
    let place = subject.projects.iter().position(|other| other.name == plan.name).unwrap_or_default();
    Case::of(index + 3 * place)
}

/// Returns when the first label of a row was submitted.
pub(super) fn labeled_at(index: usize) -> Moment {
    // The days reach from the middle of February into March, so that a date in between tells rows apart.
    Moment::START.plus(14 * DAY_MS + index as u64 * (2 * DAY_MS + 3 * HOUR_MS))
}

const LABELERS: [&str; 2] = ["ottilie@example.test", "bram@example.test"];
const REVIEWER: &str = "sunniva@example.test";
const BATCHES: [&str; 2] = ["week 8", "week 9"];

fn row(subject: &Subject, index: usize, asset: Asset) -> Value {
    let created = Moment::START.plus(index as u64 * MINUTE_MS);
    let updated = created.plus(2 * SECOND_MS);
    let mut last_activity = updated.max(issue::last_comment_on(subject, index).unwrap_or(updated));
    let mut projects = Vec::new();
    for plan in subject.projects.iter().filter(|plan| index < plan.rows) {
        let (section, last_moment) = project(subject, plan, index);
        projects.push((section::project_id(plan), section));
        last_activity = last_activity.max(last_moment);
    }
    json!({
        "data_row": {
            "id": row_id(subject, index),
            "external_id": asset.external_id,
            "global_key": format!("alder/{}/{:03}", subject.name, index + 1),
            "row_data": asset.row_data,
            "details": {
                "dataset_id": section::dataset(subject).id,
                "dataset_name": subject.dataset,
                "created_at": created.print(),
                "updated_at": updated.print(),
                "last_activity_at": last_activity.print(),
                "created_by": "ingest@example.test",
            },
        },
        "media_attributes": asset.media_attributes,
        "attachments": section::attachments(subject, index),
        "metadata_fields": section::metadata(index),
        "embeddings": section::embeddings(subject, index),
        "projects": sorted_map(projects),
        "experiments": run::experiments(subject, index),
    })
}

/// Returns a project of a row and when something last happened to the row there.
fn project(subject: &Subject, plan: &'static Plan, index: usize) -> (Value, Moment) {
    let case = case_of(subject, plan, index);
    let labels = labels(subject, plan, index);
    let passage = Passage {
        project: plan.name,
        batch: BATCHES[usize::from(index >= 3)],
        steps: case.steps,
        start: labeled_at(index),
        labeler: LABELERS[0],
        reviewer: REVIEWER,
        priority: 1 + index as u64 % 5,
        selected_label_id: labels.first().filter(|_| case.labels == Labels::Consensus).map(|label| label.id.as_str()),
        expected_labels: if case.labels == Labels::Consensus { 2 } else { 1 },
    };
    let section = json!({
        "name": plan.name,
        "labels": labels.iter().map(Label::in_project).collect::<Vec<_>>(),
        "project_details": passage.print(),
        "project_tags": section::project_tags(plan),
    });
    let last_label = if labels.is_empty() { labeled_at(index) } else { reviewed_at(index, labels.len() - 1) };
    (section, passage.last_moment().max(last_label))
}

fn submitted_at(index: usize, number: usize) -> Moment {
    labeled_at(index).plus(number as u64 * 17 * MINUTE_MS)
}

fn reviewed_at(index: usize, number: usize) -> Moment {
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
