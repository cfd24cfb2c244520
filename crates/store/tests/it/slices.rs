//! Slices: names that nobody else has.

use crate::engines::{Contract, TestStore, hold, now};
use labelport_store::tables::slices::{self, Slice};

const CONTRACTS: &[Contract] = &[("a name is given once", a_name_is_given_once)];

#[test]
fn contracts_of_slices() {
    hold(CONTRACTS);
}

fn a_name_is_given_once(test: &TestStore) {
    let org_key = test.store.org_key();
    let slice = |id: &str, name: &str| Slice {
        id: id.to_owned(),
        name: name.to_owned(),
        description: Some("naïve".to_owned()),
        filter: r#"[{"type":"data_row_id"}]"#.to_owned(),
        created: now(),
    };
    let create =
        |slice: Slice| test.store.write(move |connection| slices::create(connection, org_key, &slice)).unwrap();
    assert!(create(slice("a", "night")));
    assert!(!create(slice("b", "night")), "the name is taken");
    assert!(!create(slice("a", "day")), "the id is taken");
    assert!(create(slice("b", "Night")), "upper and lower case differ");
    let mut reader = test.store.reader().unwrap();
    assert_eq!(slices::list(&mut *reader, org_key).unwrap(), [slice("a", "night"), slice("b", "Night")]);
    let key = reader.count("select slice_key from slices where id = 'a'", &[]).unwrap();
    assert_eq!(slices::find(&mut *reader, key).unwrap(), Some(slice("a", "night")));
    assert_eq!(slices::find_by_id(&mut *reader, org_key, "b").unwrap(), Some(slice("b", "Night")));
    assert_eq!(slices::find_by_id(&mut *reader, org_key, "night").unwrap(), None);
    assert_eq!(slices::find_by_id(&mut *reader, org_key + 1, "b").unwrap(), None);
    assert_eq!(test.store.write(move |connection| slices::delete(connection, key)).unwrap(), 1);
    assert_eq!(slices::find(&mut *reader, key).unwrap(), None);
    assert!(create(slice("a", "night")), "a name that was given up is free");
}
