//! CoNLL-2003: a token on each line with its tag, and an empty line after each sentence, as spaCy, Flair, seqeval and most
//! programs for named entities read it.
//!
//! A file has the documents of a part, each after a line `-DOCSTART- -X- -X- O`, in the order of `rows.csv`. A line has the
//! token, two columns that say nothing, and the tag in IOB2: `B-` at the first token of an entity, `I-` at the others, `O`
//! outside. What a token is, is in `tokens`. A sentence does not end inside an entity.
//!
//! What the format cannot hold:
//! - Relations and answers.
//! - An entity that begins or ends inside a token is widened to whole tokens, which is a reduction.
//! - Of entities that share tokens the longest is written, then the first; the others are left out, nested ones too.

mod tokens;

use super::about::check_options;
use super::chosen::PREDICTIONS;
use super::class_names::CLASS_NAMES;
use super::settled::{Fate, NO_ANSWERS};
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::text::{self, Base, Document, DocumentWriter, Found, LABELS, TextEncoder, What, Words, safe_word};
use super::{About, Encoder, Entries, Format, FormatOption, Layout, OpenError, Options, Wanted};
use labelport_model::losses::Outcome;
use std::ops::Range;
use tokens::{Token, tokens};

/// A token on each line.
pub struct Conll;

static OPTIONS: [FormatOption; 5] = [CLASS_NAMES, LABELS, PREDICTIONS, SPLIT, SPLIT_BY];

/// Why an entity is not in a document as it is stored.
const NO_TOKEN: &str = "there is nothing to see in it, and no token";
const SHARED: &str = "it shares tokens with another entity, and a token has one tag";
const WIDENED: &str = "to whole tokens";
const NO_RELATIONS: &str = "the format has no place for relations";

/// What begins a document.
const START: &[u8] = b"-DOCSTART- -X- -X- O\n\n";

/// A file for each part.
struct Columns {
    /// The classes, as tags have them.
    labels: Words,
}

impl Format for Conll {
    fn name(&self) -> &'static str {
        "conll"
    }

    fn summary(&self) -> &'static str {
        "CoNLL-2003: a token on each line with its IOB2 tag; for programs that learn to find named entities."
    }

    fn keeps(&self) -> &'static str {
        "entities of texts"
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
        let base = Base::of(about)?;
        base.setup.chooser.refuse_scores(self.name())?;
        // White space would end the column.
        let safe = |name: &str| safe_word(name, |letter| !letter.is_whitespace() && !letter.is_control());
        let labels = Words::of(base.entities.names().iter().map(String::as_str), safe);
        Ok(Box::new(TextEncoder::new(base, Columns { labels })))
    }
}

fn path(part: &str) -> String {
    format!("{part}.conll")
}

impl DocumentWriter for Columns {
    fn streams(&self, base: &Base<'_>) -> Vec<String> {
        base.setup.split.names().iter().map(|part| path(part)).collect()
    }

    fn start(&self, _: &Base<'_>, entries: &mut Entries<'_>) {
        for renamed in self.labels.renamed() {
            entries.losses.add("class", Outcome::Reduced, renamed, 1);
        }
    }

    fn path(&self, document: &Document<'_>) -> String {
        path(document.part)
    }

    fn write(&self, base: &Base<'_>, document: &Document<'_>, found: &mut Found, entries: &mut Entries<'_>) {
        let tokens = tokens(document.text());
        let tags = tag(found, &tokens);
        if entries.is_survey {
            return;
        }
        let out = entries.stream(base.setup.stream_of(document.part));
        out.extend_from_slice(START);
        let mut sentence = tokens.first().map(|token| token.sentence);
        for (token, tag) in tokens.iter().zip(&tags) {
            let is_inside = matches!(tag, Tag::Inside(_));
            if sentence.replace(token.sentence) != Some(token.sentence) && !is_inside {
                out.push(b'\n');
            }
            out.extend_from_slice(token.text.as_bytes());
            out.extend_from_slice(b" -X- -X- ");
            let (prefix, class) = match tag {
                Tag::Outside => ("O", None),
                Tag::First(class) => ("B-", Some(class)),
                Tag::Inside(class) => ("I-", Some(class)),
            };
            out.extend_from_slice(prefix.as_bytes());
            out.extend_from_slice(class.map_or("", |class| self.labels.get(*class)).as_bytes());
            out.push(b'\n');
        }
        if !tokens.is_empty() {
            out.push(b'\n');
        }
    }
}

/// The tag of a token, with the number of its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    Outside,
    First(usize),
    Inside(usize),
}

/// Gives each token its tag, and decides what becomes of what a label says.
fn tag(found: &mut Found, tokens: &[Token<'_>]) -> Vec<Tag> {
    found.leave_out_moved();
    let mut tags = vec![Tag::Outside; tokens.len()];
    let mut spans = Vec::new();
    for (place, item) in found.items.iter_mut().enumerate() {
        item.answers.fill(Fate::left_out(NO_ANSWERS));
        match &item.what {
            What::Span(span) if item.fate == Fate::KEPT => spans.push((place, span.start, span.end, span.class)),
            What::Relation(_) => item.fate = Fate::left_out(NO_RELATIONS),
            _ => {}
        }
    }
    // The longest first; of those that are equally long, the first in the text, then the first that is stored.
    spans.sort_by_key(|(place, start, end, _)| (u64::MAX - (end - start), *start, *place));
    for (place, start, end, class) in spans {
        let range = covered(tokens, start, end);
        let item = &mut found.items[place];
        match (tokens.get(range.start), tokens.get(range.end.wrapping_sub(1))) {
            _ if range.is_empty() => item.fate = Fate::left_out(NO_TOKEN),
            _ if tags[range.clone()].iter().any(|tag| *tag != Tag::Outside) => item.fate = Fate::left_out(SHARED),
            (Some(first), Some(last)) => {
                if first.start < start || last.end > end {
                    item.fate = Fate::reduced(WIDENED);
                }
                tags[range.clone()].fill(Tag::Inside(class));
                tags[range.start] = Tag::First(class);
            }
            _ => {}
        }
    }
    tags
}

/// Returns the tokens of which some characters are covered.
fn covered(tokens: &[Token<'_>], start: u64, end: u64) -> Range<usize> {
    let first = tokens.partition_point(|token| token.end <= start);
    first..tokens.partition_point(|token| token.start < end).max(first)
}

#[cfg(test)]
mod tests;
