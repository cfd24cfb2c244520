//! Slices. The SDK reads them; REST and the command line create them.

use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing::{PAGE, PAGE_LIMIT};
use crate::graphql::schema::{Field, Part, Type};
use crate::nodes;
use labelport_engine::catalog::slice;
use labelport_model::problem::Problem;
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
        Field::object("getSavedQuery", "Slice", &["id"], |call, _, arguments| {
            slice::get(call.workspace, arguments.text("id")?).map(nodes::slice)
        }),
        Field::object("catalogSavedQueries", "Slice", &[], |call, _, _| {
            Ok(slice::list(call.workspace)?.into_iter().map(nodes::slice).collect())
        }),
        Field::object("getDataRowIdsBySavedQuery", "SliceRowIds", &["input"], |call, _, arguments| {
            let mut page = rows(call, arguments)?;
            let nodes = page["nodes"].as_array().into_iter().flatten().map(|row| row["id"].clone()).collect();
            page["nodes"] = nodes;
            Ok(page)
        }),
        Field::object("getDataRowIdentifiersBySavedQuery", "SliceRows", &["input"], |call, _, arguments| {
            rows(call, arguments)
        }),
    ],
    mutations: &[],
    more: &[],
};

/// Returns a page of the rows that a slice finds.
fn rows(call: &Call<'_>, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let from = arguments.find_cursor("input.after")?.map(slice::Cursor::parse).transpose()?;
    let first = arguments.count("input.first", PAGE)?.min(PAGE_LIMIT);
    let page = slice::list_rows(call.workspace, call.caller, arguments.text("input.savedQueryId")?, from, first)?;
    let nodes: Vec<Value> = page.rows.into_iter().map(|(id, key)| json!({ "id": id, "globalKey": key })).collect();
    let next = page.next.map(|cursor| cursor.to_string());
    Ok(json!({
        "nodes": nodes,
        "pageInfo": { "hasNextPage": next.is_some(), "endCursor": next },
        "totalCount": page.total,
    }))
}
