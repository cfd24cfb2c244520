//! WebVTT: captions with their times, as browsers and players show them.
//!
//! `PART/NAME.vtt` has a cue for each answer: its number and its question, its times, and what was answered. Cues are in the
//! order of their times, and may overlap.
//!
//! What the format cannot hold: blank lines in a text, since they end a cue.

use super::cue::Cue;
use super::recording::Recording;
use super::track::{CueWriter, EMPTY, MEDIA, OTHER_QUESTION, QUESTION, cues, is_wanted};
use crate::write::about::check_options;
use crate::write::by_label::LABELS;
use crate::write::chosen::{self, PREDICTIONS};
use crate::write::naming::NAMES;
use crate::write::settled::Fate;
use crate::write::split::SPLIT;
use crate::write::split_by::SPLIT_BY;
use crate::write::{About, Encoder, Format, FormatOption, Layout, OpenError, Options, Wanted};
use std::io::Write;

/// Captions.
pub struct WebVtt;

static OPTIONS: [FormatOption; 7] = [LABELS, MEDIA, NAMES, PREDICTIONS, QUESTION, SPLIT, SPLIT_BY];

/// How answers are reduced.
const LINES: &str = "to its lines that are not blank";
const NAME: &str = "to a cue whose question has spaces in place of line breaks, and no arrow";

struct Captions {
    question: String,
}

impl Format for WebVtt {
    fn name(&self) -> &'static str {
        "webvtt"
    }

    fn summary(&self) -> &'static str {
        "Answers with times as captions, in WebVTT; for browsers, players and programs that read subtitles."
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
        Ok(Box::new(cues(self.name(), about, Captions { question: about.option(&QUESTION).to_owned() })?))
    }
}

/// Returns a text without blank lines, each line ended as WebVTT has it.
fn lines_of(answer: &str) -> String {
    let lines = answer.split(['\n', '\r']).filter(|line| !line.trim().is_empty());
    lines.collect::<Vec<&str>>().join("\n").replace('\0', "\u{fffd}")
}

/// Returns the name of a question as it can be on the line of a cue's name.
fn name_of(question: &str) -> String {
    question.replace(char::is_control, " ").replace("-->", "-- >")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Returns a time as hours, minutes and seconds.
fn clock(ms: u64) -> String {
    let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", ms % 1_000)
}

impl CueWriter for Captions {
    fn extension(&self) -> &'static str {
        "vtt"
    }

    fn judge(&self, question: &str, answer: &str) -> Fate {
        let lines = lines_of(answer);
        match () {
            () if !is_wanted(&self.question, question) => Fate::left_out(OTHER_QUESTION),
            () if lines.is_empty() => Fate::left_out(EMPTY),
            () if lines != answer => Fate::reduced(LINES),
            () if name_of(question) != question => Fate::reduced(NAME),
            () => Fate::KEPT,
        }
    }

    fn write(&self, _: &str, cues: &[Cue], _: &Recording) -> Result<Vec<u8>, &'static str> {
        let mut out = b"WEBVTT\n".to_vec();
        for (number, Cue { times, question, answer }) in (1..).zip(cues) {
            let (start, end) = (clock(times.start_ms), clock(times.end_ms));
            let (name, text) = (name_of(question), escaped(&lines_of(answer)));
            // Memory takes all that is written.
            drop(write!(out, "\n{number} {name}\n{start} --> {end}\n{text}\n"));
        }
        Ok(out)
    }
}
