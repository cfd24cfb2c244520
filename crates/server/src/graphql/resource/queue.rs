//! Task queues of a project, and what they hold.

use super::{id, number};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use labelport_engine::catalog::row_metadata;
use labelport_engine::projects::{issue, project, workflow};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type { name: "TaskQueue", leaves: &["dataRowCount", "description", "id", "name", "queueType"], fields: &[] },
        Type { name: "StateCount", leaves: &["count", "state"], fields: &[] },
        Type { name: "IssueCount", leaves: &["totalCount"], fields: &[] },
        Type { name: "Success", leaves: &["errorMessage", "success"], fields: &[] },
    ],
    queries: &[],
    mutations: &[],
    more: &[(
        "Project",
        &[
            Field::object("taskQueues", "TaskQueue", &[], list),
            Field::object("createBulkAddRowsToQueueTask", "TaskId", &["data"], move_rows).for_writers(),
            Field::object(
                "setLabelingParameterOverrides",
                "Success",
                &["data", "dataWithDataRowIdentifiers"],
                set_priorities,
            )
            .for_writers(),
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
            Field::object("workstreamStateCounts", "StateCount", &[], state_counts),
            Field::object("issues", "IssueCount", &[], |call, parent, _| {
                let count = issue::count(call.workspace, number(parent, "_key"))?;
                Ok(json!({ "totalCount": count }))
            }),
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
            "dataRowCount": counts.get(&queue.key).copied().unwrap_or(0),
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

fn set_priorities(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let given = [arguments.list("dataWithDataRowIdentifiers")?, arguments.list("data")?].concat();
    if given.is_empty() {
        return Err(Problem::malformed("data is missing; give a list of rows with priorities"));
    }
    let mut wanted = Vec::new();
    for each in &given {
        let identifier = row_metadata::identifier(each);
        let rows = json!({ "ids": [identifier["id"]], "idType": identifier["idType"] });
        workflow::check_rows(call.workspace, id(parent), &rows)?;
        wanted.push((labelport_engine::projects::batch::read_priority(&each["priority"])?, rows));
    }
    for (priority, rows) in wanted {
        workflow::start_priorities(call.workspace, call.caller, id(parent), priority, &rows)?;
    }
    Ok(json!({ "success": true }))
}

fn state_counts(call: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let counts = workflow::count_by_state(call.workspace, number(parent, "_key"))?;
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
