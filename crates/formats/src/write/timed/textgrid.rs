//! TextGrid: tiers of intervals, as Praat shows them under a recording.
//!
//! `PART/NAME.TextGrid` has a tier for each question, in the order of the alphabet. The intervals of a tier follow one another
//! without a gap, with empty ones between the answers, up to the end. Where answers to one question overlap, the later one is
//! on a further tier.
//!
//! What the format cannot hold: a row on which nothing has times, since a file needs a length and a tier.

use super::cue::Cue;
use super::recording::{Recording, seconds};
use super::track::{CueWriter, EMPTY, MEDIA, OTHER_QUESTION, QUESTION, cues, is_wanted};
use crate::write::about::check_options;
use crate::write::by_label::LABELS;
use crate::write::chosen::{self, PREDICTIONS};
use crate::write::naming::NAMES;
use crate::write::settled::Fate;
use crate::write::split::SPLIT;
use crate::write::split_by::SPLIT_BY;
use crate::write::{About, Encoder, Format, FormatOption, Layout, OpenError, Options, Wanted};
use std::collections::BTreeMap;
use std::io::Write;

/// Tiers of intervals.
pub struct TextGrid;

static OPTIONS: [FormatOption; 7] = [LABELS, MEDIA, NAMES, PREDICTIONS, QUESTION, SPLIT, SPLIT_BY];

/// How answers are reduced, and why a row has no file.
const NAME: &str = "to a tier whose name has spaces in place of line breaks";
const NO_CUE: &str = "nothing that the format holds has times";

struct Tiers {
    question: String,
}

impl Format for TextGrid {
    fn name(&self) -> &'static str {
        "textgrid"
    }

    fn summary(&self) -> &'static str {
        "Answers with times as tiers of intervals, in a TextGrid for each recording; for Praat."
    }

    fn keeps(&self) -> &'static str {
        "answers with times"
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
        Ok(Box::new(cues(self.name(), about, Tiers { question: about.option(&QUESTION).to_owned() })?))
    }
}

fn name_of(question: &str) -> String {
    question.replace(char::is_control, " ")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

impl CueWriter for Tiers {
    fn extension(&self) -> &'static str {
        "TextGrid"
    }

    fn judge(&self, question: &str, answer: &str) -> Fate {
        match () {
            () if !is_wanted(&self.question, question) => Fate::left_out(OTHER_QUESTION),
            // An interval without a text is where nothing was answered.
            () if answer.trim().is_empty() => Fate::left_out(EMPTY),
            () if name_of(question) != question => Fate::reduced(NAME),
            () => Fate::KEPT,
        }
    }

    fn write(&self, _: &str, cues: &[Cue], recording: &Recording) -> Result<Vec<u8>, &'static str> {
        let last_ms = cues.iter().map(|cue| cue.times.end_ms).max().ok_or(NO_CUE)?;
        let end_ms = recording.length_ms().unwrap_or_default().max(last_ms);
        let tiers = tiers(cues);
        let mut out = String::from("File type = \"ooTextFile\"\nObject class = \"TextGrid\"\n\nxmin = 0\n");
        out.push_str(&format!("xmax = {}\ntiers? <exists>\nsize = {}\nitem []:\n", seconds(end_ms), tiers.len()));
        let mut out = out.into_bytes();
        for (number, (name, cues)) in (1..).zip(&tiers) {
            let intervals = intervals(cues, end_ms);
            // Memory takes all that is written.
            drop(write!(
                out,
                "    item [{number}]:\n        class = \"IntervalTier\"\n        name = {}\n        xmin = 0\n        \
                 xmax = {}\n        intervals: size = {}\n",
                quoted(name),
                seconds(end_ms),
                intervals.len()
            ));
            for (number, (start, end, text)) in (1..).zip(intervals) {
                drop(write!(
                    out,
                    "        intervals [{number}]:\n            xmin = {}\n            xmax = {}\n            text = {}\n",
                    seconds(start),
                    seconds(end),
                    quoted(text)
                ));
            }
        }
        Ok(out)
    }
}

/// Puts cues, which are in the order of their times, on tiers on which none overlap.
fn tiers(cues: &[Cue]) -> Vec<(String, Vec<&Cue>)> {
    let mut by_question: BTreeMap<String, Vec<Vec<&Cue>>> = BTreeMap::new();
    for cue in cues {
        let tiers = by_question.entry(name_of(&cue.question)).or_default();
        let is_free = |tier: &&mut Vec<&Cue>| tier.last().is_none_or(|last| last.times.end_ms <= cue.times.start_ms);
        match tiers.iter_mut().find(is_free) {
            Some(tier) => tier.push(cue),
            None => tiers.push(vec![cue]),
        }
    }
    let names: Vec<String> = by_question.keys().cloned().collect();
    let mut listed: Vec<(String, Vec<&Cue>)> = Vec::new();
    for (question, tiers) in by_question {
        let mut numbers = 2..;
        for (place, tier) in tiers.into_iter().enumerate() {
            let mut others = numbers.by_ref().map(|number: u32| format!("{question} ({number})"));
            let other = if place == 0 { None } else { others.find(|name| !names.contains(name)) };
            listed.push((other.unwrap_or_else(|| question.clone()), tier));
        }
    }
    listed
}

/// Returns the intervals of a tier up to its end, without gaps.
fn intervals<'c>(cues: &[&'c Cue], end_ms: u64) -> Vec<(u64, u64, &'c str)> {
    let (mut intervals, mut at) = (Vec::new(), 0);
    for cue in cues {
        if at < cue.times.start_ms {
            intervals.push((at, cue.times.start_ms, ""));
        }
        intervals.push((cue.times.start_ms, cue.times.end_ms, cue.answer.as_str()));
        at = cue.times.end_ms;
    }
    if at < end_ms {
        intervals.push((at, end_ms, ""));
    }
    intervals
}
