//! Moving a workspace: everything arrives, an interrupted move resumes, and half a move cannot be opened.

use crate::engines::{findings, founding, scratch};
use crate::rows::{merge, twelve};
use labelport_store::postgres::scratch::{Locale, Scratch};
use labelport_store::postgres::{Filling as IntoServer, Postgres};
use labelport_store::sqlite::{DATABASE_FILE, Filling as IntoFolder, Sqlite, SqliteOptions};
use labelport_store::tables::settings;
use labelport_store::transfer::{self, TransferError};
use labelport_store::{Connection, Store, StoreError};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(60);

fn options() -> SqliteOptions {
    SqliteOptions { lock_wait: WAIT, max_pages: None }
}

fn in_folder(folder: &Path) -> Store {
    Store::open(Box::new(Sqlite::open_or_create(folder, options()).unwrap()), &founding()).unwrap()
}

fn in_database(database: &Scratch) -> Result<Store, StoreError> {
    Store::open(Box::new(Postgres::open_or_create(database.options(WAIT).unwrap())?), &founding())
}

/// Copies, and stops once `tables` have been said of.
fn copy(source: &Store, target: &mut dyn Connection, tables: usize) -> Result<u64, TransferError> {
    let mut seen = BTreeSet::new();
    let mut snapshot = source.snapshot(1).unwrap();
    transfer::copy(&mut *snapshot.connections[0], target, &mut |progress| {
        assert!(progress.done <= progress.total, "{progress:?}");
        seen.insert(progress.table);
        if seen.len() > tables { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
}

/// Returns every row of every table, as texts.
fn all(store: &Store) -> Vec<String> {
    let mut reader = store.reader().unwrap();
    let mut rows = Vec::new();
    for table in transfer::table_names() {
        let columns = reader.columns(table).unwrap();
        let mut names: Vec<String> = columns.into_iter().map(|column| column.name).collect();
        names.sort();
        let sql = format!("select {} from {table}", names.join(", "));
        let mut of_table = reader
            .list(&sql, &[], |row| {
                let values: Vec<_> = (0..names.len()).map(|at| row.shown(at)).collect();
                format!("{table} {values:?}")
            })
            .unwrap();
        of_table.sort();
        rows.extend(of_table);
    }
    // A workspace that was moved has a lineage of its own.
    rows.retain(|row| !row.contains("lineage"));
    rows
}

fn mark(store: &Store) -> String {
    transfer::mark(&mut *store.reader().unwrap()).unwrap()
}

fn filled(folder: &Path) -> Store {
    let store = in_folder(folder);
    merge(&store, &twelve());
    store
}

#[test]
fn a_workspace_goes_to_a_server_and_back() {
    let Some(database) = scratch(Locale::Icu) else { return };
    let (here, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let source = filled(here.path());
    let filling = IntoServer::begin(database.options(WAIT).unwrap(), &mark(&source)).unwrap();
    let copied = copy(&source, &mut *filling.connect().unwrap(), usize::MAX).unwrap();
    assert!(copied > 100);
    let said = IntoServer::begin(database.options(WAIT).unwrap(), &mark(&source)).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("another process is moving"), "{said}");
    let read = Store::open(filling.engine(), &founding()).unwrap();
    assert_eq!(all(&read), all(&source));
    drop(read);
    let said = in_database(&database).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("being moved") && said.contains("labelport migrate"), "{said}");
    filling.finish("moved").unwrap();
    let moved = in_database(&database).unwrap();
    assert_eq!(all(&moved), all(&source));
    assert_eq!(findings(&moved), Vec::<String>::new());
    // New keys go on after those that were moved.
    assert!(merge(&moved, &twelve()).len() == 12);
    let before = all(&moved);
    let said = IntoServer::begin(database.options(WAIT).unwrap(), "").map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("has a workspace already"), "{said}");

    let filling = IntoFolder::begin(back.path(), options(), &mark(&moved)).unwrap();
    copy(&moved, &mut *filling.connect().unwrap(), usize::MAX).unwrap();
    assert!(!back.path().join(DATABASE_FILE).exists());
    let said = Sqlite::open_or_create(back.path(), options()).unwrap_err().to_string();
    assert!(said.contains("being moved") && said.contains("labelport migrate"), "{said}");
    filling.finish("moved").unwrap();
    let returned = in_folder(back.path());
    assert_eq!(all(&returned), before);
    assert_eq!(findings(&returned), Vec::<String>::new());
    let said = IntoFolder::begin(back.path(), options(), "").unwrap_err().to_string();
    assert!(said.contains("has a workspace already"), "{said}");
}

#[test]
fn an_interrupted_move_resumes() {
    let Some(database) = scratch(Locale::C) else { return };
    let (here, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let source = filled(here.path());
    for tables in (0..50).step_by(3) {
        let filling = IntoServer::begin(database.options(WAIT).unwrap(), &mark(&source)).unwrap();
        let outcome = copy(&source, &mut *filling.connect().unwrap(), tables);
        let in_file = IntoFolder::begin(back.path(), options(), &mark(&source)).unwrap();
        let other = copy(&source, &mut *in_file.connect().unwrap(), tables);
        assert_eq!(outcome.is_ok(), other.is_ok());
        match outcome {
            Err(error) => assert!(matches!(error, TransferError::Interrupted), "{error}"),
            Ok(_) => {
                filling.finish("moved").unwrap();
                in_file.finish("moved").unwrap();
                break;
            }
        }
    }
    assert_eq!(all(&in_database(&database).unwrap()), all(&source));
    assert_eq!(all(&in_folder(back.path())), all(&source));
}

#[test]
fn a_move_does_not_resume_from_another_state() {
    let Some(database) = scratch(Locale::C) else { return };
    let here = tempfile::tempdir().unwrap();
    let source = filled(here.path());
    let filling = IntoServer::begin(database.options(WAIT).unwrap(), &mark(&source)).unwrap();
    copy(&source, &mut *filling.connect().unwrap(), 20).unwrap_err();
    drop(filling);
    merge(&source, &[crate::rows::line(99, "", &[])]);
    let said = IntoServer::begin(database.options(WAIT).unwrap(), &mark(&source)).map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("in part from another workspace"), "{said}");
}

#[test]
fn a_move_that_was_interrupted_at_its_end_resumes() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let source = filled(here.path());
    let filling = IntoFolder::begin(there.path(), options(), &mark(&source)).unwrap();
    copy(&source, &mut *filling.connect().unwrap(), usize::MAX).unwrap();
    // The new lineage is stored before the database gets its place.
    settings::put(&mut *filling.connect().unwrap(), settings::LINEAGE, "moved").unwrap();
    drop(filling);
    let filling = IntoFolder::begin(there.path(), options(), &mark(&source)).unwrap();
    copy(&source, &mut *filling.connect().unwrap(), usize::MAX).unwrap();
    filling.finish("again").unwrap();
    assert_eq!(all(&in_folder(there.path())), all(&source));
}

#[test]
fn a_move_whose_log_is_not_written_back_is_not_finished() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let source = filled(here.path());
    let filling = IntoFolder::begin(there.path(), options(), &mark(&source)).unwrap();
    copy(&source, &mut *filling.connect().unwrap(), usize::MAX).unwrap();
    // A connection that is open keeps the log, as one does that could not write it back.
    let open = filling.connect().unwrap();
    assert!(matches!(filling.finish("moved"), Err(StoreError::Full)));
    assert!(!there.path().join(DATABASE_FILE).exists());
    drop(open);
    let filling = IntoFolder::begin(there.path(), options(), &mark(&source)).unwrap();
    copy(&source, &mut *filling.connect().unwrap(), usize::MAX).unwrap();
    filling.finish("moved").unwrap();
    assert_eq!(all(&in_folder(there.path())), all(&source));
}

#[test]
fn a_text_that_the_target_cannot_store_is_named() {
    let Some(database) = scratch(Locale::C) else { return };
    let here = tempfile::tempdir().unwrap();
    let source = filled(here.path());
    merge(&source, &[crate::rows::line(50, r#","external_id":"a\u0000b""#, &[])]);
    let filling = IntoServer::begin(database.options(WAIT).unwrap(), &mark(&source)).unwrap();
    let said = copy(&source, &mut *filling.connect().unwrap(), usize::MAX).unwrap_err().to_string();
    assert!(
        said.contains("data_rows: the column external_id of the row with row_key 13 has the character NUL"),
        "{said}"
    );
}

#[test]
fn every_table_is_moved() {
    let here = tempfile::tempdir().unwrap();
    let sql = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name";
    let known = in_folder(here.path()).reader().unwrap().list(sql, &[], |row| row.text(0).unwrap()).unwrap();
    assert_eq!(known, transfer::table_names().collect::<Vec<_>>());
}
