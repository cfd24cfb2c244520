//! `annotation.conf` and `visual.conf`: which types of annotations there are, and what they are called.
//!
//! brat takes letters, digits, `-` and `_` of ASCII in the names of types. Other characters become `_`; the name that people
//! know is in `visual.conf`, by which brat shows it. No two types of one package are spelled alike, whatever they are.
//!
//! Attributes are what was answered about entities: the questions and options are known once all rows were looked at.

use crate::write::attributes::{Attributes, Value};
use crate::write::text::{Base, Words, safe_word};
use crate::write::{About, FileEntry};
use labelport_model::data_type::Form;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Kinds of [values](crate::write::Encoder::values): an option of a radio question, and one of a checklist.
const CHOICE: &str = "choice";
const OPTION: &str = "option";
/// What is between a question and an option.
const BETWEEN: char = '\u{1f}';

/// Types of annotations.
pub(super) struct Config {
    /// Words for entities, relations, questions and options of checklists, in this order.
    words: Words,
    entities: usize,
    relations: usize,
    /// The name that people know for each word.
    names: Vec<String>,
    /// Relations without a direction, by number.
    symmetric: HashSet<usize>,
    questions: BTreeMap<String, Question>,
    /// The place of the word for an option of a checklist.
    options: BTreeMap<(String, String), usize>,
}

/// A radio question.
struct Question {
    /// The place of its word.
    place: usize,
    values: HashMap<String, usize>,
    words: Words,
}

/// Adds what answers have to be known of before the first row.
pub(super) fn values(answers: &Attributes, values: &mut Vec<String>) {
    for (question, value, _) in answers.iter() {
        match value {
            Value::One(option) => values.push(format!("{CHOICE}:{question}{BETWEEN}{option}")),
            Value::Several(options) => {
                values.extend(options.iter().map(|option| format!("{OPTION}:{question}{BETWEEN}{option}")));
            }
            Value::None | Value::Text(_) => {}
        }
    }
}

impl Config {
    pub(super) fn of(base: &Base<'_>, about: &About<'_>) -> Self {
        let mut names = base.entities.names().to_vec();
        names.extend_from_slice(base.relations.names());
        let mut by_question: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (question, option) in pairs(about, CHOICE) {
            by_question.entry(question.to_owned()).or_default().push(option);
        }
        let mut questions = BTreeMap::new();
        for (question, found) in by_question {
            let values = found.iter().enumerate().map(|(place, option)| ((*option).to_owned(), place)).collect();
            names.push(question.clone());
            questions.insert(question, Question { place: names.len() - 1, values, words: Words::of(found, safe) });
        }
        let mut options = BTreeMap::new();
        for (question, option) in pairs(about, OPTION) {
            names.push(option_name(question, option));
            options.insert((question.to_owned(), option.to_owned()), names.len() - 1);
        }
        let places = base.relations.places();
        let is_mutual =
            |place: &u32| about.classes.get(*place as usize).is_some_and(|class| class.form == Some(Form::Mutual));
        Self {
            words: Words::of(names.iter().map(String::as_str), safe),
            entities: base.entities.names().len(),
            relations: base.relations.names().len(),
            symmetric: places.into_iter().filter(|(_, place)| is_mutual(place)).map(|(number, _)| number).collect(),
            names,
            questions,
            options,
        }
    }

    /// Returns the type of entities of a class.
    pub(super) fn entity(&self, number: usize) -> &str {
        self.words.get(number)
    }

    /// Returns the type of relations of a class.
    pub(super) fn relation(&self, number: usize) -> &str {
        self.words.get(self.entities + number)
    }

    /// Returns whether relations of a class have no direction.
    fn is_symmetric(&self, number: usize) -> bool {
        self.symmetric.contains(&number)
    }

    /// Returns the attribute of a radio question, and its value.
    pub(super) fn choice(&self, question: &str, option: &str) -> (String, String) {
        let Some(known) = self.questions.get(question) else { return (safe(question), safe(option)) };
        let value = known.values.get(option).map(|place| known.words.get(*place).to_owned());
        (self.words.get(known.place).to_owned(), value.unwrap_or_else(|| safe(option)))
    }

    /// Returns the attribute of an option of a checklist.
    pub(super) fn option(&self, question: &str, option: &str) -> String {
        let place = self.options.get(&(question.to_owned(), option.to_owned()));
        place.map_or_else(|| safe(&option_name(question, option)), |place| self.words.get(*place).to_owned())
    }

    /// Lists sentences about names that are written as something else.
    pub(super) fn renamed(&self) -> impl Iterator<Item = &String> {
        let of_values = self.questions.values().flat_map(|question| question.words.renamed());
        self.words.renamed().iter().chain(of_values)
    }

    /// Returns the files that brat looks for.
    pub(super) fn files(&self) -> [FileEntry; 2] {
        let mut text = "[entities]\n".to_owned();
        let words = self.words.list();
        words[..self.entities].iter().for_each(|word| text += &format!("{word}\n"));
        text += "\n[relations]\n";
        for (number, word) in words[self.entities..][..self.relations].iter().enumerate() {
            let symmetric = if self.is_symmetric(number) { ", <REL-TYPE>:symmetric" } else { "" };
            text += &format!("{word}\tArg1:<ENTITY>, Arg2:<ENTITY>{symmetric}\n");
        }
        text += "\n[events]\n\n[attributes]\n";
        for question in self.questions.values() {
            let values = question.words.list().join("|");
            text += &format!("{}\tArg:<ENTITY>, Value:{values}\n", self.words.get(question.place));
        }
        for place in self.options.values() {
            text += &format!("{}\tArg:<ENTITY>\n", self.words.get(*place));
        }
        let mut visual = "[labels]\n".to_owned();
        for (word, name) in words.iter().zip(&self.names).filter(|(word, name)| word != name) {
            let shown = name.replace(|letter: char| letter == '|' || letter.is_control(), " ");
            visual += &format!("{word} | {shown}\n");
        }
        visual += "\n[drawing]\nSPAN_DEFAULT\tfgColor:black, bgColor:lightgreen, borderColor:darken\n";
        visual += "ARC_DEFAULT\tcolor:black, arrowHead:triangle-5\nATTRIBUTE_DEFAULT\tglyph:*\n";
        [("annotation.conf", text), ("visual.conf", visual)]
            .map(|(path, text)| FileEntry { path: path.to_owned(), bytes: text.into_bytes() })
    }
}

/// Lists the questions with their options among the values of rows.
fn pairs<'a>(about: &'a About<'_>, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    about.values_of(kind).filter_map(|value| value.rsplit_once(BETWEEN))
}

fn option_name(question: &str, option: &str) -> String {
    format!("{question}-{option}")
}

fn safe(name: &str) -> String {
    safe_word(name, |letter| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_')
}
