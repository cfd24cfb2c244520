//! Rows that a call refers to by id or by global key, and those that were not found.
//!
//! A row that was not found is never ignored: it is reported to the caller, in the answer or as the failure of the task. Names
//! come as `{dataRowIds, globalKeys}` or as `{ids, idType}`; both are read here.

use crate::workspace::Workspace;
use labelport_model::given;
use labelport_model::problem::Problem;
use labelport_model::quote::Quoted;
use labelport_store::Connection;
use labelport_store::StoreError;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows;
use serde_json::Value;

/// The most names that a sentence repeats.
const SHOWN_LIMIT: usize = 10;

/// Rows as a call names them.
#[derive(Debug, Clone, Default)]
pub struct NamedRows {
    /// By id.
    pub ids: Vec<String>,
    /// By global key.
    pub global_keys: Vec<String>,
}

/// Rows that are there, and names of nothing.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The keys of the rows with their names, in the order of the call, ids first.
    pub rows: Vec<(RowKey, String)>,
    /// Names that no row has.
    pub missing: Vec<String>,
}

impl NamedRows {
    /// Reads `{dataRowIds, globalKeys}`.
    pub fn read(input: &Value) -> Result<Self, Problem> {
        Ok(Self {
            ids: given::texts("dataRowIds", &input["dataRowIds"])?,
            global_keys: given::texts("globalKeys", &input["globalKeys"])?,
        })
    }

    /// Reads `{ids, idType}`. Fails if it names nothing: a task that has nothing to do would look like one that was done.
    pub fn read_typed(identifiers: &Value) -> Result<Self, Problem> {
        let ids = given::texts("ids", &identifiers["ids"]).ok().filter(|ids| !ids.is_empty());
        match (ids, identifiers["idType"].as_str()) {
            (Some(ids), None | Some("ID")) => Ok(Self { ids, global_keys: Vec::new() }),
            (Some(global_keys), Some("GKEY")) => Ok(Self { ids: Vec::new(), global_keys }),
            _ => Err(Problem::malformed(
                "the rows are missing: give dataRowIdentifiers with a list of texts as ids, and ID or GKEY as idType",
            )),
        }
    }

    /// Finds the rows.
    pub fn find(&self, workspace: &Workspace) -> Result<Found, Problem> {
        let (mut found, by_key) = self.find_each(workspace)?;
        found.rows.extend(by_key.rows);
        found.missing.extend(by_key.missing);
        Ok(found)
    }

    /// Finds the rows for a batch. A global key of nothing refuses the whole call, as does a call without any row.
    pub fn find_for_batch(&self, workspace: &Workspace) -> Result<Found, Problem> {
        let (mut found, by_key) = self.find_each(workspace)?;
        found.rows.extend(by_key.rows);
        match found.rows.is_empty() || !by_key.missing.is_empty() {
            true => Err(Problem::malformed("No valid data rows to be added from the list provided!")),
            false => Ok(found),
        }
    }

    /// Finds the rows by id, and those by global key.
    fn find_each(&self, workspace: &Workspace) -> Result<(Found, Found), Problem> {
        let org_key = workspace.org_key();
        workspace.read(|connection| {
            let (mut by_id, mut by_key) = (Found::default(), Found::default());
            for id in &self.ids {
                by_id.note(data_rows::find(connection, org_key, id)?.map(|row| row.key), id);
            }
            for key in &self.global_keys {
                by_key.note(data_rows::find_key_by_global_key(connection, org_key, key)?, key);
            }
            Ok((by_id, by_key))
        })
    }
}

impl Found {
    fn note(&mut self, key: Option<RowKey>, name: &str) {
        match key {
            Some(key) => self.rows.push((key, name.to_owned())),
            None => self.missing.push(name.to_owned()),
        }
    }

    /// Counts the rows as missing that are not in a place.
    pub fn keep(
        &mut self,
        workspace: &Workspace,
        mut is_in: impl FnMut(&mut dyn Connection, RowKey) -> Result<bool, StoreError>,
    ) -> Result<(), Problem> {
        for (key, name) in std::mem::take(&mut self.rows) {
            let is_kept = workspace.read(|connection| Ok(is_in(connection, key)?))?;
            self.note(is_kept.then_some(key), &name);
        }
        Ok(())
    }

    /// Returns the keys of the rows.
    pub fn keys(&self) -> Vec<RowKey> {
        self.rows.iter().map(|(key, _)| *key).collect()
    }

    /// Fails if a name is one of nothing; says which, where they are not, and what became of the others.
    pub fn check(&self, place: &str, others: &str) -> Result<(), Problem> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let count = self.missing.len();
        let mut shown: Vec<String> =
            self.missing.iter().take(SHOWN_LIMIT).map(|name| Quoted::new(name).to_string()).collect();
        if count > SHOWN_LIMIT {
            shown.push(format!("and {} more", count - SHOWN_LIMIT));
        }
        let verb = if count == 1 { "data row is" } else { "data rows are" };
        Err(Problem::malformed(format!("{count} {verb} not in {place}: {}; {others}", shown.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_lists_of_texts_name_rows() {
        let read = NamedRows::read(&json!({ "dataRowIds": ["a"], "globalKeys": null })).unwrap();
        assert_eq!((read.ids, read.global_keys), (vec!["a".to_owned()], Vec::new()));
        for (input, words) in [
            (json!({ "dataRowIds": "a" }), "dataRowIds is \"\\\"a\\\"\"; give a list"),
            (json!({ "globalKeys": ["a", 5] }), "globalKeys[1] is \"5\"; give a text"),
            (json!({ "globalKeys": [null] }), "globalKeys[0] is missing; give a text"),
        ] {
            assert_eq!(NamedRows::read(&input).unwrap_err().message, words);
        }
        for input in [json!({}), json!({ "ids": [] }), json!({ "ids": [1] }), json!({ "ids": ["a"], "idType": "X" })] {
            NamedRows::read_typed(&input).unwrap_err();
        }
    }

    #[test]
    fn a_failure_names_a_glance_of_what_is_missing() {
        let check = |count: usize, expect: &str| {
            let missing = (0..count).map(|number| format!("r{number}")).collect();
            let outcome = Found { rows: Vec::new(), missing }.check("the run", "the others are");
            assert_eq!(outcome.err().map(|problem| problem.message).unwrap_or_default(), expect);
        };
        check(0, "");
        check(1, "1 data row is not in the run: \"r0\"; the others are");
        check(2, "2 data rows are not in the run: \"r0\", \"r1\"; the others are");
        let shown: Vec<String> = (0..10).map(|number| format!("\"r{number}\"")).collect();
        check(12, &format!("12 data rows are not in the run: {}, and 2 more; the others are", shown.join(", ")));
    }
}
