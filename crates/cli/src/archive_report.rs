//! What an import of archives reports: what was conserved, what was kept apart, and what is still somewhere else.

use crate::messages::{counted, escaped, grouped};
use labelport_formats::read::{Conserved, Counts};
use serde_json::{Value, json};

/// How many kinds of kept members are named on the screen.
const KEPT_SHOWN: usize = 12;
/// How many reasons why a file was not fetched are shown.
const REASONS_SHOWN: usize = 5;

/// Returns the lines for people.
pub(crate) fn lines(counts: &Counts) -> Vec<String> {
    let conserved = |amount: Conserved, noun: &str| {
        let stored = if amount.read == amount.stored { "all".to_owned() } else { grouped(amount.stored) };
        format!("{} read, {stored} stored", counted(amount.read, noun))
    };
    let (objects, answers) = (conserved(counts.objects, "object"), conserved(counts.classifications, "classification"));
    let mut lines = vec![format!("  annotations, on every frame: {objects}; {answers}")];
    if !counts.kept.is_empty() {
        let mut kept: Vec<(&String, u64)> = counts.kept.iter().map(|(name, count)| (name, *count)).collect();
        kept.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        let more = kept.len().saturating_sub(KEPT_SHOWN);
        let mut named: Vec<String> = kept
            .into_iter()
            .take(KEPT_SHOWN)
            .map(|(name, count)| format!("{} ({})", escaped(name), grouped(count)))
            .collect();
        if more > 0 {
            named.push(format!("and {more} others"));
        }
        lines.push(format!(
            "notice: today's form has no key for {}; they are kept under \"legacy\" in the label or annotation that had \
             them",
            named.join(", ")
        ));
    }
    if counts.derived_ids > 0 {
        lines.push(format!(
            "notice: {} made from what the records say, for rows and labels without a valid one",
            counted(counts.derived_ids, "id")
        ));
    }
    if counts.masks_elsewhere + counts.frame_files_elsewhere > 0 {
        lines.push(format!(
            "notice: still at the vendor: {}, {}; `import labelbox-v1 --fetch-media` fetches those that can be reached",
            counted(counts.masks_elsewhere, "mask"),
            counted(counts.frame_files_elsewhere, "frame file")
        ));
    }
    let here = [(counts.masks_here, "mask"), (counts.frame_files_here, "frame file")];
    let here: Vec<String> =
        here.iter().filter(|(count, _)| *count > 0).map(|(count, what)| counted(*count, what)).collect();
    if !here.is_empty() {
        lines.push(format!("  found here: {}", here.join(", ")));
    }
    if counts.unreachable > 0 {
        lines.push(format!("notice: {} could not be fetched:", counted(counts.unreachable, "file")));
        let reasons = counts.unreachable_reasons.iter().take(REASONS_SHOWN);
        lines.extend(reasons.map(|reason| format!("  {}", escaped(reason))));
    }
    lines
}

/// Returns the same for programs.
pub(crate) fn event(counts: &Counts) -> Value {
    let conserved = |counted: Conserved| json!({ "read": counted.read, "stored": counted.stored });
    json!({
        "objects": conserved(counts.objects),
        "classifications": conserved(counts.classifications),
        "kept": counts.kept,
        "derived_ids": counts.derived_ids,
        "still_elsewhere": { "masks": counts.masks_elsewhere, "frame_files": counts.frame_files_elsewhere },
        "here": { "masks": counts.masks_here, "frame_files": counts.frame_files_here },
        "unreachable": { "files": counts.unreachable, "reasons": counts.unreachable_reasons },
    })
}
