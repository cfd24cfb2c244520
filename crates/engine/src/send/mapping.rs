//! Annotations that move to another ontology.
//!
//! Each feature of the source is one of the destination: the one that a mapping names, or the same one. An annotation, an
//! answer or a relation whose feature has no counterpart is left out and counted; nothing else changes but ids, names and
//! values of features.

use super::confidence::{self, is_answer};
use crate::projects::ontology::features::is_archived;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// The features of a destination, and which of them those of a source are.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapping {
    /// The name and the value of each feature of the destination, by schema id.
    destination: BTreeMap<String, Named>,
    /// The schema ids of the destination by those of the source.
    given: BTreeMap<String, String>,
}

/// How a feature is called.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Named {
    name: String,
    /// None where the ontology has none, so that the annotation keeps its own.
    value: Option<String>,
}

/// What became of the annotations of a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moved {
    /// The annotations as the destination has them; none where none is left.
    pub(super) annotations: Option<String>,
    /// How many annotations and answers were left out.
    pub(super) left_out: u64,
}

/// The members of an ontology node that hold nodes.
const INNER: [&str; 5] = ["tools", "classifications", "relationships", "options", "classifications"];

impl Mapping {
    /// Takes the ontology of the destination and a mapping of schema ids.
    pub(super) fn new(normalized: &Value, given: BTreeMap<String, String>) -> Self {
        let mut mapping = Self { given, ..Self::default() };
        mapping.collect(normalized);
        mapping
    }

    fn collect(&mut self, node: &Value) {
        // It takes no new labels.
        if is_archived(node) {
            return;
        }
        let text = |key: &str| node[key].as_str().map(str::to_owned);
        if let Some(id) = text("featureSchemaId").or_else(|| text("schemaNodeId")) {
            let is_tool = node["tool"].is_string();
            let name = if is_tool { text("name") } else { text("instructions").or_else(|| text("label")) };
            let value = if is_tool { text("value") } else { text("value").or_else(|| text("name")) };
            let name = name.or_else(|| text("name")).unwrap_or_default();
            self.destination.insert(id, Named { name, value });
        }
        for key in INNER {
            node[key].as_array().into_iter().flatten().for_each(|inner| self.collect(inner));
        }
    }

    /// Lists the schema ids of the destination that a mapping names and that are not there.
    pub(super) fn unknown(&self) -> Vec<&str> {
        self.given.values().map(String::as_str).filter(|id| !self.destination.contains_key(*id)).collect()
    }

    fn find(&self, schema_id: &str) -> Option<(&str, &Named)> {
        let id = self.given.get(schema_id).map_or(schema_id, String::as_str);
        self.destination.get_key_value(id).map(|(id, named)| (id.as_str(), named))
    }

    /// Moves the annotations of a label, a JSON object. Those of predictions are left out if a model was less or more sure
    /// of them than asked for.
    pub(super) fn apply(&self, annotations: &str, asked: Option<&RangeInclusive<f64>>) -> Moved {
        let Ok(mut root) = serde_json::from_str::<Value>(annotations) else {
            return Moved { annotations: None, left_out: 0 };
        };
        let outside = asked.map(|asked| confidence::outside(&root, asked)).unwrap_or_default();
        let mut state = State { mapping: self, outside, gone: BTreeSet::new(), left_out: 0, kept: 0 };
        state.clean(&mut root);
        state.drop_relations(&mut root);
        state.forget(&mut root);
        let State { left_out, kept, .. } = state;
        Moved { annotations: (kept > 0).then(|| root.to_string()), left_out }
    }
}

struct State<'m> {
    mapping: &'m Mapping,
    /// The feature ids of annotations whose confidence was not asked for.
    outside: BTreeSet<String>,
    /// The feature ids of what was left out.
    gone: BTreeSet<String>,
    left_out: u64,
    kept: u64,
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value[key].as_str()
}

impl State<'_> {
    /// Keeps what has a counterpart, in whatever holds it.
    fn clean(&mut self, value: &mut Value) {
        match value {
            Value::Array(list) => {
                let taken = std::mem::take(list);
                list.extend(taken.into_iter().filter_map(|item| self.keep(item)));
            }
            Value::Object(members) => {
                let taken = std::mem::take(members);
                for (key, member) in taken {
                    if let Some(kept) = self.keep(member) {
                        members.insert(key, kept);
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns a value as the destination has it; none for a feature without a counterpart.
    fn keep(&mut self, mut value: Value) -> Option<Value> {
        if let Some(schema_id) = text(&value, "feature_schema_id") {
            let is_outside = text(&value, "feature_id").is_some_and(|id| self.outside.contains(id));
            match self.mapping.find(schema_id).filter(|_| !is_outside) {
                Some((id, named)) => {
                    value["feature_schema_id"] = id.into();
                    value["name"] = named.name.clone().into();
                    if let Some(known) = named.value.as_ref().filter(|_| value.get("value").is_some()) {
                        value["value"] = known.clone().into();
                    }
                }
                None => return self.leave_out(&value),
            }
            // What a model said of itself is no part of a label.
            if let Value::Object(members) = &mut value {
                members.shift_remove("confidence");
                members.shift_remove("custom_metrics");
            }
            self.clean(&mut value);
            if has_lost_its_answer(&value) {
                return self.leave_out(&value);
            }
            self.kept += 1;
            return Some(value);
        }
        self.clean(&mut value);
        Some(value)
    }

    fn leave_out(&mut self, value: &Value) -> Option<Value> {
        self.gone.extend(text(value, "feature_id").map(str::to_owned));
        self.left_out += 1;
        None
    }

    /// Leaves out relations with what is gone.
    fn drop_relations(&mut self, root: &mut Value) {
        for key in ["relationships", "objects"] {
            let Some(list) = root[key].as_array_mut() else { continue };
            let before = list.len();
            list.retain(|item| {
                // Whatever leads from one annotation to another names both.
                let gone = |ends: &Value, end: &str| ends[end].as_str().is_some_and(|id| self.gone.contains(id));
                let mut members = item.as_object().into_iter().flat_map(Map::values);
                !members.any(|ends| gone(ends, "source") || gone(ends, "target"))
            });
            let dropped = (before - list.len()) as u64;
            self.left_out += dropped;
            self.kept = self.kept.saturating_sub(dropped);
        }
    }

    /// Forgets for how long lasts what is gone, and the frames that show nothing any more.
    fn forget(&self, root: &mut Value) {
        if self.gone.is_empty() {
            return;
        }
        for key in ["segments", "key_frame_feature_map"] {
            if let Some(members) = root[key].as_object_mut() {
                self.forget_in(members);
            }
        }
        if let Some(frames) = root["frames"].as_object_mut() {
            frames.retain(|_, frame| {
                let is_empty = |key: &str| match &frame[key] {
                    Value::Object(members) => members.is_empty(),
                    Value::Array(list) => list.is_empty(),
                    _ => true,
                };
                !(is_empty("objects") && is_empty("classifications"))
            });
        }
    }

    fn forget_in(&self, members: &mut Map<String, Value>) {
        members.retain(|id, _| !self.gone.contains(id));
        // A series of slices has them once for each axis.
        for axis in members.values_mut().filter_map(Value::as_object_mut) {
            axis.retain(|id, _| !self.gone.contains(id));
        }
    }
}

/// Returns whether a classification has an answer no longer.
fn has_lost_its_answer(value: &Value) -> bool {
    let Some(members) = value.as_object() else { return false };
    let is_object = members.contains_key("annotation_kind");
    let is_option = !is_object && !members.keys().any(|key| is_answer(key));
    let asks = members.contains_key("classifications") || is_object;
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    match is_option {
        // An option has `classifications`; a classification whose radio answer was left out has nothing.
        true => !asks,
        false => members.iter().any(|(key, value)| is_answer(key) && is_empty(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ontology() -> Value {
        json!({
            "tools": [
                { "tool": "rectangle", "name": "Ship", "featureSchemaId": "t2", "classifications": [
                    { "type": "radio", "name": "kind", "instructions": "Kind", "featureSchemaId": "q2", "options": [
                        { "label": "Tug boat", "value": "tug_boat", "featureSchemaId": "o2" }] }] },
                { "tool": "point", "name": "lamp", "featureSchemaId": "same" }],
            "classifications": [
                { "type": "checklist", "name": "seen", "instructions": "seen", "featureSchemaId": "c2", "options": [
                    { "label": "gull", "value": "gull", "featureSchemaId": "g2" }] }],
        })
    }

    fn mapping() -> Mapping {
        let pairs = [("t1", "t2"), ("q1", "q2"), ("o1", "o2"), ("c1", "c2"), ("g1", "g2")];
        Mapping::new(&ontology(), pairs.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect())
    }

    fn feature(id: &str, schema: &str, name: &str) -> Value {
        json!({ "feature_id": id, "feature_schema_id": schema, "name": name, "value": name })
    }

    fn with(mut feature: Value, more: Value) -> Value {
        let Value::Object(more) = more else { panic!() };
        feature.as_object_mut().unwrap().extend(more);
        feature
    }

    fn question(answer: Value) -> Value {
        with(feature("k", "q1", "kind"), json!({ "radio_answer": answer }))
    }

    fn option(schema: &str) -> Value {
        with(feature("a", schema, "tug"), json!({ "classifications": [] }))
    }

    fn boxed(id: &str, schema: &str, questions: Vec<Value>) -> Value {
        let more = json!({ "annotation_kind": "ImageBoundingBox", "classifications": questions, "confidence": 0.5,
                           "bounding_box": { "top": 1.0, "left": 2.0, "height": 3.0, "width": 4.5 } });
        with(feature(id, schema, "boat"), more)
    }

    #[test]
    fn features_become_those_of_the_destination() {
        let given = json!({ "objects": [boxed("b", "t1", vec![question(option("o1"))])], "classifications": [],
                            "relationships": [] });
        let moved = mapping().apply(&given.to_string(), None);
        let found: Value = serde_json::from_str(&moved.annotations.unwrap()).unwrap();
        let object = &found["objects"][0];
        let shown = ["feature_id", "feature_schema_id", "name", "value"].map(|key| object[key].as_str().unwrap());
        assert_eq!(shown, ["b", "t2", "Ship", "boat"], "a tool without a value leaves that of the annotation");
        assert_eq!(object["classifications"][0]["radio_answer"]["value"], "tug_boat");
        assert_eq!(object["bounding_box"], given["objects"][0]["bounding_box"]);
        assert!(object.get("confidence").is_none());
        assert_eq!(moved.left_out, 0);
    }

    #[test]
    fn what_has_no_counterpart_is_left_out_and_counted() {
        let relation = with(
            feature("r", "same", "near"),
            json!({ "annotation_kind": "ImageUnidirectionalRelationship", "classifications": [],
                    "unidirectional_relationship": { "source": "b", "target": "x" } }),
        );
        let seen = with(
            feature("s", "c1", "seen"),
            json!({ "checklist_answers": [option("g1"), with(option("nobody"), json!({ "feature_id": "n" }))] }),
        );
        let unseen = with(feature("u", "c1", "seen"), json!({ "checklist_answers": [option("nobody")] }));
        let given = json!({
            "objects": [boxed("b", "t1", vec![question(option("nobody"))]), boxed("x", "nobody", vec![])],
            "classifications": [seen, unseen], "relationships": [relation],
        });
        let moved = mapping().apply(&given.to_string(), None);
        let found: Value = serde_json::from_str(&moved.annotations.unwrap()).unwrap();
        let ids = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|item| item["feature_id"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!((ids(&found["objects"]), ids(&found["classifications"])), (vec!["b".into()], vec!["s".into()]));
        assert_eq!(found["objects"][0]["classifications"], json!([]), "a question without its answer goes");
        assert_eq!(found["classifications"][0]["checklist_answers"].as_array().unwrap().len(), 1);
        assert_eq!(found["relationships"], json!([]), "a relation goes with what it relates");
        // An option and its question, an object, an option, an option and its question, a relation.
        assert_eq!(moved.left_out, 7);
        let nothing = json!({ "objects": [boxed("x", "nobody", vec![])], "classifications": [], "relationships": [] });
        assert_eq!(mapping().apply(&nothing.to_string(), None), Moved { annotations: None, left_out: 1 });
    }

    #[test]
    fn an_archived_feature_takes_no_labels() {
        let mut archived = ontology();
        archived["tools"][0]["archived"] = json!(1);
        let mapping = Mapping::new(&archived, [("t1".to_owned(), "t2".to_owned())].into());
        assert_eq!(mapping.unknown(), ["t2"]);
        let given = json!({ "objects": [boxed("b", "t1", vec![question(option("o1"))]), boxed("l", "same", vec![])] });
        let moved = mapping.apply(&given.to_string(), None);
        let found: Value = serde_json::from_str(&moved.annotations.unwrap()).unwrap();
        assert_eq!((found["objects"].as_array().unwrap().len(), moved.left_out), (1, 1));
    }

    #[test]
    fn an_object_of_too_little_confidence_goes_from_every_frame() {
        let given = json!({
            "frames": { "1": { "objects": { "b": boxed("b", "t1", vec![]) }, "classifications": [] } },
            "segments": { "b": [[1, 1]] }, "key_frame_feature_map": { "b": [1] }, "classifications": [],
        });
        let moved = mapping().apply(&given.to_string(), Some(&(0.6..=1.0)));
        assert_eq!(moved, Moved { annotations: None, left_out: 1 });
        assert!(mapping().apply(&given.to_string(), Some(&(0.5..=1.0))).annotations.is_some());
    }

    #[test]
    fn a_video_forgets_what_is_gone() {
        let frame = |objects: Value| json!({ "objects": objects, "classifications": [] });
        let given = json!({
            "frames": { "1": frame(json!({ "b": boxed("b", "t1", vec![]), "x": boxed("x", "nobody", vec![]) })),
                        "2": frame(json!({ "x": boxed("x", "nobody", vec![]) })) },
            "segments": { "b": [[1, 1]], "x": [[1, 2]] },
            "key_frame_feature_map": { "b": [1], "x": [1, 2] },
            "classifications": [],
        });
        let moved = mapping().apply(&given.to_string(), None);
        let found: Value = serde_json::from_str(&moved.annotations.unwrap()).unwrap();
        let keys = |key: &str| found[key].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(
            (keys("frames"), keys("segments"), keys("key_frame_feature_map")),
            (vec!["1".into()], vec!["b".into()], vec!["b".into()])
        );
    }

    #[test]
    fn a_mapping_to_nothing_is_found() {
        let wrong = Mapping::new(&ontology(), [("a".to_owned(), "gone".to_owned())].into());
        assert_eq!(wrong.unknown(), ["gone"]);
        assert_eq!(mapping().unknown(), [""; 0]);
    }
}
