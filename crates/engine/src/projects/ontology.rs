//! Ontologies and the feature schemas that they are made of.
//!
//! An ontology arrives as JSON and goes out as the same JSON with ids: every tool, classification and option at every
//! depth gets a `schemaNodeId` and a `featureSchemaId` where it has none, a tool gets a colour, and nothing else is added
//! or taken away, since the SDK compares ontologies for equality and branches on the presence of keys.

pub use labelport_store::tables::ontologies::{Ontology, SchemaNode};

use crate::ambient::Chance;
use crate::workspace::Workspace;
use labelport_model::id::OntologyId;
use labelport_model::problem::{Problem, ProblemKind};
use labelport_store::tables::ontologies::{self, GivenOntology, OntologyError};
use labelport_store::{Connection, StoreError};
use serde_json::{Map, Value, json};

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

/// The lists of a node that hold nodes.
const INNER: [&str; 3] = ["classifications", "options", "relationships"];
/// The colours that tools get in turn, as far apart as sixteen can be.
const COLOURS: [&str; 16] = [
    "#ff0000", "#7b00ff", "#0095ff", "#00ffbf", "#ffd500", "#ff5900", "#c800ff", "#0004ff", "#00ff6e", "#a6ff00",
    "#ff00bb", "#0055ff", "#00ffe1", "#40ff00", "#ff8800", "#ff0066",
];

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

fn parse_object(text: &str) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_str(text) {
        Ok(Value::Object(root)) => Ok(root),
        Ok(_) => Err(Problem::malformed("normalized: expected an object with tools and classifications")),
        Err(error) => Err(Problem::malformed(format!("normalized is not JSON: {error}"))),
    }
}

/// Reads an ontology and gives it ids and colours; returns it, and its tools and classifications one by one.
fn complete(text: &str, chance: &dyn Chance) -> Result<(Value, Vec<SchemaNode>), Problem> {
    let mut root = parse_object(text)?;
    for key in ["tools", "classifications", "relationships"] {
        if root.get(key).is_none_or(Value::is_null) {
            root.insert(key.to_owned(), json!([]));
        }
    }
    let mut nodes = Vec::new();
    for key in ["tools", "classifications"] {
        let list = root.get_mut(key).and_then(Value::as_array_mut);
        let list = list.ok_or_else(|| Problem::malformed(format!("{key}: expected an array")))?;
        for (index, node) in list.iter_mut().enumerate() {
            nodes.push(complete_root(node, key == "tools", index, chance)?);
        }
    }
    if let Some(Value::Array(list)) = root.get_mut("relationships") {
        list.iter_mut().for_each(|node| fill_ids(node, chance));
    }
    Ok((Value::Object(root), nodes))
}

/// Gives ids, and a colour to a tool.
fn complete_root(node: &mut Value, is_tool: bool, index: usize, chance: &dyn Chance) -> Result<SchemaNode, Problem> {
    let key = if is_tool { "tool" } else { "type" };
    let Some(object) = node.as_object_mut().filter(|object| object.get(key).is_some_and(Value::is_string)) else {
        let list = if is_tool { "tools" } else { "classifications" };
        return Err(Problem::malformed(format!("{list}[{index}]: the text {key} is missing; it says what it is")));
    };
    if is_tool && object.get("color").is_none_or(Value::is_null) {
        object.insert("color".to_owned(), json!(COLOURS[index % COLOURS.len()]));
    }
    fill_ids(node, chance);
    schema_node(node, is_tool)
}

fn schema_node(node: &Value, is_tool: bool) -> Result<SchemaNode, Problem> {
    let text = |key: &str| node[key].as_str().map(str::to_owned);
    let name = if is_tool { text("name") } else { text("instructions").or_else(|| text("name")) };
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| Problem::malformed("a feature has no name"))?;
    Ok(SchemaNode { id: text("featureSchemaId").unwrap_or_default(), name, is_tool, normalized: node.to_string() })
}

/// Gives ids to a node and to those inside it, where they have none. One id serves for both keys.
fn fill_ids(node: &mut Value, chance: &dyn Chance) {
    let Some(object) = node.as_object_mut() else { return };
    let known = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let feature = known("featureSchemaId").or_else(|| known("schemaNodeId"));
    let feature = feature.unwrap_or_else(|| chance.cuid());
    let schema = known("schemaNodeId").unwrap_or_else(|| feature.clone());
    object.insert("schemaNodeId".to_owned(), json!(schema));
    object.insert("featureSchemaId".to_owned(), json!(feature));
    for key in INNER {
        if let Some(Value::Array(list)) = object.get_mut(key) {
            list.iter_mut().for_each(|inner| fill_ids(inner, chance));
        }
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
    let empty = || json!({ "tools": [], "classifications": [], "relationships": [] });
    let stored = ontology.normalized.as_deref().and_then(|text| serde_json::from_str(text).ok());
    stored.unwrap_or_else(empty)
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

/// Deletes a tool or classification that no ontology uses.
pub fn delete_node(workspace: &Workspace, id: &str) -> Result<(), Problem> {
    let (org_key, id) = (workspace.org_key(), id.to_owned());
    workspace.write(move |connection| {
        if ontologies::count_users_of(connection, org_key, &id)? > 0 {
            let message = "Feature schema cannot be deleted because it is used in ontologies";
            return Err(Problem::new(ProblemKind::NotAllowed, message));
        }
        if !ontologies::delete_node(connection, org_key, &id)? {
            let message = format!("Cannot find root schema node with feature schema id {id}");
            return Err(Problem::new(ProblemKind::NotFound, message));
        }
        Ok(())
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
