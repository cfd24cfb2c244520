//! Users and the API keys by which they are known.
//!
//! A key is never stored: its hash is, and the last characters by which people distinguish keys.

use crate::engine::{Connection, RowView, StoreError};
use labelport_model::time::Timestamp;

/// A user as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The internal key.
    pub key: i64,
    /// The public id.
    pub id: String,
    /// The e-mail address, by which exports name people.
    pub email: String,
    /// The name; none where nobody gave one.
    pub name: Option<String>,
    /// The role: `Admin`, `Team Manager`, `Labeler` and so on.
    pub role: String,
    /// The IANA name of the time zone in which dates of this user are read; none for that of the workspace.
    pub time_zone: Option<String>,
    /// When the user was created.
    pub created: Timestamp,
}

/// An API key as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The public id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The last characters of the key.
    pub hint: String,
    /// The e-mail address of its user.
    pub email: String,
    /// What it may do.
    pub role: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it stops to work; none for never.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// An API key to create.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// The public id.
    pub id: String,
    /// The user whose key it is.
    pub user_key: i64,
    /// What people call it.
    pub name: String,
    /// The SHA-256 of the key, in hexadecimal digits.
    pub hash: String,
    /// The last characters of the key.
    pub hint: String,
    /// What it may do.
    pub role: String,
    /// Now.
    pub created: Timestamp,
    /// When it stops to work; none for never.
    pub expires: Option<Timestamp>,
}

/// A user to create.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// The public id.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// The role.
    pub role: String,
    /// The time zone; none for that of the workspace.
    pub time_zone: Option<String>,
    /// Now.
    pub created: Timestamp,
}

const SELECT_USER: &str =
    "select u.user_key, u.id, u.email, u.name, u.role, u.time_zone, u.created_ms from users u where ";

/// Finds the user with an e-mail address, or creates one; a time zone that is given replaces the stored one. A user who was
/// removed comes back with the role that is given.
pub fn ensure_user(connection: &mut dyn Connection, org_key: i64, user: &NewUser) -> Result<User, StoreError> {
    connection.execute(
        "insert into users (org_key, id, email, role, time_zone, created_ms) values ($1, $2, $3, $4, $5, $6) \
         on conflict (org_key, email) do update set time_zone = coalesce(excluded.time_zone, users.time_zone), \
         role = case when users.deleted_ms is null then users.role else excluded.role end, deleted_ms = null",
        &[
            org_key.into(),
            (&user.id).into(),
            (&user.email).into(),
            (&user.role).into(),
            user.time_zone.as_ref().into(),
            user.created.as_millis().into(),
        ],
    )?;
    let sql = format!("{SELECT_USER} u.org_key = $1 and u.email = $2");
    let found = connection.find(&sql, &[org_key.into(), (&user.email).into()], read_user)?;
    found.ok_or_else(|| StoreError::Engine("a user that was inserted is not there".to_owned()))
}

/// Lists the users, oldest first.
pub fn list_users(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<User>, StoreError> {
    let sql = format!("{SELECT_USER} u.org_key = $1 and u.deleted_ms is null order by u.user_key");
    connection.list(&sql, &[org_key.into()], read_user)
}

/// Lists the users and those who were removed, oldest first.
pub fn list_past_users(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<User>, StoreError> {
    connection.list(&format!("{SELECT_USER} u.org_key = $1 order by u.user_key"), &[org_key.into()], read_user)
}

/// Finds a user by e-mail address, also one who was removed.
pub fn find_user_by_email(
    connection: &mut dyn Connection,
    org_key: i64,
    email: &str,
) -> Result<Option<User>, StoreError> {
    let sql = format!("{SELECT_USER} u.org_key = $1 and u.email = $2");
    connection.find(&sql, &[org_key.into(), email.into()], read_user)
}

/// Finds a user by id.
pub fn find_user(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<User>, StoreError> {
    let sql = format!("{SELECT_USER} u.org_key = $1 and u.id = $2 and u.deleted_ms is null");
    connection.find(&sql, &[org_key.into(), id.into()], read_user)
}

/// Gives a user another role.
pub fn set_user_role(connection: &mut dyn Connection, user_key: i64, role: &str) -> Result<(), StoreError> {
    connection.execute("update users set role = $1 where user_key = $2", &[role.into(), user_key.into()])?;
    Ok(())
}

/// Removes a user, whose keys stop to work.
pub fn remove_user(connection: &mut dyn Connection, user_key: i64, now: Timestamp) -> Result<(), StoreError> {
    for sql in [
        "update users set deleted_ms = $1 where user_key = $2",
        "update api_keys set revoked_ms = $1 where user_key = $2 and revoked_ms is null",
    ] {
        connection.execute(sql, &[now.as_millis().into(), user_key.into()])?;
    }
    Ok(())
}

/// Lists the keys of a user that were not revoked, with their roles.
pub fn list_key_roles(connection: &mut dyn Connection, user_key: i64) -> Result<Vec<(i64, String)>, StoreError> {
    let sql = "select api_key_key, role from api_keys where user_key = $1 and revoked_ms is null order by api_key_key";
    connection.list(sql, &[user_key.into()], |row| (row.int(0).unwrap_or(0), row.text(1).unwrap_or_default()))
}

/// Gives a key another role.
pub fn set_key_role(connection: &mut dyn Connection, api_key_key: i64, role: &str) -> Result<(), StoreError> {
    connection.execute("update api_keys set role = $1 where api_key_key = $2", &[role.into(), api_key_key.into()])?;
    Ok(())
}

/// Creates a key.
pub fn create_key(connection: &mut dyn Connection, org_key: i64, key: &NewApiKey) -> Result<(), StoreError> {
    connection.execute(
        "insert into api_keys (org_key, user_key, id, name, hash, hint, role, created_ms, expires_ms) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            org_key.into(),
            key.user_key.into(),
            (&key.id).into(),
            (&key.name).into(),
            (&key.hash).into(),
            (&key.hint).into(),
            (&key.role).into(),
            key.created.as_millis().into(),
            key.expires.map(Timestamp::as_millis).into(),
        ],
    )?;
    Ok(())
}

/// Finds the key with a hash and its user, whether it still works or not.
pub fn find_key(
    connection: &mut dyn Connection,
    org_key: i64,
    hash: &str,
) -> Result<Option<(ApiKey, User)>, StoreError> {
    let sql = "select k.id, k.name, k.hint, u.email, k.role, k.created_ms, k.expires_ms, k.revoked_ms, u.user_key \
               from api_keys k join users u on u.user_key = k.user_key where k.hash = $1 and k.org_key = $2";
    let found = connection.find(sql, &[hash.into(), org_key.into()], |row| (read_key(row), row.int(8)))?;
    let Some((key, user_key)) = found else { return Ok(None) };
    let sql = format!("{SELECT_USER} u.user_key = $1");
    let user = connection.find(&sql, &[user_key.into()], read_user)?;
    Ok(user.map(|user| (key, user)))
}

/// Lists the keys, oldest first.
pub fn list_keys(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<ApiKey>, StoreError> {
    let sql = "select k.id, k.name, k.hint, u.email, k.role, k.created_ms, k.expires_ms, k.revoked_ms \
               from api_keys k join users u on u.user_key = k.user_key where k.org_key = $1 order by k.api_key_key";
    connection.list(sql, &[org_key.into()], read_key)
}

/// Revokes the key with an id, a hint or a name; returns how many that is. More than one is left as it is.
pub fn revoke_key(
    connection: &mut dyn Connection,
    org_key: i64,
    named: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "select api_key_key from api_keys where org_key = $1 and revoked_ms is null \
               and (id = $2 or hint = $2 or name = $2) order by api_key_key";
    let found = connection.list(sql, &[org_key.into(), named.into()], |row| row.int(0).unwrap_or(0))?;
    if let [key] = found[..] {
        let sql = "update api_keys set revoked_ms = $1 where api_key_key = $2";
        connection.execute(sql, &[now.as_millis().into(), key.into()])?;
    }
    Ok(found.len() as u64)
}

fn read_user(row: &dyn RowView) -> User {
    User {
        key: row.int(0).unwrap_or(0),
        id: row.text(1).unwrap_or_default(),
        email: row.text(2).unwrap_or_default(),
        name: row.text(3),
        role: row.text(4).unwrap_or_default(),
        time_zone: row.text(5),
        created: Timestamp::from_millis(row.int(6).unwrap_or(0)),
    }
}

fn read_key(row: &dyn RowView) -> ApiKey {
    let time = |column| row.int(column).map(Timestamp::from_millis);
    ApiKey {
        id: row.text(0).unwrap_or_default(),
        name: row.text(1).unwrap_or_default(),
        hint: row.text(2).unwrap_or_default(),
        email: row.text(3).unwrap_or_default(),
        role: row.text(4).unwrap_or_default(),
        created: time(5).unwrap_or(Timestamp::MIN),
        expires: time(6),
        revoked: time(7),
    }
}
