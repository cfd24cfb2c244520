//! Merging: what a line says replaces, what it does not say stays, and what contradicts is refused whole.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{BOAT, CAR, boxed, count, id, label, line, look, merge, read, twelve};
use labelport_model::row::Row;
use labelport_store::write::merge::{Merger, Refusal, Verdict};
use labelport_store::{Connection, StoreError};
use std::sync::{Arc, Mutex};

const CONTRACTS: &[Contract] = &[
    ("rows are created once", rows_are_created_once),
    ("each change of a row is seen", each_change_of_a_row_is_seen),
    ("what a line does not say stays", what_a_line_does_not_say_stays),
    ("lists are replaced", lists_are_replaced),
    ("a refused row writes nothing", a_refused_row_writes_nothing),
    ("a row that changes dataset leaves a tombstone", a_row_that_changes_dataset_leaves_a_tombstone),
    ("a change is numbered in every scope", a_change_is_numbered_in_every_scope),
    ("a new name is numbered in every row that shows it", a_new_name_is_numbered_in_every_row_that_shows_it),
    ("a null takes a global key away", a_null_takes_a_global_key_away),
    ("a merger forgets what was taken back", a_merger_forgets_what_was_taken_back),
    ("lists that become known are known", lists_that_become_known_are_known),
    ("rows merged together are as merged one by one", rows_merged_together_are_as_merged_one_by_one),
];

#[test]
fn contracts_of_merging() {
    hold(CONTRACTS);
}

fn rows_are_created_once(test: &TestStore) {
    assert_eq!(merge(&test.store, &twelve()), vec![Verdict::Created; 12]);
    let before = look(&test.store, "select change_seq from organizations");
    assert_eq!(merge(&test.store, &twelve()), vec![Verdict::Unchanged; 12]);
    assert_eq!(look(&test.store, "select change_seq from organizations"), before, "nothing was changed");
    assert_eq!(count(&test.store, "data_rows"), 12);
    assert_eq!(count(&test.store, "labels"), 6);
    assert_eq!(count(&test.store, "projects"), 2);
    assert_eq!(count(&test.store, "datasets"), 2);
    assert_eq!(count(&test.store, "batches"), 3);
    assert_eq!(count(&test.store, "model_runs"), 2);
    assert_eq!(count(&test.store, "run_labels"), 5);
}

/// Row 5 as it is among the twelve, with one text in the place of another.
fn row_5(from: &str, to: &str) -> String {
    let text = twelve().remove(4);
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn each_change_of_a_row_is_seen(test: &TestStore) {
    merge(&test.store, &twelve());
    for (from, to) in [
        ("5.jpg", "5b.jpg"),
        (r#""external_id":"img/5""#, r#""external_id":"img/5b""#),
        (r#""global_key":"cam-b-5""#, r#""global_key":"cam-c-5""#),
        ("2025-01-05", "2025-01-25"),
        ("2025-03-05", "2025-03-25"),
        (r#""height":10"#, r#""height":10.0"#),
        ("2025-06-05", "2025-06-25"),
        (r#""workflow_status":"DONE""#, r#""workflow_status":"IN_REVIEW""#),
        (r#""priority":5"#, r#""priority":4"#),
        ("batch-2", "batch-3"),
        ("2025-04-05", "2025-04-25"),
        (r#""skipped":false"#, r#""skipped":true"#),
        (r#""top":1.0"#, r#""top":1.00"#),
        (r#""split":"Test""#, r#""split":"Training""#),
        (r#""run_data_row_id":"x5""#, r#""run_data_row_id":"y5""#),
        (r#""predictions":["#, r#""annotation_group_id":"g","predictions":["#),
        (r#""project_tags":[]"#, r#""project_tags":[],"more":{"a":1}"#),
        (r#""media_attributes":"#, r#""unheard_of":[1,2],"media_attributes":"#),
    ] {
        let changed = row_5(from, to);
        assert_eq!(merge(&test.store, std::slice::from_ref(&changed)), [Verdict::Changed], "{to}");
        assert_eq!(merge(&test.store, &[changed]), [Verdict::Unchanged], "{to}");
    }
}

fn what_a_line_does_not_say_stays(test: &TestStore) {
    merge(&test.store, &twelve());
    let bare: Vec<String> = (1..=12).map(|number| line(number, "", &[])).collect();
    assert_eq!(merge(&test.store, &bare), vec![Verdict::Unchanged; 12]);
    let half = line(5, "", &[format!(r#""projects":{{"{}":{{}}}}"#, id("j", 1))]);
    assert_eq!(merge(&test.store, &[half]), [Verdict::Unchanged]);
    let label = format!(
        r#"{{"id":"{}","annotations":{{"objects":[{}],"classifications":[],"relationships":[]}}}}"#,
        id("l", 5),
        boxed(CAR, "car")
    );
    let label_alone = line(5, "", &[format!(r#""projects":{{"{}":{{"labels":[{label}]}}}}"#, id("j", 1))]);
    assert_eq!(merge(&test.store, &[label_alone]), [Verdict::Changed]);
    let details = look(&test.store, "select details from labels where id = 'l000000000000000000000005'");
    assert_eq!(details.as_deref(), Some(r#"{"created_at":"2025-04-05T00:00:00.000+00:00","reviews":[]}"#));
}

fn in_project_1(number: usize, labels: &[String]) -> String {
    line(number, "", &[format!(r#""projects":{{"{}":{{"labels":[{}]}}}}"#, id("j", 1), labels.join(","))])
}

fn lists_are_replaced(test: &TestStore) {
    merge(&test.store, &twelve());
    let at = "2025-04-05T00:00:00.000+00:00";
    let labels = [label(6_001, at, &[boxed(CAR, "car"), boxed(CAR, "car")]), label(6, at, &[]), label(6_002, at, &[])];
    assert_eq!(merge(&test.store, &[in_project_1(6, &labels)]), [Verdict::Changed]);
    let of_row = |sql: &str| {
        let mut reader = test.store.reader().unwrap();
        let key = reader.count("select row_key from row_ids where id = $1", &[(&id("r", 6)).into()]).unwrap();
        reader.list(sql, &[key.into()], |row| row.text(0).unwrap_or_default()).unwrap()
    };
    let ids = "select id from labels where row_key = $1 and project_key = 1 order by ordinal";
    assert_eq!(of_row(ids), [id("l", 6_001), id("l", 6), id("l", 6_002)]);
    let features = "select s.name from label_features f join feature_schemas s on s.feature_key = f.feature_key \
                    where f.row_key = $1 order by s.name";
    assert_eq!(of_row(features), ["car"], "the boat is gone");
    let turned = [labels[2].clone(), labels[0].clone()];
    assert_eq!(merge(&test.store, &[in_project_1(6, &turned)]), [Verdict::Changed]);
    assert_eq!(of_row(ids), [id("l", 6_002), id("l", 6_001)]);
    assert_eq!(merge(&test.store, &[in_project_1(6, &[])]), [Verdict::Changed]);
    assert_eq!(of_row(ids), Vec::<String>::new());
    assert_eq!(of_row(features), Vec::<String>::new());
    // A label that is gone from one place may be in another.
    assert_eq!(merge(&test.store, &[in_project_1(3, &[label(6, at, &[boxed(BOAT, "boat")])])]), [Verdict::Changed]);
    let emptied =
        [r#""attachments":[]"#.to_owned(), r#""embeddings":[]"#.to_owned(), r#""metadata_fields":[]"#.to_owned()];
    assert_eq!(merge(&test.store, &[line(1, "", &emptied)]), [Verdict::Changed]);
    assert_eq!((count(&test.store, "attachments"), count(&test.store, "row_embeddings")), (0, 0));
    assert_eq!(merge(&test.store, &[line(1, "", &emptied)]), [Verdict::Unchanged]);
}

fn a_refused_row_writes_nothing(test: &TestStore) {
    merge(&test.store, &twelve());
    let before: Vec<i64> = TABLES.iter().map(|table| count(&test.store, table)).collect();
    let change_seq = look(&test.store, "select change_seq from organizations");
    let new_things = format!(
        r#""attachments":[{{"type":"HTML","value":"x"}}],"experiments":{{"{}":{{"runs":{{"run-9":{{"labels":[]}}}}}}}}"#,
        id("m", 9)
    );
    let refused = |row: String, expect: Refusal| {
        assert_eq!(merge(&test.store, &[row]), [Verdict::Refused(expect)]);
        let after: Vec<i64> = TABLES.iter().map(|table| count(&test.store, table)).collect();
        assert_eq!(after, before);
        assert_eq!(look(&test.store, "select change_seq from organizations"), change_seq);
    };
    refused(
        line(20, r#","global_key":"cam-a-1""#, std::slice::from_ref(&new_things)),
        Refusal::GlobalKeyTaken {
            global_key: "cam-a-1".to_owned(),
            owner: id("r", 1),
            owner_type: "image".to_owned(),
            claimant: id("r", 20),
            claimant_type: "data type unknown".to_owned(),
        },
    );
    refused(
        line(1, "", &[r#""media_attributes":{"asset_type":"text"}"#.to_owned(), new_things.clone()]),
        Refusal::TypeConflict { row: id("r", 1), stored: "image".to_owned(), given: "text" },
    );
    let at = "2025-04-05T00:00:00.000+00:00";
    let elsewhere = |project: usize, owner: usize| Refusal::LabelElsewhere {
        project: id("j", project),
        label: id("l", 2),
        owner: id("r", owner),
    };
    refused(in_project_1(20, &[label(2, at, &[])]), elsewhere(1, 2));
    let in_two = |first: usize, second: usize, number: usize| {
        let label = label(number, at, &[]);
        line(
            20,
            "",
            &[format!(
                r#""projects":{{"{}":{{"labels":[{label}]}},"{}":{{"labels":[{label}]}}}}"#,
                id("j", first),
                id("j", second)
            )],
        )
    };
    refused(in_two(8, 9, 2), elsewhere(8, 2));
    // Nobody has this label yet, and still it cannot be in two projects of one row.
    let twice = Refusal::LabelElsewhere { project: id("j", 9), label: id("l", 77), owner: id("r", 20) };
    refused(in_two(8, 9, 77), twice);
    let in_model = |model: usize| {
        let model = id("m", model);
        line(20, "", &[format!(r#""experiments":{{"{model}":{{"runs":{{"run-1":{{"labels":[]}}}}}}}}"#)])
    };
    let taken = |model: usize, owner: usize, run: &str| Refusal::RunElsewhere {
        model: id("m", model),
        run: run.to_owned(),
        owner: id("m", owner),
    };
    refused(in_model(7), taken(7, 1, "run-1"));
    let in_two_models = format!(
        r#""experiments":{{"{}":{{"runs":{{"run-9":{{"labels":[]}}}}}},"{}":{{"runs":{{"run-9":{{"labels":[]}}}}}}}}"#,
        id("m", 7),
        id("m", 8)
    );
    refused(line(20, "", &[in_two_models]), taken(8, 7, "run-9"));
}

const TABLES: &[&str] = &[
    "data_rows",
    "row_ids",
    "global_keys",
    "attachments",
    "projects",
    "project_rows",
    "labels",
    "label_ids",
    "models",
    "model_runs",
    "run_rows",
    "tombstones",
];

fn a_row_that_changes_dataset_leaves_a_tombstone(test: &TestStore) {
    merge(&test.store, &twelve());
    assert_eq!(count(&test.store, "tombstones"), 0);
    let details = format!(r#","details":{{"dataset_id":"{}"}}"#, id("d", 2));
    assert_eq!(merge(&test.store, &[line(5, &details, &[])]), [Verdict::Changed]);
    let sql = "select t.scope || ' ' || d.id || ' ' || t.row_id || ' ' || t.change_seq || ' ' || r.change_seq \
               from tombstones t join datasets d on d.dataset_key = t.scope_key \
               join data_rows r on r.row_key = t.row_key order by t.change_seq";
    assert_eq!(look(&test.store, sql), Some(format!("dataset {} {} 2 2", id("d", 1), id("r", 5))));
    // A row that comes into its first dataset leaves none.
    assert_eq!(merge(&test.store, &[line(12, &details, &[])]), [Verdict::Changed]);
    assert_eq!(count(&test.store, "tombstones"), 1);
}

fn a_change_is_numbered_in_every_scope(test: &TestStore) {
    merge(&test.store, &twelve());
    let numbers = |number: usize| -> Vec<i64> {
        let mut reader = test.store.reader().unwrap();
        let sql = "select change_seq from data_rows where id = $1 union all \
                   select p.change_seq from project_rows p join data_rows i on i.row_key = p.row_key where i.id = $1 \
                   union all select p.change_seq from run_rows p join data_rows i on i.row_key = p.row_key where i.id = $1";
        reader.list(sql, &[(&id("r", number)).into()], |row| row.int(0).unwrap()).unwrap()
    };
    assert_eq!(numbers(5), [1, 1, 1, 1]);
    // Two rows of one transaction share a number; the next transaction has the next.
    let name = |number: usize, name: &str| line(number, &format!(r#","external_id":"{name}""#), &[]);
    merge(&test.store, &[name(5, "a"), name(6, "a"), name(1, "img/1")]);
    assert_eq!((numbers(5), numbers(6), numbers(1)), (vec![2; 4], vec![2; 3], vec![1; 3]));
    merge(&test.store, &[name(5, "b")]);
    assert_eq!((numbers(5), numbers(6)), (vec![3; 4], vec![2; 3]));
    merge(&test.store, &[line(20, "", &[])]);
    assert_eq!(numbers(20), [4]);
}

fn a_new_name_is_numbered_in_every_row_that_shows_it(test: &TestStore) {
    merge(&test.store, &twelve());
    let of_dataset = "select count(*) from data_rows where dataset_key = 1";
    let newer = "select count(*) from data_rows where change_seq = 2";
    let details = format!(r#","details":{{"dataset_id":"{}","dataset_name":"renamed"}}"#, id("d", 1));
    // A row that was there changes, and with it all others of its dataset, in each of their scopes.
    merge(&test.store, &[line(1, &details, &[])]);
    assert_eq!(look(&test.store, newer), look(&test.store, of_dataset));
    let elsewhere = "select count(*) from project_rows p join data_rows r on r.row_key = p.row_key \
                     where r.change_seq = 2 and p.change_seq <> 2";
    assert_eq!(look(&test.store, elsewhere), Some("0".to_owned()));
    assert_eq!(look(&test.store, "select change_seq from organizations"), Some("2".to_owned()));
}

fn a_null_takes_a_global_key_away(test: &TestStore) {
    merge(&test.store, &twelve());
    let without = line(1, r#","external_id":null,"global_key":null"#, &[]);
    assert_eq!(merge(&test.store, std::slice::from_ref(&without)), [Verdict::Changed]);
    assert_eq!(merge(&test.store, &[without]), [Verdict::Unchanged]);
    assert_eq!(merge(&test.store, &[line(2, r#","global_key":"cam-a-1""#, &[])]), [Verdict::Changed]);
    let sql = "select count(*) from data_rows where global_key is null and external_id is null and row_key = 1";
    assert_eq!(look(&test.store, sql).as_deref(), Some("1"));
}

fn a_merger_forgets_what_was_taken_back(test: &TestStore) {
    let merger = Arc::new(Mutex::new(Merger::new(test.store.org_key(), now())));
    let merge_once = |number: usize, outcome: fn() -> Result<(), StoreError>| {
        let (merger, text) = (Arc::clone(&merger), twelve().remove(number));
        test.store.write(move |connection| {
            let mut merger = merger.lock().unwrap();
            merger.begin(connection)?;
            merger.merge(connection, &read(&text))?;
            outcome()?;
            merger.end(connection)
        })
    };
    assert!(merge_once(4, || Err(StoreError::Withdrawn)).is_err());
    assert_eq!(count(&test.store, "projects"), 0);
    merge_once(4, || Ok(())).unwrap();
    merge_once(5, || Ok(())).unwrap();
    assert_eq!((count(&test.store, "data_rows"), count(&test.store, "projects")), (2, 2));
}

fn lists_that_become_known_are_known(test: &TestStore) {
    let model = |members: &str| {
        let model = id("m", 1);
        line(1, "", &[format!(r#""experiments":{{"{model}":{{"runs":{{"run-1":{{{members}}}}}}}}}"#)])
    };
    let known = || look(&test.store, "select known from run_rows");
    merge(&test.store, &[model(r#""run_data_row_id":"x""#)]);
    assert_eq!(known().as_deref(), Some("0"));
    assert_eq!(merge(&test.store, &[model(r#""labels":[]"#)]), [Verdict::Changed]);
    assert_eq!(known().as_deref(), Some("1"));
    let prediction = format!(r#"{{"id":"{}","annotations":{{"objects":[]}}}}"#, id("p", 1));
    assert_eq!(merge(&test.store, &[model(&format!(r#""predictions":[{prediction}]"#))]), [Verdict::Changed]);
    assert_eq!(known().as_deref(), Some("3"));
    merge(&test.store, &[model(r#""split":"Training""#)]);
    assert_eq!(look(&test.store, "select split from run_rows").as_deref(), Some("0"));
    merge(&test.store, &[model(r#""split":"of my own""#)]);
    assert_eq!(look(&test.store, "select split from run_rows"), None, "the split is none of those known");
}

fn rows_merged_together_are_as_merged_one_by_one(test: &TestStore) {
    let with_key = |number: usize, key: &str| line(number, &format!(r#","global_key":"{key}""#), &[]);
    let mut lines = twelve();
    lines.extend((100..400).map(|number| with_key(number, &format!("many-{number}"))));
    lines.extend([
        // Taken by an earlier line of the same transaction, given up, and taken again.
        with_key(20, "cam-b-5"),
        row_5(r#""global_key":"cam-b-5""#, r#""global_key":"cam-c-5""#),
        with_key(21, "cam-b-5"),
        with_key(22, "cam-b-5"),
        row_5(&id("r", 5), &id("r", 23)),
        line(24, "", &[]),
        with_key(24, "late"),
    ]);
    // All of it is new; half of it is known.
    for known in [0, 150] {
        // A key that a transaction has taken back is not given again by every engine.
        let stores = [test.another(), test.another()];
        stores.iter().for_each(|test| drop(merge(&test.store, &lines[..known])));
        let one_by_one = outcome(&stores[0], &lines, |merger, connection, rows| {
            rows.iter().map(|row| merger.merge(connection, row)).collect()
        });
        let together = outcome(&stores[1], &lines, |merger, connection, rows| merger.merge_all(connection, rows));
        assert!(together.0.iter().any(|verdict| matches!(verdict, Verdict::Refused(_))));
        assert_eq!(together, one_by_one);
    }
}

type MergeRows = fn(&mut Merger, &mut dyn Connection, &[&Row]) -> Result<Vec<Verdict>, StoreError>;

/// Merges lines, looks at everything, and takes it back.
fn outcome(test: &TestStore, lines: &[String], merge: MergeRows) -> (Vec<Verdict>, String) {
    let rows: Vec<Row> = lines.iter().map(|line| read(line)).collect();
    let mut merger = Merger::new(test.store.org_key(), now());
    let (send, receive) = std::sync::mpsc::channel();
    let withdrawn = test.store.write(move |connection| {
        merger.begin(connection)?;
        let verdicts = merge(&mut merger, connection, &rows.iter().collect::<Vec<_>>())?;
        merger.end(connection)?;
        let mut seen = format!("{:?}\n", merger.counts);
        for table in TABLES.iter().chain(&["label_features", "ontology_features", "run_labels", "metadata"]) {
            let mut rows = connection.list(&format!("select * from {table}"), &[], |row| {
                format!("{table} {:?}\n", (0..16).map(|column| row.shown(column)).collect::<Vec<_>>())
            })?;
            rows.sort();
            seen.extend(rows);
        }
        send.send((verdicts, seen)).unwrap();
        Err::<(), _>(StoreError::Withdrawn)
    });
    assert!(matches!(withdrawn, Err(StoreError::Withdrawn)), "{withdrawn:?}");
    receive.recv().unwrap()
}
