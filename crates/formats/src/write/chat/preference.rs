//! Preferences: a line of JSON for each pair of answers of which one is better, with the messages before them, as the APIs
//! and libraries that train models on preferences read them.
//!
//! What the format cannot hold: conversations without a judgement, and all that labels say but judgements.

use super::conversation::Conversation;
use super::judgement::Judgement;
use super::lines::{Decided, LABELS, LineWriter, NOT_TEXT, Reading, are_text, chats, wanted, write_messages};
use super::links::Budget;
use super::role::{ASSISTANT, Role};
use crate::write::about::check_options;
use crate::write::by_label::Said;
use crate::write::chosen::PREDICTIONS;
use crate::write::settled::Fate;
use crate::write::split::SPLIT;
use crate::write::split_by::SPLIT_BY;
use crate::write::{About, Encoder, Format, FormatOption, Layout, OpenError, Options, Wanted};
use labelport_model::json::ObjectWriter;
use std::collections::HashSet;

/// A pair of answers on each line.
pub struct ChatPreference;

static DIALECT: FormatOption = FormatOption {
    name: "dialect",
    summary: "How a line names its members: as TRL and most libraries do, or as the API of OpenAI does.",
    values: &["trl", "openai"],
    form: None,
};

static PAIRS: FormatOption = FormatOption {
    name: "pairs",
    summary: "Which answers of a ranking make pairs: each with all that are worse; or with those of the next rank; or those of \
              the first rank with those of the last.",
    values: &["all", "adjacent", "ends"],
    form: None,
};

static OPTIONS: [FormatOption; 7] = [ASSISTANT, DIALECT, LABELS, PAIRS, PREDICTIONS, SPLIT, SPLIT_BY];

/// How judgements are reduced, and why they are left out.
const TO_ENDS: &str = "to the pairs of the first rank and the last; see the option pairs";
const NO_TIES: &str = "to the answers of different ranks: those of one rank make no pair";
const NOT_A_QUESTION: &str = "the message that its messages answer is written by an assistant, too";
const NO_JUDGEMENT: &str = "nothing says which of its answers are better";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    All,
    Adjacent,
    Ends,
}

struct Pairs {
    is_openai: bool,
    which: Which,
}

/// A line: the messages before the answers, the better answer, the other.
struct Pair(Vec<usize>);

impl AsRef<[usize]> for Pair {
    fn as_ref(&self) -> &[usize] {
        &self.0
    }
}

impl Format for ChatPreference {
    fn name(&self) -> &'static str {
        "chat-preference"
    }

    fn summary(&self) -> &'static str {
        "A line of JSON for each pair of answers of which one is better; for preference tuning (DPO) with TRL, OpenAI and others."
    }

    fn keeps(&self) -> &'static str {
        "rankings and selections of messages"
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
        let which = match about.option(&PAIRS) {
            "adjacent" => Which::Adjacent,
            "ends" => Which::Ends,
            _ => Which::All,
        };
        Ok(Box::new(chats(self.name(), about, Pairs { is_openai: about.option(&DIALECT) == "openai", which })?))
    }
}

impl LineWriter for Pairs {
    type Line = Pair;

    const SAID: Said = Said {
        no_label: "it has no label, and makes no line",
        no_prediction: "it has no prediction, and makes no line",
        skipped: "its label was skipped, and its lines are written all the same",
    };

    fn decide(&self, reading: &Reading<'_>) -> Result<Decided<Pair>, &'static str> {
        let (mut lines, mut fates, mut budget) = (Vec::new(), Vec::new(), Budget::ROW);
        let best = reading.judgements.iter().flat_map(|judgement| judgement.best().iter().copied());
        let best: HashSet<usize> = best.collect();
        for judgement in &reading.judgements {
            let prompt = match prompt(judgement, &best, reading) {
                Ok(prompt) => prompt,
                Err(reason) => {
                    fates.push(Fate::left_out(reason));
                    continue;
                }
            };
            for pair in self.pairs(judgement) {
                let line = [&prompt[..], &pair[..]].concat();
                budget.take(line.len())?;
                lines.push(Pair(line));
            }
            fates.push(self.fate(judgement));
        }
        Ok(Decided { lines, fates, said: Vec::new(), emptiness: NO_JUDGEMENT })
    }

    fn write(&self, line: &Pair, conversation: &Conversation, out: &mut Vec<u8>) {
        let [prompt @ .., chosen, rejected] = &line.0[..] else { return };
        let mut object = ObjectWriter::open(out);
        let names = if self.is_openai {
            let mut input = ObjectWriter::open(object.key("input"));
            write_messages(prompt, conversation, input.key("messages"));
            input.close();
            ["preferred_output", "non_preferred_output"]
        } else {
            write_messages(prompt, conversation, object.key("prompt"));
            ["chosen", "rejected"]
        };
        for (name, place) in names.iter().zip([chosen, rejected]) {
            write_messages(&[*place], conversation, object.key(name));
        }
        object.close();
    }
}

impl Pairs {
    /// Lists the pairs of answers, each with the better one first.
    fn pairs<'j>(&self, judgement: &'j Judgement) -> impl Iterator<Item = [usize; 2]> + use<'j> {
        let (tiers, which) = (&judgement.tiers[..], self.which);
        tiers.iter().enumerate().flat_map(move |(rank, better)| {
            let worse = match which {
                Which::All => &tiers[rank + 1..],
                Which::Adjacent => &tiers[rank + 1..tiers.len().min(rank + 2)],
                Which::Ends if rank == 0 => &tiers[tiers.len() - 1..],
                Which::Ends => &[],
            };
            worse.iter().flatten().flat_map(move |worse| better.iter().map(move |better| [*better, *worse]))
        })
    }

    /// Returns what becomes of a judgement whose pairs are written.
    fn fate(&self, judgement: &Judgement) -> Fate {
        let has_ties = judgement.is_ranked && judgement.tiers.iter().any(|tier| tier.len() > 1);
        match self.which {
            Which::Ends if judgement.tiers.len() > 2 => Fate::reduced(TO_ENDS),
            _ if has_ties => Fate::reduced(NO_TIES),
            _ => Fate::KEPT,
        }
    }
}

/// Returns the messages before the answers. Fails with a clause where a pair cannot be written.
fn prompt(judgement: &Judgement, best: &HashSet<usize>, reading: &Reading<'_>) -> Result<Vec<usize>, &'static str> {
    let Reading { conversation, links, .. } = reading;
    if conversation.messages[judgement.parent].role == Role::Assistant {
        return Err(NOT_A_QUESTION);
    }
    let prompt = links.way_to(judgement.parent, |place| best.contains(&place));
    let is_whole = are_text(&prompt, conversation) && are_text(&judgement.tiers.concat(), conversation);
    if is_whole { Ok(prompt) } else { Err(NOT_TEXT) }
}
