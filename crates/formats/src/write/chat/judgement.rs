//! What a label says about messages: which of those that answer the same message are better than others.

use super::conversation::Conversation;
use super::links::Links;
use super::role::Role;
use labelport_model::annotation::{Message, Shape, Text};
use std::collections::{BTreeMap, HashSet};

/// Why a judgement cannot be written.
pub(super) const NOT_HELD: &str = "the format holds conversations and judgements about their messages";
const NO_MESSAGE: &str = "one of its messages is not in the conversation";
const NONE_NAMED: &str = "it names no message";
const TWICE: &str = "it names a message twice";
const NO_RANK: &str = "one of its messages has no rank";
const NOT_ANSWERS: &str = "its messages do not answer the same message";
const NOT_ASSISTANT: &str = "one of its messages is not written by an assistant";
const ALONE: &str = "it has no other message to compare with";
const TIED: &str = "all its messages have one rank";

/// What was judged, before it is known which messages answer which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged {
    /// Messages of one rank, the best first.
    tiers: Vec<Vec<usize>>,
    /// The message that they answer, where that is said.
    parent: Option<usize>,
    /// Whether all other answers to the same message are worse.
    is_chosen: bool,
}

/// A judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    /// The message that is answered.
    pub(super) parent: usize,
    /// The answers of one rank, the best first; at least two ranks.
    pub(super) tiers: Vec<Vec<usize>>,
    /// Whether the ranks were given one by one, and not by choosing some of the answers.
    pub(super) is_ranked: bool,
}

impl Judged {
    /// Reads what an object says. Fails with a clause for one that says nothing about messages.
    pub(super) fn of(shape: Option<&Shape<'_>>, conversation: &Conversation) -> Result<Self, &'static str> {
        let find = |id: Option<&Text<'_>>| id.and_then(|id| conversation.find(&id.get())).ok_or(NO_MESSAGE);
        let find_all = |messages: &[Message<'_>]| -> Result<Vec<usize>, &'static str> {
            messages.iter().map(|message| find(message.message_id.as_ref())).collect()
        };
        let (tiers, parent, is_chosen) = match shape {
            Some(Shape::MessageChoice(choice)) => {
                (vec![vec![find(choice.message_id.as_ref())?]], &choice.parent_message_id, true)
            }
            Some(Shape::MessageChoices(choices)) => {
                (vec![find_all(&choices.messages)?], &choices.parent_message_id, true)
            }
            Some(Shape::MessageRanks(ranks)) => {
                let mut tiers: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
                for (message, place) in ranks.messages.iter().zip(find_all(&ranks.messages)?) {
                    tiers.entry(message.order.ok_or(NO_RANK)?).or_default().push(place);
                }
                (tiers.into_values().collect(), &ranks.parent_message_id, false)
            }
            _ => return Err(NOT_HELD),
        };
        let judged = Self { tiers, parent: parent.as_ref().map(|id| find(Some(id))).transpose()?, is_chosen };
        let named = judged.named();
        let different: HashSet<usize> = named.iter().copied().collect();
        match named.len() {
            0 => Err(NONE_NAMED),
            count if count != different.len() => Err(TWICE),
            _ => Ok(judged),
        }
    }

    /// Lists the messages that it names.
    pub(super) fn named(&self) -> Vec<usize> {
        self.tiers.concat()
    }

    /// Looks at which messages answer which. Fails with a clause where nothing is compared.
    pub(super) fn resolve(&self, conversation: &Conversation, links: &Links) -> Result<Judgement, &'static str> {
        let named = self.named();
        let is_assistant = |place: &usize| conversation.messages[*place].role == Role::Assistant;
        if !named.iter().all(is_assistant) {
            return Err(NOT_ASSISTANT);
        }
        let first = named.first().and_then(|place| links.parents(*place).first().copied());
        let parent = self.parent.or(first).ok_or(NOT_ANSWERS)?;
        let answers: HashSet<usize> = links.children(parent).iter().copied().collect();
        if !named.iter().all(|place| answers.contains(place)) {
            return Err(NOT_ANSWERS);
        }
        let mut tiers = self.tiers.clone();
        if self.is_chosen {
            let named: HashSet<usize> = named.iter().copied().collect();
            let others = links.children(parent).iter().filter(|place| is_assistant(place) && !named.contains(place));
            tiers.push(others.copied().collect());
        }
        tiers.retain(|tier| !tier.is_empty());
        match (&tiers[..], named.len()) {
            ([_, _, ..], _) => Ok(Judgement { parent, tiers, is_ranked: !self.is_chosen }),
            (_, 2..) if !self.is_chosen => Err(TIED),
            _ => Err(ALONE),
        }
    }
}

impl Judgement {
    /// Lists the best answers.
    pub(super) fn best(&self) -> &[usize] {
        self.tiers.first().map_or(&[], |best| best)
    }
}
