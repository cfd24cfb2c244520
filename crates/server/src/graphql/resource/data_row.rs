//! Data rows.

use super::{attachment, dataset, label, number, session, time_of_millis, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use labelport_engine::catalog::{asset, data_row, metadata};
use labelport_model::problem::Problem;
use labelport_store::tables::data_rows::{self, DataRow};
use labelport_store::tables::datasets;
use labelport_store::tables::projects;
use serde_json::{Value, json};
use std::time::Duration;

/// How long the answer waits for assets that are being looked at: a client that hears "not yet" sleeps for 30 s.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "DataRow",
            leaves: &["createdAt", "externalId", "globalKey", "id", "rowData", "updatedAt"],
            fields: &[
                Field::leaf("mediaAttributes", &[], media_attributes),
                Field::object("customMetadata", "CustomMetadata", &[], |call, parent, _| {
                    stored_metadata(call, parent).map(|entries| Value::Array(metadata::told(&entries).0))
                }),
                Field::object("metadataFields", "MetadataField", &[], |call, parent, _| {
                    stored_metadata(call, parent).map(|entries| Value::Array(metadata::told(&entries).1))
                }),
                Field::object("dataset", "Dataset", &[], dataset_of),
                Field::object("createdBy", "User", &[], created_by),
                Field::object("organization", "Organization", &[], session::organization),
                Field::object("labels", "Label", &["first", "skip"], labels),
                Field::object("attachments", "AssetAttachment", &["first", "skip"], attachment::of_row),
                Field::object("labelingActivity", "LabelingActivity", &["where"], labeling_activity),
            ],
        },
        Type { name: "CustomMetadata", leaves: &["schemaId", "value"], fields: &[] },
        Type { name: "MetadataField", leaves: &["kind", "name", "schemaId", "value"], fields: &[] },
        Type { name: "LabelingActivity", leaves: &["selectedLabelId"], fields: &[] },
        Type { name: "DataRowId", leaves: &["dataRowId", "externalId"], fields: &[] },
        Type { name: "DataRowsProcessed", leaves: &["allDataRowsHaveBeenProcessed"], fields: &[] },
    ],
    queries: &[
        Field::object("dataRow", "DataRow", &["where"], |call, _, arguments| {
            data_row::get(call.workspace, arguments.text("where.id")?).map(told)
        }),
        Field::object("externalIdsToDataRowIds", "DataRowId", &["externalId_in", "where"], external_ids),
        Field::object(
            "queryAllDataRowsHaveBeenProcessed",
            "DataRowsProcessed",
            &["dataRowIds", "globalKeys", "where"],
            are_processed,
        ),
    ],
    mutations: &[
        Field::object("updateDataRow", "DataRow", &["data", "where"], update),
        Field::object("deleteDataRows", "DataRow", &["where"], |call, _, arguments| {
            let deleted = data_row::delete(call.workspace, arguments.texts("where.dataRowIds")?)?;
            Ok(deleted.into_iter().map(|id| json!({ "id": id })).collect())
        }),
    ],
    more: &[],
};

/// Returns a data row as the SDK reads one.
pub(super) fn told(row: DataRow) -> Value {
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

/// Returns the row with a key; null where there is none.
pub(super) fn by_key(call: &Call<'_>, row_key: i64) -> Result<Value, Problem> {
    let org_key = call.workspace.org_key();
    let row = call.workspace.read(|connection| Ok(data_rows::find_by_key(connection, org_key, row_key)?))?;
    Ok(row.map_or(Value::Null, told))
}

fn media_attributes(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let exported = parent.get("_media").and_then(Value::as_str);
    data_row::media_attributes(call.workspace, number(parent, "_key"), exported)
}

fn stored_metadata(call: &Call<'_>, parent: &Node) -> Result<Vec<String>, Problem> {
    let key = number(parent, "_key");
    call.workspace.read(|connection| Ok(data_rows::list_metadata(connection, key)?))
}

fn dataset_of(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let (org_key, key) = (call.workspace.org_key(), number(parent, "_dataset"));
    let found = call.workspace.read(|connection| Ok(datasets::find_by_key(connection, org_key, key)?))?;
    Ok(found.map_or(Value::Null, dataset::told))
}

fn created_by(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let details = parent.get("_details").and_then(Value::as_str).unwrap_or_default();
    let details: Value = serde_json::from_str(&format!("{{{details}}}")).unwrap_or_default();
    user_by(call, |user| details["created_by"] == user.email.as_str())
}

fn labels(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let (org_key, key) = (call.workspace.org_key(), number(parent, "_key"));
    let found = call.workspace.read(|connection| Ok(projects::list_row_labels(connection, org_key, key)?))?;
    let (skip, first) = (arguments.count("skip", 0)?, arguments.count("first", usize::MAX)?);
    Ok(found.into_iter().skip(skip).take(first).map(label::told).collect())
}

fn labeling_activity(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let project = labelport_engine::projects::project::get(call.workspace, arguments.text("where.projectId")?)?;
    let key = number(parent, "_key");
    let row = call.workspace.read(|connection| Ok(projects::find_row(connection, project.key, key)?))?;
    let details: Value =
        row.and_then(|row| row.details).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Ok(json!({ "selectedLabelId": details["selected_label_id"] }))
}

fn external_ids(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let org_key = call.workspace.org_key();
    let wanted = [arguments.texts("where.externalId_in")?, arguments.texts("externalId_in")?].concat();
    let mut found = Vec::new();
    for external_id in wanted {
        let rows =
            call.workspace.read(|connection| Ok(data_rows::list_by_external_id(connection, org_key, &external_id)?))?;
        found.extend(rows.into_iter().map(|row| json!({ "dataRowId": row.id, "externalId": external_id })));
    }
    Ok(Value::Array(found))
}

fn are_processed(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let org_key = call.workspace.org_key();
    let given = |key: &str| -> Result<Vec<String>, Problem> {
        Ok([arguments.texts(&format!("where.{key}"))?, arguments.texts(key)?].concat())
    };
    let (ids, keys) = (given("dataRowIds")?, given("globalKeys")?);
    let row_keys = call.workspace.read(|connection| {
        let mut row_keys = Vec::new();
        for id in &ids {
            row_keys.extend(data_rows::find_key(connection, id)?);
        }
        for key in &keys {
            row_keys.extend(data_rows::find_key_by_global_key(connection, org_key, key)?);
        }
        Ok(row_keys)
    })?;
    let is_done = asset::are_processed(call.workspace, &row_keys, PATIENCE)?;
    Ok(json!({ "allDataRowsHaveBeenProcessed": is_done }))
}

fn update(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let row_id = arguments.text("where.id")?;
    if arguments.flag("data.deleted")? {
        data_row::delete(call.workspace, vec![row_id.to_owned()])?;
        return Ok(json!({ "id": row_id }));
    }
    let mut payload = json!({});
    for (wire, key) in [
        ("externalId", "external_id"),
        ("globalKey", "global_key"),
        ("rowData", "row_data"),
        ("metadataFields", "metadata_fields"),
    ] {
        let given = arguments.at(&format!("data.{wire}"));
        if !given.is_null() {
            payload[key] = given.clone();
        }
    }
    data_row::update(call.workspace, row_id, payload.to_string().into_bytes())?;
    data_row::get(call.workspace, row_id).map(told)
}
