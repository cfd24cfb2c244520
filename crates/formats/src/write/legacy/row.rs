//! Rows: everything around a label.

use super::kept::Kept;
use super::object::{camel_case, quoted, separated};
use super::{Legacy, Source, label, parsed, parsed_members};
use labelport_model::data_type::of_media;
use labelport_model::json::{Document, Kind, ObjectWriter, Value};
use labelport_model::record::{LabelRecord, ProjectRecord, Record, RunRecord};

/// The data types that readers of the format know by name; they recognise others by the contents of a label.
const NAMED_TYPES: &[&str] = &["image", "text", "video"];

/// Writes a line for each label of the record's projects.
pub(super) fn write_labels(legacy: &Legacy<'_>, record: &Record<'_>, out: &mut Vec<u8>) {
    let head = parsed_members(record.head);
    for project in record.projects.unwrap_or_default() {
        for label in project.labels {
            write_label(legacy, record, head.root(), project, label, out);
            out.push(b'\n');
        }
    }
}

/// Writes a line for each run that the record's row is in.
pub(super) fn write_runs(legacy: &Legacy<'_>, record: &Record<'_>, out: &mut Vec<u8>) {
    let head = parsed_members(record.head);
    for run in record.models.unwrap_or_default().iter().flat_map(|model| model.runs) {
        write_run(legacy, record, head.root(), run, out);
        out.push(b'\n');
    }
}

/// The keys of a row and of what is kept of it for other reasons.
const ROW_KEYS: &[&str] = &[
    "ID",
    "DataRow ID",
    "Labeled Data",
    "Label",
    "Created By",
    "Project Name",
    "Created At",
    "Updated At",
    "Seconds to Label",
    "External ID",
    "Global Key",
    "Agreement",
    "Benchmark Agreement",
    "Benchmark ID",
    "Dataset Name",
    "Reviews",
    "View Label",
    "Has Open Issues",
    "Skipped",
    "DataRow Metadata",
    "Media Attributes",
    "media_type",
];

fn write_label(
    legacy: &Legacy<'_>,
    record: &Record<'_>,
    head: Value<'_>,
    project: &ProjectRecord<'_>,
    written: &LabelRecord<'_>,
    out: &mut Vec<u8>,
) {
    let label_head = parsed_members(written.head);
    let id = text(label_head.root(), "id");
    let details = parsed(written.details.unwrap_or(b"{}"));
    let performance = parsed(written.performance.unwrap_or(b"{}"));
    let (details, performance) = (details.root(), performance.root());
    let is_skipped = performance.get("skipped").is_some_and(|skipped| skipped.kind() == Kind::True);

    let mut row = ObjectWriter::open(out);
    row.text("ID", &id);
    write_data_row(head, &mut row);
    let kept = Kept::of_label(written.rest);
    let out = row.key("Label");
    if is_skipped {
        out.extend_from_slice(b"{}");
    } else {
        label::write(legacy, &id, &[Source::of(written.annotations)], &kept, out);
    }
    member(&mut row, "Created By", details.get("created_by"), "null");
    row.raw("Project Name", project.name.unwrap_or(b"null"));
    row.raw("Created At", &moment(details.get("created_at")));
    row.raw("Updated At", &moment(details.get("updated_at")));
    member(&mut row, "Seconds to Label", performance.get("seconds_to_create"), "0");
    member(&mut row, "External ID", head.get("external_id"), "null");
    member(&mut row, "Global Key", head.get("global_key"), "null");
    member(&mut row, "Agreement", performance.get("consensus_score"), "-1");
    member(&mut row, "Benchmark Agreement", performance.get("benchmark_score"), "-1");
    member(&mut row, "Benchmark ID", performance.get("benchmark_reference_label"), "null");
    let dataset = parsed_members(record.details.map_or(&[], |details| details.dataset));
    member(&mut row, "Dataset Name", dataset.root().get("dataset_name"), "null");
    write_reviews(&id, details.get("reviews"), row.key("Reviews"));
    row.text("View Label", &format!("{}?project={}&label={id}", legacy.editor_url, project.id));
    let has_issues =
        if (legacy.has_open_issues)(&id) { Some("1") } else { kept.get("Has Open Issues").map(Value::raw) };
    row.raw("Has Open Issues", has_issues.unwrap_or("0").as_bytes());
    row.raw("Skipped", if is_skipped { b"true" } else { b"false" });
    if let Some(fields) = record.metadata {
        separated(fields, row.key("DataRow Metadata"), |field, out| write_metadata(parsed(field).root(), out));
    }
    let media = parsed(record.media.unwrap_or(b"{}"));
    row.raw("Media Attributes", &camel_case_keys(media.root()));
    let data_type = of_media(media.root()).filter(|data_type| NAMED_TYPES.contains(&data_type.name));
    if let Some(data_type) = data_type {
        row.text("media_type", data_type.name);
    }
    kept.write(|key| ROW_KEYS.contains(&key), &mut row);
    row.close();
}

fn write_run(legacy: &Legacy<'_>, record: &Record<'_>, head: Value<'_>, run: &RunRecord<'_>, out: &mut Vec<u8>) {
    let (run_head, run_tail) = (parsed_members(run.head), parsed_members(run.tail));
    let of_run = |key: &str| run_head.root().get(key).or_else(|| run_tail.root().get(key));
    let label_id = run.labels.first().map(|written| text(parsed_members(written.head).root(), "id"));

    let mut row = ObjectWriter::open(out);
    member(&mut row, "ID", of_run("run_data_row_id"), "null");
    let split = of_run("split").and_then(Value::as_text).map(|split| split.to_ascii_lowercase());
    row.raw("Data Split", &split.map_or_else(|| b"null".to_vec(), |split| quoted(&split)));
    write_data_row(head, &mut row);
    member(&mut row, "External ID", head.get("external_id"), "null");
    let media = parsed(record.media.unwrap_or(b"{}"));
    row.raw("Media Attributes", &camel_case_keys(media.root()));
    let sources: Vec<Source<'_>> = run.labels.iter().map(|label| Source::of(label.annotations)).collect();
    let kept = Kept::of_label(run.labels.first().map_or(&[], |label| label.rest));
    label::write(legacy, &label_id.unwrap_or_default(), &sources, &kept, row.key("Label"));
    kept.write(|key| ROW_KEYS.contains(&key), &mut row);
    row.close();
}

fn write_data_row(head: Value<'_>, row: &mut ObjectWriter<'_>) {
    member(row, "DataRow ID", head.get("id"), "null");
    let data = head.get("row_data");
    match data.and_then(Value::as_text).and_then(|data| tiles(&data)) {
        Some(tiles) => row.text("Labeled Data", &tiles),
        None => member(row, "Labeled Data", data, "\"\""),
    }
}

/// Returns a tile layer with its keys as readers of the format spell them.
fn tiles(row_data: &str) -> Option<String> {
    const KEY: &str = "tile_layer_url";
    if !row_data.trim_start().starts_with('{') || !row_data.contains(KEY) {
        return None;
    }
    let document = Document::parse(row_data.as_bytes()).ok()?;
    document.root().get(KEY)?;
    String::from_utf8(camel_case_keys(document.root())).ok()
}

/// Writes a value as it is, or a default if it is absent.
fn member(row: &mut ObjectWriter<'_>, key: &str, value: Option<Value<'_>>, otherwise: &str) {
    row.raw(key, value.map_or(otherwise, Value::raw).as_bytes());
}

fn text(object: Value<'_>, key: &str) -> String {
    object.get(key).and_then(Value::as_text).unwrap_or_default().into_owned()
}

/// Returns a time as the format writes it: three decimals and `Z`.
fn moment(time: Option<Value<'_>>) -> Vec<u8> {
    let Some(time) = time.and_then(Value::as_text) else { return b"null".to_vec() };
    let Some(local) = time.strip_suffix("+00:00").or_else(|| time.strip_suffix('Z')) else { return quoted(&time) };
    let decimals = if local.contains('.') { "" } else { ".000" };
    quoted(&format!("{local}{decimals}Z"))
}

/// Writes reviews. A current row says who reviewed a label and when, but not the result: a label that still exists counts
/// as approved. The id, which readers require, is derived from that of the label.
fn write_reviews(label_id: &str, reviews: Option<Value<'_>>, out: &mut Vec<u8>) {
    separated(reviews.into_iter().flat_map(Value::elements).enumerate(), out, |(index, review), out| {
        let mut object = ObjectWriter::open(out);
        member(&mut object, "score", review.get("score").filter(|score| score.as_i64().is_some()), "1");
        match review.get("id").filter(|id| id.kind() == Kind::String) {
            Some(id) => object.raw("id", id.raw().as_bytes()),
            None => object.text("id", &format!("{label_id}-{index}")),
        }
        let at = moment(review.get("reviewed_at"));
        object.raw("createdAt", if at == b"null" { b"\"\"" } else { &at });
        member(&mut object, "createdBy", review.get("reviewed_by"), "\"\"");
        object.text("labelId", label_id);
        Kept::of_object(review)
            .write(|key| matches!(key, "score" | "id" | "createdAt" | "createdBy" | "labelId"), &mut object);
        object.close();
    });
}

/// Writes a metadata field in readable form: an option by its name.
fn write_metadata(field: Value<'_>, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    member(&mut object, "schemaId", field.get("schema_id"), "null");
    member(&mut object, "name", field.get("schema_name"), "null");
    let value = field.get("value");
    let options: Vec<_> =
        value.into_iter().flat_map(Value::elements).filter_map(|option| option.get("schema_name")).collect();
    match options[..] {
        [] => member(&mut object, "value", value, "null"),
        [option] => object.raw("value", option.raw().as_bytes()),
        _ => separated(options, object.key("value"), |option, out| out.extend_from_slice(option.raw().as_bytes())),
    }
    member(&mut object, "kind", field.get("schema_kind"), "null");
    Kept::of_object(field).write(|key| matches!(key, "schemaId" | "name" | "value" | "kind"), &mut object);
    object.close();
}

/// Returns an object whose keys are written `likeThis` instead of `like_this`.
fn camel_case_keys(value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = ObjectWriter::open(&mut out);
    for (key, member) in value.members() {
        object.raw(&camel_case(key), member.raw().as_bytes());
    }
    object.close();
    out
}
