//! Records that are each about one label: what they say joins what is stored, in any order.

use crate::engines::{Contract, TestStore, hold, now};
use crate::rows::{CAR, boxed, id, key, label, look, read};
use labelport_model::row::{Join, Row};
use labelport_store::tables::ontologies::{self, ShownFeatures};
use labelport_store::write::merge::{MergeCounts, Merger, Verdict};

const CONTRACTS: &[Contract] = &[
    ("labels join in the order of their making", labels_join_in_the_order_of_their_making),
    ("a label that joins again replaces itself alone", a_label_that_joins_again_replaces_itself_alone),
    ("details and attributes join by their members", details_and_attributes_join_by_their_members),
    ("a type that is said counts more than one that is seen", a_type_that_is_said_counts_more_than_one_that_is_seen),
    ("the later version of a label stays", the_later_version_of_a_label_stays),
    (
        "a row of today says more than a record of the same version",
        a_row_of_today_says_more_than_a_record_of_the_same_version,
    ),
    ("an asset with another signature is the same", an_asset_with_another_signature_is_the_same),
    ("what was read from a file stays without the file", what_was_read_from_a_file_stays_without_the_file),
    ("a shown ontology is that of a project without one", a_shown_ontology_is_that_of_a_project_without_one),
];

#[test]
fn contracts_of_joining() {
    hold(CONTRACTS);
}

/// Returns a record about one label of row 1.
fn record(number: usize, day: u8, rest: &str) -> Row {
    let label = label(number, &format!("2021-05-{day:02}T00:00:00.000+00:00"), &[boxed(CAR, "car")]);
    let label = format!("{}{rest}}}", label.strip_suffix('}').unwrap());
    let home = format!(r#""projects":{{"{}":{{"name":"p","labels":[{label}]}}}}"#, id("j", 1));
    let row = format!(r#"{{"data_row":{{"id":"{}","row_data":"https://h/1.jpg"}},{home}}}"#, id("r", 1));
    Row { join: Join::Add, ..read(&row) }
}

fn join(test: &TestStore, rows: Vec<Row>) -> (Vec<Verdict>, MergeCounts) {
    let mut merger = Merger::new(test.store.org_key(), now());
    let merged = test.store.write(move |connection| {
        merger.begin(connection)?;
        let verdicts = merger.merge_all(connection, &rows.iter().collect::<Vec<_>>())?;
        merger.end(connection)?;
        Ok((verdicts, merger.counts))
    });
    merged.unwrap()
}

fn labels(test: &TestStore) -> Vec<String> {
    let sql = "select id from labels where row_key = 1 order by ordinal";
    test.store.reader().unwrap().list(sql, &[], |row| row.text(0).unwrap()).unwrap()
}

fn labels_join_in_the_order_of_their_making(test: &TestStore) {
    let (verdicts, counts) = join(test, vec![record(3, 3, ""), record(1, 1, ""), record(2, 2, "")]);
    assert_eq!(verdicts, [Verdict::Created, Verdict::Changed, Verdict::Changed]);
    assert_eq!((counts.labels.created, counts.labels.removed), (3, 0));
    assert_eq!(labels(test), [1, 2, 3].map(|number| id("l", number)));
    let (verdicts, counts) = join(test, vec![record(1, 1, ""), record(2, 2, ""), record(3, 3, "")]);
    assert_eq!(verdicts, vec![Verdict::Unchanged; 3]);
    assert_eq!((counts.labels.created, counts.labels.changed), (0, 0));
    join(test, vec![record(9, 9, ""), record(5, 2, "")]);
    assert_eq!(labels(test), [1, 2, 5, 3, 9].map(|number| id("l", number)));
    assert_eq!(look(&test.store, "select count(*) from label_ids").as_deref(), Some("5"));
}

fn a_label_that_joins_again_replaces_itself_alone(test: &TestStore) {
    join(test, vec![record(1, 1, r#","legacy":{"color":"red","Old":1},"z_order":[]"#), record(2, 2, "")]);
    let (verdicts, counts) = join(test, vec![record(1, 1, r#","legacy":{"color":"blue"}"#)]);
    assert_eq!((verdicts, counts.labels.changed, counts.labels.unchanged), (vec![Verdict::Changed], 1, 0));
    let sql = format!("select rest from labels where id = '{}'", id("l", 1));
    let rest = look(&test.store, &sql).unwrap();
    assert_eq!(rest, r#""z_order":[],"legacy":{"color":"blue"}"#, "what an earlier import kept is kept no longer");
    let (_, counts) = join(test, vec![record(1, 1, "")]);
    assert_eq!(counts.labels.changed, 1);
    assert_eq!(look(&test.store, &sql).as_deref(), Some(r#""z_order":[]"#));
}

fn details_and_attributes_join_by_their_members(test: &TestStore) {
    let given = |details: &str, media: &str| {
        let row = format!(
            r#"{{"data_row":{{"id":"{}","details":{{{details}}}}},"media_attributes":{{{media}}}}}"#,
            id("r", 1)
        );
        read(&row)
    };
    let dataset = |number: usize| format!(r#""dataset_id":"{}","dataset_name":"yard""#, id("d", number));
    let whole =
        given(&format!(r#"{},"created_at":"2021-05-01T00:00:00.000+00:00""#, dataset(1)), r#""height":1,"width":2"#);
    join(test, vec![whole]);
    let added = Row { join: Join::Add, ..given(&dataset(2), r#""width":3,"frame_count":4"#) };
    assert_eq!(join(test, vec![added]).0, [Verdict::Changed]);
    assert_eq!(
        look(&test.store, "select media from data_rows").as_deref(),
        Some(r#"{"height":1,"width":3,"frame_count":4}"#)
    );
    let details = r#""created_at":"2021-05-01T00:00:00.000+00:00""#;
    assert_eq!(look(&test.store, "select details from data_rows").as_deref(), Some(details));
    assert!(key(&test.store, "select created_ms from data_rows") > 0);
    let sql = "select d.id from data_rows r join datasets d on d.dataset_key = r.dataset_key";
    assert_eq!(look(&test.store, sql), Some(id("d", 1)), "a dataset of the same name is the same");
    let moved = format!(r#""dataset_id":"{}","dataset_name":"quay""#, id("d", 3));
    join(test, vec![Row { join: Join::Add, ..given(&moved, "") }]);
    assert_eq!(look(&test.store, sql), Some(id("d", 3)));
}

fn a_type_that_is_said_counts_more_than_one_that_is_seen(test: &TestStore) {
    let given = |media: &str, name: &str| {
        let row = format!(r#"{{"data_row":{{"id":"{}"}},"media_attributes":{{{media}}}}}"#, id("r", 1));
        Row { join: Join::Add, data_type: labelport_model::data_type::find(name), ..read(&row) }
    };
    let stored = || look(&test.store, "select data_type from data_rows");
    join(test, vec![given("", "html")]);
    assert_eq!(join(test, vec![given(r#""asset_type":"text""#, "text")]).0, [Verdict::Changed]);
    assert_eq!(stored().as_deref(), Some("text"));
    assert_eq!(join(test, vec![given("", "html")]).0, [Verdict::Unchanged]);
    assert_eq!(stored().as_deref(), Some("text"));
    assert!(
        matches!(join(test, vec![given("", "video")]).0[..], [Verdict::Refused(_)]),
        "its annotations have another layout"
    );
}

/// Returns a record about label 1, with the day of its last change and a word by which versions are distinguished.
fn version(day: u8, word: &str, rest: &str) -> Row {
    let updated = format!(r#""updated_at":"2021-06-{day:02}T00:00:00.000+00:00","created_by":"{word}","reviews""#);
    let mut row = record(1, 1, rest);
    let label = &mut row.projects[0].labels.as_mut().unwrap()[0];
    label.details = label.details.take().map(|details| details.replace(r#""reviews""#, &updated));
    row
}

fn the_later_version_of_a_label_stays(test: &TestStore) {
    let old = r#","legacy":{"a":1}"#;
    let stored = || look(&test.store, "select details from labels").unwrap();
    join(test, vec![version(5, "fifth", old), version(3, "third", old)]);
    assert!(stored().contains("fifth"));
    assert_eq!(join(test, vec![version(3, "third", old)]).1.labels.unchanged, 1);
    join(test, vec![version(5, "again", old)]);
    assert!(stored().contains("again"), "of one version the last file counts");
    join(test, vec![Row { join: Join::Replace, ..version(2, "today", "") }]);
    assert!(stored().contains("today"), "a whole row replaces");
    // A whole row keeps what a record has left, so this label is taken for one that a record gave.
    join(test, vec![version(2, "archived", old)]);
    assert!(stored().contains("archived"));
}

fn a_row_of_today_says_more_than_a_record_of_the_same_version(test: &TestStore) {
    let today = Row { join: Join::Replace, ..version(4, "today", "") };
    join(test, vec![today]);
    let (verdicts, counts) = join(test, vec![version(4, "archived", r#","legacy":{"a":1}"#)]);
    assert_eq!((verdicts, counts.labels.unchanged), (vec![Verdict::Unchanged], 1));
    assert!(look(&test.store, "select details from labels").unwrap().contains("today"));
    assert_eq!(join(test, vec![version(6, "later", r#","legacy":{"a":1}"#)]).0, [Verdict::Changed]);
}

fn an_asset_with_another_signature_is_the_same(test: &TestStore) {
    let given = |url: &str| {
        let row = format!(r#"{{"data_row":{{"id":"{}","row_data":"{url}"}}}}"#, id("r", 1));
        Row { join: Join::Add, ..read(&row) }
    };
    join(test, vec![given("https://h/a.png?signature=1")]);
    assert_eq!(join(test, vec![given("https://h/a.png?signature=2")]).0, [Verdict::Unchanged]);
    assert_eq!(join(test, vec![given("https://h/b.png?signature=2")]).0, [Verdict::Changed]);
    let head = look(&test.store, "select head from data_rows").unwrap();
    assert!(head.contains("b.png?signature=2"), "{head}");
}

fn what_was_read_from_a_file_stays_without_the_file(test: &TestStore) {
    join(test, vec![record(1, 1, "")]);
    let before = look(&test.store, "select annotations from labels");
    let mut elsewhere = record(1, 1, r#","legacy":{"frames":"https://h/frames"}"#);
    let label = &mut elsewhere.projects[0].labels.as_mut().unwrap()[0];
    label.annotations = r#"{"frames":{},"segments":{},"key_frame_feature_map":{},"classifications":[]}"#.to_owned();
    label.is_elsewhere = true;
    label.tally.clear();
    assert_eq!(join(test, vec![elsewhere]).0, [Verdict::Unchanged]);
    assert_eq!(look(&test.store, "select annotations from labels"), before);
    assert_eq!(look(&test.store, "select rest from labels"), None);
}

fn a_shown_ontology_is_that_of_a_project_without_one(test: &TestStore) {
    join(test, vec![record(1, 1, "")]);
    let ontology_id = labelport_model::id::OntologyId::parse(&id("o", 7)).unwrap();
    let org_key = test.store.org_key();
    let project_key = key(&test.store, "select project_key from projects");
    let put = |normalized: &'static str| {
        let ontology_id = ontology_id.clone();
        let written = test.store.write(move |connection| {
            let shown = ShownFeatures { id: &ontology_id, name: "p", normalized, now: now() };
            Ok(ontologies::put_shown(connection, org_key, project_key, shown))
        });
        written.unwrap().unwrap();
    };
    put(r#"{"tools":[],"classifications":[]}"#);
    put(r#"{"tools":[],"classifications":[],"relationships":[]}"#);
    let sql = "select o.normalized from projects p join ontologies o on o.ontology_key = p.ontology_key";
    assert_eq!(look(&test.store, sql).as_deref(), Some(r#"{"tools":[],"classifications":[],"relationships":[]}"#));
    // Rows need not fit it.
    assert_eq!(join(test, vec![record(2, 2, "")]).0, [Verdict::Changed]);
    assert_eq!(look(&test.store, "select is_given from ontologies").as_deref(), Some("0"));
    // A project that has another one keeps it.
    let other = labelport_model::id::OntologyId::parse(&id("o", 8)).unwrap();
    let written = test.store.write(move |connection| {
        let shown =
            ShownFeatures { id: &other, name: "q", normalized: r#"{"tools":[],"classifications":[]}"#, now: now() };
        Ok(ontologies::put_shown(connection, org_key, project_key, shown))
    });
    written.unwrap().unwrap();
    assert_eq!(look(&test.store, &sql.replace("o.normalized", "o.id")), Some(id("o", 7)));
}
