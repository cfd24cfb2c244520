//! Random queries about rows: most ask for something that some row has.

use labelport_samples::Chance;
use serde_json::{Value, json};

/// A filter and an entry of it that asks about these rows.
type Leaf = fn(&mut Chance, &[Value]) -> Value;

/// Every filter of queries, by name.
pub(super) static LEAVES: &[(&str, Leaf)] = &[
    ("annotation", |chance, rows| {
        let features = collect(rows, "/projects", &["name", "feature_schema_id"], |value| {
            value.get("annotation_kind").is_some() || value.get("feature_id").is_some()
        });
        ids("annotation", chance, &features)
    }),
    ("batch", |chance, rows| ids("batch", chance, &collect(rows, "/projects", &["batch_id"], |_| true))),
    ("data_row_created_at", |chance, rows| time("data_row_created_at", chance, rows, "/data_row", "created_at")),
    ("data_row_id", |chance, rows| ids("data_row_id", chance, &collect(rows, "/data_row", &["id"], |_| true))),
    ("data_row_last_activity_at", |chance, rows| {
        time("data_row_last_activity_at", chance, rows, "/data_row", "last_activity_at")
    }),
    ("data_row_updated_at", |chance, rows| time("data_row_updated_at", chance, rows, "/data_row", "updated_at")),
    ("dataset", |chance, rows| ids("dataset", chance, &collect(rows, "/data_row", &["dataset_id"], |_| true))),
    ("external_id", |chance, rows| {
        let known = collect(rows, "/data_row", &["external_id"], |_| true);
        json!({"type": "external_id", "operator": "starts_with", "value": prefix(chance, &known)})
    }),
    ("global_key", |chance, rows| {
        let known = collect(rows, "/data_row", &["global_key"], |_| true);
        if chance.happens(50) {
            return ids("global_key", chance, &known);
        }
        json!({"type": "global_key", "operator": "starts_with", "value": prefix(chance, &known)})
    }),
    ("labeled_at", |chance, rows| time("labeled_at", chance, rows, "/projects", "created_at")),
    ("labeled_in", |chance, rows| ids("labeled_in", chance, &keys(rows, "/projects"))),
    ("media_type", |chance, _| {
        let names = [
            "audio",
            "conversation",
            "CONVERSATIONAL",
            "dicom",
            "document",
            "PDF",
            "geospatial",
            "TMS_GEO",
            "html",
            "image",
            "IMAGE",
            "text",
            "video",
        ];
        let values: Vec<&str> = (0..chance.between(1, 4)).map(|_| *chance.pick(&names).unwrap()).collect();
        json!({"type": "media_type", "operator": "is", "values": values})
    }),
    ("metadata", metadata),
    ("model_run", |chance, rows| {
        let runs: Vec<String> = rows
            .iter()
            .flat_map(|row| row["experiments"].as_object().unwrap().values())
            .flat_map(|model| model["runs"].as_object().unwrap().keys().cloned())
            .collect();
        let mut entry = ids("model_run", chance, &runs);
        if chance.happens(40) {
            let splits = ["Training", "Validation", "Test", "Unassigned", "train", "valid"];
            entry["split"] = json!(chance.pick(&splits));
        }
        entry
    }),
    ("task_queue_not_exist", |_, _| json!({"type": "task_queue_not_exist"})),
    ("task_queue_status", |chance, _| {
        let statuses = ["ToLabel", "InReview", "InRework", "Done"];
        json!({"type": "task_queue_status", "status": chance.pick(&statuses)})
    }),
];

/// Returns a query of any shape.
pub(super) fn query(chance: &mut Chance, rows: &[Value], depth: u64) -> Value {
    let some = |chance: &mut Chance| -> Vec<Value> {
        (0..chance.between(1, 3)).map(|_| query(chance, rows, depth - 1)).collect()
    };
    match if depth == 0 { 9 } else { chance.below(6) } {
        0 => json!({"and": some(chance)}),
        1 => json!({"or": some(chance)}),
        2 => json!({"not": query(chance, rows, depth - 1)}),
        _ => {
            let (_, leaf) = chance.pick(LEAVES).unwrap();
            leaf(chance, rows)
        }
    }
}

/// Collects the texts under some keys of whatever stands at a place of the rows, at any depth.
pub(super) fn collect(rows: &[Value], place: &str, keys: &[&str], is_meant: fn(&Value) -> bool) -> Vec<String> {
    fn walk(value: &Value, keys: &[&str], is_meant: fn(&Value) -> bool, found: &mut Vec<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(item, keys, is_meant, found)),
            Value::Object(members) => {
                if is_meant(value) {
                    found.extend(keys.iter().filter_map(|key| members.get(*key)?.as_str()).map(str::to_owned));
                }
                members.values().for_each(|member| walk(member, keys, is_meant, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    rows.iter().filter_map(|row| row.pointer(place)).for_each(|value| walk(value, keys, is_meant, &mut found));
    found
}

/// Collects the keys of the objects at a place of the rows.
pub(super) fn keys(rows: &[Value], place: &str) -> Vec<String> {
    rows.iter().flat_map(|row| row.pointer(place).unwrap().as_object().unwrap().keys().cloned()).collect()
}

/// Returns one to three of the known texts, and now and then one of nothing.
pub(super) fn some_of(chance: &mut Chance, known: &[String]) -> Vec<String> {
    let mut chosen: Vec<String> = (0..chance.between(1, 3)).filter_map(|_| chance.pick(known).cloned()).collect();
    if chosen.is_empty() || chance.happens(20) {
        chosen.push(chance.cuid());
    }
    chosen
}

fn ids(filter: &str, chance: &mut Chance, known: &[String]) -> Value {
    json!({"type": filter, "operator": "is", "ids": some_of(chance, known)})
}

/// Returns how one of the known texts begins, or the whole of it.
fn prefix(chance: &mut Chance, known: &[String]) -> String {
    let Some(text) = chance.pick(known).filter(|text| !text.is_empty()) else { return "x".to_owned() };
    let count = chance.between(1, text.chars().count() as u64);
    text.chars().take(count as usize).collect()
}

fn time(filter: &str, chance: &mut Chance, rows: &[Value], place: &str, key: &str) -> Value {
    let known = collect(rows, place, &[key], |_| true);
    let mut value = span(chance, &known);
    if chance.happens(50) {
        value["timezone"] = json!("UTC");
    }
    json!({"type": filter, "value": value})
}

/// Returns an operator and a value that compare times; known ones, so that the ends of ranges are met.
fn span(chance: &mut Chance, known: &[String]) -> Value {
    let operators = ["BETWEEN", "EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL"];
    let operator = *chance.pick(&operators).unwrap();
    let mut ends = [date(chance, known), date(chance, known)];
    if operator != "BETWEEN" {
        return json!({"operator": operator, "value": ends[0]});
    }
    // Dates of different precision are put in order by what all forms have in common: a day and more.
    ends.sort_by_key(|end| end.replace('T', " "));
    if ends[0][..10] == ends[1][..10] {
        ends = [ends[0][..10].to_owned(), ends[0][..10].to_owned()];
    }
    match chance.below(4) {
        0 => json!({"operator": operator, "value": {"min": ends[0]}}),
        1 => json!({"operator": operator, "value": {"max": ends[1]}}),
        _ => json!({"operator": operator, "value": {"min": ends[0], "max": ends[1]}}),
    }
}

/// Returns one of the known times in one of the forms of dates.
pub(super) fn date(chance: &mut Chance, known: &[String]) -> String {
    let known = chance.pick(known).cloned().unwrap_or_else(|| "2025-03-01T00:00:00.000+00:00".to_owned());
    match chance.below(3) {
        0 => known[..10].to_owned(),
        1 => known[..19].replace('T', " "),
        _ => known.replace("+00:00", "+0000"),
    }
}

fn metadata(chance: &mut Chance, rows: &[Value]) -> Value {
    let fields: Vec<&Value> = rows.iter().flat_map(|row| row["metadata_fields"].as_array().unwrap()).collect();
    let Some(field) = chance.pick(&fields) else {
        return json!({"type": "metadata", "schema": "nothing", "operator": "exists"});
    };
    // Now and then another field's value, so that kinds do not fit.
    let model = if chance.happens(20) { chance.pick(&fields).unwrap() } else { field };
    let schema = field[if chance.happens(50) { "schema_id" } else { "schema_name" }].clone();
    let entry = |operator: &str, value: Value| json!({"type": "metadata", "schema": schema, "operator": operator, "value": value});
    if chance.happens(15) {
        return json!({"type": "metadata", "schema": schema, "operator": "exists"});
    }
    match (&model["value"], model["schema_kind"].as_str().unwrap()) {
        (Value::Number(number), _) => {
            let operators =
                ["EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL", "BETWEEN"];
            let operator = *chance.pick(&operators).unwrap();
            if operator != "BETWEEN" {
                return entry(operator, json!(number));
            }
            let other = fields.iter().map(|field| &field["value"]).find(|value| value.is_number()).unwrap();
            let mut ends = [json!(number), other.clone()];
            ends.sort_by(|one, next| one.as_f64().unwrap().total_cmp(&next.as_f64().unwrap()));
            let [min, max] = ends;
            entry(operator, json!({"min": min, "max": max}))
        }
        (Value::String(text), "CustomMetadataDateTime") => {
            let compared = span(chance, std::slice::from_ref(text));
            entry(compared["operator"].as_str().unwrap(), compared["value"].clone())
        }
        (Value::String(text), _) => match chance.below(3) {
            0 => entry("is", json!([text, "something else"])),
            1 => entry("starts_with", json!(prefix(chance, std::slice::from_ref(text)))),
            _ => {
                let skipped = chance.below(text.chars().count().max(1) as u64) as usize;
                let rest: String = text.chars().skip(skipped).collect();
                entry("contains", json!(prefix(chance, &[rest])))
            }
        },
        (options, _) => {
            let option = &options[0];
            match chance.below(4) {
                0 => entry("is", option["schema_name"].clone()),
                1 => entry("is", json!([option["schema_id"], "x"])),
                2 => entry("starts_with", option["schema_name"].clone()),
                _ => entry("contains", option["schema_name"].clone()),
            }
        }
    }
}
