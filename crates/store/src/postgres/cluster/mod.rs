//! The nodes of a Citus cluster, and how an export reads them.
//!
//! Statements go through the coordinator, which finds the nodes. That costs it as much as reading costs them, so the sections of a
//! block are read where they lie: a reader that shows one state has a session with each node, [`Direct`], next to the one with the
//! coordinator.
//!
//! No state of a cluster has a name. Readers see one state of all nodes because nobody writes while they begin: see
//! [`pause`](super::pause).

mod direct;
mod node;
mod places;

pub(super) use direct::Direct;
pub(super) use node::{coordinator, nodes};
