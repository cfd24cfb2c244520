//! Names that a query uses and nothing has.
//!
//! A query is read without a database, so `"schema":"ligth"` is as good as any other text and matches no row. That is an
//! answer to a question that nobody asked: a name in a query that does not exist is reported, with the nearest
//! that does. Ids of data rows and global keys are counted elsewhere, since lists of them are long.

use crate::engine::{Connection, StoreError};
use crate::tables::entities::{self, EntityKind};
use labelport_model::json::unquote;
use labelport_model::predicate::{Compare, Condition, Predicate};
use std::fmt;

/// A name or an id of nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    /// What it should be a name of, such as `metadata field`.
    pub kind: String,
    /// The name or id, as it is in the query.
    pub name: String,
    /// What may have been meant.
    pub hint: Option<String>,
}

impl fmt::Display for UnknownName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "there is no {} {:?}", self.kind, self.name)?;
        match &self.hint {
            Some(hint) => write!(out, "; {hint}"),
            None => Ok(()),
        }
    }
}

/// Lists the names in a predicate that nothing has, in the order of the predicate, each once.
pub fn list_unknown(
    connection: &mut dyn Connection,
    org_key: i64,
    predicate: &Predicate,
) -> Result<Vec<UnknownName>, StoreError> {
    let mut unknown = Vec::new();
    walk(connection, org_key, predicate, &mut unknown)?;
    let mut seen = Vec::with_capacity(unknown.len());
    for name in unknown {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    Ok(seen)
}

/// Returns the names most like a text, the nearest first; at most three, and none that is not much like it.
pub fn nearest(text: &str, names: impl IntoIterator<Item = String>) -> Vec<String> {
    /// How many there are at most.
    const COUNT: usize = 3;
    /// From 0 for nothing in common to 1 for the same; one wrong letter in five is 0.8.
    const LEAST: f64 = 0.65;
    let wanted = text.to_lowercase();
    let likeness = |name: &str| {
        let name = name.to_lowercase();
        let shorter = wanted.chars().count().min(name.chars().count());
        let is_part = shorter >= 3 && (name.contains(&wanted) || wanted.contains(&name));
        let measured = strsim::normalized_damerau_levenshtein(&wanted, &name);
        if is_part { measured.max(LEAST) } else { measured }
    };
    let mut found: Vec<(f64, String)> =
        names.into_iter().map(|name| (likeness(&name), name)).filter(|(likeness, _)| *likeness >= LEAST).collect();
    found.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    found.dedup_by(|one, other| one.1 == other.1);
    found.into_iter().take(COUNT).map(|(_, name)| name).collect()
}

/// Returns `did you mean "a" or "b"?`, or nothing where there is nothing near.
pub fn did_you_mean(nearest: &[String]) -> Option<String> {
    let quoted: Vec<String> = nearest.iter().map(|name| format!("{name:?}")).collect();
    (!quoted.is_empty()).then(|| format!("did you mean {}?", quoted.join(" or ")))
}

fn walk(
    connection: &mut dyn Connection,
    org_key: i64,
    predicate: &Predicate,
    unknown: &mut Vec<UnknownName>,
) -> Result<(), StoreError> {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => {
            parts.iter().try_for_each(|part| walk(connection, org_key, part, unknown))
        }
        Predicate::Not(part) => walk(connection, org_key, part, unknown),
        Predicate::Test(condition) => check(connection, org_key, condition, unknown),
    }
}

fn check(
    connection: &mut dyn Connection,
    org_key: i64,
    condition: &Condition,
    unknown: &mut Vec<UnknownName>,
) -> Result<(), StoreError> {
    let found = match condition {
        Condition::Datasets(ids) => {
            unknown_ids(ids, EntityKind::Dataset.word(), list(connection, org_key, EntityKind::Dataset)?)
        }
        Condition::LabeledIn(ids) => {
            unknown_ids(ids, EntityKind::Project.word(), list(connection, org_key, EntityKind::Project)?)
        }
        Condition::InModelRun { runs, .. } => {
            unknown_ids(runs, EntityKind::ModelRun.word(), list(connection, org_key, EntityKind::ModelRun)?)
        }
        Condition::Batches(ids) => {
            let batches = entities::list_batches(connection, org_key)?;
            unknown_ids(ids, "batch", batches.into_iter().map(|batch| (batch.id, batch.name)).collect())
        }
        Condition::HasFeature(names) => unknown_features(connection, org_key, names)?,
        Condition::Metadata { schema, compare } => unknown_metadata(connection, org_key, schema, compare)?,
        Condition::DataRowIds(_)
        | Condition::GlobalKeys(_)
        | Condition::GlobalKeyPrefix(_)
        | Condition::ExternalIdPrefix(_)
        | Condition::DataTypes(_)
        | Condition::Status(_)
        | Condition::Activity(_)
        | Condition::LabelCreated(_)
        | Condition::Created(_)
        | Condition::Updated(_) => Vec::new(),
    };
    unknown.extend(found);
    Ok(())
}

fn list(connection: &mut dyn Connection, org_key: i64, kind: EntityKind) -> Result<Vec<(String, String)>, StoreError> {
    let listed = entities::list(connection, org_key, kind)?;
    Ok(listed.into_iter().map(|entity| (entity.id, entity.name)).collect())
}

/// Finds ids that nothing has; a name in the place of an id is answered with the id.
fn unknown_ids(ids: &[String], kind: &str, known: Vec<(String, String)>) -> Vec<UnknownName> {
    let unknown = ids.iter().filter(|id| known.iter().all(|(known, _)| known != *id));
    let hint = |text: &str| {
        if let Some((id, name)) = known.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)) {
            return Some(format!("the {kind} named {name:?} has the id {id:?}"));
        }
        let near = nearest(text, known.iter().map(|(id, _)| id.clone()));
        did_you_mean(&near).or_else(|| {
            let near = nearest(text, known.iter().map(|(_, name)| name.clone()));
            let (id, name) = known.iter().find(|(_, name)| near.first() == Some(name))?;
            Some(format!("did you mean {name:?}, with the id {id:?}?"))
        })
    };
    unknown.map(|id| UnknownName { kind: format!("{kind} with the id"), name: id.clone(), hint: hint(id) }).collect()
}

fn unknown_features(
    connection: &mut dyn Connection,
    org_key: i64,
    names: &[String],
) -> Result<Vec<UnknownName>, StoreError> {
    let features = entities::list_features(connection, org_key)?;
    // Names are stored as they are in JSON.
    let known: Vec<(String, String)> = features
        .into_iter()
        .map(|feature| (feature.schema_id, unquote(&format!("\"{}\"", feature.name)).into_owned()))
        .collect();
    let unknown = names.iter().filter(|name| known.iter().all(|(id, known)| id != *name && known != *name));
    let hint = |text: &str| did_you_mean(&nearest(text, known.iter().map(|(_, name)| name.clone())));
    Ok(unknown.map(|name| UnknownName { kind: "feature".to_owned(), name: name.clone(), hint: hint(name) }).collect())
}

fn unknown_metadata(
    connection: &mut dyn Connection,
    org_key: i64,
    schema: &str,
    compare: &Compare,
) -> Result<Vec<UnknownName>, StoreError> {
    let sql = "select schema_key, id, name, kind from metadata_schemas where org_key = $1 order by schema_key";
    let schemas = connection.list(sql, &[org_key.into()], |row| {
        let text = |column| row.text(column).unwrap_or_default();
        (row.int(0).unwrap_or(0), text(1), text(2), text(3))
    })?;
    let meant: Vec<_> = schemas.iter().filter(|(_, id, name, _)| id == schema || name == schema).collect();
    if meant.is_empty() {
        let near = nearest(schema, schemas.iter().map(|(_, _, name, _)| name.clone()));
        let hint = did_you_mean(&near);
        return Ok(vec![UnknownName { kind: "metadata field".to_owned(), name: schema.to_owned(), hint }]);
    }
    // A value of another kind than the field's never compares true.
    let fits = |kind: &str| match compare {
        Compare::Exists => true,
        Compare::Number(_) => kind == "CustomMetadataNumber",
        Compare::Time(_) => kind == "CustomMetadataDateTime",
        Compare::OneOf(_) | Compare::StartsWith(_) | Compare::Contains(_) => {
            matches!(kind, "CustomMetadataString" | "CustomMetadataEnum")
        }
    };
    let known = ["CustomMetadataNumber", "CustomMetadataDateTime", "CustomMetadataString", "CustomMetadataEnum"];
    if meant.iter().all(|(.., kind)| known.contains(&kind.as_str()) && !fits(kind)) {
        let values = match compare {
            Compare::Number(_) => "numbers",
            Compare::Time(_) => "dates",
            _ => "texts",
        };
        let kind = format!("metadata field of {values} called");
        let hint = meant.first().map(|(.., kind)| format!("the field of that name is a {kind}"));
        return Ok(vec![UnknownName { kind, name: schema.to_owned(), hint }]);
    }
    // Only of an enum is it known what its values can be.
    let Compare::OneOf(texts) = compare else { return Ok(Vec::new()) };
    if meant.iter().any(|(.., kind)| kind != "CustomMetadataEnum") {
        return Ok(Vec::new());
    }
    let mut options = Vec::new();
    for (schema_key, ..) in &meant {
        let sql = "select id, name from metadata_options where schema_key = $1 order by name, id";
        options.extend(connection.list(sql, &[(*schema_key).into()], |row| {
            (row.text(0).unwrap_or_default(), row.text(1).unwrap_or_default())
        })?);
    }
    let unknown = texts.iter().filter(|text| options.iter().all(|(id, name)| id != *text && name != *text));
    let hint = |text: &str| did_you_mean(&nearest(text, options.iter().map(|(_, name)| name.clone())));
    let kind = format!("option of the metadata field {schema:?} called");
    Ok(unknown.map(|text| UnknownName { kind: kind.clone(), name: text.clone(), hint: hint(text) }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, names: &[&str], expect: &[&str]) {
        assert_eq!(nearest(text, names.iter().map(|name| (*name).to_owned())), expect);
    }

    #[test]
    fn the_nearest_names_come_first() {
        check("ligth", &["weather", "light", "lights", "night"], &["light", "lights"]);
        check("Lineside safety", &["Lineside safety audit", "Rail flaw search"], &["Lineside safety audit"]);
        check("LIGHT", &["light"], &["light"]);
        check("x", &["light", "xylophone"], &[]);
        check("light", &["", "li"], &[]);
    }

    #[test]
    fn a_hint_quotes_names() {
        assert_eq!(did_you_mean(&["a \"b\"".to_owned(), "c".to_owned()]).unwrap(), r#"did you mean "a \"b\"" or "c"?"#);
        assert_eq!(did_you_mean(&[]), None);
    }
}
