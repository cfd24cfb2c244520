//! What a label says about a text: spans, relations and answers, each with what becomes of it.

use super::base::Base;
use super::content::Content;
use crate::write::Entries;
use crate::write::annotations::for_each;
use crate::write::attributes::Attributes;
use crate::write::settled::{Fate, Origin, settle_each};
use labelport_model::annotation::{Annotation, Body, Classification, Direction, Object, Relation, Shape, Span, Text};
use labelport_model::data_type::Form;
use labelport_model::losses::Outcome;
use labelport_model::record::LabelRecord;
use std::collections::HashSet;

/// Why something is not in a document.
const NOT_HELD: &str = "the format holds spans, relations and answers of texts";
const ON_A_FRAME: &str = "it is on a frame, and its row is a text";
const EMPTY: &str = "it marks no characters";
const OUTSIDE: &str = "its characters are not within the text";
const OF_A_MESSAGE: &str = "it is about a message, and its row is one text";
const OF_A_TEXT: &str = "it is about a text, and its row is a conversation";
const NO_MESSAGE: &str = "its message is not in the conversation";
const NO_END: &str = "one of the two that it relates is not written";

/// What is said of a span that was marked in another text.
pub(in crate::write) const MOVED: &str = "its characters are not those that were stored with it";

/// What a label says.
#[derive(Debug, Default)]
pub(in crate::write) struct Found {
    /// An item for each annotation, in the order in which they are stored.
    pub(in crate::write) items: Vec<Item>,
    /// The answers about the whole text.
    pub(in crate::write) answers: Attributes,
    /// The answers about each message.
    pub(in crate::write) message_answers: Vec<Attributes>,
}

/// An annotation.
#[derive(Debug)]
pub(in crate::write) struct Item {
    pub(in crate::write) what: What,
    pub(in crate::write) fate: Fate,
    /// What becomes of the answers, its own or about it.
    pub(in crate::write) answers: Vec<Fate>,
}

/// What an annotation is.
#[derive(Debug)]
pub(in crate::write) enum What {
    Span(Marked),
    Relation(Link),
    /// An answer about the text, or about a message of a conversation, by its place.
    Answer {
        message: Option<usize>,
    },
    /// Something that has no place in a document.
    Other,
}

/// Marked characters.
#[derive(Debug)]
pub(in crate::write) struct Marked {
    pub(in crate::write) id: Option<String>,
    /// The number of its class among those of spans.
    pub(in crate::write) class: usize,
    /// The place of its class among those of the export.
    pub(in crate::write) place: u32,
    /// The first character.
    pub(in crate::write) start: u64,
    /// The character after the last one.
    pub(in crate::write) end: u64,
    /// The characters, where they were stored with the span.
    pub(in crate::write) token: Option<String>,
    /// Whether the text has other characters there.
    pub(in crate::write) is_moved: bool,
    /// The place of its message, in a conversation.
    pub(in crate::write) message: Option<usize>,
    pub(in crate::write) answers: Attributes,
    /// The confidence of a prediction, as it is spelled.
    pub(in crate::write) confidence: Option<String>,
}

/// A relation between two spans.
#[derive(Debug)]
pub(in crate::write) struct Link {
    pub(in crate::write) id: Option<String>,
    /// The number of its class among those of relations.
    pub(in crate::write) class: usize,
    /// The place of its class among those of the export.
    pub(in crate::write) place: u32,
    /// The ids of the spans.
    pub(in crate::write) from: String,
    pub(in crate::write) to: String,
    /// Whether it is stored without a direction.
    pub(in crate::write) is_mutual: bool,
    /// Whether relations of its class have none.
    pub(in crate::write) is_of_mutual_class: bool,
}

impl Found {
    /// Reads the annotations of a label.
    pub(in crate::write) fn read(
        base: &Base<'_>,
        content: &Content,
        label: &LabelRecord<'_>,
        entries: &mut Entries<'_>,
    ) -> Self {
        let mut found = Self::default();
        found.message_answers.resize_with(content.messages.len(), Attributes::default);
        for_each(label.annotations, entries, &mut |annotation, _| {
            let mut answers = Vec::new();
            let what = found.what(base, content, annotation, &mut answers);
            let (what, fate) = match what {
                Ok(what) => (what, Fate::KEPT),
                Err(reason) => (What::Other, Fate::left_out(reason)),
            };
            found.items.push(Item { what, fate, answers });
        });
        found.leave_out_loose_relations();
        found
    }

    /// Leaves out the spans whose characters are not those that were stored with them, for a format in which nobody
    /// would see that.
    pub(in crate::write) fn leave_out_moved(&mut self) {
        for item in &mut self.items {
            if matches!(&item.what, What::Span(span) if span.is_moved) {
                item.fate = Fate::left_out(MOVED);
            }
        }
        self.leave_out_loose_relations();
    }

    /// Leaves out the relations of spans that are not written.
    pub(in crate::write) fn leave_out_loose_relations(&mut self) {
        let written: HashSet<String> = self.spans().filter_map(|(span, _)| span.id.clone()).collect();
        for item in &mut self.items {
            if let What::Relation(link) = &item.what
                && !(written.contains(&link.from) && written.contains(&link.to))
            {
                item.fate = Fate::left_out(NO_END);
            }
        }
    }

    /// Lists the spans that are written, with the answers' fates.
    pub(in crate::write) fn spans(&self) -> impl Iterator<Item = (&Marked, &[Fate])> {
        self.items.iter().filter_map(|item| match &item.what {
            What::Span(span) if item.fate.outcome != Outcome::LeftOut => Some((span, &item.answers[..])),
            _ => None,
        })
    }

    /// Lists the relations that are written.
    pub(in crate::write) fn links(&self) -> impl Iterator<Item = &Link> {
        self.items.iter().filter_map(|item| match &item.what {
            What::Relation(link) if item.fate.outcome != Outcome::LeftOut => Some(link),
            _ => None,
        })
    }

    /// Settles every annotation of the label that was read.
    pub(in crate::write) fn settle(
        self,
        base: &Base<'_>,
        label: &LabelRecord<'_>,
        origin: &Origin<'_>,
        (stream, entries): (usize, &mut Entries<'_>),
    ) {
        let mut items = self.items.into_iter();
        for_each(label.annotations, entries, &mut |annotation, entries| {
            let Some(item) = items.next() else { return };
            let mut answers = item.answers.into_iter();
            settle_each(annotation, item.fate, &mut answers, origin, &base.setup.classes, (stream, entries));
        });
    }

    /// Returns what an annotation is, and adds what becomes of its answers. Fails with a clause for what has no place.
    fn what(
        &mut self,
        base: &Base<'_>,
        content: &Content,
        annotation: &Annotation<'_>,
        fates: &mut Vec<Fate>,
    ) -> Result<What, &'static str> {
        if annotation.place.frame.is_some() {
            return Err(ON_A_FRAME);
        }
        // What is inside in a form that is not known has no name and no value.
        let is_read = annotation.count_unread() == 0;
        match &annotation.body {
            Body::Classification(answer) => {
                let message = message_of(content, answer)?;
                let place = match message {
                    None => &mut self.answers,
                    Some(message) => self.message_answers.get_mut(message).ok_or(NO_MESSAGE)?,
                };
                if is_read {
                    fates.extend(place.add(answer));
                }
                Ok(What::Answer { message })
            }
            Body::Object(object) => {
                let class = base.setup.classes.place_of(annotation, object)?;
                let answers = if is_read { Attributes::of(annotation.answers()) } else { Attributes::default() };
                let what = match object.shape.as_ref().ok_or(NOT_HELD)? {
                    Shape::Relation(relation) => What::Relation(link(base, class, object, relation)?),
                    shape => What::Span(marked(base, content, class, object, shape, answers.clone())?),
                };
                // A relation has no place for answers about it.
                if let What::Span(_) = what {
                    fates.extend(answers.fates());
                }
                Ok(what)
            }
        }
    }
}

/// Returns the place of the message that an answer is about; nothing for one about the whole text.
fn message_of(content: &Content, answer: &Classification<'_>) -> Result<Option<usize>, &'static str> {
    let Some(id) = &answer.message_id else { return Ok(None) };
    if !content.is_conversation {
        return Err(OF_A_MESSAGE);
    }
    content.letters.as_ref().map_err(|why| *why)?;
    content.find_message(&id.get()).ok_or(NO_MESSAGE).map(Some)
}

fn owned(text: Option<&Text<'_>>) -> Option<String> {
    text.map(|text| text.get().into_owned())
}

/// Reads a span, in characters of the whole text.
fn marked(
    base: &Base<'_>,
    content: &Content,
    class: u32,
    object: &Object<'_>,
    shape: &Shape<'_>,
    answers: Attributes,
) -> Result<Marked, &'static str> {
    let (span, message): (&Span<'_>, _) = match shape {
        Shape::Span(_) if content.is_conversation => return Err(OF_A_TEXT),
        Shape::Span(span) => (span, None),
        Shape::MessageSpan(_) if !content.is_conversation => return Err(OF_A_MESSAGE),
        Shape::MessageSpan(of) => {
            content.letters.as_ref().map_err(|why| *why)?;
            let id = of.message_id.as_ref().map(|id| id.get().into_owned()).unwrap_or_default();
            (&of.span, Some(content.find_message(&id).ok_or(NO_MESSAGE)?))
        }
        _ => return Err(NOT_HELD),
    };
    if !base.entities.is_drawn(class) {
        return Err(NOT_HELD);
    }
    if span.start >= span.end {
        return Err(EMPTY);
    }
    let message_at = message.and_then(|place| content.messages.get(place));
    let (first, limit) = message_at.map_or((0, u64::MAX), |message| (message.start, message.end));
    let end = span.end.checked_add(first).filter(|end| *end <= limit).ok_or(OUTSIDE)?;
    let start = span.start + first;
    let token = owned(span.token.as_ref());
    let is_moved = match &content.letters {
        Ok(letters) => {
            let characters = letters.get(start, end).ok_or(OUTSIDE)?;
            token.as_ref().is_some_and(|token| token != characters)
        }
        Err(_) => false,
    };
    Ok(Marked {
        id: owned(object.feature.id.as_ref()),
        // What is looked at first has no numbers yet.
        class: base.entities.number(class).unwrap_or_default(),
        place: class,
        start,
        end,
        token,
        is_moved,
        message,
        answers,
        confidence: object.scores.confidence.as_ref().map(|confidence| confidence.text().into_owned()),
    })
}

fn link(base: &Base<'_>, class: u32, object: &Object<'_>, relation: &Relation<'_>) -> Result<Link, &'static str> {
    if !base.relations.is_drawn(class) {
        return Err(NOT_HELD);
    }
    let end = |id: Option<&Text<'_>>| owned(id).ok_or(NO_END);
    Ok(Link {
        id: owned(object.feature.id.as_ref()),
        class: base.relations.number(class).unwrap_or_default(),
        place: class,
        from: end(relation.source.as_ref())?,
        to: end(relation.target.as_ref())?,
        is_mutual: relation.direction == Direction::Mutual,
        is_of_mutual_class: base.setup.classes.form(class) == Some(Form::Mutual),
    })
}
