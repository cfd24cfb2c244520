//! Imports of data rows, and what became of each row.

use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::catalog::row_import::{self, Outcomes, Rows};
use labelport_engine::tasks;
use labelport_model::id::TaskId;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

/// The most rows of a page.
const PAGE_LIMIT: usize = 10_000;

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "DataRowImports",
            leaves: &["after", "total"],
            fields: &[Field::member("nodes", "ImportedDataRow"), Field::member("results", "FailedDataRow")],
        },
        Type { name: "ImportedDataRow", leaves: &["externalId", "globalKey", "id", "rowData"], fields: &[] },
        Type { name: "FailedDataRow", leaves: &["message"], fields: &[Field::member("spec", "DataRowSpec")] },
        Type {
            name: "DataRowSpec",
            leaves: &["externalId", "globalKey", "rowData"],
            fields: &[Field::member("metadata", "MetadataSpec"), Field::member("attachments", "AttachmentSpec")],
        },
        Type { name: "MetadataSpec", leaves: &["name", "schemaId", "value"], fields: &[] },
        Type { name: "AttachmentSpec", leaves: &["name", "type", "value"], fields: &[] },
        Type { name: "AppendedRows", leaves: &["accepted", "errorMessage", "taskId"], fields: &[] },
        Type {
            name: "AppendedRowsSync",
            leaves: &[],
            fields: &[Field::object("dataset", "Dataset", &[], appended_to)],
        },
    ],
    queries: &[
        Field::object("successesfulDataRowImports", "DataRowImports", &["data"], |call, _, arguments| {
            outcomes(call, arguments, false)
        }),
        Field::object("failedDataRowImports", "DataRowImports", &["data"], |call, _, arguments| {
            outcomes(call, arguments, true)
        }),
    ],
    mutations: &[
        Field::object("upsertDataRows", "Task", &["data"], |call, _, arguments| {
            let uri = arguments.text("data.manifestUri")?;
            let id = row_import::start(call.workspace, call.caller, Rows::Manifest(uri))?;
            super::task::by_id(call, id.as_str())
        }),
        // What versions of 2023 call.
        Field::object("appendRowsToDataset", "AppendedRows", &["data"], |call, _, arguments| {
            let id = append(call, arguments)?;
            Ok(json!({ "taskId": id, "accepted": true, "errorMessage": null }))
        }),
        Field::object("appendRowsToDatasetSync", "AppendedRowsSync", &["data"], append_sync),
        Field::object("createDataRow", "DataRow", &["data"], create_one),
    ],
    more: &[],
};

fn append(call: &Call<'_>, arguments: &Arguments<'_>) -> Result<String, Problem> {
    let rows = Rows::File { url: arguments.text("data.jsonFileUrl")?, dataset_id: arguments.text("data.datasetId")? };
    row_import::start(call.workspace, call.caller, rows).map(|id| id.to_string())
}

/// Imports rows before it answers; the first row that failed is its failure.
fn append_sync(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let id = append(call, arguments)?;
    let task = TaskId::parse(&id).map_err(Problem::internal)?;
    tasks::wait(call.workspace, &task, std::time::Duration::from_secs(50))?;
    let failure = row_import::find_first_failure(call.workspace, &id)?;
    match failure {
        Some(failure) => Err(Problem::malformed(failure["message"].as_str().unwrap_or_default())),
        None => Ok(json!({ "_dataset": arguments.text("data.datasetId")? })),
    }
}

fn appended_to(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let id = parent.get("_dataset").and_then(Value::as_str).unwrap_or_default();
    labelport_engine::catalog::dataset::get(call.workspace, id).map(nodes::dataset)
}

fn create_one(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let dataset_id = arguments.text("data.dataset.connect.id")?;
    let mut payload = arguments.at("data").clone();
    if let Some(payload) = payload.as_object_mut() {
        payload.remove("dataset");
        if let Some(row_data) = payload.remove("rowData") {
            // Objects come as text from this call, and are content all the same.
            let content = row_data.as_str().and_then(|text| serde_json::from_str(text).ok());
            let content = content.filter(Value::is_object).unwrap_or(row_data);
            payload.insert("row_data".to_owned(), content);
        }
    }
    let id = row_import::create_one(call.workspace, call.caller, dataset_id, &payload)?;
    labelport_engine::catalog::data_row::get(call.workspace, &id).map(nodes::data_row)
}

/// Returns a page of the rows of an import that succeeded or that failed.
fn outcomes(call: &Call<'_>, arguments: &Arguments<'_>, has_failed: bool) -> Result<Value, Problem> {
    let id = arguments.text("data.taskId")?;
    let limit = arguments.count("data.first", PAGE_LIMIT)?.min(PAGE_LIMIT);
    let after = match arguments.find_cursor("data.from")? {
        Some(_) => arguments.number("data.from")?,
        None => -1,
    };
    let page = row_import::list_outcomes(call.workspace, id, has_failed, after, limit)?;
    let key = if has_failed { "results" } else { "nodes" };
    let rows: Vec<Value> = match page.rows {
        Outcomes::Failed(failures) => failures,
        Outcomes::Imported(rows) => rows.into_iter().map(nodes::data_row).collect(),
    };
    Ok(json!({ key: rows, "after": page.next.map(|next| next.to_string()), "total": page.total }))
}
