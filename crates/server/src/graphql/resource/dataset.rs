//! Datasets and the pages of their rows.

use super::{id, node, number, organization, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::catalog::{data_row as rows, dataset};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "Dataset",
            leaves: &["createdAt", "description", "id", "name", "rowCount", "updatedAt"],
            fields: &[
                Field::object("createdBy", "User", &[], |call, parent, _| {
                    user_by(call, |user| user.key == number(parent, "_createdBy"))
                }),
                Field::object("organization", "Organization", &[], organization),
                Field::object("signer", "IAMIntegration", &[], |_, _, _| Ok(Value::Null)),
                Field::object("dataRows", "DataRow", &["first", "skip", "where"], rows_by_number),
            ],
        },
        Type {
            name: "DataRowPage",
            leaves: &[],
            fields: &[Field::member("nodes", "DataRow"), Field::member("pageInfo", "PageInfo")],
        },
        Type { name: "PageInfo", leaves: &["endCursor", "hasNextPage", "startCursor"], fields: &[] },
    ],
    queries: &[
        Field::object("dataset", "Dataset", &["where"], |call, _, arguments| {
            dataset::get(call.workspace, arguments.text("where.id")?).map(nodes::dataset)
        }),
        Field::object("datasets", "Dataset", &["first", "orderBy", "skip", "where"], |call, _, arguments| {
            let found = dataset::list(call.workspace)?;
            listing::page(found.into_iter().map(|dataset| node(nodes::dataset(dataset))).collect(), arguments)
        }),
        Field::object("datasetDataRows", "DataRowPage", &["first", "from", "id", "where"], rows_by_cursor),
    ],
    mutations: &[
        Field::object("createDataset", "Dataset", &["data"], |call, _, arguments| {
            let description = arguments.find_text("data.description")?;
            dataset::create(call.workspace, call.caller, arguments.text("data.name")?, description).map(nodes::dataset)
        }),
        Field::object("updateDataset", "Dataset", &["data", "where"], update),
    ],
    more: &[],
};

fn update(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let id = arguments.text("where.id")?;
    if arguments.flag("data.deleted")? {
        dataset::delete(call.workspace, id)?;
        return Ok(json!({ "id": id }));
    }
    let text = |path| arguments.find_text(path).map(|text| text.map(str::to_owned));
    dataset::update(call.workspace, id, text("data.name")?, text("data.description")?).map(nodes::dataset)
}

/// The most rows of a page.
const PAGE_LIMIT: usize = 1_000;

/// Returns a page of rows. The SDK reads the cursor of the next page, the id of the last row, as `startCursor`.
fn rows_by_cursor(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let dataset = dataset::get(call.workspace, arguments.text("id")?)?;
    let after = match arguments.find_cursor("from")? {
        Some(cursor) => rows::get(call.workspace, cursor)?.key,
        None => 0,
    };
    let limit = arguments.count("first", PAGE_LIMIT)?.min(PAGE_LIMIT);
    let external_id = arguments.find_text("where.externalId")?.map(str::to_owned);
    let which = rows::ListRows { dataset_key: dataset.key, after, external_id, limit: limit + 1 };
    let mut found = rows::list(call.workspace, &which)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|row| row.id.clone());
    let nodes: Vec<Value> = found.into_iter().map(nodes::data_row).collect();
    Ok(json!({ "nodes": nodes, "pageInfo": { "hasNextPage": has_more, "startCursor": next, "endCursor": next } }))
}

fn rows_by_number(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let dataset = dataset::get(call.workspace, id(parent))?;
    let skip = arguments.count("skip", 0)?;
    let first = arguments.count("first", listing::PAGE)?.min(PAGE_LIMIT);
    let external_id = arguments.find_text("where.externalId")?.map(str::to_owned);
    let limit = skip.saturating_add(first);
    let found = rows::list(call.workspace, &rows::ListRows { dataset_key: dataset.key, after: 0, external_id, limit })?;
    Ok(found.into_iter().skip(skip).map(nodes::data_row).collect())
}
