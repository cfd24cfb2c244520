//! Models and their runs.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{id, key, merge, peek, twelve, write};
use labelport_store::tables::models::{self, Model, ModelRun, NewModel, NewModelRun};

const CONTRACTS: &[Contract] = &[
    ("a model comes back", a_model_comes_back),
    ("a run comes back and changes", a_run_comes_back_and_changes),
    ("a model goes with its runs", a_model_goes_with_its_runs),
    ("the rows of a run are listed page by page", the_rows_of_a_run_are_listed_page_by_page),
];

#[test]
fn contracts_of_models() {
    hold(CONTRACTS);
}

fn create_model(test: &TestStore, id: &str, ontology_key: Option<i64>) -> Model {
    let new = NewModel {
        id: id.to_owned(),
        name: format!("it's {id}"),
        ontology_key,
        created_by: "u1".to_owned(),
        now: now(),
    };
    let org_key = test.store.org_key();
    write(&test.store, move |connection| models::create(connection, org_key, &new));
    peek(&test.store, |connection| models::find(connection, org_key, id)).unwrap()
}

fn create_run(test: &TestStore, model: &Model, id: &str) -> ModelRun {
    let new = NewModelRun {
        id: id.to_owned(),
        name: format!("run {id}"),
        model_key: model.key,
        training_metadata: Some(r#"{"epochs":3}"#.to_owned()),
        created_by: "u1".to_owned(),
        now: now(),
    };
    write(&test.store, move |connection| models::create_run(connection, &new));
    peek(&test.store, |connection| models::find_run(connection, test.store.org_key(), id)).unwrap()
}

fn a_model_comes_back(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let ontology_key = key(&test.store, "select min(ontology_key) from ontologies");
    let model = create_model(test, "m-a", Some(ontology_key));
    assert_eq!((model.name.as_str(), model.ontology_id), ("it's m-a", Some(id("y", 1))));
    assert_eq!(create_model(test, "m-b", None).ontology_id, None);
    assert_eq!(peek(&test.store, |connection| models::find(connection, org_key + 1, "m-a")), None);
    let listed = peek(&test.store, |connection| models::list(connection, org_key));
    let ids: Vec<_> = listed.into_iter().map(|model| model.id).collect();
    assert_eq!(ids, [id("m", 1), "m-a".to_owned(), "m-b".to_owned()], "a model of imported rows is one, too");
}

fn a_run_comes_back_and_changes(test: &TestStore) {
    let org_key = test.store.org_key();
    let model = create_model(test, "m-a", None);
    let run = create_run(test, &model, "u-a");
    let expect = ModelRun {
        key: run.key,
        id: "u-a".to_owned(),
        name: "run u-a".to_owned(),
        model_key: model.key,
        model_id: "m-a".to_owned(),
        model_name: model.name.clone(),
        created_by: Some("u1".to_owned()),
        training_metadata: Some(r#"{"epochs":3}"#.to_owned()),
        status: None,
        created: now(),
        updated: now(),
    };
    assert_eq!(run, expect);
    let later = now().plus_millis(5);
    let changed = ModelRun { training_metadata: None, status: Some("{}".to_owned()), updated: later, ..run };
    let stored = changed.clone();
    write(&test.store, move |connection| models::update_run(connection, &stored, later));
    assert_eq!(
        peek(&test.store, |connection| models::find_run_by_key(connection, org_key, changed.key)),
        Some(changed)
    );
    assert_eq!(peek(&test.store, |connection| models::find_run(connection, org_key + 1, "u-a")), None);
}

fn a_model_goes_with_its_runs(test: &TestStore) {
    let org_key = test.store.org_key();
    let (model, other) = (create_model(test, "m-a", None), create_model(test, "m-b", None));
    let [one, two] = ["u-a", "u-b"].map(|id| create_run(test, &model, id));
    let kept = create_run(test, &other, "u-c");
    let list = |model: &Model| {
        let listed = peek(&test.store, |connection| models::list_runs(connection, org_key, model.key));
        listed.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(list(&model), ["u-a", "u-b"]);
    write(&test.store, move |connection| models::mark_run_deleted(connection, one.key, now()));
    assert_eq!(list(&model), ["u-b"]);
    write(&test.store, move |connection| models::mark_deleted(connection, model.key, now()));
    assert_eq!(peek(&test.store, |connection| models::find_run(connection, org_key, &two.id)), None);
    assert_eq!(peek(&test.store, |connection| models::find(connection, org_key, "m-a")), None);
    assert_eq!(list(&other), [kept.id]);
}

fn the_rows_of_a_run_are_listed_page_by_page(test: &TestStore) {
    merge(&test.store, &twelve());
    let run_key = key(&test.store, "select run_key from model_runs where id = 'run-1'");
    let page = |after, limit| peek(&test.store, |connection| models::list_run_rows(connection, run_key, after, limit));
    let first = page(0, 3);
    let seen: Vec<_> = first.iter().map(|row| (row.row_key, row.split, row.label_id.clone())).collect();
    assert_eq!(seen, [(1, Some(0), None), (2, Some(0), None), (3, Some(1), None)]);
    assert_eq!(first[0].head, r#""run_data_row_id":"x1""#);
    assert_eq!(page(3, 3).iter().map(|row| (row.row_key, row.split)).collect::<Vec<_>>(), [(4, None)]);
    assert!(peek(&test.store, |connection| models::has_row(connection, run_key, 4)));
    assert!(!peek(&test.store, |connection| models::has_row(connection, run_key, 5)));
    let labels = |role| peek(&test.store, |connection| models::list_run_labels(connection, run_key, 2, role));
    assert_eq!(labels(0), []);
    let twelve = twelve();
    let predictions = labels(1);
    assert_eq!(predictions.len(), 1);
    let models::RunLabel { id, head, annotations, rest } = &predictions[0];
    assert!(head.contains(&format!("\"id\":\"{id}\"")), "{head}");
    let rest = rest.as_ref().map(|rest| format!(",{rest}")).unwrap_or_default();
    let shown = format!("{{{head},\"annotations\":{annotations}{rest}}}");
    assert!(twelve[1].contains(&shown), "as an export shows it: {shown}");
}
