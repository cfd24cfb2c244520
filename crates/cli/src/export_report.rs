//! What came of an export, for the person who ran it: where it went, how much there is, and what is worth knowing.

use crate::loss_report;
use crate::messages::{Messages, counted, escaped, grouped, sized};
use labelport_engine::manifest::Manifest;
use serde_json::json;

/// Where an export went.
pub(crate) struct Place {
    /// What was done, such as "wrote rows.ndjson".
    pub(crate) sentence: String,
    /// Whether nothing was written.
    pub(crate) is_dry: bool,
    /// Where the changes of a delta are, such as " in rows.changes.ndjson"; empty where they are nowhere.
    pub(crate) changes: String,
}

/// Reports an export that took so many seconds.
pub(crate) fn report(manifest: &Manifest, place: &Place, secs: f64, messages: &Messages) {
    let digest = &manifest.digest;
    let annotations: u64 = manifest.annotations.iter().map(|annotations| annotations.count).sum();
    let sentence = format!(
        "{}: {}, {}, {}, {}, {} in {secs:.2} s ({} rows/s)\nsha256 {}",
        place.sentence,
        counted(digest.rows, "row"),
        counted(manifest.labels + manifest.run_labels, "label"),
        counted(manifest.predictions, "prediction"),
        counted(annotations, "annotation"),
        sized(digest.bytes),
        grouped((digest.rows as f64 / secs.max(1e-9)) as u64),
        digest.sha256,
    );
    let event = json!({
        "event": if place.is_dry { "counted" } else { "exported" },
        "rows": digest.rows,
        "labels": manifest.labels,
        "run_labels": manifest.run_labels,
        "predictions": manifest.predictions,
        "annotations": annotations,
        "bytes": digest.bytes,
        "sha256": digest.sha256,
    });
    messages.event(&event, &sentence);
    if let Some(delta) = &manifest.delta {
        let event = json!({ "event": "changes", "lines": delta.lines, "since": delta.since });
        let lines = grouped(delta.lines);
        messages.event(&event, &format!("rows that left, and positions: {lines} lines{}", place.changes));
    }
    if manifest.unknown_ids > 0 {
        let count = manifest.unknown_ids;
        let event = json!({ "event": "notice", "unknown_ids": count });
        messages.event(&event, &format!("notice: {} no data row", named(count)));
    }
    for name in &manifest.unknown_names {
        let event = json!({ "event": "notice", "unknown_name": name });
        messages.event(&event, &format!("notice: {name}; the filter of the slice matches nothing by that name"));
    }
    if !manifest.sections.is_empty() {
        let listed = manifest.sections.iter().map(|section| (section.section.clone(), json!(section.count)));
        let listed: serde_json::Map<_, _> = listed.collect();
        messages.event(&json!({ "event": "notice", "sections_not_known": listed }), &not_known(manifest));
    }
    loss_report::report(&manifest.losses, messages);
    for row in manifest.rows.iter().take(10) {
        let event = json!({ "event": "notice", "data_row_id": row.data_row_id, "message": row.message });
        messages.event(&event, &format!("notice: data row {}: {}", row.data_row_id, escaped(&row.message)));
    }
    if manifest.row_notices > 10 {
        messages.note(&format!("notice: and {} more", counted(manifest.row_notices - 10, "row")));
    }
}

/// Says in one line which sections were asked for and no imported file had, those that are missing equally often together.
fn not_known(manifest: &Manifest) -> String {
    let mut by_count: Vec<(u64, Vec<&str>)> = Vec::new();
    for section in &manifest.sections {
        match by_count.iter_mut().find(|(count, _)| *count == section.count) {
            Some((_, names)) => names.push(&section.section),
            None => by_count.push((section.count, vec![&section.section])),
        }
    }
    let groups: Vec<String> = by_count
        .into_iter()
        .map(|(count, names)| format!("{} ({})", names.join(", "), counted(count, "time")))
        .collect();
    format!("notice: left out, since the files imported so far did not have it: {}", groups.join("; "))
}

/// Says that so many of the listed ids and keys name something.
fn named(count: u64) -> String {
    let verb = if count == 1 { "names" } else { "name" };
    format!("{} of the ids and keys listed {verb}", grouped(count))
}
