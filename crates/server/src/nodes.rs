//! What clients see of each entity, as JSON: the shape that GraphQL and REST share.
//!
//! Members that begin with `_` are for resolvers, and cannot be selected. Names are those of the official SDK.

use labelport_engine::catalog::data_row::{self, DataRow};
use labelport_engine::catalog::dataset::Dataset;
use labelport_engine::catalog::embedding::Embedding;
use labelport_engine::catalog::slice::Slice;
use labelport_engine::legacy::LabelJson;
use labelport_engine::models::run::ModelRun;
use labelport_engine::projects::label::Label;
use labelport_engine::projects::ontology::{self, Ontology};
use labelport_engine::projects::project::{self, Project};
use labelport_engine::workspace::Workspace;
use labelport_engine::workspace::api_keys::User;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Returns a time as the SDK reads it.
pub(crate) fn time(time: Timestamp) -> String {
    time.to_string().replace("+00:00", "Z")
}

/// Returns a time as the SDK reads it; null if it is not known.
pub(crate) fn time_of_millis(millis: Option<i64>) -> Value {
    millis.map_or(Value::Null, |millis| json!(time(Timestamp::from_millis(millis))))
}

/// Returns a data row.
pub(crate) fn data_row(row: DataRow) -> Value {
    json!({
        "id": row.id,
        "externalId": row.external_id,
        "globalKey": row.global_key,
        "rowData": data_row::row_data(&row),
        "createdAt": time_of_millis(row.created_ms.or(Some(0))),
        "updatedAt": time_of_millis(row.updated_ms.or(row.created_ms).or(Some(0))),
        "_key": row.key,
        "_dataset": row.dataset_key,
        "_details": row.details,
        "_media": row.media,
    })
}

/// Returns a dataset.
pub(crate) fn dataset(dataset: Dataset) -> Value {
    json!({
        "id": dataset.id,
        "name": dataset.name,
        "description": dataset.description.unwrap_or_default(),
        "rowCount": dataset.row_count,
        "createdAt": time(dataset.created),
        "updatedAt": time(dataset.updated),
        "_key": dataset.key,
        "_createdBy": dataset.created_by,
    })
}

/// Returns an embedding.
pub(crate) fn embedding(embedding: Embedding) -> Value {
    json!({
        "id": embedding.id,
        "name": embedding.name,
        "dims": embedding.dimensions,
        "custom": embedding.is_custom,
    })
}

/// Returns labels, with what each says in the form of the legacy export.
pub(crate) fn labels(workspace: &Workspace, labels: Vec<Label>) -> Result<Vec<Value>, Problem> {
    let mut writers: BTreeMap<i64, LabelJson> = BTreeMap::new();
    let mut nodes = Vec::with_capacity(labels.len());
    for each in labels {
        let writer = match writers.entry(each.project_key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(LabelJson::of_project(workspace, each.project_key)?),
        };
        let json = writer.write(&each);
        nodes.push(label(each, json));
    }
    Ok(nodes)
}

fn label(label: Label, json: String) -> Value {
    let parse =
        |text: Option<String>| -> Value { text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default() };
    let (details, performance) = (parse(label.details), parse(label.performance));
    let time = |key: &str| match details[key].as_str() {
        Some(text) => json!(text.replace("+00:00", "Z")),
        None => json!("1970-01-01T00:00:00.000Z"),
    };
    json!({
        "id": label.id,
        "label": json,
        "agreement": performance["consensus_score"],
        "benchmarkAgreement": performance["benchmark_score"],
        "isBenchmarkReference": performance["benchmark_reference_label"] == label.id.as_str(),
        "secondsToLabel": performance["seconds_to_create"],
        "createdAt": time("created_at"),
        "updatedAt": time("updated_at"),
        "_row": label.row_key,
        "_project": label.project_key,
        "_createdBy": details["created_by"],
    })
}

/// Returns a model run.
pub(crate) fn model_run(run: &ModelRun) -> Value {
    let metadata: Value =
        run.training_metadata.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    json!({
        "id": run.id,
        "name": run.name,
        "modelId": run.model_id,
        "modelAppId": null,
        "trainingMetadata": metadata,
        "createdBy": run.created_by,
        "createdAt": time(run.created),
        "updatedAt": time(run.updated),
    })
}

/// Returns an ontology.
pub(crate) fn ontology(ontology: Ontology) -> Value {
    let normalized = ontology::normalized(&ontology);
    let (tools, classifications) = ontology::counts(&normalized);
    json!({
        "id": ontology.id,
        "name": ontology.name,
        "description": ontology.description,
        "mediaType": ontology.media_type,
        "normalized": normalized,
        "objectSchemaCount": tools,
        "classificationSchemaCount": classifications,
        "createdAt": time(ontology.created),
        "updatedAt": time(ontology.updated),
    })
}

/// Returns the organization.
pub(crate) fn organization(workspace: &Workspace) -> Result<Value, Problem> {
    let organization = workspace.organization()?;
    Ok(json!({
        "id": organization.id,
        "name": organization.name,
        "createdAt": time(organization.created),
        "updatedAt": time(organization.created),
    }))
}

/// Returns a project.
pub(crate) fn project(project: Project) -> Value {
    let mut node = Value::Object(project::settings(&project));
    node["id"] = json!(project.id);
    node["name"] = json!(project.name);
    node["description"] = json!(project.description.unwrap_or_default());
    node["allowedMediaType"] = json!(project.media_type);
    node["queueMode"] = json!("BATCH");
    node["createdAt"] = json!(time(project.created));
    node["updatedAt"] = json!(time(project.updated));
    node["showingPredictionsToLabelers"] = json!(false);
    node["_key"] = json!(project.key);
    node["_createdBy"] = json!(project.created_by);
    node
}

/// Returns a slice.
pub(crate) fn slice(slice: Slice) -> Value {
    let filter: Value = serde_json::from_str(&slice.filter).unwrap_or_default();
    json!({
        "id": slice.id,
        "name": slice.name,
        "description": slice.description,
        "filter": filter,
        "createdAt": time(slice.created),
        "updatedAt": time(slice.created),
    })
}

/// Returns a user.
pub(crate) fn user(user: &User) -> Value {
    let name = user.name.as_deref().unwrap_or(&user.email);
    json!({
        "id": user.id,
        "email": user.email,
        "name": name,
        "nickname": user.email.split('@').next().unwrap_or_default(),
        "isExternalUser": false,
        "isViewer": false,
        "intercomHash": null,
        "lastLoginAt": null,
        "picture": null,
        "timezone": user.time_zone,
        "createdAt": time(user.created),
        "updatedAt": time(user.created),
        "_role": user.role,
    })
}

/// Returns somebody of whom only the e-mail address is known.
pub(crate) fn stranger(email: &str) -> Value {
    user(&User {
        key: 0,
        id: String::new(),
        email: email.to_owned(),
        name: None,
        role: String::new(),
        time_zone: None,
        created: Timestamp::from_millis(0),
    })
}
