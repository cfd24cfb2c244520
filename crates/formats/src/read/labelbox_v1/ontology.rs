//! The features that occur in records, as an ontology lists them.
//!
//! Records have no ontology, but each annotation names its feature. Questions to which an answer leads stand next to
//! their parent in records, so they are questions of the same tool here.

use super::derived;
use labelport_model::id::OntologyId;
use labelport_model::json::{ObjectWriter, quote_into};
use std::collections::BTreeMap;

/// The features of one project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Features {
    tools: Vec<Tool>,
    questions: Vec<Question>,
    /// Where each tool and each question is, by id.
    places: [BTreeMap<String, usize>; 2],
}

/// The most tools, and the most questions, that are gathered. Ontologies have hundreds; a file with a new feature in each
/// annotation has none that would be of use.
const FEATURES_LIMIT: usize = 5_000;

/// Something to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tool {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) color: Option<String>,
    /// The type, as ontologies spell it.
    pub(super) tool: &'static str,
    pub(super) questions: Vec<Question>,
}

/// Something to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) value: String,
    /// The type, as ontologies spell it.
    pub(super) kind: &'static str,
    /// Whether single frames are asked about.
    pub(super) is_on_frames: bool,
    pub(super) options: Vec<Choice>,
}

/// An answer that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) value: String,
}

impl Features {
    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty() && self.questions.is_empty()
    }

    /// Returns the id of the ontology that a project gets whose records are the first to show one.
    pub fn ontology_id(project_id: &str) -> Option<OntologyId> {
        OntologyId::parse(&derived::id("ontology", &[project_id])).ok()
    }

    pub(super) fn add_tool(&mut self, tool: Tool) {
        let Some(known) = self.places[0].get(&tool.id).map(|place| &mut self.tools[*place]) else {
            if self.tools.len() < FEATURES_LIMIT {
                self.places[0].insert(tool.id.clone(), self.tools.len());
                self.tools.push(tool);
            }
            return;
        };
        known.color = known.color.take().or(tool.color);
        tool.questions.into_iter().for_each(|question| add(&mut known.questions, question));
    }

    pub(super) fn add_question(&mut self, question: Question) {
        let Some(known) = self.places[1].get(&question.id).map(|place| &mut self.questions[*place]) else {
            if self.questions.len() < FEATURES_LIMIT {
                self.places[1].insert(question.id.clone(), self.questions.len());
                self.questions.push(question);
            }
            return;
        };
        known.add_options(question.options);
    }

    /// Adds the features of other records.
    pub fn merge(&mut self, other: Self) {
        other.tools.into_iter().for_each(|tool| self.add_tool(tool));
        other.questions.into_iter().for_each(|question| self.add_question(question));
    }

    /// Returns them as the JSON of an ontology.
    pub fn to_normalized(&self) -> String {
        let mut out = Vec::new();
        let mut root = ObjectWriter::open(&mut out);
        list(&self.tools, root.key("tools"), |tool, out| {
            let mut object = ObjectWriter::open(out);
            write_ids(&tool.id, &mut object);
            object.raw("required", b"false");
            object.text("name", &tool.name);
            if let Some(color) = &tool.color {
                object.text("color", color);
            }
            object.text("tool", tool.tool);
            list(&tool.questions, object.key("classifications"), Question::write);
            object.close();
        });
        list(&self.questions, root.key("classifications"), Question::write);
        root.raw("relationships", b"[]");
        root.close();
        String::from_utf8(out).expect("the normal form is ASCII")
    }
}

impl Question {
    fn add_options(&mut self, options: Vec<Choice>) {
        for choice in options {
            if self.options.len() < FEATURES_LIMIT && self.options.iter().all(|option| option.id != choice.id) {
                self.options.push(choice);
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        write_ids(&self.id, &mut object);
        object.raw("required", b"false");
        object.text("instructions", &self.title);
        object.text("name", &self.value);
        object.text("type", self.kind);
        if self.is_on_frames {
            object.text("scope", "index");
        }
        list(&self.options, object.key("options"), |choice, out| {
            let mut object = ObjectWriter::open(out);
            write_ids(&choice.id, &mut object);
            object.text("label", &choice.title);
            object.text("value", &choice.value);
            object.close();
        });
        object.close();
    }
}

fn add(questions: &mut Vec<Question>, question: Question) {
    let Some(known) = questions.iter_mut().find(|known| known.id == question.id) else {
        return questions.push(question);
    };
    known.add_options(question.options);
}

fn write_ids(id: &str, object: &mut ObjectWriter<'_>) {
    for key in ["schemaNodeId", "featureSchemaId"] {
        quote_into(id, object.key(key));
    }
}

fn list<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}
