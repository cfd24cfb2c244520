//! Feature schemas: tools and classifications by themselves. An ontology repeats those that it uses.

use super::{complete_root, normalized, parse_object, replace};
use crate::workspace::Workspace;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_store::tables::ontologies::{self, Deletion, SchemaNode};
use serde_json::{Value, json};

/// Creates or replaces a tool or a classification by itself.
pub fn put_node(workspace: &Workspace, id: Option<&str>, normalized: &str) -> Result<SchemaNode, Problem> {
    let mut node = Value::Object(parse_object(normalized)?);
    if let Some(id) = id {
        node["featureSchemaId"] = json!(id);
    }
    let is_tool = node["tool"].is_string();
    let node = complete_root(&mut node, is_tool, 0, workspace.chance())?;
    let (org_key, now, new) = (workspace.org_key(), workspace.now(), node.clone());
    workspace.write(move |connection| Ok(ontologies::put_node(connection, org_key, &new, now)?))?;
    Ok(node)
}

/// Returns a tool or classification.
pub fn get_node(workspace: &Workspace, id: &str) -> Result<SchemaNode, Problem> {
    let found = workspace.read(|connection| Ok(ontologies::find_node(connection, workspace.org_key(), id)?))?;
    found.ok_or_else(|| Problem::not_found("feature schema", id))
}

/// Lists tools and classifications whose names hold a text.
pub fn list_nodes(workspace: &Workspace, search: &str) -> Result<Vec<SchemaNode>, Problem> {
    let mut found = workspace.read(|connection| Ok(ontologies::list_nodes(connection, workspace.org_key())?))?;
    let search = search.to_lowercase();
    found.retain(|node| node.name.to_lowercase().contains(&search));
    Ok(found)
}

/// Lists the ids of feature schemas that no ontology uses, after one, in order.
pub fn list_unused_nodes(workspace: &Workspace, after: &str, limit: usize) -> Result<Vec<String>, Problem> {
    let org_key = workspace.org_key();
    workspace.read(|connection| {
        let mut unused = Vec::new();
        let mut ids: Vec<String> =
            ontologies::list_nodes(connection, org_key)?.into_iter().map(|node| node.id).collect();
        ids.sort_unstable();
        for id in ids.into_iter().filter(|id| id.as_str() > after) {
            if unused.len() < limit && ontologies::count_users_of(connection, org_key, &id)? == 0 {
                unused.push(id);
            }
        }
        Ok(unused)
    })
}

/// Deletes a tool or classification that no ontology uses.
pub fn delete_node(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (org_key, now, id) = (workspace.org_key(), workspace.now(), id.to_owned());
    workspace.write(move |connection| {
        if ontologies::count_users_of(connection, org_key, &id)? > 0 {
            let message = "Feature schema cannot be deleted because it is used in ontologies";
            return Err(Problem::new(ProblemKind::NotAllowed, message));
        }
        match ontologies::delete_node(connection, org_key, &id, now)? {
            Deletion::Done => Ok(()),
            Deletion::DoneBefore => Err(Problem::conflict("Feature schema is already deleted")),
            Deletion::Unknown => {
                let message = format!("Cannot find root schema node with feature schema id {id}");
                Err(Problem::new(ProblemKind::NotFound, message))
            }
        }
    })
}

/// Renames a tool or classification, in the ontologies that use it too.
pub fn rename_node(workspace: &Workspace, id: &str, title: &str) -> Result<(), Problem> {
    crate::catalog::dataset::check_name("feature schema", title)?;
    let (node, org_key, now) = (get_node(workspace, id)?, workspace.org_key(), workspace.now());
    let title = title.to_owned();
    workspace.write(move |connection| {
        let key = if node.is_tool { "name" } else { "instructions" };
        let mut json: Value = serde_json::from_str(&node.normalized).map_err(Problem::internal)?;
        json[key] = json!(title);
        let renamed = SchemaNode { name: title.clone(), normalized: json.to_string(), ..node.clone() };
        ontologies::put_node(connection, org_key, &renamed, now)?;
        for ontology in ontologies::list(connection, org_key)? {
            let mut json = normalized(&ontology);
            let list = if node.is_tool { "tools" } else { "classifications" };
            let mut is_changed = false;
            for used in json[list].as_array_mut().into_iter().flatten() {
                if used["featureSchemaId"] == node.id.as_str() {
                    used[key] = json!(title);
                    is_changed = true;
                }
            }
            if is_changed {
                replace(connection, org_key, &ontology, &json, now)?;
            }
        }
        Ok(())
    })
}
