//! A workspace moved from one database to another, row by row, whatever their engines are.
//!
//! Tables are copied one after the other in the order of their keys, a few megabytes in each transaction. A move that was
//! interrupted resumes after the last row of each table in the target. Others cannot open the target until the move is
//! complete, which is for its engine to see to; the source must not change meanwhile.
//!
//! # Adding a table
//! One line in [`TABLES`]; a test compares them with those of the engines.

use crate::engine::{Column, Connection, Insert, Kind, Param, RowView, Step, StoreError};
use crate::tables::settings;
use std::ops::ControlFlow;

/// A table by name, with the columns by which its rows are ordered. One without such columns is small, and copied whole.
struct Table {
    name: &'static str,
    key: &'static [&'static str],
}

const fn table(name: &'static str, key: &'static [&'static str]) -> Table {
    Table { name, key }
}

/// Every table, by name.
static TABLES: &[Table] = &[
    table("annotation_imports", &["import_key"]),
    table("api_keys", &["api_key_key"]),
    table("assets", &["row_key"]),
    table("attachments", &["row_key", "ordinal"]),
    table("batches", &["batch_key"]),
    table("changed_rows", &["change_seq", "first_key"]),
    table("counters", &[]),
    table("data_rows", &["row_key"]),
    table("datasets", &["dataset_key"]),
    table("embeddings", &["embedding_key"]),
    table("export_ranges", &["run_id", "ordinal"]),
    table("export_runs", &["run_key"]),
    table("export_states", &["run_id", "owner"]),
    table("feature_schemas", &["feature_key"]),
    table("files", &["file_key"]),
    table("global_keys", &["org_key", "global_key"]),
    table("history_marks", &["seen_ms"]),
    table("issue_comments", &["comment_key"]),
    table("issues", &["issue_key"]),
    table("items", &["item_key"]),
    table("kept_counts", &["kind", "scope_key", "part"]),
    table("label_features", &["feature_key", "project_key", "row_key"]),
    table("label_ids", &["id"]),
    table("labeling_overrides", &["project_key", "row_key"]),
    table("labels", &["project_key", "row_key", "ordinal"]),
    table("masks", &["place"]),
    table("metadata", &["row_key", "ordinal", "part"]),
    table("metadata_options", &["schema_key", "id", "name"]),
    table("metadata_schemas", &["schema_key"]),
    table("model_runs", &["run_key"]),
    table("models", &["model_key"]),
    table("ontologies", &["ontology_key"]),
    table("ontology_features", &["ontology_key", "schema_id"]),
    table("organizations", &["org_key"]),
    table("project_rows", &["project_key", "row_key"]),
    table("projects", &["project_key"]),
    table("row_embeddings", &["row_key", "ordinal"]),
    table("row_ids", &["id"]),
    table("run_labels", &["run_key", "row_key", "role", "ordinal"]),
    table("run_rows", &["run_key", "row_key"]),
    table("schedule_runs", &["run_key"]),
    table("schema_nodes", &["org_key", "id"]),
    table("settings", &[]),
    table("slices", &["slice_key"]),
    table("task_rows", &["task_key", "ordinal"]),
    table("tasks", &["task_key"]),
    table("tombstones", &["org_key", "scope", "scope_key", "change_seq", "row_key"]),
    table("users", &["user_key"]),
    table("webhook_deliveries", &["delivery_key"]),
    table("workflow_tasks", &["workflow_task_key"]),
];

/// How many bytes, and how many rows at most, a transaction copies.
const PORTION_BYTES: usize = 8 << 20;
const PORTION_ROWS: usize = 16_384;

/// How far a move is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// The table that is being copied.
    pub table: &'static str,
    /// How many rows of how many are in the target.
    pub done: u64,
    /// How many rows there are in all tables.
    pub total: u64,
}

/// Why a move failed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The source cannot be read, or the target not written.
    #[error("{table}: {error}")]
    Store {
        /// The table.
        table: &'static str,
        /// What went wrong.
        error: StoreError,
    },
    /// The target cannot store a text.
    #[error(
        "{table}: the column {column} of {row} has the character NUL (U+0000), which the target cannot store; change it in the \
         source, and move to an empty target"
    )]
    Nul {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// The row, by its first column.
        row: String,
    },
    /// The target has not as many rows as the source.
    #[error(
        "{table} has {found} rows in the target and {wanted} in the source; start the move again, into an empty target"
    )]
    Count {
        /// The table.
        table: &'static str,
        /// How many the source has.
        wanted: i64,
        /// How many the target has.
        found: i64,
    },
    /// The caller stopped the move.
    #[error("the move was interrupted; run the same command again to resume it")]
    Interrupted,
}

/// Returns what distinguishes one state of a workspace from all others: the target of a move keeps it, so that the move is not
/// continued from another source.
pub fn mark(source: &mut dyn Connection) -> Result<String, StoreError> {
    let sql = "select id from organizations order by org_key limit 1";
    let id = source.find(sql, &[], |row| row.text(0))?.flatten().unwrap_or_default();
    let commit = source.count("select value from counters where name = 'commit'", &[])?;
    let lineage = settings::find(source, settings::LINEAGE)?.unwrap_or_default();
    Ok(format!("{id} {lineage} {commit}"))
}

/// Copies all rows that the target does not have yet, then counts them. Returns how many there are.
pub fn copy(
    source: &mut dyn Connection,
    target: &mut dyn Connection,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<u64, TransferError> {
    let mut total = 0;
    for table in TABLES {
        total += table.count(source)?;
    }
    let mut done = 0;
    let mut report = |table, rows: u64| {
        done += rows;
        watch(Progress { table, done, total: total.unsigned_abs() })
    };
    for table in TABLES {
        let mut report = |rows| report(table.name, rows);
        let copied = table.copy(source, target, &mut report)?;
        if copied.is_break() {
            return Err(TransferError::Interrupted);
        }
    }
    for table in TABLES {
        let (wanted, found) = (table.count(source)?, table.count(target)?);
        if wanted != found {
            return Err(TransferError::Count { table: table.name, wanted, found });
        }
    }
    Ok(total.unsigned_abs())
}

impl Table {
    fn failed(&self, error: StoreError) -> TransferError {
        TransferError::Store { table: self.name, error }
    }

    fn count(&self, connection: &mut dyn Connection) -> Result<i64, TransferError> {
        let sql = format!("select count(*) from {}", self.name);
        connection.count(&sql, &[]).map_err(|error| self.failed(error))
    }

    /// Copies the rows after the last one of the target.
    fn copy(
        &self,
        source: &mut dyn Connection,
        target: &mut dyn Connection,
        report: &mut dyn FnMut(u64) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, TransferError> {
        let mut nul = None;
        let copied = self.copy_unless_nul(source, target, report, &mut nul).map_err(|error| self.failed(error))?;
        match nul {
            None => Ok(copied),
            Some((column, row)) => Err(TransferError::Nul { table: self.name, column, row }),
        }
    }

    /// Copies the rows; ends before a text that the target cannot store, and says where it is.
    fn copy_unless_nul(
        &self,
        source: &mut dyn Connection,
        target: &mut dyn Connection,
        report: &mut dyn FnMut(u64) -> ControlFlow<()>,
        nul: &mut Option<(String, String)>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let columns = source.columns(self.name)?;
        let takes_nul = target.traits().takes_nul;
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let into = format!("{} ({})", self.name, names.join(", "));
        let mut portion = Portion { columns: &columns, values: Vec::new(), bytes: Vec::new() };
        let mut last = Portion { columns: &[], values: Vec::new(), bytes: Vec::new() };
        let key_columns: Vec<Column> =
            self.key.iter().filter_map(|key| columns.iter().find(|column| column.name == *key)).cloned().collect();
        last.columns = &key_columns;
        let mut sql = format!("select {} from {}", names.join(", "), self.name);
        if self.key.is_empty() {
            target.step(Step::BeginWrite)?;
            let deleted = target.execute(&format!("delete from {}", self.name), &[]);
            target.step(if deleted.is_ok() { Step::Commit } else { Step::RollBack })?;
            deleted?;
        } else {
            let descending: Vec<String> = self.key.iter().map(|key| format!("{key} desc")).collect();
            let of_target =
                format!("select {} from {} order by {} limit 1", self.key.join(", "), self.name, descending.join(", "));
            target.query(&of_target, &[], &mut |row| {
                last.add(row);
                ControlFlow::Break(())
            })?;
            if !last.values.is_empty() {
                let numbers: Vec<String> = (1..=self.key.len()).map(|number| format!("${number}")).collect();
                sql.push_str(&format!(" where ({}) > ({})", self.key.join(", "), numbers.join(", ")));
                let counted = format!("select count(*) from {}", self.name);
                let there = target.count(&counted, &[])?;
                if report(there.unsigned_abs()).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            sql.push_str(&format!(" order by {}", self.key.join(", ")));
        }
        let mut outcome = Ok(ControlFlow::Continue(()));
        source.query(&sql, &last.params()?, &mut |row| {
            portion.add(row);
            *nul = if takes_nul { None } else { portion.find_nul() };
            if nul.is_some() {
                return ControlFlow::Break(());
            }
            if !portion.is_full() {
                return ControlFlow::Continue(());
            }
            let rows = portion.rows();
            outcome = portion.write(target, &into).map(|()| report(rows));
            match outcome {
                Ok(ControlFlow::Continue(())) => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        })?;
        if nul.is_none() && matches!(outcome, Ok(ControlFlow::Continue(()))) && !portion.values.is_empty() {
            let rows = portion.rows();
            portion.write(target, &into)?;
            outcome = Ok(report(rows));
        }
        outcome
    }
}

/// Rows on their way, with their texts in one place.
struct Portion<'c> {
    columns: &'c [Column],
    values: Vec<Value>,
    bytes: Vec<u8>,
}

enum Value {
    Null,
    Int(i64),
    Real(f64),
    /// Where it begins, and where it ends.
    Bytes(usize, usize),
}

impl Portion<'_> {
    /// Takes the columns of a row. One that is not of its kind fails the query.
    fn add(&mut self, row: &dyn RowView) {
        for (at, column) in self.columns.iter().enumerate() {
            self.values.push(match column.kind {
                Kind::Int => row.int(at).map_or(Value::Null, Value::Int),
                Kind::Real => row.real(at).map_or(Value::Null, Value::Real),
                Kind::Text | Kind::Blob => row.bytes(at).map_or(Value::Null, |bytes| {
                    let start = self.bytes.len();
                    self.bytes.extend_from_slice(bytes);
                    Value::Bytes(start, self.bytes.len())
                }),
            });
        }
    }

    /// Finds a text with NUL in the row that was added last. Returns its column, and the row by its first column.
    fn find_nul(&self) -> Option<(String, String)> {
        let row = &self.values[self.values.len() - self.columns.len()..];
        let bytes = |value: &Value| match value {
            Value::Bytes(start, end) => &self.bytes[*start..*end],
            _ => &[][..],
        };
        let is_one = |(column, value): &(&Column, &Value)| column.kind == Kind::Text && bytes(value).contains(&0);
        let (column, _) = self.columns.iter().zip(row).find(is_one)?;
        let first = match row.first()? {
            Value::Int(number) => number.to_string(),
            value => format!("{:?}", String::from_utf8_lossy(bytes(value))),
        };
        Some((column.name.clone(), format!("the row with {} {first}", self.columns.first()?.name)))
    }

    fn rows(&self) -> u64 {
        (self.values.len() / self.columns.len().max(1)) as u64
    }

    fn is_full(&self) -> bool {
        self.bytes.len() >= PORTION_BYTES || self.rows() >= PORTION_ROWS as u64
    }

    fn params(&self) -> Result<Vec<Param<'_>>, StoreError> {
        let kinds = self.columns.iter().cycle();
        self.values
            .iter()
            .zip(kinds)
            .map(|(value, column)| match value {
                Value::Null => Ok(Param::Null),
                Value::Int(number) => Ok(Param::Int(*number)),
                Value::Real(number) => Ok(Param::Real(*number)),
                Value::Bytes(start, end) if column.kind == Kind::Blob => Ok(Param::Blob(&self.bytes[*start..*end])),
                Value::Bytes(start, end) => std::str::from_utf8(&self.bytes[*start..*end])
                    .map(Param::Text)
                    .map_err(|_| StoreError::Damaged(format!("the column {} holds what is not UTF-8", column.name))),
            })
            .collect()
    }

    /// Writes the rows in one transaction, and forgets them.
    fn write(&mut self, target: &mut dyn Connection, into: &str) -> Result<(), StoreError> {
        let insert = Insert { into, columns: self.columns.len(), conflict: "" };
        target.step(Step::BeginWrite)?;
        let params = self.params();
        let written = params.and_then(|params| target.insert_many(&insert, &params));
        match written {
            Ok(()) => target.step(Step::Commit)?,
            Err(error) => {
                target.step(Step::RollBack)?;
                return Err(error);
            }
        }
        self.values.clear();
        self.bytes.clear();
        Ok(())
    }
}

/// Returns the names of all tables that a move copies.
pub fn table_names() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|table| table.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order() {
        assert!(TABLES.is_sorted_by(|one, next| one.name < next.name));
    }
}
