//! Attachments of data rows.

use super::number;
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use labelport_engine::catalog::attachment;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[Type { name: "AssetAttachment", leaves: &["id", "name", "type", "value"], fields: &[] }],
    queries: &[],
    mutations: &[
        Field::object("createDataRowAttachment", "AssetAttachment", &["data"], |call, _, arguments| {
            attachment::create(call.workspace, arguments.text("data.dataRowId")?, arguments.at("data"))
        }),
        Field::object("updateDataRowAttachment", "AssetAttachment", &["data", "where"], |call, _, arguments| {
            attachment::update(call.workspace, arguments.text("where.id")?, arguments.at("data"))
        }),
        Field::object("deleteDataRowAttachment", "AssetAttachment", &["where"], |call, _, arguments| {
            let id = arguments.text("where.id")?;
            attachment::delete(call.workspace, id)?;
            Ok(json!({ "id": id }))
        }),
    ],
    more: &[],
};

pub(super) fn of_row(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let found = attachment::list(call.workspace, number(parent, "_key"))?;
    let (skip, first) = (arguments.count("skip", 0)?, arguments.count("first", usize::MAX)?);
    Ok(found.into_iter().skip(skip).take(first).collect())
}
