//! What a format could not hold, as a table for people and as events for programs.

use crate::messages::{Messages, counted, grouped, table};
use labelport_model::losses::{Losses, MEDIA};
use serde_json::json;

/// Says what became of annotations that the format cannot hold as they are, and what else was lost.
pub(crate) fn report(losses: &Losses, messages: &Messages) {
    for (loss, count) in losses.iter() {
        let event = json!({
            "event": "notice", "what": loss.what, "class": loss.class, "outcome": loss.outcome.word(),
            "reason": loss.reason, "count": count,
        });
        if loss.class.is_none() {
            let outcome = loss.outcome.word().replace('_', " ");
            let what = if loss.what == MEDIA { "media file" } else { &loss.what };
            messages.event(&event, &format!("notice: {} {outcome}: {}", counted(count, what), loss.reason));
        } else if messages.is_json() {
            messages.event(&event, "");
        }
    }
    let lines = to_table(losses);
    if !lines.is_empty() {
        messages.note(lines.trim_end());
    }
}

/// Returns a table of what became of annotations, by kind and class; empty where the format holds them all.
pub(crate) fn to_table(losses: &Losses) -> String {
    let lines: Vec<Vec<String>> = losses
        .iter()
        .filter_map(|(loss, count)| {
            let outcome = loss.outcome.word().replace('_', " ");
            Some(vec![loss.what.clone(), loss.class.clone()?, grouped(count), outcome, loss.reason.clone()])
        })
        .collect();
    match lines.is_empty() {
        true => String::new(),
        false => table(&["kind", "class", "count", "outcome", "how or why"], &lines),
    }
}
