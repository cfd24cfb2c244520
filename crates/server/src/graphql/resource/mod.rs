//! What the SDK can ask for, each resource a file.
//!
//! A resource reads arguments, calls the engine and makes nodes of what comes back. Names of fields are the SDK's.
//!
//! # Adding a resource
//! One file next to this one with a `pub(super) static PART`, one line in [`PARTS`].

mod annotation_import;
mod attachment;
mod batch;
mod dashboard;
mod data_row;
mod dataset;
mod embedding;
mod export;
mod file;
mod global_key;
mod group;
mod invite;
mod issue;
mod label;
mod label_version;
mod legacy;
mod metadata;
mod model;
mod model_config;
mod model_run;
mod ontology;
mod person;
mod project;
mod queue;
mod review;
mod row_import;
mod send;
mod session;
mod slice;
mod tag;
mod task;
mod webhook;

use super::argument::Arguments;
use super::schema::{Node, Part, Schema};
use super::{Call, listing};
use crate::nodes;
use labelport_engine::workspace::api_keys::{self, User};
use labelport_model::problem::Problem;
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Every resource, by name.
pub(super) static PARTS: &[&Part] = &[
    &annotation_import::PART,
    &attachment::PART,
    &batch::PART,
    &dashboard::PART,
    &data_row::PART,
    &dataset::PART,
    &embedding::PART,
    &export::PART,
    &file::PART,
    &global_key::PART,
    &group::PART,
    &invite::PART,
    &issue::PART,
    &label::PART,
    &label_version::PART,
    &legacy::PART,
    &metadata::PART,
    &model::PART,
    &model_config::PART,
    &model_run::PART,
    &ontology::PART,
    &person::PART,
    &project::PART,
    &queue::PART,
    &review::PART,
    &row_import::PART,
    &send::PART,
    &session::PART,
    &slice::PART,
    &tag::PART,
    &task::PART,
    &webhook::PART,
];

/// The schema that all resources make.
pub(super) static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::of(PARTS));

/// Returns the members of an object.
fn node(value: Value) -> Node {
    match value {
        Value::Object(node) => node,
        _ => Node::new(),
    }
}

/// Returns the id of a parent.
fn id(parent: &Node) -> &str {
    parent.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// Returns a member of a parent that is a number.
fn number(parent: &Node, key: &str) -> i64 {
    parent.get(key).and_then(Value::as_i64).unwrap_or(0)
}

/// Returns a page by cursor, with the cursor where this list has it.
fn cursored(nodes: Vec<Node>, arguments: &Arguments<'_>, cursor: &str) -> Result<Value, Problem> {
    let page = listing::page_by_cursor(nodes, arguments)?;
    let mut value = json!({ "nodes": page.nodes });
    match cursor.split_once('.') {
        Some((outer, inner)) => {
            value[outer] = json!({ inner: page.next, "hasNextPage": !page.next.is_null() });
        }
        None => value[cursor] = page.next,
    }
    Ok(value)
}

/// Returns the user with a key, or an e-mail address; null where nobody is known.
fn user_by(call: &Call<'_>, is_it: impl Fn(&User) -> bool) -> Result<Value, Problem> {
    let users = api_keys::list_past_users(call.workspace)?;
    Ok(users.iter().find(|user| is_it(user)).map_or(Value::Null, nodes::user))
}

/// Returns the user whose e-mail address is a member of a parent; null where it has none. An import may name people who are
/// no users here: of them, the address is all that is known.
fn user_of(call: &Call<'_>, parent: &Node, key: &str) -> Result<Value, Problem> {
    let Some(email) = parent.get(key).and_then(Value::as_str) else { return Ok(Value::Null) };
    let known = user_by(call, |user| user.email == email)?;
    Ok(if known.is_null() { nodes::stranger(email) } else { known })
}

/// Resolves the organization, which is a member of many types.
fn organization(call: &Call<'_>, _: &Node, _: &Arguments<'_>) -> Result<Value, Problem> {
    nodes::organization(call.workspace)
}
