//! The user of the key, the organization, and what the SDK asks before it begins.

use super::{node, organization, person, user_by};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::people::role;
use labelport_engine::workspace::api_keys::{self, User};
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "User",
            leaves: &[
                "createdAt",
                "email",
                "id",
                "intercomHash",
                "isExternalUser",
                "isViewer",
                "lastLoginAt",
                "name",
                "nickname",
                "picture",
                "timezone",
                "updatedAt",
            ],
            fields: &[
                Field::object("organization", "Organization", &[], organization),
                Field::object("orgRole", "Role", &[], org_role),
                Field::object("projects", "Project", &["first", "orderBy", "skip", "where"], |call, _, arguments| {
                    super::project::list(call, arguments)
                }),
            ],
        },
        Type {
            name: "Organization",
            leaves: &["createdAt", "id", "name", "updatedAt"],
            fields: &[
                Field::object("users", "User", &["first", "orderBy", "skip", "where"], users),
                Field::object("projects", "Project", &["first", "orderBy", "skip", "where"], |call, _, arguments| {
                    super::project::list(call, arguments)
                }),
            ],
        },
        Type {
            name: "IAMIntegration",
            leaves: &["createdAt", "id", "isOrgDefault", "lastValidAt", "name", "provider", "updatedAt", "valid"],
            fields: &[Field::member("settings", "IamIntegrationSettings")],
        },
        Type { name: "IamIntegrationSettings", leaves: &[], fields: &[] },
        Type { name: "AwsIamIntegrationSettings", leaves: &["roleArn", "readBucket"], fields: &[] },
        Type { name: "GcpIamIntegrationSettings", leaves: &["serviceAccountEmailId", "readBucket"], fields: &[] },
        Type { name: "AzureIamIntegrationSettings", leaves: &["readContainerUrl", "tenantId"], fields: &[] },
    ],
    queries: &[
        Field::object("user", "User", &["where"], |call, _, arguments| {
            user(call, arguments.find_text("where.id")?.unwrap_or(&call.caller.user.id))
        }),
        Field::object("organization", "Organization", &[], organization),
        Field::object("users", "User", &["first", "orderBy", "skip", "where"], users),
        // Assets are fetched by URL: no bucket is integrated.
        Field::object("iamIntegrations", "IAMIntegration", &[], |_, _, _| Ok(json!([]))),
    ],
    mutations: &[],
    more: &[],
};

/// Returns a user, also one who was removed: things that they made lead to them.
fn user(call: &Call<'_>, id: &str) -> Result<Value, Problem> {
    if id == call.caller.user.id {
        return Ok(own_user(call, &call.caller.user));
    }
    let found = user_by(call, |user| user.id == id)?;
    if found.is_null() { Err(Problem::not_found("user", id)) } else { Ok(found) }
}

/// Returns the user of the key; without a time zone of its own, that of the workspace holds.
fn own_user(call: &Call<'_>, of: &User) -> Value {
    let mut node = nodes::user(of);
    if node["timezone"].is_null() {
        node["timezone"] = json!(call.workspace.time_zone().ok());
    }
    node
}

fn users(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let users = api_keys::list_users(call.workspace)?;
    listing::page(users.iter().map(|each| node(nodes::user(each))).collect(), arguments)
}

fn org_role(_: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let name = parent.get("_role").and_then(Value::as_str).unwrap_or_default();
    Ok(role::find_by_name(name).map_or(Value::Null, |role| person::role_node(&role)))
}
