//! Rows of today in the shapes of older exports.
//!
//! The format changed a dozen times without a version number. Each change is one entry of [`OLDER_CHANGES`] that takes
//! it back; any subset gives a row that some export once had, or nearly so. Rows are parsed and printed again, so
//! numbers get the spelling of `serde_json`.
//!
//! # Adding a change
//! One function and one line in the table.

use serde_json::{Value, json};

use crate::ascii_json::{to_ascii_json, to_spaced_ascii_json};
use crate::chance::Chance;

/// One change of the row format, taken back.
#[derive(Debug)]
pub struct OlderChange {
    /// What the older row is like, in a few words with underscores.
    pub name: &'static str,
    take_back: fn(&mut Value),
}

/// Every change that can be taken back, by name.
pub static OLDER_CHANGES: &[OlderChange] = &[
    OlderChange { name: "checklist_without_schema_ids", take_back: drop_checklist_schema_ids },
    OlderChange { name: "exif_rotation_as_text", take_back: print_exif_rotation },
    OlderChange { name: "key_frames_as_map", take_back: map_key_frames },
    OlderChange { name: "no_asset_type", take_back: drop_asset_type },
    OlderChange { name: "no_feature_schema_ids", take_back: drop_feature_schema_ids },
    OlderChange { name: "no_project_tags", take_back: drop_project_tags },
    OlderChange { name: "no_values", take_back: drop_values },
    OlderChange { name: "relationships_twice", take_back: repeat_relationships },
    OlderChange { name: "seconds_only", take_back: drop_milliseconds },
    OlderChange { name: "text_without_classifications", take_back: drop_text_classifications },
];

/// Returns the row with some of the changes taken back, at least one, and with or without spaced separators.
///
/// A line that is not JSON comes back as it is.
pub fn older_shape(line: &str, chance: &mut Chance) -> String {
    let Ok(mut row) = serde_json::from_str::<Value>(line) else {
        return line.to_owned();
    };
    let always = chance.below(OLDER_CHANGES.len() as u64) as usize;
    for (index, change) in OLDER_CHANGES.iter().enumerate() {
        if chance.happens(50) || index == always {
            (change.take_back)(&mut row);
        }
    }
    if chance.happens(50) { to_spaced_ascii_json(&row) } else { to_ascii_json(&row) }
}

/// Returns the row with one change taken back; a line that is not JSON comes back as it is.
pub fn with_older_change(line: &str, change: &OlderChange) -> String {
    let Ok(mut row) = serde_json::from_str::<Value>(line) else {
        return line.to_owned();
    };
    (change.take_back)(&mut row);
    to_ascii_json(&row)
}

/// Calls `change` with every object of the tree, outermost first.
fn visit(value: &mut Value, change: &dyn Fn(&mut serde_json::Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, change)),
        Value::Object(entries) => {
            change(entries);
            entries.values_mut().for_each(|item| visit(item, change));
        }
        _ => {}
    }
}

fn drop_checklist_schema_ids(row: &mut Value) {
    visit(row, &|entries| {
        for key in ["checklist_answers", "conversational_checklist_answers"] {
            let options = entries.get_mut(key).and_then(Value::as_array_mut);
            for option in options.into_iter().flatten().filter_map(Value::as_object_mut) {
                option.shift_remove("feature_schema_id");
            }
        }
    });
}

fn print_exif_rotation(row: &mut Value) {
    if let Some(rotation) = row.pointer_mut("/media_attributes/exif_rotation")
        && let Some(number) = rotation.as_u64()
    {
        *rotation = number.to_string().into();
    }
}

fn map_key_frames(row: &mut Value) {
    visit(row, &|entries| {
        let Some(features) = entries.get_mut("key_frame_feature_map").and_then(Value::as_object_mut) else {
            return;
        };
        for frames in features.values_mut() {
            // The map of a DICOM series is one already, by plane.
            if let Value::Array(numbers) = frames {
                *frames = numbers.iter().map(|number| (number.to_string(), json!(true))).collect();
            }
        }
    });
}

fn drop_asset_type(row: &mut Value) {
    if let Some(attributes) = row.get_mut("media_attributes").and_then(Value::as_object_mut) {
        attributes.shift_remove("asset_type");
    }
}

fn drop_feature_schema_ids(row: &mut Value) {
    visit(row, &|entries| {
        entries.shift_remove("feature_schema_id");
    });
}

fn drop_project_tags(row: &mut Value) {
    visit(row, &|entries| {
        entries.shift_remove("project_tags");
    });
}

fn drop_values(row: &mut Value) {
    visit(row, &|entries| {
        // Metadata has values too, and keeps them.
        if entries.contains_key("feature_id") {
            entries.shift_remove("value");
        }
    });
}

fn repeat_relationships(row: &mut Value) {
    visit(row, &|entries| {
        let repeated = entries.get("relationships").and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(objects) = entries.get_mut("objects").and_then(Value::as_array_mut) {
            objects.extend(repeated);
        }
    });
}

fn drop_milliseconds(row: &mut Value) {
    visit(row, &|entries| {
        for key in ["created_at", "updated_at", "last_activity_at", "content_last_updated_at", "reviewed_at"] {
            if let Some(Value::String(moment)) = entries.get_mut(key)
                && let (Some(point), Some(zone)) = (moment.find('.'), moment.find('+'))
            {
                moment.replace_range(point..zone, "");
            }
        }
    });
}

fn drop_text_classifications(row: &mut Value) {
    visit(row, &|entries| {
        for key in ["text_answer", "conversational_text_answer"] {
            if let Some(answer) = entries.get_mut(key).and_then(Value::as_object_mut) {
                answer.shift_remove("classifications");
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, line: &str, expect: &str) {
        let change = OLDER_CHANGES.iter().find(|change| change.name == name).unwrap();
        assert_eq!(with_older_change(line, change), expect);
    }

    #[test]
    fn each_change_is_taken_back() {
        check(
            "checklist_without_schema_ids",
            r#"{"feature_schema_id":"s","checklist_answers":[{"feature_id":"f","feature_schema_id":"s"}]}"#,
            r#"{"feature_schema_id":"s","checklist_answers":[{"feature_id":"f"}]}"#,
        );
        check(
            "exif_rotation_as_text",
            r#"{"media_attributes":{"exif_rotation":6}}"#,
            r#"{"media_attributes":{"exif_rotation":"6"}}"#,
        );
        check(
            "key_frames_as_map",
            r#"{"key_frame_feature_map":{"f":[3,12],"g":{"Axial":{"1":true}}}}"#,
            r#"{"key_frame_feature_map":{"f":{"3":true,"12":true},"g":{"Axial":{"1":true}}}}"#,
        );
        check("no_asset_type", r#"{"media_attributes":{"asset_type":"image"}}"#, r#"{"media_attributes":{}}"#);
        check("no_feature_schema_ids", r#"[{"feature_id":"f","feature_schema_id":"s"}]"#, r#"[{"feature_id":"f"}]"#);
        check("no_project_tags", r#"{"projects":{"p":{"project_tags":[]}}}"#, r#"{"projects":{"p":{}}}"#);
        check("no_values", r#"[{"value":7},{"feature_id":"f","value":"v"}]"#, r#"[{"value":7},{"feature_id":"f"}]"#);
        check(
            "relationships_twice",
            r#"{"objects":[1],"relationships":[2]}"#,
            r#"{"objects":[1,2],"relationships":[2]}"#,
        );
        check(
            "seconds_only",
            r#"{"created_at":"2025-03-03T08:15:00.417+00:00"}"#,
            r#"{"created_at":"2025-03-03T08:15:00+00:00"}"#,
        );
        check(
            "text_without_classifications",
            r#"{"text_answer":{"content":"x","classifications":[]}}"#,
            r#"{"text_answer":{"content":"x"}}"#,
        );
    }

    #[test]
    fn changes_are_listed_once_in_order() {
        assert!(OLDER_CHANGES.windows(2).all(|pair| pair[0].name < pair[1].name));
    }
}
