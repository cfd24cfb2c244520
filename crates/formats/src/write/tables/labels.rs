//! `labels`: one line for each label or prediction of a data row.

use super::column::Column;
use super::data_rows::{KEY_COLUMNS, Key, others};
use super::label_key::{Named, Source};
use super::line::Line;
use super::{LABELS, Table, annotations};
use crate::write::Entries;
use crate::write::stored::{members, parsed};
use labelport_model::json::Value;
use labelport_model::record::{Annotations, LabelRecord};

pub(super) static TABLE: Table = Table {
    name: "labels",
    columns: &[
        KEY_COLUMNS[0],
        KEY_COLUMNS[1],
        Column::text("label_id"),
        Column::text("source"),
        Column::text("project_id"),
        Column::text("model_run_id"),
        Column::text("label_kind"),
        Column::text("version"),
        Column::time("created_at"),
        Column::text("created_by"),
        Column::time("updated_at"),
        Column::number("seconds_to_create"),
        Column::truth("skipped"),
        Column::number("benchmark_score"),
        Column::number("consensus_score"),
        Column::json("label_details"),
        Column::json("performance_details"),
        Column::json("timeline"),
        Column::json("other"),
    ],
};

const HEAD: &[&str] = &["id", "label_kind", "version"];
const DETAILS: &[&str] = &["created_at", "created_by", "updated_at"];
const PERFORMANCE: &[&str] = &["seconds_to_create", "skipped", "benchmark_score", "consensus_score"];
/// Members of annotations that hold annotations, which have lines of their own.
const HOLDERS: &[&str] = &["objects", "classifications", "relationships", "frames", "groups", "timestamp"];

pub(super) fn write(label: &LabelRecord<'_>, row: &Key, source: &Source<'_>, entries: &mut Entries<'_>) {
    let head = members(label.head);
    let label_id = head.root().get("id").and_then(Value::as_text).unwrap_or_default().into_owned();
    let named = Named { row, label_id, source };
    let mut line = Line::of(row.style, entries, LABELS);
    named.write(&mut line);
    HEAD[1..].iter().for_each(|key| line.value(head.root().get(key)));
    let details = parsed(label.details.unwrap_or(b"{}"));
    DETAILS.iter().for_each(|key| line.value(details.root().get(key)));
    let performance = parsed(label.performance.unwrap_or(b"{}"));
    PERFORMANCE.iter().for_each(|key| line.value(performance.root().get(key)));
    line.json(label.details);
    line.json(label.performance);
    let stored = match label.annotations {
        Annotations::Stored(stored) => stored,
        Annotations::Filled { frames, .. } => frames.stored().raw().as_bytes(),
    };
    others(&[(parsed(stored).root(), HOLDERS)], &mut line);
    let rest = members(label.rest);
    others(&[(head.root(), HEAD), (rest.root(), &[])], &mut line);
    line.end();
    annotations::write(label.annotations, &named, entries);
}
