//! Task queues of a project, and what they hold.

use super::{id, node, number};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::catalog::{data_row, row_metadata};
use labelport_engine::projects::{batch, labeling_override, project, workflow};
use labelport_model::given::{self, wrong};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "TaskQueue",
            leaves: &["description", "id", "name", "queueType"],
            fields: &[Field::leaf("dataRowCount", &["input"], count_rows)],
        },
        Type {
            name: "LabelingParameterOverride",
            leaves: &["id", "numberOfLabels", "priority"],
            fields: &[Field::object("dataRow", "DataRow", &[], |call, parent, _| {
                Ok(data_row::find_by_key(call.workspace, number(parent, "_row"))?.map_or(Value::Null, nodes::data_row))
            })],
        },
        Type { name: "StateCount", leaves: &["count", "state"], fields: &[] },
        Type { name: "ClearedReservations", leaves: &["clearedReservationCount", "success"], fields: &[] },
        Type { name: "Success", leaves: &["errorMessage", "success"], fields: &[] },
    ],
    queries: &[],
    mutations: &[Field::object("clearQueueReservations", "ClearedReservations", &["input"], |call, _, arguments| {
        // Nobody labels here, so that no row is ever reserved.
        let project = project::get(call.workspace, arguments.text("input.projectId")?)?;
        let queue = arguments.text("input.queueId")?;
        let is_there = workflow::list(call.workspace, &project)?.iter().any(|known| known.id == queue);
        is_there.then_some(()).ok_or_else(|| Problem::not_found("task queue", queue))?;
        Ok(json!({ "success": true, "clearedReservationCount": 0 }))
    })],
    more: &[(
        "Project",
        &[
            Field::object("taskQueues", "TaskQueue", &[], list),
            Field::object("createBulkAddRowsToQueueTask", "TaskId", &["data"], move_rows).for_writers(),
            Field::object(
                "setLabelingParameterOverrides",
                "Success",
                &["data", "dataWithDataRowIdentifiers"],
                set_overrides,
            )
            .for_writers(),
            Field::object("unsetLabelingParameterOverrides", "Success", &["data"], unset_overrides).for_writers(),
            Field::object(
                "labelingParameterOverrides",
                "LabelingParameterOverride",
                &["first", "orderBy", "skip", "where"],
                list_overrides,
            ),
            Field::object("createQueuePriorityUpdateTask", "TaskId", &["data"], |call, parent, arguments| {
                let rows = arguments.at("data.dataRowIdentifiers");
                let task = workflow::start_priorities(
                    call.workspace,
                    call.caller,
                    id(parent),
                    arguments.number("data.priority")?,
                    rows,
                )?;
                Ok(json!({ "taskId": task.as_str() }))
            })
            .for_writers(),
            Field::object("workstreamStateCounts", "StateCount", &["batchIds"], state_counts),
            Field::leaf("completedDataRowCount", &[], |call, parent, _| {
                let counts = workflow::count_by_state(call.workspace, number(parent, "_key"))?;
                Ok(json!(counts.done))
            }),
        ],
    )],
};

fn list(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let project = project::get(call.workspace, id(parent))?;
    let counts = workflow::count_by_queue(call.workspace, project.key)?;
    let to_node = |queue: workflow::Queue| {
        json!({
            "id": queue.id,
            "name": queue.name,
            "description": null,
            "queueType": queue.queue_type.unwrap_or_else(|| "CUSTOM_QUEUE".to_owned()),
            "_count": counts.get(&queue.key).copied().unwrap_or(0),
            "_key": queue.key,
            "_project": project.key,
        })
    };
    Ok(workflow::list(call.workspace, &project)?.into_iter().map(to_node).collect())
}

fn move_rows(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let queue = arguments.find_text("data.queueId")?;
    let mut rows = arguments.at("data.dataRowIdentifiers").clone();
    if rows.is_null() {
        // What versions of 2023 send.
        rows = json!({ "ids": arguments.at("data.dataRowIds"), "idType": "ID" });
    }
    let task = workflow::start_move(call.workspace, call.caller, id(parent), queue, &rows)?;
    Ok(json!({ "taskId": task.as_str() }))
}

fn set_overrides(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let given = [arguments.list("dataWithDataRowIdentifiers")?, arguments.list("data")?].concat();
    if given.is_empty() {
        return Err(Problem::malformed("data is missing; give a list of rows with priorities"));
    }
    let wanted =
        given.iter().map(|each| Ok((row_metadata::identifier(each), batch::read_priority(&each["priority"])?)));
    let wanted: Vec<(Value, i64)> = wanted.collect::<Result<_, Problem>>()?;
    labeling_override::set(call.workspace, call.caller, id(parent), &wanted)?;
    Ok(json!({ "success": true }))
}

fn unset_overrides(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let rows: Vec<Value> = arguments.list("data")?.iter().map(row_metadata::identifier).collect();
    labeling_override::unset(call.workspace, id(parent), &rows)?;
    Ok(json!({ "success": true }))
}

fn list_overrides(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let project = project::get(call.workspace, id(parent))?;
    let found = labeling_override::list(call.workspace, &project)?.into_iter().map(|each| {
        let labels = Value::Null;
        node(json!({ "id": each.id, "priority": each.priority, "numberOfLabels": labels, "_row": each.row_key }))
    });
    listing::page(found.collect(), arguments)
}

/// Counts the rows of a queue: all of them, or those of some batches.
fn count_rows(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let Some(ids) = batches_of(arguments)? else { return Ok(json!(number(parent, "_count"))) };
    let counts = workflow::count_in_batches(call.workspace, number(parent, "_project"), ids)?;
    Ok(json!(counts.queues.get(&number(parent, "_key")).copied().unwrap_or(0)))
}

/// Returns the ids of the batches that a search names; none where it names nothing.
fn batches_of(arguments: &Arguments<'_>) -> Result<Option<Vec<String>>, Problem> {
    let mut ids = None;
    for entry in arguments.list("input.searchQuery.query")? {
        if entry["type"] != "batch" || entry["operator"] != "is" {
            return Err(wrong(
                "input.searchQuery.query",
                "a list of batches ({type: batch, operator: is, ids})",
                entry,
            ));
        }
        ids.get_or_insert_with(Vec::new).extend(given::texts("ids", &entry["ids"])?);
    }
    Ok(ids)
}

fn state_counts(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let key = number(parent, "_key");
    let counts = match arguments.at("batchIds").is_null() {
        true => workflow::count_by_state(call.workspace, key)?,
        false => workflow::count_in_batches(call.workspace, key, arguments.texts("batchIds")?)?.states,
    };
    let states = [
        ("Unlabeled", counts.unlabeled),
        ("InReview", counts.in_review),
        ("InRework", counts.in_rework),
        ("Skipped", 0),
        ("Done", counts.done),
        ("Issues", 0),
        ("Labeled", counts.all - counts.unlabeled),
        ("All", counts.all),
        ("NotInTaskQueue", 0),
    ];
    Ok(states.iter().map(|(state, count)| json!({ "state": state, "count": count })).collect())
}
