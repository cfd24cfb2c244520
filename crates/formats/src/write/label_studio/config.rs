//! `labels.xml`: the controls by which Label Studio marks and asks what the tasks of a data type hold.
//!
//! Which questions and options there are is known once all rows were looked at: each row says so by its
//! [values](crate::write::Encoder::values).

use super::medium::{Control, MEDIA, MESSAGES, MOMENTS, Medium, TRACKS, Way};
use super::words::{is_answered, word};
use crate::write::attributes::Attributes;
use crate::write::class_names::ClassNames;
use crate::write::declared::{self, Declared};
use crate::write::picture::ClassList;
use crate::write::xml::{self, Element};
use crate::write::{About, Class};
use labelport_model::data_type::Form;
use std::collections::{BTreeMap, BTreeSet};

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// The whole of what a row shows.
    Whole,
    /// What is marked in it.
    Region,
    /// A range of time, or a message.
    Part,
}

/// How a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    Radio,
    Checklist,
    Text,
}

/// How many owners a data type has.
const OWNERS: u32 = 3;
/// A kind of [value](crate::write::Encoder::values): a question about ranges of time or about messages.
const ASKED: &str = "asked";
/// The label of whole messages.
pub(super) const MESSAGE: &str = "message";
/// The control that has the labels of boxes in videos.
const LABELS_OF_TRACKS: &str = "labels";

/// A question: what it is about, its name, and how it is answered.
type Question = (Owner, String, Asked);

/// The controls of a data type.
pub(super) struct Config {
    medium: &'static Medium,
    /// What is marked.
    marks: ClassList,
    relations: ClassList,
    /// The labels of each control.
    labels: Vec<(&'static Control, Vec<String>)>,
    /// The name of the control of each question, and its options.
    questions: BTreeMap<Question, (String, BTreeSet<String>)>,
}

/// Lists what answers need declared, as values of a row.
pub(super) fn values((place, owner): (usize, Owner), answers: &Attributes, values: &mut Vec<String>) {
    declared::values(number(place, owner), answers, values);
    if owner == Owner::Part {
        // Those to which an answer leads are about the same range.
        let asked = answers.iter().next().filter(|(_, answer, _)| is_answered(answer));
        values.extend(asked.map(|(name, ..)| format!("{ASKED}:{place}{name}")));
    }
}

fn number(place: usize, owner: Owner) -> u32 {
    place as u32 * OWNERS + owner as u32
}

impl Config {
    /// Lists the controls of a data type, by its place.
    pub(super) fn of(about: &About<'_>, place: usize, names: ClassNames) -> Self {
        let medium = &MEDIA[place];
        let classes: Vec<Class> = about.classes.iter().filter(|class| medium.has_kind(&class.kind)).cloned().collect();
        let forms: Vec<Form> = medium.controls.iter().flat_map(|control| control.forms).copied().collect();
        let relations: &[Form] = match medium.way {
            Way::Picture | Way::Text => &[Form::Directed, Form::Mutual],
            Way::Video | Way::Answers => &[],
        };
        let marks = ClassList::of(&classes, &forms, names, &[]);
        let labels = medium.controls.iter().map(|control| {
            let of_control =
                classes.iter().filter(|class| class.form.is_some_and(|form| control.forms.contains(&form)));
            let numbers: BTreeSet<usize> = of_control.filter_map(|class| marks.number(class.index)).collect();
            let mut asked = about.values_of(ASKED).filter_map(|value| value.strip_prefix(&place.to_string()));
            let message = if control.name == MESSAGES.name { asked.next().map(|_| MESSAGE) } else { None };
            let moments = asked.filter(|_| control.name == MOMENTS.name);
            let labels = numbers.into_iter().map(|number| marks.name(number)).chain(moments).chain(message);
            (*control, labels.map(|label| word(label).into_owned()).collect())
        });
        let mut config = Self {
            medium,
            labels: labels.collect(),
            relations: ClassList::of(&classes, relations, names, &[]),
            marks,
            questions: BTreeMap::new(),
        };
        for ((owner, name), declared) in declared::of(about) {
            let owners = [Owner::Whole, Owner::Region, Owner::Part];
            if let Some(owner) = owners.into_iter().find(|one| number(place, *one) == owner) {
                config.add_question(owner, &name, declared);
            }
        }
        config
    }

    fn add_question(&mut self, owner: Owner, name: &str, declared: Declared) {
        let Declared { is_text, options, checks } = declared;
        let asked = [(Asked::Radio, options), (Asked::Checklist, checks), (Asked::Text, is_text.then(BTreeSet::new))];
        for (asked, options) in asked {
            // A question that nobody answered has no results.
            let Some(options) = options.filter(|options| asked == Asked::Text || !options.is_empty()) else { continue };
            let own = word(name).into_owned();
            let is_free = |name: &String| {
                let is_control = self.medium.controls.iter().any(|control| control.name == name);
                let is_other = is_control || name == self.medium.name || name == LABELS_OF_TRACKS;
                !is_other && self.questions.values().all(|(known, _)| known != name)
            };
            let numbered = (2..).map(|number| format!("{own} ({number})"));
            let free = std::iter::once(own.clone()).chain(numbered).find(is_free).unwrap_or_default();
            let options = options.iter().map(|option| word(option).into_owned()).collect();
            self.questions.insert((owner, name.to_owned(), asked), (free, options));
        }
    }

    pub(super) fn medium(&self) -> &'static Medium {
        self.medium
    }

    /// Returns whether a class is one of what is marked.
    pub(super) fn is_marked(&self, place: u32) -> bool {
        self.marks.is_drawn(place)
    }

    /// Returns whether a class is one of relations.
    pub(super) fn is_relation(&self, place: u32) -> bool {
        self.relations.is_drawn(place)
    }

    /// Returns the label of a class. What is looked at first has none yet.
    pub(super) fn label(&self, place: u32) -> &str {
        let list = if self.is_relation(place) { &self.relations } else { &self.marks };
        list.number(place).map_or("", |number| list.name(number))
    }

    /// Lists sentences about classes that are not called as people know them.
    pub(super) fn notices(&self) -> Vec<String> {
        let lists = [&self.marks, &self.relations];
        let odd = lists.iter().flat_map(|list| list.names()).filter(|name| !xml::is_held(name));
        let odd = odd.map(|name| format!("its name {name:?} has characters that XML cannot hold"));
        lists.iter().flat_map(|list| list.renamed()).map(str::to_owned).chain(odd).collect()
    }

    /// Returns the name of the control of a question. What is looked at first has none yet.
    pub(super) fn question<'n>(&'n self, owner: Owner, name: &'n str, asked: Asked) -> &'n str {
        self.questions.get(&(owner, name.to_owned(), asked)).map_or(name, |(control, _)| control)
    }

    /// Returns the configuration.
    pub(super) fn to_xml(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let object = self.medium.name;
        Element::open("View", 0, &mut out).holding(|depth, out| {
            let mut shown = Element::open(self.medium.element, depth, out);
            shown.attribute("name", object);
            shown.attribute("value", &format!("${object}"));
            self.medium.attributes.iter().for_each(|(name, value)| shown.attribute(name, value));
            shown.close();
            for (control, labels) in self.labels.iter().filter(|(_, labels)| !labels.is_empty()) {
                let (name, element) = if control.name == TRACKS.name {
                    named(control.element, control.name, object, depth, out).close();
                    (LABELS_OF_TRACKS, "Labels")
                } else {
                    (control.name, control.element)
                };
                let element = named(element, name, object, depth, out);
                element.holding(|depth, out| write_values("Label", labels, depth, out));
            }
            let relations: Vec<String> = self.relations.names().iter().map(|name| word(name).into_owned()).collect();
            if !relations.is_empty() {
                let element = Element::open("Relations", depth, out);
                element.holding(|depth, out| write_values("Relation", &relations, depth, out));
            }
            for ((owner, name, asked), (control, options)) in &self.questions {
                let mut header = Element::open("Header", depth, out);
                header.attribute("value", &word(name));
                header.close();
                let element = if *asked == Asked::Text { "TextArea" } else { "Choices" };
                let mut element = named(element, control, object, depth, out);
                match asked {
                    Asked::Radio => element.attribute("choice", "single"),
                    Asked::Checklist => element.attribute("choice", "multiple"),
                    Asked::Text => {}
                }
                if *owner != Owner::Whole {
                    element.attribute("perRegion", "true");
                }
                element.holding(|depth, out| write_values("Choice", options, depth, out));
            }
        });
        out
    }
}

fn named<'o>(element: &'static str, name: &str, object: &str, depth: usize, out: &'o mut Vec<u8>) -> Element<'o> {
    let mut element = Element::open(element, depth, out);
    element.attribute("name", name);
    element.attribute("toName", object);
    element
}

fn write_values<'v>(name: &'static str, values: impl IntoIterator<Item = &'v String>, depth: usize, out: &mut Vec<u8>) {
    for value in values {
        let mut element = Element::open(name, depth, out);
        element.attribute("value", value);
        element.close();
    }
}
