//! Metadata: fields, and the values of rows.

use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use labelport_engine::catalog::metadata::{self, MetadataSchema, OPTION};
use labelport_engine::catalog::row_metadata;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "MetadataSchema",
            leaves: &["id", "kind", "name", "reserved"],
            fields: &[Field::member("options", "MetadataOption")],
        },
        Type { name: "MetadataOption", leaves: &["id", "kind", "name", "reserved"], fields: &[] },
        Type {
            name: "DataRowMetadata",
            leaves: &["dataRowId", "error", "globalKey"],
            fields: &[Field::member("fields", "CustomMetadata")],
        },
    ],
    queries: &[
        Field::object("customMetadataOntology", "MetadataSchema", &[], |call, _, _| {
            Ok(metadata::list(call.workspace)?.iter().map(|schema| to_node(schema, false)).collect())
        }),
        Field::object("dataRowCustomMetadata", "DataRowMetadata", &["where"], read),
    ],
    mutations: &[
        Field::object("upsertCustomMetadataSchema", "MetadataSchema", &["data"], |call, _, arguments| {
            metadata::put_schema(call.workspace, arguments.at("data")).map(|schema| to_node(&schema, true))
        }),
        Field::object("deleteCustomMetadataSchema", "Success", &["schema"], |call, _, arguments| {
            metadata::delete_schema(call.workspace, arguments.text("schema.id")?)?;
            Ok(json!({ "success": true }))
        }),
        Field::object("upsertDataRowCustomMetadata", "DataRowMetadata", &["data"], upsert),
        Field::object("deleteDataRowCustomMetadata", "DataRowMetadata", &["data", "dataRowIdentifiers"], delete),
    ],
    more: &[],
};

/// Returns a field as the SDK reads one. The list has null where there are no options, a change has an empty list.
fn to_node(schema: &MetadataSchema, is_change: bool) -> Value {
    let options: Vec<Value> = schema
        .options
        .iter()
        .map(|(id, name)| json!({ "id": id, "name": name, "kind": OPTION, "reserved": schema.is_reserved }))
        .collect();
    let options = if options.is_empty() && !is_change { Value::Null } else { json!(options) };
    json!({
        "id": schema.id,
        "name": schema.name,
        "kind": schema.kind,
        "reserved": schema.is_reserved,
        "options": options,
    })
}

/// Sets values; returns the rows for which that failed.
fn upsert(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    row_metadata::put(call.workspace, arguments.list("data")?.to_vec())
}

/// Removes values; returns the rows for which that failed.
fn delete(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    row_metadata::remove(call.workspace, [arguments.list("dataRowIdentifiers")?, arguments.list("data")?].concat())
}

fn read(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let id_type = arguments.find_text("where.dataRowIdentifiers.idType")?.unwrap_or("ID");
    let ids = [arguments.texts("where.dataRowIdentifiers.ids")?, arguments.texts("where.dataRowIds")?].concat();
    row_metadata::list(call.workspace, id_type, &ids)
}
