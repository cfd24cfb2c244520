//! Classes: the features that annotations can have, in the order that people gave them.
//!
//! The order is that of the ontologies, each from its first tool to its last, answers after the questions that they are of.
//! Features that no ontology lists come after that, by name. So numbers of classes depend neither on the order of rows nor
//! on which came first into the workspace.

use super::dictionary::Dictionary;
use labelport_formats::read::labelbox_lines::machine_value;
use labelport_formats::write::Class;
use labelport_model::data_type::{self, Form};
use labelport_model::json::{Document, Kind, Value};
use labelport_store::read::select::Base;
use labelport_store::tables::ontologies::{self, Ontology};
use labelport_store::tables::projects;
use labelport_store::{Connection, StoreError};
use std::collections::{HashMap, HashSet};

/// What the tools of ontologies draw or mark.
const TOOLS: &[(&str, Form)] = &[
    ("line", Form::Line),
    ("named-entity", Form::Span),
    ("point", Form::Point),
    ("polygon", Form::Polygon),
    ("raster-segmentation", Form::Mask),
    ("rectangle", Form::Box),
    ("superpixel", Form::Mask),
];

/// A tool of an ontology.
struct Tool {
    schema_id: String,
    name: String,
    value: String,
    tool: String,
}

/// Features of ontologies in their order.
#[derive(Default)]
struct Order {
    places: HashMap<String, usize>,
    tools: Vec<Tool>,
}

/// Lists the classes of an export. The ontology of its project comes first, where it is of one.
pub(super) fn list(
    connection: &mut dyn Connection,
    org_key: i64,
    base: &Base,
    dictionary: &Dictionary,
) -> Result<Vec<Class>, StoreError> {
    let own = own_ontology(connection, org_key, base)?;
    let mut order = Order::default();
    own.iter().for_each(|ontology| order.add(ontology));
    let listed: HashSet<String> = order.places.keys().cloned().collect();
    let tools = std::mem::take(&mut order.tools);
    ontologies::list(connection, org_key)?.iter().for_each(|ontology| order.add(ontology));

    let mut found: Vec<Class> = dictionary
        .features
        .iter()
        .map(|feature| Class {
            index: 0,
            value: value_or_made(
                crate::manifest::unescaped(&feature.value),
                &crate::manifest::unescaped(&feature.name),
            ),
            name: crate::manifest::unescaped(&feature.name),
            form: data_type::find_kind(&feature.kind).map(|kind| kind.form),
            is_listed: listed.contains(&feature.schema_id),
            schema_id: feature.schema_id.clone(),
            kind: feature.kind.clone(),
            written: 0,
        })
        .collect();
    let known: HashSet<&str> = dictionary.features.iter().map(|feature| feature.schema_id.as_str()).collect();
    // A tool that nobody has used yet is a class too, so that numbers stay when somebody does.
    found.extend(tools.into_iter().filter(|tool| !known.contains(tool.schema_id.as_str())).map(|tool| Class {
        index: 0,
        form: TOOLS.iter().find(|(name, _)| *name == tool.tool).map(|(_, form)| *form),
        schema_id: tool.schema_id,
        value: value_or_made(tool.value, &tool.name),
        name: tool.name,
        kind: tool.tool,
        is_listed: true,
        written: 0,
    }));
    found.sort_by_cached_key(|class| {
        let place = order.places.get(&class.schema_id).copied().unwrap_or(usize::MAX);
        (place, class.name.clone(), class.schema_id.clone(), class.kind.clone())
    });
    for (index, class) in (0..).zip(&mut found) {
        class.index = index;
    }
    Ok(found)
}

/// Returns the name for programs, or that which an ontology makes of a name.
fn value_or_made(value: String, name: &str) -> String {
    if value.is_empty() { machine_value(name) } else { value }
}

fn own_ontology(connection: &mut dyn Connection, org_key: i64, base: &Base) -> Result<Option<Ontology>, StoreError> {
    let Base::Project(key) = base else { return Ok(None) };
    let project = projects::find_by_key(connection, org_key, *key)?;
    match project.and_then(|project| project.ontology_key) {
        Some(key) => ontologies::find_by_key(connection, org_key, key),
        None => Ok(None),
    }
}

impl Order {
    /// Adds the features of an ontology after those that are there.
    fn add(&mut self, ontology: &Ontology) {
        let Some(text) = &ontology.normalized else { return };
        let Ok(document) = Document::parse(text.as_bytes()) else { return };
        for tool in document.root().get("tools").into_iter().flat_map(Value::elements) {
            let text = |key: &str| tool.get(key).and_then(Value::as_text).unwrap_or_default().into_owned();
            let schema_id = text("featureSchemaId");
            if !self.places.contains_key(&schema_id) {
                self.tools.push(Tool { schema_id, name: text("name"), value: text("value"), tool: text("tool") });
            }
        }
        self.walk(document.root());
    }

    fn walk(&mut self, value: Value<'_>) {
        match value.kind() {
            Kind::Object => {
                if let Some(id) = value.get("featureSchemaId").and_then(Value::as_text) {
                    let next = self.places.len();
                    self.places.entry(id.into_owned()).or_insert(next);
                }
                value.members().for_each(|(_, member)| self.walk(member));
            }
            Kind::Array => value.elements().for_each(|element| self.walk(element)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_for_programs_is_made_where_none_is_given() {
        assert_eq!(value_or_made("zone".to_owned(), "danger zone"), "zone");
        assert_eq!(value_or_made(String::new(), "Danger zone"), "danger_zone");
    }
}
