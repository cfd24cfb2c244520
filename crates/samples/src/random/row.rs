//! One row of a random workspace.

use serde_json::{Value, json};

use super::super::ascii_json::{milli, push_text, to_ascii_json};
use super::super::chance::Chance;
use super::super::moment::{DAY_MS, HOUR_MS, MINUTE_MS, Moment, SECOND_MS};
use super::super::passage::{Passage, Step};
use super::super::shape::{Label, add_confidence, feature_id, prediction, sorted_map};
use super::pen::Pen;
use super::world::{FieldKind, Model, Project, World};
use super::{Asset, PAINTERS, Painter, words};

/// Returns the row as one line of JSON without a line feed.
pub(super) fn line(world: &World, chance: &mut Chance, number: u64) -> String {
    let painter = chance.pick(&world.painters).copied().unwrap_or(&PAINTERS[0]);
    let asset = (painter.asset)(chance);
    let created = Moment::START.plus(number * MINUTE_MS + chance.below(SECOND_MS));
    let updated = created.plus(chance.below(HOUR_MS));
    let mut last_activity = updated;
    let mut projects = Vec::new();
    let mut labels = Vec::new();
    for project in world.projects.iter().filter(|project| project.data_type == painter.name) {
        if chance.happens(75) {
            let start = updated.plus(HOUR_MS + chance.below(20 * DAY_MS));
            let mut stay = stay(world, chance, project, painter, &asset, start);
            last_activity = last_activity.max(stay.last_moment);
            projects.push((project.id.clone(), stay.section));
            labels.append(&mut stay.labels);
        }
    }
    let mut models = Vec::new();
    for model in world.models.iter().filter(|model| model.data_type == painter.name) {
        if let Some(section) = experiment(world, chance, model, painter, &asset, &labels) {
            models.push((model.id.clone(), section));
        }
    }
    let (dataset_id, dataset_name) = chance.pick(&world.datasets).cloned().unwrap_or_default();
    let mut data_row = json!({"id": chance.cuid()});
    if chance.happens(70) {
        data_row["external_id"] = words::name(chance).into();
    }
    if chance.happens(70) {
        data_row["global_key"] = format!("{} {number}", words::name(chance)).into();
    }
    data_row["row_data"] = asset.row_data.into();
    data_row["details"] = json!({
        "dataset_id": dataset_id,
        "dataset_name": dataset_name,
        "created_at": created.print(),
        "updated_at": updated.print(),
        "last_activity_at": last_activity.print(),
        "created_by": person(chance),
    });
    // Metadata is text already: its numbers have spellings that a parsed number would lose.
    format!(
        concat!(
            r#"{{"data_row":{},"media_attributes":{},"attachments":{},"metadata_fields":{},"#,
            r#""embeddings":{},"projects":{},"experiments":{}}}"#
        ),
        to_ascii_json(&data_row),
        to_ascii_json(&asset.media_attributes),
        to_ascii_json(&attachments(chance)),
        metadata(world, chance),
        to_ascii_json(&embeddings(world, chance)),
        to_ascii_json(&sorted_map(projects)),
        to_ascii_json(&sorted_map(models)),
    )
}

/// A row's stay in a project.
struct Stay {
    section: Value,
    /// The labels that were not skipped.
    labels: Vec<Label>,
    last_moment: Moment,
}

use Step::{Approve, Enter, Finish, Reject, Reopen, Resubmit, Submit};

const LABELED: &[&[Step]] = &[
    &[Enter, Submit],
    &[Enter, Submit, Approve],
    &[Enter, Submit, Finish],
    &[Enter, Submit, Reject],
    &[Enter, Submit, Reject, Resubmit],
    &[Enter, Submit, Reject, Resubmit, Approve],
    &[Enter, Submit, Approve, Reopen],
    &[Enter, Submit, Approve, Reopen, Finish],
];

/// Spellings that a parser prints as they are.
const PLAIN_NUMBERS: &[&str] = &[
    "12.1",
    "7",
    "1e-7",
    "-0.0",
    "9007199254740993",
    "0",
    "-273.15",
    "0.1",
    "-9223372036854775808",
    "18446744073709551615",
];
/// Spellings that a parser prints differently.
const ODD_NUMBERS: &[&str] = &["12.10", "1E+2", "-0", "1e5", "0.1000", "100000000000000000000000001", "2.5E-3"];

const ATTACHMENT_KINDS: &[&str] =
    &["IMAGE", "VIDEO", "AUDIO", "IMAGE_OVERLAY", "HTML", "RAW_TEXT", "TEXT_URL", "PDF_URL"];
const PEOPLE: &[&str] = &["ada@example.test", "li+qa@example.test", "o'neil@example.test"];
const SPLITS: &[&str] = &["Training", "Validation", "Test"];

fn stay(
    world: &World,
    chance: &mut Chance,
    project: &Project,
    painter: &Painter,
    asset: &Asset,
    start: Moment,
) -> Stay {
    let ids: Vec<String> = (0..chance.below(4)).map(|_| chance.cuid()).collect();
    let mut last_moment = start;
    let mut labels = Vec::new();
    for (number, id) in ids.iter().enumerate() {
        let submitted = start.plus(number as u64 * HOUR_MS + chance.below(HOUR_MS));
        let updated = submitted.plus(chance.below(DAY_MS));
        last_moment = last_moment.max(updated);
        let mut pen = Pen::new(chance.next_u64(), &project.path, world.size.masks);
        let annotations = (painter.annotate)(&mut pen, asset);
        let z_order = z_order(chance, &annotations);
        labels.push(Label {
            id: id.clone(),
            kind: painter.label_kind,
            details: label_details(chance, submitted, updated),
            performance: performance(chance, id, &ids),
            annotations,
            z_order,
        });
    }
    let steps = if labels.is_empty() { &[Enter][..] } else { chance.pick(LABELED).copied().unwrap_or(&[Enter]) };
    let batch = chance.pick(&project.batches).map_or("", String::as_str);
    let selected = chance.happens(50) && labels.len() > 1;
    let passage = Passage {
        project: &project.path,
        batch,
        steps,
        start,
        labeler: person(chance),
        reviewer: person(chance),
        priority: chance.between(1, 5),
        selected_label_id: chance.pick(&ids).filter(|_| selected).map(String::as_str),
        expected_labels: Chance::named(&format!("{}/{batch}", project.path)).between(1, 3),
    };
    let section = json!({
        "name": project.name,
        "labels": labels.iter().map(Label::in_project).collect::<Vec<_>>(),
        "project_details": passage.print(),
        "project_tags": project.tags,
    });
    last_moment = last_moment.max(passage.last_moment());
    labels.retain(|label| label.performance["skipped"] == false);
    Stay { section, labels, last_moment }
}

/// Returns the order of drawing, for some labels whose objects stand in a list.
fn z_order(chance: &mut Chance, annotations: &Value) -> Option<Value> {
    let objects = annotations["objects"].as_array().filter(|objects| !objects.is_empty())?;
    let relationships = annotations["relationships"].as_array()?;
    chance.happens(15).then(|| objects.iter().chain(relationships).map(feature_id).collect())
}

fn label_details(chance: &mut Chance, submitted: Moment, updated: Moment) -> Value {
    let reviews: Vec<Value> =
        (0..chance.below(3)).map(|_| json!({"reviewed_at": updated.print(), "reviewed_by": person(chance)})).collect();
    json!({
        "created_at": submitted.print(),
        "updated_at": updated.print(),
        "created_by": person(chance),
        "content_last_updated_at": submitted.print(),
        "reviews": reviews,
    })
}

fn performance(chance: &mut Chance, id: &str, ids: &[String]) -> Value {
    let mut performance = json!({
        "seconds_to_create": chance.below(5_000),
        "seconds_to_review": chance.below(500),
        "skipped": chance.happens(10),
    });
    if chance.happens(15) {
        performance["benchmark_reference_label"] = id.into();
    } else if chance.happens(15) {
        performance["benchmark_reference_label"] = ids[0].clone().into();
        performance["benchmark_score"] = milli(chance.below(1_001) as i64);
    }
    if ids.len() > 1 && chance.happens(60) {
        performance["consensus_score"] = milli(chance.below(1_001) as i64);
        if chance.happens(50) {
            performance["consensus_label_count"] = ids.len().into();
            performance["consensus_labels"] = ids.into();
        }
    }
    performance
}

fn experiment(
    world: &World,
    chance: &mut Chance,
    model: &Model,
    painter: &Painter,
    asset: &Asset,
    labels: &[Label],
) -> Option<Value> {
    let mut runs = Vec::new();
    for (id, name) in &model.runs {
        if chance.happens(65) {
            continue;
        }
        let mut run = json!({"name": name, "run_data_row_id": chance.uuid()});
        if chance.happens(70) {
            run["annotation_group_id"] = chance.uuid().into();
        }
        run["labels"] = labels.iter().filter(|_| chance.happens(60)).map(Label::in_run).collect();
        let predictions = (0..chance.below(3)).map(|_| {
            let mut pen = Pen::new(chance.next_u64(), &model.ontology, world.size.masks);
            let mut annotations = (painter.annotate)(&mut pen, asset);
            if chance.happens(80) {
                add_confidence(&mut annotations, chance);
            }
            prediction(&chance.cuid(), painter.label_kind, annotations)
        });
        run["predictions"] = predictions.collect();
        if chance.happens(70) {
            run["split"] = chance.pick(SPLITS).copied().into();
        }
        runs.push((id.clone(), run));
    }
    (!runs.is_empty()).then(|| json!({"name": model.name, "runs": sorted_map(runs)}))
}

fn attachments(chance: &mut Chance) -> Value {
    let count = chance.below(3);
    let attachment = |_| {
        let kind = chance.pick(ATTACHMENT_KINDS).copied().unwrap_or_default();
        let value = if kind == "RAW_TEXT" { words::content(chance, 60) } else { words::url(chance, "bin") };
        let mut attachment = json!({"id": chance.cuid(), "type": kind, "value": value});
        if chance.happens(60) {
            attachment["name"] = words::name(chance).into();
        }
        attachment
    };
    (0..count).map(attachment).collect()
}

/// Returns some of the metadata fields, in the order of the schema, as JSON.
fn metadata(world: &World, chance: &mut Chance) -> String {
    let mut out = String::from("[");
    for field in &world.metadata {
        if chance.happens(50) {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        let (kind, value) = match &field.kind {
            FieldKind::String => ("CustomMetadataString", to_ascii_json(&words::content(chance, 30).into())),
            FieldKind::Number => ("CustomMetadataNumber", number(world, chance).to_owned()),
            FieldKind::DateTime => {
                let moment = Moment::START.plus(chance.below(400 * DAY_MS));
                ("CustomMetadataDateTime", to_ascii_json(&moment.print().into()))
            }
            FieldKind::Enum(options) => {
                let chosen: Vec<Value> = chance.pick(options).cloned().into_iter().collect();
                ("CustomMetadataEnum", to_ascii_json(&chosen.into()))
            }
        };
        out.push_str(r#"{"schema_id":"#);
        push_text(&mut out, &field.schema_id);
        out.push_str(r#","schema_name":"#);
        push_text(&mut out, &field.name);
        out.push_str(r#","schema_kind":"#);
        push_text(&mut out, kind);
        out.push_str(r#","value":"#);
        out.push_str(&value);
        out.push('}');
    }
    out.push(']');
    out
}

fn number(world: &World, chance: &mut Chance) -> &'static str {
    let odd = world.size.odd_spellings && chance.happens(50);
    chance.pick(if odd { ODD_NUMBERS } else { PLAIN_NUMBERS }).copied().unwrap_or("0")
}

fn embeddings(world: &World, chance: &mut Chance) -> Value {
    let mut embeddings = Vec::new();
    for embedding in &world.embeddings {
        if chance.happens(60) {
            continue;
        }
        let values: Vec<Value> = (0..embedding.dimensions).map(|_| milli(chance.below(2_001) as i64 - 1_000)).collect();
        embeddings.push(json!({
            "id": embedding.id,
            "name": embedding.name,
            "dimensions": embedding.dimensions,
            "is_custom": Chance::named(&embedding.id).happens(70),
            "values": [{"value": values}],
        }));
    }
    embeddings.into()
}

fn person(chance: &mut Chance) -> &'static str {
    chance.pick(PEOPLE).copied().unwrap_or_default()
}
