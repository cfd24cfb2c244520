//! Folders of the previous version: they open, keep every row, and can be interrupted on the way.

use crate::engines::{findings, founding};
use crate::rows::{merge, twelve};
use labelport_store::read::page::{self, Load, Page};
use labelport_store::sqlite::{DATABASE_FILE, Sqlite, SqliteOptions};
use labelport_store::tables::issues;
use labelport_store::{Store, StoreError};
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// What the previous version knows.
const PREVIOUS: [&str; 3] = [
    include_str!("../../src/sqlite/migrations/0001_first.sql"),
    include_str!("../../src/sqlite/migrations/0002_server.sql"),
    include_str!("../../src/sqlite/migrations/0003_task_deaths.sql"),
];

/// How many labels the first row gets in addition: several portions of a move.
const MORE_LABELS: i64 = 20_000;

fn options() -> SqliteOptions {
    SqliteOptions { lock_wait: Duration::from_secs(60), max_pages: None }
}

fn open(folder: &Path) -> Store {
    Store::open(Box::new(Sqlite::open_or_create(folder, options()).unwrap()), &founding()).unwrap()
}

fn raw(folder: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.join(DATABASE_FILE)).unwrap()
}

/// Lists the tables of a database.
fn tables(connection: &rusqlite::Connection) -> Vec<String> {
    let sql = "select name from sqlite_master where type = 'table' and name not like 'sqlite%' order by name";
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Returns a folder with rows in everything, and the same rows in a folder of the previous version.
fn with_previous() -> (TempDir, TempDir) {
    let (current, previous) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    merge(&open(current.path()), &twelve());
    let connection = raw(previous.path());
    connection.execute_batch("pragma page_size = 16384; pragma journal_mode = wal").unwrap();
    for sql in PREVIOUS {
        connection.execute_batch(sql).unwrap();
    }
    connection.execute("attach $1 as filled", [current.path().join(DATABASE_FILE).to_str().unwrap()]).unwrap();
    for table in tables(&connection) {
        let sql = format!("select group_concat(name) from pragma_table_info('{table}')");
        let columns: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        let sql = format!("insert into main.{table} ({columns}) select {columns} from filled.{table}");
        connection.execute_batch(&format!("delete from main.{table}; {sql}")).unwrap();
    }
    connection.execute_batch("pragma user_version = 3; pragma application_id = 1818390644").unwrap();
    (current, previous)
}

/// Adds labels to a row of the first project: more than one transaction moves. Their ids are in no look-up.
fn add_labels(folder: &Path) {
    raw(folder)
        .execute_batch(&format!(
            "with recursive n(n) as (select 100000 union all select n + 1 from n where n < {})
             insert into labels (project_key, row_key, ordinal, has_masks, tally, id, head, annotations)
             select 1, 1, n, 0, x'', 'more' || n, '', hex(zeroblob(200)) from n order by n desc",
            99_999 + MORE_LABELS
        ))
        .unwrap();
}

/// Returns everything that a folder holds, in the order of each table's columns.
fn dump(folder: &Path) -> String {
    let connection = raw(folder);
    let mut text = String::new();
    for table in tables(&connection) {
        let mut statement = connection.prepare(&format!("select * from {table}")).unwrap();
        let columns = statement.column_count();
        let read = |row: &rusqlite::Row<'_>| {
            let values = (0..columns).map(|column| format!("{:?}", row.get_ref(column).unwrap()));
            Ok(values.collect::<Vec<_>>().join(" "))
        };
        let mut rows: Vec<String> = statement.query_map([], read).unwrap().map(Result::unwrap).collect();
        rows.sort();
        writeln!(text, "{table}:\n{}", rows.join("\n")).unwrap();
    }
    text
}

/// Returns what an export reads, in its order.
fn sections(store: &Store) -> String {
    let mut reader = store.reader().unwrap();
    let mut text = String::new();
    for section in page::SECTIONS {
        for scope_key in 1..=2 {
            let load = Load { section, scope_key, runs: &[1..=99], skipped: &[], budget_bytes: usize::MAX };
            let mut page = Page::default();
            page.load(&mut *reader, &load).unwrap();
            writeln!(text, "{page:?}").unwrap();
        }
    }
    text
}

#[test]
fn a_folder_of_the_previous_version_has_the_same_rows_after_it_was_opened() {
    let (current, previous) = with_previous();
    let store = open(previous.path());
    assert_eq!(findings(&store), Vec::<String>::new());
    let sections_now = sections(&store);
    assert_eq!(sections_now, sections(&open(current.path())));
    assert!(sections_now.len() > 10_000, "{sections_now}");
    drop(store);
    // What changed before is not known there.
    let sql = "update organizations set history_start = change_seq; delete from changed_rows";
    raw(current.path()).execute_batch(sql).unwrap();
    assert_eq!(dump(previous.path()), dump(current.path()));
    let schema = |folder: &Path| -> Vec<(String, String)> {
        let connection = raw(folder);
        let mut statement =
            connection.prepare("select name, coalesce(sql, '') from sqlite_master order by name").unwrap();
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(schema(previous.path()), schema(current.path()));
}

#[test]
fn a_move_that_is_interrupted_is_continued_and_loses_nothing() {
    let (_current, previous) = with_previous();
    add_labels(previous.path());
    let folder = previous.path();
    let count = |sql: &str| raw(folder).query_row(sql, [], |row| row.get::<_, i64>(0));
    let labels = count("select count(*) from labels").unwrap();
    let mut interrupted = 0;
    loop {
        let mut reports = Vec::new();
        let opened = Sqlite::open_watched(folder, options(), &mut |done, total| {
            reports.push((done, total));
            ControlFlow::Break(())
        });
        match opened {
            Ok(_) => break,
            Err(StoreError::Interrupted) => interrupted += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(matches!(reports[..], [(done, total)] if 0 < done && done <= total), "{reports:?}");
        // A process of the previous version fails, and does not read an empty table.
        if let Ok(found) = count("select count(*) from labels") {
            assert_eq!(found, labels);
            continue;
        }
        let left = count("select count(*) from labels_old").unwrap();
        assert_eq!(left + count("select count(*) from labels_new").unwrap(), labels);
        let outcome = Sqlite::open_read_only(folder, options()).map(|_| ());
        assert!(matches!(outcome, Err(StoreError::Older { .. })), "{outcome:?}");
    }
    assert!(interrupted > 2, "{interrupted}");
    let store = open(folder);
    assert_eq!(count("select count(*) from labels").unwrap(), labels);
    let mut reader = store.reader().unwrap();
    let mut page = Page::default();
    let load = Load { section: &page::LABELS, scope_key: 1, runs: &[1..=1], skipped: &[], budget_bytes: usize::MAX };
    page.load(&mut *reader, &load).unwrap();
    let ids: Vec<_> = reader
        .list("select id from labels where project_key = 1 and row_key = 1 order by ordinal", &[], |row| row.text(0))
        .unwrap();
    assert_eq!(ids.len() as i64, MORE_LABELS);
    assert!(ids.is_sorted(), "the ids of these labels ascend with their place");
    assert_eq!(page.len() as i64, MORE_LABELS);
}

#[test]
fn two_processes_that_open_a_folder_of_the_previous_version_move_each_row_once() {
    let (_current, previous) = with_previous();
    add_labels(previous.path());
    let labels = |table: &str| {
        let sql = format!("select count(*) from {table}");
        raw(previous.path()).query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let before = labels("labels");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| open(previous.path()));
        }
    });
    assert_eq!(labels("labels"), before);
}

#[test]
fn issues_of_the_previous_version_are_numbered_in_each_project() {
    let (_, previous) = with_previous();
    raw(previous.path())
        .execute_batch(
            "insert into issues (issue_key, project_key, row_key, id, content, status, created_by, created_ms, updated_ms)
             values (3, 1, 1, 'a', 'x', 'OPEN', 'a@b', 0, 0), (5, 2, 5, 'b', 'x', 'OPEN', 'a@b', 0, 0),
             (8, 1, 2, 'c', 'x', 'RESOLVED', 'a@b', 0, 0)",
        )
        .unwrap();
    let store = open(previous.path());
    let numbers = |project_key| -> Vec<(String, i64)> {
        let listed = issues::list(&mut *store.reader().unwrap(), project_key).unwrap();
        listed.into_iter().map(|issue| (issue.id, issue.number)).collect()
    };
    assert_eq!(numbers(1), [("a".to_owned(), 1), ("c".to_owned(), 2)]);
    assert_eq!(numbers(2), [("b".to_owned(), 1)]);
}
