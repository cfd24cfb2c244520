//! The labels of CVAT: tools, and questions about whole pictures, each with the attributes that its annotations have.
//!
//! CVAT takes only attributes that a label declares, with their values. Which there are is known once all rows were looked
//! at: each row says so by its [values](crate::write::Encoder::values).

use super::UNANSWERED;
use crate::write::attributes::{Attributes, Value, check_name};
use crate::write::class_names::ClassNames;
use crate::write::declared::{self, Declared};
use crate::write::picture::ClassList;
use crate::write::xml::{self, Element};
use crate::write::{About, Class, VALUES_LIMIT};
use labelport_model::data_type::Form;
use labelport_model::json::{ObjectWriter, quote_into};
use std::collections::{BTreeMap, BTreeSet};

/// What CVAT draws.
pub(super) const FORMS: [Form; 6] = [Form::Box, Form::Polygon, Form::Line, Form::Point, Form::Mask, Form::FrameMask];

/// The labels in order.
pub(super) struct Labels {
    labels: Vec<Label>,
    /// The label of each class, by its place.
    of_class: BTreeMap<u32, usize>,
    /// The places of tools that draw what CVAT has.
    drawn: BTreeSet<u32>,
    /// Sentences about labels that are not called as their classes.
    notices: Vec<String>,
}

struct Label {
    name: String,
    kind: &'static str,
    attributes: BTreeMap<String, Declared>,
}

/// An attribute as CVAT has it.
struct Attribute {
    name: String,
    input: &'static str,
    default: &'static str,
    values: Vec<String>,
}

impl Labels {
    /// Lists the labels of an export.
    pub(super) fn of(about: &About<'_>, class_names: ClassNames) -> Self {
        let list = ClassList::of(about.classes, &FORMS, class_names, &[]);
        let mut labels = Self {
            labels: Vec::new(),
            of_class: BTreeMap::new(),
            drawn: about.classes.iter().map(|class| class.index).filter(|place| list.is_drawn(*place)).collect(),
            notices: list.renamed().map(str::to_owned).collect(),
        };
        for name in list.names() {
            labels.labels.push(Label { name: name.clone(), kind: "", attributes: BTreeMap::new() });
        }
        for class in about.classes {
            let Some(number) = list.number(class.index) else { continue };
            labels.of_class.insert(class.index, number);
            let kind = class.form.map_or("any", kind_of);
            let known = &mut labels.labels[number].kind;
            *known = if known.is_empty() || *known == kind { kind } else { "any" };
        }
        let declared = declared::of(about);
        let is_cut = about.values.len() > VALUES_LIMIT;
        labels.notices.extend(declared::notice(about));
        let owners: BTreeSet<u32> = declared.keys().map(|(place, _)| *place).collect();
        let is_question = |class: &&Class| class.form.is_none() && !labels.of_class.contains_key(&class.index);
        let is_asked = |class: &&Class| owners.contains(&class.index) || is_cut && class.written > 0;
        let questions: Vec<&Class> = about.classes.iter().filter(is_question).filter(is_asked).collect();
        questions.into_iter().for_each(|class| labels.add_question(class, class_names));
        for ((place, name), answers) in declared {
            let Some(number) = labels.of_class.get(&place) else { continue };
            labels.labels[*number].attributes.entry(name).or_default().merge(answers);
        }
        let is_odd = |label: &&Label| !xml::is_held(&label.name);
        let odd = labels.labels.iter().filter(is_odd);
        let odd = odd.map(|label| format!("its name {:?} has characters that XML cannot hold", label.name));
        let odd: Vec<String> = odd.collect();
        labels.notices.extend(odd);
        // Both files have the name as XML can have it.
        labels.labels.iter_mut().for_each(|label| label.name = xml::held(&label.name).into_owned());
        labels
    }

    /// Returns whether CVAT draws what a class is of.
    pub(super) fn is_drawn(&self, place: u32) -> bool {
        self.drawn.contains(&place)
    }

    /// Returns the name of the label of a class. What is looked at first has no label yet.
    pub(super) fn name(&self, place: u32) -> &str {
        self.of_class.get(&place).map_or("", |number| &self.labels[*number].name)
    }

    /// Lists sentences about labels.
    pub(super) fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Writes the attributes of an annotation of a class.
    pub(super) fn write_attributes(&self, place: u32, attributes: &Attributes, depth: usize, out: &mut Vec<u8>) {
        let mut write = |name: &str, value: &str| {
            let mut element = Element::open("attribute", depth, out);
            element.attribute("name", name);
            element.text(value);
        };
        let label = self.of_class.get(&place).map(|number| &self.labels[*number]);
        for (name, value, _) in attributes.iter() {
            match value {
                Value::None => write(name, UNANSWERED),
                Value::One(text) | Value::Text(text) => write(name, text),
                Value::Several(chosen) => {
                    let declared = label.and_then(|label| label.attributes.get(name)?.checks.as_ref());
                    let own = || chosen.iter().map(String::as_str);
                    let all: BTreeSet<&str> = declared.into_iter().flatten().map(String::as_str).chain(own()).collect();
                    // One without any option anywhere is there all the same.
                    let none = all.is_empty().then_some("");
                    for option in all.into_iter().chain(none) {
                        let is_checked = own().any(|text| text == option);
                        write(&check_name(name, option), if is_checked { "true" } else { "false" });
                    }
                }
            }
        }
    }

    /// Writes the element `labels`.
    pub(super) fn write_xml(&self, depth: usize, out: &mut Vec<u8>) {
        Element::open("labels", depth, out).holding(|depth, out| {
            for label in &self.labels {
                Element::open("label", depth, out).holding(|depth, out| {
                    xml::leaf("name", &label.name, depth, out);
                    xml::leaf("type", label.kind, depth, out);
                    Element::open("attributes", depth, out).holding(|depth, out| {
                        label.attributes().iter().for_each(|attribute| attribute.write_xml(depth, out));
                    });
                });
            }
        });
    }

    /// Returns the labels in the form that CVAT takes where a project is made.
    pub(super) fn to_json(&self) -> Vec<u8> {
        let mut out = b"[".to_vec();
        for (index, label) in self.labels.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b"\n" } else { b",\n" });
            let mut object = ObjectWriter::open(&mut out);
            object.text("name", &label.name);
            object.text("type", label.kind);
            let list = object.key("attributes");
            list.push(b'[');
            for (index, attribute) in label.attributes().iter().enumerate() {
                if index > 0 {
                    list.push(b',');
                }
                attribute.write_json(list);
            }
            list.push(b']');
            object.close();
        }
        out.extend_from_slice(b"\n]\n");
        out
    }

    fn add_question(&mut self, class: &Class, class_names: ClassNames) {
        let own = class_names.name(class).to_owned();
        let is_free = |name: &String| self.labels.iter().all(|label| label.name != *name);
        let numbered = (2..).map(|number| format!("{own} ({number})"));
        let name = std::iter::once(own.clone()).chain(numbered).find(is_free).unwrap_or_default();
        if name != own {
            self.notices.push(format!("its name is that of another class, so that it is called {name:?}"));
        }
        self.of_class.insert(class.index, self.labels.len());
        self.labels.push(Label { name, kind: "tag", attributes: BTreeMap::new() });
    }
}

fn kind_of(form: Form) -> &'static str {
    match form {
        Form::Box => "rectangle",
        Form::Polygon => "polygon",
        Form::Line => "polyline",
        Form::Point => "points",
        Form::Mask | Form::FrameMask => "mask",
        _ => "any",
    }
}

impl Label {
    fn attributes(&self) -> Vec<Attribute> {
        let mut all = Vec::new();
        for (name, declared) in &self.attributes {
            match &declared.options {
                _ if declared.is_text => {
                    all.push(Attribute { name: name.clone(), input: "text", default: "", values: Vec::new() });
                }
                Some(options) => {
                    // An object that nobody was asked about has this value in CVAT.
                    let others = options.iter().filter(|option| *option != UNANSWERED).cloned();
                    let values = std::iter::once(UNANSWERED.to_owned()).chain(others).collect();
                    all.push(Attribute { name: name.clone(), input: "select", default: UNANSWERED, values });
                }
                None => {}
            }
            let none = declared.checks.as_ref().filter(|checks| checks.is_empty()).map(|_| "");
            for option in declared.checks.iter().flatten().map(String::as_str).chain(none) {
                let values = vec!["false".to_owned()];
                all.push(Attribute { name: check_name(name, option), input: "checkbox", default: "false", values });
            }
        }
        all
    }
}

impl Attribute {
    fn write_xml(&self, depth: usize, out: &mut Vec<u8>) {
        Element::open("attribute", depth, out).holding(|depth, out| {
            xml::leaf("name", &self.name, depth, out);
            xml::leaf("mutable", "True", depth, out);
            xml::leaf("input_type", self.input, depth, out);
            xml::leaf("default_value", self.default, depth, out);
            // A value a line.
            let values: Vec<String> = self.values.iter().map(|value| value.replace(['\r', '\n'], " ")).collect();
            xml::leaf("values", &values.join("\n"), depth, out);
        });
    }

    fn write_json(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        object.text("name", &self.name);
        object.raw("mutable", b"true");
        object.text("input_type", self.input);
        object.text("default_value", self.default);
        let list = object.key("values");
        for (index, value) in self.values.iter().enumerate() {
            list.push(if index == 0 { b'[' } else { b',' });
            quote_into(value, list);
        }
        list.extend_from_slice(if self.values.is_empty() { b"[]" } else { b"]" });
        object.close();
    }
}
