//! Removal: what leaves a scope leaves a tombstone, and nothing that belonged to it is left.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{BOAT, CAR, boxed, count, id, key, label, line, look, merge, rows_with, tombstones, twelve, write};
use labelport_model::id::{DataRowId, LabelId, ProjectId};
use labelport_store::Connection;
use labelport_store::StoreError;
use labelport_store::tables::data_rows::{self, Asset, AssetState};
use labelport_store::tables::issues::{self, NewComment, NewIssue};
use labelport_store::tables::models;
use labelport_store::tables::projects;
use labelport_store::write::changes;
use labelport_store::write::merge::Verdict;
use labelport_store::write::removal;

const CONTRACTS: &[Contract] = &[
    ("a removed row leaves tombstones and no orphan", a_removed_row_leaves_tombstones_and_no_orphan),
    ("a row leaves one project", a_row_leaves_one_project),
    ("a row leaves one model run", a_row_leaves_one_model_run),
    ("a deleted project leaves nothing", a_deleted_project_leaves_nothing),
    ("a deleted model run leaves nothing", a_deleted_model_run_leaves_nothing),
    ("labels after a deleted one move up", labels_after_a_deleted_one_move_up),
];

#[test]
fn contracts_of_removal() {
    hold(CONTRACTS);
}

/// Runs a removal with the next change number.
fn remove(
    test: &TestStore,
    job: impl FnOnce(&mut dyn Connection, i64, i64) -> Result<(), StoreError> + Send + 'static,
) {
    let org_key = test.store.org_key();
    write(&test.store, move |connection| {
        let change_seq = changes::next_change_seq(connection, org_key)?;
        job(connection, org_key, change_seq)
    });
}

fn raise_issue(test: &TestStore) {
    let org_key = test.store.org_key();
    write(&test.store, move |connection| {
        let issue = NewIssue {
            id: "issue".to_owned(),
            project_id: ProjectId::parse(&id("j", 1)).unwrap(),
            row_id: DataRowId::parse(&id("r", 5)).unwrap(),
            label_id: Some(LabelId::parse(&id("l", 5)).unwrap()),
            category_id: None,
            position: None,
            content: String::new(),
            created_by: String::new(),
            now: now(),
        };
        issues::create(connection, org_key, &issue)?;
        let comment = NewComment {
            id: "comment".to_owned(),
            issue_id: "issue".to_owned(),
            content: String::new(),
            created_by: String::new(),
            now: now(),
        };
        issues::comment(connection, org_key, &comment)
    });
}

fn wait_for_asset(test: &TestStore, row_key: i64) {
    let (state, none) = (AssetState::Waiting, None);
    let asset = Asset {
        row_key,
        state,
        media_type: none.clone(),
        attributes: none.clone(),
        content: none.clone(),
        text_layer: none.clone(),
        notice: none,
    };
    write(&test.store, move |connection| data_rows::put_asset(connection, &asset));
}

/// The tables with rows of the workspace.
const TABLES: [&str; 14] = [
    "data_rows",
    "row_ids",
    "global_keys",
    "attachments",
    "metadata",
    "row_embeddings",
    "assets",
    "project_rows",
    "labels",
    "label_ids",
    "label_features",
    "issues",
    "issue_comments",
    "run_rows",
];

fn counts(test: &TestStore) -> Vec<i64> {
    TABLES.iter().map(|table| count(&test.store, table)).collect()
}

fn a_removed_row_leaves_tombstones_and_no_orphan(test: &TestStore) {
    merge(&test.store, &twelve());
    let before = counts(test);
    raise_issue(test);
    for row_key in [1, 5] {
        wait_for_asset(test, row_key);
    }
    let last = key(&test.store, "select change_seq from organizations");
    for row_key in [5, 1, 5, 99] {
        remove(test, move |connection, org_key, change_seq| {
            removal::remove_row(connection, org_key, change_seq, row_key)
        });
    }
    let stone = |scope: &str, row, seq| (scope.to_owned(), row, last + seq);
    let expect = [
        stone("catalog", 1, 2),
        stone("catalog", 5, 1),
        stone("dataset", 1, 2),
        stone("dataset", 5, 1),
        stone("model_run", 1, 2),
        stone("model_run", 5, 1),
        stone("project", 1, 2),
        stone("project", 5, 1),
        stone("project", 5, 1),
    ];
    assert_eq!(tombstones(&test.store), expect);
    let verdicts = merge(&test.store, &twelve());
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Created).count(), 2);
    assert_eq!(counts(test), before, "ids, global keys and labels of removed rows are free again");
    assert_eq!(key(&test.store, "select min(row_key) from row_ids where row_key > 12"), 13, "keys are not given twice");
}

fn a_row_leaves_one_project(test: &TestStore) {
    merge(&test.store, &twelve());
    raise_issue(test);
    let project_key = key(&test.store, "select project_key from projects where name = 'project 1'");
    remove(test, move |connection, org_key, change_seq| {
        removal::remove_from_project(connection, org_key, change_seq, (project_key, 5))
    });
    let last = key(&test.store, "select change_seq from organizations");
    assert_eq!(tombstones(&test.store), [("project".to_owned(), 5, last)]);
    assert_eq!(look(&test.store, "select id from labels where row_key = 5"), Some(id("l", 105)));
    assert_eq!((count(&test.store, "issues"), count(&test.store, "issue_comments")), (0, 0));
    assert_eq!(rows_with(&test.store, "data_rows", last), [5], "every scope that shows it has a change");
    assert_eq!(rows_with(&test.store, "project_rows", last), [5]);
    assert_eq!(rows_with(&test.store, "run_rows", last), [5]);
}

fn a_row_leaves_one_model_run(test: &TestStore) {
    merge(&test.store, &twelve());
    let run_key = key(&test.store, "select run_key from model_runs where id = 'run-1'");
    remove(test, move |connection, org_key, change_seq| {
        removal::remove_from_run(connection, org_key, change_seq, (run_key, 2))
    });
    assert_eq!(tombstones(&test.store), [("model_run".to_owned(), 2, 2)]);
    assert_eq!((count(&test.store, "run_rows"), count(&test.store, "run_labels")), (4, 4));
    assert_eq!(rows_with(&test.store, "data_rows", 2), [2]);
    assert_eq!(rows_with(&test.store, "project_rows", 2), [2]);
}

fn a_deleted_project_leaves_nothing(test: &TestStore) {
    merge(&test.store, &twelve());
    raise_issue(test);
    let project_key = key(&test.store, "select project_key from projects where name = 'project 1'");
    remove(test, move |connection, org_key, change_seq| {
        removal::remove_project(connection, org_key, change_seq, project_key)?;
        projects::mark_deleted(connection, project_key, now())
    });
    let last = key(&test.store, "select change_seq from organizations");
    let expect: Vec<_> = (1..=6).map(|row| ("project".to_owned(), row, last)).collect();
    assert_eq!(tombstones(&test.store), expect);
    for table in ["project_rows", "labels", "label_ids", "label_features", "issues", "batches"] {
        let sql = format!("select count(*) from {table} where project_key = {project_key}");
        assert_eq!(key(&test.store, &sql), 0, "{table}");
    }
    assert_eq!(count(&test.store, "issue_comments"), 0);
    assert_eq!(rows_with(&test.store, "data_rows", last), [1, 2, 3, 4, 5, 6]);
    assert_eq!(rows_with(&test.store, "project_rows", last), [5, 6], "what other projects show of it");
    assert_eq!(rows_with(&test.store, "run_rows", last), [1, 2, 3, 4, 5]);
    let org_key = test.store.org_key();
    let find = |test: &TestStore| {
        projects::find(&mut *test.store.reader().unwrap(), org_key, &id("j", 1)).unwrap().map(|project| project.key)
    };
    assert_eq!(find(test), None);
    merge(&test.store, &twelve());
    assert_eq!(find(test), Some(project_key), "a row that names it brings it back");
    assert_eq!(count(&test.store, "labels"), 6);
}

fn a_deleted_model_run_leaves_nothing(test: &TestStore) {
    merge(&test.store, &twelve());
    let (org_key, run_key) =
        (test.store.org_key(), key(&test.store, "select run_key from model_runs where id = 'run-1'"));
    remove(test, move |connection, org_key, change_seq| {
        removal::remove_run(connection, org_key, change_seq, run_key)?;
        models::mark_run_deleted(connection, run_key, now())
    });
    let expect: Vec<_> = (1..=4).map(|row| ("model_run".to_owned(), row, 2)).collect();
    assert_eq!(tombstones(&test.store), expect);
    assert_eq!((count(&test.store, "run_rows"), count(&test.store, "run_labels")), (1, 1));
    assert_eq!(rows_with(&test.store, "data_rows", 2), [1, 2, 3, 4]);
    assert_eq!(rows_with(&test.store, "project_rows", 2), [1, 2, 3, 4]);
    let find = |test: &TestStore| models::find_run(&mut *test.store.reader().unwrap(), org_key, "run-1").unwrap();
    assert_eq!(find(test), None);
    merge(&test.store, &twelve());
    assert_eq!(find(test).map(|run| run.key), Some(run_key));
}

/// Labels 1 to 4 of one row: a car, a boat, both, a car.
fn four_labels() -> String {
    let lists = [vec![CAR], vec![BOAT], vec![CAR, BOAT], vec![CAR]];
    let labels: Vec<String> = (1..)
        .zip(lists)
        .map(|(number, features)| {
            let objects: Vec<String> = features.iter().map(|feature| boxed(*feature, "thing")).collect();
            label(number, &format!("2025-04-0{number}T00:00:00.000+00:00"), &objects)
        })
        .collect();
    let project = format!(r#""{}":{{"name":"project","labels":[{}]}}"#, id("j", 1), labels.join(","));
    line(1, "", &[format!(r#""projects":{{{project}}}"#)])
}

fn labels_after_a_deleted_one_move_up(test: &TestStore) {
    merge(&test.store, &[four_labels()]);
    let remove_label = |number: usize| {
        let label_id = id("l", number);
        write(&test.store, move |connection| removal::remove_label(connection, &label_id))
    };
    let check = |labels: &[usize], features: &[usize]| {
        let mut reader = test.store.reader().unwrap();
        let sql = "select id from labels order by ordinal";
        let found = reader.list(sql, &[], |row| row.text(0).unwrap()).unwrap();
        assert_eq!(found, labels.iter().map(|number| id("l", *number)).collect::<Vec<_>>());
        let sql = "select s.schema_id from label_features f join feature_schemas s on s.feature_key = f.feature_key \
                   order by s.schema_id";
        let found = reader.list(sql, &[], |row| row.text(0).unwrap()).unwrap();
        assert_eq!(found, features.iter().map(|number| id("f", *number)).collect::<Vec<_>>());
        assert_eq!(crate::engines::findings(&test.store), Vec::<String>::new());
    };
    check(&[1, 2, 3, 4], &[CAR, BOAT]);
    assert_eq!(remove_label(2).map(|(_, row_key)| row_key), Some(1));
    check(&[1, 3, 4], &[CAR, BOAT]);
    assert_eq!(remove_label(2), None);
    assert!(remove_label(3).is_some());
    check(&[1, 4], &[CAR]);
    assert!(remove_label(4).is_some());
    check(&[1], &[CAR]);
    assert!(remove_label(1).is_some());
    check(&[], &[]);
    assert_eq!(merge(&test.store, &[four_labels()]), [Verdict::Changed], "their ids are free");
}
