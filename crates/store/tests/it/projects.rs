//! Projects with their queues, batches and labels.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{BOAT, CAR, boxed, change_seq, id, key, label, line, look, merge, peek, rows_with, twelve, write};
use labelport_model::time::Timestamp;
use labelport_store::tables::labels::{self, LabelOrder, LabelOrderBy, ListLabels};
use labelport_store::tables::projects::{self, NewBatch, NewProject, Project};

const CONTRACTS: &[Contract] = &[
    ("a project comes back and changes", a_project_comes_back_and_changes),
    ("the last activity is that of its rows", the_last_activity_is_that_of_its_rows),
    ("another ontology is said in every row", another_ontology_is_said_in_every_row),
    ("queues keep the order of the workflow", queues_keep_the_order_of_the_workflow),
    ("a batch has a name of its own in its project", a_batch_has_a_name_of_its_own),
    ("labels are listed as they were created", labels_are_listed_as_they_were_created),
    ("a label is found where it is", a_label_is_found_where_it_is),
];

#[test]
fn contracts_of_projects() {
    hold(CONTRACTS);
}

fn find(test: &TestStore, id: &str) -> Option<Project> {
    peek(&test.store, |connection| projects::find(connection, test.store.org_key(), id))
}

fn project_1(test: &TestStore) -> Project {
    find(test, &id("j", 1)).unwrap()
}

fn a_project_comes_back_and_changes(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let new = NewProject {
        id: id("j", 9),
        name: "it's \"new\"".to_owned(),
        description: None,
        media_type: Some("IMAGE".to_owned()),
        settings: "{}".to_owned(),
        created_by: Some(3),
        now: now(),
    };
    let created = new.clone();
    let key = write(&test.store, move |connection| projects::create(connection, org_key, &created));
    let mut project = find(test, &new.id).unwrap();
    let expect = Project {
        key,
        id: new.id,
        name: new.name,
        description: None,
        media_type: new.media_type,
        ontology_key: None,
        ontology_id: None,
        settings: Some("{}".to_owned()),
        created_by: Some(3),
        created: now(),
        updated: now(),
    };
    assert_eq!(project, expect);
    project.name = "renamed".to_owned();
    project.description = Some("what for".to_owned());
    project.ontology_key = project_1(test).ontology_key;
    project.ontology_id = Some(id("y", 1));
    project.updated = now().plus_millis(9);
    let changed = project.clone();
    write(&test.store, move |connection| projects::update(connection, &changed, now().plus_millis(9)));
    assert_eq!(peek(&test.store, |connection| projects::find_by_key(connection, org_key, key)), Some(project));
    assert_eq!(peek(&test.store, |connection| projects::find(connection, org_key + 1, &id("j", 9))), None);
    let listed = peek(&test.store, |connection| projects::list(connection, org_key));
    assert_eq!(listed.into_iter().map(|each| each.id).collect::<Vec<_>>(), [id("j", 1), id("j", 2), id("j", 9)]);
    write(&test.store, move |connection| projects::mark_deleted(connection, key, now()));
    assert_eq!(find(test, &id("j", 9)), None);
    let before = change_seq(&test.store);
    let key = project_1(test).key;
    write(&test.store, move |connection| projects::touch_rows(connection, org_key, key));
    assert_eq!(rows_with(&test.store, "data_rows", before + 1), [1, 2, 3, 4, 5, 6]);
    assert_eq!(rows_with(&test.store, "project_rows", before + 1), [1, 2, 3, 4, 5, 6]);
    assert_eq!(rows_with(&test.store, "run_rows", before + 1), [1, 2, 3, 4, 5]);
}

fn the_last_activity_is_that_of_its_rows(test: &TestStore) {
    // More rows of others than are looked through first, each with a later activity.
    let later = |number: usize| {
        let details = format!(r#","details":{{"last_activity_at":"2025-09-01T00:00:{:02}.000+00:00"}}"#, number % 60);
        line(100 + number, &details, &[])
    };
    merge(&test.store, &twelve());
    let find = |key| peek(&test.store, |connection| projects::find_activity(connection, key));
    let expect = Timestamp::parse_export("2025-03-06T00:00:00.000+00:00").unwrap().as_millis();
    let key = project_1(test).key;
    assert_eq!(find(key), Some(expect));
    merge(&test.store, &(0..1_100).map(later).collect::<Vec<_>>());
    assert_eq!(find(key), Some(expect));
    assert_eq!(find(99), None);
    assert_eq!(peek(&test.store, |connection| projects::count_rows(connection, key)), 6);
}

fn another_ontology_is_said_in_every_row(test: &TestStore) {
    merge(&test.store, &twelve());
    let (org_key, key) = (test.store.org_key(), project_1(test).key);
    let mut project = project_1(test);
    project.ontology_key = find(test, &id("j", 2)).unwrap().ontology_key;
    write(&test.store, move |connection| {
        projects::update(connection, &project, now())?;
        projects::rename_ontology_in_rows(connection, org_key, key, &id("y", 2))
    });
    assert_eq!(rows_with(&test.store, "project_rows", 2), [1, 2, 3, 4, 5, 6]);
    let details =
        look(&test.store, &format!("select details from project_rows where row_key = 3 and project_key = {key}"));
    let details = details.unwrap();
    assert!(details.starts_with(&format!(r#"{{"ontology_id":"{}","task_name":"a task","#, id("y", 2))), "{details}");
    write(&test.store, move |connection| projects::rename_ontology_in_rows(connection, org_key, 99, &id("y", 2)));
    assert_eq!(change_seq(&test.store), 2, "no row, no change");
}

fn queues_keep_the_order_of_the_workflow(test: &TestStore) {
    merge(&test.store, &twelve());
    let key = project_1(test).key;
    for (queue, name) in [("q2", "second"), ("q1", "first")] {
        write(&test.store, move |connection| projects::create_queue(connection, key, queue, name, "A_QUEUE"));
    }
    let queues = peek(&test.store, |connection| projects::list_queues(connection, key));
    let seen: Vec<_> = queues.iter().map(|queue| (queue.id.as_str(), queue.name.as_str())).collect();
    assert_eq!(seen, [("q2", "second"), ("q1", "first")], "a task without an id is no queue");
    assert_eq!(queues[0].queue_type.as_deref(), Some("A_QUEUE"));
    let moved = line(
        3,
        "",
        &[format!(r#""projects":{{"{}":{{"project_details":{{"task_id":"q1","task_name":"first"}}}}}}"#, id("j", 1))],
    );
    merge(&test.store, &[moved]);
    let counts = peek(&test.store, |connection| projects::count_by_queue(connection, key));
    assert_eq!(counts.get(&queues[1].key), Some(&1));
    assert_eq!((counts.get(&queues[0].key), counts.values().sum::<i64>()), (None, 6));
}

fn a_batch_has_a_name_of_its_own(test: &TestStore) {
    merge(&test.store, &twelve());
    let [one, two] = [1, 2].map(|number| find(test, &id("j", number)).unwrap().key);
    let create = |project_key, id: &str, name: &str| {
        let new = NewBatch {
            project_key,
            id: id.to_owned(),
            name: name.to_owned(),
            consensus: Some(r#"{"number_of_labels":2}"#.to_owned()),
            priority: Some(3),
            created_by: Some(1),
            now: now(),
        };
        write(&test.store, move |connection| projects::create_batch(connection, &new))
    };
    assert!(create(one, "b-a", "march"));
    assert!(!create(one, "b-b", "march") && !create(one, "b-b", "batch 1"), "the names are taken");
    assert!(create(two, "b-a", "march"), "another project has names of its own");
    let found = peek(&test.store, |connection| projects::find_batch(connection, one, "b-a")).unwrap();
    assert_eq!((found.name.as_str(), found.size, found.created, found.created_by), ("march", 0, now(), Some(1)));
    assert_eq!(found.consensus.as_deref(), Some(r#"{"number_of_labels":2}"#));
    let org_key = test.store.org_key();
    let by_id = |org_key, id: &str| {
        peek(&test.store, |connection| projects::find_batch_by_id(connection, org_key, id))
            .map(|batch| batch.project_key)
    };
    assert_eq!((by_id(org_key, "b-a"), by_id(org_key, "batch-3")), (Some(one), Some(two)));
    assert_eq!((by_id(org_key, "march"), by_id(org_key + 1, "b-a")), (None, None));
    let listed = peek(&test.store, |connection| projects::list_batches(connection, one));
    let seen: Vec<_> = listed.iter().map(|batch| (batch.id.as_str(), batch.size)).collect();
    assert_eq!(seen, [("batch-1", 3), ("batch-2", 3), ("b-a", 0)]);
    let rows = peek(&test.store, |connection| projects::list_batch_rows(connection, listed[0].key));
    assert_eq!(rows, [(1, 0), (2, 1), (3, 1)]);
    write(&test.store, move |connection| projects::delete_batch(connection, found.key));
    assert_eq!(peek(&test.store, |connection| projects::find_batch(connection, one, "b-a")), None);
    assert!(peek(&test.store, |connection| projects::find_batch(connection, two, "b-a")).is_some());
    assert_eq!(peek(&test.store, |connection| projects::list_unlabeled(connection, one)), [1]);
    let row = peek(&test.store, |connection| projects::find_row(connection, one, 4)).unwrap();
    assert_eq!((row.row_key, row.batch_key), (4, Some(listed[1].key)));
    assert!(row.details.unwrap().contains("IN_") || row.batch_key.is_some());
    assert_eq!(peek(&test.store, |connection| projects::find_row(connection, one, 7)), None);
}

fn labels_are_listed_as_they_were_created(test: &TestStore) {
    // Row 1 has the second and the third, row 2 the first and the fourth.
    let in_row = |row: usize, labels: &[(usize, u8)]| {
        let labels: Vec<String> = labels
            .iter()
            .map(|(number, day)| {
                label(
                    *number,
                    &format!("2025-04-{day:02}T00:00:00.000+00:00"),
                    &[boxed(CAR, "car"), boxed(BOAT, "boat")],
                )
            })
            .collect();
        let project = format!(r#""{}":{{"name":"project","labels":[{}]}}"#, id("j", 1), labels.join(","));
        let details = format!(r#","details":{{"dataset_id":"{}","dataset_name":"set"}}"#, id("d", row));
        line(row, &details, &[format!(r#""projects":{{{project}}}"#)])
    };
    merge(&test.store, &[in_row(1, &[(3, 5), (2, 4)]), in_row(2, &[(1, 3), (4, 6)])]);
    let key = project_1(test).key;
    let check = |datasets: Option<&[usize]>, skip, limit, expect: &[usize]| {
        let dataset_ids = datasets.map(|numbers| numbers.iter().map(|number| id("d", *number)).collect());
        let which = ListLabels { dataset_ids, skip, limit, ..ListLabels::default() };
        let listed = peek(&test.store, |connection| labels::list(connection, key, &which));
        let ids: Vec<_> = listed.into_iter().map(|label| label.id).collect();
        assert_eq!(ids, expect.iter().map(|number| id("l", *number)).collect::<Vec<_>>(), "{which:?}");
    };
    check(None, 0, 10, &[1, 2, 3, 4]);
    check(None, 1, 2, &[2, 3]);
    check(None, 4, 2, &[]);
    check(Some(&[1]), 0, 10, &[2, 3]);
    check(Some(&[2]), 1, 10, &[4]);
    check(Some(&[1, 2, 3]), 0, 10, &[1, 2, 3, 4]);
    check(Some(&[]), 0, 10, &[]);
    let ordered = |by, is_descending, skip, limit, created_by: Option<&str>| {
        let created_by = created_by.map(str::to_owned);
        let which =
            ListLabels { order: LabelOrder { by, is_descending }, created_by, skip, limit, ..ListLabels::default() };
        let listed = peek(&test.store, |connection| labels::list(connection, key, &which));
        let number = |label: labels::Label| (1..=4).find(|number| id("l", *number) == label.id).unwrap();
        listed.into_iter().map(number).collect::<Vec<usize>>()
    };
    assert_eq!(ordered(LabelOrderBy::Created, true, 0, 10, None), [4, 3, 2, 1]);
    assert_eq!(ordered(LabelOrderBy::Created, true, 1, 2, None), [3, 2]);
    assert_eq!(ordered(LabelOrderBy::Created, false, 0, 10, Some("nobody@example.test")), [0; 0]);
    for by in [LabelOrderBy::Updated, LabelOrderBy::Seconds, LabelOrderBy::Consensus, LabelOrderBy::Benchmark] {
        assert_eq!(ordered(by, false, 1, 2, None), [2, 3], "{by:?}: what is equal is in the order of creation");
    }
    assert_eq!(peek(&test.store, |connection| labels::count(connection, key)), 4);
    let listed = peek(&test.store, |connection| labels::list_of_row(connection, test.store.org_key(), 1));
    assert_eq!(listed.iter().map(|label| label.id.clone()).collect::<Vec<_>>(), [id("l", 3), id("l", 2)]);
    assert!(listed[0].head.contains(&id("l", 3)) && listed[0].annotations.starts_with(r#"{"objects":["#));
    assert!(listed[0].details.is_some() && listed[0].performance.is_some());
}

fn a_label_is_found_where_it_is(test: &TestStore) {
    merge(&test.store, &twelve());
    let org_key = test.store.org_key();
    let find = |id: &str| {
        let found = peek(&test.store, |connection| labels::find(connection, org_key, id));
        found.map(|label| (label.project_key, label.row_key))
    };
    let [one, two] = ["project 1", "project 2"]
        .map(|name| key(&test.store, &format!("select project_key from projects where name = '{name}'")));
    assert_eq!(find(&id("l", 5)), Some((one, 5)));
    assert_eq!(find(&id("l", 105)), Some((two, 5)));
    assert_eq!(find(&id("l", 1)), None);
    let listed = peek(&test.store, |connection| labels::list_of_row(connection, org_key, 5));
    assert_eq!(listed.iter().map(|label| label.project_key).collect::<Vec<_>>(), [one, two]);
    assert_eq!(peek(&test.store, |connection| labels::find(connection, org_key + 1, &id("l", 5))), None);
}
