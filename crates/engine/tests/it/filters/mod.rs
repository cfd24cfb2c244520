//! Filters select what they say: what the database finds is what a walk over the exported rows finds.

mod oracle;
mod queries;

use crate::support::{Workspace, cases, everything, lines};
use labelport_model::filter::FILTERS;
use labelport_model::request::{EXPORT_FILTERS, ExportRequest, Scope};
use labelport_samples::{Chance, SampleFile, Size, random};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SIZE: Size = Size { rows: 30, files: 1, masks: false, odd_spellings: true };
/// Queries asked of one workspace.
const QUERIES: usize = 40;

fn parsed(bytes: &[u8]) -> Vec<Value> {
    lines(bytes).into_iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Returns the ids of rows for which something holds, in order.
fn ids_where(rows: &[Value], holds: impl Fn(&Value) -> bool) -> Vec<String> {
    let id = |row: &Value| row["data_row"]["id"].as_str().unwrap().to_owned();
    rows.iter().filter(|row| holds(row)).map(id).collect()
}

fn exported_ids(workspace: &Workspace, scope: Scope) -> Vec<String> {
    let request = crate::support::request(scope, labelport_model::request::Params::default());
    ids_where(&parsed(&workspace.export(&request).bytes), |_| true)
}

/// Makes a workspace and returns what it exports.
fn workspace(seed: u64) -> (Workspace, Vec<Value>) {
    let workspace = Workspace::of(&random(seed, &SIZE));
    let rows = parsed(&workspace.export_catalog().bytes);
    (workspace, rows)
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn every_filter_of_queries_selects_what_it_says(seed in any::<u64>()) {
        let (workspace, rows) = workspace(seed);
        let mut chance = Chance::new(seed);
        for (name, leaf) in queries::LEAVES {
            for number in 0..3 {
                let entry = leaf(&mut chance, &rows);
                let slice = workspace.add_slice(&format!("{name} {number}"), &entry.to_string());
                let expected = ids_where(&rows, |row| oracle::holds(&entry, row));
                prop_assert_eq!(exported_ids(&workspace, Scope::Slice(slice)), expected, "{}", entry);
            }
        }
    }

    #[test]
    fn queries_of_any_shape_select_what_they_say(seed in any::<u64>()) {
        let (workspace, rows) = workspace(seed);
        let mut chance = Chance::new(seed);
        for number in 0..QUERIES {
            let entries: Vec<Value> = (0..chance.below(4)).map(|_| queries::query(&mut chance, &rows, 3)).collect();
            let slice = workspace.add_slice(&number.to_string(), &Value::from(entries.clone()).to_string());
            let expected = ids_where(&rows, |row| entries.iter().all(|entry| oracle::holds(entry, row)));
            prop_assert_eq!(exported_ids(&workspace, Scope::Slice(slice)), expected, "{:?}", entries);
        }
    }

    #[test]
    fn export_filters_select_what_they_say_alone_and_together(seed in any::<u64>()) {
        let (workspace, rows) = workspace(seed);
        let mut chance = Chance::new(seed);
        for number in 0..QUERIES {
            let scope = any_scope(&mut chance, &rows);
            let rows_in_scope: Vec<Value> = rows.iter().filter_map(|row| scope.narrow(row)).collect();
            let given: Vec<&str> = EXPORT_FILTERS
                .iter()
                .filter(|filter| filter.scopes.contains(&scope.scope.kind()))
                .map(|filter| filter.option.name)
                .enumerate()
                // Each alone first, then any of them.
                .filter(|(index, _)| *index == number || number >= EXPORT_FILTERS.len() && chance.happens(40))
                .map(|(_, name)| name)
                .collect();
            let mut filters = Map::new();
            let mut entries = Vec::new();
            for name in given {
                let (value, entry) = export_filter(name, &mut chance, &rows);
                filters.insert(name.to_owned(), value);
                entries.push(entry);
            }
            let mut request = everything(scope.scope.clone());
            let text = json!({"scope": {"kind": "catalog"}, "filters": filters}).to_string();
            request.filters = ExportRequest::from_json(&text).unwrap().filters;
            let found = ids_where(&parsed(&workspace.export(&request).bytes), |_| true);
            let expected = ids_where(&rows_in_scope, |row| entries.iter().all(|entry| oracle::holds(entry, row)));
            prop_assert_eq!(found, expected, "{:?} {:?}", scope.scope, filters);
        }
    }
}

/// A scope and which rows it has, with what of them its filters look at.
struct RandomScope {
    scope: Scope,
    dataset: Option<String>,
    project: Option<String>,
    rows: Option<Vec<String>>,
}

impl RandomScope {
    fn narrow(&self, row: &Value) -> Option<Value> {
        let is = |wanted: &Option<String>, found: &Value| wanted.as_ref().is_none_or(|wanted| found == wanted.as_str());
        let id = row["data_row"]["id"].as_str().unwrap();
        if !is(&self.dataset, &row["data_row"]["details"]["dataset_id"])
            || self.rows.as_ref().is_some_and(|rows| !rows.iter().any(|wanted| wanted == id))
        {
            return None;
        }
        let mut narrowed = row.clone();
        if let Some(project) = &self.project {
            // Filters of a project export look at that project alone.
            narrowed["projects"] = json!({project: row["projects"].get(project)?});
        }
        Some(narrowed)
    }
}

fn any_scope(chance: &mut Chance, rows: &[Value]) -> RandomScope {
    let everywhere = RandomScope { scope: Scope::Catalog, dataset: None, project: None, rows: None };
    let projects = queries::keys(rows, "/projects");
    match (chance.below(4), chance.pick(&projects)) {
        (0 | 1, Some(project)) => {
            RandomScope { scope: Scope::Project(project.clone()), project: Some(project.clone()), ..everywhere }
        }
        (2, _) => {
            let known = queries::collect(rows, "/data_row", &["dataset_id"], |_| true);
            let dataset = chance.pick(&known).unwrap().clone();
            RandomScope { scope: Scope::Dataset(dataset.clone()), dataset: Some(dataset), ..everywhere }
        }
        (3, _) => {
            let chosen: Vec<String> = ids_where(rows, |_| true).into_iter().filter(|_| chance.happens(60)).collect();
            if chosen.is_empty() {
                return everywhere;
            }
            let scope = Scope::Rows { data_row_ids: Some(chosen.clone()), global_keys: None };
            RandomScope { scope, rows: Some(chosen), ..everywhere }
        }
        _ => everywhere,
    }
}

/// Returns the value of an export filter, and a query that means the same.
fn export_filter(name: &str, chance: &mut Chance, rows: &[Value]) -> (Value, Value) {
    let list = |filter: &str, ids: Vec<String>| (json!(ids), json!({"type": filter, "operator": "is", "ids": ids}));
    let known = |place: &str, key: &str| queries::collect(rows, place, &[key], |_| true);
    match name {
        "last_activity_at" => range("data_row_last_activity_at", chance, &known("/data_row", "last_activity_at")),
        "label_created_at" => range("labeled_at", chance, &known("/projects", "created_at")),
        "workflow_status" => {
            let status = chance.pick(&["ToLabel", "InReview", "InRework", "Done"]).copied();
            (json!(status), json!({"type": "task_queue_status", "status": status}))
        }
        "batch_ids" => list("batch", queries::some_of(chance, &known("/projects", "batch_id"))),
        "global_keys" => list("global_key", queries::some_of(chance, &known("/data_row", "global_key"))),
        "data_row_ids" => list("data_row_id", queries::some_of(chance, &known("/data_row", "id"))),
        other => panic!("the test does not know {other}"),
    }
}

fn range(filter: &str, chance: &mut Chance, known: &[String]) -> (Value, Value) {
    let mut days = [queries::date(chance, known), queries::date(chance, known)].map(|date| date[..10].to_owned());
    days.sort();
    let [start, end] = days;
    let (value, query) = match chance.below(3) {
        0 => (json!([start, null]), json!({"min": start})),
        1 => (json!([null, end]), json!({"max": end})),
        _ => (json!([start, end]), json!({"min": start, "max": end})),
    };
    (value, json!({"type": filter, "value": {"operator": "BETWEEN", "value": query}}))
}

#[test]
fn the_random_queries_ask_for_every_filter_and_get_both_answers() {
    let listed: BTreeSet<&str> = queries::LEAVES.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, FILTERS.iter().map(|filter| filter.name()).collect());
    let mut answers: BTreeMap<&str, BTreeSet<bool>> = BTreeMap::new();
    for seed in 0..40 {
        let files: Vec<SampleFile> = random(seed, &SIZE);
        let rows = parsed(&files[0].ndjson);
        let mut chance = Chance::new(seed);
        for (name, leaf) in queries::LEAVES {
            let entry = leaf(&mut chance, &rows);
            answers.entry(name).or_default().extend(rows.iter().map(|row| oracle::holds(&entry, row)));
        }
    }
    for (name, answers) in answers {
        assert_eq!(answers.len(), 2, "{name} always says {answers:?}");
    }
}
