//! Who may do what: the one place that decides.
//!
//! A caller is known by an API key. What a key may do follows from its role. Which things there are follows from the
//! store, which holds one organization and is not opened if it holds another: statements that find things by id alone
//! rely on that. An interface asks [`allow`] once for each call, and nothing below it asks again.

use crate::ambient::hexadecimal;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::time::Timestamp;
use labelport_store::tables::api_keys::{self, User};
use labelport_store::{Connection, StoreError};
use sha2::{Digest, Sha256};

/// A caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user whose key it is.
    pub user: User,
    /// What the key may do.
    pub role: Role,
    /// The id of the key.
    pub key_id: String,
    /// The last characters of the key, by which people tell keys apart.
    pub key_hint: String,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything, keys of others included.
    Admin,
    /// Everything but keys and users.
    Member,
    /// Read and export.
    Reader,
    /// Nothing: the role of people who have roles in single projects only.
    Nobody,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Look at things and export them.
    Read,
    /// Create, change and delete things.
    Write,
    /// Manage keys and users.
    Administer,
}

/// The roles by name, as the SDK spells them, with what they may do.
pub static ROLES: &[(&str, Role)] = &[
    ("Admin", Role::Admin),
    ("Labeler", Role::Reader),
    ("None", Role::Nobody),
    ("Reader", Role::Reader),
    ("Reviewer", Role::Reader),
    ("Team Manager", Role::Member),
];

/// Finds a role by its name, in any case.
pub fn find_role(name: &str) -> Option<(&'static str, Role)> {
    ROLES.iter().copied().find(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// Returns the hash under which a key is stored. A key is 256 random bits, so that one round is enough.
pub fn hash_key(key: &str) -> String {
    hexadecimal(&Sha256::digest(key.as_bytes()))
}

/// Finds out who is asking.
pub fn identify(
    connection: &mut dyn Connection,
    org_key: i64,
    key: Option<&str>,
    now: Timestamp,
) -> Result<Result<Caller, Problem>, StoreError> {
    let unknown = |message: &str| Ok(Err(Problem::new(ProblemKind::Unauthenticated, message)));
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        return unknown("no API key was given; send it as `Authorization: Bearer KEY`");
    };
    let Some((stored, user)) = api_keys::find_key(connection, org_key, &hash_key(key))? else {
        return unknown("the API key is not known here; `labelport key list` shows those that are");
    };
    if stored.revoked.is_some() {
        return unknown("the API key was revoked; `labelport key create` makes a new one");
    }
    if stored.expires.is_some_and(|expires| expires <= now) {
        return unknown("the API key has expired; `labelport key create` makes a new one");
    }
    let role = find_role(&stored.role).map_or(Role::Nobody, |(_, role)| role);
    Ok(Ok(Caller { user, role, key_id: stored.id, key_hint: stored.hint }))
}

/// Fails unless a caller may do something.
pub fn allow(caller: &Caller, action: Action) -> Result<(), Problem> {
    let may = match action {
        Action::Read => caller.role != Role::Nobody,
        Action::Write => matches!(caller.role, Role::Admin | Role::Member),
        Action::Administer => caller.role == Role::Admin,
    };
    if may {
        return Ok(());
    }
    let what = match action {
        Action::Read => "read here",
        Action::Write => "change anything",
        Action::Administer => "manage keys and users, or schedules",
    };
    let message = format!("this API key may not {what}; use one whose role may, such as Admin");
    Err(Problem::new(ProblemKind::Forbidden, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_in_order_and_may_what_they_should() {
        assert!(ROLES.is_sorted_by(|one, next| one.0 < next.0));
        let user = User {
            key: 1,
            id: String::new(),
            email: String::new(),
            name: None,
            role: String::new(),
            time_zone: None,
            created: Timestamp::MIN,
        };
        #[track_caller]
        fn check(user: &User, role: &str, expect: [bool; 3]) {
            let (key_id, key_hint) = (String::new(), String::new());
            let caller = Caller { user: user.clone(), role: find_role(role).unwrap().1, key_id, key_hint };
            let may = [Action::Read, Action::Write, Action::Administer].map(|action| allow(&caller, action).is_ok());
            assert_eq!(may, expect, "{role}");
        }
        check(&user, "admin", [true, true, true]);
        check(&user, "Team Manager", [true, true, false]);
        check(&user, "Labeler", [true, false, false]);
        check(&user, "NONE", [false, false, false]);
        assert_eq!(find_role("root"), None);
    }
}
