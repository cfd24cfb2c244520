//! What a query means, evaluated on exported rows and on nothing else.
//!
//! Written from the documentation of the filters, over parsed JSON: it shares no code with the filters themselves. Times
//! are compared as texts, since exports and queries of these tests are in UTC and have one form each.

use serde_json::Value;

/// Evaluates an entry of a query on a row.
pub(super) fn holds(entry: &Value, row: &Value) -> bool {
    if let Some(entries) = entry.get("and") {
        return entries.as_array().unwrap().iter().all(|entry| holds(entry, row));
    }
    if let Some(entries) = entry.get("or") {
        return entries.as_array().unwrap().iter().any(|entry| holds(entry, row));
    }
    if let Some(entry) = entry.get("not") {
        return !holds(entry, row);
    }
    leaf(entry, row)
}

fn leaf(entry: &Value, row: &Value) -> bool {
    let details = &row["data_row"]["details"];
    match text(&entry["type"]) {
        "annotation" => labels(row).any(|label| has_feature(&label["annotations"], &entry["ids"])),
        "batch" => projects(row).any(|project| is_listed(&project["project_details"]["batch_id"], &entry["ids"])),
        "data_row_created_at" => in_span(&details["created_at"], &entry["value"]),
        "data_row_id" => is_listed(&row["data_row"]["id"], &entry["ids"]),
        "data_row_last_activity_at" => in_span(&details["last_activity_at"], &entry["value"]),
        "data_row_updated_at" => in_span(&details["updated_at"], &entry["value"]),
        "dataset" => is_listed(&details["dataset_id"], &entry["ids"]),
        "external_id" => begins(&row["data_row"]["external_id"], &entry["value"]),
        "global_key" if entry["operator"] == "is" => is_listed(&row["data_row"]["global_key"], &entry["ids"]),
        "global_key" => begins(&row["data_row"]["global_key"], &entry["value"]),
        "labeled_at" => labels(row).any(|label| in_span(&label["label_details"]["created_at"], &entry["value"])),
        "labeled_in" => row["projects"].as_object().unwrap().iter().any(|(id, project)| {
            is_listed(&Value::from(id.as_str()), &entry["ids"]) && !project["labels"].as_array().unwrap().is_empty()
        }),
        "media_type" => {
            let asset_type = text(&row["media_attributes"]["asset_type"]);
            entry["values"].as_array().unwrap().iter().any(|value| asset_type_of(text(value)) == asset_type)
        }
        "metadata" => row["metadata_fields"].as_array().unwrap().iter().any(|field| {
            let is_meant = field["schema_id"] == entry["schema"] || field["schema_name"] == entry["schema"];
            is_meant && compares(field, entry)
        }),
        "model_run" => runs(row).any(|(id, run)| {
            let split = entry.get("split").is_none_or(|split| {
                let full = match text(split) {
                    "train" => "Training",
                    "valid" => "Validation",
                    other => other,
                };
                run["split"] == full
            });
            split && is_listed(&Value::from(id), &entry["ids"])
        }),
        "task_queue_not_exist" => has_status(row, "TO_LABEL"),
        "task_queue_status" => has_status(
            row,
            match text(&entry["status"]) {
                "ToLabel" => "TO_LABEL",
                "InReview" => "IN_REVIEW",
                "InRework" => "IN_REWORK",
                _ => "DONE",
            },
        ),
        other => panic!("the oracle does not know {other}"),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn projects(row: &Value) -> impl Iterator<Item = &Value> {
    row["projects"].as_object().unwrap().values()
}

fn labels(row: &Value) -> impl Iterator<Item = &Value> {
    projects(row).flat_map(|project| project["labels"].as_array().unwrap())
}

fn runs(row: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let models = row["experiments"].as_object().unwrap().values();
    models.flat_map(|model| model["runs"].as_object().unwrap()).map(|(id, run)| (id.as_str(), run))
}

fn has_status(row: &Value, status: &str) -> bool {
    projects(row).any(|project| project["project_details"]["workflow_status"] == status)
}

fn is_listed(value: &Value, list: &Value) -> bool {
    value.is_string() && list.as_array().unwrap().contains(value)
}

fn begins(value: &Value, prefix: &Value) -> bool {
    value.as_str().is_some_and(|value| value.starts_with(text(prefix)))
}

fn asset_type_of(media_type: &str) -> &str {
    match media_type {
        "conversation" | "CONVERSATIONAL" => "conversational",
        "document" | "PDF" => "pdf",
        "geospatial" | "TMS_GEO" => "tms_geo",
        "IMAGE" => "image",
        other => other,
    }
}

/// Looks for an object or a classification of one of these features, at any depth.
fn has_feature(value: &Value, names: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| has_feature(item, names)),
        Value::Object(members) => {
            let is_meant = |value: &Value| {
                ["name", "feature_schema_id"].iter().any(|key| value.get(key).is_some_and(|it| is_listed(it, names)))
            };
            let is_object = members.contains_key("annotation_kind") && is_meant(value);
            let classifications = members.get("classifications").and_then(Value::as_array);
            let is_classified = classifications.is_some_and(|items| items.iter().any(is_meant));
            is_object || is_classified || members.values().any(|member| has_feature(member, names))
        }
        _ => false,
    }
}

/// Compares a time with `{"operator":…,"value":…}`.
fn in_span(time: &Value, holder: &Value) -> bool {
    let Some(time) = time.as_str() else { return false };
    let value = &holder["value"];
    match text(&holder["operator"]) {
        "BETWEEN" => {
            let after = value.get("min").is_none_or(|min| first(text(min)).as_str() <= time);
            let before = value.get("max").is_none_or(|max| time <= last(text(max)).as_str());
            after && before
        }
        "EQUAL" => first(text(value)).as_str() <= time && time <= last(text(value)).as_str(),
        "GREATER_THAN" => time > last(text(value)).as_str(),
        "GREATER_THAN_OR_EQUAL" => time >= first(text(value)).as_str(),
        "LESS_THAN" => time < first(text(value)).as_str(),
        _ => time <= last(text(value)).as_str(),
    }
}

/// Returns the first instant that a date names, as exports write it: `2025-03-01`, `2025-03-01 12:00:00`, or
/// `2025-03-01T12:00:00.000+0000`.
fn first(date: &str) -> String {
    match date.len() {
        10 => format!("{date}T00:00:00.000+00:00"),
        19 => format!("{}.000+00:00", date.replace(' ', "T")),
        _ => date.replace("+0000", "+00:00"),
    }
}

/// Returns the last instant that a date names.
fn last(date: &str) -> String {
    if date.len() == 10 { format!("{date}T23:59:59.999+00:00") } else { first(date) }
}

/// Compares a metadata field. A field of another kind than the comparison compares false.
fn compares(field: &Value, entry: &Value) -> bool {
    let value = &field["value"];
    let wanted = &entry["value"];
    let is_text = field["schema_kind"] == "CustomMetadataString";
    match text(&entry["operator"]) {
        "exists" => true,
        "is" => {
            let wanted = wanted.as_array().cloned().unwrap_or_else(|| vec![wanted.clone()]);
            let is_option =
                |option: &Value| wanted.contains(&option["schema_name"]) || wanted.contains(&option["schema_id"]);
            is_text && wanted.contains(value) || value.as_array().is_some_and(|options| options.iter().any(is_option))
        }
        "starts_with" => is_text && text(value).starts_with(text(wanted)),
        "contains" => is_text && text(value).contains(text(wanted)),
        operator => {
            let numbers = [wanted, &wanted["min"], &wanted["max"]].into_iter().any(Value::is_number);
            match (numbers, field["schema_kind"].as_str()) {
                (true, Some("CustomMetadataNumber")) => {
                    let (value, number) = (value.as_f64().unwrap(), |value: &Value| value.as_f64().unwrap());
                    match operator {
                        "BETWEEN" => number(&wanted["min"]) <= value && value <= number(&wanted["max"]),
                        "EQUAL" => value == number(wanted),
                        "GREATER_THAN" => value > number(wanted),
                        "GREATER_THAN_OR_EQUAL" => value >= number(wanted),
                        "LESS_THAN" => value < number(wanted),
                        _ => value <= number(wanted),
                    }
                }
                (false, Some("CustomMetadataDateTime")) => in_span(value, entry),
                _ => false,
            }
        }
    }
}
