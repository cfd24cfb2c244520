//! Groups of users, attached to projects.

use super::role::{self, LABELER, NONE};
use crate::items::{self, Body, Item, ItemKind, Naming};
use crate::projects::project;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use crate::workspace::api_keys::get_user;
use labelport_model::problem::Problem;
use labelport_store::Connection;
use labelport_store::tables::api_keys;
use serde::{Deserialize, Serialize};

/// The colours that the SDK knows; it cannot read a group with another one.
const COLORS: [&str; 9] = ["9EC5FF", "CEB8FF", "FFB35F", "4ED2F9", "FFAEA9", "FFA9D5", "3FDC9A", "E7BF00", "B8C4D3"];

/// What a group is besides its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its colour, one of those of the SDK.
    pub color: String,
    /// What it is for.
    pub description: String,
    /// The ids of the projects that it is attached to.
    pub project_ids: Vec<String>,
    /// Its members.
    pub members: Vec<Part>,
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The id of the user.
    pub user_id: String,
    /// The id of the role in the group.
    pub role_id: String,
}

impl Body for Group {
    const KIND: ItemKind = ItemKind::UserGroup;
    const WORD: &'static str = "user group";
}

/// What a group is to be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// Its colour.
    pub color: String,
    /// What it is for; none leaves it as it is.
    pub description: Option<String>,
    /// The ids of its projects.
    pub project_ids: Vec<String>,
    /// Its members.
    pub members: Members,
}

/// Members as versions of the SDK give them.
#[derive(Debug, Clone)]
pub enum Members {
    /// By their ids: those who are in keep their roles, others are Labelers.
    Users(Vec<String>),
    /// With their roles. None may have a role in the organization.
    Parts(Vec<Part>),
}

/// One line of the report of an addition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The e-mail address as it was given.
    pub email: String,
    /// Why the user was not added; none for one who was.
    pub failure: Option<&'static str>,
}

/// Creates a group.
pub fn create(workspace: &Workspace, caller: &Caller, wanted: Wanted) -> Result<Item<Group>, Problem> {
    check(workspace, &wanted)?;
    // Newer versions of the SDK delete no group whose id is not a uuid.
    let id = workspace.chance().uuid();
    let naming = Naming { id: &id, parent: "", name: &wanted.name };
    let new = Item::new(workspace, caller, naming, Group::default());
    let org_key = workspace.org_key();
    workspace.write(move |connection| {
        let group = merged(connection, org_key, new, wanted)?;
        group.create(connection, org_key)?;
        Ok(group)
    })
}

/// Makes a group what is wanted.
pub fn update(workspace: &Workspace, id: &str, wanted: Wanted) -> Result<Item<Group>, Problem> {
    get(workspace, id)?;
    check(workspace, &wanted)?;
    change(workspace, id, move |connection, org_key, stored| merged(connection, org_key, stored, wanted))
}

/// Deletes a group.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (org_key, id) = (workspace.org_key(), id.to_owned());
    workspace.write(move |connection| match items::delete::<Group>(connection, org_key, &id)? {
        true => Ok(()),
        false => Err(Problem::not_found(Group::WORD, &id)),
    })
}

/// Returns a group.
pub fn get(workspace: &Workspace, id: &str) -> Result<Item<Group>, Problem> {
    workspace.read(|connection| items::get(connection, workspace.org_key(), id))
}

/// Lists the groups, oldest first.
pub fn list(workspace: &Workspace) -> Result<Vec<Item<Group>>, Problem> {
    workspace.read(|connection| items::list(connection, workspace.org_key()))
}

/// Adds members to a group; returns the ids of those who were not in it.
pub fn add(workspace: &Workspace, id: &str, parts: Vec<Part>) -> Result<Vec<String>, Problem> {
    let (sender, receiver) = std::sync::mpsc::channel();
    change(workspace, id, move |connection, org_key, mut stored| {
        let is_new = |part: &Part| !stored.body.members.iter().any(|known| known.user_id == part.user_id);
        let new: Vec<Part> = parts.into_iter().filter(is_new).collect();
        check_parts(connection, org_key, &new)?;
        // Who reads this has called the function, which waits for the transaction.
        drop(sender.send(new.iter().map(|part| part.user_id.clone()).collect::<Vec<_>>()));
        stored.body.members.extend(new);
        Ok(stored)
    })?;
    Ok(receiver.try_recv().unwrap_or_default())
}

/// Adds users by their e-mail addresses, as far as they can be; returns what became of each.
pub fn add_by_email(
    workspace: &Workspace,
    id: &str,
    role_id: &str,
    emails: &[String],
) -> Result<Vec<Addition>, Problem> {
    let role = role::get(role_id)?;
    let users = crate::workspace::api_keys::list_users(workspace)?;
    let mut members = get(workspace, id)?.body.members;
    let mut parts = Vec::new();
    let mut report = Vec::new();
    for email in emails {
        let user = users.iter().find(|user| user.email.eq_ignore_ascii_case(email));
        let failure = match user {
            None => Some("User not found in the current organization"),
            Some(user) if members.iter().any(|part| part.user_id == user.id) => Some("Member already exists in group"),
            Some(user) if user.role != NONE => Some("User has a role in the organization"),
            Some(user) => {
                let part = Part { user_id: user.id.clone(), role_id: role.id.clone() };
                members.push(part.clone());
                parts.push(part);
                None
            }
        };
        report.push(Addition { email: email.clone(), failure });
    }
    add(workspace, id, parts)?;
    Ok(report)
}

/// Takes members out of a group. Who is not in it is passed over.
pub fn remove(workspace: &Workspace, id: &str, user_ids: Vec<String>) -> Result<(), Problem> {
    change(workspace, id, move |_, _, mut stored| {
        stored.body.members.retain(|part| !user_ids.contains(&part.user_id));
        Ok(stored)
    })
    .map(drop)
}

/// Takes a user who is removed out of a group; returns whether that changes it.
pub(super) fn forget(group: &mut Group, user_id: &str) -> bool {
    let before = group.members.len();
    group.members.retain(|part| part.user_id != user_id);
    group.members.len() != before
}

/// Changes a group in one transaction.
fn change(
    workspace: &Workspace,
    id: &str,
    edit: impl FnOnce(&mut dyn Connection, i64, Item<Group>) -> Result<Item<Group>, Problem> + Send + 'static,
) -> Result<Item<Group>, Problem> {
    let (org_key, now, id) = (workspace.org_key(), workspace.now(), id.to_owned());
    workspace.write(move |connection| {
        let stored: Item<Group> = items::get(connection, org_key, &id)?;
        let changed = Item { updated: now, ..edit(connection, org_key, stored)? };
        changed.update(connection, org_key)?;
        Ok(changed)
    })
}

/// Fails for what no group can be, whatever is stored.
fn check(workspace: &Workspace, wanted: &Wanted) -> Result<(), Problem> {
    crate::catalog::dataset::check_name(Group::WORD, &wanted.name)?;
    if !COLORS.contains(&wanted.color.as_str()) {
        let message = format!("the colour is {:?}; give one of {}", wanted.color, COLORS.join(", "));
        return Err(Problem::malformed(message));
    }
    for id in &wanted.project_ids {
        // The SDK takes what is not found for the group.
        project::get(workspace, id).map_err(|problem| Problem::malformed(problem.message))?;
    }
    Ok(())
}

fn merged(
    connection: &mut dyn Connection,
    org_key: i64,
    stored: Item<Group>,
    wanted: Wanted,
) -> Result<Item<Group>, Problem> {
    let others: Vec<Item<Group>> = items::list(connection, org_key)?;
    if others.iter().any(|other| other.id != stored.id && other.name == wanted.name) {
        let message = format!("there is a user group named {:?} already; choose another name", wanted.name);
        return Err(Problem::conflict(message));
    }
    let members = match wanted.members {
        Members::Parts(parts) => {
            check_parts(connection, org_key, &parts)?;
            parts
        }
        Members::Users(ids) => {
            let known = |id: &String| stored.body.members.iter().find(|part| part.user_id == *id).cloned();
            let part = |id: String| known(&id).unwrap_or_else(|| Part { user_id: id, role_id: role::id_of(LABELER) });
            for id in &ids {
                get_user(connection, org_key, id).map_err(|problem| Problem::malformed(problem.message))?;
            }
            ids.into_iter().map(part).collect()
        }
    };
    let description = wanted.description.unwrap_or_else(|| stored.body.description.clone());
    let mut body = Group { color: wanted.color, description, project_ids: wanted.project_ids, members };
    body.project_ids.dedup();
    let mut seen = std::collections::BTreeSet::new();
    body.members.retain(|part| seen.insert(part.user_id.clone()));
    Ok(Item { name: wanted.name, body, ..stored })
}

/// Fails unless each member is a user without a role in the organization, and each role is one.
fn check_parts(connection: &mut dyn Connection, org_key: i64, parts: &[Part]) -> Result<(), Problem> {
    for part in parts {
        let malformed = |problem: Problem| Problem::malformed(problem.message);
        role::get(&part.role_id).map_err(malformed)?;
        let user = api_keys::find_user(connection, org_key, &part.user_id)?;
        let user = user.ok_or_else(|| malformed(Problem::not_found("user", &part.user_id)))?;
        if user.role != NONE {
            let message = format!(
                "{} has the role {} in the organization; a group has only users with the role None there",
                user.email, user.role
            );
            return Err(Problem::malformed(message));
        }
    }
    Ok(())
}
