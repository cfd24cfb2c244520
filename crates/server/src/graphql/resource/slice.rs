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
        Type {
            name: "ModelSliceRows",
            leaves: &["totalCount"],
            fields: &[Field::member("nodes", "SliceRow"), Field::member("pageInfo", "RowPageInfo")],
        },
        Type { name: "RowPageInfo", leaves: &["hasNextPage"], fields: &[Field::member("endCursor", "RowCursor")] },
        Type { name: "RowCursor", leaves: &["dataRowId", "globalKey"], fields: &[] },
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
        Field::object("getDataRowIdentifiersBySavedModelQuery", "ModelSliceRows", &["input"], |call, _, arguments| {
            let mut page = rows(call, arguments)?;
            // Clients hand the cursor of this list back as they got it, an object with these members.
            if let Some(next) = page["pageInfo"]["endCursor"].as_str().map(str::to_owned) {
                page["pageInfo"]["endCursor"] = json!({ "dataRowId": next, "globalKey": null });
            }
            Ok(page)
        }),
    ],
    mutations: &[],
    more: &[],
};

/// Returns a page of the rows that a slice finds: all of them, or those of a model run.
fn rows(call: &Call<'_>, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let after = if arguments.at("input.after").is_object() { "input.after.dataRowId" } else { "input.after" };
    let from = arguments.find_cursor(after)?.map(slice::Cursor::parse).transpose()?;
    let first = arguments.count("input.first", PAGE)?.min(PAGE_LIMIT);
    let id = arguments.text("input.savedQueryId")?;
    let page = match arguments.find_text("input.modelRunId")? {
        None => slice::list_rows(call.workspace, call.caller, id, from, first)?,
        Some(run) => slice::list_rows_of_run(call.workspace, call.caller, id, run, from, first)?,
    };
    let nodes: Vec<Value> = page.rows.into_iter().map(|(id, key)| json!({ "id": id, "globalKey": key })).collect();
    let next = page.next.map(|cursor| cursor.to_string());
    Ok(json!({
        "nodes": nodes,
        "pageInfo": { "hasNextPage": next.is_some(), "endCursor": next },
        "totalCount": page.total,
    }))
}
