//! Activity: what moves it, in the column and in the text, and that it never moves back.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{id, key, line, look, merge, row_key, twelve, write};
use labelport_model::time::Timestamp;
use labelport_store::StoreError;
use labelport_store::write::activity;
use labelport_store::write::changes;

const CONTRACTS: &[Contract] = &[
    ("activity moves forward only", activity_moves_forward_only),
    ("a row without details gets some", a_row_without_details_gets_some),
    ("a change of a row moves its update", a_change_of_a_row_moves_its_update),
    ("activity of no row is damage", activity_of_no_row_is_damage),
];

#[test]
fn contracts_of_activity() {
    hold(CONTRACTS);
}

fn note(test: &TestStore, row: usize, at: Timestamp) {
    let (row_key, org_key) = (row_key(&test.store, row), test.store.org_key());
    write(&test.store, move |connection| {
        activity::note(connection, row_key, at)?;
        let change_seq = changes::next_change_seq(connection, org_key)?;
        changes::touch_row(connection, row_key, change_seq)
    });
}

fn activity_moves_forward_only(test: &TestStore) {
    merge(&test.store, &twelve());
    let column = || key(&test.store, "select activity_ms from data_rows where row_key = 5");
    let before = column();
    note(test, 5, Timestamp::from_millis(before - 1));
    assert_eq!(column(), before);
    note(test, 5, now());
    note(test, 5, now().plus_millis(-1));
    assert_eq!(column(), now().as_millis());
    let details = look(&test.store, "select details from data_rows where row_key = 5").unwrap();
    assert!(details.contains(&format!(r#""last_activity_at":"{}","created_by""#, now())), "{details}");
}

fn a_row_without_details_gets_some(test: &TestStore) {
    merge(&test.store, &[line(1, "", &[])]);
    note(test, 1, now());
    let details = look(&test.store, "select details from data_rows").unwrap();
    assert_eq!(details, format!(r#""last_activity_at":"{}""#, now()));
}

fn a_change_of_a_row_moves_its_update(test: &TestStore) {
    merge(&test.store, &twelve());
    write(&test.store, |connection| activity::note_update(connection, 5, now()));
    let details = look(&test.store, "select details from data_rows where row_key = 5").unwrap();
    let expect = format!(
        r#""created_at":"2025-01-05T00:00:00.000+00:00","updated_at":"{}","last_activity_at":"2025-03-05T00:00:00.000+00:00","created_by":"a@example.com""#,
        now()
    );
    assert_eq!(details, expect);
    assert_eq!(look(&test.store, "select id from data_rows where row_key = 5"), Some(id("r", 5)));
}

fn activity_of_no_row_is_damage(test: &TestStore) {
    let outcome = test.store.write(|connection| activity::note(connection, 7, now()));
    assert!(matches!(outcome, Err(StoreError::Damaged(_))), "{outcome:?}");
}
