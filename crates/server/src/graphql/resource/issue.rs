//! Issues of a project, their comments and categories.

use super::{cursored, id, node, number, user_of};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes::{time, time_of_millis};
use labelport_engine::items::Item;
use labelport_engine::projects::issue::{self, Change, Comment, Creation, Issue, IssueStatus, ListIssues};
use labelport_engine::projects::issue_category::{self, Category};
use labelport_engine::workspace::api_keys;
use labelport_model::problem::Problem;
use labelport_model::time::Timestamp;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "Issue",
            leaves: &[
                "categoryId",
                "content",
                "contentUpdatedAt",
                "createdAt",
                "dataRowId",
                "friendlyId",
                "id",
                "labelId",
                "latestReplyAt",
                "position",
                "resolvedAt",
                "status",
                "updatedAt",
            ],
            fields: &[
                Field::member("comments", "Comment"),
                Field::object("createdBy", "User", &[], |call, parent, _| user_of(call, parent, "_createdBy")),
                Field::object("resolvedBy", "User", &[], |call, parent, _| user_of(call, parent, "_resolvedBy")),
            ],
        },
        Type {
            name: "Comment",
            leaves: &["content", "createdAt", "id", "updatedAt"],
            fields: &[Field::object("createdBy", "User", &[], |call, parent, _| user_of(call, parent, "_createdBy"))],
        },
        Type { name: "IssueCategory", leaves: &["description", "id", "name"], fields: &[] },
        Type { name: "IssuePage", leaves: &["nextCursor", "totalCount"], fields: &[Field::member("nodes", "Issue")] },
    ],
    queries: &[Field::object("issue", "Issue", &["where"], |call, _, arguments| {
        issue::get(call.workspace, arguments.text("where.id")?).map(to_node)
    })],
    mutations: &[
        Field::object("createIssue", "Issue", &["data"], create),
        Field::object("updateIssue", "Issue", &["data", "where"], update),
        Field::object("resolveIssue", "Issue", &["where"], |call, _, arguments| {
            settle(call, arguments, IssueStatus::Resolved)
        }),
        Field::object("openIssue", "Issue", &["where"], |call, _, arguments| {
            settle(call, arguments, IssueStatus::Open)
        }),
        Field::leaf("deleteIssue", &["data"], |call, _, arguments| {
            issue::delete(call.workspace, call.caller, arguments.texts("data.issueIds")?).map(|()| json!(true))
        }),
        Field::object("createComment", "Comment", &["data"], |call, _, arguments| {
            let (issue_id, content) = (arguments.text("data.issueId")?, arguments.text("data.content")?);
            let id = issue::comment(call.workspace, call.caller, issue_id, content)?;
            let issue = issue::get(call.workspace, issue_id)?;
            Ok(issue.comments.iter().find(|comment| comment.id == id).map_or(Value::Null, comment))
        }),
        Field::object("updateComment", "Comment", &["data", "where"], |call, _, arguments| {
            let (id, content) = (arguments.text("where.id")?, arguments.text("data.content")?);
            issue::change_comment(call.workspace, call.caller, id, content).map(|changed| comment(&changed))
        }),
        Field::leaf("deleteComment", &["where"], |call, _, arguments| {
            issue::delete_comment(call.workspace, call.caller, arguments.text("where.id")?).map(|()| json!(true))
        }),
        Field::object("createIssueCategory", "IssueCategory", &["data"], |call, _, arguments| {
            let (project, name) = (arguments.text("data.projectId")?, arguments.text("data.name")?);
            let description = arguments.find_text("data.description")?.unwrap_or_default();
            issue_category::create(call.workspace, call.caller, project, name, description).map(category)
        }),
        Field::object("editIssueCategory", "IssueCategory", &["data", "where"], |call, _, arguments| {
            let (id, name) = (arguments.text("where.id")?, arguments.text("data.name")?);
            let description = arguments.find_text("data.description")?.unwrap_or_default();
            issue_category::change(call.workspace, id, name, description).map(category)
        }),
        Field::leaf("deleteIssueCategory", &["where"], |call, _, arguments| {
            issue_category::delete(call.workspace, arguments.text("where.id")?).map(|()| json!(true))
        }),
    ],
    more: &[(
        "Project",
        &[
            Field::object("issues", "IssuePage", &["after", "first", "from", "where"], list),
            Field::object("issueCategories", "IssueCategory", &[], |call, parent, _| {
                Ok(issue_category::list(call.workspace, id(parent))?.into_iter().map(category).collect())
            }),
        ],
    )],
};

fn list(call: &Call<'_>, parent: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let creators = arguments.at("where.createdByIds");
    let ids = arguments.texts("where.createdByIds")?;
    let users = if creators.is_null() { Vec::new() } else { api_keys::list_past_users(call.workspace)? };
    let emails: Vec<String> = users.into_iter().filter(|user| ids.contains(&user.id)).map(|user| user.email).collect();
    let which = ListIssues {
        status: arguments.find_text("where.status")?.map(issue::read_status).transpose()?,
        row_id: arguments.find_text("where.dataRow.id")?,
        category_id: arguments.find_text("where.categoryId")?,
        creators: (!creators.is_null()).then_some(&emails),
        content: arguments.find_text("where.content")?,
    };
    let found = issue::list(call.workspace, number(parent, "_key"), &which)?;
    let count = found.len();
    let mut page = cursored(found.into_iter().map(|each| node(to_node(each))).collect(), arguments, "nextCursor")?;
    page["totalCount"] = json!(count);
    Ok(page)
}

fn create(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let creation = Creation {
        project_id: arguments.text("data.projectId")?,
        row_id: arguments.text("data.dataRowId")?,
        label_id: arguments.find_text("data.labelId")?,
        content: arguments.text("data.content")?,
        category_id: arguments.find_text("data.categoryId")?,
        position: arguments.at("data.position"),
    };
    let id = issue::create(call.workspace, call.caller, &creation)?;
    issue::get(call.workspace, &id).map(to_node)
}

fn update(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let id = arguments.text("where.id")?;
    let change = Change {
        label_id: arguments.find_text("data.labelId")?,
        content: arguments.find_text("data.content")?,
        category_id: arguments.find_text("data.categoryId")?,
        position: arguments.at("data.position"),
    };
    issue::change(call.workspace, id, &change)?;
    issue::get(call.workspace, id).map(to_node)
}

fn settle(call: &Call<'_>, arguments: &Arguments<'_>, status: IssueStatus) -> Result<Value, Problem> {
    let id = arguments.text("where.id")?;
    issue::resolve(call.workspace, call.caller, id, status)?;
    issue::get(call.workspace, id).map(to_node)
}

fn to_node(issue: Issue) -> Value {
    let optional = |at: Option<Timestamp>| time_of_millis(at.map(Timestamp::as_millis));
    let position: Value = issue.position.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    json!({
        "id": issue.id,
        "friendlyId": issue.number.to_string(),
        "labelId": issue.label_id,
        "dataRowId": issue.row_id,
        "categoryId": issue.category_id,
        "content": issue.content,
        "position": position,
        "status": issue::wire_status(issue.status),
        "createdAt": time(issue.created),
        "updatedAt": time(issue.updated),
        "resolvedAt": optional(issue.resolved),
        "contentUpdatedAt": optional(issue.content_updated),
        "latestReplyAt": optional(issue.comments.iter().map(|comment| comment.created).max()),
        "comments": issue.comments.iter().map(comment).collect::<Vec<_>>(),
        "_createdBy": issue.created_by,
        "_resolvedBy": issue.resolved_by,
    })
}

fn comment(comment: &Comment) -> Value {
    json!({
        "id": comment.id,
        "content": comment.content,
        "createdAt": time(comment.created),
        "updatedAt": time(comment.updated),
        "_createdBy": comment.created_by,
    })
}

fn category(category: Item<Category>) -> Value {
    json!({ "id": category.id, "name": category.name, "description": category.body.description })
}
