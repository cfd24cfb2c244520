//! History: what changed after a number is all there, however it changed, and no more is said to have left than did.

use crate::engines::{Contract, TestStore, findings, hold};
use crate::rows::{change_seq, id, key, line, merge, peek, row_key, run, twelve, write};
use labelport_model::predicate::{Condition, Predicate};
use labelport_store::read::history::{self, Departed};
use labelport_store::read::select::{Base, Part, Selection};
use labelport_store::write::{changes, removal};
use std::ops::ControlFlow;

const CONTRACTS: &[Contract] = &[
    ("a change names the rows that it touched", a_change_names_the_rows_that_it_touched),
    ("a new name touches the rows that show it", a_new_name_touches_the_rows_that_show_it),
    ("runs of a number do not lie within each other", runs_of_a_number_do_not_lie_within_each_other),
    ("who left a scope is reported once", who_left_a_scope_is_reported_once),
    ("touched rows are counted once in each scope", touched_rows_are_counted_once_in_each_scope),
    ("a selection within runs has what is selected there", a_selection_within_runs_has_what_is_selected_there),
    ("the row before another is found", the_row_before_another_is_found),
];

#[test]
fn contracts_of_history() {
    hold(CONTRACTS);
}

fn changed(test: &TestStore, since: i64) -> Vec<std::ops::RangeInclusive<i64>> {
    assert_eq!(findings(&test.store), Vec::<String>::new());
    peek(&test.store, |connection| history::list_changed(connection, since))
}

fn departed(test: &TestStore, base: Base, since: i64) -> Vec<Departed> {
    let mut found = Vec::new();
    peek(&test.store, |connection| {
        history::for_each_departed(connection, test.store.org_key(), base, since, &mut |departed| {
            found.push(departed);
            ControlFlow::Continue(())
        })
    });
    found
}

fn a_change_names_the_rows_that_it_touched(test: &TestStore) {
    assert_eq!(changed(test, 0), []);
    merge(&test.store, &twelve());
    assert_eq!(changed(test, 0), [1..=12]);
    assert_eq!(changed(test, 1), []);
    let media = |number: usize| line(number, r#","external_id":"new""#, &[]);
    merge(&test.store, &[media(3), media(4), media(7), line(13, "", &[]), media(12)]);
    assert_eq!(changed(test, 1), [3..=4, 7..=7, 12..=13]);
    assert_eq!(changed(test, 0), [1..=13]);
    // What is as it was is not a change.
    merge(&test.store, &[media(3)]);
    assert_eq!(changed(test, 2), []);
}

fn touched_rows_are_counted_once_in_each_scope(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let count = |base, since| peek(&test.store, |db| history::count_touched(db, org_key, base, since));
    let project = Base::Project(key(&test.store, "select project_key from projects order by project_key"));
    assert_eq!((count(Base::Catalog, 0), count(Base::Catalog, 1)), (12, 0));
    let all_of_project = count(project, 0);
    let media = |number: usize| line(number, r#","external_id":"new""#, &[]);
    merge(&test.store, &[media(3), media(4)]);
    merge(&test.store, &[line(3, r#","external_id":"newer""#, &[])]);
    assert_eq!((count(Base::Catalog, 1), count(project, 0)), (2, all_of_project));
    let gone = row_key(&test.store, 4);
    let change_seq = change_seq(&test.store) + 1;
    write(&test.store, move |db| {
        let next = changes::next_change_seq(db, org_key)?;
        removal::remove_row(db, org_key, next, gone)
    });
    assert_eq!((count(Base::Catalog, change_seq - 1), count(Base::Catalog, 1)), (1, 2), "what left counts, once");
}

fn a_new_name_touches_the_rows_that_show_it(test: &TestStore) {
    merge(&test.store, &twelve());
    let rows = |sql: &str| -> Vec<i64> {
        let read = |row: &dyn labelport_store::RowView| row.int(0).unwrap();
        test.store.reader().unwrap().list(sql, &[], read).unwrap()
    };
    let in_project = rows("select row_key from project_rows where project_key = 1 order by row_key");
    assert!(in_project.len() > 2, "{in_project:?}");
    let org_key = test.store.org_key();
    write(&test.store, move |connection| labelport_store::tables::projects::touch_rows(connection, org_key, 1));
    let touched: Vec<i64> = changed(test, 1).into_iter().flatten().collect();
    assert_eq!(touched, in_project);
}

fn runs_of_a_number_do_not_lie_within_each_other(test: &TestStore) {
    merge(&test.store, &twelve());
    let (org_key, keys) = (test.store.org_key(), [7, 3, 3, 5]);
    write(&test.store, move |connection| {
        let change_seq = changes::next_change_seq(connection, org_key)?;
        for row_key in keys {
            changes::touch_row(connection, row_key, change_seq)?;
        }
        changes::touch_rows(connection, "select row_key from data_rows where row_key < $2", 7, change_seq)?;
        changes::touch_row(connection, 4, change_seq)
    });
    assert_eq!(changed(test, 1), [1..=7]);
    assert_eq!(key(&test.store, "select count(*) from changed_rows where change_seq = 2"), 2);
    run(&test.store, "delete from changed_rows where change_seq = 2 and first_key = 7");
    assert_eq!(findings(&test.store).len(), 1, "a row that history does not name is found");
    write(&test.store, |connection| changes::touch_row(connection, 7, 2));
}

fn who_left_a_scope_is_reported_once(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let leave = |row: i64| {
        write(&test.store, move |connection| {
            let change_seq = changes::next_change_seq(connection, org_key)?;
            removal::remove_from_project(connection, org_key, change_seq, (1, row))
        });
    };
    let in_project = twelve()[0].clone();
    leave(1);
    merge(&test.store, std::slice::from_ref(&in_project));
    assert_eq!(departed(test, Base::Project(1), 1), [], "it is in the project again");
    leave(1);
    let before_deletion = change_seq(&test.store);
    let left =
        Departed { row_id: id("r", 1), global_key: Some("cam-a-1".to_owned()), is_deleted: false, successor: None };
    assert_eq!(departed(test, Base::Project(1), 1), std::slice::from_ref(&left));
    assert_eq!(departed(test, Base::Catalog, 1), []);
    write(&test.store, move |connection| {
        let change_seq = changes::next_change_seq(connection, org_key)?;
        removal::remove_row(connection, org_key, change_seq, 1)
    });
    let deleted = Departed { is_deleted: true, ..left };
    assert_eq!(departed(test, Base::Project(1), 1), std::slice::from_ref(&deleted));
    assert_eq!(departed(test, Base::Project(1), before_deletion), [], "it had left before");
    assert_eq!(departed(test, Base::Catalog, 1), std::slice::from_ref(&deleted));
    merge(&test.store, &[in_project]);
    let successor = Some(row_key(&test.store, 1));
    assert_eq!(successor, Some(13));
    assert_eq!(departed(test, Base::Catalog, 1), [Departed { successor, ..deleted }]);
}

/// Returns the keys that a selection has, by its parts.
fn keys(test: &TestStore, selection: &Selection) -> Vec<i64> {
    let read = |parts: Vec<Part>| {
        peek(&test.store, |connection| {
            let mut keys = Vec::new();
            for part in &parts {
                keys.extend(selection.keys(connection, part)?);
            }
            Ok(keys)
        })
    };
    let keys = read(selection.parts());
    assert_eq!(read(selection.small_parts()), keys);
    keys
}

fn predicates() -> [Predicate; 3] {
    let listed = [1, 4, 5, 9].map(|number| id("r", number)).to_vec();
    let absent = Predicate::Not(Box::new(Condition::DataRowIds(listed.clone()).into()));
    [Predicate::All(Vec::new()), Condition::DataRowIds(listed).into(), absent]
}

fn a_selection_within_runs_has_what_is_selected_there(test: &TestStore) {
    merge(&test.store, &twelve());
    let more: Vec<String> = (13..=120).map(|number| line(number, "", &[])).collect();
    merge(&test.store, &more);
    for predicate in predicates() {
        let all = peek(&test.store, |connection| {
            Selection::prepare(connection, test.store.org_key(), Base::Catalog, &predicate)
        });
        for runs in [vec![], vec![1..=1, 4..=6, 9..=9, 40..=119], vec![0..=3, 118..=900], vec![500..=501]] {
            let expect: Vec<i64> =
                keys(test, &all).into_iter().filter(|key| runs.iter().any(|run| run.contains(key))).collect();
            assert_eq!(keys(test, &all.within(&runs)), expect, "{predicate:?} {runs:?}");
        }
    }
}

fn the_row_before_another_is_found(test: &TestStore) {
    merge(&test.store, &twelve());
    for predicate in predicates() {
        let all = peek(&test.store, |connection| {
            Selection::prepare(connection, test.store.org_key(), Base::Catalog, &predicate)
        });
        let selected = keys(test, &all);
        for from in 0..14 {
            for before in 0..14 {
                let expect = selected.iter().copied().filter(|key| (from..before).contains(key)).max();
                let found = peek(&test.store, |connection| all.last_before(connection, from, before));
                assert_eq!(found, expect, "{predicate:?} {from} {before}");
            }
        }
    }
}
