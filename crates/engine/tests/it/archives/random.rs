//! Random workspaces, written in the old form and read again.

use super::{changed_nothing, conserved, records_of_project, records_of_run, rows};
use crate::support::{ImportAs, Workspace};
use labelport_samples::{Chance, Size, random};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// As odd as composed rows get.
const ODD: Size = Size { rows: 14, files: 2, masks: true, odd_spellings: true };

/// Returns the ids of the projects, and of the model runs, that rows are in.
fn homes(rows: &[Value]) -> (BTreeSet<String>, BTreeSet<String>) {
    let keys = |value: &Value| -> Vec<String> {
        value.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
    };
    let projects = rows.iter().flat_map(|row| keys(&row["projects"])).collect();
    let models =
        rows.iter().flat_map(|row| row["experiments"].as_object().into_iter().flat_map(|models| models.values()));
    let runs = models.flat_map(|model| keys(&model["runs"])).collect();
    (projects, runs)
}

/// Returns records in the order of their ids. Answers that begin at one time come together when they are stored.
fn sorted(records: &str) -> Vec<String> {
    let by_time = |line: &str| {
        if !line.contains("startMilliseconds") {
            return line.to_owned();
        }
        let mut record: Value = serde_json::from_str(line).unwrap();
        record["Label"]["classifications"].as_array_mut().unwrap().sort_by_key(Value::to_string);
        record.to_string()
    };
    let mut lines: Vec<String> = records.lines().map(by_time).collect();
    lines.sort_unstable();
    lines
}

/// Returns records as one array over several lines.
fn as_array(records: &str) -> String {
    format!("[\n{}\n]\n", records.lines().collect::<Vec<_>>().join(",\n"))
}

fn check_projects(workspace: &Workspace, projects: &BTreeSet<String>) {
    let archive = Workspace::new();
    let mut written = Vec::new();
    for (number, project) in projects.iter().enumerate() {
        let records = records_of_project(workspace, project);
        if records.is_empty() {
            continue;
        }
        let file = if number % 2 == 0 { records.clone() } else { as_array(&records) };
        let first = archive.import_all("archive", file.as_bytes());
        conserved(&first);
        written.push((project, records, file));
    }
    for (project, records, file) in &written {
        let again = records_of_project(&archive, project);
        for (before, after) in sorted(records).into_iter().zip(sorted(&again)) {
            assert_eq!(before, after);
        }
        assert_eq!(records.lines().count(), again.lines().count());
        changed_nothing(&archive.import_all("archive", file.as_bytes()));
    }
}

fn check_runs(workspace: &Workspace, runs: &BTreeSet<String>) {
    let archive = Workspace::new();
    for (number, run) in runs.iter().enumerate() {
        let records = records_of_run(workspace, run);
        let name = format!("run-{number}.ndjson");
        let first = archive.import_all(&name, records.as_bytes());
        conserved(&first);
        let stored = rows(&archive);
        let (_, known) = homes(&stored);
        let found = known.iter().map(|id| records_of_run(&archive, id)).find(|found| sorted(found) == sorted(&records));
        assert!(found.is_some(), "{records}\n{known:?}");
        changed_nothing(&archive.import_all(&name, records.as_bytes()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn records_that_are_read_are_written_again(seed in any::<u64>()) {
        let workspace = Workspace::of(&random(seed, &ODD));
        let (projects, runs) = homes(&rows(&workspace));
        check_projects(&workspace, &projects);
        check_runs(&workspace, &runs);
    }
}

/// Changes records as files of other years have them: members that nobody knows, lists in lists, dropdowns, reviews.
struct Oddities(Chance);

impl Oddities {
    fn sometimes(&mut self) -> bool {
        self.0.below(3) == 0
    }

    fn extend(&mut self, value: &mut Value, members: &[(&str, Value)]) {
        for (key, member) in members {
            if self.sometimes() {
                value[*key] = member.clone();
            }
        }
    }

    fn record(&mut self, record: &mut Value, number: usize) {
        let id = record["ID"].clone();
        let review = json!({ "score": -1, "id": format!("review-{number}"), "createdAt": "2021-07-15T10:00:00.000Z",
            "createdBy": "i@example.test", "labelId": id, "mood": [1.50] });
        self.extend(
            record,
            &[("Has Open Issues", json!(1)), ("Agreement", json!(0.25)), ("Benchmark Agreement", json!(1))],
        );
        self.extend(
            record,
            &[("Reviews", json!([review])), ("Data Split", json!("train")), ("Extra", json!({ "a": null }))],
        );
        let label = &mut record["Label"];
        if label.is_array() {
            let frames = label.as_array_mut().unwrap();
            frames.iter_mut().for_each(|frame| {
                self.lists(frame);
                self.extend(frame, &[("relationships", json!([{ "title": "r" }])), ("tint", json!("x"))]);
            });
        } else if label["objects"].is_array() {
            self.lists(label);
            self.extend(label, &[("tint", json!([null]))]);
            if self.sometimes() {
                label["relationships"].as_array_mut().unwrap().push(json!({ "title": "of unknown form", "from": "x" }));
            }
        }
    }

    fn lists(&mut self, label: &mut Value) {
        for object in label.get_mut("objects").and_then(Value::as_array_mut).into_iter().flatten() {
            let uri = json!("https://h/m?token=1");
            self.extend(object, &[("color", json!("#12ab34")), ("format", json!("other")), ("mood", json!(1.0))]);
            if object.get("page").is_some() {
                self.extend(object, &[("unit", json!("INCHES"))]);
            }
            if object.get("instanceURI").is_none() {
                self.extend(object, &[("instanceURI", uri)]);
            }
            for group in object.pointer_mut("/data/location").and_then(Value::as_array_mut).into_iter().flatten() {
                self.extend(group, &[("text-bbox", json!({ "page": 1, "top": 2.50 })), ("weight", json!(3))]);
            }
            self.classifications(object);
        }
        self.classifications(label);
    }

    fn classifications(&mut self, holder: &mut Value) {
        let Some(list) = holder.get_mut("classifications").and_then(Value::as_array_mut) else { return };
        for item in list.iter_mut() {
            self.extend(item, &[("scope", json!("global")), ("position", json!({ "x": 1 }))]);
            if item.get("answers").is_some() && self.sometimes() {
                let answers = item["answers"].take();
                item.as_object_mut().unwrap().shift_remove("answers");
                item["answer"] = answers;
            }
            for option in item.get_mut("answers").and_then(Value::as_array_mut).into_iter().flatten() {
                self.extend(option, &[("weight", json!(0.50))]);
            }
        }
    }
}

/// Puts the end of each list of classifications into lists in it.
fn nested(record: &mut Value) {
    match record {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::Array(list) if key == "classifications" && list.len() > 1 => {
                        let last = list.split_off(list.len() - 1);
                        list.push(json!([[], last]));
                    }
                    member => nested(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(nested),
        _ => {}
    }
}

/// Returns the first difference between two records, whatever the order of their keys.
fn difference(before: &Value, after: &Value, path: &str) -> Option<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let more = after.keys().find(|key| !before.contains_key(*key)).map(|key| format!("{path}.{key} is new"));
            let fewer = || {
                before.iter().find_map(|(key, value)| match after.get(key) {
                    Some(found) => difference(value, found, &format!("{path}.{key}")),
                    None => Some(format!("{path}.{key} is gone")),
                })
            };
            more.or_else(fewer)
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let mut pairs = before.iter().zip(after).enumerate();
            pairs.find_map(|(index, (before, after))| difference(before, after, &format!("{path}[{index}]")))
        }
        _ if before == after => None,
        _ => Some(format!("{path} was {before} and is {after}")),
    }
}

/// Returns what is compared of a record.
fn compared(line: &str) -> Value {
    let mut record: Value = serde_json::from_str(line).unwrap();
    // Where a label is seen is for the workspace to say.
    record.as_object_mut().unwrap().shift_remove("View Label");
    if let Some(list) = record.pointer_mut("/Label/classifications").and_then(Value::as_array_mut)
        && list.iter().any(|item| item.get("startMilliseconds").is_some())
    {
        list.sort_by_key(Value::to_string);
    }
    record
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn records_with_odd_members_come_back(seed in any::<u64>()) {
        let workspace = Workspace::of(&random(seed, &Size { odd_spellings: false, ..ODD }));
        let mut oddities = Oddities(Chance::new(seed));
        let (projects, _) = homes(&rows(&workspace));
        for project in &projects {
            let records = records_of_project(&workspace, project);
            if records.is_empty() {
                continue;
            }
            let mut odd: Vec<Value> = records.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            odd.iter_mut().enumerate().for_each(|(number, record)| oddities.record(record, number));
            let expect: Vec<Value> = odd.iter().map(|record| compared(&record.to_string())).collect();
            odd.iter_mut().for_each(nested);
            let file: String = odd.iter().map(|record| format!("{record}\n")).collect();
            let archive = Workspace::new();
            let summary = archive.import_all("archive.ndjson", file.as_bytes());
            let counts = summary.archive.as_ref().unwrap();
            prop_assert_eq!(counts.classifications.read, counts.classifications.stored);
            let unread: u64 = ["Label.relationships[]", "frames[].relationships"].iter().filter_map(|key| counts.kept.get(*key)).sum();
            prop_assert_eq!(counts.objects.read, counts.objects.stored + unread);
            let again = records_of_project(&archive, project);
            prop_assert_eq!(again.lines().count(), expect.len());
            for expect in &expect {
                let found = again.lines().map(compared).find(|found| found["ID"] == expect["ID"]);
                prop_assert_eq!(difference(expect, &found.unwrap(), "record"), None);
            }
            changed_nothing(&archive.import_all("archive.ndjson", file.as_bytes()));
        }
    }
}

/// Puts something else in the place of a random value.
fn damage(value: &mut Value, chance: &mut Chance) {
    let odd = [
        json!(null),
        json!(true),
        json!("12"),
        json!(""),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(1.5e300),
        json!([]),
        json!({}),
        json!([[1]]),
        json!([null]),
        json!({ "start": 1, "end": i64::MAX }),
        json!("\u{0}\u{fffe}"),
    ];
    let count = match value {
        Value::Object(members) => members.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    if count == 0 || chance.below(6) == 0 {
        *value = odd[chance.below(odd.len() as u64) as usize].clone();
        return;
    }
    let place = chance.below(count as u64) as usize;
    match value {
        Value::Object(members) => damage(members.values_mut().nth(place).unwrap(), chance),
        Value::Array(items) => damage(&mut items[place], chance),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 30, max_shrink_iters: 0, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn a_damaged_record_is_refused_or_read_and_breaks_nothing(seed in any::<u64>()) {
        let mut chance = Chance::new(seed);
        // The beginning of a file says what it is.
        let mut records = super::kinds::records("text.json");
        for name in ["image.json", "tiled.json", "text.json", "document.json", "conversation.json", "video.json", "model-run.ndjson"] {
            for mut record in super::kinds::records(name) {
                damage(&mut record, &mut chance);
                records.push(record);
            }
        }
        let file: String = records.iter().map(|record| format!("{record}\n")).collect();
        let archive = Workspace::new();
        let summary = archive.import("archive.ndjson", file.as_bytes(), ImportAs::default()).unwrap();
        prop_assert!(summary.refusals.iter().all(|refused| !refused.reason.is_empty()));
        prop_assert_eq!(summary.records, records.len() as u64);
        let stored = rows(&archive);
        let (projects, runs) = homes(&stored);
        projects.iter().for_each(|id| drop(records_of_project(&archive, id)));
        runs.iter().for_each(|id| drop(records_of_run(&archive, id)));
        let again = archive.import("archive.ndjson", file.as_bytes(), ImportAs::default()).unwrap();
        prop_assert_eq!(again.refused, summary.refused);
    }
}
