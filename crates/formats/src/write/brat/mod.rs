//! brat: for each text a `.txt` and a `.ann` with its entities, relations and attributes, and the files by which brat knows
//! what there is.
//!
//! `PART/NAME.txt` has the text as it is, but for carriage returns, which are written as spaces: programs that read line
//! ends as one character would count one less. In `PART/NAME.ann`, a line `T1` is an entity, with one fragment for each line
//! of the text that it is on; `R1` a relation, `A1` an attribute, `#1` a note. Words are in `config`.
//!
//! What the format cannot hold:
//! - Answers about whole texts and messages.
//! - An answer about an entity is an attribute where an option was chosen. A checklist becomes an attribute for each option
//!   and a text becomes a note, both of which are reductions.

mod config;

use super::about::check_options;
use super::attributes::{Attributes, Value};
use super::chosen::PREDICTIONS;
use super::class_names::CLASS_NAMES;
use super::naming::NAMES;
use super::settled::Fate;
use super::split::SPLIT;
use super::split_by::SPLIT_BY;
use super::text::{self, Base, Document, DocumentWriter, Found, LABELS, Marked, TextEncoder, What};
use super::{About, Encoder, Entries, FileEntry, Format, FormatOption, Layout, OpenError, Options, Wanted};
use config::Config;
use labelport_model::annotation::{self, Body};
use labelport_model::losses::Outcome;
use labelport_model::record::{Annotations, LabelRecord};
use std::collections::HashMap;
use std::fmt::Arguments;
use std::io::Write;

/// A text and its annotations, in two files.
pub struct Brat;

static OPTIONS: [FormatOption; 6] = [CLASS_NAMES, LABELS, NAMES, PREDICTIONS, SPLIT, SPLIT_BY];

/// Why something is not in a document as it is stored.
const WHITE_SPACE: &str = "it is white space alone";
const FRAGMENTS: &str = "to a fragment for each line";
const OF_WHOLE: &str = "the format holds answers about entities alone";
const CHECKLIST: &str = "to an attribute for each option";
const NOTE: &str = "to a note";
const DIRECTED: &str = "to a relation that has a direction";
const NO_ANSWER: &str = "nothing was answered";

/// What is said of texts with carriage returns.
const RETURNS: &str = "its carriage returns are written as spaces";

impl Format for Brat {
    fn name(&self) -> &'static str {
        "brat"
    }

    fn summary(&self) -> &'static str {
        "brat standoff: a text file and an annotation file for each text, with entities, relations and attributes."
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
        let base = Base::of(about)?;
        base.setup.chooser.refuse_scores(self.name())?;
        let config = Config::of(&base, about);
        Ok(Box::new(TextEncoder::new(base, Pairs { config })))
    }
}

/// Two files for each document.
struct Pairs {
    config: Config,
}

impl DocumentWriter for Pairs {
    fn streams(&self, _: &Base<'_>) -> Vec<String> {
        Vec::new()
    }

    fn makes_files(&self) -> bool {
        true
    }

    fn has_values(&self) -> bool {
        true
    }

    fn values(&self, label: &LabelRecord<'_>, values: &mut Vec<String>) {
        let Annotations::Stored(stored) = label.annotations else { return };
        for annotation in annotation::read(std::str::from_utf8(stored).unwrap_or("{}")).flatten() {
            if matches!(annotation.body, Body::Object(_)) && annotation.count_unread() == 0 {
                config::values(&Attributes::of(annotation.answers()), values);
            }
        }
    }

    fn start(&self, _: &Base<'_>, entries: &mut Entries<'_>) {
        for renamed in self.config.renamed() {
            entries.losses.add("class", Outcome::Reduced, renamed, 1);
        }
        entries.files.extend(self.config.files());
    }

    fn path(&self, document: &Document<'_>) -> String {
        format!("{}/{}.txt", document.part, document.stem)
    }

    fn write(&self, _: &Base<'_>, document: &Document<'_>, found: &mut Found, entries: &mut Entries<'_>) {
        let has_returns = document.text().contains('\r');
        entries.losses.add("row", Outcome::Kept, RETURNS, u64::from(has_returns));
        decide(document, found);
        if entries.is_survey {
            return;
        }
        let text = document.text().replace('\r', " ");
        let annotations = self.annotations(document, found);
        entries.files.push(FileEntry { path: self.path(document), bytes: text.into_bytes() });
        let path = format!("{}/{}.ann", document.part, document.stem);
        entries.files.push(FileEntry { path, bytes: annotations });
    }
}

impl Pairs {
    /// Returns the lines of a document.
    fn annotations(&self, document: &Document<'_>, found: &Found) -> Vec<u8> {
        let mut lines = Lines::default();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for (index, (span, _)) in found.spans().enumerate() {
            let number = index + 1;
            if let Some(id) = &span.id {
                numbers.entry(id).or_insert(number);
            }
            lines.entity(number, self.config.entity(span.class), document, &fragments(document, span));
            self.answers(number, &span.answers, &mut lines);
        }
        for (index, link) in found.links().enumerate() {
            let (from, to) = (numbers.get(link.from.as_str()), numbers.get(link.to.as_str()));
            if let (Some(from), Some(to)) = (from, to) {
                let name = self.config.relation(link.class);
                lines.push(format_args!("R{}\t{name} Arg1:T{from} Arg2:T{to}", index + 1));
            }
        }
        lines.bytes
    }

    fn answers(&self, entity: usize, answers: &Attributes, lines: &mut Lines) {
        for (question, value, _) in answers.iter() {
            match value {
                Value::None => {}
                Value::One(answer) => {
                    let (name, option) = self.config.choice(question, answer);
                    lines.attribute(format_args!("{name} T{entity} {option}"));
                }
                Value::Text(text) => lines.note(entity, &format!("{question}: {text}")),
                Value::Several(options) => {
                    for option in options {
                        lines.attribute(format_args!("{} T{entity}", self.config.option(question, option)));
                    }
                }
            }
        }
    }
}

/// Decides what becomes of what a label says.
fn decide(document: &Document<'_>, found: &mut Found) {
    found.leave_out_moved();
    for item in &mut found.items {
        match &item.what {
            What::Span(span) if item.fate == Fate::KEPT => {
                item.fate = match &fragments(document, span)[..] {
                    [] => Fate::left_out(WHITE_SPACE),
                    [(start, end)] if (*start, *end) == (span.start, span.end) => Fate::KEPT,
                    _ => Fate::reduced(FRAGMENTS),
                };
                let answers = span.answers.iter().map(|(_, value, fate)| match value {
                    Value::None => Fate::left_out(NO_ANSWER),
                    Value::Several(options) if options.is_empty() => Fate::left_out(NO_ANSWER),
                    Value::Several(_) => Fate::reduced(CHECKLIST),
                    Value::Text(_) => Fate::reduced(NOTE),
                    Value::One(_) => fate,
                });
                item.answers = answers.collect();
            }
            What::Relation(link) if item.fate == Fate::KEPT && link.is_mutual && !link.is_of_mutual_class => {
                item.fate = Fate::reduced(DIRECTED);
            }
            What::Answer { .. } => item.fate = Fate::left_out(OF_WHOLE),
            _ => {}
        }
    }
    found.leave_out_loose_relations();
}

/// The lines of an annotation file.
#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    attributes: usize,
    notes: usize,
}

impl Lines {
    fn push(&mut self, line: Arguments<'_>) {
        // Memory takes all that is written.
        drop(writeln!(self.bytes, "{line}"));
    }

    fn entity(&mut self, number: usize, name: &str, document: &Document<'_>, fragments: &[(u64, u64)]) {
        let places: Vec<String> = fragments.iter().map(|(start, end)| format!("{start} {end}")).collect();
        let texts: Vec<&str> = fragments.iter().map(|(start, end)| document.get(*start, *end)).collect();
        self.push(format_args!("T{number}\t{name} {}\t{}", places.join(";"), texts.join(" ")));
    }

    fn attribute(&mut self, attribute: Arguments<'_>) {
        self.attributes += 1;
        let number = self.attributes;
        self.push(format_args!("A{number}\t{attribute}"));
    }

    fn note(&mut self, entity: usize, text: &str) {
        self.notes += 1;
        let text = text.replace(|letter: char| letter.is_control() || ends_line(letter), " ");
        let number = self.notes;
        self.push(format_args!("#{number}\tAnnotatorNotes T{entity}\t{text}"));
    }
}

/// Returns the parts of a span on each line, without those that are white space alone: the text of an entity has no line
/// breaks.
fn fragments(document: &Document<'_>, span: &Marked) -> Vec<(u64, u64)> {
    let (mut fragments, mut start) = (Vec::new(), span.start);
    for piece in document.get(span.start, span.end).split(ends_line) {
        let end = start + piece.chars().count() as u64;
        if !piece.trim().is_empty() {
            fragments.push((start, end));
        }
        start = end + 1;
    }
    fragments
}

/// Returns whether some program takes a character for the end of a line.
fn ends_line(letter: char) -> bool {
    matches!(letter, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests;
