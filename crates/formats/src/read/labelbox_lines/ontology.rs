//! An ontology as conversion needs it: features by name and by id, with what exports say of each.

use super::error::{Fault, LineError, Problem, find_path};
use super::line::{find, find_list, find_text, get_text, object};
use labelport_model::annotation::{Feature, Text};
use labelport_model::json::{Document, JsonError, Kind, Value};
use labelport_model::quote::Quoted;

/// The features that lines of one import may name.
#[derive(Debug, Default)]
pub struct Ontology {
    /// What can be drawn, relationships among it.
    pub(super) tools: Vec<Tool>,
    /// What can be asked of the whole row, a frame or a message.
    pub(super) questions: Vec<Question>,
}

/// Why an ontology cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OntologyError {
    /// The text is no JSON.
    #[error("the ontology is no JSON: byte {}: {}", .0.offset, .0)]
    NotJson(JsonError),
    /// Something in it is missing or of another kind.
    #[error("the ontology cannot be used: {0}")]
    Unusable(LineError),
}

/// Something to draw.
#[derive(Debug)]
pub(super) struct Tool {
    /// The feature schema id.
    pub(super) id: String,
    /// The name.
    pub(super) name: String,
    /// The sort of tool, as ontologies spell it.
    pub(super) sort: String,
    /// What is asked of each annotation.
    pub(super) questions: Vec<Question>,
    /// The machine value.
    pub(super) value: String,
}

/// Something to answer.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) id: String,
    /// The machine value.
    name: String,
    /// What people read.
    title: String,
    pub(super) sort: Sort,
    pub(super) choices: Vec<Choice>,
    /// What is asked of a free answer.
    pub(super) questions: Vec<Question>,
}

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// With one choice.
    Radio,
    /// With some choices.
    Checklist,
    /// With one choice or with some, as the answer is given.
    Dropdown,
    /// With words.
    Text,
    /// Not at all.
    Group,
    /// In a way that imports do not read.
    Foreign,
}

/// An answer that can be chosen.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) id: String,
    value: String,
    label: String,
    /// What is asked of it once it is chosen.
    pub(super) questions: Vec<Question>,
}

/// The types of classifications. What a prompt or a response asks is answered like other questions.
const SORTS: &[(&str, Sort)] = &[
    ("checklist", Sort::Checklist),
    ("dropdown", Sort::Dropdown),
    ("group", Sort::Group),
    ("prompt", Sort::Text),
    ("radio", Sort::Radio),
    ("response-checklist", Sort::Checklist),
    ("response-radio", Sort::Radio),
    ("response-text", Sort::Text),
    ("text", Sort::Text),
];

impl Ontology {
    /// Reads the normalised JSON of an ontology, in which every feature has its id.
    pub fn parse(normalized: &str) -> Result<Self, OntologyError> {
        let document = Document::parse(normalized.as_bytes()).map_err(OntologyError::NotJson)?;
        read(document.root()).map_err(|fault| {
            let mut place = String::new();
            find_path(document.root(), fault.offset, &mut place);
            OntologyError::Unusable(LineError { place, problem: fault.problem })
        })
    }

    /// Finds the tool that a line names.
    pub(super) fn find_tool(&self, line: Value<'_>) -> Result<Option<&Tool>, Fault> {
        find_named(&self.tools, line)
    }

    /// Finds the classification that a line names.
    pub(super) fn find_question(&self, line: Value<'_>) -> Result<Option<&Question>, Fault> {
        find_named(&self.questions, line)
    }

    /// Tells whether any feature has the name.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool.is_called(name)) || self.questions.iter().any(|each| each.is_called(name))
    }
}

/// A feature that lines name by its id or by one of its names.
pub(super) trait Named {
    /// What a message calls it.
    const WHAT: &'static str;
    /// Returns its feature schema id.
    fn id(&self) -> &str;
    /// Tells whether the text is one of its names.
    fn is_called(&self, name: &str) -> bool;
}

impl Named for Tool {
    const WHAT: &'static str = "tool";
    fn id(&self) -> &str {
        &self.id
    }
    fn is_called(&self, name: &str) -> bool {
        self.name == name
    }
}

impl Named for Question {
    const WHAT: &'static str = "classification";
    fn id(&self) -> &str {
        &self.id
    }
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.title == name
    }
}

impl Named for Choice {
    const WHAT: &'static str = "option";
    fn id(&self) -> &str {
        &self.id
    }
    fn is_called(&self, name: &str) -> bool {
        self.value == name || self.label == name
    }
}

impl Tool {
    /// Returns the feature of an annotation.
    pub(super) fn feature(&self, feature_id: &str) -> Feature<'static> {
        feature(feature_id, &self.id, &self.name, &self.value)
    }
}

impl Choice {
    /// Returns the feature of an answer.
    pub(super) fn feature(&self, feature_id: &str) -> Feature<'static> {
        feature(feature_id, &self.id, &self.label, &self.value)
    }
}

impl Question {
    /// Returns the feature of a classification.
    pub(super) fn feature(&self, feature_id: &str) -> Feature<'static> {
        feature(feature_id, &self.id, &self.title, &self.name)
    }

    /// Returns the name as a message shows it.
    pub(super) fn shown(&self) -> Quoted {
        Quoted::new(&self.title)
    }
}

fn feature(id: &str, schema_id: &str, name: &str, value: &str) -> Feature<'static> {
    let text = |text: &str| Some(Text::new(text));
    Feature { id: text(id), schema_id: text(schema_id), name: text(name), value: text(value) }
}

/// Finds the feature that a value names: by its schema id where it has one, else by its name.
pub(super) fn find_named<'o, T: Named>(features: &'o [T], value: Value<'_>) -> Result<Option<&'o T>, Fault> {
    if let Some(id) = find_text(value, "schemaId")? {
        return Ok(features.iter().find(|feature| feature.id() == id));
    }
    let name = get_text(value, "name")?;
    Ok(features.iter().find(|feature| feature.is_called(&name)))
}

/// Returns the feature that a value names; fails where there is none.
pub(super) fn get_named<'o, T: Named>(features: &'o [T], value: Value<'_>) -> Result<&'o T, Fault> {
    find_named(features, value)?.ok_or_else(|| unknown(value, T::WHAT))
}

/// Returns the fault of a value that names no feature of the ontology.
pub(super) fn unknown(value: Value<'_>, what: &'static str) -> Fault {
    let named = find(value, "schemaId").or_else(|| find(value, "name")).unwrap_or(value);
    let wanted = Quoted::new(&named.as_text().unwrap_or_default());
    Fault::at(named, Problem::FeatureUnknown { what, wanted })
}

fn read(root: Value<'_>) -> Result<Ontology, Fault> {
    let mut ontology = Ontology::default();
    for tool in find_list(object(root)?, "tools")? {
        ontology.tools.push(read_tool(tool, "")?);
    }
    for edge in find_list(root, "relationships")? {
        ontology.tools.push(read_tool(edge, "edge")?);
    }
    ontology.questions = read_questions(root, "classifications")?;
    Ok(ontology)
}

/// Reads a tool, whose sort may be known from where it stands.
fn read_tool(value: Value<'_>, usual: &str) -> Result<Tool, Fault> {
    let sort = match find_text(object(value)?, "tool")? {
        None if !usual.is_empty() => usual.to_owned(),
        None => return Err(Fault::at(value, Problem::Missing("tool"))),
        Some(sort) => sort,
    };
    let (id, name) = (read_id(value)?, get_text(value, "name")?);
    let machine = find_text(value, "value")?.unwrap_or_else(|| machine_value(&name));
    Ok(Tool { value: machine, questions: read_questions(value, "classifications")?, id, name, sort })
}

/// Returns the machine value of a tool to which the ontology gives none: lower case, with `_` for what is between words.
fn machine_value(name: &str) -> String {
    let mut value = String::with_capacity(name.len());
    for each in name.chars() {
        if each.is_alphanumeric() {
            value.extend(each.to_lowercase());
        } else if !value.ends_with('_') {
            value.push('_');
        }
    }
    value
}

fn read_questions(value: Value<'_>, key: &str) -> Result<Vec<Question>, Fault> {
    find_list(value, key)?.into_iter().map(read_question).collect()
}

fn read_question(value: Value<'_>) -> Result<Question, Fault> {
    let sort = get_text(object(value)?, "type")?;
    let sort = SORTS.iter().find(|(name, _)| *name == sort).map_or(Sort::Foreign, |(_, sort)| *sort);
    let id = read_id(value)?;
    let title = find_text(value, "instructions")?;
    let name = match find_text(value, "name")? {
        Some(name) => name,
        None => title.clone().ok_or_else(|| Fault::at(value, Problem::Missing("name")))?,
    };
    let title = title.unwrap_or_else(|| name.clone());
    let mut choices = Vec::new();
    let mut questions = read_questions(value, "classifications")?;
    for option in find_list(value, "options")? {
        // What is asked of a free answer stands where other questions have their options.
        if find(object(option)?, "type").is_some() {
            questions.push(read_question(option)?);
        } else {
            choices.push(read_choice(option)?);
        }
    }
    Ok(Question { id, name, title, sort, choices, questions })
}

fn read_choice(value: Value<'_>) -> Result<Choice, Fault> {
    let id = read_id(value)?;
    let machine = find(value, "value").map(scalar);
    let label = match (find(value, "label").map(scalar), &machine) {
        (Some(label), _) => label,
        (None, Some(machine)) => machine.clone(),
        (None, None) => return Err(Fault::at(value, Problem::Missing("value"))),
    };
    let machine = machine.unwrap_or_else(|| label.clone());
    let mut questions = read_questions(value, "options")?;
    questions.extend(read_questions(value, "classifications")?);
    Ok(Choice { id, value: machine, label, questions })
}

fn read_id(value: Value<'_>) -> Result<String, Fault> {
    match find_text(value, "featureSchemaId")? {
        Some(id) => Ok(id),
        None => get_text(value, "schemaNodeId").map_err(|fault| match fault.problem {
            Problem::Missing(_) => Fault { problem: Problem::Missing("featureSchemaId"), ..fault },
            _ => fault,
        }),
    }
}

/// Returns a text, or the spelling of a number or a boolean that stands in its place.
fn scalar(value: Value<'_>) -> String {
    match value.kind() {
        Kind::String => value.as_text().unwrap_or_default().into_owned(),
        _ => value.raw().to_owned(),
    }
}
