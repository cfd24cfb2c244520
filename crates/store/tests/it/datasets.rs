//! Datasets.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{change_seq, id, key, merge, peek, rows_with, twelve, write};
use labelport_store::tables::data_rows;
use labelport_store::tables::datasets::{self, Dataset, DatasetChange, NewDataset};
use labelport_store::write::removal;

const CONTRACTS: &[Contract] = &[
    ("a dataset comes back", a_dataset_comes_back),
    ("a new name is numbered in the rows that show it", a_new_name_is_numbered),
    ("a deleted dataset is gone until a row names it", a_deleted_dataset_is_gone_until_a_row_names_it),
];

#[test]
fn contracts_of_datasets() {
    hold(CONTRACTS);
}

fn find(test: &TestStore, id: &str) -> Option<Dataset> {
    peek(&test.store, |connection| datasets::find(connection, test.store.org_key(), id))
}

fn list(test: &TestStore) -> Vec<String> {
    let listed = peek(&test.store, |connection| datasets::list(connection, test.store.org_key()));
    listed.into_iter().map(|dataset| dataset.id).collect()
}

fn a_dataset_comes_back(test: &TestStore) {
    let new = NewDataset {
        id: id("d", 9),
        name: "it's a \"set\"".to_owned(),
        description: Some("naïve".to_owned()),
        created_by: Some(7),
        now: now(),
    };
    let (org_key, created) = (test.store.org_key(), new.clone());
    write(&test.store, move |connection| datasets::create(connection, org_key, &created));
    let found = find(test, &new.id).unwrap();
    let expect = Dataset {
        key: found.key,
        id: new.id.clone(),
        name: new.name.clone(),
        description: new.description.clone(),
        created_by: Some(7),
        created: now(),
        updated: now(),
        row_count: 0,
    };
    assert_eq!(found, expect);
    assert_eq!(peek(&test.store, |connection| datasets::find_by_key(connection, org_key, found.key)), Some(expect));
    assert_eq!(peek(&test.store, |connection| datasets::find_name(connection, org_key, &new.id)), Some(new.name));
    assert_eq!(peek(&test.store, |connection| datasets::find(connection, org_key + 1, &new.id)), None);
    merge(&test.store, &twelve());
    assert_eq!(find(test, &id("d", 1)).unwrap().row_count, 6);
    assert_eq!(list(test), [id("d", 9), id("d", 1), id("d", 2)]);
}

fn a_new_name_is_numbered(test: &TestStore) {
    merge(&test.store, &twelve());
    let (org_key, dataset_key) = (test.store.org_key(), find(test, &id("d", 1)).unwrap().key);
    let change = |name: Option<&str>, description: Option<&str>| {
        let [name, description] = [name, description].map(|text| text.map(str::to_owned));
        let change = DatasetChange { name, description, now: now() };
        write(&test.store, move |connection| datasets::update(connection, org_key, dataset_key, &change));
    };
    change(None, Some("first"));
    assert_eq!(change_seq(&test.store), 1, "no row shows a description");
    change(Some("one"), None);
    let found = find(test, &id("d", 1)).unwrap();
    assert_eq!((found.name.as_str(), found.description.as_deref(), found.updated), ("one", Some("first"), now()));
    assert_eq!(rows_with(&test.store, "data_rows", 2), [1, 2, 3, 4, 5, 6]);
    assert_eq!(rows_with(&test.store, "project_rows", 2), [1, 2, 3, 4, 5, 6]);
    assert_eq!(rows_with(&test.store, "run_rows", 2), [1, 2, 3, 4, 5]);
    assert_eq!(rows_with(&test.store, "project_rows", 1), [7, 8]);
}

fn a_deleted_dataset_is_gone_until_a_row_names_it(test: &TestStore) {
    merge(&test.store, &twelve());
    let (org_key, dataset_key) = (test.store.org_key(), find(test, &id("d", 1)).unwrap().key);
    write(&test.store, move |connection| {
        let change_seq = labelport_store::write::changes::next_change_seq(connection, org_key)?;
        for row_key in data_rows::list_keys(connection, dataset_key)? {
            removal::remove_row(connection, org_key, change_seq, row_key)?;
        }
        datasets::mark_deleted(connection, dataset_key, now())
    });
    assert_eq!(find(test, &id("d", 1)), None);
    assert_eq!(peek(&test.store, |connection| datasets::find_by_key(connection, org_key, dataset_key)), None);
    assert_eq!(peek(&test.store, |connection| datasets::find_name(connection, org_key, &id("d", 1))), None);
    assert_eq!(list(test), [id("d", 2)]);
    assert_eq!(key(&test.store, "select count(*) from data_rows"), 6);
    merge(&test.store, &twelve());
    assert_eq!(find(test, &id("d", 1)).unwrap().row_count, 6);
}
