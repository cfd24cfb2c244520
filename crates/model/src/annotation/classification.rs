//! Answers to questions: about a row, a message, a frame, an object or another answer.

use super::ReadError;
use super::cursor::Cursor;
use super::feature::{FEATURE_KEYS, Feature, Scores, write_list};
use super::record::{self, Layout, Record, keeps_layout};
use super::scalar::Text;
use crate::json::ObjectWriter;

/// A question and its answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Classification<'a> {
    /// The question.
    pub feature: Feature<'a>,
    /// The message of a conversation that it is about.
    pub message_id: Option<Text<'a>>,
    /// The answer. Nothing where there is none, or one of an unknown form.
    pub answer: Option<Answer<'a>>,
    /// What the question is asked about.
    pub subject: Subject,
    /// How sure a model is.
    pub scores: Scores<'a>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// What a question is asked about. The stored form names answers by it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Subject {
    /// Anything but a message.
    #[default]
    Whole,
    /// A message of a conversation.
    Message,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<'a> {
    /// The chosen option of a radio question.
    Radio(Choice<'a>),
    /// The chosen options of a checklist.
    Checklist(List<'a, Choice<'a>>),
    /// Free text.
    Text(Words<'a>),
}

/// Classifications in order.
pub type Classifications<'a> = List<'a, Classification<'a>>;

impl<'a> Classifications<'a> {
    /// Reads a list of classifications from its JSON in normal form; nothing if the value is something else.
    pub fn from_json(json: &'a str) -> Result<Option<Self>, ReadError> {
        let mut cursor = Cursor::new(json);
        let found = read_classifications(&mut cursor)?;
        if found.is_some() {
            cursor.finish()?;
        }
        Ok(found)
    }
}

/// A chosen option.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Choice<'a> {
    /// The option.
    pub feature: Feature<'a>,
    /// Answers to the questions that the option leads to. The stored form writes an empty list where there are none.
    pub classifications: Option<Classifications<'a>>,
    /// How sure a model is.
    pub scores: Scores<'a>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// Free text as an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Words<'a> {
    /// The text.
    pub content: Option<Text<'a>>,
    /// Answers to the questions that the text leads to. Absent before December 2024.
    pub classifications: Option<Classifications<'a>>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// A list whose elements are of one kind, apart from those that are kept as they came.
#[derive(Debug, Clone, PartialEq)]
pub struct List<'a, T> {
    /// The elements.
    pub items: Vec<T>,
    /// Elements of another kind as JSON, each with the number of items before it.
    pub others: Vec<(usize, &'a str)>,
}

impl<T> From<Vec<T>> for List<'_, T> {
    fn from(items: Vec<T>) -> Self {
        Self { items, others: Vec::new() }
    }
}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self::from(Vec::new())
    }
}

impl<'a> Classification<'a> {
    /// Reads a classification from its JSON in normal form; nothing if the value is something else.
    pub fn from_json(json: &'a str) -> Result<Option<Self>, ReadError> {
        let mut cursor = Cursor::new(json);
        let found = read(&mut cursor)?;
        if found.is_some() {
            cursor.finish()?;
        }
        Ok(found)
    }

    /// Appends the classification as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        record::write(self, out);
    }

    /// Returns the key of the answer in the stored form (`radio_answer`, …), or `unanswered`.
    pub fn answer_key(&self) -> &'a str {
        let keys = Self::KEYS;
        let typed = self.answer.as_ref().map(|_| keys[self.answer_position()]);
        let is_answer = |key: &str| key.ends_with("_answer") || key.ends_with("_answers");
        let mut members = self.layout.members().iter().map(|member| match member {
            record::Member::Typed(key) => keys[usize::from(*key)],
            record::Member::Other { key, .. } => *key,
        });
        members.find(|key| is_answer(key)).or(typed).unwrap_or("unanswered")
    }

    /// Calls `each` for this classification and for every one in its answer, in the order in which they are stored.
    pub fn for_each<'s>(&'s self, each: &mut dyn FnMut(&'s Classification<'a>)) {
        each(self);
        for answered in self.nested() {
            answered.for_each(each);
        }
    }

    /// Lists the classifications that the answer leads to.
    pub fn nested(&self) -> impl Iterator<Item = &Classification<'a>> {
        self.nested_lists().flat_map(|list| &list.items)
    }

    /// Lists the lists of classifications that the answer leads to, one for each option that has one.
    pub fn nested_lists(&self) -> impl Iterator<Item = &Classifications<'a>> {
        self.nested_by_choice().map(|(_, list)| list)
    }

    /// Lists the same with the chosen option that leads there; none for an answer of text.
    pub fn nested_by_choice(&self) -> impl Iterator<Item = (Option<&Choice<'a>>, &Classifications<'a>)> {
        let (choices, words): (&[Choice<'a>], _) = match &self.answer {
            Some(Answer::Radio(choice)) => (std::slice::from_ref(choice), None),
            Some(Answer::Checklist(choices)) => (&choices.items, None),
            Some(Answer::Text(words)) => (&[], words.classifications.as_ref()),
            None => (&[], None),
        };
        let of_choices = choices.iter().filter_map(|choice| Some((Some(choice), choice.classifications.as_ref()?)));
        of_choices.chain(words.map(|list| (None, list)))
    }

    fn answer_position(&self) -> usize {
        let first = match self.subject {
            Subject::Whole => FIRST_ANSWER,
            Subject::Message => FIRST_ANSWER + ANSWER_FORMS,
        };
        match self.answer {
            Some(Answer::Radio(_)) | None => first,
            Some(Answer::Checklist(_)) => first + 1,
            Some(Answer::Text(_)) => first + 2,
        }
    }
}

const MESSAGE_ID: usize = FEATURE_KEYS;
const FIRST_ANSWER: usize = MESSAGE_ID + 1;
/// How many keys there are for the answers of each subject.
const ANSWER_FORMS: usize = 3;
const FIRST_SCORE: usize = FIRST_ANSWER + 2 * ANSWER_FORMS;

impl<'a> Record<'a> for Classification<'a> {
    const KEYS: &'static [&'static str] = &[
        "feature_id",
        "feature_schema_id",
        "name",
        "value",
        "message_id",
        "radio_answer",
        "checklist_answers",
        "text_answer",
        "conversational_radio_answer",
        "conversational_checklist_answers",
        "conversational_text_answer",
        "confidence",
        "custom_metrics",
    ];

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            ..FEATURE_KEYS => self.feature.read_member(key, cursor),
            MESSAGE_ID => cursor.fill(&mut self.message_id, Text::read),
            // A second answer is kept as it came.
            FIRST_ANSWER..FIRST_SCORE if self.answer.is_some() => Ok(false),
            FIRST_ANSWER..FIRST_SCORE => {
                let position = key - FIRST_ANSWER;
                self.subject = if position < ANSWER_FORMS { Subject::Whole } else { Subject::Message };
                cursor.fill(&mut self.answer, |cursor| match position % ANSWER_FORMS {
                    0 => Ok(record::read(cursor)?.map(Answer::Radio)),
                    1 => Ok(List::read(cursor, record::read)?.map(Answer::Checklist)),
                    _ => Ok(record::read(cursor)?.map(Answer::Text)),
                })
            }
            _ => self.scores.read_member(key - FIRST_SCORE, cursor),
        }
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        let name = Self::KEYS[key];
        match key {
            ..FEATURE_KEYS => self.feature.write_member(key, name, object),
            MESSAGE_ID => {
                if let Some(id) = &self.message_id {
                    id.write(object.key(name));
                }
            }
            FIRST_ANSWER..FIRST_SCORE => match &self.answer {
                Some(answer) if key == self.answer_position() => answer.write(object.key(name)),
                _ => {}
            },
            _ => self.scores.write_member(key - FIRST_SCORE, object),
        }
    }

    keeps_layout!();
}

impl Answer<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Radio(choice) => record::write(choice, out),
            Self::Checklist(choices) => choices.write(out, record::write),
            Self::Text(words) => record::write(words, out),
        }
    }
}

impl<'a> Record<'a> for Choice<'a> {
    const KEYS: &'static [&'static str] =
        &["feature_id", "feature_schema_id", "name", "value", "classifications", "confidence", "custom_metrics"];

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            ..FEATURE_KEYS => self.feature.read_member(key, cursor),
            FEATURE_KEYS => cursor.fill(&mut self.classifications, read_classifications),
            _ => self.scores.read_member(key - FEATURE_KEYS - 1, cursor),
        }
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        match key {
            ..FEATURE_KEYS => self.feature.write_member(key, Self::KEYS[key], object),
            FEATURE_KEYS => write_classifications(self.classifications.as_ref(), object),
            _ => self.scores.write_member(key - FEATURE_KEYS - 1, object),
        }
    }

    keeps_layout!();
}

impl<'a> Record<'a> for Words<'a> {
    const KEYS: &'static [&'static str] = &["content", "classifications"];

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            0 => cursor.fill(&mut self.content, Text::read),
            _ => cursor.fill(&mut self.classifications, read_classifications),
        }
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        if let (0, Some(content)) = (key, &self.content) {
            content.write(object.key("content"));
        }
        if key == 1 {
            write_classifications(self.classifications.as_ref(), object);
        }
    }

    keeps_layout!();
}

impl<'a, T> List<'a, T> {
    /// Reads an array; nothing if the value is something else.
    pub(super) fn read(
        cursor: &mut Cursor<'a>,
        read: impl Fn(&mut Cursor<'a>) -> Result<Option<T>, ReadError>,
    ) -> Result<Option<Self>, ReadError> {
        if !cursor.take(b'[') {
            return Ok(None);
        }
        let mut list = Self::default();
        if cursor.take(b']') {
            return Ok(Some(list));
        }
        loop {
            match record::attempt(cursor, &read)? {
                Some(item) => list.items.push(item),
                None => {
                    let other = cursor.skip()?;
                    cursor.has_unread |= other.contains('{');
                    list.others.push((list.items.len(), other));
                }
            }
            if cursor.take(b']') {
                return Ok(Some(list));
            }
            cursor.expect(b',')?;
        }
    }

    /// Writes the array.
    pub(super) fn write(&self, out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
        if self.others.is_empty() {
            write_list(&self.items, out, write);
            return;
        }
        out.push(b'[');
        let start = out.len();
        let mut others = self.others.iter().peekable();
        for index in 0..=self.items.len() {
            while let Some((_, other)) = others.next_if(|(before, _)| *before <= index) {
                separate(out, start);
                out.extend_from_slice(other.as_bytes());
            }
            if let Some(item) = self.items.get(index) {
                separate(out, start);
                write(item, out);
            }
        }
        out.push(b']');
    }
}

fn separate(out: &mut Vec<u8>, start: usize) {
    if out.len() > start {
        out.push(b',');
    }
}

/// Reads a classification. An object with an annotation kind is not one, wherever it is.
pub(super) fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Classification<'a>>, ReadError> {
    let found: Option<Classification<'a>> = record::read(cursor)?;
    Ok(found.filter(|found| found.layout.others().all(|(key, _)| key != "annotation_kind")))
}

/// Reads a list of classifications.
pub(super) fn read_classifications<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Classifications<'a>>, ReadError> {
    List::read(cursor, read)
}

/// Writes the member `classifications`.
pub(super) fn write_classifications(list: Option<&Classifications<'_>>, object: &mut ObjectWriter<'_>) {
    if let Some(list) = list {
        list.write(object.key("classifications"), Classification::write);
    }
}
