//! Files, the masks in them, and settings.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{peek, write};
use labelport_store::tables::files::{self, File};
use labelport_store::tables::settings;

const CONTRACTS: &[Contract] = &[
    ("a file comes back", a_file_comes_back),
    ("a mask is in the file recorded last", a_mask_is_in_the_file_recorded_last),
    ("a setting is replaced", a_setting_is_replaced),
];

#[test]
fn contracts_of_files() {
    hold(CONTRACTS);
}

fn file(id: &str, name: &str, created_by: Option<&str>) -> File {
    File {
        id: id.to_owned(),
        name: name.to_owned(),
        content_type: created_by.map(|_| "image/png".to_owned()),
        size_bytes: i64::from(u32::MAX) + 1,
        sha256: "ab".repeat(32),
        created_by: created_by.map(str::to_owned),
        created: now(),
    }
}

fn create(test: &TestStore, file: &File) {
    let (org_key, file) = (test.store.org_key(), file.clone());
    write(&test.store, move |connection| files::create(connection, org_key, &file));
}

fn a_file_comes_back(test: &TestStore) {
    let org_key = test.store.org_key();
    let find = |org_key, id: &str| peek(&test.store, |connection| files::find(connection, org_key, id));
    for file in [file("f1", "mask \"1\"; drop table files.png", Some("u1")), file("f2", "", None)] {
        create(test, &file);
        assert_eq!(find(org_key, &file.id), Some(file.clone()));
        assert_eq!(find(org_key + 1, &file.id), None);
        let taken = file.clone();
        test.store.write(move |connection| files::create(connection, org_key, &taken)).unwrap_err();
    }
    assert_eq!(find(org_key, "f3"), None);
}

fn a_mask_is_in_the_file_recorded_last(test: &TestStore) {
    let org_key = test.store.org_key();
    create(test, &file("f1", "1.png", None));
    create(test, &file("f2", "2.png", None));
    assert!(!peek(&test.store, |connection| files::has_masks(connection)));
    for file_id in ["f1", "f2"] {
        write(&test.store, move |connection| files::put_mask(connection, org_key, "/a/1", file_id));
        let found = peek(&test.store, |connection| files::find_mask(connection, org_key, "/a/1"));
        assert_eq!(found.as_deref(), Some(file_id));
    }
    assert_eq!(peek(&test.store, |connection| files::find_mask(connection, org_key, "/a")), None);
    assert_eq!(peek(&test.store, |connection| files::find_mask(connection, org_key + 1, "/a/1")), None);
    assert!(peek(&test.store, |connection| files::has_masks(connection)));
}

fn a_setting_is_replaced(test: &TestStore) {
    let find = |name: &str| peek(&test.store, |connection| settings::find(connection, name));
    assert_eq!(find(settings::PUBLIC_URL), None);
    for value in ["http://a", "http://b", ""] {
        write(&test.store, move |connection| settings::put(connection, settings::PUBLIC_URL, value));
        assert_eq!(find(settings::PUBLIC_URL).as_deref(), Some(value));
    }
    assert_eq!(find(settings::SIGNING_SECRET), None);
}
