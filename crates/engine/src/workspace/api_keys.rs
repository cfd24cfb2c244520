//! API keys: made of chance, shown once, and stored as a hash.

pub use labelport_store::tables::api_keys::User;

use crate::workspace::Workspace;
use crate::workspace::access::hash_key;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::tables::api_keys::{self, NewApiKey, NewUser};

/// What every key begins with, so that people and scanners recognise one.
const KEY_PREFIX: &str = "lbp_";

/// The e-mail address of the user whom a new workspace has.
pub const FIRST_USER: &str = "admin@labelport.local";

/// An API key to create.
#[derive(Debug, Clone, Copy)]
pub struct NewKey<'a> {
    /// What people call it. No other key that is not revoked has it.
    pub name: &'a str,
    /// The e-mail address of its user, who is created if need be.
    pub email: &'a str,
    /// The name of its role.
    pub role: &'a str,
    /// The time zone of the user; none leaves it as it is.
    pub time_zone: Option<&'a str>,
    /// When it stops to work; none for never.
    pub expires: Option<Timestamp>,
}

/// A key that was created. The key itself is stored nowhere.
#[derive(Clone)]
pub struct CreatedKey {
    /// The public id.
    pub id: String,
    /// The key.
    pub key: String,
}

/// Creates a key, and its user if there is none with the address. A name that another key has is refused: keys are revoked
/// by their names.
pub fn create(workspace: &Workspace, new: &NewKey<'_>) -> Result<CreatedKey, Problem> {
    let key = key_of(&workspace.chance().secret());
    let created = CreatedKey { id: workspace.chance().cuid(), key: key.clone() };
    let user = NewUser {
        id: workspace.chance().cuid(),
        email: new.email.to_owned(),
        role: new.role.to_owned(),
        time_zone: new.time_zone.map(str::to_owned),
        created: workspace.now(),
    };
    let api_key = NewApiKey {
        id: created.id.clone(),
        user_key: 0,
        name: new.name.to_owned(),
        hash: hash_key(&key),
        hint: hint_of(&key),
        role: new.role.to_owned(),
        created: workspace.now(),
        expires: new.expires,
    };
    let org_key = workspace.org_key();
    workspace.write(move |connection| {
        let known = api_keys::list_keys(connection, org_key)?;
        if known.iter().any(|known| known.revoked.is_none() && known.name == api_key.name) {
            let message = format!("a key named {:?} exists already; revoke it or choose another name", api_key.name);
            return Err(Problem::new(ProblemKind::Conflict, message));
        }
        let user = api_keys::ensure_user(connection, org_key, &user)?;
        Ok(api_keys::create_key(connection, org_key, &NewApiKey { user_key: user.key, ..api_key })?)
    })?;
    Ok(created)
}

/// Makes a key of a secret.
fn key_of(secret: &str) -> String {
    format!("{KEY_PREFIX}{secret}")
}

/// Returns the end of a key, by which people tell keys apart.
fn hint_of(key: &str) -> String {
    format!("…{}", &key[key.len().saturating_sub(4)..])
}

/// Returns a user, as a transaction sees them.
pub(crate) fn get_user(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<User, Problem> {
    api_keys::find_user(connection, org_key, id)?.ok_or_else(|| Problem::not_found("user", id))
}

/// Lists the users of the organization.
pub fn list_users(workspace: &Workspace) -> Result<Vec<User>, Problem> {
    workspace.read(|connection| Ok(api_keys::list_users(connection, workspace.org_key())?))
}

/// Lists the users of the organization and those who were removed: things that they made still name them.
pub fn list_past_users(workspace: &Workspace) -> Result<Vec<User>, Problem> {
    workspace.read(|connection| Ok(api_keys::list_past_users(connection, workspace.org_key())?))
}
