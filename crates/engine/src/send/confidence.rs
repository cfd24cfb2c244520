//! How sure a model has to be of what is sent.
//!
//! An object on several frames is one annotation: its surest frame counts, so that it comes whole or not at all. An answer
//! without a confidence of its own is as sure as its surest option. What has no confidence at all is always sent.

use labelport_model::problem::Problem;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// Reads the least and the greatest confidence of predictions, both included.
///
/// # Errors
/// If one is not a number from 0 to 1, or the least is greater than the greatest.
pub(super) fn read(input: &Value) -> Result<RangeInclusive<f64>, Problem> {
    let number = |key: &str, default: f64| match &input[key] {
        Value::Null => Ok(default),
        given => given
            .as_f64()
            .filter(|number| (0.0..=1.0).contains(number))
            .ok_or_else(|| Problem::malformed(format!("predictionsInput.{key} is {given}; give a number from 0 to 1"))),
    };
    let (least, greatest) = (number("minConfidence", 0.0)?, number("maxConfidence", 1.0)?);
    if least > greatest {
        let message = format!("minConfidence {least} is greater than maxConfidence {greatest}; swap them");
        return Err(Problem::malformed(message));
    }
    Ok(least..=greatest)
}

/// Lists the feature ids of the annotations that a model was less or more sure of than asked for.
pub(super) fn outside(annotations: &Value, asked: &RangeInclusive<f64>) -> BTreeSet<String> {
    let mut surest = BTreeMap::new();
    collect(annotations, &mut surest);
    let outside = surest.into_iter().filter(|(_, sure)| sure.is_some_and(|sure| !asked.contains(&sure)));
    outside.map(|(id, _)| id).collect()
}

/// Notes the greatest confidence of each annotation; not those of the answers about it.
fn collect(value: &Value, surest: &mut BTreeMap<String, Option<f64>>) {
    if let (Some(_), Some(id)) = (value["feature_schema_id"].as_str(), value["feature_id"].as_str()) {
        let sure = confidence(value);
        let known = surest.entry(id.to_owned()).or_insert(sure);
        *known = greater(*known, sure);
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|item| collect(item, surest)),
        Value::Object(members) => members.values().for_each(|member| collect(member, surest)),
        _ => {}
    }
}

fn confidence(annotation: &Value) -> Option<f64> {
    let own = |value: &Value| value["confidence"].as_f64();
    own(annotation).or_else(|| {
        let answers = annotation.as_object()?.iter().filter(|(key, _)| is_answer(key));
        let options = answers.flat_map(|(_, answer)| match answer {
            Value::Array(list) => list.iter().collect(),
            one => vec![one],
        });
        options.map(own).fold(None, greater)
    })
}

/// Returns whether a key of a classification holds its answers.
pub(super) fn is_answer(key: &str) -> bool {
    key.ends_with("_answer") || key.ends_with("_answers")
}

fn greater(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(annotations: &Value, asked: RangeInclusive<f64>, expect: &[&str]) {
        assert_eq!(outside(annotations, &asked).iter().map(String::as_str).collect::<Vec<_>>(), expect);
    }

    fn sure(id: &str, confidence: f64) -> Value {
        json!({ "feature_id": id, "feature_schema_id": "s", "confidence": confidence, "classifications": [
            { "feature_id": "nested", "feature_schema_id": "q", "confidence": 0.01 }] })
    }

    #[test]
    fn annotations_of_a_picture_are_judged_one_by_one() {
        let unknown = json!({ "feature_id": "unknown", "feature_schema_id": "s" });
        let radio = |id: &str, sure: f64| {
            json!({ "feature_id": id, "feature_schema_id": "q", "radio_answer": {
            "feature_id": format!("{id}o"), "feature_schema_id": "o", "confidence": sure } })
        };
        let given = json!({ "objects": [sure("a", 0.2), sure("b", 0.8), unknown],
                            "classifications": [radio("c", 0.3), radio("d", 0.9)], "relationships": [] });
        check(&given, 0.0..=1.0, &[]);
        check(&given, 0.5..=1.0, &["a", "c"]);
        check(&given, 0.0..=0.5, &["b", "d"]);
        check(&given, 0.8..=0.9, &["a", "c"]);
    }

    #[test]
    fn the_surest_frame_of_an_object_counts() {
        let frame = |objects: Value| json!({ "objects": objects, "classifications": [] });
        let given = json!({
            "frames": { "1": frame(json!({ "a": sure("a", 0.1), "b": sure("b", 0.2) })),
                        "2": frame(json!({ "a": sure("a", 0.7) })) },
            "segments": { "a": [[1, 2]], "b": [[1, 1]] }, "classifications": [],
        });
        check(&given, 0.5..=1.0, &["b"]);
        check(&given, 0.0..=0.5, &["a"]);
        let series = json!({ "groups": { "axial": { "frames": given["frames"] } } });
        check(&series, 0.5..=1.0, &["b"]);
    }

    #[test]
    fn a_confidence_is_a_number_from_0_to_1() {
        let check = |given: Value, expect: &str| assert_eq!(read(&given).unwrap_err().message, expect);
        assert_eq!(read(&json!(null)).unwrap(), 0.0..=1.0);
        assert_eq!(read(&json!({ "minConfidence": 0.25, "maxConfidence": 1 })).unwrap(), 0.25..=1.0);
        let wrong = "predictionsInput.minConfidence is \"0.5\"; give a number from 0 to 1";
        check(json!({ "minConfidence": "0.5" }), wrong);
        check(json!({ "maxConfidence": 7 }), "predictionsInput.maxConfidence is 7; give a number from 0 to 1");
        let swapped = "minConfidence 0.9 is greater than maxConfidence 0.1; swap them";
        check(json!({ "minConfidence": 0.9, "maxConfidence": 0.1 }), swapped);
    }
}
