//! The form of an ontology: what comes in goes out, complete.
//!
//! Every tool, classification and option at every depth gets a `schemaNodeId` and a `featureSchemaId` where it has none, and
//! the members that every node of its kind has: a tool its colour, its `required` and its `classifications`, a
//! classification its two names, its `required` and its `options`, an option its `label`, `value` and `options`. All
//! others stay as they were given, in their order; none is added, since the SDK branches on the presence of keys such as
//! `scope`.

use super::SchemaNode;
use crate::ambient::Chance;
use labelport_model::problem::Problem;
use serde_json::{Map, Value, json};

/// The lists of a node that hold nodes.
const INNER: [&str; 3] = ["classifications", "options", "relationships"];
/// The colours that tools get in turn, as far apart as sixteen can be.
const COLOURS: [&str; 16] = [
    "#ff0000", "#7b00ff", "#0095ff", "#00ffbf", "#ffd500", "#ff5900", "#c800ff", "#0004ff", "#00ff6e", "#a6ff00",
    "#ff00bb", "#0055ff", "#00ffe1", "#40ff00", "#ff8800", "#ff0066",
];

pub(super) fn parse_object(text: &str) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_str(text) {
        Ok(Value::Object(root)) => Ok(root),
        Ok(_) => Err(Problem::malformed("normalized: expected an object with tools and classifications")),
        Err(error) => Err(Problem::malformed(format!("normalized is not JSON: {error}"))),
    }
}

/// Reads an ontology and completes it; returns it, and its tools and classifications one by one.
pub(super) fn complete(text: &str, chance: &dyn Chance) -> Result<(Value, Vec<SchemaNode>), Problem> {
    let mut root = Value::Object(parse_object(text)?);
    fill_lists(&mut root);
    let mut nodes = Vec::new();
    for key in ["tools", "classifications"] {
        let list = root[key].as_array_mut();
        let list = list.ok_or_else(|| Problem::malformed(format!("{key}: expected an array")))?;
        for (index, node) in list.iter_mut().enumerate() {
            nodes.push(complete_root(node, key == "tools", index, chance)?);
        }
    }
    if let Some(Value::Array(list)) = root.get_mut("relationships") {
        list.iter_mut().for_each(|node| fill_ids(node, chance));
    }
    Ok((root, nodes))
}

/// Adds what every ontology and every node of its kind has, apart from ids. An ontology that was stored as it came gets
/// its form when it is read.
pub(super) fn fill(root: &mut Value) {
    fill_lists(root);
    for (key, kind) in [("tools", NodeKind::Tool), ("classifications", NodeKind::Classification)] {
        let list = root[key].as_array_mut().into_iter().flatten();
        list.enumerate().for_each(|(index, node)| fill_node(node, kind, index));
    }
}

fn fill_lists(root: &mut Value) {
    for key in ["tools", "classifications", "relationships"] {
        if root[key].is_null() {
            root[key] = json!([]);
        }
    }
}

/// Completes a tool or a classification of the first level.
pub(super) fn complete_root(
    node: &mut Value,
    is_tool: bool,
    index: usize,
    chance: &dyn Chance,
) -> Result<SchemaNode, Problem> {
    let key = if is_tool { "tool" } else { "type" };
    if !node[key].is_string() || !node.is_object() {
        let list = if is_tool { "tools" } else { "classifications" };
        return Err(Problem::malformed(format!("{list}[{index}]: the text {key} is missing; it says what it is")));
    }
    fill_node(node, if is_tool { NodeKind::Tool } else { NodeKind::Classification }, index);
    fill_ids(node, chance);
    schema_node(node, is_tool)
}

/// Returns a tool or a classification as a feature schema by itself.
pub(super) fn schema_node(node: &Value, is_tool: bool) -> Result<SchemaNode, Problem> {
    let text = |key: &str| node[key].as_str().map(str::to_owned);
    let name = if is_tool { text("name") } else { text("instructions").or_else(|| text("name")) };
    let name = name.filter(|name| !name.is_empty()).ok_or_else(|| Problem::malformed("a feature has no name"))?;
    Ok(SchemaNode { id: text("featureSchemaId").unwrap_or_default(), name, is_tool, normalized: node.to_string() })
}

/// What a node of an ontology is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NodeKind {
    Tool,
    Classification,
    Option,
}

/// Adds what every node of its kind has, after what it has, at every depth.
fn fill_node(node: &mut Value, kind: NodeKind, index: usize) {
    let Some(object) = node.as_object_mut() else { return };
    let mut fill = |key: &str, value: Value| {
        if object.get(key).is_none_or(Value::is_null) && !value.is_null() {
            object.insert(key.to_owned(), value);
        }
    };
    let lists: &[&str] = match kind {
        NodeKind::Tool => {
            fill("required", json!(false));
            fill("color", json!(COLOURS[index % COLOURS.len()]));
            fill("classifications", json!([]));
            &["classifications"]
        }
        NodeKind::Classification => {
            fill("required", json!(false));
            fill("options", json!([]));
            &["options", "classifications"]
        }
        NodeKind::Option => {
            fill("options", json!([]));
            &["options", "classifications"]
        }
    };
    // Each of two names stands for the other.
    let (one, other) = match kind {
        NodeKind::Tool => ("name", "name"),
        NodeKind::Classification => ("name", "instructions"),
        NodeKind::Option => ("value", "label"),
    };
    for (from, to) in [(one, other), (other, one)] {
        let known = object.get(from).cloned().unwrap_or_default();
        if object.get(to).is_none_or(Value::is_null) && !known.is_null() {
            object.insert(to.to_owned(), known);
        }
    }
    for key in lists {
        let list = object.get_mut(*key).and_then(Value::as_array_mut).into_iter().flatten();
        for (index, inner) in list.enumerate() {
            let is_question = inner["type"].is_string();
            fill_node(inner, if is_question { NodeKind::Classification } else { NodeKind::Option }, index);
        }
    }
}

/// Gives ids to a node and to those inside it, where they have none. One id serves for both keys.
fn fill_ids(node: &mut Value, chance: &dyn Chance) {
    let Some(object) = node.as_object_mut() else { return };
    let known = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let feature = known("featureSchemaId").or_else(|| known("schemaNodeId"));
    let feature = feature.unwrap_or_else(|| chance.cuid());
    let schema = known("schemaNodeId").unwrap_or_else(|| feature.clone());
    object.insert("schemaNodeId".to_owned(), json!(schema));
    object.insert("featureSchemaId".to_owned(), json!(feature));
    for key in INNER {
        if let Some(Value::Array(list)) = object.get_mut(key) {
            list.iter_mut().for_each(|inner| fill_ids(inner, chance));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Ids that count.
    struct Counting(AtomicU64);

    impl Chance for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            for (index, byte) in bytes.iter_mut().enumerate() {
                *byte = (self.0.fetch_add(1, Ordering::Relaxed) >> (8 * (index % 3))) as u8 % 200;
            }
        }
    }

    /// Members next to those that make a node what it is, any of which may be missing.
    fn more() -> impl Strategy<Value = Vec<(&'static str, Value)>> {
        let members = vec![
            ("required", json!(true)),
            ("scope", json!("index")),
            ("uiMode", json!("searchable")),
            ("attributes", json!(null)),
            ("definition", json!({ "why": ["x"] })),
            ("position", json!(3)),
            ("archived", json!(1)),
            ("featureSchemaId", json!(null)),
            ("schemaNodeId", json!("cgiven0000000000000000000")),
            ("color", json!("#123456")),
        ];
        proptest::sample::subsequence(members, 0..=5).prop_shuffle()
    }

    fn node(members: Vec<(&'static str, Value)>, own: Vec<(&'static str, Value)>) -> Value {
        Value::Object(own.into_iter().chain(members).map(|(key, value)| (key.to_owned(), value)).collect())
    }

    fn question() -> impl Strategy<Value = Value> {
        let leaf = (more(), "[a-z]{1,5}")
            .prop_map(|(more, name)| node(more, vec![("type", json!("text")), ("name", json!(name))]));
        leaf.prop_recursive(3, 12, 3, |inner| {
            let option = (more(), "[a-z]{1,5}", proptest::collection::vec(inner, 0..2))
                .prop_map(|(more, value, inner)| node(more, vec![("value", json!(value)), ("options", json!(inner))]));
            (more(), "[a-z]{1,5}", proptest::collection::vec(option, 0..3)).prop_map(|(more, name, options)| {
                node(more, vec![("instructions", json!(name)), ("type", json!("radio")), ("options", json!(options))])
            })
        })
    }

    fn ontology() -> impl Strategy<Value = Value> {
        let tool =
            (more(), "[a-z]{1,5}", proptest::collection::vec(question(), 0..2)).prop_map(|(more, name, asked)| {
                node(more, vec![("tool", json!("rectangle")), ("name", json!(name)), ("classifications", json!(asked))])
            });
        let lists = (proptest::collection::vec(tool, 0..3), proptest::collection::vec(question(), 0..3));
        lists.prop_map(|(tools, questions)| json!({ "classifications": questions, "tools": tools }))
    }

    /// Fails unless all that was given is there, in its order, and every node has what its kind has.
    fn check(given: &Value, found: &Value, place: &str) {
        match (given, found) {
            (Value::Object(given), Value::Object(found)) => {
                let mut keys = found.keys();
                for (key, value) in given {
                    assert!(keys.any(|known| known == key), "{place}: {key} is gone, or is in another place");
                    if !value.is_null() {
                        check(value, &found[key], &format!("{place}.{key}"));
                    }
                }
                let is_node = ["tool", "type", "value"].iter().any(|key| given.contains_key(*key));
                let expect: &[&str] = match found {
                    _ if !is_node => &[],
                    node if node.contains_key("tool") => &["name", "required", "color", "classifications"],
                    node if node.contains_key("type") => &["name", "instructions", "required", "options"],
                    _ => &["value", "label", "options"],
                };
                for key in expect.iter().chain(if is_node { &["featureSchemaId", "schemaNodeId"][..] } else { &[] }) {
                    assert!(found.get(*key).is_some_and(|value| !value.is_null()), "{place}: {key} is missing");
                }
            }
            (Value::Array(given), Value::Array(found)) => {
                assert_eq!(given.len(), found.len(), "{place}");
                given.iter().zip(found).for_each(|(given, found)| check(given, found, place));
            }
            _ => assert_eq!(given, found, "{place}"),
        }
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out_complete(given in ontology()) {
            let (found, nodes) = complete(&given.to_string(), &Counting(AtomicU64::new(0))).unwrap();
            check(&given, &found, "ontology");
            let count = |key: &str| given[key].as_array().map_or(0, Vec::len);
            prop_assert_eq!(nodes.len(), count("tools") + count("classifications"));
            let (again, _) = complete(&found.to_string(), &Counting(AtomicU64::new(9))).unwrap();
            prop_assert_eq!(&again, &found, "what is complete stays as it is");
            let mut read = given.clone();
            fill(&mut read);
            fill(&mut read);
            check(&without_ids(&found), &read, "without ids");
        }
    }

    fn without_ids(value: &Value) -> Value {
        match value {
            Value::Array(list) => list.iter().map(without_ids).collect(),
            Value::Object(members) => {
                let kept = members
                    .iter()
                    .filter(|(key, _)| !key.ends_with("Id") && *key != "tool" && *key != "type" && *key != "value");
                Value::Object(kept.map(|(key, value)| (key.clone(), without_ids(value))).collect())
            }
            other => other.clone(),
        }
    }
}
