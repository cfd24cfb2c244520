//! A line's document to a [`Row`].

use super::feature::Features;
use super::label::{self, Home};
use super::place::{Place, RowError, RowProblem, array, object, text, time, when_id};
use super::{
    EmbeddingValue, Join, MetadataFact, MetadataValue, ModelRow, ProjectDetails, ProjectRow, Row, RowDetails, RunRow,
};
use crate::data_type;
use crate::id::{BatchId, DataRowId, DatasetId, ModelId, ModelRunId, OntologyId, ProjectId};
use crate::json::{Document, Kind, Members, Value};
use crate::time::Timestamp;
use crate::workflow::{Split, WorkflowStatus};

/// Reads rows one after another and shares the features that they have in common.
#[derive(Debug, Default)]
pub struct RowReader {
    features: Features,
}

impl RowReader {
    /// Splits an export row into sections. Every key of the document ends up in one of them.
    pub fn read(&mut self, document: &Document) -> Result<Row, RowError> {
        read_row(document, &mut self.features)
    }
}

/// Splits a single export row into sections.
pub fn read(document: &Document) -> Result<Row, RowError> {
    RowReader::default().read(document)
}

fn read_row(document: &Document, features: &mut Features) -> Result<Row, RowError> {
    let root = document.root();
    let place = Place::Row;
    if root.kind() != Kind::Object {
        return Err(place.error(root, RowProblem::NotARow(root.kind().named())));
    }
    let data_row = root.get("data_row").ok_or_else(|| place.error(root, RowProblem::Missing("data_row")))?;
    let mut row = read_data_row(&Place::Key(&place, "data_row"), data_row)?;
    let mut rest = Members::default();
    for (key, value) in root.members() {
        let here = Place::Key(&place, key);
        match key {
            "data_row" => {}
            "media_attributes" => {
                row.data_type = data_type::of_media(object(&here, value)?);
                row.media = Some(value.raw().to_owned());
            }
            "attachments" => row.attachments = Some(list(&here, value, read_attachment)?),
            "metadata_fields" => row.metadata = Some(list(&here, value, read_metadata)?),
            "embeddings" => row.embeddings = Some(list(&here, value, read_embedding)?),
            "projects" => {
                row.projects = entries(&here, value, |place, key, value| read_project(place, key, value, features))?;
            }
            "experiments" => {
                row.models = entries(&here, value, |place, key, value| read_model(place, key, value, features))?;
            }
            _ => rest.push_raw(key, value.raw()),
        }
    }
    row.rest = rest.into_option();
    if row.data_type.is_none() {
        row.data_type = type_of_labels(root);
    }
    Ok(row)
}

/// Finds the data type of the first label that shows it.
fn type_of_labels(root: Value<'_>) -> Option<&'static data_type::DataType> {
    let in_projects = root.get("projects").into_iter().flat_map(|projects| projects.members().map(|(_, value)| value));
    let in_runs = root
        .get("experiments")
        .into_iter()
        .flat_map(|models| models.members())
        .filter_map(|(_, model)| model.get("runs"))
        .flat_map(|runs| runs.members().map(|(_, value)| value));
    in_projects
        .chain(in_runs)
        .flat_map(|home| [home.get("labels"), home.get("predictions")])
        .flatten()
        .flat_map(|labels| labels.elements())
        .find_map(|label| data_type::of_annotations(label.get("annotations")?))
}

fn read_data_row(place: &Place<'_>, value: Value<'_>) -> Result<Row, RowError> {
    let mut id = None;
    let mut global_key = None;
    let mut external_id = None;
    let mut details = None;
    let length = value.raw().len() - value.get("details").map_or(0, |details| details.raw().len());
    let mut head = Members::with_capacity(length);
    for (key, member) in object(place, value)?.members() {
        let here = Place::Key(place, key);
        match key {
            "id" => id = when_id(&here, member, DataRowId::parse)?,
            "global_key" => global_key = text(&here, member)?,
            "external_id" => external_id = text(&here, member)?,
            "details" => {
                details = Some(read_details(&here, member)?);
                continue;
            }
            _ => {}
        }
        head.push_raw(key, member.raw());
    }
    Ok(Row {
        join: Join::Replace,
        id: id.ok_or_else(|| place.error(value, RowProblem::Missing("id")))?,
        global_key,
        external_id,
        data_type: None,
        head: head.into_string(),
        details,
        media: None,
        attachments: None,
        metadata: None,
        embeddings: None,
        projects: Vec::new(),
        models: Vec::new(),
        rest: None,
    })
}

fn read_details(place: &Place<'_>, value: Value<'_>) -> Result<RowDetails, RowError> {
    let value = object(place, value)?;
    let mut dataset = None;
    let mut dataset_name = None;
    let mut members = Members::with_capacity(value.raw().len());
    for (key, member) in value.members() {
        let here = Place::Key(place, key);
        match key {
            "dataset_id" if member.kind() != Kind::Null => dataset = when_id(&here, member, DatasetId::parse)?,
            // A name without an id identifies nothing: it stays where it is.
            "dataset_name" if value.get("dataset_id").is_some_and(|id| id.kind() == Kind::String) => {
                dataset_name = text(&here, member)?;
            }
            _ => members.push_raw(key, member.raw()),
        }
    }
    Ok(RowDetails {
        dataset: dataset.map(|id| (id, dataset_name)),
        created: time(place, value, "created_at")?,
        updated: time(place, value, "updated_at")?,
        activity: time(place, value, "last_activity_at")?,
        members: members.into_string(),
    })
}

pub(super) fn read_attachment(place: &Place<'_>, value: Value<'_>) -> Result<String, RowError> {
    Ok(object(place, value)?.raw().to_owned())
}

pub(super) fn read_metadata(place: &Place<'_>, value: Value<'_>) -> Result<MetadataValue, RowError> {
    let value = object(place, value)?;
    let name = named(place, value, "schema_name")?;
    let kind = named(place, value, "schema_kind")?;
    let fact = |item: Value<'_>| match item.kind() {
        Kind::String if kind == "CustomMetadataDateTime" => item
            .as_text()
            .and_then(|text| Timestamp::parse_export(&text))
            .map_or(MetadataFact::Other, MetadataFact::Time),
        Kind::String => item.as_text().map_or(MetadataFact::Other, |text| MetadataFact::Text(text.into_owned())),
        Kind::Number => item.as_f64().map_or(MetadataFact::Other, MetadataFact::Number),
        Kind::Object => {
            let text = |key| item.get(key).and_then(Value::as_text).unwrap_or_default().into_owned();
            MetadataFact::EnumOption { id: text("schema_id"), name: text("schema_name") }
        }
        _ => MetadataFact::Other,
    };
    let facts = match value.get("value") {
        Some(options) if options.kind() == Kind::Array && kind != "CustomMetadataEmbedding" => {
            options.elements().map(fact).collect()
        }
        Some(single) => vec![fact(single)],
        None => Vec::new(),
    };
    Ok(MetadataValue { schema_id: named(place, value, "schema_id")?, name, kind, facts, json: value.raw().to_owned() })
}

fn read_embedding(place: &Place<'_>, value: Value<'_>) -> Result<EmbeddingValue, RowError> {
    let value = object(place, value)?;
    Ok(EmbeddingValue {
        id: named(place, value, "id")?,
        name: named(place, value, "name")?,
        dimensions: value.get("dimensions").and_then(Value::as_i64).unwrap_or(0),
        is_custom: value.get("is_custom").is_some_and(|flag| flag.kind() == Kind::True),
        json: value.raw().to_owned(),
    })
}

fn read_project(
    place: &Place<'_>,
    key: &str,
    value: Value<'_>,
    features: &mut Features,
) -> Result<ProjectRow, RowError> {
    let id = ProjectId::parse(key).map_err(|error| place.error(value, error.into()))?;
    let mut project = ProjectRow { id, name: None, tags: None, details: None, labels: None, rest: None };
    let mut rest = Members::default();
    for (key, member) in object(place, value)?.members() {
        let here = Place::Key(place, key);
        match key {
            "name" => project.name = text(&here, member)?,
            "labels" => project.labels = Some(label::read_list(&here, member, Home::Project, features)?),
            "project_details" => project.details = Some(read_project_details(&here, member)?),
            "project_tags" => project.tags = Some(array(&here, member)?.raw().to_owned()),
            _ => rest.push_raw(key, member.raw()),
        }
    }
    project.rest = rest.into_option();
    Ok(project)
}

pub(super) fn read_project_details(place: &Place<'_>, value: Value<'_>) -> Result<ProjectDetails, RowError> {
    let value = object(place, value)?;
    let named = |key| -> Result<Option<String>, RowError> {
        value.get(key).map_or(Ok(None), |member| text(&Place::Key(place, key), member))
    };
    let batch = match value.get("batch_id").filter(|id| id.kind() != Kind::Null) {
        Some(id) => when_id(&Place::Key(place, "batch_id"), id, BatchId::parse)?,
        None => None,
    };
    let ontology = match value.get("ontology_id").filter(|id| id.kind() != Kind::Null) {
        Some(id) => when_id(&Place::Key(place, "ontology_id"), id, OntologyId::parse)?,
        None => None,
    };
    let batch_name = named("batch_name")?;
    let task_id = named("task_id")?;
    Ok(ProjectDetails {
        ontology,
        task: named("task_name")?.map(|name| (task_id, name)),
        batch: batch.map(|id| (id, batch_name)),
        status: named("workflow_status")?.as_deref().and_then(WorkflowStatus::parse_export),
        priority: value.get("priority").and_then(Value::as_i64),
        json: value.raw().to_owned(),
    })
}

fn read_model(place: &Place<'_>, key: &str, value: Value<'_>, features: &mut Features) -> Result<ModelRow, RowError> {
    let id = ModelId::parse(key).map_err(|error| place.error(value, error.into()))?;
    let mut model = ModelRow { id, name: None, runs: Vec::new(), rest: None };
    let mut rest = Members::default();
    for (key, member) in object(place, value)?.members() {
        let here = Place::Key(place, key);
        match key {
            "name" => model.name = text(&here, member)?,
            "runs" => model.runs = entries(&here, member, |place, key, value| read_run(place, key, value, features))?,
            _ => rest.push_raw(key, member.raw()),
        }
    }
    if model.runs.is_empty() {
        return Err(place.error(value, RowProblem::NoRuns));
    }
    model.rest = rest.into_option();
    Ok(model)
}

fn read_run(place: &Place<'_>, key: &str, value: Value<'_>, features: &mut Features) -> Result<RunRow, RowError> {
    let id = ModelRunId::parse(key).map_err(|error| place.error(value, error.into()))?;
    let mut run = RunRow {
        id,
        name: None,
        head: String::new(),
        split: None,
        labels: None,
        predictions: None,
        tail: String::new(),
    };
    let mut head = Members::default();
    let mut tail = Members::default();
    for (key, member) in object(place, value)?.members() {
        let here = Place::Key(place, key);
        match key {
            "name" => run.name = text(&here, member)?,
            "run_data_row_id" | "annotation_group_id" => head.push_raw(key, member.raw()),
            "labels" => run.labels = Some(label::read_list(&here, member, Home::ModelRun, features)?),
            "predictions" => run.predictions = Some(label::read_list(&here, member, Home::ModelRun, features)?),
            _ => {
                if key == "split" {
                    run.split = text(&here, member)?.as_deref().and_then(Split::parse);
                }
                tail.push_raw(key, member.raw());
            }
        }
    }
    run.head = head.into_string();
    run.tail = tail.into_string();
    Ok(run)
}

/// Reads the elements of an array.
pub(super) fn list<T>(
    place: &Place<'_>,
    value: Value<'_>,
    read: impl Fn(&Place<'_>, Value<'_>) -> Result<T, RowError>,
) -> Result<Vec<T>, RowError> {
    let array = array(place, value)?;
    let mut list = Vec::with_capacity(array.elements().count());
    for (index, item) in array.elements().enumerate() {
        list.push(read(&Place::Index(place, index), item)?);
    }
    Ok(list)
}

/// Reads the members of an object whose keys are ids.
fn entries<T>(
    place: &Place<'_>,
    value: Value<'_>,
    mut read: impl FnMut(&Place<'_>, &str, Value<'_>) -> Result<T, RowError>,
) -> Result<Vec<T>, RowError> {
    let object = object(place, value)?;
    // A vector that grows has room for four at once, and most rows are in one project.
    let mut list = Vec::with_capacity(object.members().count());
    for (key, member) in object.members() {
        list.push(read(&Place::Key(place, key), key, member)?);
    }
    Ok(list)
}

/// Returns a text member, or an empty text if it is absent or null.
fn named(place: &Place<'_>, value: Value<'_>, key: &'static str) -> Result<String, RowError> {
    match value.get(key) {
        Some(member) => Ok(text(&Place::Key(place, key), member)?.unwrap_or_default()),
        None => Ok(String::new()),
    }
}
