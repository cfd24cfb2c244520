//! Imports of annotations.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{id, key, merge, peek, twelve, write};
use labelport_model::id::TaskId;
use labelport_store::tables::annotation_imports::{self, AnnotationImport, ImportName};
use labelport_store::tables::files::{self, File};
use labelport_store::tables::tasks::{self, NewTask};

const CONTRACTS: &[Contract] = &[
    ("an import has a name of its own in its parent", an_import_has_a_name_of_its_own),
    ("an import runs and ends", an_import_runs_and_ends),
];

#[test]
fn contracts_of_annotation_imports() {
    hold(CONTRACTS);
}

/// Returns an import into project 1 or model run 1 of the twelve, whose task is there.
fn import(test: &TestStore, number: usize, kind: &str, name: &str) -> AnnotationImport {
    let sql = if kind == "prediction" {
        "select run_key from model_runs where id = 'run-1'"
    } else {
        "select project_key from projects where name = 'project 1'"
    };
    let task_id = id("t", number);
    let task = NewTask {
        id: TaskId::parse(&task_id).unwrap(),
        kind: "annotation-import".to_owned(),
        name: name.to_owned(),
        request: "{}".to_owned(),
        created_by: None,
        queue: String::new(),
        created: now(),
    };
    let org_key = test.store.org_key();
    write(&test.store, move |connection| tasks::create(connection, org_key, &task));
    AnnotationImport {
        id: id("i", number),
        task_id,
        kind: kind.to_owned(),
        parent_key: key(&test.store, sql),
        name: name.to_owned(),
        state: "RUNNING".to_owned(),
        input_url: "https://example.com/a?b=\"c\"".to_owned(),
        status_file: None,
        error_file: None,
        rows_done: 0,
        rows_total: None,
        created_by: Some("u1".to_owned()),
        created: now(),
    }
}

fn create(test: &TestStore, import: &AnnotationImport) -> bool {
    let (org_key, import) = (test.store.org_key(), import.clone());
    write(&test.store, move |connection| annotation_imports::create(connection, org_key, &import))
}

fn find(test: &TestStore, import: &AnnotationImport) -> Option<AnnotationImport> {
    let named = ImportName { kind: &import.kind, parent_key: import.parent_key, name: &import.name };
    let found = peek(&test.store, |connection| annotation_imports::find(connection, test.store.org_key(), named));
    let by_id =
        peek(&test.store, |connection| annotation_imports::find_by_id(connection, test.store.org_key(), &import.id));
    assert_eq!(found, by_id);
    found
}

fn an_import_has_a_name_of_its_own(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let first = import(test, 1, "label", "it's \"one\"");
    assert!(create(test, &first));
    assert_eq!(find(test, &first), Some(first.clone()));
    assert!(!create(test, &import(test, 2, "label", "it's \"one\"")), "the name is taken");
    assert!(!create(test, &AnnotationImport { name: "other".to_owned(), ..first.clone() }), "the id is taken");
    let others = [import(test, 3, "prelabel", "it's \"one\""), import(test, 4, "prediction", "it's \"one\"")];
    assert!(others.iter().all(|other| create(test, other)), "other kinds have names of their own");
    let second = import(test, 5, "label", "two");
    assert!(create(test, &second));
    let list = || {
        let listed =
            peek(&test.store, |connection| annotation_imports::list(connection, org_key, "label", first.parent_key));
        listed.into_iter().map(|import| import.id).collect::<Vec<_>>()
    };
    assert_eq!(list(), [id("i", 1), id("i", 5)]);
    let parents = peek(&test.store, |connection| annotation_imports::list_parents(connection, org_key));
    let parts = |parent: &annotation_imports::Parent| (parent.import_id.clone(), parent.is_run, parent.id.clone());
    let project = |number| (id("i", number), false, id("j", 1));
    let expect = [project(1), project(3), (id("i", 4), true, "run-1".to_owned()), project(5)];
    assert_eq!(parents.iter().map(parts).collect::<Vec<_>>(), expect);
    let delete =
        |id: String| write(&test.store, move |connection| annotation_imports::delete(connection, org_key, &id));
    assert!(delete(id("i", 1)) && !delete(id("i", 1)));
    assert_eq!(list(), [id("i", 5)]);
    assert!(create(test, &first), "the name is free again");
}

fn an_import_runs_and_ends(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let mut expect = import(test, 1, "label", "one");
    create(test, &expect);
    let id = expect.id.clone();
    write(&test.store, move |connection| annotation_imports::note_progress(connection, &id, 100, 250));
    (expect.rows_done, expect.rows_total) = (100, Some(250));
    assert_eq!(find(test, &expect), Some(expect.clone()));
    for file in ["f1", "f2"] {
        let file = File {
            id: file.to_owned(),
            name: String::new(),
            content_type: None,
            size_bytes: 0,
            sha256: String::new(),
            created_by: None,
            created: now(),
        };
        write(&test.store, move |connection| files::create(connection, org_key, &file));
    }
    let id = expect.id.clone();
    write(&test.store, move |connection| {
        annotation_imports::finish(connection, &id, "FINISHED", Some(("f1", "f2")), now().plus_millis(1))
    });
    expect.state = "FINISHED".to_owned();
    (expect.status_file, expect.error_file) = (Some("f1".to_owned()), Some("f2".to_owned()));
    assert_eq!(find(test, &expect), Some(expect));
    let failed = import(test, 2, "label", "two");
    create(test, &failed);
    let id = failed.id.clone();
    write(&test.store, move |connection| annotation_imports::finish(connection, &id, "FAILED", None, now()));
    assert_eq!(find(test, &failed), Some(AnnotationImport { state: "FAILED".to_owned(), ..failed }));
}
