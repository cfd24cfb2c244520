//! RTTM: a line for each part of a recording in which somebody speaks, as NIST has them; for programs that find or score
//! speakers.
//!
//! `PART/NAME.rttm` has lines of ten fields: `SPEAKER NAME 1 START LENGTH <NA> <NA> SPEAKER <NA> <NA>`, with times in seconds.
//! White space ends a field. So a row whose name has some is named by its id, and speakers have `_` in place of it.
//!
//! What the format cannot hold: answers to other questions than who speaks.

use super::cue::Cue;
use super::recording::{Recording, seconds};
use super::track::{CueWriter, EMPTY, MEDIA, OTHER_QUESTION, cues, is_wanted};
use crate::write::about::check_options;
use crate::write::annotations::stored;
use crate::write::attributes::{Attributes, Value};
use crate::write::by_label::{LABELS, Piece};
use crate::write::chosen::{self, PREDICTIONS};
use crate::write::naming::{FURTHER, NAMES};
use crate::write::settled::Fate;
use crate::write::split::SPLIT;
use crate::write::split_by::SPLIT_BY;
use crate::write::text::{Words, safe_word};
use crate::write::{About, Encoder, Entries, Format, FormatOption, Layout, OpenError, Options, Wanted};
use labelport_model::annotation::{self, Body};
use labelport_model::losses::Outcome;
use labelport_model::record::LabelRecord;
use std::collections::HashMap;
use std::io::Write;

/// Who speaks when.
pub struct Rttm;

static QUESTION: FormatOption = FormatOption {
    name: "question",
    summary: "The question whose answers say who speaks, in any case.",
    values: &["speaker"],
    form: Some("speaker"),
};

static OPTIONS: [FormatOption; 7] = [LABELS, MEDIA, NAMES, PREDICTIONS, QUESTION, SPLIT, SPLIT_BY];

/// What names of speakers are among the values of a row.
const SPEAKER: &str = "speaker";

struct Turns {
    question: String,
    /// The words for names of speakers, by name.
    speakers: HashMap<String, String>,
    renamed: Vec<String>,
}

impl Format for Rttm {
    fn name(&self) -> &'static str {
        "rttm"
    }

    fn summary(&self) -> &'static str {
        "Who speaks when, as lines of NIST's RTTM; for pyannote and programs that score speakers."
    }

    fn keeps(&self) -> &'static str {
        "answers with times to one question"
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
        chosen::wanted(options)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        let names: Vec<&str> = about.values_of(SPEAKER).collect();
        let words = Words::of(names.iter().copied(), word);
        let speakers = names.iter().zip(words.list()).map(|(name, word)| ((*name).to_owned(), word.clone())).collect();
        let question = about.option(&QUESTION).to_owned();
        let turns = Turns { question, speakers, renamed: words.renamed().to_vec() };
        Ok(Box::new(cues(self.name(), about, turns)?))
    }
}

fn word(name: &str) -> String {
    safe_word(name, |letter| !letter.is_whitespace() && !letter.is_control())
}

impl CueWriter for Turns {
    fn extension(&self) -> &'static str {
        "rttm"
    }

    fn judge(&self, question: &str, answer: &str) -> Fate {
        match (is_wanted(&self.question, question), answer.trim()) {
            (false, _) => Fate::left_out(OTHER_QUESTION),
            (true, "") => Fate::left_out(EMPTY),
            (true, _) => Fate::KEPT,
        }
    }

    fn name(&self, piece: &Piece<'_, Recording>) -> Option<String> {
        let further = format!("{FURTHER}{}", piece.label_id);
        let further = if piece.stem.ends_with(&further) { &further } else { "" };
        piece.stem.contains(char::is_whitespace).then(|| format!("{}{further}", piece.row_id))
    }

    fn has_values(&self) -> bool {
        true
    }

    fn values(&self, label: &LabelRecord<'_>, values: &mut Vec<String>) {
        for annotation in annotation::read(stored(&label.annotations)).flatten() {
            let Body::Classification(answer) = &annotation.body else { continue };
            for (question, value, _) in Attributes::of([answer]).iter() {
                let names: &[String] = match value {
                    Value::None => &[],
                    Value::One(name) | Value::Text(name) => std::slice::from_ref(name),
                    Value::Several(names) => names,
                };
                let names = names.iter().filter(|name| self.judge(question, name) == Fate::KEPT);
                values.extend(names.map(|name| format!("{SPEAKER}:{name}")));
            }
        }
    }

    fn start(&self, entries: &mut Entries<'_>) {
        for renamed in &self.renamed {
            entries.losses.add(SPEAKER, Outcome::Reduced, renamed, 1);
        }
    }

    fn write(&self, stem: &str, cues: &[Cue], _: &Recording) -> Result<Vec<u8>, &'static str> {
        let mut out = Vec::new();
        for Cue { times, answer, .. } in cues {
            let own = word(answer);
            let speaker = self.speakers.get(answer).unwrap_or(&own);
            let (start, length) = (seconds(times.start_ms), seconds(times.end_ms - times.start_ms));
            // Memory takes all that is written.
            drop(writeln!(out, "SPEAKER {stem} 1 {start} {length} <NA> <NA> {speaker} <NA> <NA>"));
        }
        Ok(out)
    }
}
