//! Tasks, which the SDK reads through the user who asked for them.

use super::{id, node, organization, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes::time;
use labelport_engine::catalog::row_import::RowImport;
use labelport_engine::export::job;
use labelport_engine::registry;
use labelport_engine::storage::results::Stream;
use labelport_engine::tasks::{self, Job, ListCreated, ListTasks, Task, TaskStatus};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type { name: "CanceledTask", leaves: &["success"], fields: &[] },
        Type {
            name: "Task",
            leaves: &[
                "completionPercentage",
                "createdAt",
                "errors",
                "id",
                "metadata",
                "name",
                "result",
                "status",
                "type",
                "updatedAt",
            ],
            fields: &[
                Field::object("createdBy", "User", &[], |call, parent, _| {
                    let id = parent.get("_createdBy").and_then(Value::as_str).unwrap_or_default();
                    user_by(call, |user| user.id == id)
                }),
                Field::object("organization", "Organization", &[], organization),
            ],
        },
    ],
    queries: &[
        Field::leaf("cancelableTaskTypes", &[], |_, _, _| {
            Ok(registry::wire_types().map(|name| json!(camel_case(name))).collect())
        }),
        // The SDK asks by the name of its class who began an import of rows.
        Field::object("dataUpsertTask", "Task", &["where"], |call, _, arguments| {
            by_id(call, arguments.text("where.id")?)
        }),
    ],
    mutations: &[Field::object("cancelBulkOperationJob", "CanceledTask", &["id"], |call, _, arguments| {
        registry::cancel(call.workspace, arguments.text("id")?, Some(call.caller))?;
        Ok(json!({ "success": true }))
    })
    .for_readers()],
    more: &[
        ("Organization", &[Field::object("tasks", "Task", &["first", "orderBy", "skip", "where"], all_tasks)]),
        ("User", &[Field::object("createdTasks", "Task", &["first", "skip", "where"], created_tasks)]),
    ],
};

/// Lists the tasks of everybody, newest first.
fn all_tasks(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let is_plain = arguments.at("where").is_null() && arguments.at("orderBy").is_null();
    let (skip, first) = (arguments.count("skip", 0)?, arguments.count("first", listing::PAGE)?.min(1_000));
    // What is filtered or sorted is all of them; a page of the latest ones opens no result of another page.
    let (limit, passed) = if is_plain { (skip.saturating_add(first), skip) } else { (listing::PAGE_LIMIT, 0) };
    let found = tasks::list(call.workspace, &ListTasks { status: None, limit })?;
    let nodes = found.iter().skip(passed).map(|task| to_node(call, task));
    let nodes: Vec<Value> = nodes.collect::<Result<_, _>>()?;
    if is_plain { Ok(Value::Array(nodes)) } else { listing::page(nodes.into_iter().map(node).collect(), arguments) }
}

/// Returns the name of a kind of tasks as the SDK lists it: it makes `export-data-rows` of `exportDataRows`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut text, word| {
        let mut letters = word.chars();
        text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        text.extend(letters);
        text
    })
}

fn created_tasks(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let which = ListCreated {
        id: arguments.find_text("where.id")?.map(str::to_owned),
        skip: arguments.count("skip", 0)?,
        limit: arguments.count("first", listing::PAGE)?.min(1_000),
    };
    let found = tasks::list_created(call.workspace, id(parent), &which)?;
    found.iter().map(|task| to_node(call, task)).collect()
}

/// Returns the user who asked for a task.
pub(super) fn creator(call: &Call<'_>, id: &str) -> Result<Value, Problem> {
    let task = tasks::find(call.workspace, id)?.ok_or_else(|| Problem::not_found("task", id))?;
    user_by(call, |user| Some(&user.id) == task.created_by.as_ref())
}

/// Returns a task by its id.
pub(super) fn by_id(call: &Call<'_>, id: &str) -> Result<Value, Problem> {
    let task = tasks::find(call.workspace, id)?.ok_or_else(|| Problem::not_found("task", id))?;
    to_node(call, &task)
}

fn to_node(call: &Call<'_>, task: &Task) -> Result<Value, Problem> {
    let outcome: Value = task.outcome.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let (result, errors) = results(call, task, &outcome)?;
    let percentage = match (task.status, task.rows_total) {
        (TaskStatus::Complete, _) => 100.0,
        (_, Some(total)) if total > 0 => (100.0 * task.rows_done as f64 / total as f64).min(100.0),
        _ => 0.0,
    };
    Ok(json!({
        "id": task.id.as_str(),
        "name": task.name,
        "type": registry::wire_type(&task.kind),
        "status": task.status.wire_name(),
        "completionPercentage": percentage,
        "result": result,
        "errors": errors,
        "metadata": outcome["metadata"],
        "createdAt": time(task.created),
        "updatedAt": time(task.finished.unwrap_or(task.created)),
        "_createdBy": task.created_by,
    }))
}

/// Returns what the SDK reads as `result` and `errors` of a task.
fn results(call: &Call<'_>, task: &Task, outcome: &Value) -> Result<(Value, Value), Problem> {
    let until = Some(call.workspace.now().plus_millis(job::KEPT_MS));
    let url = |name: &str| json!(call.workspace.signer().url(&format!("/results/{}/{name}", task.id), until));
    // Versions of 2023 fetch what became of an import, however it ended.
    if task.kind == RowImport.kind() {
        return Ok((url("rows.json"), Value::Null));
    }
    if task.status == TaskStatus::Failed {
        // The SDK parses this text when it reports why a task failed.
        return Ok((json!(json!({ "error": outcome["error"] }).to_string()), Value::Null));
    }
    if task.status != TaskStatus::Complete || !job::is_export(&task.kind) {
        return Ok((Value::Null, Value::Null));
    }
    let Some(stored) = call.workspace.open_result(task.id.as_str())? else { return Ok((Value::Null, Value::Null)) };
    let errors = stored.extent(Stream::Errors).map_or(Value::Null, |_| url("errors.ndjson"));
    Ok((url(job::result_name(task)), errors))
}
