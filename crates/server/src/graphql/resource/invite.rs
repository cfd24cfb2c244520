//! Invitations to the organization and to projects.

use super::{cursored, id, node, user_of};
use crate::graphql::Call;
use crate::graphql::argument::Arguments;
use crate::graphql::schema::{Field, Node, Part, Type};
use crate::nodes::time;
use labelport_engine::items::Item;
use labelport_engine::people::invite::{self, GroupRole, Invite, Outcome, ProjectRole};
use labelport_engine::people::role;
use labelport_engine::workspace::api_keys;
use labelport_model::given;
use labelport_model::problem::Problem;
use serde_json::{Value, json};

pub(super) static PART: Part = Part {
    types: &[
        Type {
            name: "Invite",
            leaves: &["createdAt", "id", "inviteeEmail", "organizationRoleName"],
            fields: &[
                Field::object("inviter", "User", &[], |call, parent, _| user_of(call, parent, "_inviter")),
                Field::member("projectInvites", "ProjectInvite"),
            ],
        },
        Type { name: "ProjectInvite", leaves: &["id", "projectId", "projectRoleName"], fields: &[] },
        Type { name: "InvitePage", leaves: &["nextCursor"], fields: &[Field::member("nodes", "Invite")] },
        Type { name: "CreatedInvite", leaves: &[], fields: &[Field::member("invite", "Invite")] },
        Type { name: "InvitesLimit", leaves: &["limit", "remaining", "used"], fields: &[] },
        Type { name: "InvitedMembers", leaves: &[], fields: &[Field::member("results", "InvitedMember")] },
        Type { name: "InvitedMember", leaves: &["email", "inviteId", "reason", "status"], fields: &[] },
    ],
    queries: &[Field::object("invitesLimit", "InvitesLimit", &[], limit)],
    mutations: &[
        Field::object("createInvites", "CreatedInvite", &["data"], create).for_admins(),
        Field::object("inviteMembers", "InvitedMembers", &["data"], invite_members).for_admins(),
        Field::object("cancelInvite", "Invite", &["where"], |call, _, arguments| {
            let id = arguments.text("where.id")?;
            invite::cancel(call.workspace, id).map(|()| json!({ "id": id }))
        })
        .for_admins(),
    ],
    more: &[
        (
            "Organization",
            &[Field::object("invites", "InvitePage", &["after", "first", "from"], |call, _, arguments| {
                page(invite::list(call.workspace)?, arguments)
            })],
        ),
        (
            "Project",
            &[Field::object("invites", "InvitePage", &["after", "first", "from"], |call, parent, arguments| {
                let mut found = invite::list(call.workspace)?;
                found.retain(|invite| invite.body.projects.iter().any(|role| role.project_id == id(parent)));
                page(found, arguments)
            })],
        ),
    ],
};

/// As many invites as a workspace may have, which is any number.
const LIMIT: usize = 100_000;

fn limit(call: &Call<'_>, _: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    let used = api_keys::list_users(call.workspace)?.len() + invite::list(call.workspace)?.len();
    Ok(json!({ "used": used, "limit": LIMIT, "remaining": LIMIT.saturating_sub(used) }))
}

fn create(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let mut created = Vec::new();
    for given in arguments.list("data")? {
        let text = |value: &Value, key: &str| given::text(&format!("data.{key}"), &value[key]).map(str::to_owned);
        let projects = given::list("data.projects", &given["projects"])?.iter();
        let groups = given::list("data.userGroupWithRoleIds", &given["userGroupWithRoleIds"])?.iter();
        let offer = Invite {
            role_id: text(given, "organizationRoleId")?,
            projects: projects
                .map(|role| {
                    Ok(ProjectRole { project_id: text(role, "projectId")?, role_id: text(role, "projectRoleId")? })
                })
                .collect::<Result<_, Problem>>()?,
            groups: groups
                .map(|role| Ok(GroupRole { group_id: text(role, "groupId")?, role_id: text(role, "roleId")? }))
                .collect::<Result<_, Problem>>()?,
        };
        let invite = invite::create(call.workspace, call.caller, &text(given, "inviteeEmail")?, offer)?;
        created.push(json!({ "invite": to_node(&invite) }));
    }
    Ok(Value::Array(created))
}

/// Invites many people at once. The SDK shows the reason of each result, which says what no invite says: no mail is sent.
fn invite_members(call: &Call<'_>, _: &Node, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    let role_id = arguments.text("data.roleId")?;
    let (projects, groups) = (arguments.texts("data.projectIds")?, arguments.texts("data.groupIds")?);
    let is_for_all = projects.is_empty() && groups.is_empty();
    let role_of = |id: &str| id.to_owned();
    let offer = Invite {
        role_id: if is_for_all { role_of(role_id) } else { role::id_of(role::NONE) },
        projects: projects
            .into_iter()
            .map(|project_id| ProjectRole { project_id, role_id: role_of(role_id) })
            .collect(),
        groups: groups.into_iter().map(|group_id| GroupRole { group_id, role_id: role_of(role_id) }).collect(),
    };
    let mut results = Vec::new();
    for email in arguments.texts("data.emails")? {
        let shown = email.trim().to_lowercase();
        let (status, reason, id) = match invite::invite(call.workspace, call.caller, &email, offer.clone())? {
            Outcome::Invited(invite) => {
                let reason = format!("no mail is sent; `labelport key create --user {shown}` accepts the invite");
                ("INVITED", Some(reason), Some(invite.id))
            }
            Outcome::AlreadyInvited => ("ALREADY_INVITED", None, None),
            Outcome::AlreadyMember => ("ALREADY_MEMBER", None, None),
            Outcome::InvalidEmail => ("INVALID_EMAIL", None, None),
        };
        results.push(json!({ "email": shown, "status": status, "reason": reason, "inviteId": id }));
    }
    Ok(json!({ "results": results }))
}

fn page(invites: Vec<Item<Invite>>, arguments: &Arguments<'_>) -> Result<Value, Problem> {
    cursored(invites.iter().map(|invite| node(to_node(invite))).collect(), arguments, "nextCursor")
}

fn to_node(invite: &Item<Invite>) -> Value {
    let name = |id: &str| role::get(id).map(|role| role.name).unwrap_or_default();
    let projects: Vec<Value> = invite
        .body
        .projects
        .iter()
        .map(|role| {
            json!({
                "id": format!("{}-{}", invite.id, role.project_id),
                "projectId": role.project_id,
                "projectRoleName": name(&role.role_id),
            })
        })
        .collect();
    json!({
        "id": invite.id,
        "inviteeEmail": invite.name,
        "organizationRoleName": name(&invite.body.role_id),
        "createdAt": time(invite.created),
        "projectInvites": projects,
        "_inviter": invite.created_by,
    })
}
