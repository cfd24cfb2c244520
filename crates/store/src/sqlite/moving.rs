//! Moving the rows of tables whose shape has changed, a few megabytes in each transaction.
//!
//! A migration renames a table to `<name>_old` and creates `<name>_new`; this module moves the rows, then drops the one
//! and renames the other. Each transaction inserts and deletes the same rows, so every row is in exactly one of the two
//! tables at any moment, the file grows by one portion only, and a process that is killed loses nothing: the next process
//! that opens the database continues. Two processes may move at once; each takes the rows that are there.
//!
//! # Adding a table
//! A migration with the renaming and the new table, and a line in [`TABLES`].

use super::connection::SqliteConnection;
use crate::engine::{Connection, StoreError};
use std::ops::ControlFlow;
use std::path::Path;

/// How many bytes of rows a transaction moves, and how many rows at most. The log grows to 128 MiB whatever the portions
/// are, and each costs a wait for the disk.
const PORTION_BYTES: i64 = 8 << 20;
const PORTION_ROWS: usize = 8_192;

/// The most disk space that moving needs in addition to the database: the log, and a portion.
const ROOM_BYTES: u64 = 192 << 20;

/// A table whose rows move.
struct Table {
    name: &'static str,
    /// The columns of the key, in its order.
    key: &'static str,
    /// All columns.
    columns: &'static str,
    /// About how many bytes a row has. It reads no overflow page, so it costs nothing for long rows.
    size: &'static str,
}

/// Every table that has moved to another shape since the first version.
static TABLES: &[Table] = &[
    Table {
        name: "labels",
        key: "project_key, row_key, ordinal",
        columns: "project_key, row_key, ordinal, created_ms, has_masks, tally, id, head, details, performance, rest, \
                  annotations",
        size: "octet_length(annotations) + octet_length(head) + coalesce(octet_length(details), 0)",
    },
    Table {
        name: "row_embeddings",
        key: "row_key, ordinal",
        columns: "row_key, ordinal, embedding_key, json",
        size: "octet_length(json)",
    },
    Table {
        name: "run_labels",
        key: "run_key, row_key, role, ordinal",
        columns: "run_key, row_key, role, ordinal, has_masks, tally, id, head, rest, annotations",
        size: "octet_length(annotations) + octet_length(head)",
    },
];

/// Returns whether rows of any table are still to be moved.
pub(super) fn is_unfinished(connection: &SqliteConnection) -> Result<bool, StoreError> {
    let names: Vec<String> = TABLES.iter().map(|table| format!("'{}_old'", table.name)).collect();
    let sql = format!("select count(*) from sqlite_master where name in ({})", names.join(", "));
    Ok(connection.read_int(&sql)? > 0)
}

/// Finishes the tables that have no rows to move, within the transaction of the caller.
pub(super) fn finish_empty(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    for table in TABLES {
        if table.is_moving(connection)? && connection.read_int(&table.any_left())? == 0 {
            table.finish(connection)?;
        }
    }
    Ok(())
}

/// Moves all rows that are left. `watch` gets how many of how many rows have been moved; when it breaks, the work stops
/// after the current transaction and [`StoreError::Interrupted`] is returned.
pub(super) fn move_all(
    connection: &mut SqliteConnection,
    file: &Path,
    watch: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<(), StoreError> {
    check_room(file)?;
    let mut total = 0;
    for table in TABLES {
        if table.is_moving(connection)? {
            total += connection.read_int(&format!("select count(*) from {}_old", table.name))?;
        }
    }
    let mut done = 0;
    for table in TABLES {
        loop {
            connection.batch("begin immediate")?;
            let moved = table.move_portion(connection);
            connection.batch(if moved.is_ok() { "commit" } else { "rollback" })?;
            let moved = moved?;
            if moved == 0 {
                break;
            }
            done += moved;
            // Another process may have added rows before the first transaction, or moved some.
            let (done, total) = (done, u64::try_from(total).unwrap_or(0).max(done));
            if watch(done, total).is_break() {
                return Err(StoreError::Interrupted);
            }
        }
    }
    Ok(())
}

impl Table {
    fn is_moving(&self, connection: &SqliteConnection) -> Result<bool, StoreError> {
        let sql = format!("select count(*) from sqlite_master where name = '{}_old'", self.name);
        Ok(connection.read_int(&sql)? > 0)
    }

    fn any_left(&self) -> String {
        format!("select exists (select 1 from {}_old)", self.name)
    }

    /// Moves the next rows, and finishes the table after the last of them. Returns how many rows were moved.
    fn move_portion(&self, connection: &mut SqliteConnection) -> Result<u64, StoreError> {
        if !self.is_moving(connection)? {
            return Ok(0);
        }
        let Self { name, key, columns, size } = self;
        let keys = key.split(", ").count();
        let mut last = Vec::new();
        let (mut rows, mut bytes) = (0, 0);
        let sql = format!("select {key}, {size} from {name}_old order by {key}");
        connection.query(&sql, &[], &mut |row| {
            last = (0..keys).map(|column| row.int(column).unwrap_or(0).to_string()).collect();
            rows += 1;
            bytes += row.int(keys).unwrap_or(0);
            match rows < PORTION_ROWS && bytes < PORTION_BYTES {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        if rows > 0 {
            let portion = format!("from {name}_old where ({key}) <= ({})", last.join(", "));
            connection
                .batch(&format!("insert into {name}_new ({columns}) select {columns} {portion} order by {key}"))?;
            connection.batch(&format!("delete {portion}"))?;
        }
        if connection.read_int(&self.any_left())? == 0 {
            self.finish(connection)?;
        }
        Ok(rows as u64)
    }

    fn finish(&self, connection: &SqliteConnection) -> Result<(), StoreError> {
        let name = self.name;
        connection.batch(&format!("drop table {name}_old; alter table {name}_new rename to {name}"))
    }
}

/// Fails where the disk has not room for the move, before anything is moved.
fn check_room(file: &Path) -> Result<(), StoreError> {
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    // A small database fits its log twice; the new indexes take about a hundredth of a large one.
    let needed_bytes = ROOM_BYTES.min(2 * size) + size / 64;
    match free_bytes(file) {
        Some(free_bytes) if free_bytes < needed_bytes => Err(StoreError::NoRoom { needed_bytes, free_bytes }),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn free_bytes(file: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(file).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Nobody knows; a disk that becomes full is reported by the statement that finds it so.
#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order_and_have_their_keys_among_their_columns() {
        assert!(TABLES.is_sorted_by_key(|table| table.name));
        for table in TABLES {
            assert!(table.columns.starts_with(table.key), "{}", table.name);
        }
    }
}
