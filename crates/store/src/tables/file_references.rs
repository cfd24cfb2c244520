//! Which files are still spoken of: every stored text that may hold the address of one.
//!
//! Files are named by URLs wherever a user or the server put one, so that no table of references could be whole. What is
//! listed here is everything that may name a file; what is not listed must be an id, a name or a word of ours. A test holds
//! the list against the schema.

use crate::engine::{Connection, Param, StoreError};
use std::ops::ControlFlow;

/// Columns of a table that may name files.
#[derive(Debug, Clone, Copy)]
pub struct Texts {
    /// The table.
    pub table: &'static str,
    /// Its columns.
    pub columns: &'static [&'static str],
    /// Which of its rows.
    rows: &'static str,
}

const fn all(table: &'static str, columns: &'static [&'static str]) -> Texts {
    Texts { table, columns, rows: "1 = 1" }
}

/// Every text that may name a file, by table.
pub static TEXTS: &[Texts] = &[
    all("annotation_imports", &["input_url", "status_file", "error_file"]),
    all("assets", &["attributes", "content", "text_layer", "notice"]),
    all("attachments", &["json"]),
    all("data_rows", &["external_id", "global_key", "head", "details", "media", "rest"]),
    all("datasets", &["description"]),
    all("issue_comments", &["content"]),
    all("issues", &["content", "position"]),
    all("items", &["body"]),
    all("labels", &["head", "details", "performance", "rest", "annotations"]),
    all("metadata", &["text_value", "json"]),
    all("model_runs", &["training_metadata"]),
    all("ontologies", &["description", "normalized"]),
    all("project_rows", &["details", "rest"]),
    all("projects", &["description", "quality", "settings", "tags"]),
    all("run_labels", &["head", "rest", "annotations"]),
    all("run_rows", &["head", "tail", "model_rest"]),
    all("schema_nodes", &["normalized"]),
    all("slices", &["description", "filter"]),
    // What a task that has ended was to read, nobody reads again.
    Texts { table: "tasks", columns: &["request"], rows: "status = 'IN_PROGRESS'" },
];

/// A mask that is kept: its way below the address of the server, and its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptMask {
    /// The way.
    pub place: String,
    /// The id of the file.
    pub file_id: String,
}

/// Calls `each` with every text that may name a file.
pub fn each_text(connection: &mut dyn Connection, each: &mut dyn FnMut(&[u8])) -> Result<(), StoreError> {
    for texts in TEXTS {
        let sql = format!("select {} from {} where {}", texts.columns.join(", "), texts.table, texts.rows);
        connection.query(&sql, &[], &mut |row| {
            (0..texts.columns.len()).filter_map(|column| row.bytes(column)).for_each(&mut *each);
            ControlFlow::Continue(())
        })?;
    }
    Ok(())
}

/// Lists the imports of annotations that run.
pub fn list_running_imports(connection: &mut dyn Connection) -> Result<Vec<String>, StoreError> {
    let sql = "select id from annotation_imports where state = 'RUNNING' order by import_key";
    connection.list(sql, &[], |row| row.text(0).unwrap_or_default())
}

/// Lists the masks that are kept.
pub fn list_masks(connection: &mut dyn Connection) -> Result<Vec<KeptMask>, StoreError> {
    connection.list("select place, file_id from masks order by place", &[], |row| KeptMask {
        place: row.text(0).unwrap_or_default(),
        file_id: row.text(1).unwrap_or_default(),
    })
}

/// Returns the number of commits that a connection sees.
pub fn commits(connection: &mut dyn Connection) -> Result<i64, StoreError> {
    connection.count("select value from counters where name = 'commit'", &[])
}

/// Forgets files, and the places of masks; returns whether nothing was committed since `commits`. Otherwise something may
/// speak of a file that did not before, and nothing is forgotten.
pub fn forget(
    connection: &mut dyn Connection,
    commits: i64,
    file_ids: &[String],
    places: &[String],
) -> Result<bool, StoreError> {
    if self::commits(connection)? != commits {
        return Ok(false);
    }
    for (sql, keys) in [("delete from masks where place = $1", places), ("delete from files where id = $1", file_ids)] {
        for key in keys {
            connection.execute(sql, &[Param::from(key)])?;
        }
    }
    Ok(true)
}

/// Counts the data rows that have neither a dataset nor `row_data`, and finds the id of the first.
pub fn count_bare_rows(connection: &mut dyn Connection) -> Result<Option<(i64, String)>, StoreError> {
    // A quote inside a text has a backslash before it: only a key is followed by a colon.
    let sql = "select count(*), min(id) from data_rows \
               where dataset_key is null and (head not like '%\"row_data\":%' or head like '%\"row_data\":null%')";
    let found = connection.find(sql, &[], |row| (row.int(0).unwrap_or(0), row.text(1).unwrap_or_default()))?;
    Ok(found.filter(|(count, _)| *count > 0))
}
