//! What a format could not hold, as a table for people and as events for programs.

use crate::messages::{Messages, counted, grouped, table};
use labelport_model::losses::Losses;
use serde_json::json;

/// Says what became of annotations that the format cannot hold as they are, and what else was lost.
pub(crate) fn report(losses: &Losses, messages: &Messages) {
    let mut lines = Vec::new();
    for (loss, count) in losses.iter() {
        let event = json!({
            "event": "notice", "what": loss.what, "class": loss.class, "outcome": loss.outcome.word(),
            "reason": loss.reason, "count": count,
        });
        let outcome = loss.outcome.word().replace('_', " ");
        match &loss.class {
            Some(_) if messages.is_json() => messages.event(&event, ""),
            Some(class) => {
                lines.push(vec![loss.what.clone(), class.clone(), grouped(count), outcome, loss.reason.clone()]);
            }
            None => {
                messages.event(&event, &format!("notice: {} {outcome}: {}", counted(count, &loss.what), loss.reason));
            }
        }
    }
    if !lines.is_empty() {
        messages.note(table(&["kind", "class", "count", "outcome", "how or why"], &lines).trim_end());
    }
}
