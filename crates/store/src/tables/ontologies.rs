//! Ontologies that a person gave: rows must fit them.
//!
//! An ontology grows from the rows imported until somebody gives one with the same id. From then on a label with a feature
//! that the ontology does not have is refused, so every feature id is collected, at any depth of tools, classifications,
//! options and relationships. Keys that nobody knows are kept as they are.

use crate::engine::{Connection, RowView, StoreError};
use labelport_model::id::{CUID_LENGTH, OntologyId};
use labelport_model::json::{Document, JsonError, Kind, Value};
use labelport_model::time::Timestamp;
use std::collections::BTreeSet;

/// An ontology as a person gives it.
#[derive(Debug, Clone, Copy)]
pub struct GivenOntology<'a> {
    /// The public id.
    pub id: &'a OntologyId,
    /// The name.
    pub name: &'a str,
    /// The ontology: an object with `tools` and `classifications`, in any spelling of JSON.
    pub normalized: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// What became of an ontology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The internal key.
    pub ontology_key: i64,
    /// How many features it has.
    pub features: usize,
    /// Whether one with this id was there before.
    pub has_replaced: bool,
}

/// Why an ontology was not stored.
#[derive(Debug, thiserror::Error)]
pub enum OntologyError {
    /// The text is not JSON.
    #[error("the ontology is not JSON: {0} (at byte {offset})", offset = .0.offset)]
    Json(JsonError),
    /// The JSON is no ontology.
    #[error("{place}: {problem}")]
    NotAnOntology {
        /// The way to the value that is wrong, such as `tools[2].options`.
        place: String,
        /// What is wrong with it.
        problem: OntologyProblem,
    },
    /// The id is that of an ontology of somebody else.
    #[error("ontology {0} belongs to another organization")]
    OfAnotherOrganization(OntologyId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with a value of an ontology.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OntologyProblem {
    /// A key that every ontology has is not there.
    #[error("the key {0} is missing")]
    Missing(&'static str),
    /// The value is of another kind.
    #[error("expected {expected}, found {found}")]
    WrongKind {
        /// What was found.
        found: &'static str,
        /// What should.
        expected: &'static str,
    },
    /// The text is no feature id.
    #[error("{0:?} is no feature schema id, which has 25 letters and digits")]
    NotAnId(String),
}

/// An ontology as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ontology {
    /// The internal key.
    pub key: i64,
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The media type, in capitals.
    pub media_type: Option<String>,
    /// Tools and classifications, a JSON object; none for one that grew from imported rows.
    pub normalized: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

const SELECT: &str = "select ontology_key, id, name, description, media_type, normalized, created_ms, \
                      coalesce(updated_ms, created_ms) from ontologies where deleted_ms is null and org_key = $1";

/// Finds an ontology by its id.
pub fn find(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<Ontology>, StoreError> {
    connection.find(&format!("{SELECT} and id = $2"), &[org_key.into(), id.into()], ontology)
}

/// Finds an ontology by its key.
pub fn find_by_key(connection: &mut dyn Connection, org_key: i64, key: i64) -> Result<Option<Ontology>, StoreError> {
    connection.find(&format!("{SELECT} and ontology_key = $2"), &[org_key.into(), key.into()], ontology)
}

/// Lists the ontologies, oldest first.
pub fn list(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Ontology>, StoreError> {
    connection.list(&format!("{SELECT} order by ontology_key"), &[org_key.into()], ontology)
}

/// Counts the tools, classifications and options of an ontology.
pub fn count_features(connection: &mut dyn Connection, key: i64) -> Result<i64, StoreError> {
    connection.count("select count(*) from ontology_features where ontology_key = $1", &[key.into()])
}

/// Says what an ontology is for and on which media type.
pub fn describe(
    connection: &mut dyn Connection,
    key: i64,
    description: Option<&str>,
    media_type: Option<&str>,
) -> Result<(), StoreError> {
    let sql = "update ontologies set description = coalesce($1, description), media_type = coalesce($2, media_type) \
               where ontology_key = $3";
    connection.execute(sql, &[description.into(), media_type.into(), key.into()])?;
    Ok(())
}

/// Marks an ontology as deleted.
pub fn mark_deleted(connection: &mut dyn Connection, key: i64, now: Timestamp) -> Result<(), StoreError> {
    let sql = "update ontologies set deleted_ms = $1 where ontology_key = $2";
    connection.execute(sql, &[now.as_millis().into(), key.into()])?;
    Ok(())
}

/// Lists the ids of the projects that use an ontology.
pub fn list_projects(connection: &mut dyn Connection, key: i64) -> Result<Vec<String>, StoreError> {
    let sql = "select id from projects where ontology_key = $1 and deleted_ms is null order by project_key";
    connection.list(sql, &[key.into()], |row| row.text(0).unwrap_or_default())
}

/// Counts the ontologies that use a feature schema.
pub fn count_users_of(connection: &mut dyn Connection, org_key: i64, schema_id: &str) -> Result<i64, StoreError> {
    let sql = "select count(*) from ontology_features f join ontologies o on o.ontology_key = f.ontology_key \
               where o.org_key = $1 and o.deleted_ms is null and f.schema_id = $2";
    connection.count(sql, &[org_key.into(), schema_id.into()])
}

/// A tool or a classification by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaNode {
    /// The feature schema id.
    pub id: String,
    /// The name.
    pub name: String,
    /// Whether it is a tool; else it is a classification.
    pub is_tool: bool,
    /// The node with ids at every depth, a JSON object.
    pub normalized: String,
}

/// Stores a tool or classification, in the place of one with the same id.
pub fn put_node(
    connection: &mut dyn Connection,
    org_key: i64,
    node: &SchemaNode,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection.execute(
        "insert into schema_nodes (org_key, id, name, is_tool, normalized, created_ms) values ($1, $2, $3, $4, $5, $6) \
         on conflict (org_key, id) do update set name = excluded.name, is_tool = excluded.is_tool, \
         normalized = excluded.normalized, deleted_ms = null",
        &[
            org_key.into(),
            (&node.id).into(),
            (&node.name).into(),
            node.is_tool.into(),
            (&node.normalized).into(),
            now.as_millis().into(),
        ],
    )?;
    Ok(())
}

/// Finds a tool or classification by its feature schema id.
pub fn find_node(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<SchemaNode>, StoreError> {
    let sql = "select id, name, is_tool, normalized from schema_nodes \
               where org_key = $1 and id = $2 and deleted_ms is null";
    connection.find(sql, &[org_key.into(), id.into()], node)
}

/// Lists tools and classifications, oldest first.
pub fn list_nodes(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<SchemaNode>, StoreError> {
    let sql = "select id, name, is_tool, normalized from schema_nodes \
               where org_key = $1 and deleted_ms is null order by created_ms, id";
    connection.list(sql, &[org_key.into()], node)
}

/// What became of a feature schema that was to be deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// It is deleted.
    Done,
    /// It was deleted before.
    DoneBefore,
    /// There never was one.
    Unknown,
}

/// Deletes a tool or classification. Its id is remembered, so that a second call can say so.
pub fn delete_node(
    connection: &mut dyn Connection,
    org_key: i64,
    id: &str,
    now: Timestamp,
) -> Result<Deletion, StoreError> {
    let sql = "update schema_nodes set deleted_ms = $1 where org_key = $2 and id = $3 and deleted_ms is null";
    if connection.execute(sql, &[now.as_millis().into(), org_key.into(), id.into()])? == 1 {
        return Ok(Deletion::Done);
    }
    let sql = "select count(*) from schema_nodes where org_key = $1 and id = $2";
    let is_known = connection.count(sql, &[org_key.into(), id.into()])? > 0;
    Ok(if is_known { Deletion::DoneBefore } else { Deletion::Unknown })
}

/// Returns whether labels of the projects with an ontology use a tool or a classification.
pub fn is_labeled_with(
    connection: &mut dyn Connection,
    org_key: i64,
    ontology_key: i64,
    schema_id: &str,
) -> Result<bool, StoreError> {
    let sql = "select 1 from feature_schemas s \
               join label_features l on l.feature_key = s.feature_key \
               join projects p on p.project_key = l.project_key \
               where s.org_key = $1 and s.schema_id = $2 and p.ontology_key = $3 and p.deleted_ms is null limit 1";
    Ok(connection.find(sql, &[org_key.into(), schema_id.into(), ontology_key.into()], |_| ())?.is_some())
}

fn node(row: &dyn RowView) -> SchemaNode {
    SchemaNode {
        id: row.text(0).unwrap_or_default(),
        name: row.text(1).unwrap_or_default(),
        is_tool: row.int(2) == Some(1),
        normalized: row.text(3).unwrap_or_default(),
    }
}

fn ontology(row: &dyn RowView) -> Ontology {
    let time = |column| Timestamp::from_millis(row.int(column).unwrap_or(0));
    Ontology {
        key: row.int(0).unwrap_or(0),
        id: row.text(1).unwrap_or_default(),
        name: row.text(2).unwrap_or_default(),
        description: row.text(3),
        media_type: row.text(4),
        normalized: row.text(5),
        created: time(6),
        updated: time(7),
    }
}

/// The lists that an ontology may have; it must have the first two.
const LISTS: [&str; 3] = ["tools", "classifications", "relationships"];
/// The lists inside its elements that have features too.
const INNER_LISTS: [&str; 3] = ["classifications", "options", "relationships"];

/// Stores an ontology that a person gave, in the place of one with the same id.
pub fn import_given(
    connection: &mut dyn Connection,
    org_key: i64,
    given: GivenOntology<'_>,
) -> Result<Imported, OntologyError> {
    let document = Document::parse(given.normalized.as_bytes()).map_err(OntologyError::Json)?;
    let features = features_of(document.root())?;
    let sql = "select org_key from ontologies where id = $1";
    let owner = connection.find(sql, &[given.id.as_str().into()], |row| row.int(0).unwrap_or(0))?;
    if owner.is_some_and(|owner| owner != org_key) {
        return Err(OntologyError::OfAnotherOrganization(given.id.clone()));
    }
    let ontology_key = connection.count(
        "insert into ontologies (org_key, id, name, is_given, normalized, created_ms) values ($1, $2, $3, 1, $4, $5) \
         on conflict (id) do update set name = excluded.name, is_given = 1, normalized = excluded.normalized, \
         updated_ms = excluded.created_ms, deleted_ms = null returning ontology_key",
        &[
            org_key.into(),
            given.id.as_str().into(),
            given.name.into(),
            document.text().into(),
            given.now.as_millis().into(),
        ],
    )?;
    connection.execute("delete from ontology_features where ontology_key = $1", &[ontology_key.into()])?;
    for schema_id in &features {
        let sql = "insert into ontology_features (ontology_key, schema_id) values ($1, $2)";
        connection.execute(sql, &[ontology_key.into(), schema_id.into()])?;
    }
    Ok(Imported { ontology_key, features: features.len(), has_replaced: owner.is_some() })
}

/// Features that records of a project show.
#[derive(Debug, Clone, Copy)]
pub struct ShownFeatures<'a> {
    /// The id of the ontology that is made of them.
    pub id: &'a OntologyId,
    /// The name that it gets if it is new.
    pub name: &'a str,
    /// The ontology: an object with `tools` and `classifications`.
    pub normalized: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// Stores the ontology of a project that has none but the one that its records show. Rows need not fit it: it grows with
/// what comes.
pub fn put_shown(
    connection: &mut dyn Connection,
    org_key: i64,
    project_key: i64,
    shown: ShownFeatures<'_>,
) -> Result<(), OntologyError> {
    let document = Document::parse(shown.normalized.as_bytes()).map_err(OntologyError::Json)?;
    let features = features_of(document.root())?;
    let ontology_key = connection.count(
        "insert into ontologies (org_key, id, name, is_given, normalized, created_ms) values ($1, $2, $3, 0, $4, $5) \
         on conflict (id) do update set normalized = excluded.normalized, updated_ms = excluded.created_ms, \
         deleted_ms = null returning ontology_key",
        &[
            org_key.into(),
            shown.id.as_str().into(),
            shown.name.into(),
            document.text().into(),
            shown.now.as_millis().into(),
        ],
    )?;
    for schema_id in &features {
        let sql = "insert into ontology_features (ontology_key, schema_id) values ($1, $2) on conflict do nothing";
        connection.execute(sql, &[ontology_key.into(), schema_id.into()])?;
    }
    let sql = "update projects set ontology_key = $1 where project_key = $2 and ontology_key is null";
    connection.execute(sql, &[ontology_key.into(), project_key.into()])?;
    Ok(())
}

/// Collects the feature ids of an ontology, each once.
fn features_of(root: Value<'_>) -> Result<BTreeSet<String>, OntologyError> {
    if root.kind() != Kind::Object {
        return Err(wrong_kind("ontology", root, "an object"));
    }
    let mut features = BTreeSet::new();
    for key in LISTS {
        match root.get(key) {
            Some(list) => collect_list(key, list, &mut features)?,
            None if key == "relationships" => {}
            None => return Err(not("ontology", OntologyProblem::Missing(key))),
        }
    }
    Ok(features)
}

fn collect_list(place: &str, list: Value<'_>, features: &mut BTreeSet<String>) -> Result<(), OntologyError> {
    if list.kind() != Kind::Array {
        return Err(wrong_kind(place, list, "an array"));
    }
    for (index, element) in list.elements().enumerate() {
        let place = format!("{place}[{index}]");
        if element.kind() != Kind::Object {
            return Err(wrong_kind(&place, element, "an object"));
        }
        if let Some(id) = element.get("featureSchemaId").filter(|id| id.kind() != Kind::Null) {
            features.insert(feature_id(&format!("{place}.featureSchemaId"), id)?);
        }
        for key in INNER_LISTS {
            if let Some(inner) = element.get(key).filter(|inner| inner.kind() != Kind::Null) {
                collect_list(&format!("{place}.{key}"), inner, features)?;
            }
        }
    }
    Ok(())
}

fn feature_id(place: &str, value: Value<'_>) -> Result<String, OntologyError> {
    let Some(text) = value.as_text() else { return Err(wrong_kind(place, value, "a string")) };
    if text.len() != CUID_LENGTH || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(not(place, OntologyProblem::NotAnId(text.chars().take(40).collect())));
    }
    Ok(text.into_owned())
}

fn wrong_kind(place: &str, value: Value<'_>, expected: &'static str) -> OntologyError {
    not(place, OntologyProblem::WrongKind { found: value.kind().named(), expected })
}

fn not(place: &str, problem: OntologyProblem) -> OntologyError {
    OntologyError::NotAnOntology { place: place.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ontology: &str, expect: Result<&[&str], &str>) {
        let found = Document::parse(ontology.as_bytes()).map_err(OntologyError::Json);
        match (found.and_then(|document| features_of(document.root())), expect) {
            (Ok(found), Ok(expect)) => assert!(found.iter().eq(expect), "{found:?}"),
            (Err(found), Err(expect)) => assert_eq!(found.to_string(), expect),
            (found, _) => panic!("{found:?} instead of {expect:?}"),
        }
    }

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbb";
    const C: &str = "ccccccccccccccccccccccccc";
    const D: &str = "ddddddddddddddddddddddddd";

    #[test]
    fn features_are_collected_at_any_depth() {
        let ontology = format!(
            r#"{{"tools":[{{"featureSchemaId":"{D}","classifications":[{{"featureSchemaId":"{C}","options":[
                {{"featureSchemaId":"{B}","options":[{{"featureSchemaId":"{A}"}}]}}]}}]}}],"classifications":[]}}"#
        );
        check(&ontology, Ok(&[A, B, C, D]));
        check(r#"{"tools":[],"classifications":[]}"#, Ok(&[]));
        let ontology = format!(r#"{{"tools":[],"classifications":[],"relationships":[{{"featureSchemaId":"{A}"}}]}}"#);
        check(&ontology, Ok(&[A]));
    }

    #[test]
    fn what_is_no_ontology_is_refused_with_its_place() {
        check("[]", Err("ontology: expected an object, found an array"));
        check(r#"{"tools":[]}"#, Err("ontology: the key classifications is missing"));
        check(r#"{"classifications":[]}"#, Err("ontology: the key tools is missing"));
        check(r#"{"tools":{},"classifications":[]}"#, Err("tools: expected an array, found an object"));
        check(r#"{"tools":["x"],"classifications":[]}"#, Err("tools[0]: expected an object, found a string"));
        check(
            r#"{"tools":[],"classifications":[{"options":[{"featureSchemaId":"short"}]}]}"#,
            Err("classifications[0].options[0].featureSchemaId: \"short\" is no feature schema id, \
                 which has 25 letters and digits"),
        );
        check(
            r#"{"tools":[],"classifications":[{"featureSchemaId":7}]}"#,
            Err("classifications[0].featureSchemaId: expected a string, found a number"),
        );
        check("{", Err("the ontology is not JSON: the text ends inside a JSON value: the line is cut off (at byte 1)"));
    }
}
