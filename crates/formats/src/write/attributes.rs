//! Answers as attributes: pairs of a question and what was answered.
//!
//! An attribute has the name of its question and the name of the chosen option, those of all chosen options, or the text.
//! A question that an answer leads to is named after the way there: `damage/side`. Where two questions have one name, the
//! second has a number after it.

use super::settled::Fate;
use labelport_model::annotation::{Annotation, Answer, Body, Choice, Classification, Text};
use labelport_model::json::{ObjectWriter, quote_into};

/// How a question is reduced to which an answer leads.
const NESTED: &str = "to an attribute that is named after the questions that lead to it";

/// How a question is reduced whose name another one has.
const NUMBERED: &str = "to an attribute with a number after its name, which another question has, too";

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing.
    None,
    /// An option.
    One(String),
    /// A text.
    Text(String),
    /// The options of a checklist.
    Several(Vec<String>),
}

/// Returns what the attribute of an option of a checklist is called where an attribute has one value.
pub(super) fn check_name(question: &str, option: &str) -> String {
    if option.is_empty() { question.to_owned() } else { format!("{question}: {option}") }
}

/// Attributes in the order of the answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    members: Vec<(String, Value)>,
    fates: Vec<Fate>,
}

impl Attributes {
    /// Makes attributes of answers and of all that they lead to.
    pub(super) fn of<'c>(answers: impl IntoIterator<Item = &'c Classification<'c>>) -> Self {
        let mut attributes = Self::default();
        answers.into_iter().for_each(|answer| attributes.add_below(answer, ""));
        attributes
    }

    /// Makes attributes of what was answered about an object, or of an answer and those to which it leads; of nothing where
    /// something inside has a form that is not known, and so no name and no value.
    pub(super) fn about(annotation: &Annotation<'_>) -> Self {
        match &annotation.body {
            _ if annotation.count_unread() > 0 => Self::default(),
            Body::Object(_) => Self::of(annotation.answers()),
            Body::Classification(answer) => Self::of([answer]),
        }
    }

    /// Adds an answer and all that it leads to. Returns what became of these, in the order in which they are counted.
    pub(super) fn add(&mut self, answer: &Classification<'_>) -> Vec<Fate> {
        let before = self.fates.len();
        self.add_below(answer, "");
        self.fates[before..].to_vec()
    }

    fn add_below(&mut self, answer: &Classification<'_>, way: &str) {
        let own = text_of(answer.feature.name.as_ref());
        let wanted = if way.is_empty() { own } else { format!("{way}/{own}") };
        let option = |choice: &Choice<'_>| text_of(choice.feature.name.as_ref());
        let value = match &answer.answer {
            Some(Answer::Radio(choice)) => Value::One(option(choice)),
            Some(Answer::Checklist(choices)) => Value::Several(choices.items.iter().map(option).collect()),
            Some(Answer::Text(words)) => {
                words.content.as_ref().map_or(Value::None, |text| Value::Text(text_of(Some(text))))
            }
            None => Value::None,
        };
        let is_taken = |name: &String| self.members.iter().any(|(known, _)| known == name);
        let numbered = (2..).map(|number| format!("{wanted} ({number})"));
        let name = std::iter::once(wanted.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default();
        self.fates.push(match (way.is_empty(), name == wanted) {
            (true, true) => Fate::KEPT,
            (true, false) => Fate::reduced(NUMBERED),
            (false, _) => Fate::reduced(NESTED),
        });
        self.members.push((name, value));
        answer.nested().for_each(|nested| self.add_below(nested, &wanted));
    }

    /// Lists names with what was answered, and what became of each answer.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value, Fate)> {
        self.members.iter().zip(&self.fates).map(|((name, value), fate)| (name.as_str(), value, *fate))
    }

    /// Returns whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Lists what became of each answer, in the order in which they are counted.
    pub(super) fn fates(&self) -> impl Iterator<Item = Fate> {
        self.fates.iter().copied()
    }

    /// Appends them as a JSON object.
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        self.write_members("", &mut object);
        object.close();
    }

    /// Writes them as members of an object, whose names begin with a prefix.
    pub(super) fn write_members(&self, prefix: &str, object: &mut ObjectWriter<'_>) {
        for (name, value) in &self.members {
            let mut quoted = Vec::new();
            quote_into(&format!("{prefix}{name}"), &mut quoted);
            // The writer puts a key into quotes itself.
            let quoted = String::from_utf8_lossy(&quoted);
            let name = &quoted[1..quoted.len() - 1];
            match value {
                Value::None => object.raw(name, b"null"),
                Value::One(text) | Value::Text(text) => object.text(name, text),
                Value::Several(texts) => {
                    let list = object.key(name);
                    for (index, text) in texts.iter().enumerate() {
                        list.push(if index == 0 { b'[' } else { b',' });
                        quote_into(text, list);
                    }
                    list.extend_from_slice(if texts.is_empty() { b"[]" } else { b"]" });
                }
            }
        }
    }
}

fn text_of(text: Option<&Text<'_>>) -> String {
    text.map(|text| text.get().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answers: &str, expect: &str, reduced: usize) {
        let list = labelport_model::annotation::Classifications::from_json(answers).unwrap().unwrap();
        let attributes = Attributes::of(&list.items);
        let mut json = Vec::new();
        attributes.write_json(&mut json);
        assert_eq!(String::from_utf8(json).unwrap(), expect);
        assert_eq!(attributes.fates().filter(|fate| *fate != Fate::KEPT).count(), reduced, "{answers}");
    }

    #[test]
    fn answers_are_named_after_their_questions() {
        check(r#"[{"name":"sort","radio_answer":{"name":"tug"}}]"#, r#"{"sort":"tug"}"#, 0);
        check(r#"[{"name":"sort","radio_answer":null}]"#, r#"{"sort":null}"#, 0);
        let tags = r#"[{"name":"tags","checklist_answers":[{"name":"wet"},{"name":"\"old\""}]}]"#;
        check(tags, r#"{"tags":["wet","\"old\""]}"#, 0);
        check(r#"[{"name":"tags","checklist_answers":[]}]"#, r#"{"tags":[]}"#, 0);
        check(r#"[{"name":"note","text_answer":{"content":"as it is"}}]"#, r#"{"note":"as it is"}"#, 0);
        check(r#"[{"name":"\"a\\","radio_answer":{"name":"tug"}}]"#, r#"{"\"a\\":"tug"}"#, 0);
    }

    #[test]
    fn questions_that_answers_lead_to_are_named_after_the_way() {
        let nested = r#"[{"name":"damage","radio_answer":{"name":"yes","classifications":[
            {"name":"side","radio_answer":{"name":"left","classifications":[{"name":"note","text_answer":{"content":"x"}}]}}]}},
            {"name":"damage","radio_answer":{"name":"no"}}]"#;
        let nested: String = nested.lines().map(str::trim).collect();
        check(&nested, r#"{"damage":"yes","damage/side":"left","damage/side/note":"x","damage (2)":"no"}"#, 3);
    }
}
