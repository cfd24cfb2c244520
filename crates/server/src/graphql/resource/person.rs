//! Roles, and who has which in the organization and in projects.

use super::{id, node};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::people::membership::{self, Member};
use labelport_engine::people::role::{self, Role};
use labelport_engine::people::user;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "Role",
            leaves: &["description", "id", "name", "permissions"],
            fields: &[Field::leaf("organizationId", &[], |call, _, _| Ok(json!(call.workspace.organization()?.id)))],
        },
        Type {
            name: "ProjectMember",
            leaves: &["accessFrom", "id"],
            fields: &[Field::member("role", "Role"), Field::member("user", "User")],
        },
        Type { name: "RemovedUser", leaves: &["deleted", "id"], fields: &[] },
        Type { name: "ProjectMembership", leaves: &["id"], fields: &[] },
    ],
    queries: &[Field::object("roles", "Role", &["first", "orderBy", "skip", "where"], |_, _, arguments| {
        listing::page(role::list().iter().map(|role| node(role_node(role))).collect(), arguments)
    })],
    mutations: &[
        Field::object("setOrganizationRole", "Role", &["data"], |call, _, arguments| {
            let (user, role) = (arguments.text("data.userId")?, arguments.text("data.roleId")?);
            user::set_role(call.workspace, call.caller, user, role).map(|role| role_node(&role))
        })
        .for_admins(),
        Field::object("updateUser", "RemovedUser", &["data", "where"], remove).for_admins(),
        Field::object("setProjectMembership", "ProjectMembership", &["data"], |call, _, arguments| {
            let (project, user) = (arguments.text("data.projectId")?, arguments.text("data.userId")?);
            let id = membership::set(call.workspace, call.caller, project, user, arguments.text("data.roleId")?)?;
            Ok(json!({ "id": id }))
        }),
        Field::object("deleteProjectMemberships", "Success", &["where"], |call, _, arguments| {
            let (project, users) = (arguments.text("where.projectId")?, arguments.texts("where.userIds")?);
            let failure = membership::delete(call.workspace, project, &users)?;
            Ok(json!({ "success": failure.is_none(), "errorMessage": failure }))
        }),
    ],
    more: &[(
        "Project",
        &[Field::object(
            "members",
            "ProjectMember",
            &["first", "orderBy", "skip", "where"],
            |call, parent, arguments| {
                let found = membership::list(call.workspace, id(parent))?;
                listing::page(found.iter().map(|member| node(member_node(member))).collect(), arguments)
            },
        )],
    )],
};

pub(super) fn role_node(role: &Role) -> Value {
    json!({
        "id": role.id,
        "name": role.name,
        "description": role.description(),
        "permissions": role.permissions(),
    })
}

fn member_node(member: &Member) -> Value {
    json!({
        "id": member.id,
        "accessFrom": member.access.word(),
        "role": role_node(&member.role),
        "user": nodes::user(&member.user),
    })
}

/// Removes a user: the only change of one that the SDK makes in this way.
fn remove(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let id = arguments.text("where.id")?;
    if !arguments.flag("data.deleted")? {
        return Err(Problem::malformed("data.deleted is missing; users are removed in this way and not changed"));
    }
    user::remove(call.workspace, call.caller, id)?;
    Ok(json!({ "id": id, "deleted": true }))
}
