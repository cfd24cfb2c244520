//! What labels say of texts and conversations: entities, relations and answers.

use super::Files;
use super::config::{MESSAGE, Owner};
use super::region::Region;
use super::results::{Joined, Results};
use super::words::{fates_of, is_answered};
use crate::write::elements::write_list;
use crate::write::settled::Fate;
use crate::write::text::{Content, Found, Marked, What};
use labelport_model::json::ObjectWriter;
use labelport_model::losses::Outcome;

const EMPTY_MESSAGE: &str = "it is about a message without text, in which nothing can be marked";

/// Writes the results of what a label says, and decides what becomes of it.
pub(super) fn write(files: &Files<'_>, content: &Content, found: &mut Found, results: &mut Results<'_>) {
    // Label Studio shows what is at the place, whatever was marked.
    found.leave_out_moved();
    for item in &mut found.items {
        match &item.what {
            What::Span(span) if item.fate.outcome != Outcome::LeftOut => {
                item.answers = fates_of(&span.answers);
                let score = span.confidence.as_deref().filter(|_| files.has_scores());
                let label = results.config().label(span.place);
                let region = region(content, span);
                results.region(span.id.as_deref(), (label, &region), score, (Owner::Region, &span.answers));
            }
            _ => {}
        }
    }
    for link in found.links() {
        let label = results.config().label(link.place);
        results.relation(&Joined { label, from: &link.from, to: &link.to, is_mutual: link.is_mutual });
    }
    results.whole(None, &found.answers);
    // Answers are listed in the order in which they are stored.
    let mut whole = fates_of(&found.answers).into_iter();
    let mut of_messages: Vec<_> = found.message_answers.iter().map(|one| fates_of(one).into_iter()).collect();
    for (place, (message, answers)) in content.messages.iter().zip(&found.message_answers).enumerate() {
        let end = units(content.get(message.start, message.end));
        if end > 0 && answers.iter().any(|(_, answer, _)| is_answered(answer)) {
            let region = Region::Message { message: place, end };
            results.region(Some(&message.id), (MESSAGE, &region), None, (Owner::Part, answers));
        }
    }
    for item in &mut found.items {
        let What::Answer { message } = item.what else { continue };
        let is_empty = message.and_then(|place| content.messages.get(place)).is_some_and(|one| one.start == one.end);
        if is_empty && item.fate.outcome != Outcome::LeftOut {
            item.fate = Fate::left_out(EMPTY_MESSAGE);
        }
        let fates = match message {
            None => Some(&mut whole),
            Some(place) => of_messages.get_mut(place),
        };
        item.answers.iter_mut().zip(fates.into_iter().flatten()).for_each(|(fate, own)| *fate = own);
    }
}

/// Returns how many characters a text has for a browser.
fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

fn region(content: &Content, span: &Marked) -> Region {
    let characters = content.get(span.start, span.end);
    let text = characters.to_owned();
    let Some((place, message)) = span.message.and_then(|place| Some((place, content.messages.get(place)?))) else {
        return Region::Span { start: span.start, end: span.end, text };
    };
    // Label Studio counts the characters of messages as browsers do.
    let start = units(content.get(message.start, span.start));
    Region::Phrase { message: place, start, end: start + units(characters), text }
}

/// Writes what a task shows: the text, or the messages of a conversation.
pub(super) fn write_data(content: &Content, key: &str, data: &mut ObjectWriter<'_>) {
    let Ok(letters) = &content.letters else { return };
    if !content.is_conversation {
        return data.text(key, letters.text());
    }
    write_list(data.key(key), &content.messages, |message, out| {
        let mut object = ObjectWriter::open(out);
        object.text("author", &message.author);
        object.text("text", content.get(message.start, message.end));
        object.text("id", &message.id);
        object.close();
    });
}
