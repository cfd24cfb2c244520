//! Versions of labels.

use super::user_by;
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing::{PAGE, PAGE_LIMIT};
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes::{self, time};
use labelport_engine::projects::label_version::{self, LabelVersion, ListVersions};
use labelport_engine::projects::{project, workflow};
use labelport_engine::workspace::api_keys;
use labelport_model::given::wrong;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "LabelVersion",
            leaves: &[
                "action",
                "annotationCount",
                "createdAt",
                "createdById",
                "dataRowId",
                "id",
                "label",
                "labelId",
                "labelJson",
                "projectId",
            ],
            fields: &[Field::member("stage", "LabelVersionStage")],
        },
        Type { name: "LabelVersionStage", leaves: &["name", "taskQueueId", "type"], fields: &[] },
        Type { name: "LabelVersionPage", leaves: &["nextCursor"], fields: &[Field::member("nodes", "LabelVersion")] },
    ],
    queries: &[
        Field::object("labelVersion", "LabelVersion", &["where"], |call, _, arguments| {
            to_node(call, label_version::get(call.workspace, arguments.text("where.id")?)?)
        }),
        Field::object("labelVersions", "LabelVersionPage", &["after", "first", "where"], list),
    ],
    mutations: &[],
    more: &[],
};

fn list(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let creator = match arguments.find_text("where.createdById")? {
        None => None,
        Some(id) => {
            let users = api_keys::list_past_users(call.workspace)?;
            // Nobody has an empty address.
            Some(users.into_iter().find(|user| user.id == id).map_or_else(String::new, |user| user.email))
        }
    };
    let which = ListVersions {
        project_id: arguments.text("where.projectId")?,
        label_id: arguments.find_text("where.labelId")?,
        row_id: arguments.find_text("where.dataRowId")?,
        created_by: creator.as_deref(),
        after: moment(arguments, "where.createdAfter")?,
        before: moment(arguments, "where.createdBefore")?,
    };
    let from = match arguments.find_cursor("after")? {
        None => 0,
        Some(cursor) => {
            cursor.parse().map_err(|_| Problem::malformed(format!("{cursor:?} is no cursor of this list")))?
        }
    };
    let limit = arguments.count("first", PAGE)?.clamp(1, PAGE_LIMIT);
    let page = label_version::list(call.workspace, &which, from, limit)?;
    let nodes = page.versions.into_iter().map(|version| to_node(call, version)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "nodes": nodes, "nextCursor": page.next.map(|next| next.to_string()) }))
}

fn moment(arguments: &Arguments<'_>, path: &str) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = arguments.find_text(path)? else { return Ok(None) };
    let read = Timestamp::parse_export(text);
    read.map(Some).ok_or_else(|| wrong(path, "a time such as 2026-01-31T12:00:00.000Z", arguments.at(path)))
}

fn to_node(call: &Call<'_>, version: LabelVersion) -> Result<Value, Problem> {
    let user = user_by(call, |user| user.email == version.created_by)?;
    let creator = user["id"].as_str().unwrap_or(&version.created_by).to_owned();
    let stage = match &version.stage {
        None => Value::Null,
        Some((id, name)) => {
            let project = project::get(call.workspace, &version.project_id)?;
            let queues = workflow::list(call.workspace, &project)?;
            let queue = queues.into_iter().find(|queue| queue.id == *id);
            json!({ "taskQueueId": id, "name": name, "type": queue.and_then(|queue| queue.queue_type) })
        }
    };
    let label_id = version.label.id.clone();
    let label = nodes::labels(call.workspace, vec![version.label])?.pop().unwrap_or_default()["label"].take();
    let parsed: Value = label.as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    Ok(json!({
        "id": version.id,
        "labelId": label_id,
        "dataRowId": version.row_id,
        "projectId": version.project_id,
        "action": version.action.word(),
        "createdAt": time(version.created),
        "createdById": creator,
        "stage": stage,
        "annotationCount": version.annotations,
        "label": label,
        "labelJson": parsed,
    }))
}
