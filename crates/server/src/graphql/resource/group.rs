//! Groups of users, with the texts of older and newer versions of the SDK.

use super::{cursored, node};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part as SchemaPart, Type};
use crate::nodes::{self, time};
use labelport_engine::items::Item;
use labelport_engine::people::group::{self, Group, Members, Part, Wanted};
use labelport_engine::projects::project;
use labelport_engine::workspace::api_keys;
use labelport_model::given;
use labelport_model::problem::{Problem, ProblemKind};
use serde_json::{Value, json};
use std::io::Read;

pub(super) static PART: SchemaPart = SchemaPart {
    types: &[
        Type {
            name: "UserGroup",
            leaves: &["color", "createdByUserName", "description", "id", "membersAsCSV", "name", "updatedAt"],
            fields: &[Field::member("members", "GroupMembers"), Field::member("projects", "GroupProjects")],
        },
        Type {
            name: "GroupMembers",
            leaves: &["totalCount"],
            fields: &[Field::member("nodes", "User"), Field::member("userGroupRoles", "UserGroupRole")],
        },
        Type { name: "UserGroupRole", leaves: &["roleId", "userId"], fields: &[] },
        Type { name: "GroupProjects", leaves: &["totalCount"], fields: &[Field::member("nodes", "Project")] },
        Type {
            name: "UserGroupPage",
            leaves: &["nextCursor", "totalCount"],
            fields: &[Field::member("nodes", "UserGroup")],
        },
        Type { name: "ChangedGroup", leaves: &[], fields: &[Field::member("group", "UserGroup")] },
        Type { name: "GroupAdditions", leaves: &[], fields: &[Field::member("results", "GroupAddition")] },
        Type {
            name: "GroupAddition",
            leaves: &["added", "error", "success"],
            fields: &[Field::member("batchJob", "GroupBatchJob")],
        },
        Type { name: "GroupBatchJob", leaves: &["batchJobId", "isComplete"], fields: &[] },
        Type { name: "GroupUpload", leaves: &["addedCount", "count", "csvReport"], fields: &[] },
    ],
    queries: &[
        Field::object("userGroup", "UserGroup", &["where"], get),
        Field::object("userGroupV2", "UserGroup", &["where"], get),
        Field::object("userGroups", "UserGroupPage", &["after", "first", "from"], list),
        Field::object("userGroupsV2", "UserGroupPage", &["after", "first", "from"], list),
    ],
    mutations: &[
        Field::object("createUserGroup", "ChangedGroup", &["data"], create),
        Field::object("createUserGroupV3", "ChangedGroup", &["data"], create),
        Field::object("updateUserGroup", "ChangedGroup", &["data", "where"], update),
        Field::object("updateUserGroupV3", "ChangedGroup", &["data", "where"], update),
        Field::object("deleteUserGroup", "Success", &["where"], |call, _, arguments| {
            group::delete(call.workspace, arguments.text("where.id")?).map(|()| json!({ "success": true }))
        }),
        Field::object("addUsersToGroupsV2", "GroupAdditions", &["data", "where"], add),
        Field::object("removeUsersFromGroupV2", "Success", &["data", "where"], |call, _, arguments| {
            let (id, users) = (arguments.text("where.id")?, arguments.texts("data.userIds")?);
            group::remove(call.workspace, id, users).map(|()| json!({ "success": true }))
        }),
        Field::object("importUsersAsCsvToGroup", "GroupUpload", &["file", "roleId", "where"], upload),
    ],
    more: &[],
};

fn get(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    to_node(call, &group::get(call.workspace, arguments.text("where.id")?)?)
}

fn list(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let found = group::list(call.workspace)?;
    let count = found.len();
    let nodes = found.iter().map(|each| to_node(call, each).map(node)).collect::<Result<_, _>>()?;
    let mut page = cursored(nodes, arguments, "nextCursor")?;
    page["totalCount"] = json!(count);
    Ok(page)
}

fn create(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let created = group::create(call.workspace, call.caller, wanted(arguments)?)?;
    Ok(json!({ "group": to_node(call, &created)? }))
}

fn update(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let changed = group::update(call.workspace, arguments.text("where.id")?, wanted(arguments)?)?;
    Ok(json!({ "group": to_node(call, &changed)? }))
}

fn wanted(arguments: &Arguments<'_>) -> Result<Wanted, Problem> {
    let is_with_roles = !arguments.at("data.userRoles").is_null();
    let members = match is_with_roles {
        true => Members::Parts(parts(arguments)?),
        false => Members::Users(arguments.texts("data.userIds")?),
    };
    Ok(Wanted {
        name: arguments.text("data.name")?.to_owned(),
        color: arguments.text("data.color")?.to_owned(),
        description: arguments.find_text("data.description")?.map(str::to_owned),
        project_ids: arguments.texts("data.projectIds")?,
        members,
    })
}

fn parts(arguments: &Arguments<'_>) -> Result<Vec<Part>, Problem> {
    let read = |given: &Value| {
        let text = |key: &str| given::text(&format!("data.userRoles.{key}"), &given[key]).map(str::to_owned);
        Ok(Part { user_id: text("userId")?, role_id: text("roleId")? })
    };
    arguments.list("data.userRoles")?.iter().map(read).collect()
}

fn add(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let parts = parts(arguments)?;
    let add_to = |id: String| match group::add(call.workspace, &id, parts.clone()) {
        Ok(added) => Ok(json!({ "success": true, "added": added, "error": null, "batchJob": null })),
        Err(problem) if matches!(problem.kind, ProblemKind::Malformed | ProblemKind::NotFound) => {
            Ok(json!({ "success": false, "added": [], "error": problem.message, "batchJob": null }))
        }
        Err(problem) => Err(problem),
    };
    let results = arguments.texts("where.ids")?.into_iter().map(add_to).collect::<Result<Vec<_>, Problem>>()?;
    Ok(json!({ "results": results }))
}

/// Adds the users of a file with one address a line after its head. The report is a file of the same kind.
fn upload(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let upload = call.uploads.take(arguments.at("file"))?;
    let mut text = String::new();
    let read = call.workspace.files().open(&upload.id).and_then(|mut file| file.read_to_string(&mut text));
    // It is read once, here.
    drop(call.workspace.files().remove(&upload.id));
    read.map_err(|error| Problem::malformed(format!("{} is not UTF-8 text: {error}", upload.name)))?;
    let lines = text.lines().skip(1).map(str::trim).filter(|line| !line.is_empty());
    let emails: Vec<String> = lines.map(str::to_owned).collect();
    let (id, role) = (arguments.text("where.id")?, arguments.text("roleId")?);
    let report = group::add_by_email(call.workspace, id, role, &emails)?;
    let mut csv = "Email,Result,Error".to_owned();
    for line in &report {
        let result = if line.failure.is_some() { "Not added" } else { "Added" };
        // A comma would begin another column.
        let email = line.email.replace([',', '"'], " ");
        csv.push_str(&format!("\n{email},{result},{}", line.failure.unwrap_or_default()));
    }
    let added = report.iter().filter(|line| line.failure.is_none()).count();
    Ok(json!({ "csvReport": csv, "addedCount": added, "count": report.len() }))
}

fn to_node(call: &Call<'_>, group: &Item<Group>) -> Result<Value, Problem> {
    let users = api_keys::list_users(call.workspace)?;
    let find = |id: &str| users.iter().find(|user| user.id == id);
    let members: Vec<Value> =
        group.body.members.iter().filter_map(|part| find(&part.user_id)).map(nodes::user).collect();
    let roles: Vec<Value> =
        group.body.members.iter().map(|part| json!({ "userId": part.user_id, "roleId": part.role_id })).collect();
    let mut projects = Vec::new();
    for id in &group.body.project_ids {
        // One that was deleted since is none of them any more.
        match project::get(call.workspace, id) {
            Ok(found) => projects.push(nodes::project(found)),
            Err(problem) if problem.kind == ProblemKind::NotFound => {}
            Err(problem) => return Err(problem),
        }
    }
    let mut csv = "email".to_owned();
    for member in &members {
        csv.push_str(&format!("\n{}", member["email"].as_str().unwrap_or_default()));
    }
    Ok(json!({
        "id": group.id,
        "name": group.name,
        "color": group.body.color,
        "description": group.body.description,
        "updatedAt": time(group.updated),
        "createdByUserName": group.created_by,
        "membersAsCSV": csv,
        "members": { "totalCount": members.len(), "nodes": members, "userGroupRoles": roles },
        "projects": { "totalCount": projects.len(), "nodes": projects },
    }))
}
