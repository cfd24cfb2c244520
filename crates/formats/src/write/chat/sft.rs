//! Conversations for fine-tuning: a line of JSON with the messages of each, as the APIs and libraries that train models on
//! examples read them.
//!
//! A line is a way through the messages, from the first one to an answer that nobody answers. Where models wrote several
//! answers to the same message, a line goes through each of those that the label prefers.
//!
//! What the format cannot hold: all that labels say but for which answers are preferred, and that only by which lines there
//! are.

use super::conversation::Conversation;
use super::judgement::Judgement;
use super::lines::{Decided, LABELS, LineWriter, NOT_TEXT, Reading, are_text, chats, wanted, write_messages};
use super::role::{ASSISTANT, Role};
use crate::write::about::check_options;
use crate::write::by_label::Said;
use crate::write::chosen::PREDICTIONS;
use crate::write::settled::Fate;
use crate::write::split::SPLIT;
use crate::write::split_by::SPLIT_BY;
use crate::write::{About, Encoder, Format, FormatOption, Layout, OpenError, Options, Wanted};
use labelport_model::json::ObjectWriter;
use labelport_model::losses::Outcome;
use std::collections::HashSet;

/// A conversation on each line.
pub struct ChatSft;

static PATHS: FormatOption = FormatOption {
    name: "paths",
    summary: "Which lines a conversation with several answers to the same message makes: one through each answer that the \
              label prefers, or one through each answer.",
    values: &["best", "all"],
    form: None,
};

static OPTIONS: [FormatOption; 6] = [ASSISTANT, LABELS, PATHS, PREDICTIONS, SPLIT, SPLIT_BY];

/// How judgements are reduced, and why they are left out.
const TO_LINES: &str = "to which conversations are written: those with the answers that it prefers";
const ALL_LINES: &str = "all conversations of the row are written; see the option paths";
const NO_LINE: &str = "no conversation with the answers that it prefers is written";

/// What becomes of conversations.
const CUT: &str = "to the last message of the assistant: nobody answers those after it";
const NO_ASSISTANT: &str = "no message of it is written by an assistant; see the option assistant";

struct Examples {
    has_all: bool,
}

impl Format for ChatSft {
    fn name(&self) -> &'static str {
        "chat-sft"
    }

    fn summary(&self) -> &'static str {
        "A line of JSON with the messages of each conversation; for fine-tuning with OpenAI, TRL and others."
    }

    fn keeps(&self) -> &'static str {
        "conversations, and which answers are preferred"
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
        wanted(options)
    }

    fn open<'f>(&'f self, about: &'f About<'f>) -> Result<Box<dyn Encoder + 'f>, OpenError> {
        check_options(self.name(), self.options(), &about.options)?;
        Ok(Box::new(chats(self.name(), about, Examples { has_all: about.option(&PATHS) == "all" })?))
    }
}

impl LineWriter for Examples {
    type Line = Vec<usize>;

    const SAID: Said = Said {
        no_label: "it has no label, and its conversation is written as it is",
        no_prediction: "it has no prediction, and its conversation is written as it is",
        skipped: "its label was skipped, and its conversation is written as it is",
    };

    fn decide(&self, reading: &Reading<'_>) -> Result<Decided<Vec<usize>>, &'static str> {
        let Reading { conversation, links, judgements } = reading;
        let is_assistant = |place: usize| conversation.messages[place].role == Role::Assistant;
        let judgements: &[_] = if self.has_all { &[] } else { judgements };
        let judged: HashSet<usize> = judgements.iter().map(|judgement| judgement.parent).collect();
        let best = judgements.iter().flat_map(|one| one.best().iter().map(|place| (one.parent, *place)));
        let best: HashSet<(usize, usize)> = best.collect();
        let ways = links
            .ways(|parent, child| !judged.contains(&parent) || !is_assistant(child) || best.contains(&(parent, child)));
        let (mut said, mut written) = (Vec::new(), HashSet::new());
        let mut lines: Vec<Vec<usize>> = Vec::new();
        for mut way in ways? {
            let whole = way.len();
            way.truncate(way.iter().rposition(|place| is_assistant(*place)).map_or(0, |last| last + 1));
            if way.is_empty() {
                said.push((Outcome::LeftOut, NO_ASSISTANT));
            } else if !are_text(&way, conversation) {
                said.push((Outcome::LeftOut, NOT_TEXT));
            } else {
                if way.len() < whole {
                    said.push((Outcome::Reduced, CUT));
                }
                // Ways that differ in what nobody answers are one.
                if written.insert(way.clone()) {
                    lines.push(way);
                }
            }
        }
        let steps: HashSet<(usize, usize)> =
            lines.iter().flat_map(|line| line.windows(2).map(|pair| (pair[0], pair[1]))).collect();
        let fate = |one: &Judgement| {
            let is_written = one.best().iter().any(|place| steps.contains(&(one.parent, *place)));
            match (self.has_all, is_written) {
                (true, _) => Fate::left_out(ALL_LINES),
                (false, true) => Fate::reduced(TO_LINES),
                (false, false) => Fate::left_out(NO_LINE),
            }
        };
        let fates = reading.judgements.iter().map(fate).collect();
        let emptiness = if said.contains(&(Outcome::LeftOut, NOT_TEXT)) { NOT_TEXT } else { NO_ASSISTANT };
        Ok(Decided { lines, fates, said, emptiness })
    }

    fn write(&self, line: &Vec<usize>, conversation: &Conversation, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        write_messages(line, conversation, object.key("messages"));
        object.close();
    }
}
