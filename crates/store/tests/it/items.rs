//! Items: kept by kind, and gone with what they belong to.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{id, merge, peek, run, twelve};
use labelport_store::tables::items::{self, Item, ItemKind};
use labelport_store::write::{changes, removal};

const CONTRACTS: &[Contract] = &[
    ("items are kept by kind", items_are_kept_by_kind),
    ("items go with what they belong to", items_go_with_what_they_belong_to),
    ("items go with labels that an import replaces", items_go_with_labels_that_an_import_replaces),
];

#[test]
fn contracts_of_items() {
    hold(CONTRACTS);
}

fn item(id: &str, parent: &str) -> Item {
    Item {
        id: id.to_owned(),
        parent: parent.to_owned(),
        name: "night".to_owned(),
        body: "{}".to_owned(),
        created_by: "a@example.com".to_owned(),
        created: now(),
        updated: now(),
    }
}

fn create(test: &TestStore, kind: ItemKind, item: Item) {
    let org_key = test.store.org_key();
    test.store.write(move |connection| items::create(connection, org_key, kind, &item)).unwrap();
}

fn ids(test: &TestStore, kind: ItemKind) -> Vec<String> {
    let listed = peek(&test.store, |connection| items::list(connection, test.store.org_key(), kind));
    listed.into_iter().map(|item| item.id).collect()
}

fn items_are_kept_by_kind(test: &TestStore) {
    let org_key = test.store.org_key();
    create(test, ItemKind::ResourceTag, item("a", ""));
    create(test, ItemKind::UserGroup, item("a", ""));
    create(test, ItemKind::ResourceTag, item("b", ""));
    assert_eq!(ids(test, ItemKind::ResourceTag), ["a", "b"]);
    assert_eq!(ids(test, ItemKind::UserGroup), ["a"]);
    let changed = Item { name: "day".to_owned(), body: "{\"a\":1}".to_owned(), ..item("a", "") };
    let expect = changed.clone();
    assert!(test.store.write(move |db| items::update(db, org_key, ItemKind::ResourceTag, &changed)).unwrap());
    let find = |kind| peek(&test.store, |connection| items::find(connection, org_key, kind, "a"));
    assert_eq!(find(ItemKind::ResourceTag), Some(expect));
    assert_eq!(find(ItemKind::UserGroup), Some(item("a", "")));
    let named = |name| peek(&test.store, |db| items::find_named(db, org_key, ItemKind::ResourceTag, name));
    assert_eq!(
        ["day", "night", ""].map(|name| named(name).map(|item| item.id)),
        [Some("a".into()), Some("b".into()), None]
    );
    assert!(test.store.write(move |db| items::delete(db, org_key, ItemKind::ResourceTag, "a")).unwrap());
    assert!(!test.store.write(move |db| items::delete(db, org_key, ItemKind::ResourceTag, "a")).unwrap());
    assert!(!test.store.write(move |db| items::update(db, org_key, ItemKind::ResourceTag, &item("a", ""))).unwrap());
    assert_eq!(find(ItemKind::ResourceTag), None);
    assert_eq!(ids(test, ItemKind::UserGroup), ["a"]);
}

fn items_go_with_what_they_belong_to(test: &TestStore) {
    merge(&test.store, &twelve());
    let (project, label, kept) = (id("j", 1), id("l", 5), id("l", 6));
    create(test, ItemKind::IssueCategory, item("category", &project));
    create(test, ItemKind::Benchmark, item("one", &label));
    create(test, ItemKind::Benchmark, item("two", &kept));
    let listed = peek(&test.store, |db| items::list_of(db, test.store.org_key(), ItemKind::Benchmark, &label));
    assert_eq!(listed, [item("one", &label)]);
    test.store.write(move |connection| removal::remove_label(connection, &label)).unwrap();
    assert_eq!(ids(test, ItemKind::Benchmark), ["two"]);
    let org_key = test.store.org_key();
    test.store
        .write(move |connection| {
            let change_seq = changes::next_change_seq(connection, org_key)?;
            let sql = "select project_key from projects where id = $1";
            let project_key = connection.count(sql, &[(&project).into()])?;
            removal::remove_project(connection, org_key, change_seq, project_key)
        })
        .unwrap();
    assert_eq!(ids(test, ItemKind::Benchmark), Vec::<String>::new());
    assert_eq!(ids(test, ItemKind::IssueCategory), Vec::<String>::new());
    run(&test.store, "update projects set deleted_ms = 1 where id = 'j000000000000000000000001'");
}

fn items_go_with_labels_that_an_import_replaces(test: &TestStore) {
    let rows = twelve();
    merge(&test.store, &rows);
    create(test, ItemKind::Benchmark, item("one", &id("l", 5)));
    create(test, ItemKind::Benchmark, item("two", &id("l", 6)));
    let replaced: Vec<String> = rows.iter().map(|row| row.replace(&id("l", 5), &id("l", 55))).collect();
    merge(&test.store, &replaced);
    assert_eq!(ids(test, ItemKind::Benchmark), ["two"]);
}
