//! Ontologies and the feature schemas that they are made of.
//!
//! An ontology arrives as JSON and goes out as the same JSON, complete: see [`form`]. Features are put in, taken out and
//! archived in [`features`]; a tool or a classification by itself is in [`node`].

pub mod features;
mod form;
mod node;

pub use labelport_store::tables::ontologies::{Ontology, SchemaNode};
pub use node::{delete_node, get_node, list_nodes, list_unused_nodes, put_node, rename_node};

use self::form::{complete, complete_root, fill, parse_object};
use crate::ambient::Chance;
use crate::workspace::Workspace;
use labelport_model::id::OntologyId;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_store::tables::ontologies::{self, GivenOntology, OntologyError};
use labelport_store::{Connection, StoreError};
use serde_json::{Value, json};

/// An ontology to create.
#[derive(Debug, Clone)]
pub struct NewOntology<'a> {
    /// The name.
    pub name: &'a str,
    /// Tools and classifications, as JSON.
    pub normalized: &'a str,
    /// What it is for.
    pub description: Option<&'a str>,
    /// The media type, in capitals.
    pub media_type: Option<&'a str>,
}

/// Creates an ontology.
pub fn create(workspace: &Workspace, new: &NewOntology<'_>) -> Result<Ontology, Problem> {
    crate::catalog::dataset::check_name("ontology", new.name)?;
    let id = workspace.chance().cuid();
    let (root, nodes) = complete(new.normalized, workspace.chance())?;
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let ontology_id = OntologyId::parse(&id).map_err(Problem::internal)?;
    let normalized = root.to_string();
    let [name, description, media_type] =
        [Some(new.name), new.description, new.media_type].map(|text| text.map(str::to_owned));
    workspace.write(move |connection| {
        let name = name.unwrap_or_default();
        let given = GivenOntology { id: &ontology_id, name: &name, normalized: &normalized, now };
        let imported = ontologies::import_given(connection, org_key, given).map_err(refused)?;
        ontologies::describe(connection, imported.ontology_key, description.as_deref(), media_type.as_deref())?;
        for node in &nodes {
            ontologies::put_node(connection, org_key, node, now)?;
        }
        Ok(())
    })?;
    get(workspace, &id)
}

fn refused(error: OntologyError) -> Problem {
    match error {
        OntologyError::Store(error) => error.into(),
        error => Problem::malformed(error.to_string()),
    }
}

/// Returns an ontology.
pub fn get(workspace: &Workspace, id: &str) -> Result<Ontology, Problem> {
    let found = workspace.read(|connection| Ok(ontologies::find(connection, workspace.org_key(), id)?))?;
    found.ok_or_else(|| Problem::not_found("ontology", id))
}

/// Lists the ontologies whose names hold a text, oldest first.
pub fn list(workspace: &Workspace, search: &str) -> Result<Vec<Ontology>, Problem> {
    let mut found = workspace.read(|connection| Ok(ontologies::list(connection, workspace.org_key())?))?;
    let search = search.to_lowercase();
    found.retain(|ontology| ontology.name.to_lowercase().contains(&search));
    Ok(found)
}

/// Returns the JSON of an ontology. One that grew from imported rows has no tools to show.
pub fn normalized(ontology: &Ontology) -> Value {
    let stored = ontology.normalized.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let mut root = stored.filter(Value::is_object).unwrap_or_else(|| json!({}));
    fill(&mut root);
    root
}

/// Creates the ontology of a new project, without tools.
pub(super) fn create_empty(
    connection: &mut dyn Connection,
    org_key: i64,
    given: (&OntologyId, &str),
    now: labelport_model::time::Timestamp,
) -> Result<i64, Problem> {
    let normalized = json!({ "tools": [], "classifications": [], "relationships": [] }).to_string();
    let given = GivenOntology { id: given.0, name: given.1, normalized: &normalized, now };
    Ok(ontologies::import_given(connection, org_key, given).map_err(refused)?.ontology_key)
}

/// Puts an ontology in the place of what it was.
pub(super) fn replace(
    connection: &mut dyn Connection,
    org_key: i64,
    ontology: &Ontology,
    normalized: &Value,
    now: labelport_model::time::Timestamp,
) -> Result<(), Problem> {
    let id = OntologyId::parse(&ontology.id).map_err(Problem::internal)?;
    let normalized = normalized.to_string();
    let given = GivenOntology { id: &id, name: &ontology.name, normalized: &normalized, now };
    ontologies::import_given(connection, org_key, given).map_err(refused)?;
    Ok(())
}

/// Completes an ontology that comes with a project, and keeps its nodes.
pub(super) fn complete_for(
    connection: &mut dyn Connection,
    org_key: i64,
    text: &str,
    by: (&dyn Chance, labelport_model::time::Timestamp),
) -> Result<Value, Problem> {
    let (root, nodes) = complete(text, by.0)?;
    for node in nodes {
        ontologies::put_node(connection, org_key, &node, by.1)?;
    }
    Ok(root)
}

/// Deletes an ontology that no project uses.
pub fn delete(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (ontology, now) = (get(workspace, id)?, workspace.now());
    workspace.write(move |connection| {
        let projects = ontologies::list_projects(connection, ontology.key)?;
        if !projects.is_empty() {
            let message = format!(
                "Cannot delete an ontology connected to a project. The ontology is connected to projects: {}",
                projects.join(", ")
            );
            return Err(Problem::new(ProblemKind::NotAllowed, message));
        }
        Ok(ontologies::mark_deleted(connection, ontology.key, now)?)
    })
}

/// Lists the ids of ontologies that no project uses, after one, in order.
pub fn list_unused(workspace: &Workspace, after: &str, limit: usize) -> Result<Vec<String>, Problem> {
    workspace.read(|connection| {
        let mut unused = Vec::new();
        let mut found = ontologies::list(connection, workspace.org_key())?;
        found.sort_by(|one, next| one.id.cmp(&next.id));
        for ontology in found.into_iter().filter(|ontology| ontology.id.as_str() > after) {
            if unused.len() < limit && ontologies::list_projects(connection, ontology.key)?.is_empty() {
                unused.push(ontology.id);
            }
        }
        Ok(unused)
    })
}

/// Counts the tools and the top-level classifications of an ontology.
pub fn counts(normalized: &Value) -> (usize, usize) {
    let count = |key: &str| normalized[key].as_array().map_or(0, Vec::len);
    (count("tools"), count("classifications"))
}

/// Returns the JSON of a project's ontology, by its key.
pub(super) fn normalized_of(
    connection: &mut dyn Connection,
    org_key: i64,
    key: Option<i64>,
) -> Result<Option<Ontology>, StoreError> {
    match key {
        Some(key) => ontologies::find_by_key(connection, org_key, key),
        None => Ok(None),
    }
}
