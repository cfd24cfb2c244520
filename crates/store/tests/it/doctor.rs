//! The doctor finds each kind of damage, and nothing in a store that is sound.

use crate::engines::{ENGINES, findings, now};
use crate::rows::{count, merge, run, twelve};
use labelport_model::id::{DataRowId, LabelId, ProjectId};
use labelport_store::check::{self, CHECKS};
use labelport_store::tables::issues::{self, NewComment, NewIssue};
use labelport_store::tables::items::{self, Item, ItemKind};
use labelport_store::tables::schedule_runs;
use std::collections::BTreeSet;

/// Statements that break a store, the check that must find it, and what it must say.
const DAMAGES: &[(&[&str], &str, &str)] = &[
    (
        &["update organizations set change_seq = 0"],
        "change_sequence",
        "has the change number 1, the last one given out is 0",
    ),
    (
        &["update data_rows set change_seq = 99 where row_key = 3"],
        "change_sequence",
        "data row r000000000000000000000003 has",
    ),
    (
        &["update project_rows set change_seq = 99 where row_key = 3"],
        "change_sequence",
        "in project j000000000000000000000001",
    ),
    (&["update run_rows set change_seq = 99 where row_key = 3"], "change_sequence", "in model run run-1, the last"),
    (
        &[
            "insert into tombstones (org_key, scope, scope_key, change_seq, row_key, row_id) values (1, 'dataset', 1, 99, 1, 'x')",
        ],
        "change_sequence",
        "data row x left a dataset with the change number 99",
    ),
    (
        &["update data_rows set head = '\"id\":' where row_key = 3"],
        "data_rows",
        "data row r000000000000000000000003: head is not JSON",
    ),
    (&["update data_rows set details = '\"a\": 1' where row_key = 12"], "data_rows", "details is not in normal form"),
    (&["update data_rows set media = '[]' where row_key = 3"], "data_rows", "media_attributes is an array"),
    (&["update data_rows set rest = '}' where row_key = 3"], "data_rows", "the rest is not JSON"),
    (
        &["update data_rows set external_id = 'x' where row_key = 3"],
        "data_rows",
        "external_id is Some(\"img/3\") in its text and Some(\"x\")",
    ),
    (
        &["update data_rows set global_key = null where row_key = 3"],
        "data_rows",
        "global_key is Some(\"cam-a-3\") in its text and None",
    ),
    (
        &["update data_rows set activity_ms = 1 where row_key = 3"],
        "data_rows",
        "last_activity_at is Some(1740960000000) in its text and Some(1)",
    ),
    (&["update data_rows set created_ms = null where row_key = 3"], "data_rows", "created_at is"),
    (
        &["update data_rows set updated_ms = 5 where row_key = 12"],
        "data_rows",
        "updated_at is None in its text and Some(5)",
    ),
    (&["update data_rows set known = 0 where row_key = 1"], "data_rows", "it has embeddings that no export shows"),
    (
        &["update projects set tags = '{}' where project_key = 1"],
        "definitions",
        "project j000000000000000000000001: project_tags is an object",
    ),
    (
        &["update ontologies set normalized = '{' where ontology_key = 1"],
        "definitions",
        "ontology y000000000000000000000001: its definition is not JSON",
    ),
    (
        &["update labels set created_ms = 1 where row_key = 3"],
        "labels",
        "label l000000000000000000000003 of data row r000000000000000000000003 in project j000000000000000000000001: created_at is",
    ),
    (
        &["update kept_counts set value = value + 1 where kind = 'dataset' and scope_key = 1"],
        "kept_counts",
        "the count of the dataset with the key 1 is 7, and 6 are there",
    ),
    (
        &["delete from kept_counts where kind = 'labels' and scope_key = 2"],
        "kept_counts",
        "the count of the labels with the key 2 is 0, and 1 are there",
    ),
    (
        // As many entries as labels, one of which leads nowhere while one label that is in no project has none.
        &[
            "delete from project_rows where row_key = 3",
            "delete from label_ids where row_key = 3",
            "insert into label_ids (id, project_key, row_key) values ('stray', 1, 3)",
        ],
        "look_ups",
        "the look-up by label id knows label stray, which is not there",
    ),
    (&["update labels set has_masks = 1 where row_key = 3"], "labels", "it is marked as having masks"),
    (
        &["update labels set tally = substr(tally, 1, 0) where row_key = 3"],
        "labels",
        "its counts are not those of its annotations",
    ),
    (&["update labels set annotations = '{}' where row_key = 3"], "labels", "its counts are not those"),
    (&["update labels set annotations = 'null' where row_key = 3"], "labels", "annotations is null"),
    (&["update labels set details = '{\"a\":1,\"a\":2}' where row_key = 3"], "labels", "label_details is not JSON"),
    (&["update labels set performance = '' where row_key = 3"], "labels", "performance_details is not JSON"),
    (&["update labels set rest = '\"z\"' where row_key = 3"], "labels", "the rest is not JSON"),
    (
        &["update labels set head = '' where row_key = 3"],
        "labels",
        "id is None in its text and Some(\"l000000000000000000000003\")",
    ),
    (
        &["delete from label_features where row_key = 3"],
        "labels",
        "feature car: 4 rows have labels with it, the look-up by feature has 3",
    ),
    (
        &["update label_features set row_key = 1 where row_key = 3"],
        "labels",
        "4 rows have labels with it, the look-up by feature has 4, and they are not the same",
    ),
    (
        &["delete from row_ids where row_key = 3"],
        "look_ups",
        "data row r000000000000000000000003 is not in the look-up by id",
    ),
    (
        &["update row_ids set row_key = 4 where row_key = 3"],
        "look_ups",
        "the look-up by id knows data row r000000000000000000000003, which",
    ),
    (
        &["delete from global_keys where row_key = 3"],
        "look_ups",
        "has the global key cam-a-3, which is not in the look-up",
    ),
    (
        &["insert into global_keys (org_key, global_key, row_key) values (1, 'x', 3)"],
        "look_ups",
        "the look-up by global key knows x",
    ),
    (
        &["delete from label_ids where row_key = 3"],
        "look_ups",
        "label l000000000000000000000003 of data row r000000000000000000000003 is not in the look-up",
    ),
    (
        &["update label_ids set project_key = 2 where row_key = 3"],
        "look_ups",
        "the look-up by label id knows label l000000000000000000000003",
    ),
    (
        &["update labels set ordinal = 1 where row_key = 3"],
        "order",
        "the labels of data row r000000000000000000000003 in project j000000000000000000000001 have a gap",
    ),
    (
        &["update run_labels set ordinal = 2 where row_key = 3"],
        "order",
        "the labels of data row r000000000000000000000003 in model run run-1 have a gap",
    ),
    (
        &["delete from attachments where ordinal = 0"],
        "order",
        "the attachments of data row r000000000000000000000001 have a gap",
    ),
    (
        &["update metadata set ordinal = 1 where row_key = 8"],
        "order",
        "the metadata of data row r000000000000000000000008 have a gap",
    ),
    (
        &["update row_embeddings set ordinal = 1"],
        "order",
        "the embeddings of data row r000000000000000000000001 have a gap",
    ),
    (
        &["update project_rows set status = 0 where row_key = 3"],
        "project_rows",
        "data row r000000000000000000000003 in project j000000000000000000000001: workflow_status is Some(2) in its text and Some(0)",
    ),
    (
        &["update project_rows set priority = null where row_key = 3"],
        "project_rows",
        "priority is Some(5) in its text and None",
    ),
    (
        &["update project_rows set batch_key = 2 where row_key = 3"],
        "project_rows",
        "batch_id is Some(\"batch-1\") in its text and Some(\"batch-2\")",
    ),
    (&["update project_rows set details = '7' where row_key = 3"], "project_rows", "project_details is a number"),
    (&["update project_rows set rest = ',' where row_key = 3"], "project_rows", "the rest is not JSON"),
    (
        &["delete from data_rows where row_key = 3"],
        "references",
        "project j000000000000000000000001 has a data row (key 3) that is not there",
    ),
    (
        &["delete from data_rows where row_key = 3"],
        "references",
        "model run run-1 has a data row (key 3) that is not there",
    ),
    (&["delete from data_rows where row_key = 3"], "references", "a metadata value belongs to a data row (key 3)"),
    (&["delete from data_rows where row_key = 1"], "references", "an attachment belongs to a data row (key 1)"),
    (&["delete from data_rows where row_key = 1"], "references", "an embedding belongs to a data row (key 1)"),
    (
        &["update data_rows set org_key = 7 where row_key = 3"],
        "references",
        "data row r000000000000000000000003 belongs to an organization",
    ),
    (&["delete from datasets where dataset_key = 1"], "references", "belongs to a dataset (key 1) that is not there"),
    (
        &["delete from metadata_schemas"],
        "references",
        "a metadata value of data row r000000000000000000000001 has a schema",
    ),
    (&["delete from embeddings"], "references", "data row r000000000000000000000001 has values of an embedding"),
    (
        &["delete from projects where project_key = 2"],
        "references",
        "data row r000000000000000000000005 is in a project (key 2)",
    ),
    (
        &["delete from batches where batch_key = 1"],
        "references",
        "data row r000000000000000000000001 is in a batch (key 1)",
    ),
    (&["delete from workflow_tasks"], "references", "data row r000000000000000000000001 is in a workflow task"),
    (&["delete from ontologies"], "references", "project j000000000000000000000001 has an ontology"),
    (&["delete from ontologies"], "references", "feature f000000000000000000000001 belongs to an ontology"),
    (
        &["delete from project_rows where row_key = 3"],
        "references",
        "label l000000000000000000000003 belongs to a project (key 1) that its data row (key 3)",
    ),
    (
        &["delete from project_rows where row_key = 3"],
        "references",
        "the look-up by feature (key 1) names a project (key 1)",
    ),
    (
        &["delete from feature_schemas where feature_key = 1"],
        "references",
        "the look-up by feature has a feature (key 1)",
    ),
    (&["delete from project_rows where row_key = 5"], "references", "issue issue belongs to a project"),
    (&["delete from issues"], "references", "comment comment belongs to an issue"),
    (&["delete from items where id = 'category'"], "references", "issue issue has a category (category)"),
    (
        &["update items set parent = 'nowhere' where id = 'category'"],
        "references",
        "the issue_category category belongs to a project (nowhere)",
    ),
    (
        &["update items set name = 'nobody' where id = 'membership'"],
        "references",
        "the membership membership is of a user (nobody)",
    ),
    (&["delete from items where id = 'nightly'"], "references", "belongs to a schedule (nightly) that is not there"),
    (
        &["delete from items where id = 'config'"],
        "references",
        "the model model of a project has a configuration (config)",
    ),
    (&["update items set body = '[]' where id = 'config'"], "definitions", "item config: its definition is an array"),
    (
        &["update datasets set deleted_ms = 1 where name = 'set 1'"],
        "references",
        "data row r000000000000000000000001 belongs to dataset d000000000000000000000001, which was deleted",
    ),
    (
        &["update projects set deleted_ms = 1 where project_key = 1"],
        "references",
        "data row r000000000000000000000001 is in project j000000000000000000000001, which was deleted",
    ),
    (
        &["update models set deleted_ms = 1"],
        "references",
        "data row r000000000000000000000005 is in model run run-2, which was deleted",
    ),
    (
        &["update model_runs set deleted_ms = 1 where id = 'run-1'"],
        "references",
        "data row r000000000000000000000001 is in model run run-1, which was deleted",
    ),
    (&["delete from users"], "references", "API key key-1 belongs to a user (key 1) who is not there"),
    (
        &["delete from data_rows where row_key = 9"],
        "references",
        "an asset belongs to a data row (key 9) that is not there",
    ),
    (&["delete from files where id = 'file-1'"], "references", "the mask /a/1 is in a file (file-1) that is not there"),
    (
        &["delete from tasks where kind = 'row-import'"],
        "references",
        "row 0 of a task belongs to a task (key 1) that is not there",
    ),
    (
        &["delete from tasks where kind = 'annotation-import'"],
        "references",
        "annotation import import-1 belongs to a task (t000000000000000000000002) that is not there",
    ),
    (
        &["delete from projects where project_key = 1"],
        "references",
        "annotation import import-1 goes into a project (key 1) that is not there",
    ),
    (
        &["delete from model_runs where run_key = 2"],
        "references",
        "annotation import import-2 goes into a model run (key 2) that is not there",
    ),
    (
        &["delete from files where id = 'file-2'"],
        "references",
        "annotation import import-1 has its statuses in a file (file-2) that is not there",
    ),
    (
        &["delete from files where id = 'file-3'"],
        "references",
        "annotation import import-1 has its failures in a file (file-3) that is not there",
    ),
    (&["delete from models"], "references", "model run run-1 belongs to a model"),
    (&["delete from model_runs"], "references", "data row r000000000000000000000001 is in a model run (key 1)"),
    (
        &["delete from run_rows where row_key = 3"],
        "references",
        "label p000000000000000000000003 belongs to a model run (key 1)",
    ),
    (
        &["update counters set value = 11 where name = 'row_key'"],
        "row_keys",
        "data row r000000000000000000000012 has the key 12, the last one given out is 11",
    ),
    (&["delete from counters where name = 'row_key'"], "row_keys", "the last one given out is 0"),
    (
        &["update attachments set json = '[' where ordinal = 1"],
        "row_lists",
        "data row r000000000000000000000001: an attachment is not JSON",
    ),
    (
        &["update metadata set json = '3' where row_key = 3"],
        "row_lists",
        "data row r000000000000000000000003: a metadata value is a number",
    ),
    (
        &["update attachments set id = 'x' where ordinal = 1"],
        "row_lists",
        "data row r000000000000000000000001: id is None in its text and Some(\"x\") in its column",
    ),
    (&["update row_embeddings set json = 'x'"], "row_lists", "an embedding is not JSON"),
    (
        &["update run_labels set has_masks = 1 where row_key = 3"],
        "run_labels",
        "label p000000000000000000000003 of data row r000000000000000000000003 in model run run-1: it is marked",
    ),
    (&["update run_labels set annotations = '[' where row_key = 3"], "run_labels", "annotations is not JSON"),
    (
        &["update run_labels set id = 'x' where row_key = 3"],
        "run_labels",
        "id is Some(\"p000000000000000000000003\") in its text and Some(\"x\")",
    ),
    (
        &["update run_rows set split = 2 where row_key = 3"],
        "run_rows",
        "data row r000000000000000000000003 in model run run-1: split is Some(1) in its text and Some(2)",
    ),
    (&["update run_rows set known = 1 where row_key = 3"], "run_rows", "it has predictions that no export shows"),
    (&["update run_rows set head = '{' where row_key = 3"], "run_rows", "the head is not JSON"),
    (&["update run_rows set model_rest = '1' where row_key = 3"], "run_rows", "the model's rest is not JSON"),
];

/// What the engines find themselves is looked for in their own modules.
const ELSEWHERE: &[&str] = &["database"];

/// What a server keeps in addition to the rows: a key, files with a mask and statuses, an asset, imports.
const OF_A_SERVER: &[&str] = &[
    "insert into users (user_key, org_key, id, email, role, created_ms) values (1, 1, 'user-1', 'a@b', 'Admin', 1)",
    "insert into api_keys (org_key, user_key, id, name, hash, hint, role, created_ms) \
     values (1, 1, 'key-1', 'laptop', 'ab', 'cd', 'Admin', 1)",
    "insert into files (org_key, id, name, size_bytes, sha256, created_ms) \
     values (1, 'file-1', '', 0, '', 1), (1, 'file-2', '', 0, '', 1), (1, 'file-3', '', 0, '', 1)",
    "insert into masks (place, org_key, file_id) values ('/a/1', 1, 'file-1')",
    "insert into assets (row_key, state) values (9, 0)",
    "insert into tasks (task_key, org_key, id, kind, name, status, request, created_ms) values \
     (1, 1, 't000000000000000000000001', 'row-import', '', 'COMPLETE', '{}', 1), \
     (2, 1, 't000000000000000000000002', 'annotation-import', '', 'COMPLETE', '{}', 1)",
    "insert into task_rows (task_key, ordinal, row_id) values (1, 0, 'r000000000000000000000001')",
    "insert into annotation_imports (org_key, id, task_id, kind, parent_key, name, state, input_url, status_file, \
     error_file, created_ms) values \
     (1, 'import-1', 't000000000000000000000002', 'label', 1, 'one', 'FINISHED', '', 'file-2', 'file-3', 1), \
     (1, 'import-2', 't000000000000000000000002', 'prediction', 2, 'two', 'RUNNING', '', null, null, 1)",
];

fn fill(store: &labelport_store::Store) {
    merge(store, &twelve());
    for sql in OF_A_SERVER {
        run(store, sql);
    }
    let org_key = store.org_key();
    store
        .write(move |connection| {
            let issue = NewIssue {
                id: "issue".to_owned(),
                project_id: ProjectId::parse("j000000000000000000000001").unwrap(),
                row_id: DataRowId::parse("r000000000000000000000005").unwrap(),
                label_id: Some(LabelId::parse("l000000000000000000000005").unwrap()),
                category_id: Some("category".to_owned()),
                content: String::new(),
                position: None,
                created_by: String::new(),
                // Earlier than what has happened, so that row 5 stays as it is.
                now: now().plus_millis(-100_000_000_000),
            };
            let project_id = issue.project_id.as_str().to_owned();
            let item = |id: &str, parent: &str, name: &str| Item {
                id: id.to_owned(),
                parent: parent.to_owned(),
                name: name.to_owned(),
                body: "{}".to_owned(),
                created_by: String::new(),
                created: now(),
                updated: now(),
            };
            connection.execute(
                "insert into users (user_key, org_key, id, email, role, created_ms) values (2, $1, 'user', 'u@example.com', 'None', 0)",
                &[org_key.into()],
            )?;
            for (kind, item) in [
                (ItemKind::IssueCategory, item("category", &project_id, "size")),
                (ItemKind::Membership, item("membership", &project_id, "user")),
                (ItemKind::ModelConfig, item("config", "", "small")),
                (ItemKind::ProjectModelConfig, item("model", &project_id, "config")),
                (ItemKind::Schedule, item("nightly", "", "nightly")),
            ] {
                items::create(connection, org_key, kind, &item)?;
            }
            schedule_runs::create(connection, "nightly", now(), now())?;
            issues::create(connection, org_key, &issue)?;
            let comment = NewComment {
                id: "comment".to_owned(),
                issue_id: "issue".to_owned(),
                content: String::new(),
                created_by: String::new(),
                now: issue.now,
            };
            issues::comment(connection, org_key, &comment)
        })
        .unwrap();
}

#[test]
fn each_kind_of_damage_is_found() {
    for (engine, open) in ENGINES {
        let Some(test) = open() else { continue };
        fill(&test.store);
        assert_eq!(findings(&test.store), Vec::<String>::new());
        for (statements, check, text) in DAMAGES {
            let found = found_after(&test.store, statements);
            let is_told =
                found.iter().any(|finding| finding.starts_with(&format!("{check}: ")) && finding.contains(text));
            assert!(is_told, "{engine}: {statements:?} must give {check}: … {text}\nfound: {found:#?}");
        }
        assert_eq!(findings(&test.store), Vec::<String>::new(), "the damage was taken back");
        let tested: BTreeSet<&str> =
            DAMAGES.iter().map(|(_, check, _)| *check).chain(ELSEWHERE.iter().copied()).collect();
        assert!(CHECKS.iter().map(|check| check.name).eq(tested), "a check without damage to find");
    }
}

/// Breaks a store, looks at it, and takes the damage back.
fn found_after(store: &labelport_store::Store, statements: &'static [&'static str]) -> Vec<String> {
    let org_key = store.org_key();
    let (send, receive) = std::sync::mpsc::channel();
    let outcome = store.write(move |connection| {
        for sql in statements {
            assert!(connection.execute(sql, &[])? > 0, "{sql} changes nothing");
        }
        let found = check::check(connection, org_key, &mut |_| {})?;
        send.send(found).unwrap();
        Err::<(), _>(labelport_store::StoreError::Withdrawn)
    });
    assert!(matches!(outcome, Err(labelport_store::StoreError::Withdrawn)), "{statements:?}: {outcome:?}");
    let found = receive.recv().unwrap();
    found.into_iter().map(|finding| format!("{}: {}", finding.check, finding.message)).collect()
}

#[test]
fn twenty_are_listed_and_the_rest_is_counted() {
    for (_, open) in ENGINES {
        let Some(test) = open() else { continue };
        merge(&test.store, &twelve());
        for number in 0..30 {
            let sql = "insert into global_keys (org_key, global_key, row_key) values (1, 'x";
            run(&test.store, &format!("{sql}{number:02}', 1)"));
        }
        let found = findings(&test.store);
        assert_eq!(found.len(), 21, "{found:#?}");
        assert_eq!(found[19], "look_ups: the look-up by global key knows x19, which no data row has");
        assert_eq!(found[20], "look_ups: and 10 more");
        assert_eq!(count(&test.store, "global_keys"), 39);
    }
}

#[test]
fn every_check_is_announced() {
    for (_, open) in ENGINES {
        let Some(test) = open() else { continue };
        let mut names = Vec::new();
        let mut reader = test.store.reader().unwrap();
        check::check(&mut *reader, test.store.org_key(), &mut |name| names.push(name)).unwrap();
        assert!(CHECKS.iter().map(|check| check.name).eq(names));
    }
}
