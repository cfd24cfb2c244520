//! Users: their roles in the organization, and their removal.

use super::group::{self, Group};
use super::membership::Membership;
use super::role::{self, ADMIN};
use crate::items::{self, Item};
use crate::workspace::Workspace;
use crate::workspace::access::{Caller, find_role};
use crate::workspace::api_keys::get_user;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_store::Connection;
use labelport_store::tables::api_keys::{self, User};

/// Gives a user another role in the organization. Keys of the user that may do more than the role are lowered to it; keys
/// that were made to do less stay as they are. Nobody changes the role of the user whose key asks for it: a slip would lock
/// the caller out.
pub fn set_role(workspace: &Workspace, caller: &Caller, user_id: &str, role_id: &str) -> Result<role::Role, Problem> {
    let role = role::get(role_id)?;
    check_other(caller, user_id)?;
    let (org_key, user_id, wanted) = (workspace.org_key(), user_id.to_owned(), role.clone());
    workspace.write(move |connection| {
        let user = get_user(connection, org_key, &user_id)?;
        if wanted.name != ADMIN {
            check_admin_is_left(connection, org_key, &user)?;
        }
        api_keys::set_user_role(connection, user.key, wanted.name)?;
        for (key, name) in api_keys::list_key_roles(connection, user.key)? {
            let access = find_role(&name).map_or(wanted.access, |(_, access)| access);
            if role::rank(access) > role::rank(wanted.access) {
                api_keys::set_key_role(connection, key, wanted.name)?;
            }
        }
        Ok(())
    })?;
    Ok(role)
}

/// Removes a user: the keys stop to work, and memberships in projects and groups end. What the user made stays.
pub fn remove(workspace: &Workspace, caller: &Caller, user_id: &str) -> Result<(), Problem> {
    check_other(caller, user_id)?;
    let (org_key, now, user_id) = (workspace.org_key(), workspace.now(), user_id.to_owned());
    workspace.write(move |connection| {
        let user = get_user(connection, org_key, &user_id)?;
        check_admin_is_left(connection, org_key, &user)?;
        for membership in items::list::<Membership>(connection, org_key)? {
            if membership.name == user.id {
                items::delete::<Membership>(connection, org_key, &membership.id)?;
            }
        }
        for mut stored in items::list::<Group>(connection, org_key)? {
            if group::forget(&mut stored.body, &user.id) {
                Item { updated: now, ..stored }.update(connection, org_key)?;
            }
        }
        Ok(api_keys::remove_user(connection, user.key, now)?)
    })
}

/// Fails if a user is the one whose key it is.
fn check_other(caller: &Caller, user_id: &str) -> Result<(), Problem> {
    if caller.user.id != user_id {
        return Ok(());
    }
    let message = "this is the user of the API key; do it with the key of another Admin";
    Err(Problem::new(ProblemKind::NotAllowed, message))
}

/// Fails if a user is the last one who may manage others.
fn check_admin_is_left(connection: &mut dyn Connection, org_key: i64, user: &User) -> Result<(), Problem> {
    let users = api_keys::list_users(connection, org_key)?;
    if user.role != ADMIN || users.iter().any(|other| other.id != user.id && other.role == ADMIN) {
        return Ok(());
    }
    let message = format!("{} is the last Admin; give another user that role first", user.email);
    Err(Problem::new(ProblemKind::NotAllowed, message))
}
