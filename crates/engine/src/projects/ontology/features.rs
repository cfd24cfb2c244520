//! Changes of the features of an ontology: put in, moved, taken out, archived and brought back.
//!
//! A feature that labels use is not taken out: a tool or a classification of the first level is *archived*, which keeps it
//! readable and refuses new labels; a question or an option below stays as it is.

use super::{get, normalized, replace};
use crate::workspace::Workspace;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_store::Connection;
use labelport_store::tables::ontologies::{self, Ontology};
use serde_json::{Value, json};

/// The lists of the first level.
const LISTS: [&str; 3] = ["tools", "classifications", "relationships"];
/// The lists of a node that hold nodes.
const INNER_LISTS: [&str; 2] = ["classifications", "options"];
/// The member that marks an archived node, as the vendor has it.
const ARCHIVED: &str = "archived";

/// What became of a feature that was to be taken out of an ontology. Neither of both where labels use a question or an
/// option below the first level, which stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// Labels use it, so that it stays and takes no new ones.
    pub archived: bool,
    /// It is gone.
    pub deleted: bool,
}

/// Puts a feature schema into an ontology at a position of the tools or of the classifications, counted from 0. One that
/// is there already is moved.
///
/// # Errors
/// If there is no such ontology or feature, or no such position.
pub fn insert(workspace: &Workspace, ontology_id: &str, schema_id: &str, position: i64) -> Result<(), Problem> {
    let schema_id = schema_id.to_owned();
    change(workspace, ontology_id, move |connection, org_key, _, root| {
        let moved = take(root, &schema_id);
        let node = match moved {
            Some(node) => node,
            None => {
                let known = ontologies::find_node(connection, org_key, &schema_id)?;
                let known = known.ok_or_else(|| unknown_feature(&schema_id))?;
                serde_json::from_str(&known.normalized).map_err(Problem::internal)?
            }
        };
        let key = if node["tool"].is_string() { "tools" } else { "classifications" };
        let list = root[key].as_array_mut().ok_or_else(|| Problem::internal("an ontology without lists"))?;
        let at = usize::try_from(position).ok().filter(|at| *at <= list.len()).ok_or_else(|| {
            let count = list.len();
            Problem::malformed(format!("position is {position}; the {key} of the ontology have positions 0 to {count}"))
        })?;
        list.insert(at, node);
        Ok(())
    })
}

/// Takes a feature out of an ontology, as far as no label uses it.
///
/// # Errors
/// If there is no such ontology, or it has no such feature.
pub fn remove(workspace: &Workspace, ontology_id: &str, schema_id: &str) -> Result<Removal, Problem> {
    let schema_id = schema_id.to_owned();
    change(workspace, ontology_id, move |connection, org_key, ontology, root| {
        let way = find(root, &schema_id).ok_or_else(|| unknown_feature(&schema_id))?;
        let is_root = way.len() == 1;
        // What is counted by label are tools and classifications. An option is used if its question is.
        let mut is_used = false;
        for id in way.iter().rev().take(if is_root { 1 } else { 2 }) {
            is_used |= ontologies::is_labeled_with(connection, org_key, ontology.key, id)?;
        }
        if !is_used {
            remove_from(root, &schema_id);
            return Ok(Removal { archived: false, deleted: true });
        }
        if is_root {
            set_archived(root, &schema_id, true);
        }
        Ok(Removal { archived: is_root, deleted: false })
    })
}

/// Brings an archived feature of an ontology back.
///
/// # Errors
/// If there is no such ontology, or it has no such feature on its first level.
pub fn unarchive(workspace: &Workspace, ontology_id: &str, schema_id: &str) -> Result<(), Problem> {
    let schema_id = schema_id.to_owned();
    change(workspace, ontology_id, move |_, _, _, root| match set_archived(root, &schema_id, false) {
        true => Ok(()),
        false => Err(unknown_feature(&schema_id)),
    })
}

/// Returns whether a node of an ontology is archived.
pub fn is_archived(node: &Value) -> bool {
    node[ARCHIVED] == true || node[ARCHIVED] == 1
}

/// Changes the tools and classifications of an ontology in one transaction.
fn change<T: Send + 'static>(
    workspace: &Workspace,
    ontology_id: &str,
    work: impl FnOnce(&mut dyn Connection, i64, &Ontology, &mut Value) -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let ontology = get(workspace, ontology_id).map_err(|problem| match problem.kind {
        ProblemKind::NotFound => unknown_ontology(ontology_id),
        _ => problem,
    })?;
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let gone = || unknown_ontology(&ontology.id);
        let ontology = ontologies::find_by_key(connection, org_key, ontology.key)?.ok_or_else(gone)?;
        let mut root = normalized(&ontology);
        let outcome = work(connection, org_key, &ontology, &mut root)?;
        replace(connection, org_key, &ontology, &root, now)?;
        Ok(outcome)
    })
}

fn unknown_ontology(id: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("Failed to find ontology by id: {id}"))
}

fn unknown_feature(id: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("Failed to find feature schema node by id: {id}"))
}

fn has_id(node: &Value, schema_id: &str) -> bool {
    node["featureSchemaId"] == schema_id
}

/// Takes a node out of the first level.
fn take(root: &mut Value, schema_id: &str) -> Option<Value> {
    LISTS.into_iter().find_map(|key| {
        let list = root.get_mut(key)?.as_array_mut()?;
        let at = list.iter().position(|node| has_id(node, schema_id))?;
        Some(list.remove(at))
    })
}

/// Returns the ids on the way to a node, from the first level to the node.
fn find(root: &Value, schema_id: &str) -> Option<Vec<String>> {
    LISTS.into_iter().find_map(|key| find_in_list(&root[key], schema_id))
}

fn find_in_list(list: &Value, schema_id: &str) -> Option<Vec<String>> {
    list.as_array()?.iter().find_map(|node| {
        let own = node["featureSchemaId"].as_str().unwrap_or_default().to_owned();
        if own == schema_id {
            return Some(vec![own]);
        }
        let mut way = INNER_LISTS.into_iter().find_map(|key| find_in_list(&node[key], schema_id))?;
        way.insert(0, own);
        Some(way)
    })
}

fn remove_from(root: &mut Value, schema_id: &str) {
    for key in LISTS.into_iter().chain(INNER_LISTS) {
        let Some(list) = root.get_mut(key).and_then(Value::as_array_mut) else { continue };
        list.retain(|node| !has_id(node, schema_id));
        list.iter_mut().for_each(|node| remove_from(node, schema_id));
    }
}

/// Marks a node of the first level; returns whether there is one.
fn set_archived(root: &mut Value, schema_id: &str, archived: bool) -> bool {
    let nodes = LISTS.into_iter().filter_map(|key| root[key].as_array()).flatten();
    let is_there = nodes.into_iter().any(|node| has_id(node, schema_id));
    for key in LISTS {
        let list = root.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten();
        for node in list.filter(|node| has_id(node, schema_id)).filter_map(Value::as_object_mut) {
            match archived {
                true => node.insert(ARCHIVED.to_owned(), json!(1)),
                false => node.shift_remove(ARCHIVED),
            };
        }
    }
    is_there
}
