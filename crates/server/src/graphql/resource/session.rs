//! The user of the key, the organization, and what the SDK asks before it begins.

use super::{id, node, organization};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::listing;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes;
use labelport_engine::workspace::access::ROLES;
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
        Type { name: "Role", leaves: &["id", "name"], fields: &[] },
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
        Field::object("user", "User", &[], |call, _, _| Ok(own_user(call, &call.caller.user))),
        Field::object("organization", "Organization", &[], organization),
        Field::object("users", "User", &["first", "orderBy", "skip", "where"], users),
        Field::object("roles", "Role", &[], |_, _, _| Ok(roles())),
        // Assets are fetched by URL: no bucket is integrated.
        Field::object("iamIntegrations", "IAMIntegration", &[], |_, _, _| Ok(json!([]))),
    ],
    mutations: &[],
    more: &[],
};

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

fn roles() -> Value {
    let role = |(name, _): &(&str, _)| json!({ "id": role_id(name), "name": name });
    ROLES.iter().map(role).collect()
}

/// Returns the id of a role, of the length that the SDK expects: the same for all workspaces, since roles are.
fn role_id(name: &str) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{:0<25}", format!("crole{}", letters.to_ascii_lowercase()))
}

fn org_role(_: &Call<'_>, parent: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let name = parent.get("_role").and_then(Value::as_str).unwrap_or(id(parent));
    Ok(json!({ "id": role_id(name), "name": name }))
}
