//! Appending labels: after the existing ones, which stay as they are.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{BOAT, CAR, boxed, change_seq, id, key, label, line, look, merge, read, rows_with, twelve};
use labelport_store::write::merge::{Merger, Verdict};

const CONTRACTS: &[Contract] = &[
    ("labels are added after the others", labels_are_added_after_the_others),
    ("a feature that is new is known", a_feature_that_is_new_is_known),
    ("a label id that is taken takes everything back", a_label_id_that_is_taken_takes_everything_back),
];

#[test]
fn contracts_of_appending() {
    hold(CONTRACTS);
}

fn append(test: &TestStore, row_key: i64, labels: &[String]) -> Result<(), labelport_store::StoreError> {
    let project = format!(r#""{}":{{"labels":[{}]}}"#, id("j", 1), labels.join(","));
    let row = read(&line(1, "", &[format!(r#""projects":{{{project}}}"#)]));
    let given = row.projects.into_iter().next().unwrap().labels.unwrap();
    let project_key = key(&test.store, &format!("select project_key from projects where id = '{}'", id("j", 1)));
    let mut merger = Merger::new(test.store.org_key(), now());
    test.store.write(move |connection| {
        merger.begin(connection)?;
        merger.append_labels(connection, (project_key, row_key), &given)?;
        merger.end(connection)?;
        assert_eq!(merger.counts.labels.created, given.len() as u64);
        Ok(())
    })
}

fn new_label(number: usize, feature: usize, name: &str) -> String {
    label(number, "2025-05-01T00:00:00.000+00:00", &[boxed(feature, name), boxed(feature, name)])
}

fn labels_are_added_after_the_others(test: &TestStore) {
    merge(&test.store, &twelve());
    append(test, 4, &[new_label(201, CAR, "car"), new_label(202, BOAT, "boat")]).unwrap();
    append(test, 4, &[new_label(203, CAR, "car")]).unwrap();
    append(test, 1, &[new_label(204, CAR, "car")]).unwrap();
    let sql = "select row_key, ordinal, id from labels where row_key in (1, 4) order by row_key, ordinal";
    let read = |row: &dyn labelport_store::RowView| (row.int(0).unwrap(), row.int(1).unwrap(), row.text(2).unwrap());
    let found = test.store.reader().unwrap().list(sql, &[], read).unwrap();
    let expect = [(1, 0, 204), (4, 0, 4), (4, 1, 201), (4, 2, 202), (4, 3, 203)];
    assert_eq!(found, expect.map(|(row, ordinal, label)| (row, ordinal, id("l", label))));
    assert_eq!(change_seq(&test.store), 4);
    assert_eq!(rows_with(&test.store, "data_rows", 3), [4]);
    assert_eq!(rows_with(&test.store, "project_rows", 4), [1]);
    assert_eq!(rows_with(&test.store, "run_rows", 4), [1]);
    assert_eq!(merge(&test.store, &[line(4, "", &[])]), [Verdict::Unchanged], "what a line does not say stays");
    assert_eq!(merge(&test.store, &twelve()[3..4]), [Verdict::Changed], "a merge replaces the list");
    assert_eq!(look(&test.store, "select count(*) from label_ids where row_key = 4").as_deref(), Some("1"));
}

fn a_feature_that_is_new_is_known(test: &TestStore) {
    merge(&test.store, &twelve());
    append(test, 1, &[new_label(201, 7, "plane")]).unwrap();
    let sql = format!(
        "select count(*) from label_features f join feature_schemas s on s.feature_key = f.feature_key \
                       where s.schema_id = '{}' and f.row_key = 1",
        id("f", 7)
    );
    assert_eq!(key(&test.store, &sql), 1);
    let sql = format!("select count(*) from ontology_features where schema_id = '{}'", id("f", 7));
    assert_eq!(key(&test.store, &sql), 1, "an ontology that nobody gave grows");
}

fn a_label_id_that_is_taken_takes_everything_back(test: &TestStore) {
    merge(&test.store, &twelve());
    append(test, 4, &[new_label(201, CAR, "car"), new_label(2, CAR, "car")]).unwrap_err();
    assert_eq!(look(&test.store, "select count(*) from labels where row_key = 4").as_deref(), Some("1"));
    assert_eq!(change_seq(&test.store), 1);
}
