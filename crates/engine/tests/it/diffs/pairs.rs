//! Random pairs of results: what is found is what was done, however the rows are ordered.

use super::{Found, LARGE, compare, file, rows};
use labelport_engine::diff::{Change, List, What};
use labelport_model::json::Document;
use labelport_samples::{Chance, Size, random};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Does something to a row that is seen in its text.
fn edit(row: &mut Value, chance: &mut Chance, number: usize) {
    let labels: Vec<&mut Value> = labels_of(row);
    let mut labels: Vec<&mut Value> = labels.into_iter().filter(|label| label["annotations"].is_object()).collect();
    let choice = if labels.is_empty() { 0 } else { chance.below(6) };
    let place = if labels.is_empty() { 0 } else { chance.below(labels.len() as u64) as usize };
    match choice {
        0 => row["data_row"]["external_id"] = json!(format!("edited {number}")),
        1 => labels[place]["label_details"]["content"] = json!(number),
        2 => labels[place]["id"] = json!(format!("label {number}")),
        3 => change_numbers(&mut labels[place]["annotations"], chance),
        4 => remove_one(&mut labels[place]["annotations"]),
        _ => rename(&mut labels[place]["annotations"], &format!("class {}", chance.below(3))),
    }
}

/// Lists the labels and predictions of a row.
fn labels_of(row: &mut Value) -> Vec<&mut Value> {
    let mut found = Vec::new();
    let Some(row) = row.as_object_mut() else { return found };
    for (key, member) in row.iter_mut() {
        let Some(homes) = member.as_object_mut().filter(|_| key == "projects" || key == "experiments") else {
            continue;
        };
        for home in homes.values_mut() {
            let is_project = key == "projects";
            let mut lists: Vec<&mut Value> = Vec::new();
            match is_project {
                true => lists.extend(home.get_mut("labels")),
                false => {
                    for run in home["runs"].as_object_mut().unwrap().values_mut() {
                        let run = run.as_object_mut().unwrap();
                        lists.extend(
                            run.iter_mut()
                                .filter(|(key, _)| *key == "labels" || *key == "predictions")
                                .map(|(_, list)| list),
                        );
                    }
                }
            }
            found.extend(lists.into_iter().filter_map(Value::as_array_mut).flatten());
        }
    }
    found
}

/// Moves some numbers of annotations a little.
fn change_numbers(value: &mut Value, chance: &mut Chance) {
    match value {
        Value::Number(number) if number.is_f64() && chance.happens(50) => {
            *value = json!(number.as_f64().unwrap() + 0.5);
        }
        Value::Array(values) => values.iter_mut().for_each(|value| change_numbers(value, chance)),
        Value::Object(members) => members.values_mut().for_each(|value| change_numbers(value, chance)),
        _ => {}
    }
}

/// Removes an annotation, wherever the first one is.
fn remove_one(annotations: &mut Value) {
    for key in ["objects", "classifications", "relationships"] {
        if let Some(list) = annotations.get_mut(key).and_then(Value::as_array_mut).filter(|list| !list.is_empty()) {
            list.remove(0);
            return;
        }
    }
}

/// Gives the first object another class.
fn rename(annotations: &mut Value, class: &str) {
    if let Some(object) = annotations.get_mut("objects").and_then(|objects| objects.get_mut(0)) {
        object["name"] = json!(class);
    }
}

/// Counts annotations by class and kind: each feature id of a label once.
fn count(rows: &[Value]) -> BTreeMap<(String, String), i64> {
    let mut counts = BTreeMap::new();
    for row in rows {
        for label in labels_of(&mut row.clone()) {
            let mut seen = BTreeSet::new();
            walk(&label["annotations"], &mut |annotation, kind| {
                let id = annotation["feature_id"].as_str().unwrap();
                if seen.insert((kind.contains("answer") || kind == "unanswered", id.to_owned())) {
                    let class = annotation["name"].as_str().unwrap().to_owned();
                    *counts.entry((class, kind.to_owned())).or_default() += 1;
                }
            });
        }
    }
    counts
}

/// Finds objects by their kind, and questions in lists that no object or answer holds.
fn walk(value: &Value, each: &mut dyn FnMut(&Value, &str)) {
    if let Some(kind) = value.get("annotation_kind") {
        each(value, kind.as_str().unwrap());
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member.as_array().filter(|_| key == "classifications") {
                    Some(list) => list.iter().for_each(|answer| {
                        let keys = answer.as_object().unwrap().keys();
                        let kind = keys.filter(|key| key.ends_with("_answer") || key.ends_with("_answers"));
                        each(answer, kind.map(String::as_str).next().unwrap_or("unanswered"));
                    }),
                    None => walk(member, each),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| walk(value, each)),
        _ => {}
    }
}

fn id(row: &Value) -> &str {
    row["data_row"]["id"].as_str().unwrap()
}

fn shuffle(rows: &mut [Value], chance: &mut Chance) {
    for index in (1..rows.len()).rev() {
        rows.swap(index, chance.below(index as u64 + 1) as usize);
    }
}

/// Returns what a row is called where it differs, with the change.
fn named(found: &Found) -> BTreeMap<String, Change> {
    let named: BTreeMap<_, _> = found.rows.iter().map(|row| (row.id.clone(), row.change)).collect();
    assert_eq!(named.len(), found.rows.len(), "a row is named twice");
    named
}

fn mirrored(change: Change) -> Change {
    match change {
        Change::Added => Change::Removed,
        Change::Removed => Change::Added,
        Change::Changed => Change::Changed,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_comparison_names_exactly_what_differs(seed in any::<u64>(), window in 0_usize..4, is_ordered in any::<bool>()) {
        let mut chance = Chance::new(seed);
        let size = Size { rows: 24, files: 1, masks: chance.happens(50), odd_spellings: false };
        let mut old = rows(&random(seed, &size).remove(0).ndjson);
        let mut new = old.clone();
        let mut number = 0;
        new.retain_mut(|row| {
            number += 1;
            if chance.happens(30) {
                edit(row, &mut chance, number);
            }
            !chance.happens(10)
        });
        // Ids by chance might be those of rows: both come from one seed.
        for number in 0..chance.below(4) {
            let mut row = old[chance.below(old.len() as u64) as usize].clone();
            row["data_row"]["id"] = json!(format!("cnew{number}"));
            new.insert(chance.below(new.len() as u64 + 1) as usize, row);
        }
        if !is_ordered {
            shuffle(&mut old, &mut chance);
            shuffle(&mut new, &mut chance);
        }
        let window = [0, 1, 30_000, LARGE][window];
        let found = compare(&file(&old), &file(&new), window).unwrap();

        // Exactly the rows whose text differs.
        let text = |row: &Value| Document::parse(row.to_string().as_bytes()).unwrap().text().to_owned();
        let by_id = |rows: &[Value]| rows.iter().map(|row| (id(row).to_owned(), text(row))).collect::<BTreeMap<_, _>>();
        let (olds, news) = (by_id(&old), by_id(&new));
        let mut expect = BTreeMap::new();
        for id in olds.keys().chain(news.keys()) {
            match (olds.get(id), news.get(id)) {
                (Some(_), None) => drop(expect.insert(id.clone(), Change::Removed)),
                (None, _) => drop(expect.insert(id.clone(), Change::Added)),
                (Some(one), Some(other)) if one != other => drop(expect.insert(id.clone(), Change::Changed)),
                _ => {}
            }
        }
        prop_assert_eq!(&named(&found), &expect);
        let tally = found.sums.rows;
        prop_assert_eq!(found.sums.same + tally.removed + tally.changed, old.len() as u64);
        prop_assert_eq!(found.sums.same + tally.added + tally.changed, new.len() as u64);
        prop_assert!(found.rows.iter().all(|row| row.change != Change::Changed || !(row.members.is_empty() && row.labels.is_empty())));

        // What the second side has is what the first one has, without what was removed, with what was added.
        let (before, after) = (count(&old), count(&new));
        let classes: BTreeSet<_> = before.keys().chain(after.keys()).chain(found.sums.classes.keys()).cloned().collect();
        for class in classes {
            let tally = found.sums.classes.get(&class).copied().unwrap_or_default();
            let of = |counts: &BTreeMap<_, i64>| counts.get(&class).copied().unwrap_or_default();
            prop_assert_eq!(of(&before) - tally.removed as i64 + tally.added as i64, of(&after), "{:?}", class);
        }

        // The other way round it is the same, mirrored.
        let back = compare(&file(&new), &file(&old), window).unwrap();
        let mirrored_rows: BTreeMap<_, _> = named(&back).into_iter().map(|(id, change)| (id, mirrored(change))).collect();
        prop_assert_eq!(&mirrored_rows, &expect);
        prop_assert_eq!(back.sums.classes.len(), found.sums.classes.len());
        for (class, tally) in &found.sums.classes {
            let other = back.sums.classes[class];
            prop_assert_eq!((tally.added, tally.removed, tally.changed), (other.removed, other.added, other.changed));
        }
        for row in &found.rows {
            let other = back.rows.iter().find(|other| other.id == row.id).unwrap();
            let labels = |row: &labelport_engine::diff::RowDiff, is_back: bool| {
                let labels = row.labels.iter().map(|label| {
                    let change = if is_back { mirrored(label.change) } else { label.change };
                    let geometry: usize = label.annotations.iter().flat_map(|annotation| &annotation.what)
                        .filter(|what| matches!(what, What::Geometry(_))).count();
                    (label.id.clone(), label.list == List::Predictions, change, label.annotations.len(), geometry)
                });
                let mut labels: Vec<_> = labels.collect();
                labels.sort();
                labels
            };
            prop_assert_eq!(labels(row, false), labels(other, true));
        }

        // Nothing differs from itself, in whatever order.
        let mut shuffled = new.clone();
        shuffle(&mut shuffled, &mut chance);
        let same = compare(&file(&new), &file(&shuffled), window).unwrap();
        prop_assert!(same.sums.are_same() && same.rows.is_empty());
        prop_assert_eq!(same.sums.same, new.len() as u64);
    }
}
