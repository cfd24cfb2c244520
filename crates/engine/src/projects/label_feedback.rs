//! Scores and a comment that an automatic check gives a label. No export shows them.

use super::label;
use crate::items::{self, Body, Item, ItemKind, Naming};
use crate::workspace::Workspace;
use crate::workspace::access::Caller;
use labelport_model::given;
use labelport_model::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What was said of a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feedback {
    /// In words.
    pub feedback: String,
    /// The scores by name.
    pub scores: BTreeMap<String, f64>,
}

impl Body for Feedback {
    const KIND: ItemKind = ItemKind::LabelFeedback;
    const WORD: &'static str = "feedback";
}

/// Stores what is said of a label, in place of what was said before. `scores` is an object of numbers.
pub fn put(
    workspace: &Workspace,
    caller: &Caller,
    label_id: &str,
    feedback: &str,
    scores: &Value,
) -> Result<Item<Feedback>, Problem> {
    let label = label::get(workspace, label_id)?;
    let Value::Object(given) = scores else { return Err(given::wrong("scores", "an object of numbers", scores)) };
    let read = |(name, score): (&String, &Value)| match score.as_f64() {
        Some(number) => Ok((name.clone(), number)),
        None => Err(given::wrong(&format!("scores.{name}"), "a number", score)),
    };
    let body = Feedback { feedback: feedback.to_owned(), scores: given.iter().map(read).collect::<Result<_, _>>()? };
    let id = workspace.chance().cuid();
    let new = Item::new(workspace, caller, Naming { id: &id, parent: &label.id, name: "" }, body);
    let org_key = workspace.org_key();
    workspace.write(move |connection| {
        let stored: Vec<Item<Feedback>> = items::list_of(connection, org_key, &label.id)?;
        match stored.into_iter().next() {
            None => new.create(connection, org_key).map(|()| new),
            Some(stored) => {
                let changed = Item { body: new.body, updated: new.updated, ..stored };
                changed.update(connection, org_key).map(|()| changed)
            }
        }
    })
}
