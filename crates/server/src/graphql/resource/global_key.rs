//! Global keys. Each job is done when its id is given out, and the id holds what the SDK asks for afterwards.

use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use labelport_engine::catalog::global_key;
use labelport_engine::tasks::completed;
use labelport_model::given;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type { name: "JobId", leaves: &["jobId"], fields: &[] },
        Type { name: "GlobalKeyJob", leaves: &["jobStatus"], fields: &[Field::member("data", "GlobalKeyResult")] },
        Type {
            name: "GlobalKeyResult",
            leaves: &["accessDeniedGlobalKeys", "clearedGlobalKeys", "failedToClearGlobalKeys", "notFoundGlobalKeys"],
            fields: &[
                Field::member("fetchedDataRows", "DataRow"),
                Field::member("sanitizedAssignments", "GlobalKeyAssignment"),
                Field::member("invalidGlobalKeyAssignments", "GlobalKeyAssignment"),
                Field::member("unmodifiedAssignments", "GlobalKeyAssignment"),
                Field::member("accessDeniedAssignments", "GlobalKeyAssignment"),
            ],
        },
        Type { name: "GlobalKeyAssignment", leaves: &["dataRowId", "globalKey"], fields: &[] },
    ],
    queries: &[
        Field::object("dataRowsForGlobalKeys", "JobId", &["where"], find),
        Field::object("dataRowsForGlobalKeysResult", "GlobalKeyJob", &["jobId"], result),
        Field::object("assignGlobalKeysToDataRowsResult", "GlobalKeyJob", &["jobId"], result),
        Field::object("clearGlobalKeysResult", "GlobalKeyJob", &["jobId"], result),
    ],
    mutations: &[
        Field::object("assignGlobalKeysToDataRows", "JobId", &["data"], assign),
        Field::object("clearGlobalKeys", "JobId", &["where"], |call, _, arguments| {
            let cleared = global_key::clear(call.workspace, arguments.texts("where.ids")?)?;
            let result = json!({
                "clearedGlobalKeys": cleared.cleared,
                "notFoundGlobalKeys": cleared.not_found,
                "failedToClearGlobalKeys": [],
                "accessDeniedGlobalKeys": [],
            });
            job(call, &result)
        }),
    ],
    more: &[],
};

/// Keeps what came of a job under a new id.
fn job(call: &Call<'_>, result: &Value) -> Result<Value, Problem> {
    completed::keep(call.workspace, call.caller, "global-keys", result).map(|id| json!({ "jobId": id }))
}

fn result(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let result = completed::get(call.workspace, arguments.text("jobId.id")?)?;
    Ok(json!({ "jobStatus": "COMPLETE", "data": result }))
}

fn find(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let keys = arguments.texts("where.ids")?;
    let found = global_key::find_rows(call.workspace, &keys)?;
    let missing: Vec<&String> = keys.iter().zip(&found).filter(|(_, id)| id.is_none()).map(|(key, _)| key).collect();
    // The list keeps the order of the keys, with an empty id for one that no row has.
    let rows: Vec<Value> = found.iter().map(|id| json!({ "id": id.as_deref().unwrap_or_default() })).collect();
    job(call, &json!({ "fetchedDataRows": rows, "notFoundGlobalKeys": missing, "accessDeniedGlobalKeys": [] }))
}

fn assign(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let text = |value: &Value, key: &str| given::text(key, &value[key]).map(str::to_owned);
    let mut pairs = Vec::new();
    for pair in arguments.list("data.assignInputs")? {
        pairs.push((text(pair, "dataRowId")?, text(pair, "globalKey")?));
    }
    let assigned = global_key::assign(call.workspace, pairs)?;
    let to_values = |pairs: Vec<(String, String)>| -> Value {
        pairs.into_iter().map(|(id, key)| json!({ "dataRowId": id, "globalKey": key })).collect()
    };
    job(
        call,
        &json!({
            "sanitizedAssignments": [],
            "invalidGlobalKeyAssignments": to_values(assigned.invalid),
            "unmodifiedAssignments": to_values(assigned.assigned),
            "accessDeniedAssignments": [],
        }),
    )
}
