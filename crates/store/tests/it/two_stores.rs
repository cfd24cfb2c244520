//! Two stores on one database, as two processes have them.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{count, id, line, look, merge_all, read, run};
use crate::writing::add;
use labelport_store::Store;
use labelport_store::write::merge::{Merger, Verdict};

const CONTRACTS: &[Contract] = &[
    ("writes of two stores are all kept", writes_of_two_stores_are_all_kept),
    ("rows of two stores are all kept", rows_of_two_stores_are_all_kept),
    ("a merger forgets what another has changed", a_merger_forgets_what_another_has_changed),
];

#[test]
fn contracts_of_two_stores() {
    hold(CONTRACTS);
}

fn writes_of_two_stores_are_all_kept(test: &TestStore) {
    let org_key = test.store.org_key();
    let other = test.open_again();
    std::thread::scope(|scope| {
        for (name, store) in [("one", &test.store), ("two", &other)] {
            scope.spawn(move || {
                for number in 0..60 {
                    let name = format!("{name}/{number}");
                    assert!(store.write(move |connection| add(connection, org_key, &name)).unwrap());
                }
            });
        }
    });
    assert_eq!(count(&test.store, "slices"), 120);
}

/// Merges a line with a merger that goes on living, as an import does.
fn merge_with(store: &Store, merger: Merger, text: &str) -> (Merger, Verdict) {
    let rows = [read(text)];
    let mut merger = merger;
    store
        .write(move |connection| {
            let mut verdicts = merge_all(&mut merger, connection, &rows)?;
            Ok((merger, verdicts.remove(0)))
        })
        .unwrap()
}

fn in_project(number: usize, name: &str) -> String {
    line(number, "", &[format!(r#""projects":{{"{}":{{"name":"{name}","labels":[]}}}}"#, id("j", 1))])
}

fn rows_of_two_stores_are_all_kept(test: &TestStore) {
    let other = test.open_again();
    std::thread::scope(|scope| {
        for (start, store) in [(100, &test.store), (200, &other)] {
            scope.spawn(move || {
                let mut merger = Merger::new(store.org_key(), now());
                for number in start..start + 40 {
                    let (back, verdict) = merge_with(store, merger, &in_project(number, "shared"));
                    assert_eq!(verdict, Verdict::Created);
                    merger = back;
                }
            });
        }
    });
    assert_eq!(count(&test.store, "data_rows"), 80);
    assert_eq!(count(&test.store, "projects"), 1);
    assert_eq!(look(&test.store, "select count(distinct change_seq) from data_rows"), Some("80".to_owned()));
    assert_eq!(look(&test.store, "select change_seq from organizations"), Some("80".to_owned()));
}

fn a_merger_forgets_what_another_has_changed(test: &TestStore) {
    let name = || look(&test.store, "select name from projects");
    let one = Merger::new(test.store.org_key(), now());
    let other = Merger::new(test.store.org_key(), now());
    let (one, _) = merge_with(&test.store, one, &in_project(1, "first"));
    let (other, _) = merge_with(&test.store, other, &in_project(2, "second"));
    assert_eq!(name().as_deref(), Some("second"));
    let (one, _) = merge_with(&test.store, one, &in_project(3, "first"));
    assert_eq!(name().as_deref(), Some("first"));
    merge_with(&test.store, other, &in_project(4, "second"));
    assert_eq!(name().as_deref(), Some("second"));
    run(&test.store, "update projects set name = 'third'");
    merge_with(&test.store, one, &in_project(5, "first"));
    assert_eq!(name().as_deref(), Some("first"));
}
