//! What may name a file, and rows that say nothing of what they show.

use crate::engines::founding;
use crate::rows::{merge, twelve};
use labelport_store::Store;
use labelport_store::sqlite::{DATABASE_FILE, Sqlite, SqliteOptions};
use labelport_store::tables::file_references;
use std::path::Path;
use std::time::Duration;

fn open(folder: &Path) -> Store {
    let options = SqliteOptions { lock_wait: Duration::from_millis(200), max_pages: None };
    Store::open(Box::new(Sqlite::open_or_create(folder, options).unwrap()), &founding()).unwrap()
}

#[test]
fn every_text_that_may_name_a_file_is_listed() {
    // Ids, names and words of ours; and the tables of files and of what has been reported or is gone.
    const NAMES: &[&str] = &[
        "category_id",
        "consensus",
        "content_type",
        "created_by",
        "data_type",
        "editor_kind",
        "email",
        "hash",
        "hint",
        "id",
        "kind",
        "label_id",
        "lease_owner",
        "media_type",
        "name",
        "option_id",
        "outcome",
        "parent",
        "queue_type",
        "resolved_by",
        "role",
        "row_id",
        "schema_id",
        "state",
        "queue",
        "status",
        "task_id",
        "time_zone",
        "value",
    ];
    const TABLES: &[&str] = &[
        "counters",
        // What they repeat of a task, the task says.
        "export_ranges",
        "export_runs",
        "export_states",
        "files",
        "global_keys",
        "masks",
        "row_embeddings",
        "schedule_runs",
        "settings",
        "task_rows",
        "tombstones",
        "webhook_deliveries",
    ];
    let folder = tempfile::tempdir().unwrap();
    let _store = open(folder.path());
    let connection = rusqlite::Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    let sql = "select m.name, c.name from sqlite_master m, pragma_table_info(m.name) c \
               where m.type = 'table' and lower(c.type) = 'text'";
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
    let columns: Vec<(String, String)> = columns.map(Result::unwrap).collect();
    let is_told = |table: &str, column: &str| {
        file_references::TEXTS.iter().any(|texts| texts.table == table && texts.columns.contains(&column))
    };
    let silent: Vec<_> = columns
        .iter()
        .filter(|(table, column)| !TABLES.contains(&table.as_str()) && !NAMES.contains(&column.as_str()))
        .filter(|(table, column)| !is_told(table, column))
        .collect();
    assert!(
        columns.len() > 100 && silent.is_empty(),
        "{silent:?} may name files; add them to `file_references::TEXTS`"
    );
}

#[test]
fn rows_without_dataset_and_content_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path());
    let count = |store: &Store| file_references::count_bare_rows(&mut *store.reader().unwrap()).unwrap();
    merge(&store, &twelve());
    assert_eq!(count(&store), None);
    let row = |id: &str, rest: &str| format!(r#"{{"data_row":{{"id":"{id}"{rest}}}}}"#);
    let lines = [
        row("cbare00000000000000000001", ""),
        row("cbare00000000000000000000", r#","external_id":"\"row_data\":1""#),
        row("cbare00000000000000000002", r#","row_data":null"#),
        row("cfull00000000000000000000", r#","row_data":"null""#),
    ];
    merge(&store, &lines);
    assert_eq!(count(&store), Some((3, "cbare00000000000000000000".to_owned())));
}
