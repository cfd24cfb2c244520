//! What labels say of texts and conversations: entities, relations and answers.

use super::Files;
use super::config::Owner;
use super::region::Region;
use super::results::{Joined, Results};
use super::words::fates_of;
use crate::write::elements::write_list;
use crate::write::settled::Fate;
use crate::write::text::{Content, Found, Marked, What};
use labelport_model::json::ObjectWriter;
use labelport_model::losses::Outcome;

const OF_MESSAGE: &str = "the format has no place for answers about a message";

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
    let mut whole = fates_of(&found.answers).into_iter();
    results.whole(None, &found.answers);
    for item in &mut found.items {
        if let What::Answer { is_of_message } = item.what {
            match is_of_message {
                true => item.fate = Fate::left_out(OF_MESSAGE),
                // Answers about the whole are listed in the order in which they are stored.
                false => item.answers.iter_mut().zip(whole.by_ref()).for_each(|(fate, own)| *fate = own),
            }
        }
    }
}

fn region(content: &Content, span: &Marked) -> Region {
    let characters = content.get(span.start, span.end);
    let text = characters.to_owned();
    let Some((place, message)) = span.message.and_then(|place| Some((place, content.messages.get(place)?))) else {
        return Region::Span { start: span.start, end: span.end, text };
    };
    // Label Studio counts the characters of messages as browsers do.
    let units = |text: &str| text.encode_utf16().count();
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
