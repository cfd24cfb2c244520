//! Data rows.

use super::{attachment, number, organization, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::catalog::{asset, data_row, dataset, metadata, row_change};
use labelport_engine::projects::{label, project};
use labelport_model::problem::Problem;
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
                    data_row::list_metadata(call.workspace, number(parent, "_key"))
                        .map(|entries| Value::Array(metadata::to_fields(&entries).0))
                }),
                Field::object("metadataFields", "MetadataField", &[], |call, parent, _| {
                    data_row::list_metadata(call.workspace, number(parent, "_key"))
                        .map(|entries| Value::Array(metadata::to_fields(&entries).1))
                }),
                Field::object("dataset", "Dataset", &[], dataset_of),
                Field::object("createdBy", "User", &[], created_by),
                Field::object("organization", "Organization", &[], organization),
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
            data_row::get(call.workspace, arguments.text("where.id")?).map(nodes::data_row)
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

fn media_attributes(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let exported = parent.get("_media").and_then(Value::as_str);
    data_row::media_attributes(call.workspace, number(parent, "_key"), exported)
}

fn dataset_of(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let found = dataset::find_by_key(call.workspace, number(parent, "_dataset"))?;
    Ok(found.map_or(Value::Null, nodes::dataset))
}

fn created_by(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let details = parent.get("_details").and_then(Value::as_str).unwrap_or_default();
    let details: Value = serde_json::from_str(&format!("{{{details}}}")).unwrap_or_default();
    user_by(call, |user| details["created_by"] == user.email.as_str())
}

fn labels(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let found = label::list_of_row(call.workspace, number(parent, "_key"))?;
    let (skip, first) = (arguments.count("skip", 0)?, arguments.count("first", usize::MAX)?);
    Ok(nodes::labels(call.workspace, found.into_iter().skip(skip).take(first).collect())?.into())
}

fn labeling_activity(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let project = project::get(call.workspace, arguments.text("where.projectId")?)?;
    let selected = project::find_selected_label(call.workspace, project.key, number(parent, "_key"))?;
    Ok(json!({ "selectedLabelId": selected }))
}

fn external_ids(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let external_ids = [arguments.texts("where.externalId_in")?, arguments.texts("externalId_in")?].concat();
    let mut found = Vec::new();
    for external_id in external_ids {
        let ids = data_row::list_ids_by_external_id(call.workspace, &external_id)?;
        found.extend(ids.into_iter().map(|id| json!({ "dataRowId": id, "externalId": external_id })));
    }
    Ok(Value::Array(found))
}

fn are_processed(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let given = |key: &str| -> Result<Vec<String>, Problem> {
        Ok([arguments.texts(&format!("where.{key}"))?, arguments.texts(key)?].concat())
    };
    let row_keys = data_row::list_keys(call.workspace, &given("dataRowIds")?, &given("globalKeys")?)?;
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
    row_change::update(call.workspace, row_id, payload.to_string().into_bytes())?;
    data_row::get(call.workspace, row_id).map(nodes::data_row)
}
