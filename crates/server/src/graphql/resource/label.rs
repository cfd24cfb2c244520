//! Labels.

use super::{id, number, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use labelport_engine::projects::label;
use labelport_model::problem::Problem;
use labelport_store::tables::projects::{self, Label, ListLabels};
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
                    super::data_row::by_key(call, number(parent, "_row"))
                }),
                Field::object("project", "Project", &[], |call, parent, _| {
                    let (org_key, key) = (call.workspace.org_key(), number(parent, "_project"));
                    let found =
                        call.workspace.read(|connection| Ok(projects::find_by_key(connection, org_key, key)?))?;
                    Ok(found.map_or(Value::Null, super::project::told))
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
        label::get(call.workspace, arguments.text("where.id")?).map(told)
    })],
    mutations: &[Field::object("deleteLabels", "Label", &["labelIds"], |call, _, arguments| {
        let deleted = label::delete(call.workspace, arguments.texts("labelIds")?)?;
        Ok(deleted.into_iter().map(|id| json!({ "id": id })).collect())
    })],
    more: &[("Project", &[Field::object("labels", "Label", &["first", "skip", "where"], list)])],
};

/// Returns a label as the SDK reads one.
pub(super) fn told(label: Label) -> Value {
    let parse =
        |text: Option<String>| -> Value { text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default() };
    let (details, performance) = (parse(label.details), parse(label.performance));
    let time = |key: &str| match details[key].as_str() {
        Some(text) => json!(text.replace("+00:00", "Z")),
        None => json!("1970-01-01T00:00:00.000Z"),
    };
    json!({
        "id": label.id,
        "label": label.annotations,
        "agreement": performance["consensus_score"],
        "benchmarkAgreement": performance["benchmark_score"],
        "isBenchmarkReference": performance["benchmark_reference_label"] == label.id.as_str(),
        "secondsToLabel": performance["seconds_to_create"],
        "createdAt": time("created_at"),
        "updatedAt": time("updated_at"),
        "_row": label.row_key,
        "_project": label.project_key,
        "_createdBy": details["created_by"],
    })
}

fn list(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let datasets = arguments.at("where.dataRow.dataset.id_in");
    let dataset_ids = arguments.texts("where.dataRow.dataset.id_in")?;
    let which = ListLabels {
        dataset_ids: (!datasets.is_null()).then_some(dataset_ids),
        skip: arguments.count("skip", 0)?,
        limit: arguments.count("first", listing::PAGE)?.min(1_000),
    };
    Ok(label::list(call.workspace, id(parent), &which)?.into_iter().map(told).collect())
}
