//! A record becomes the line of a row in today's form, which has one project or model run with one label.

use super::derived;
use super::kept::Kept;
use super::label::{self, Labelled};
use super::ontology::Features;
use super::problem::{Fault, Problem, array, find, find_text, get, number, object, string};
use super::scene::Scene;
use super::source;
use crate::read::{Counts, World};
use labelport_model::data_type::DataType;
use labelport_model::id::{DataRowId, LabelId, ProjectId};
use labelport_model::json::{Kind, Members, Value};
use labelport_model::quote::Quoted;
use labelport_model::time::Timestamp;
use labelport_model::workflow::Split;

/// What was made of a record.
pub(super) struct Line {
    /// The row in today's form.
    pub(super) json: String,
    /// What the row holds, where the record shows it.
    pub(super) data_type: Option<&'static DataType>,
    /// Whether the annotations are in a file that is not at hand.
    pub(super) is_elsewhere: bool,
    /// The project, unless the record is of a model run.
    pub(super) project_id: Option<String>,
}

/// Where the label of a record goes.
enum Home {
    Project { id: String, name: Option<String> },
    Run { id: String, model_id: String, name: String },
}

/// The keys of a record that are read.
const KNOWN: &[&str] = &[
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
    "Skipped",
    "DataRow Metadata",
    "Media Attributes",
    "media_type",
];

/// What records say where there is no agreement.
const NO_SCORE: f64 = -1.0;

/// Reads a record.
pub(super) fn read(
    root: Value<'_>,
    counts: &mut Counts,
    features: &mut Features,
    world: &mut dyn World,
) -> Result<Line, Fault> {
    if root.kind() != Kind::Object {
        return Err(Fault::at(root, Problem::NotARecord(root.kind().named())));
    }
    if root.get("data_row").is_some() && root.get("Label").is_none() {
        return Err(Fault::at(root, Problem::RowOfToday));
    }
    let labelled = get(root, "Label")?;
    let mut kept = Kept::default();
    let home = home(root, world.run_name())?;
    let row_id = row_id(root, counts, &mut kept)?;
    let label_id = label_id(root, &home, &row_id, counts, &mut kept)?;
    let source = source::read(root, labelled)?;
    let mut line = Members::default();
    line.push_raw("data_row", &format!("{{{}}}", data_row(root, &row_id, &source.row_data)?));
    line.push_raw("media_attributes", &source.media);
    if let Some(metadata) = find(root, "DataRow Metadata") {
        line.push_raw("metadata_fields", &read_metadata(metadata, counts)?);
    }
    let (home_id, mask_root) = match &home {
        Home::Project { id, .. } => (id, format!("/api/v1/projects/{id}")),
        Home::Run { id, .. } => (id, format!("/api/v1/model-runs/{id}")),
    };
    let data_type = source.data_type;
    let mut scene = Scene { data_type, label_id: &label_id, home_id, mask_root: &mask_root, counts, features, world };
    let Labelled { annotations, is_elsewhere } = label::read(&mut scene, labelled, &mut kept)?;
    for (key, member) in root.members().filter(|(key, _)| !KNOWN.contains(key)) {
        // What says nothing is not worth a word.
        let is_usual = match key {
            "Has Open Issues" => member.as_f64() == Some(0.0) || member.kind() == Kind::Null,
            "Data Split" => member.kind() == Kind::Null || matches!(home, Home::Run { .. }),
            _ => false,
        };
        if !is_usual {
            kept.push(scene.counts, "", key, member);
        }
    }
    let mut label = Members::default();
    label.push_text("label_kind", data_type.map_or("Default", |data_type| data_type.label_kind));
    label.push_raw("version", "\"1.0.0\"");
    label.push_text("id", &label_id);
    if let Home::Project { .. } = &home {
        label.push_raw("label_details", &details(root, &label_id, counts)?);
        label.push_raw("performance_details", &performance(root)?);
    }
    label.push_raw("annotations", ANNOTATIONS);
    kept.finish(&mut label);
    let label = format!("{{{}}}", label.as_str());
    let project_id = match home {
        Home::Project { id, name } => {
            let mut project = Members::default();
            if let Some(name) = name {
                project.push_text("name", &name);
            }
            project.push_raw("labels", &format!("[{label}]"));
            line.push_raw("projects", &format!("{{\"{id}\":{{{}}}}}", project.as_str()));
            Some(id)
        }
        Home::Run { id, model_id, name } => {
            // A row of a run may have no label, which records do not distinguish from an empty one.
            let is_empty = label::is_empty(labelled);
            let labels = if is_empty { "" } else { label.as_str() };
            line.push_raw("experiments", &experiments(root, &id, &model_id, &name, labels)?);
            if is_empty {
                return Ok(Line { json: format!("{{{}}}", line.as_str()), data_type, is_elsewhere, project_id: None });
            }
            None
        }
    };
    // Annotations can be most of the memory that there is, so they are copied once.
    let (before, after) = line.as_str().split_once(ANNOTATIONS).expect("a label has its annotations");
    let json = ["{", before, &annotations, after, "}"].concat();
    Ok(Line { json, data_type, is_elsewhere, project_id })
}

/// What stands in the place of the annotations until the line is put together. JSON has no such character.
const ANNOTATIONS: &str = "\0";

/// Returns where the label belongs: the project that its link names, or one with an id made from the name.
fn home(root: Value<'_>, run_name: &str) -> Result<Home, Fault> {
    let name = find_text(root, "Project Name")?.filter(|name| !name.is_empty());
    let linked = linked(root, "project")?.filter(|id| ProjectId::parse(id).is_ok());
    let derived = || name.as_ref().map(|name| derived::id("project", &[name]));
    if let Some(id) = linked.or_else(derived) {
        return Ok(Home::Project { id, name });
    }
    if root.get("Data Split").is_none() || find(root, "Created By").is_some() {
        return Err(Fault::at(root, Problem::NoProject));
    }
    Ok(Home::Run {
        id: derived::id("model run", &[run_name]),
        model_id: derived::id("model", &[run_name]),
        name: run_name.to_owned(),
    })
}

/// Returns a parameter of the link to the label.
fn linked(root: Value<'_>, key: &str) -> Result<Option<String>, Fault> {
    let link = find_text(root, "View Label")?;
    let query = link.as_deref().and_then(|link| Some(link.split_once('?')?.1));
    let pairs = query.into_iter().flat_map(|query| query.split('&')).filter_map(|pair| pair.split_once('='));
    Ok(pairs.into_iter().find(|(name, _)| *name == key).map(|(_, value)| value.to_owned()))
}

fn row_id(root: Value<'_>, counts: &mut Counts, kept: &mut Kept) -> Result<String, Fault> {
    let given = find(root, "DataRow ID").map(string).transpose()?;
    let text = given.and_then(Value::as_text).unwrap_or_default();
    if DataRowId::parse(&text).is_ok() {
        return Ok(text.into_owned());
    }
    let other = if text.is_empty() { find_text(root, "Global Key")?.or(find_text(root, "External ID")?) } else { None };
    let named = other.unwrap_or_else(|| text.into_owned());
    if named.is_empty() {
        return Err(Fault::at(root, Problem::NoRow));
    }
    counts.derived_ids += 1;
    if let Some(given) = given {
        kept.push_silently("DataRow ID", given.raw());
    }
    Ok(derived::id("data row", &[&named]))
}

fn label_id(root: Value<'_>, home: &Home, row_id: &str, counts: &mut Counts, kept: &mut Kept) -> Result<String, Fault> {
    let given = find(root, "ID").map(string).transpose()?;
    let home_id = match home {
        Home::Project { id, .. } => id,
        // There the id is that of the row in the run.
        Home::Run { id, .. } => return Ok(derived::id("label", &[id, row_id])),
    };
    let text = given.and_then(Value::as_text).unwrap_or_default();
    if LabelId::parse(&text).is_ok() {
        return Ok(text.into_owned());
    }
    if let Some(given) = given {
        kept.push_silently("ID", given.raw());
    }
    if let Some(linked) = linked(root, "label")?.filter(|id| LabelId::parse(id).is_ok()) {
        return Ok(linked);
    }
    counts.derived_ids += 1;
    let made = find_text(root, "Created At")?.unwrap_or_default();
    let by = find_text(root, "Created By")?.unwrap_or_default();
    Ok(derived::id("label", &[home_id, row_id, &text, &made, &by]))
}

fn data_row(root: Value<'_>, row_id: &str, row_data: &str) -> Result<String, Fault> {
    let mut members = Members::default();
    members.push_text("id", row_id);
    for (key, name) in [("External ID", "external_id"), ("Global Key", "global_key")] {
        if let Some(text) = find(root, key) {
            members.push_raw(name, string(text)?.raw());
        }
    }
    members.push_raw("row_data", row_data);
    if let Some(name) = find_text(root, "Dataset Name")?.filter(|name| !name.is_empty()) {
        let mut dataset = Members::default();
        dataset.push_text("dataset_id", &derived::id("dataset", &[&name]));
        dataset.push_text("dataset_name", &name);
        members.push_raw("details", &format!("{{{}}}", dataset.as_str()));
    }
    Ok(members.into_string())
}

/// Writes a time as today's form has it, if there is one.
fn push_time(root: Value<'_>, key: &str, name: &str, to: &mut Members) -> Result<(), Fault> {
    let Some(text) = find_text(root, key)?.filter(|text| !text.is_empty()) else { return Ok(()) };
    let time = Timestamp::parse_export(&text).ok_or_else(|| {
        let at = find(root, key).unwrap_or(root);
        Fault::at(at, Problem::Time(Quoted::new(&text)))
    })?;
    to.push_text(name, &time.to_string());
    Ok(())
}

fn details(root: Value<'_>, label_id: &str, counts: &mut Counts) -> Result<String, Fault> {
    let mut members = Members::default();
    push_time(root, "Created At", "created_at", &mut members)?;
    push_time(root, "Updated At", "updated_at", &mut members)?;
    if let Some(by) = find(root, "Created By") {
        members.push_raw("created_by", string(by)?.raw());
    }
    let mut reviews = Vec::new();
    for review in find(root, "Reviews").map(array).transpose()?.into_iter().flat_map(Value::elements) {
        reviews.push(read_review(object(review)?, label_id, counts)?);
    }
    members.push_raw("reviews", &format!("[{}]", reviews.join(",")));
    Ok(format!("{{{}}}", members.as_str()))
}

fn read_review(review: Value<'_>, label_id: &str, counts: &mut Counts) -> Result<String, Fault> {
    let mut members = Members::default();
    push_time(review, "createdAt", "reviewed_at", &mut members)?;
    for (key, name) in [("createdBy", "reviewed_by"), ("score", "score"), ("id", "id")] {
        let Some(member) = find(review, key) else { continue };
        members.push_raw(name, if key == "score" { number(member)? } else { string(member)? }.raw());
    }
    let mut kept = Kept::default();
    for (key, member) in review.members() {
        let is_own = key == "labelId" && member.as_text().is_some_and(|id| id == label_id);
        if !is_own && !["createdAt", "createdBy", "score", "id"].contains(&key) {
            kept.push(counts, "Reviews[]", key, member);
        }
    }
    kept.finish(&mut members);
    Ok(format!("{{{}}}", members.as_str()))
}

/// Writes how long a label took and how it compares. Records count the time of reviews with that of labelling.
fn performance(root: Value<'_>) -> Result<String, Fault> {
    let mut members = Members::default();
    let seconds = find(root, "Seconds to Label").map(number).transpose()?;
    members.push_raw("seconds_to_create", seconds.map_or("0", Value::raw));
    members.push_raw("seconds_to_review", "0");
    let skipped = match find(root, "Skipped") {
        None => false,
        Some(flag) => match flag.kind() {
            Kind::True => true,
            Kind::False => false,
            _ => return Err(Fault::wrong_kind(flag, "true or false")),
        },
    };
    members.push_raw("skipped", if skipped { "true" } else { "false" });
    if let Some(id) = find(root, "Benchmark ID") {
        members.push_raw("benchmark_reference_label", string(id)?.raw());
    }
    for (key, name) in [("Benchmark Agreement", "benchmark_score"), ("Agreement", "consensus_score")] {
        let score = find(root, key).map(number).transpose()?;
        if let Some(score) = score.filter(|score| score.as_f64() != Some(NO_SCORE)) {
            members.push_raw(name, score.raw());
        }
    }
    Ok(format!("{{{}}}", members.as_str()))
}

fn read_metadata(list: Value<'_>, counts: &mut Counts) -> Result<String, Fault> {
    let mut fields = Vec::new();
    for field in array(list)?.elements() {
        let mut members = Members::default();
        for (key, name) in [("schemaId", "schema_id"), ("name", "schema_name")] {
            if let Some(text) = find(object(field)?, key) {
                members.push_raw(name, string(text)?.raw());
            }
        }
        let value = find(field, "value");
        let guessed = match value.map(Value::kind) {
            Some(Kind::Number) => "CustomMetadataNumber",
            Some(Kind::Array) => "CustomMetadataEnum",
            _ => "CustomMetadataString",
        };
        let kind = find_text(field, "kind")?.unwrap_or_else(|| guessed.to_owned());
        members.push_text("schema_kind", &kind);
        if let Some(value) = value {
            let option = |name: Value<'_>| format!("{{\"schema_name\":{}}}", name.raw());
            match value.kind() {
                Kind::String if kind == "CustomMetadataEnum" => {
                    members.push_raw("value", &format!("[{}]", option(value)));
                }
                Kind::Array if kind == "CustomMetadataEnum" => {
                    let options: Result<Vec<String>, Fault> =
                        value.elements().map(|name| string(name).map(option)).collect();
                    members.push_raw("value", &format!("[{}]", options?.join(",")));
                }
                _ => members.push_raw("value", value.raw()),
            }
        }
        let mut kept = Kept::default();
        let known = ["schemaId", "name", "kind", "value"];
        for (key, member) in field.members().filter(|(key, _)| !known.contains(key)) {
            kept.push(counts, "DataRow Metadata[]", key, member);
        }
        kept.finish(&mut members);
        fields.push(format!("{{{}}}", members.as_str()));
    }
    Ok(format!("[{}]", fields.join(",")))
}

/// Writes the part of a row in a model run.
fn experiments(root: Value<'_>, id: &str, model_id: &str, name: &str, labels: &str) -> Result<String, Fault> {
    let mut run = Members::default();
    run.push_text("name", name);
    if let Some(id) = find(root, "ID") {
        run.push_raw("run_data_row_id", string(id)?.raw());
    }
    run.push_raw("labels", &format!("[{labels}]"));
    if let Some(text) = find_text(root, "Data Split")? {
        let at = find(root, "Data Split").unwrap_or(root);
        let split = Split::parse(&text).ok_or_else(|| Fault::at(at, Problem::Split(Quoted::new(&text))))?;
        run.push_text("split", split.export_name());
    }
    let mut model = Members::default();
    model.push_text("name", name);
    model.push_raw("runs", &format!("{{\"{id}\":{{{}}}}}", run.as_str()));
    Ok(format!("{{\"{model_id}\":{{{}}}}}", model.as_str()))
}
