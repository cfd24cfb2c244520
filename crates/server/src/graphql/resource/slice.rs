//! Slices. The SDK reads them; REST and the command line create them.

use super::{cursored, node, time};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use labelport_engine::catalog::slice;
use labelport_model::problem::Problem;
use labelport_store::slices::Slice;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type { name: "Slice", leaves: &["createdAt", "description", "filter", "id", "name", "updatedAt"], fields: &[] },
        Type {
            name: "SliceRows",
            leaves: &["totalCount"],
            fields: &[Field::member("nodes", "SliceRow"), Field::member("pageInfo", "PageInfo")],
        },
        Type {
            name: "SliceRowIds",
            leaves: &["nodes", "totalCount"],
            fields: &[Field::member("pageInfo", "PageInfo")],
        },
        Type { name: "SliceRow", leaves: &["globalKey", "id"], fields: &[] },
    ],
    queries: &[
        Field::object("getSavedQuery", "Slice", |call, _, arguments| {
            slice::get(call.workspace, arguments.text("id")?).map(told)
        }),
        Field::object("catalogSavedQueries", "Slice", |call, _, _| {
            Ok(slice::list(call.workspace)?.into_iter().map(told).collect())
        }),
        Field::object("getDataRowIdsBySavedQuery", "SliceRowIds", |call, _, arguments| {
            let mut page = rows(call, arguments)?;
            let nodes = page["nodes"].as_array().into_iter().flatten().map(|row| row["id"].clone()).collect();
            page["nodes"] = nodes;
            Ok(page)
        }),
        Field::object("getDataRowIdentifiersBySavedQuery", "SliceRows", |call, _, arguments| rows(call, arguments)),
    ],
    mutations: &[],
    more: &[],
};

/// Returns a slice as the SDK reads one.
pub(crate) fn told(slice: Slice) -> Value {
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

/// Returns a page of the rows that a slice finds.
fn rows(call: &Call<'_>, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let found = slice::list_rows(call.workspace, call.caller, arguments.text("input.savedQueryId")?)?;
    let total = found.len();
    let nodes: Vec<Node> = found.into_iter().map(|(id, key)| node(json!({ "id": id, "globalKey": key }))).collect();
    let input = arguments.at("input").as_object().cloned().unwrap_or_default();
    let mut page = cursored(nodes, &Arguments(&input), "pageInfo.endCursor")?;
    page["totalCount"] = json!(total);
    Ok(page)
}
