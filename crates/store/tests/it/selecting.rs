//! Selecting: every condition on twelve rows, through the index and through the ranges.

use crate::engines::{Contract, TestStore, hold};
use crate::rows::{BOAT, CAR, id, merge, twelve};
use labelport_model::predicate::{Compare, Condition, NumberRange, Predicate};
use labelport_model::time::{Span, Timestamp, Zone};
use labelport_model::workflow::{Split, WorkflowStatus};
use labelport_store::read::select::{Base, Part, Selection, count_unknown};
use labelport_store::tables::entities::{self, EntityKind};
use labelport_store::{Connection, Store};
use std::ops::Bound;

const CONTRACTS: &[Contract] = &[
    ("every condition selects its rows", every_condition_selects_its_rows),
    ("conditions join", conditions_join),
    ("an empty base has no rows", an_empty_base_has_no_rows),
    ("unknown ids are counted", unknown_ids_are_counted),
];

#[test]
fn contracts_of_selecting() {
    hold(CONTRACTS);
}

fn span(start: Option<&str>, end: Option<&str>) -> Span {
    Span::parse(start, end, &Zone::utc()).unwrap()
}

fn texts(list: &[&str]) -> Vec<String> {
    let mut list: Vec<String> = list.iter().map(|text| (*text).to_owned()).collect();
    list.sort_unstable();
    list
}

fn ids(kind: &str, numbers: &[usize]) -> Vec<String> {
    numbers.iter().map(|number| id(kind, *number)).collect()
}

fn metadata(schema: &str, compare: Compare) -> Condition {
    Condition::Metadata { schema: schema.to_owned(), compare }
}

fn number(from: Bound<f64>, to: Bound<f64>) -> Compare {
    Compare::Number(NumberRange { from, to })
}

/// Selects, and returns the numbers of the rows.
fn select(connection: &mut dyn Connection, org_key: i64, base: Base, predicate: &Predicate) -> Vec<usize> {
    let selection = Selection::prepare(connection, org_key, base, predicate).unwrap();
    let read = |connection: &mut dyn Connection, parts: Vec<Part>| {
        let mut keys = Vec::new();
        for part in parts {
            keys.extend(selection.keys(connection, &part).unwrap());
        }
        keys
    };
    let keys = read(connection, selection.parts());
    assert_eq!(read(connection, selection.small_parts()), keys, "{predicate:?}");
    assert!(keys.is_sorted_by(|one, next| one < next), "{predicate:?}: {keys:?}");
    assert_eq!(read(connection, vec![Part::Range(1..=5), Part::Range(6..=1_000)]), keys, "{predicate:?}");
    assert_eq!(
        read(connection, vec![Part::Candidates { keys: (1..=20).collect(), are_settled: false }]),
        keys,
        "{predicate:?}"
    );
    let row_id = |connection: &mut dyn Connection, key| entities::find_row_id(connection, key).unwrap().unwrap();
    keys.into_iter().map(|key| row_id(connection, key)[1..].parse().unwrap()).collect()
}

#[track_caller]
fn check(store: &Store, base: Base, predicate: impl Into<Predicate>, expect: &[usize]) {
    let mut reader = store.reader().unwrap();
    let org_key = store.org_key();
    let predicate = predicate.into();
    assert_eq!(select(&mut *reader, org_key, base, &predicate), expect, "{predicate:?}");
    // A list of alternatives is not looked up, so this goes by ranges.
    let by_ranges = Predicate::Any(vec![predicate.clone()]);
    assert_eq!(select(&mut *reader, org_key, base, &by_ranges), expect, "by ranges: {predicate:?}");
    let all = select(&mut *reader, org_key, base, &Predicate::All(Vec::new()));
    let others: Vec<usize> = all.into_iter().filter(|row| !expect.contains(row)).collect();
    let turned = Predicate::Not(Box::new(predicate.clone()));
    assert_eq!(select(&mut *reader, org_key, base, &turned), others, "not {predicate:?}");
}

fn base_of(store: &Store, sort: EntityKind, id: &str) -> Base {
    let found = entities::find_by_id_or_name(&mut *store.reader().unwrap(), store.org_key(), sort, id).unwrap();
    match sort {
        EntityKind::Dataset => Base::Dataset(found[0].key),
        EntityKind::ModelRun => Base::ModelRun(found[0].key),
        _ => Base::Project(found[0].key),
    }
}

fn every_condition_selects_its_rows(test: &TestStore) {
    merge(&test.store, &twelve());
    for (condition, expect) in conditions() {
        check(&test.store, Base::Catalog, condition, &expect);
    }
    let first = base_of(&test.store, EntityKind::Project, &id("j", 1));
    let second = base_of(&test.store, EntityKind::Project, "project 2");
    for (condition, in_first, in_second) in conditions_in_projects() {
        check(&test.store, first, condition.clone(), &in_first);
        check(&test.store, second, condition, &in_second);
    }
    let set = base_of(&test.store, EntityKind::Dataset, "set 2");
    check(&test.store, set, Predicate::All(Vec::new()), &[7, 8, 9, 10, 11]);
    check(&test.store, set, Condition::DataRowIds(ids("r", &[6, 7])), &[7]);
    let run = base_of(&test.store, EntityKind::ModelRun, "run-1");
    check(&test.store, run, Predicate::All(Vec::new()), &[1, 2, 3, 4]);
    check(&test.store, run, Condition::HasFeature(texts(&["car"])), &[2, 3, 4]);
}

fn conditions() -> Vec<(Condition, Vec<usize>)> {
    let none = Vec::new;
    vec![
        (Condition::DataRowIds(ids("r", &[3, 11, 99])), vec![3, 11]),
        (Condition::DataRowIds(none()), vec![]),
        (Condition::GlobalKeys(texts(&["Zed", "cam-a-1", "nothing"])), vec![1, 9]),
        (Condition::GlobalKeyPrefix("cam-b".to_owned()), vec![5, 6, 7, 8]),
        (Condition::GlobalKeyPrefix(String::new()), (1..=9).collect()),
        (Condition::ExternalIdPrefix("img/1".to_owned()), vec![1, 11]),
        (Condition::ExternalIdPrefix("IMG".to_owned()), vec![]),
        (Condition::Datasets(ids("d", &[2])), vec![7, 8, 9, 10, 11]),
        (Condition::DataTypes(texts(&["text"])), vec![9, 10]),
        (Condition::DataTypes(texts(&["image", "text"])), (1..=10).collect()),
        (Condition::Batches(texts(&["batch-1", "batch-3"])), vec![1, 2, 3, 5, 6, 7, 8]),
        (Condition::Status(WorkflowStatus::Done), vec![4, 5, 6]),
        (Condition::Status(WorkflowStatus::ToLabel), vec![1, 7, 8]),
        (Condition::Activity(span(Some("2025-03-10"), None)), vec![10, 11]),
        (
            Condition::Activity(span(Some("2025-03-02T00:00:00.000+00:00"), Some("2025-03-03T00:00:00.000+00:00"))),
            vec![2, 3],
        ),
        (Condition::Created(span(None, Some("2025-01-02"))), vec![1, 2]),
        (Condition::Updated(span(Some("2025-02-11"), Some("2025-02-28"))), vec![11]),
        (Condition::LabelCreated(span(Some("2025-04-05"), None)), vec![5, 6]),
        (Condition::LabelCreated(span(Some("2025-05-01"), Some("2025-05-31"))), vec![5]),
        (Condition::LabeledIn(ids("j", &[1])), vec![2, 3, 4, 5, 6]),
        (Condition::LabeledIn(ids("j", &[2, 9])), vec![5]),
        (Condition::HasFeature(ids("f", &[CAR])), vec![2, 3, 4, 5]),
        (Condition::HasFeature(texts(&["boat"])), vec![5, 6]),
        (Condition::HasFeature(vec!["car".to_owned(), id("f", BOAT)]), vec![2, 3, 4, 5, 6]),
        (Condition::InModelRun { runs: texts(&["run-1"]), split: None }, vec![1, 2, 3, 4]),
        (Condition::InModelRun { runs: texts(&["run-1", "run-2"]), split: Some(Split::Test) }, vec![5]),
        (Condition::InModelRun { runs: texts(&["run-1"]), split: Some(Split::Training) }, vec![1, 2]),
        (metadata("weather", Compare::Exists), vec![1, 2, 9]),
        (metadata(&id("s", "weather".len()), Compare::Exists), vec![1, 2, 9]),
        (metadata("nothing", Compare::Exists), vec![]),
        (metadata("sort", Compare::Exists), vec![7, 8]),
        (metadata("weather", Compare::OneOf(texts(&["rain", "snow", ""]))), vec![2, 9]),
        (metadata("weather", Compare::OneOf(none())), vec![]),
        (metadata("sort", Compare::OneOf(texts(&["fog"]))), vec![8]),
        (metadata("sort", Compare::OneOf(vec![id("o", 1)])), vec![7, 8]),
        (metadata("sort", Compare::StartsWith("night".to_owned())), vec![]),
        (metadata("sort", Compare::Contains("o".to_owned())), vec![]),
        (metadata("weather", Compare::StartsWith("sun".to_owned())), vec![1]),
        (metadata("weather", Compare::StartsWith("Sun".to_owned())), vec![]),
        (metadata("weather", Compare::Contains("n".to_owned())), vec![1, 2]),
        (metadata("weather", Compare::Contains("N".to_owned())), vec![]),
        (metadata("weather", Compare::Contains(String::new())), vec![1, 2, 9]),
        (metadata("speed", number(Bound::Included(3.5), Bound::Unbounded)), vec![3, 4]),
        (metadata("speed", number(Bound::Excluded(3.5), Bound::Unbounded)), vec![4]),
        (metadata("speed", number(Bound::Unbounded, Bound::Excluded(10.0))), vec![3]),
        (metadata("speed", number(Bound::Included(4.0), Bound::Included(9.0))), vec![]),
        (metadata("weather", number(Bound::Unbounded, Bound::Unbounded)), vec![]),
        (metadata("taken_at", Compare::Time(span(Some("2025-06-06"), None))), vec![6]),
        (metadata("taken_at", Compare::Time(Span { from: None, to: None })), vec![5, 6]),
    ]
}

/// Conditions that look at the project of the base alone, with the rows of project 1 and of project 2.
fn conditions_in_projects() -> Vec<(Condition, Vec<usize>, Vec<usize>)> {
    vec![
        (Condition::Status(WorkflowStatus::Done), vec![4, 5, 6], vec![5, 6]),
        (Condition::Status(WorkflowStatus::InReview), vec![2], vec![]),
        (Condition::Batches(texts(&["batch-2"])), vec![4, 5, 6], vec![]),
        (Condition::LabelCreated(span(Some("2025-05-01"), None)), vec![], vec![5]),
        (Condition::HasFeature(texts(&["car"])), vec![2, 3, 4], vec![5]),
        (Condition::HasFeature(texts(&["boat"])), vec![5, 6], vec![]),
        (Condition::GlobalKeyPrefix("cam-b".to_owned()), vec![5, 6], vec![5, 6, 7, 8]),
        (Condition::Activity(span(Some("2025-03-06"), None)), vec![6], vec![6, 7, 8]),
    ]
}

fn conditions_join(test: &TestStore) {
    merge(&test.store, &twelve());
    let even = || Predicate::from(Condition::DataRowIds(ids("r", &[2, 4, 6, 8, 10, 12])));
    let early = || Predicate::from(Condition::Activity(span(None, Some("2025-03-06"))));
    let catalog = |predicate, expect: &[usize]| check(&test.store, Base::Catalog, predicate, expect);
    catalog(Predicate::All(vec![even(), early()]), &[2, 4, 6]);
    catalog(Predicate::Any(vec![even(), early()]), &[1, 2, 3, 4, 5, 6, 8, 10, 12]);
    catalog(Predicate::All(Vec::new()), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    catalog(Predicate::Any(Vec::new()), &[]);
    catalog(Predicate::All(vec![Predicate::negate(early()), even()]), &[8, 10, 12]);
    let nothing = Predicate::from(Condition::DataRowIds(Vec::new()));
    catalog(Predicate::All(vec![even(), nothing, early()]), &[]);
    let missing = || Predicate::from(Condition::Created(Span { from: Some(Timestamp::MIN), to: None }));
    catalog(Predicate::negate(missing()), &[12]);
}

fn an_empty_base_has_no_rows(test: &TestStore) {
    check(&test.store, Base::Catalog, Predicate::All(Vec::new()), &[]);
    check(&test.store, Base::Project(7), Condition::Status(WorkflowStatus::Done), &[]);
    let mut reader = test.store.reader().unwrap();
    let org_key = test.store.org_key();
    let selection = Selection::prepare(&mut *reader, org_key, Base::Catalog, &Predicate::All(Vec::new())).unwrap();
    assert!(selection.parts().is_empty());
}

fn unknown_ids_are_counted(test: &TestStore) {
    merge(&test.store, &twelve());
    let mut reader = test.store.reader().unwrap();
    let keys = texts(&["cam-a-1", "cam-a-9"]);
    assert_eq!(count_unknown(&mut *reader, test.store.org_key(), &ids("r", &[1, 98, 99]), &keys).unwrap(), 3);
}
