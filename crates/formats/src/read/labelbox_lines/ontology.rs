//! An ontology as conversion needs it: features by name and by id.

use super::error::{Fault, LineError, LineProblem, find_path};
use super::line::{find, find_list, find_text, get_text, object};
use labelport_model::annotation::{Feature, Text};
use labelport_model::json::{Document, JsonError, Kind, Value};
use labelport_model::quote::Quoted;

/// The features that lines of one import may refer to.
#[derive(Debug, Default)]
pub struct Ontology {
    /// What can be drawn, including relationships.
    pub(super) tools: Vec<Tool>,
    /// Questions about the whole row, a frame or a message.
    pub(super) questions: Vec<Question>,
}

/// Why an ontology cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OntologyError {
    /// The text is not JSON.
    #[error("the ontology is not JSON: byte {}: {}", .0.offset, .0)]
    NotJson(JsonError),
    /// A value is missing or of the wrong kind.
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
    /// The type of the tool, as ontologies spell it.
    pub(super) tool_type: String,
    /// Questions about each annotation.
    pub(super) questions: Vec<Question>,
    /// The machine value.
    pub(super) value: String,
    /// Whether it takes no new labels.
    is_archived: bool,
}

/// Something to answer.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) id: String,
    /// The machine value.
    name: String,
    /// What people read.
    title: String,
    pub(super) kind: QuestionKind,
    /// Whether it takes no new labels.
    is_archived: bool,
    /// Whether its answers are about single frames.
    pub(super) is_on_frames: bool,
    pub(super) choices: Vec<Choice>,
    /// Questions about a free answer.
    pub(super) questions: Vec<Question>,
}

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuestionKind {
    /// With one choice.
    Radio,
    /// With any number of choices.
    Checklist,
    /// With one choice or with several, depending on the answer.
    Dropdown,
    /// With text.
    Text,
    /// Not at all.
    Group,
    /// In a way that imports do not support.
    Foreign,
}

/// An answer that can be chosen.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) id: String,
    value: String,
    label: String,
    /// Questions that it leads to.
    pub(super) questions: Vec<Question>,
}

impl Choice {
    /// Returns the name for a message.
    pub(super) fn shown(&self) -> Quoted {
        Quoted::new(&self.label)
    }
}

/// The types of classifications. Prompts and responses are answered like other questions.
const QUESTION_KINDS: &[(&str, QuestionKind)] = &[
    ("checklist", QuestionKind::Checklist),
    ("dropdown", QuestionKind::Dropdown),
    ("group", QuestionKind::Group),
    ("prompt", QuestionKind::Text),
    ("radio", QuestionKind::Radio),
    ("response-checklist", QuestionKind::Checklist),
    ("response-radio", QuestionKind::Radio),
    ("response-text", QuestionKind::Text),
    ("text", QuestionKind::Text),
];

impl Ontology {
    /// Reads the normalised JSON of an ontology, in which every feature has an id.
    pub fn parse(normalized: &str) -> Result<Self, OntologyError> {
        let document = Document::parse(normalized.as_bytes()).map_err(OntologyError::NotJson)?;
        read(document.root()).map_err(|fault| {
            let mut place = String::new();
            find_path(document.root(), fault.offset, &mut place);
            OntologyError::Unusable(LineError { place, problem: fault.problem })
        })
    }

    /// Finds the tool of a line.
    pub(super) fn find_tool(&self, line: Value<'_>) -> Result<Option<&Tool>, Fault> {
        find_named(&self.tools, line)
    }

    /// Finds the classification of a line.
    pub(super) fn find_question(&self, line: Value<'_>) -> Result<Option<&Question>, Fault> {
        find_named(&self.questions, line)
    }

    /// Returns whether any feature has the name.
    pub(super) fn has_name(&self, name: &str) -> bool {
        self.tools.iter().any(|tool| tool.is_called(name)) || self.questions.iter().any(|each| each.is_called(name))
    }
}

/// A feature that lines refer to by its id or by one of its names.
pub(super) trait Named {
    /// What a message calls it.
    const WHAT: &'static str;
    /// Returns its feature schema id.
    fn id(&self) -> &str;
    /// Returns whether the text is one of its names.
    fn is_called(&self, name: &str) -> bool;
    /// Returns whether it was archived, so that it takes no new labels.
    fn is_archived(&self) -> bool {
        false
    }
}

impl Named for Tool {
    const WHAT: &'static str = "tool";
    fn id(&self) -> &str {
        &self.id
    }
    fn is_called(&self, name: &str) -> bool {
        self.name == name
    }
    fn is_archived(&self) -> bool {
        self.is_archived
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
    fn is_archived(&self) -> bool {
        self.is_archived
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

    /// Returns the name for a message.
    pub(super) fn shown(&self) -> Quoted {
        Quoted::new(&self.title)
    }
}

fn feature(id: &str, schema_id: &str, name: &str, value: &str) -> Feature<'static> {
    let text = |text: &str| Some(Text::new(text));
    Feature { id: text(id), schema_id: text(schema_id), name: text(name), value: text(value) }
}

/// Finds the feature of a value: by its schema id if it has one, else by its name.
///
/// # Errors
/// If only an archived feature is meant.
pub(super) fn find_named<'o, T: Named>(features: &'o [T], value: Value<'_>) -> Result<Option<&'o T>, Fault> {
    let id = find_text(value, "schemaId")?;
    let name = if id.is_some() { String::new() } else { get_text(value, "name")? };
    let is_meant = |feature: &&T| id.as_ref().map_or_else(|| feature.is_called(&name), |id| feature.id() == id);
    if let Some(found) = features.iter().filter(is_meant).find(|feature| !feature.is_archived()) {
        return Ok(Some(found));
    }
    match features.iter().find(is_meant) {
        Some(_) => {
            let named = Quoted::new(id.as_deref().unwrap_or(&name));
            let at = find(value, "schemaId").or_else(|| find(value, "name")).unwrap_or(value);
            Err(Fault::at(at, LineProblem::Archived { what: T::WHAT, named }))
        }
        None => Ok(None),
    }
}

/// Returns the feature of a value; fails if there is none.
pub(super) fn get_named<'o, T: Named>(features: &'o [T], value: Value<'_>) -> Result<&'o T, Fault> {
    find_named(features, value)?.ok_or_else(|| unknown(value, T::WHAT))
}

/// Returns the fault of a value whose feature is not in the ontology.
pub(super) fn unknown(value: Value<'_>, what: &'static str) -> Fault {
    let named = find(value, "schemaId").or_else(|| find(value, "name")).unwrap_or(value);
    let wanted = Quoted::new(&named.as_text().unwrap_or_default());
    Fault::at(named, LineProblem::FeatureUnknown { what, wanted })
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

/// Reads a tool. `default_type` is the type of a tool without one; empty if tools must have one.
fn read_tool(value: Value<'_>, default_type: &str) -> Result<Tool, Fault> {
    let tool_type = match find_text(object(value)?, "tool")? {
        None if !default_type.is_empty() => default_type.to_owned(),
        None => return Err(Fault::at(value, LineProblem::Missing("tool"))),
        Some(tool_type) => tool_type,
    };
    let (id, name) = (read_id(value)?, get_text(value, "name")?);
    let machine = find_text(value, "value")?.unwrap_or_else(|| machine_value(&name));
    let is_archived = read_archived(value);
    Ok(Tool { is_archived, value: machine, questions: read_questions(value, "classifications")?, id, name, tool_type })
}

/// Returns the machine value of a tool without one in the ontology: lower case, with `_` between words.
pub fn machine_value(name: &str) -> String {
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
    let question_type = get_text(object(value)?, "type")?;
    let known = QUESTION_KINDS.iter().find(|(name, _)| *name == question_type);
    let kind = known.map_or(QuestionKind::Foreign, |(_, kind)| *kind);
    let id = read_id(value)?;
    let title = find_text(value, "instructions")?;
    let name = match find_text(value, "name")? {
        Some(name) => name,
        None => title.clone().ok_or_else(|| Fault::at(value, LineProblem::Missing("name")))?,
    };
    let title = title.unwrap_or_else(|| name.clone());
    let is_on_frames = find_text(value, "scope")?.is_some_and(|scope| scope.eq_ignore_ascii_case("index"));
    let mut choices = Vec::new();
    let mut questions = read_questions(value, "classifications")?;
    for option in find_list(value, "options")? {
        // Questions about a free answer are listed as options.
        if find(object(option)?, "type").is_some() {
            questions.push(read_question(option)?);
        } else {
            choices.push(read_choice(option)?);
        }
    }
    let is_archived = read_archived(value);
    Ok(Question { id, name, title, kind, is_archived, is_on_frames, choices, questions })
}

/// Reads whether a feature is archived, which ontologies say as `true` or as 1.
fn read_archived(value: Value<'_>) -> bool {
    find(value, "archived").is_some_and(|archived| matches!(archived.raw(), "true" | "1"))
}

fn read_choice(value: Value<'_>) -> Result<Choice, Fault> {
    let id = read_id(value)?;
    let machine = find(value, "value").map(scalar);
    let label = match (find(value, "label").map(scalar), &machine) {
        (Some(label), _) => label,
        (None, Some(machine)) => machine.clone(),
        (None, None) => return Err(Fault::at(value, LineProblem::Missing("value"))),
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
            LineProblem::Missing(_) => Fault { problem: LineProblem::Missing("featureSchemaId"), ..fault },
            _ => fault,
        }),
    }
}

/// Returns a text, or the spelling of a number or a boolean.
fn scalar(value: Value<'_>) -> String {
    match value.kind() {
        Kind::String => value.as_text().unwrap_or_default().into_owned(),
        _ => value.raw().to_owned(),
    }
}
