//! Projects as the dashboards of the SDK show them: with counts and tags, searched for.

use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing::{PAGE, PAGE_LIMIT};
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::projects::search::{self, Dashboard};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "Dashboard",
            leaves: &[
                "boostRequestedAt",
                "boostRequestedBy",
                "boostStatus",
                "boostUpdatedAt",
                "dataRowsCount",
                "dataRowsDoneCount",
                "dataRowsInReviewCount",
                "dataRowsInReworkCount",
                "editorTaskType",
                "id",
                "mediaType",
                "name",
                "tasksCompletedCount",
                "tasksRemainingCount",
                "tasksTotalCount",
            ],
            fields: &[Field::member("tags", "DashboardTag")],
        },
        Type { name: "DashboardTag", leaves: &["color", "id", "text", "type"], fields: &[] },
        Type {
            name: "DashboardPage",
            leaves: &[],
            fields: &[Field::member("nodes", "Dashboard"), Field::member("pageInfo", "PageInfo")],
        },
    ],
    queries: &[
        Field::object("getProjectById", "Dashboard", &["input"], |call, _, arguments| {
            search::get(call.workspace, arguments.text("input.id")?).map(to_node)
        }),
        Field::object("searchProjects", "DashboardPage", &["input"], list),
    ],
    mutations: &[],
    more: &[],
};

fn list(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let from: usize = match arguments.find_cursor("input.after")? {
        None => 0,
        Some(cursor) => {
            cursor.parse().map_err(|_| Problem::malformed(format!("{cursor:?} is no cursor of this list")))?
        }
    };
    let size = arguments.count("input.size", PAGE)?.min(PAGE_LIMIT);
    let found = search::list(call.workspace, arguments.list("input.searchQuery")?)?;
    let end = from.saturating_add(size);
    let next = (end < found.len()).then(|| end.to_string());
    let nodes: Vec<Value> = found.into_iter().skip(from).take(size).map(to_node).collect();
    Ok(json!({ "nodes": nodes, "pageInfo": { "endCursor": next, "hasNextPage": next.is_some() } }))
}

fn to_node(dashboard: Dashboard) -> Value {
    let counts = dashboard.counts;
    let remaining = dashboard.remaining();
    let tags: Vec<Value> = dashboard
        .tags
        .iter()
        .map(|tag| json!({ "id": tag.id, "text": tag.text, "color": tag.color, "type": "Default" }))
        .collect();
    let project = nodes::project(dashboard.project);
    // Nobody can be hired here, so that no project has asked for it.
    json!({
        "id": project["id"],
        "name": project["name"],
        "boostRequestedAt": null,
        "boostRequestedBy": null,
        "boostStatus": null,
        "boostUpdatedAt": null,
        "dataRowsCount": counts.all,
        "dataRowsDoneCount": counts.done,
        "dataRowsInReviewCount": counts.in_review,
        "dataRowsInReworkCount": counts.in_rework,
        "tasksTotalCount": counts.all,
        "tasksCompletedCount": counts.done,
        "tasksRemainingCount": remaining,
        "mediaType": project["allowedMediaType"],
        "editorTaskType": project["editorTaskType"],
        "tags": tags,
    })
}
