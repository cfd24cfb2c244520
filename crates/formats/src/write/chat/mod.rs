//! What formats of conversations have in common: messages with their roles, which of them answer which, and what a label
//! says about them.
//!
//! A conversation is a list of messages, or a tree in which messages answer others, as models write several answers to the
//! same one. A *judgement* prefers some of the messages that answer the same message to others.
//!
//! # Invariants
//! - A line is whole: every message from the first one on, each with its text and its role. One that has a message that is not
//!   text alone is left out, and counted.
//! - Nothing is fetched. A conversation is in the row, or the workspace keeps it.
//!
//! # Adding a format of conversations
//! A type that implements [`LineWriter`], and a [`Format`](super::Format) that opens [`chats`] with it.

mod conversation;
mod judgement;
mod lines;
mod links;
mod preference;
mod role;
mod sft;
#[cfg(test)]
mod tests;

pub use preference::ChatPreference;
pub use sft::ChatSft;

#[cfg(doc)]
use lines::{LineWriter, chats};
