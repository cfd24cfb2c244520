//! Global keys: names that people give to rows, each to one row of the workspace.

use crate::edits::{self, Edits};
use crate::workspace::Workspace;
use labelport_model::id::DataRowId;
use labelport_model::problem::Problem;
use labelport_model::row::Row;
use labelport_store::Connection;
use labelport_store::tables::data_rows;

/// The most characters of a global key.
const LENGTH_LIMIT: usize = 200;

/// What became of global keys that were to be assigned: pairs of row id and key.
#[derive(Debug, Clone, Default)]
pub struct Assigned {
    /// Stored as given. No key is stored as another than was given.
    pub assigned: Vec<(String, String)>,
    /// Not stored: the row is unknown or has a key, or the key is taken or no key.
    pub invalid: Vec<(String, String)>,
}

/// What became of global keys that were to be cleared.
#[derive(Debug, Clone, Default)]
pub struct Cleared {
    /// Those that no row has any more.
    pub cleared: Vec<String>,
    /// Those that no row had.
    pub not_found: Vec<String>,
}

/// Returns what is wrong with a text as a global key, if anything is.
pub fn fault(key: &str) -> Option<String> {
    let length = key.chars().count();
    if length == 0 || length > LENGTH_LIMIT {
        return Some(format!("a global key has 1 to {LENGTH_LIMIT} characters, this one has {length}"));
    }
    if key.contains(char::is_control) {
        return Some(format!("the global key {key:?} has a control character; remove it"));
    }
    let is_spaced = key.trim() != key || key.contains("  ");
    is_spaced.then(|| format!("the global key {key:?} has spaces around it or two in a row; remove them"))
}

/// Finds the ids of the rows with global keys, in the order asked; none for a key that no row has.
pub fn find_rows(workspace: &Workspace, keys: &[String]) -> Result<Vec<Option<String>>, Problem> {
    workspace.read(|connection| keys.iter().map(|key| find_row(workspace, connection, key)).collect())
}

fn find_row(workspace: &Workspace, connection: &mut dyn Connection, key: &str) -> Result<Option<String>, Problem> {
    let Some(row_key) = data_rows::find_key_by_global_key(connection, workspace.org_key(), key)? else {
        return Ok(None);
    };
    Ok(labelport_store::tables::entities::find_row_id(connection, row_key)?)
}

/// Gives rows global keys: pairs of row id and key.
pub fn assign(workspace: &Workspace, pairs: Vec<(String, String)>) -> Result<Assigned, Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let mut assigned = Assigned::default();
        let mut edits = Edits::begin(connection, org_key, now)?;
        for (row_id, key) in pairs {
            let row = data_rows::find(edits.connection, org_key, &row_id)?;
            let is_free = data_rows::find_key_by_global_key(edits.connection, org_key, &key)?.is_none();
            let row = row.filter(|row| row.global_key.is_none() && is_free && fault(&key).is_none());
            if row.is_none() {
                assigned.invalid.push((row_id, key));
                continue;
            }
            let part = Row::part(edits::read_id(&row_id, DataRowId::parse)?).with_global_key(&key);
            edits.merge(&part)?;
            assigned.assigned.push((row_id, key));
        }
        edits.finish()?;
        Ok(assigned)
    })
}

/// Takes global keys from their rows.
pub fn clear(workspace: &Workspace, keys: Vec<String>) -> Result<Cleared, Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let mut cleared = Cleared::default();
        let mut edits = Edits::begin(connection, org_key, now)?;
        for key in keys {
            let Some(row_key) = data_rows::find_key_by_global_key(edits.connection, org_key, &key)? else {
                cleared.not_found.push(key);
                continue;
            };
            data_rows::clear_global_key(edits.connection, row_key)?;
            edits.touch(row_key)?;
            cleared.cleared.push(key);
        }
        edits.finish()?;
        Ok(cleared)
    })
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn keys_are_short_and_without_stray_spaces() {
        for good in ["a", "a b", &"x".repeat(200)] {
            assert_eq!(fault(good), None);
        }
        for bad in ["", " a", "a ", "a  b", "a\0b", "a\u{1}", "a\u{85}b", &"x".repeat(201)] {
            assert!(fault(bad).is_some(), "{bad:?}");
        }
    }
}
