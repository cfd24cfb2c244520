//! Metadata values of rows: set, removed and read, many rows in one call.
//!
//! A row whose change fails does not fail the others: each call returns what went wrong, row by row, in the form in which
//! the SDK reads it.

use super::metadata::{self, Book};
use crate::edits::Edits;
use crate::workspace::Workspace;
use labelport_model::given;
use labelport_model::problem::Problem;
use labelport_store::Connection;
use labelport_store::tables::data_rows::{self, DataRow};
use serde_json::{Value, json};

/// Sets values; returns the rows for which that failed.
pub fn put(workspace: &Workspace, given: Vec<Value>) -> Result<Value, Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
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
pub fn identifier(given: &Value) -> Value {
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
pub fn remove(workspace: &Workspace, given: Vec<Value>) -> Result<Value, Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
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

/// Lists the values of rows; `id_type` is `ID` or `GKEY`. Rows that are not found are left out.
pub fn list(workspace: &Workspace, id_type: &str, ids: &[String]) -> Result<Value, Problem> {
    let org_key = workspace.org_key();
    workspace.read(|connection| {
        let mut found = Vec::new();
        for id in ids {
            let identifier = json!({ "id": id, "idType": id_type });
            let Some(row) = find_identified(connection, org_key, &identifier)? else { continue };
            let entries = data_rows::list_metadata(connection, row.key)?;
            let (flat, _) = metadata::to_fields(&entries);
            found.push(json!({ "dataRowId": row.id, "globalKey": row.global_key, "fields": flat }));
        }
        Ok(Value::Array(found))
    })
}
