//! The shapes that annotations, labels and sections share.
//!
//! One function for one object of the row format, keys in the order of the format. Nothing here invents content:
//! names, numbers and ids come from the caller, except feature ids, which are new with every call.

use serde_json::{Map, Value, json};

use crate::chance::Chance;

/// An entry of an ontology: what an object, a classification or an answer is an instance of.
pub(super) struct Feature {
    pub(super) schema_id: String,
    pub(super) name: String,
    pub(super) value: String,
}

/// What was answered to a classification.
pub(super) enum Answer {
    /// One option, made by [`option`].
    Radio(Value),
    /// Some options, made by [`option`].
    Checklist(Vec<Value>),
    Text(String),
}

/// An object drawn with a tool; its geometry keys stand last.
pub(super) fn object(
    ids: &mut Chance,
    feature: &Feature,
    kind: &str,
    classifications: Vec<Value>,
    geometry: Vec<(&str, Value)>,
) -> Value {
    let mut entries = instance(ids, feature);
    entries.insert("annotation_kind".into(), kind.into());
    entries.insert("classifications".into(), classifications.into());
    for (key, value) in geometry {
        entries.insert(key.into(), value);
    }
    Value::Object(entries)
}

/// An option that was chosen, with the classifications nested in it.
pub(super) fn option(ids: &mut Chance, feature: &Feature, classifications: Vec<Value>) -> Value {
    let mut entries = instance(ids, feature);
    entries.insert("classifications".into(), classifications.into());
    Value::Object(entries)
}

/// A classification of a row, a frame or an object.
pub(super) fn classification(ids: &mut Chance, feature: &Feature, answer: Answer) -> Value {
    let mut entries = instance(ids, feature);
    let (key, value) = answer.into_entry();
    entries.insert(key.into(), value);
    Value::Object(entries)
}

/// A classification of one message of a conversation.
pub(super) fn message_classification(ids: &mut Chance, feature: &Feature, message_id: &str, answer: Answer) -> Value {
    let mut entries = instance(ids, feature);
    entries.insert("message_id".into(), message_id.into());
    let (key, value) = answer.into_entry();
    entries.insert(format!("conversational_{key}"), value);
    Value::Object(entries)
}

/// A relationship that points from one object to another.
pub(super) fn relationship(ids: &mut Chance, feature: &Feature, kind: &str, source: &Value, target: &Value) -> Value {
    let ends = json!({"source": feature_id(source), "target": feature_id(target)});
    object(ids, feature, kind, Vec::new(), vec![("unidirectional_relationship", ends)])
}

/// Returns the feature id of an object, a classification or an option.
pub(super) fn feature_id(instance: &Value) -> &str {
    instance["feature_id"].as_str().unwrap_or_default()
}

/// Returns the feature ids of the options that answer a classification; empty for a text.
pub(super) fn chosen_ids(classification: &Value) -> Vec<String> {
    let checked = classification["checklist_answers"].as_array().map_or(&[][..], Vec::as_slice);
    let chosen = checked.iter().chain(classification.get("radio_answer"));
    chosen.map(|option| feature_id(option).to_owned()).collect()
}

/// The annotations of the data types whose objects stand in one list.
pub(super) fn flat_annotations(objects: Vec<Value>, classifications: Vec<Value>, relationships: Vec<Value>) -> Value {
    json!({"objects": objects, "classifications": classifications, "relationships": relationships})
}

/// A label as projects show it; `z_order` is left out when absent.
pub(super) struct Label {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) details: Value,
    pub(super) performance: Value,
    pub(super) annotations: Value,
    pub(super) z_order: Option<Value>,
}

impl Label {
    /// Returns the label with all its details.
    pub(super) fn in_project(&self) -> Value {
        let mut label = json!({
            "label_kind": self.kind,
            "version": "1.0.0",
            "id": self.id,
            "label_details": self.details,
            "performance_details": self.performance,
            "annotations": self.annotations,
        });
        if let Some(order) = &self.z_order {
            label["z_order"] = order.clone();
        }
        label
    }

    /// Returns the label as a model run shows it, without details.
    pub(super) fn in_run(&self) -> Value {
        prediction(&self.id, self.kind, self.annotations.clone())
    }
}

/// A prediction; a model run's labels have the same shape.
pub(super) fn prediction(id: &str, kind: &str, annotations: Value) -> Value {
    json!({"label_kind": kind, "version": "1.0.0", "id": id, "annotations": annotations})
}

/// Gives every object, wherever it stands, a confidence between 0.5 and 1.
pub(super) fn add_confidence(annotations: &mut Value, chance: &mut Chance) {
    match annotations {
        Value::Array(items) => items.iter_mut().for_each(|item| add_confidence(item, chance)),
        Value::Object(entries) => {
            if entries.contains_key("annotation_kind") {
                if !entries.contains_key("unidirectional_relationship") {
                    let thousandths = chance.between(500, 999) as i64;
                    entries.insert("confidence".into(), crate::ascii_json::milli(thousandths));
                }
                return;
            }
            entries.values_mut().for_each(|item| add_confidence(item, chance));
        }
        _ => {}
    }
}

/// Returns a map of the pairs, ordered by key, as `projects`, `experiments` and `runs` are.
pub(super) fn sorted_map(mut pairs: Vec<(String, Value)>) -> Value {
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    Value::Object(pairs.into_iter().collect())
}

impl Answer {
    fn into_entry(self) -> (&'static str, Value) {
        match self {
            Answer::Radio(option) => ("radio_answer", option),
            Answer::Checklist(options) => ("checklist_answers", options.into()),
            Answer::Text(content) => ("text_answer", json!({"content": content, "classifications": []})),
        }
    }
}

fn instance(ids: &mut Chance, feature: &Feature) -> Map<String, Value> {
    let mut entries = Map::new();
    entries.insert("feature_id".into(), ids.cuid().into());
    entries.insert("feature_schema_id".into(), feature.schema_id.clone().into());
    entries.insert("name".into(), feature.name.clone().into());
    entries.insert("value".into(), feature.value.clone().into());
    entries
}
