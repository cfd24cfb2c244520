//! Labels.

use super::{id, number, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::catalog::data_row;
use labelport_engine::projects::label::{self, ListLabels};
use labelport_engine::projects::project;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "Label",
            leaves: &[
                "agreement",
                "benchmarkAgreement",
                "createdAt",
                "id",
                "isBenchmarkReference",
                "label",
                "secondsToLabel",
                "updatedAt",
            ],
            fields: &[
                Field::object("dataRow", "DataRow", &[], |call, parent, _| {
                    Ok(data_row::find_by_key(call.workspace, number(parent, "_row"))?
                        .map_or(Value::Null, nodes::data_row))
                }),
                Field::object("project", "Project", &[], |call, parent, _| {
                    let found = project::find_by_key(call.workspace, number(parent, "_project"))?;
                    Ok(found.map_or(Value::Null, nodes::project))
                }),
                Field::object("createdBy", "User", &[], |call, parent, _| {
                    let email = parent.get("_createdBy").and_then(Value::as_str).unwrap_or_default();
                    user_by(call, |user| user.email == email)
                }),
                Field::object("reviews", "Review", &[], |_, _, _| Ok(json!([]))),
            ],
        },
        Type { name: "Review", leaves: &["createdAt", "id", "score", "updatedAt"], fields: &[] },
    ],
    queries: &[Field::object("label", "Label", &["where"], |call, _, arguments| {
        label::get(call.workspace, arguments.text("where.id")?).map(nodes::label)
    })],
    mutations: &[Field::object("deleteLabels", "Label", &["labelIds"], |call, _, arguments| {
        let deleted = label::delete(call.workspace, arguments.texts("labelIds")?)?;
        Ok(deleted.into_iter().map(|id| json!({ "id": id })).collect())
    })],
    more: &[("Project", &[Field::object("labels", "Label", &["first", "skip", "where"], list)])],
};

fn list(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let datasets = arguments.at("where.dataRow.dataset.id_in");
    let dataset_ids = arguments.texts("where.dataRow.dataset.id_in")?;
    let which = ListLabels {
        dataset_ids: (!datasets.is_null()).then_some(dataset_ids),
        skip: arguments.count("skip", 0)?,
        limit: arguments.count("first", listing::PAGE)?.min(1_000),
    };
    Ok(label::list(call.workspace, id(parent), &which)?.into_iter().map(nodes::label).collect())
}
