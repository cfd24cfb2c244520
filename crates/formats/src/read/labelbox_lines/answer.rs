//! Answers to questions, at any depth, become classifications.
//!
//! An answer may be limited to ranges of frames or of milliseconds, which are given with a question (`frames` of the
//! line) or with each of its answers. A range becomes a *segment* of a feature id, which is that of the chosen option, or
//! that of the classification if the answer is free text. If the question is about single frames (its scope is `index`) or
//! about an object, the answer is shown on frames; otherwise a range makes no key frame.
//!
//! How several timed answers to one question become classifications is a guess, made only in [`AnswerReader::timed`]: each
//! radio or text answer is a classification of its own. Checklist answers share one if they are shown on frames, each of
//! which has the answers that last there; otherwise those with equal ranges share one.

use super::error::{Fault, LineProblem};
use super::line::{find, find_list, find_text, get, get_text, list, object, range, text};
use super::ontology::{self, Question, QuestionKind, get_named};
use super::{Purpose, World, score};
use labelport_model::annotation::{
    Answer, Choice, Classification, Classifications, Range, Scores, Segments, Subject, Text, Timed, Words,
};
use labelport_model::json::{Kind, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A classification.
#[derive(Debug)]
pub(super) struct Item {
    /// The feature id of the classification.
    pub(super) feature_id: String,
    /// It and when it begins.
    pub(super) timed: Timed<'static>,
}

/// Makes feature ids: new ones, or for an object on many frames the same one for the same answer.
pub(super) struct Ids<'a> {
    pub(super) world: &'a mut dyn World,
    /// The ids made so far, by the path to the answer; `None` if all ids are new.
    pub(super) known: Option<&'a mut BTreeMap<String, String>>,
}

impl Ids<'_> {
    fn id(&mut self, path: &str) -> String {
        match &mut self.known {
            Some(known) => match known.get(path) {
                Some(id) => id.clone(),
                None => {
                    let id = self.world.new_id();
                    known.insert(path.to_owned(), id.clone());
                    id
                }
            },
            None => self.world.new_id(),
        }
    }
}

/// Reads the answers of one line or of one key frame.
pub(super) struct AnswerReader<'a> {
    pub(super) ids: Ids<'a>,
    pub(super) purpose: Purpose,
    /// The first frame or millisecond that a range may have; `None` if answers cannot have ranges.
    pub(super) first_moment: Option<i64>,
    /// Which of the answers with ranges are shown on frames.
    pub(super) on_frames: OnFrames,
    /// The segments of the answers read so far.
    pub(super) segments: Vec<Segments<'static>>,
}

/// Which answers with ranges are shown on frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFrames {
    /// Those to questions about single frames.
    Indexed,
    /// All of them.
    All,
}

/// An answer, before its classification is made.
struct Answered {
    answer: Answer<'static>,
    /// How long each chosen option lasts; none for free text.
    options: Vec<(String, Vec<Range>)>,
    /// How long free text lasts.
    ranges: Vec<Range>,
}

impl Answered {
    /// Gives the ranges of the question to what has none of its own.
    fn last(&mut self, ranges: &[Range]) {
        let own = self.options.iter_mut().map(|(_, own)| own).chain([&mut self.ranges]);
        own.filter(|own| own.is_empty()).for_each(|own| own.extend_from_slice(ranges));
    }
}

impl AnswerReader<'_> {
    /// Reads the answer of a line to a question. `message` is the message it is about.
    pub(super) fn line(
        &mut self,
        question: &Question,
        line: Value<'_>,
        message: Option<&str>,
    ) -> Result<Vec<Item>, Fault> {
        self.question(question, line, message, "")
    }

    /// Reads what `classifications` of a value answer, with the schema id of each question.
    pub(super) fn nested<'q>(
        &mut self,
        questions: &'q [Question],
        value: Value<'_>,
        path: &str,
    ) -> Result<Vec<(&'q str, Timed<'static>)>, Fault> {
        let mut answered = Vec::new();
        for item in find_list(value, "classifications")? {
            let question = get_named(questions, object(item)?)?;
            let items = self.question(question, item, None, path)?;
            answered.extend(items.into_iter().map(|item| (question.id.as_str(), item.timed)));
        }
        Ok(answered)
    }

    /// Reads what `classifications` of a value answer.
    pub(super) fn answers(
        &mut self,
        questions: &[Question],
        value: Value<'_>,
        path: &str,
    ) -> Result<Vec<Classification<'static>>, Fault> {
        Ok(self.nested(questions, value, path)?.into_iter().map(|(_, timed)| timed.classification).collect())
    }

    /// Reads what an answer leads to, which is an empty list where it leads to nothing.
    fn led_to(
        &mut self,
        questions: &[Question],
        value: Value<'_>,
        path: &str,
    ) -> Result<Option<Classifications<'static>>, Fault> {
        Ok(Some(self.answers(questions, value, path)?.into()))
    }

    fn question(
        &mut self,
        question: &Question,
        value: Value<'_>,
        message: Option<&str>,
        path: &str,
    ) -> Result<Vec<Item>, Fault> {
        let path = format!("{path}/{}", question.id);
        let ranges = self.ranges(value)?;
        let answer = match find(value, "answer").or_else(|| find(value, "answers")) {
            Some(answer) => answer,
            None => get(value, "answer")?,
        };
        let mut answered = match (question.kind, answer.kind()) {
            (QuestionKind::Text, Kind::String) => vec![self.words(question, answer, value, &path)?],
            (QuestionKind::Radio | QuestionKind::Dropdown, Kind::Object) => self.chosen(question, answer, &path)?,
            (QuestionKind::Radio, Kind::Array) if !is_timed(answer) => {
                return Err(Fault::at(answer, LineProblem::OneAnswer(question.shown())));
            }
            (QuestionKind::Radio | QuestionKind::Text, Kind::Array) if is_timed(answer) => {
                self.timed(question, answer, &path)?
            }
            (QuestionKind::Checklist | QuestionKind::Dropdown, Kind::Array) if is_timed(answer) => {
                self.timed(question, answer, &path)?
            }
            (QuestionKind::Checklist | QuestionKind::Dropdown, Kind::Array) => {
                let answers = list(answer)?;
                check_options(question, &answers)?;
                vec![self.checklist(question, &answers, &path)?]
            }
            _ => return Err(mismatch(question, answer)),
        };
        if let Some(ranges) = ranges {
            answered.iter_mut().for_each(|each| each.last(&ranges));
        }
        let scores = score::read(value, self.purpose)?;
        Ok(answered.into_iter().map(|each| self.item(question, each, message, &scores, &path)).collect())
    }

    /// Returns the classification around an answer and notes its segments.
    fn item(
        &mut self,
        question: &Question,
        answered: Answered,
        message: Option<&str>,
        scores: &Scores<'static>,
        path: &str,
    ) -> Item {
        let feature_id = self.ids.id(path);
        let classification = Classification {
            feature: question.feature(&feature_id),
            message_id: message.map(Text::new),
            answer: Some(answered.answer),
            subject: if message.is_some() { Subject::Message } else { Subject::Whole },
            scores: scores.clone(),
            ..Classification::default()
        };
        let lasting = match answered.options.is_empty() {
            true => vec![(feature_id.clone(), answered.ranges)],
            false => answered.options,
        };
        let lasting: Vec<Segments<'static>> = lasting
            .into_iter()
            .filter(|(_, ranges)| !ranges.is_empty())
            .map(|(id, ranges)| Segments { feature_id: Text::new(&id), ranges })
            .collect();
        self.segments.extend_from_slice(&lasting);
        let mut starts: Vec<i64> = lasting.iter().flat_map(|each| &each.ranges).map(|(start, _)| *start).collect();
        starts.sort_unstable();
        starts.dedup();
        let on_frames = if self.shows_on_frames(question) { lasting } else { Vec::new() };
        Item { feature_id, timed: Timed { classification, starts, on_frames } }
    }

    fn shows_on_frames(&self, question: &Question) -> bool {
        question.is_on_frames || self.on_frames == OnFrames::All
    }

    /// Reads free words; `nested` holds what is asked of them.
    fn words(
        &mut self,
        question: &Question,
        words: Value<'_>,
        nested: Value<'_>,
        path: &str,
    ) -> Result<Answered, Fault> {
        let content = text(words)?;
        let classifications = self.led_to(&question.questions, nested, path)?;
        let words = Words { content: Some(Text::new(&content)), classifications, ..Words::default() };
        Ok(Answered { answer: Answer::Text(words), options: Vec::new(), ranges: Vec::new() })
    }

    /// Reads one chosen option, with the ranges that it may have.
    fn chosen(&mut self, question: &Question, answer: Value<'_>, path: &str) -> Result<Vec<Answered>, Fault> {
        let (option, choice) = self.option(question, answer, path)?;
        Ok(vec![Answered { answer: Answer::Radio(choice), options: vec![option], ranges: Vec::new() }])
    }

    fn checklist(&mut self, question: &Question, answers: &[Value<'_>], path: &str) -> Result<Answered, Fault> {
        let mut options = Vec::new();
        let mut chosen = Vec::new();
        for answer in answers {
            let (option, choice) = self.option(question, *answer, path)?;
            options.push(option);
            chosen.push(choice);
        }
        Ok(Answered { answer: Answer::Checklist(chosen.into()), options, ranges: Vec::new() })
    }

    /// Reads answers of which each has ranges of its own.
    fn timed(&mut self, question: &Question, answer: Value<'_>, path: &str) -> Result<Vec<Answered>, Fault> {
        let mut groups: Vec<(Vec<Range>, Vec<Value<'_>>)> = Vec::new();
        for each in list(answer)? {
            let ranges = self.ranges(object(each)?)?.unwrap_or_default();
            let is_list = matches!(question.kind, QuestionKind::Checklist | QuestionKind::Dropdown);
            let shares = |known: &[Range]| is_list && (self.shows_on_frames(question) || known == ranges);
            match groups.iter_mut().find(|(known, _)| shares(known)) {
                Some((_, members)) => members.push(each),
                None => groups.push((ranges, vec![each])),
            }
        }
        let mut answered = Vec::new();
        for (index, (ranges, members)) in groups.into_iter().enumerate() {
            // Each group is a classification of its own, so its way must differ too.
            let path = format!("{path}#{index}");
            match (question.kind, &members[..]) {
                (QuestionKind::Text, [entry]) => {
                    let words = self.words(question, get(*entry, "value")?, *entry, &path)?;
                    answered.push(Answered { ranges, ..words });
                }
                (QuestionKind::Radio, [entry]) => answered.extend(self.chosen(question, *entry, &path)?),
                _ => answered.push(self.checklist(question, &members, &path)?),
            }
        }
        Ok(answered)
    }

    /// Reads an option with what is asked of it; returns its feature id and how long it lasts too.
    fn option(
        &mut self,
        question: &Question,
        answer: Value<'_>,
        path: &str,
    ) -> Result<((String, Vec<Range>), Choice<'static>), Fault> {
        let option: &ontology::Choice = get_named(&question.choices, object(answer)?)?;
        let ranges = self.ranges(answer)?.unwrap_or_default();
        let path = format!("{path}={}", option.id);
        let id = self.ids.id(&path);
        let classifications = self.led_to(&option.questions, answer, &path)?;
        let scores = score::read(answer, self.purpose)?;
        Ok((
            (id.clone(), ranges),
            Choice { feature: option.feature(&id), classifications, scores, ..Choice::default() },
        ))
    }

    /// Reads `frames`; an empty list is not a list.
    fn ranges(&self, value: Value<'_>) -> Result<Option<Vec<Range>>, Fault> {
        let Some(frames) = find(value, "frames") else { return Ok(None) };
        let Some(first) = self.first_moment else { return Err(Fault::at(frames, LineProblem::NoFrames)) };
        let ranges: Vec<Range> = list(frames)?.into_iter().map(|each| range(each, first)).collect::<Result<_, _>>()?;
        Ok(if ranges.is_empty() { None } else { Some(ranges) })
    }
}

/// Fails if an option is given twice.
fn check_options(question: &Question, answers: &[Value<'_>]) -> Result<(), Fault> {
    let mut given = BTreeSet::new();
    for answer in answers {
        let option: &ontology::Choice = get_named(&question.choices, object(*answer)?)?;
        if !given.insert(&option.id) {
            return Err(Fault::at(*answer, LineProblem::OptionTwice(option.shown())));
        }
    }
    Ok(())
}

/// Returns whether any answer of a list has ranges of its own.
fn is_timed(answer: Value<'_>) -> bool {
    answer.elements().any(|each| find(each, "frames").is_some())
}

fn mismatch(question: &Question, answer: Value<'_>) -> Fault {
    let (kind, expected) = match question.kind {
        QuestionKind::Radio => ("radio", "an object with the name of an option"),
        QuestionKind::Checklist => ("checklist", "a list of objects with the names of options"),
        QuestionKind::Dropdown => ("dropdown", "an object or a list of objects with the names of options"),
        QuestionKind::Text => ("text", "a string"),
        QuestionKind::Group => ("group", "given to the questions in it"),
        QuestionKind::Foreign => ("foreign", "of a kind that imports do not read"),
    };
    let (question, found) = (question.shown(), answer.kind().named());
    Fault::at(answer, LineProblem::AnswerMismatch { question, kind, expected, found })
}

/// Reads the message that a line is about, if any.
pub(super) fn message_of(line: Value<'_>) -> Result<Option<String>, Fault> {
    find_text(line, "messageId")
}

/// Reads the message that a line must be about.
pub(super) fn get_message(line: Value<'_>) -> Result<String, Fault> {
    get_text(line, "messageId")
}
