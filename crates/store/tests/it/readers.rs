//! Readers that are used again.

use crate::engines::founding;
use crate::rows::{merge, twelve};
use labelport_store::sqlite::{DATABASE_FILE, Sqlite, SqliteOptions};
use labelport_store::{Store, StoreError};
use std::time::Duration;
use tempfile::TempDir;

fn in_folder() -> (TempDir, Store) {
    let folder = TempDir::new().unwrap();
    let options = SqliteOptions { lock_wait: Duration::from_secs(60), max_pages: None };
    let engine = Sqlite::open_or_create(folder.path(), options).unwrap();
    (folder, Store::open(Box::new(engine), &founding()).unwrap())
}

#[test]
fn a_reader_that_is_used_again_sees_the_latest_commit() {
    let (_folder, store) = in_folder();
    let count = |store: &Store| store.reader().unwrap().count("select count(*) from data_rows", &[]).unwrap();
    let snapshot = store.snapshot(2).unwrap();
    merge(&store, &twelve());
    drop(snapshot);
    assert_eq!([count(&store), count(&store), count(&store)], [12, 12, 12]);
}

#[test]
fn a_reader_is_not_used_again_after_another_process_changed_the_schema() {
    let (folder, store) = in_folder();
    drop(store.snapshot(3).unwrap());
    let other = rusqlite::Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    other.execute_batch("pragma user_version = 99").unwrap();
    let outcome = store.reader().map(|_| ());
    assert!(matches!(outcome, Err(StoreError::Newer { found: 99, .. })), "{outcome:?}");
}
