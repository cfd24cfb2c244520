//! Rows sent from the catalog or from a model run to a project.

use crate::graphql::schema::{Field, Part, Resolve};
use labelport_engine::send;
use serde_json::json;

pub(super) static PART: Part = Part {
    types: &[],
    queries: &[],
    mutations: &[
        Field::object("sendToAnnotateFromCatalog", "TaskId", &["input"], START),
        Field::object("sendToAnnotateFromMea", "TaskId", &["input"], START),
    ],
    more: &[],
};

const START: Resolve = |call, _, arguments| {
    let task = send::start(call.workspace, call.caller, arguments.at("input"))?;
    Ok(json!({ "taskId": task.as_str() }))
};
