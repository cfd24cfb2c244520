//! Invitations. Nothing is sent: an operator makes a key for the address, and that accepts the invitation.

use super::group::{self, Part};
use super::membership;
use super::role::{self, NONE};
use crate::items::{self, Body, Item, ItemKind, Naming};
use crate::projects::project;
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_store::Connection;
use labelport_store::tables::api_keys;
use serde::{Deserialize, Serialize};

/// The most characters of an address.
const EMAIL_LIMIT: usize = 320;

/// What is offered. The name of the item is the e-mail address, in small letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The id of the role in the organization.
    pub role_id: String,
    /// Roles in projects, by their ids.
    pub projects: Vec<ProjectRole>,
    /// Roles in groups, by their ids.
    pub groups: Vec<GroupRole>,
}

/// A role in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRole {
    /// The id of the project.
    pub project_id: String,
    /// The id of the role.
    pub role_id: String,
}

/// A role in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRole {
    /// The id of the group.
    pub group_id: String,
    /// The id of the role.
    pub role_id: String,
}

impl Body for Invite {
    const KIND: ItemKind = ItemKind::Invite;
    const WORD: &'static str = "invite";
}

/// What became of one address of several.
#[derive(Debug)]
pub enum Outcome {
    /// There is an invitation now.
    Invited(Item<Invite>),
    /// There was one.
    AlreadyInvited,
    /// A user has the address.
    AlreadyMember,
    /// It is not an e-mail address.
    InvalidEmail,
}

/// Invites somebody. An address that a user or an invitation has is refused.
pub fn create(workspace: &Workspace, caller: &Caller, email: &str, offer: Invite) -> Result<Item<Invite>, Problem> {
    match invite(workspace, caller, email, offer)? {
        Outcome::Invited(invite) => Ok(invite),
        Outcome::AlreadyInvited => {
            Err(Problem::conflict(format!("{email} is invited already; cancel that invite to make another offer")))
        }
        Outcome::AlreadyMember => Err(Problem::conflict(format!("{email} is a user of the workspace already"))),
        Outcome::InvalidEmail => Err(Problem::malformed(format!("{email:?} is not an e-mail address"))),
    }
}

/// Invites somebody, and says what became of it.
pub fn invite(workspace: &Workspace, caller: &Caller, email: &str, offer: Invite) -> Result<Outcome, Problem> {
    check_offer(workspace, &offer)?;
    let email = email.trim().to_lowercase();
    if !is_email(&email) {
        return Ok(Outcome::InvalidEmail);
    }
    let id = workspace.chance().cuid();
    let new = Item::new(workspace, caller, Naming { id: &id, parent: "", name: &email }, offer);
    let org_key = workspace.org_key();
    workspace.write(move |connection| {
        let users = api_keys::list_users(connection, org_key)?;
        if users.iter().any(|user| user.email.eq_ignore_ascii_case(&new.name)) {
            return Ok(Outcome::AlreadyMember);
        }
        if find(connection, org_key, &new.name)?.is_some() {
            return Ok(Outcome::AlreadyInvited);
        }
        new.create(connection, org_key)?;
        tracing::info!(invite.id = %new.id, "Somebody was invited; no mail is sent. `labelport key create` accepts it");
        Ok(Outcome::Invited(new))
    })
}

/// Gives a user who has just got a key what the invitation of the address offers; returns whether there was one. Projects
/// and groups that are gone by now are passed over.
pub fn accept(workspace: &Workspace, caller: &Caller) -> Result<bool, Problem> {
    let Some(invite) = list(workspace)?.into_iter().find(|invite| invite.name.eq_ignore_ascii_case(&caller.user.email))
    else {
        return Ok(false);
    };
    let (org_key, user_key) = (workspace.org_key(), caller.user.key);
    let role = role::get(&invite.body.role_id)?;
    let id = invite.id.clone();
    workspace.write(move |connection| {
        items::delete::<Invite>(connection, org_key, &id)?;
        Ok(api_keys::set_user_role(connection, user_key, role.name)?)
    })?;
    let user_id = &caller.user.id;
    let passed = |outcome: Result<(), Problem>| match outcome {
        Err(problem) if problem.kind == ProblemKind::NotFound => Ok(()),
        outcome => outcome,
    };
    for ProjectRole { project_id, role_id } in &invite.body.projects {
        passed(membership::set(workspace, caller, project_id, user_id, role_id).map(drop))?;
    }
    for GroupRole { group_id, role_id } in &invite.body.groups {
        let part = Part { user_id: user_id.clone(), role_id: role_id.clone() };
        passed(group::add(workspace, group_id, vec![part]).map(drop))?;
    }
    Ok(true)
}

/// Cancels an invitation.
pub fn cancel(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (org_key, id) = (workspace.org_key(), id.to_owned());
    workspace.write(move |connection| match items::delete::<Invite>(connection, org_key, &id)? {
        true => Ok(()),
        false => Err(Problem::not_found(Invite::WORD, &id)),
    })
}

/// Lists the invitations, oldest first.
pub fn list(workspace: &Workspace) -> Result<Vec<Item<Invite>>, Problem> {
    workspace.read(|connection| items::list(connection, workspace.org_key()))
}

fn find(connection: &mut dyn Connection, org_key: i64, email: &str) -> Result<Option<Item<Invite>>, Problem> {
    let all: Vec<Item<Invite>> = items::list(connection, org_key)?;
    Ok(all.into_iter().find(|invite| invite.name == email))
}

fn check_offer(workspace: &Workspace, offer: &Invite) -> Result<(), Problem> {
    let role = role::get(&offer.role_id)?;
    if role.name != NONE && !(offer.projects.is_empty() && offer.groups.is_empty()) {
        let message = format!(
            "roles in projects and groups are for people with the role None in the organization, not {}",
            role.name
        );
        return Err(Problem::new(ProblemKind::Malformed, message));
    }
    for ProjectRole { project_id, role_id } in &offer.projects {
        project::get(workspace, project_id)?;
        role::get(role_id)?;
    }
    for GroupRole { group_id, role_id } in &offer.groups {
        group::get(workspace, group_id)?;
        role::get(role_id)?;
    }
    Ok(())
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    let has_parts = parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    has_parts
        && text.chars().count() <= EMAIL_LIMIT
        && !text.chars().any(|each| each.is_whitespace() || each.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_name_and_a_host() {
        for good in ["a@b", "ana.b+c@example.test", "ü@münchen.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", &format!("a@{}", "b".repeat(320))] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
