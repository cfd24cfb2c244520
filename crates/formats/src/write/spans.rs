//! Lines of JSON: a text with its spans, relations and answers, as spaCy, Prodigy, doccano and scripts read them.
//!
//! A line is a text row or a whole conversation, in the file of its part: `train.jsonl`. Spans count code points of `text`
//! from 0, with the end after the last character. The messages of a conversation are one text, each on a line of its own;
//! `messages` says where each is and who wrote it. Nothing is cut, merged or moved.
//!
//! Where the text of a row is not at hand, `text` is null, and spans have the characters that were stored with them as
//! `token`. A span has its `token` also where the text says something else in its place, with a notice.

use super::about::check_options;
use super::attributes::Attributes;
use super::chosen::{PREDICTIONS, Predictions};
use super::class_names::CLASS_NAMES;
use super::elements::write_list;
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::text::{self, Base, Document, DocumentWriter, Found, LABELS, MOVED, Marked, TextEncoder};
use super::{About, Encoder, Entries, Format, FormatOption, Layout, OpenError, Options, Wanted};
use labelport_model::json::{ObjectWriter, Value};
use labelport_model::losses::Outcome;

/// A line of JSON for each text.
pub struct Spans;

static OPTIONS: [FormatOption; 5] = [CLASS_NAMES, LABELS, PREDICTIONS, SPLIT, SPLIT_BY];

/// Lines in a file for each part.
struct Lines;

impl Format for Spans {
    fn name(&self) -> &'static str {
        "spans"
    }

    fn summary(&self) -> &'static str {
        "A line of JSON for each text or conversation, with spans, relations and answers; for spaCy, Prodigy and scripts."
    }

    fn keeps(&self) -> &'static str {
        "entities, relations and answers of texts"
    }

    fn layout(&self) -> Layout {
        Layout::Package
    }

    fn options(&self) -> &'static [FormatOption] {
        &OPTIONS
    }

    fn is_lossy(&self) -> bool {
        true
    }

    fn wanted(&self, options: &Options) -> Wanted {
        text::wanted(options)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        Ok(Box::new(TextEncoder::new(Base::of(about)?, Lines)))
    }
}

fn path(part: &str) -> String {
    format!("{part}.jsonl")
}

impl DocumentWriter for Lines {
    fn streams(&self, base: &Base<'_>) -> Vec<String> {
        base.setup.split.names().iter().map(|part| path(part)).collect()
    }

    fn holds_missing(&self) -> bool {
        true
    }

    fn start(&self, _: &Base<'_>, _: &mut Entries<'_>) {}

    fn path(&self, document: &Document<'_>) -> String {
        path(document.part)
    }

    fn write(&self, base: &Base<'_>, document: &Document<'_>, found: &mut Found, entries: &mut Entries<'_>) {
        let moved = found.spans().filter(|(span, _)| span.is_moved).count() as u64;
        entries.losses.add("span", Outcome::Kept, MOVED, moved);
        if entries.is_survey {
            return;
        }
        let out = entries.stream(base.setup.stream_of(document.part));
        let mut line = ObjectWriter::open(out);
        match &document.content.letters {
            Ok(letters) => line.text("text", letters.text()),
            Err(_) => line.raw("text", b"null"),
        }
        write_list(line.key("spans"), found.spans(), |(span, _), out| write_span(base, document, span, out));
        write_list(line.key("relations"), found.links(), |link, out| {
            let mut relation = ObjectWriter::open(out);
            write_optional(&mut relation, "id", link.id.as_deref());
            relation.text("from", &link.from);
            relation.text("to", &link.to);
            relation.text("label", base.relations.name(link.class));
            relation.raw("directed", if link.is_mutual { b"false" } else { b"true" });
            relation.close();
        });
        found.answers.write_json(line.key("answers"));
        if document.content.is_conversation {
            write_messages(document, found, line.key("messages"));
        }
        write_meta(document, line.key("meta"));
        line.close();
        entries.stream(base.setup.stream_of(document.part)).push(b'\n');
    }
}

fn write_span(base: &Base<'_>, document: &Document<'_>, span: &Marked, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    object.raw("start", span.start.to_string().as_bytes());
    object.raw("end", span.end.to_string().as_bytes());
    object.text("label", base.entities.name(span.class));
    write_optional(&mut object, "id", span.id.as_deref());
    if let Some(token) = span.token.as_ref().filter(|_| span.is_moved || document.content.letters.is_err()) {
        object.text("token", token);
    }
    if let Some(message) = span.message.and_then(|place| document.content.messages.get(place)) {
        object.text("message_id", &message.id);
    }
    write_answers(&span.answers, &mut object);
    let has_scores = base.setup.chooser.predictions == Predictions::WithScores;
    if let Some(score) = span.confidence.as_ref().filter(|_| has_scores) {
        object.raw("score", score.as_bytes());
    }
    object.close();
}

fn write_messages(document: &Document<'_>, found: &Found, out: &mut Vec<u8>) {
    write_list(out, document.content.messages.iter().enumerate(), |(place, message), out| {
        let mut object = ObjectWriter::open(out);
        object.text("id", &message.id);
        object.raw("start", message.start.to_string().as_bytes());
        object.raw("end", message.end.to_string().as_bytes());
        if !message.author.is_empty() {
            object.text("author", &message.author);
        }
        if let Some(answers) = found.message_answers.get(place) {
            write_answers(answers, &mut object);
        }
        object.close();
    });
}

fn write_meta(document: &Document<'_>, out: &mut Vec<u8>) {
    let mut meta = ObjectWriter::open(out);
    meta.text("data_row_id", document.row_id);
    for key in ["global_key", "external_id"] {
        if let Some(text) = document.head.get(key).and_then(Value::as_text) {
            meta.text(key, &text);
        }
    }
    if !document.label_id.is_empty() {
        meta.text("label_id", document.label_id);
    }
    if document.content.letters.is_err()
        && let Some(row_data) = document.head.get("row_data").and_then(Value::as_text)
    {
        meta.text("row_data", &row_data);
    }
    meta.close();
}

fn write_answers(answers: &Attributes, object: &mut ObjectWriter<'_>) {
    if !answers.is_empty() {
        answers.write_json(object.key("answers"));
    }
}

fn write_optional(object: &mut ObjectWriter<'_>, key: &str, text: Option<&str>) {
    match text {
        Some(text) => object.text(key, text),
        None => object.raw(key, b"null"),
    }
}

#[cfg(test)]
mod tests;
