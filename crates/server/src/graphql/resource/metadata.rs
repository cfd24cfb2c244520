//! Metadata: fields, and the values of rows.

use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use labelport_engine::catalog::metadata::{self, Book, OPTION};
use labelport_engine::edits::Edits;
use labelport_model::given;
use labelport_model::problem::Problem;
use labelport_store::Connection;
use labelport_store::tables::data_rows::{self, DataRow};
use labelport_store::tables::metadata::MetadataSchema;
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
            Ok(metadata::list(call.workspace)?.iter().map(|schema| told(schema, false)).collect())
        }),
        Field::object("dataRowCustomMetadata", "DataRowMetadata", &["where"], read),
    ],
    mutations: &[
        Field::object("upsertCustomMetadataSchema", "MetadataSchema", &["data"], |call, _, arguments| {
            metadata::put_schema(call.workspace, arguments.at("data")).map(|schema| told(&schema, true))
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
fn told(schema: &MetadataSchema, is_change: bool) -> Value {
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
    let (org_key, now) = (call.workspace.org_key(), call.workspace.now());
    let given = arguments.list("data")?.to_vec();
    call.workspace.write(move |connection| {
        let book = Book::read(connection, org_key)?;
        let mut edits = Edits::begin(connection, org_key, now)?;
        let mut failures = Vec::new();
        for each in &given {
            let text = |key: &str| given::find_text(key, &each[key]);
            let row = find(edits.connection, org_key, text("dataRowId")?, text("globalKey")?)?;
            let outcome = match row {
                None => Err(Problem::malformed("Data row not found")),
                Some(row) => book
                    .entries_of_flat(&each["fields"])
                    .and_then(|entries| metadata::put(&mut edits, row.key, &row.id, entries)),
            };
            match outcome {
                Ok(()) => {}
                Err(problem) if problem.cause.is_some() => return Err(problem),
                Err(problem) => failures.push(json!({
                    "dataRowId": each["dataRowId"],
                    "globalKey": each["globalKey"],
                    "error": problem.message,
                    "fields": each["fields"],
                })),
            }
        }
        edits.finish()?;
        Ok(Value::Array(failures))
    })
}

fn find(
    connection: &mut dyn Connection,
    org_key: i64,
    id: Option<&str>,
    global_key: Option<&str>,
) -> Result<Option<DataRow>, Problem> {
    if let Some(id) = id {
        return Ok(data_rows::find(connection, org_key, id)?);
    }
    let key = match global_key {
        Some(global_key) => data_rows::find_key_by_global_key(connection, org_key, global_key)?,
        None => None,
    };
    match key {
        Some(key) => Ok(data_rows::find_by_key(connection, org_key, key)?),
        None => Ok(None),
    }
}

/// Returns the `{id, idType}` of a row. Versions of 2023 send the id alone, in one of two places.
pub(super) fn identifier(given: &Value) -> Value {
    if given["dataRowIdentifier"].is_object() {
        return given["dataRowIdentifier"].clone();
    }
    let id = [&given["dataRowId"], &given["dataRow"]["id"]].into_iter().find(|id| id.is_string());
    json!({ "id": id, "idType": "ID" })
}

/// Finds a row by `{id, idType}`.
fn find_identified(
    connection: &mut dyn Connection,
    org_key: i64,
    identifier: &Value,
) -> Result<Option<DataRow>, Problem> {
    let id = given::find_text("id", &identifier["id"])?;
    match given::find_text("idType", &identifier["idType"])? {
        Some("GKEY") => find(connection, org_key, None, id),
        None | Some("ID") => find(connection, org_key, id, None),
        Some(other) => Err(Problem::malformed(format!("idType is {other:?}; write ID or GKEY"))),
    }
}

/// Removes values; returns the rows for which that failed.
fn delete(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let (org_key, now) = (call.workspace.org_key(), call.workspace.now());
    let given = [arguments.list("dataRowIdentifiers")?, arguments.list("data")?].concat();
    call.workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let mut failures = Vec::new();
        for each in &given {
            let identifier = &identifier(each);
            let ids = given::texts("schemaIds", &each["schemaIds"])?;
            let fail = |error: &str, ids: &[String]| {
                let fields: Vec<Value> = ids.iter().map(|id| json!({ "schemaId": id, "value": null })).collect();
                json!({ "dataRowId": identifier["id"], "globalKey": null, "error": error, "fields": fields })
            };
            match find_identified(edits.connection, org_key, identifier)? {
                None => failures.push(fail("Data row not found", &ids)),
                Some(row) => {
                    let missing = metadata::remove(&mut edits, row.key, &row.id, &ids)?;
                    if !missing.is_empty() {
                        failures.push(fail("Schema did not exist", &missing));
                    }
                }
            }
        }
        edits.finish()?;
        Ok(Value::Array(failures))
    })
}

fn read(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let org_key = call.workspace.org_key();
    let id_type = arguments.find_text("where.dataRowIdentifiers.idType")?.unwrap_or("ID");
    let ids = [arguments.texts("where.dataRowIdentifiers.ids")?, arguments.texts("where.dataRowIds")?].concat();
    call.workspace.read(|connection| {
        let mut told = Vec::new();
        for id in &ids {
            let identifier = json!({ "id": id, "idType": id_type });
            let Some(row) = find_identified(connection, org_key, &identifier)? else { continue };
            let entries = data_rows::list_metadata(connection, row.key)?;
            let (flat, _) = metadata::told(&entries);
            told.push(json!({ "dataRowId": row.id, "globalKey": row.global_key, "fields": flat }));
        }
        Ok(Value::Array(told))
    })
}
