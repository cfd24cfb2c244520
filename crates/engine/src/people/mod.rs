//! People: their roles in the organization and in projects, invitations, groups.
//!
//! What a caller may do follows from the role of the API key alone, see [`access`](crate::workspace::access). Roles in
//! projects and groups are kept and listed for the scripts that manage them; they open nothing.

pub mod group;
pub mod invite;
pub mod membership;
pub mod role;
pub mod user;
