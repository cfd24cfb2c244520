//! One row of the demo, everything about it in one line.

use super::case::Labels;
use super::label::{LABELERS, REVIEWER, case_of, labeled_at, labels, reviewed_at, row_id};
use super::{Asset, Plan, Subject, issue, run, section};
use crate::SampleFile;
use crate::ascii_json::to_ascii_json;
use crate::moment::{MINUTE_MS, Moment, SECOND_MS};
use crate::passage::Passage;
use crate::shape::{Label, sorted_map};
use serde_json::{Value, json};

/// Returns the file of a data type.
pub(super) fn file(subject: &Subject) -> SampleFile {
    let mut ndjson = String::new();
    for (index, asset) in (subject.assets)().into_iter().enumerate() {
        ndjson.push_str(&to_ascii_json(&row(subject, index, asset)));
        ndjson.push('\n');
    }
    SampleFile { name: format!("{}.ndjson", subject.name), ndjson: ndjson.into_bytes() }
}

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
