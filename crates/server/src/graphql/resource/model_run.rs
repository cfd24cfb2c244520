//! Model runs: their rows, labels, splits and settings.

use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::catalog::data_row;
use labelport_engine::models::registration;
use labelport_engine::models::run::{self, ModelRun, RunRow};
use labelport_engine::tasks::{self, TaskStatus};
use labelport_model::id::TaskId;
use labelport_model::problem::Problem;
use labelport_model::workflow::Split;
use serde_json::{Map, Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "ModelRun",
            leaves: &["createdAt", "createdBy", "id", "modelAppId", "modelId", "name", "trainingMetadata", "updatedAt"],
            fields: &[],
        },
        Type {
            name: "ModelRunDataRow",
            leaves: &["dataSplit", "id", "labelId", "modelRunId"],
            fields: &[Field::object("dataRow", "DataRow", &[], |call, parent, _| {
                Ok(data_row::find_by_key(call.workspace, super::number(parent, "_row"))?
                    .map_or(Value::Null, nodes::data_row))
            })],
        },
        Type {
            name: "ModelRunDataRowPage",
            leaves: &[],
            fields: &[Field::member("nodes", "ModelRunDataRow"), Field::member("pageInfo", "PageInfo")],
        },
        Type { name: "RegistrationStatus", leaves: &["errorMessage", "status"], fields: &[] },
        Type { name: "TrainingPipeline", leaves: &["errorMessage", "metadata", "status"], fields: &[] },
    ],
    queries: &[
        Field::object("modelRun", "ModelRun", &["where"], |call, _, arguments| {
            run::get(call.workspace, arguments.text("where.id")?).map(|run| nodes::model_run(&run))
        }),
        Field::object("annotationGroups", "ModelRunDataRowPage", &["after", "first", "where"], rows),
        Field::object("MEADataRowRegistrationTaskStatus", "RegistrationStatus", &["where"], status),
        Field::object("MEALabelRegistrationTaskStatus", "RegistrationStatus", &["where"], status),
        Field::object("assignDataRowsToDataSplitTaskStatus", "RegistrationStatus", &["where"], status),
        Field::object("trainingPipeline", "TrainingPipeline", &["where"], |call, _, arguments| {
            run::get(call.workspace, arguments.text("where.id")?).map(|run| run::pipeline(&run))
        }),
    ],
    mutations: &[
        Field::object("createModelRun", "ModelRun", &["data"], create),
        Field::leaf("deleteModelRuns", &["where"], |call, _, arguments| {
            run::delete(call.workspace, &arguments.texts("where.ids")?).map(|()| json!(true))
        }),
        Field::leaf("createMEAModelRunDataRowRegistrationTask", &["data", "where"], |call, _, arguments| {
            let run_id = arguments.text("where.id")?;
            registration::start_rows(call.workspace, call.caller, run_id, arguments.at("data")).map(task)
        }),
        Field::leaf("createMEAModelRunLabelRegistrationTask", &["data", "where"], |call, _, arguments| {
            let run_id = arguments.text("where.id")?;
            registration::start_labels(call.workspace, call.caller, run_id, arguments.at("data.labelIds")).map(task)
        }),
        Field::leaf("createMEAModelRunProjectLabelRegistrationTask", &["where"], |call, _, arguments| {
            let (run_id, project_id) = (arguments.text("where.modelRunId")?, arguments.text("where.projectId")?);
            registration::start_project(call.workspace, call.caller, run_id, project_id).map(task)
        }),
        Field::leaf("createAssignDataRowsToDataSplitTask", &["data", "modelRun"], |call, _, arguments| {
            let run_id = arguments.text("modelRun.id")?;
            let assignments = arguments.at("data.assignments");
            registration::start_splits(call.workspace, call.caller, run_id, assignments).map(task)
        }),
        Field::leaf("deleteModelRunDataRows", &["where"], |call, _, arguments| {
            let ids = arguments.texts("where.dataRowIds")?;
            registration::remove_rows(call.workspace, arguments.text("where.modelRunId")?, &ids).map(|()| json!(true))
        }),
        Field::object("updateTrainingPipeline", "TrainingPipeline", &["data", "modelRun"], |call, _, arguments| {
            run::update_pipeline(call.workspace, arguments.text("modelRun.id")?, arguments.at("data"))
        }),
        Field::object("updateModelRunConfig", "ModelRun", &["data", "modelRun"], |call, _, arguments| {
            let run_id = arguments.text("modelRun.id")?;
            run::set_training_metadata(call.workspace, run_id, arguments.at("data.config"))
                .map(|run| nodes::model_run(&run))
        }),
        Field::object("resetModelRunConfig", "ModelRun", &["modelRun"], |call, _, arguments| {
            let run_id = arguments.text("modelRun.id")?;
            run::set_training_metadata(call.workspace, run_id, &Value::Null).map(|run| nodes::model_run(&run))
        }),
    ],
    more: &[],
};

fn task(id: TaskId) -> Value {
    json!(id.as_str())
}

fn create(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    // Keys of the metadata come back in camel case after this call, and as they are after a change.
    let metadata = camel_cased(arguments.at("data.trainingMetadata"));
    let (model_id, name) = (arguments.text("data.modelId")?, arguments.text("data.name")?);
    run::create(call.workspace, call.caller, model_id, name, &metadata).map(|run| nodes::model_run(&run))
}

fn camel_cased(value: &Value) -> Value {
    let Value::Object(members) = value else { return value.clone() };
    let renamed: Map<String, Value> = members.iter().map(|(key, value)| (camel(key), value.clone())).collect();
    Value::Object(renamed)
}

fn camel(key: &str) -> String {
    let mut out = String::new();
    let mut is_upper = false;
    for letter in key.chars() {
        match letter {
            '_' if !out.is_empty() => is_upper = true,
            letter if is_upper => {
                out.extend(letter.to_uppercase());
                is_upper = false;
            }
            letter => out.push(letter),
        }
    }
    out
}

/// Returns a page of a run's rows. The cursor is the key of the last one.
fn rows(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let run = run::get(call.workspace, arguments.text("where.modelRunId.id")?)?;
    let after = match arguments.find_cursor("after")? {
        Some(_) => arguments.number("after")?,
        None => 0,
    };
    let limit = arguments.count("first", listing::PAGE)?.min(1_000);
    let mut found = run::list_rows(call.workspace, &run, after, limit + 1)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|row| row.row_key.to_string());
    let nodes: Vec<Value> = found.iter().map(|row| row_to_node(&run, row)).collect();
    Ok(json!({ "nodes": nodes, "pageInfo": { "endCursor": next, "hasNextPage": has_more } }))
}

fn row_to_node(run: &ModelRun, row: &RunRow) -> Value {
    let head: Value = serde_json::from_str(&format!("{{{}}}", row.head)).unwrap_or_default();
    let split = row.split.and_then(|code| u8::try_from(code).ok()).and_then(Split::from_code);
    json!({
        "id": head["run_data_row_id"],
        "labelId": row.label_id,
        "modelRunId": run.id,
        "dataSplit": split.unwrap_or(Split::Unassigned).export_name().to_uppercase(),
        "_row": row.row_key,
    })
}

fn status(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let task_id = arguments.text("where.id")?;
    let task = tasks::find(call.workspace, task_id)?.ok_or_else(|| Problem::not_found("task", task_id))?;
    let outcome: Value = task.outcome.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let status = match task.status {
        TaskStatus::Complete => "COMPLETE",
        TaskStatus::Failed | TaskStatus::Canceled => "FAILED",
        TaskStatus::InProgress => "IN_PROGRESS",
    };
    Ok(json!({ "status": status, "errorMessage": outcome["error"] }))
}

#[cfg(test)]
mod tests {
    use super::camel;

    #[test]
    fn keys_become_camel_case() {
        assert_eq!(camel("batch_size"), "batchSize");
        assert_eq!(camel("_lr"), "_lr");
        assert_eq!(camel("simple"), "simple");
    }
}
