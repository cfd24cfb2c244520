//! Labels.

use super::{id, number, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::catalog::data_row;
use labelport_engine::projects::label::{self, LabelOrder, LabelOrderBy, ListLabels};
use labelport_engine::projects::project;
use labelport_engine::workspace::api_keys;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[Type {
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
                Ok(data_row::find_by_key(call.workspace, number(parent, "_row"))?.map_or(Value::Null, nodes::data_row))
            }),
            Field::object("project", "Project", &[], |call, parent, _| {
                let found = project::find_by_key(call.workspace, number(parent, "_project"))?;
                Ok(found.map_or(Value::Null, nodes::project))
            }),
            Field::object("createdBy", "User", &[], |call, parent, _| {
                let email = parent.get("_createdBy").and_then(Value::as_str).unwrap_or_default();
                user_by(call, |user| user.email == email)
            }),
        ],
    }],
    queries: &[Field::object("label", "Label", &["where"], |call, _, arguments| {
        let found = label::get(call.workspace, arguments.text("where.id")?)?;
        Ok(nodes::labels(call.workspace, vec![found])?.pop().unwrap_or_default())
    })],
    mutations: &[Field::object("deleteLabels", "Label", &["labelIds"], |call, _, arguments| {
        let deleted = label::delete(call.workspace, arguments.texts("labelIds")?)?;
        Ok(deleted.into_iter().map(|id| json!({ "id": id })).collect())
    })],
    more: &[("Project", &[Field::object("labels", "Label", &["first", "orderBy", "skip", "where"], list)])],
};

/// What labels can be ordered by, by the names of their fields.
const ORDERS: [(&str, LabelOrderBy); 5] = [
    ("createdAt", LabelOrderBy::Created),
    ("updatedAt", LabelOrderBy::Updated),
    ("secondsToLabel", LabelOrderBy::Seconds),
    ("agreement", LabelOrderBy::Consensus),
    ("benchmarkAgreement", LabelOrderBy::Benchmark),
];

fn read_order(order: &str) -> Result<LabelOrder, Problem> {
    let (field, way) = order.rsplit_once('_').unwrap_or((order, "ASC"));
    let by = ORDERS.iter().find(|(name, _)| *name == field).map(|(_, by)| *by);
    let is_descending = match way {
        "ASC" => Some(false),
        "DESC" => Some(true),
        _ => None,
    };
    match (by, is_descending) {
        (Some(by), Some(is_descending)) => Ok(LabelOrder { by, is_descending }),
        _ => {
            let fields = ORDERS.map(|(name, _)| name).join(", ");
            Err(Problem::malformed(format!(
                "orderBy is {order:?}; labels are ordered by {fields}, as FIELD_ASC or FIELD_DESC"
            )))
        }
    }
}

/// Returns the e-mail address of a user; nobody has that of a user who is not known.
fn find_email(call: &Call<'_>, user_id: &str) -> Result<String, Problem> {
    let users = api_keys::list_users(call.workspace)?;
    Ok(users.into_iter().find(|user| user.id == user_id).map(|user| user.email).unwrap_or_default())
}

fn list(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let datasets = arguments.at("where.dataRow.dataset.id_in");
    let dataset_ids = arguments.texts("where.dataRow.dataset.id_in")?;
    let created_by = match arguments.find_text("where.createdBy.id")? {
        Some(user_id) => Some(find_email(call, user_id)?),
        None => None,
    };
    let which = ListLabels {
        order: match arguments.find_text("orderBy")? {
            Some(order) => read_order(order)?,
            None => LabelOrder::default(),
        },
        created_by,
        dataset_ids: (!datasets.is_null()).then_some(dataset_ids),
        skip: arguments.count("skip", 0)?,
        limit: arguments.count("first", listing::PAGE)?.min(1_000),
    };
    Ok(nodes::labels(call.workspace, label::list(call.workspace, id(parent), &which)?)?.into())
}
