//! Roles of users in single projects, and who the members of a project are.

use super::group::Group;
use super::role::{self, NONE, Role};
use crate::items::{self, Body, Item, ItemKind, Naming};
use crate::projects::project;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use crate::workspace::api_keys::get_user;
use labelport_model::problem::Problem;
use labelport_store::tables::api_keys::{self, User};
use serde::{Deserialize, Serialize};

/// A role in a project. The name of the item is the id of the user, its parent the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The id of the role.
    pub role_id: String,
}

impl Body for Membership {
    const KIND: ItemKind = ItemKind::Membership;
    const WORD: &'static str = "project membership";
}

/// Why somebody is a member of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessFrom {
    /// By a role in the organization.
    Organization,
    /// By a role in the project.
    Project,
    /// By a group that the project is attached to.
    Group,
}

impl AccessFrom {
    /// Returns the word of the SDK.
    pub fn word(self) -> &'static str {
        match self {
            Self::Organization => "ORGANIZATION",
            Self::Project => "PROJECT_MEMBERSHIP",
            Self::Group => "USER_GROUP",
        }
    }
}

/// A member of a project.
#[derive(Debug, Clone)]
pub struct Member {
    /// The id of the membership; that of the user where there is none.
    pub id: String,
    /// Who.
    pub user: User,
    /// The role in the project.
    pub role: Role,
    /// Why.
    pub access: AccessFrom,
}

/// Gives a user a role in a project, in place of the one before; the role `None` ends the membership. Returns the id of the
/// membership. A user with a role in the organization is a member of every project already.
pub fn set(
    workspace: &Workspace,
    caller: &Caller,
    project_id: &str,
    user_id: &str,
    role_id: &str,
) -> Result<String, Problem> {
    let role = role::get(role_id)?;
    let project = project::get(workspace, project_id)?;
    let id = workspace.chance().cuid();
    let naming = Naming { id: &id, parent: &project.id, name: user_id };
    let new = Item::new(workspace, caller, naming, Membership { role_id: role.id.clone() });
    let org_key = workspace.org_key();
    workspace.write(move |connection| {
        let user = get_user(connection, org_key, &new.name)?;
        let stored: Vec<Item<Membership>> = items::list_of(connection, org_key, &new.parent)?;
        let stored = stored.into_iter().find(|stored| stored.name == user.id);
        if role.name == NONE {
            if let Some(stored) = &stored {
                items::delete::<Membership>(connection, org_key, &stored.id)?;
            }
            return Ok(stored.map_or(new.id, |stored| stored.id));
        }
        if user.role != NONE {
            let message = format!(
                "{} has the role {} in the organization and so in every project; give the user the role None there first",
                user.email, user.role
            );
            return Err(Problem::malformed(message));
        }
        match stored {
            None => new.create(connection, org_key).map(|()| new.id),
            Some(stored) => {
                let changed = Item { body: new.body, updated: new.updated, ..stored };
                changed.update(connection, org_key).map(|()| changed.id)
            }
        }
    })
}

/// Ends memberships in a project: all that are named, or none. Returns what is wrong where it is none.
pub fn delete(workspace: &Workspace, project_id: &str, user_ids: &[String]) -> Result<Option<String>, Problem> {
    let project = project::get(workspace, project_id)?;
    let (org_key, user_ids) = (workspace.org_key(), user_ids.to_vec());
    workspace.write(move |connection| {
        let stored: Vec<Item<Membership>> = items::list_of(connection, org_key, &project.id)?;
        let is_member = |id: &&String| stored.iter().any(|stored| stored.name == **id);
        let others: Vec<&str> = user_ids.iter().filter(|id| !is_member(id)).map(String::as_str).collect();
        if !others.is_empty() {
            let message = format!("no membership was ended: not members of the project: {}", others.join(", "));
            return Ok(Some(message));
        }
        for membership in stored.iter().filter(|stored| user_ids.contains(&stored.name)) {
            items::delete::<Membership>(connection, org_key, &membership.id)?;
        }
        Ok(None)
    })
}

/// Lists the members of a project in the order in which they became users.
pub fn list(workspace: &Workspace, project_id: &str) -> Result<Vec<Member>, Problem> {
    let org_key = workspace.org_key();
    let (users, memberships, groups) = workspace.read(|connection| {
        Ok((
            api_keys::list_users(connection, org_key)?,
            items::list_of::<Membership>(connection, org_key, project_id)?,
            items::list::<Group>(connection, org_key)?,
        ))
    })?;
    let groups: Vec<&Item<Group>> =
        groups.iter().filter(|group| group.body.project_ids.iter().any(|id| id == project_id)).collect();
    let member = |user: User| {
        if user.role != NONE {
            let role = role::find_by_name(&user.role)?;
            return Some(Member { id: user.id.clone(), user, role, access: AccessFrom::Organization });
        }
        if let Some(stored) = memberships.iter().find(|stored| stored.name == user.id) {
            let role = role::get(&stored.body.role_id).ok()?;
            return Some(Member { id: stored.id.clone(), user, role, access: AccessFrom::Project });
        }
        let part = groups.iter().flat_map(|group| &group.body.members).find(|part| part.user_id == user.id)?;
        let role = role::get(&part.role_id).ok()?;
        Some(Member { id: user.id.clone(), user, role, access: AccessFrom::Group })
    };
    Ok(users.into_iter().filter_map(member).collect())
}
