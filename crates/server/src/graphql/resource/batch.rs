//! Batches of a project.

use super::{cursored, id, node, number, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes::{self, time};
use labelport_engine::projects::batch::{self, Batch, Creation};
use labelport_engine::projects::named_rows::NamedRows;
use labelport_engine::projects::project::Project;
use labelport_engine::projects::{label, project, workflow};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "Batch",
            leaves: &["consensusSettingsJson", "createdAt", "id", "name", "size", "updatedAt"],
            fields: &[
                Field::object("createdBy", "User", &[], creator),
                // What the SDK calls the creator of a batch.
                Field::object("user", "User", &[], creator),
                Field::object("project", "Project", &[], |call, parent, _| {
                    let found = project::find_by_key(call.workspace, number(parent, "_project"))?;
                    Ok(found.map_or(Value::Null, nodes::project))
                }),
            ],
        },
        Type {
            name: "BatchPage",
            leaves: &[],
            fields: &[Field::member("nodes", "Batch"), Field::member("pageInfo", "PageInfo")],
        },
        Type { name: "CreatedBatch", leaves: &["failedDataRowIds"], fields: &[Field::member("batch", "Batch")] },
        Type { name: "TaskId", leaves: &["taskId"], fields: &[] },
        Type { name: "BatchTasks", leaves: &[], fields: &[Field::member("tasks", "BatchTask")] },
        Type { name: "BatchTask", leaves: &["batchUuid", "taskId"], fields: &[] },
        Type { name: "DeletedBatch", leaves: &["deletedBatchId"], fields: &[] },
        Type { name: "DeletedLabels", leaves: &["deletedLabelIds"], fields: &[] },
    ],
    queries: &[Field::object("batch", "Batch", &["where"], |call, _, arguments| {
        batch::get_anywhere(call.workspace, arguments.text("where.id")?).map(to_node)
    })],
    mutations: &[],
    more: &[(
        "Project",
        &[
            Field::object("batches", "BatchPage", &["after", "first", "from", "where"], list),
            Field::object("createBatchV2", "CreatedBatch", &["input"], create).for_writers(),
            Field::object("createEmptyBatch", "Batch", &["input"], |call, parent, arguments| {
                let creation = creation(arguments, "input.name", workflow::DEFAULT_PRIORITY)?;
                batch::create_empty(call.workspace, &call.caller.user, &parent_of(call, parent)?, &creation)
                    .map(to_node)
            })
            .for_writers(),
            Field::object("addDataRowsToBatchAsync", "TaskId", &["input"], fill).for_writers(),
            Field::object("createBatches", "BatchTasks", &["input"], create_many).for_writers(),
            Field::object("createBatchesFromDataset", "BatchTasks", &["input"], create_many).for_writers(),
            Field::object("removeQueuedDataRowsFromBatch", "Batch", &["batchId"], |call, parent, arguments| {
                let id = arguments.text("batchId")?;
                batch::remove_queued(call.workspace, &parent_of(call, parent)?, id)?;
                Ok(json!({ "id": id }))
            })
            .for_writers(),
            Field::object("deleteBatch", "DeletedBatch", &["batchId"], |call, parent, arguments| {
                let id = arguments.text("batchId")?;
                batch::delete(call.workspace, &parent_of(call, parent)?, id)?;
                Ok(json!({ "deletedBatchId": id }))
            })
            .for_writers(),
            Field::object("deleteBatchLabels", "DeletedLabels", &["batchId"], delete_labels).for_writers(),
        ],
    )],
};

fn creator(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    user_by(call, |user| user.key == number(parent, "_createdBy"))
}

fn parent_of(call: &Call<'_>, parent: &Node) -> Result<Project, Problem> {
    project::get(call.workspace, id(parent))
}

fn to_node(batch: Batch) -> Value {
    let consensus: Option<Value> = batch.consensus.as_deref().and_then(|text| serde_json::from_str(text).ok());
    json!({
        "id": batch.id,
        "name": batch.name,
        "size": batch.size,
        "consensusSettingsJson": consensus,
        "createdAt": time(batch.created),
        "updatedAt": time(batch.created),
        "_project": batch.project_key,
        "_createdBy": batch.created_by,
    })
}

fn creation(arguments: &Arguments<'_>, name: &str, priority: i64) -> Result<Creation, Problem> {
    Ok(Creation {
        name: arguments.find_text(name)?.unwrap_or_default().to_owned(),
        priority,
        consensus: arguments.at("input.consensusSettings").clone(),
    })
}

fn list(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let project = parent_of(call, parent)?;
    let mut found = batch::list(call.workspace, &project)?;
    if let Some(id) = arguments.find_text("where.id")? {
        found.retain(|batch| batch.id == id);
    }
    cursored(found.into_iter().map(|each| node(to_node(each))).collect(), arguments, "pageInfo.endCursor")
}

fn create(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let priority = batch::read_priority(arguments.at("input.priority"))?;
    let creation = creation(arguments, "input.name", priority)?;
    let rows = NamedRows::read(arguments.at("input"))?;
    let project = parent_of(call, parent)?;
    let (created, failed) = batch::create(call.workspace, call.caller, &project, &creation, &rows)?;
    Ok(json!({ "batch": to_node(created), "failedDataRowIds": failed }))
}

fn fill(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let project = parent_of(call, parent)?;
    let batch = batch::get(call.workspace, &project, arguments.text("input.batchId")?)?;
    let priority = batch::read_priority(arguments.at("input.priority"))?;
    let task = batch::start_fill(call.workspace, call.caller, &project, &batch, priority, arguments.at("input"))?;
    Ok(json!({ "taskId": task.as_str() }))
}

fn create_many(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let priority = batch::read_priority(arguments.at("input.priority"))?;
    let creation = creation(arguments, "input.batchNamePrefix", priority)?;
    let project = parent_of(call, parent)?;
    let started = batch::create_many(call.workspace, call.caller, &project, &creation, arguments.at("input"))?;
    let tasks: Vec<Value> =
        started.into_iter().map(|(batch, task)| json!({ "batchUuid": batch, "taskId": task })).collect();
    Ok(json!({ "tasks": tasks }))
}

fn delete_labels(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let project = parent_of(call, parent)?;
    let batch = batch::get(call.workspace, &project, arguments.text("batchId")?)?;
    let deleted = label::delete_of_batch(call.workspace, batch.key)?;
    Ok(json!({ "deletedLabelIds": deleted }))
}
