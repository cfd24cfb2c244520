//! What holds on a Citus cluster alone, wherever one is named for tests.

use crate::engines::{COORDINATOR, findings, founding, on_cluster, variable};
use crate::rows::{count, look, merge, run, twelve};
use labelport_store::postgres::scratch::Scratch;
use labelport_store::postgres::{Filling, Postgres};
use labelport_store::read::page::{DATA_ROWS, LABELS, Load, Page};
use labelport_store::sqlite::{Sqlite, SqliteOptions};
use labelport_store::{Snapshot, Store, transfer};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const WAIT: Duration = Duration::from_secs(60);

/// Makes every row the first of a block, so that they lie on all nodes.
fn fill_apart(store: &Store) -> Vec<i64> {
    let keys: Vec<i64> = (1..=12).map(|number| number * 8_192).collect();
    for (line, key) in twelve().into_iter().zip(&keys) {
        run(store, &format!("update counters set value = {} where name = 'row_key'", key - 1));
        merge(store, &[line]);
    }
    keys
}

/// Reads the heads of all rows, as an export does.
fn heads(snapshot: &mut Snapshot, reader: usize, first: i64, last: i64) -> Vec<(i64, String)> {
    let mut page = Page::default();
    let runs = [first..=last];
    let load = Load { section: &DATA_ROWS, scope_key: 0, runs: &runs, skipped: &[], budget_bytes: usize::MAX };
    assert_eq!(page.load(&mut *snapshot.connections[reader], &load).unwrap(), None);
    let text = |at| String::from_utf8(page.text(at, 0).unwrap().to_vec()).unwrap();
    (0..page.len()).map(|at| (page.key(at), text(at))).collect()
}

#[test]
fn rows_of_all_nodes_come_in_their_order() {
    let Some(test) = on_cluster() else { return };
    let keys = fill_apart(&test.store);
    let mut snapshot = test.store.snapshot(2).unwrap();
    assert_eq!(test.store.notice(), None, "the nodes are read directly");
    for reader in 0..2 {
        let found = heads(&mut snapshot, reader, 1, 20 * 8_192);
        assert_eq!(found.iter().map(|(key, _)| *key).collect::<Vec<_>>(), keys);
        // Far rows are lists, one for each block.
        let runs: Vec<_> = keys.iter().map(|key| *key..=*key).collect();
        let load = Load { section: &LABELS, scope_key: 1, runs: &runs, skipped: &[], budget_bytes: usize::MAX };
        let mut page = Page::default();
        page.load(&mut *snapshot.connections[reader], &load).unwrap();
        assert_eq!(page.len() as i64, count(&test.store, "labels where project_key = 1"));
    }
    drop(snapshot);
    assert_eq!(findings(&test.store), Vec::<String>::new());
}

#[test]
fn readers_of_a_cluster_see_one_state() {
    let Some(test) = on_cluster() else { return };
    let keys = fill_apart(&test.store);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !is_over.load(Ordering::Relaxed) {
                // One transaction of all nodes.
                run(&test.store, &format!("update data_rows set head = '\"n\":{number}'"));
                number += 1;
            }
        });
        // The writer ends with this, whatever is found.
        let _over = Over(&is_over);
        for _ in 0..30 {
            let mut snapshot = test.store.snapshot(3).unwrap();
            let mut seen: Vec<String> = Vec::new();
            for reader in 0..3 {
                seen.extend(heads(&mut snapshot, reader, 1, 20 * 8_192).into_iter().map(|(_, head)| head));
                // What is asked of the coordinator is of the same state.
                let sql = "select head from data_rows";
                let asked = snapshot.connections[reader].list(sql, &[], |row| row.text(0).unwrap());
                seen.extend(asked.unwrap());
            }
            assert_eq!(seen.len(), keys.len() * 6);
            seen.dedup();
            assert_eq!(seen.len(), 1, "{seen:?}");
        }
    });
}

struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_workspace_keeps_its_rows_when_it_is_distributed() {
    let Some(coordinator) = variable(COORDINATOR) else { return };
    let database = Scratch::create_cluster(&coordinator).unwrap();
    let open =
        || Store::open(Box::new(Postgres::open_or_create(database.options(WAIT).unwrap()).unwrap()), &founding());
    let before = open().unwrap();
    merge(&before, &twelve());
    let all = |store: &Store| look(store, "select string_agg(head, ' ' order by row_key) from data_rows").unwrap();
    let heads = all(&before);
    assert!(Postgres::distribute(database.options(WAIT).unwrap()).unwrap());
    assert!(!Postgres::distribute(database.options(WAIT).unwrap()).unwrap(), "that is done once");
    let refused = before.write(|connection| connection.execute("delete from data_rows", &[])).unwrap_err();
    assert!(refused.to_string().contains("were distributed over a cluster since"), "{refused}");
    let after = open().unwrap();
    assert_eq!(all(&after), heads);
    merge(&after, &twelve());
    assert_eq!(findings(&after), Vec::<String>::new());
}

#[test]
fn two_processes_distribute_once() {
    let Some(coordinator) = variable(COORDINATOR) else { return };
    let database = Scratch::create_cluster(&coordinator).unwrap();
    let distribute = || Postgres::distribute(database.options(WAIT).unwrap()).unwrap();
    let did = std::thread::scope(|scope| [(); 2].map(|()| scope.spawn(distribute)).map(|did| did.join().unwrap()));
    assert_ne!(did[0], did[1]);
}

#[test]
fn a_workspace_moves_to_a_cluster() {
    let Some(coordinator) = variable(COORDINATOR) else { return };
    let database = Scratch::create_cluster(&coordinator).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions { lock_wait: WAIT, max_pages: None };
    let source = Store::open(Box::new(Sqlite::open_or_create(folder.path(), options).unwrap()), &founding()).unwrap();
    merge(&source, &twelve());
    Postgres::distribute(database.options(WAIT).unwrap()).unwrap();
    let mark = transfer::mark(&mut *source.reader().unwrap()).unwrap();
    let filling = Filling::begin(database.options(WAIT).unwrap(), &mark).unwrap();
    let mut go_on = |_| ControlFlow::Continue(());
    let mut snapshot = source.snapshot(1).unwrap();
    transfer::copy(&mut *snapshot.connections[0], &mut *filling.connect().unwrap(), &mut go_on).unwrap();
    filling.finish("moved").unwrap();
    let moved = Store::open(Box::new(Postgres::open(database.options(WAIT).unwrap()).unwrap()), &founding()).unwrap();
    assert_eq!(count(&moved, "labels"), count(&source, "labels"));
    assert_eq!(findings(&moved), Vec::<String>::new());
    // Its tables are distributed: a row is in a block.
    assert_eq!(count(&moved, "data_rows where row_block = 0"), 12);
}

#[test]
fn a_server_without_citus_is_refused() {
    let Some(database) = crate::engines::scratch(labelport_store::postgres::scratch::Locale::C) else { return };
    let refused = Postgres::distribute(database.options(WAIT).unwrap()).unwrap_err();
    assert!(refused.to_string().contains("create extension citus"), "{refused}");
}
