//! `rows.csv` of formats that hold no pictures: which row is in which file.

use super::Entries;
use super::cells::Line;
use labelport_model::json::Value;

/// The stream.
pub(super) const ROWS: &str = "rows.csv";

/// Its columns.
const COLUMNS: [&str; 6] = ["data_row_id", "global_key", "external_id", "split", "file", "label_id"];

/// Where a row is, with one of its labels.
pub(super) struct Listed<'l> {
    /// The part of the split.
    pub(super) part: &'l str,
    /// The file that holds it.
    pub(super) file: &'l str,
    /// The label that was written; empty where there is none.
    pub(super) label_id: &'l str,
}

/// Writes the names of the columns.
pub(super) fn start(stream: usize, entries: &mut Entries<'_>) {
    let mut line = Line::of(entries, stream);
    COLUMNS.iter().for_each(|column| line.token(column));
    line.end();
}

/// Writes the line of a row; one that is in no file has empty cells.
pub(super) fn write(head: Value<'_>, listed: Option<&Listed<'_>>, stream: usize, entries: &mut Entries<'_>) {
    let mut line = Line::of(entries, stream);
    ["id", "global_key", "external_id"].iter().for_each(|key| line.value(head.get(key)));
    match listed {
        Some(Listed { part, file, label_id }) => [part, file, label_id].iter().for_each(|text| line.text(text)),
        None => line.empty(3),
    }
    line.end();
}
