//! What holds for every line, whatever it is.

use super::*;
use labelport_model::annotation::{self, Body, Text};
use labelport_model::data_type::DATA_TYPES;
use proptest::prelude::*;

/// Keys that mean something somewhere.
const KEYS: &[&str] = &[
    "answer",
    "answers",
    "bbox",
    "classifications",
    "colorRGB",
    "confidence",
    "counts",
    "customMetrics",
    "data",
    "end",
    "format",
    "frame",
    "frames",
    "groupId",
    "groupKey",
    "height",
    "imBytes",
    "index",
    "instanceURI",
    "instances",
    "keyframes",
    "left",
    "line",
    "location",
    "mask",
    "masks",
    "messageEvaluationTask",
    "messageId",
    "metricValue",
    "name",
    "page",
    "point",
    "polygon",
    "png",
    "relationship",
    "schemaId",
    "segments",
    "size",
    "source",
    "start",
    "target",
    "textSelections",
    "tokenIds",
    "top",
    "type",
    "unit",
    "uuid",
    "value",
    "width",
    "x",
    "y",
];
/// Texts that mean something somewhere.
const TEXTS: &[&str] = &[
    "boat",
    "Deck - Area",
    "rope",
    "lamp",
    "water",
    "vessel",
    "part_of",
    "best",
    "shift",
    "day",
    "conditions",
    "wet",
    "note",
    "axial",
    "POINTS",
    "PERCENT",
    "unidirectional",
    "message-single-selection",
    "a",
    "",
    "\u{1f6a2}",
];

fn quoted(text: &str) -> String {
    Text::new(text).as_json().to_owned()
}

/// Makes any JSON of keys and texts that lines have.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        (-3_i64..500).prop_map(|number| number.to_string()),
        prop::sample::select(vec!["0.5", "1e999", "-0", "1e-7", "9223372036854775808", "3.0"]).prop_map(str::to_owned),
        prop::sample::select(TEXTS).prop_map(quoted),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|each| format!("[{}]", each.join(","))),
            prop::collection::btree_map(prop::sample::select(KEYS), inner, 0..6).prop_map(object),
        ]
    })
}

fn object(members: BTreeMap<&str, String>) -> String {
    let members: Vec<String> = members.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// Makes lines that are nearly right: a good line in which one value is something else.
fn nearly_right() -> impl Strategy<Value = String> {
    let good = vec![
        r#"{"uuid":"u1","name":"boat","bbox":{"top":1,"left":2,"height":3,"width":?},"page":1,"classifications":[?]}"#,
        r#"{"uuid":"u2","name":"Deck - Area","polygon":[{"x":1,"y":1},{"x":?,"y":2},{"x":3,"y":1}]}"#,
        r#"{"uuid":"u3","name":"rope","groupKey":"axial","segments":[{"keyframes":[{"frame":?,"line":[{"x":1,"y":2},{"x":3,"y":4}]}]}]}"#,
        r#"{"uuid":"u4","name":"lamp","segments":[{"keyframes":[{"frame":5,"point":{"x":1,"y":1}},{"frame":?,"point":{"x":1,"y":1}}]}]}"#,
        r#"{"uuid":"u5","name":"vessel","messageId":"m0","location":{"start":?,"end":?}}"#,
        r#"{"uuid":"u6","name":"vessel","textSelections":[{"groupId":"g","tokenIds":[?],"page":?}]}"#,
        r#"{"name":"part_of","relationship":{"source":"u1","target":"u2","type":"bidirectional","x":?}}"#,
        r#"{"name":"water","mask":{"size":[2,?],"counts":[1,?,2]}}"#,
        r#"{"name":"shift","answer":{"name":"day","classifications":[{"name":"light","answer":?}]}}"#,
        r#"{"name":"conditions","answer":[{"name":"wet","frames":[{"start":?,"end":?}]}]}"#,
        r#"{"name":"note","answer":[{"value":"x","frames":[{"start":1,"end":?}]}],"confidence":?}"#,
        r#"{"name":"note","answer":"x","frames":?}"#,
        r#"{"masks":{"frames":[{"index":?,"instanceURI":"u"}],"instances":[{"name":"water","colorRGB":[1,?,1]}]}}"#,
        r#"{"metricName":"a","metricValue":?}"#,
    ];
    (prop::sample::select(good), any_json()).prop_map(|(line, value)| line.replace('?', &value))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn every_line_has_an_outcome_and_what_is_left_is_a_label(
        lines in prop::collection::vec(prop_oneof![3 => nearly_right(), 1 => any_json(), 1 => ".{0,40}"], 0..8),
        place in 0..DATA_TYPES.len(),
        is_prediction in any::<bool>(),
    ) {
        let data_type = DATA_TYPES[place];
        let subject = Subject { data_type: Some(data_type), text: Some("a text of forty characters, caf\u{e9}"), ..subject("") };
        let purpose = if is_prediction { Purpose::Prediction } else { Purpose::Label };
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let converted = run(&subject, &lines, purpose, &mut Toy::default());
        prop_assert_eq!(converted.outcomes.len(), lines.len());
        let taken = converted.outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        prop_assert_eq!(converted.annotations.is_some(), taken > converted.metrics.len());
        for error in converted.outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            let message = error.message();
            prop_assert!(!message.is_empty() && !error.name().is_empty());
            prop_assert!(!message.chars().any(char::is_control), "{}", message);
        }
        if let Some(annotations) = &converted.annotations {
            check_row(annotations, data_type);
            let mut written = Vec::new();
            annotation::rewrite(annotations, &mut written, &mut |_| {}).unwrap();
            prop_assert_eq!(String::from_utf8(written).unwrap(), annotations.as_str());
            for found in annotation::read(annotations) {
                let found = found.unwrap();
                prop_assert_eq!(found.count_unread(), 0);
                match &found.body {
                    Body::Object(object) => prop_assert!(object.shape.is_some(), "{}", found.stored()),
                    Body::Classification(item) => prop_assert!(item.answer.is_some(), "{}", found.stored()),
                }
            }
        }
    }
}
