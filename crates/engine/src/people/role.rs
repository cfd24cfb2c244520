//! Roles, which are the same in every workspace.

use crate::workspace::access::{ROLES, Role as Access};
use labelport_model::problem::Problem;

/// The name of the role of people who have roles in single projects only.
pub const NONE: &str = "None";
/// The name of the role that may do everything.
pub const ADMIN: &str = "Admin";
/// The name of the role that members of a group have where nobody gave them one.
pub const LABELER: &str = "Labeler";

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The public id.
    pub id: String,
    /// The name, such as `Team Manager`.
    pub name: &'static str,
    /// What its keys may do.
    pub access: Access,
}

impl Role {
    /// Says what keys of the role may do.
    pub fn description(&self) -> &'static str {
        match self.access {
            Access::Admin => "May do everything, and manage keys and users.",
            Access::Member => "May read, export and change everything but keys and users.",
            Access::Reader => "May read and export.",
            Access::Nobody => "May do nothing outside of projects.",
        }
    }

    /// Lists what keys of the role may do, in single words.
    pub fn permissions(&self) -> &'static [&'static str] {
        match self.access {
            Access::Admin => &["read", "write", "administer"],
            Access::Member => &["read", "write"],
            Access::Reader => &["read"],
            Access::Nobody => &[],
        }
    }
}

/// Lists the roles by name.
pub fn list() -> Vec<Role> {
    ROLES.iter().map(|(name, access)| Role { id: id_of(name), name, access: *access }).collect()
}

/// Returns the role with an id.
pub fn get(id: &str) -> Result<Role, Problem> {
    list().into_iter().find(|role| role.id == id).ok_or_else(|| Problem::not_found("role", id))
}

/// Finds a role by its name, in any case.
pub fn find_by_name(name: &str) -> Option<Role> {
    list().into_iter().find(|role| role.name.eq_ignore_ascii_case(name))
}

/// Returns the id of a role, of the length that the SDK expects.
pub fn id_of(name: &str) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{:0<25}", format!("crole{}", letters.to_ascii_lowercase()))
}

/// Returns how much keys of a role may do, compared with those of others.
pub(super) fn rank(access: Access) -> u8 {
    match access {
        Access::Admin => 3,
        Access::Member => 2,
        Access::Reader => 1,
        Access::Nobody => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_by_id_and_name() {
        let manager = find_by_name("team manager").unwrap();
        assert_eq!((manager.name, manager.id.as_str()), ("Team Manager", "croleteammanager000000000"));
        assert_eq!(get(&manager.id).unwrap(), manager);
        assert!(get("none").is_err() && find_by_name("none").is_some_and(|role| role.name == NONE));
        for role in list() {
            assert_eq!(role.id.len(), 25, "{}", role.name);
            assert!(role.description().ends_with('.'));
            assert_eq!(usize::from(rank(role.access)), role.permissions().len(), "{}", role.name);
        }
        for name in [ADMIN, LABELER, NONE] {
            assert!(find_by_name(name).is_some(), "{name}");
        }
    }
}
