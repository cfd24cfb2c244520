//! `rows.csv`: which row is in which file.

use crate::write::Entries;
use crate::write::cells::Line;
use labelport_model::json::Value;

/// The stream.
pub(in crate::write) const ROWS: &str = "rows.csv";

/// Its columns.
const COLUMNS: [&str; 8] =
    ["data_row_id", "global_key", "external_id", "row_data", "split", "image", "labels", "label_id"];

/// Where a row is.
pub(in crate::write) struct Listed<'l> {
    /// The part of the split.
    pub(in crate::write) part: &'l str,
    /// Where the picture belongs.
    pub(in crate::write) image: &'l str,
    /// The file that holds what is drawn on it.
    pub(in crate::write) labels: &'l str,
    /// The label that was written; empty where there is none.
    pub(in crate::write) label_id: &'l str,
}

/// Writes the names of the columns.
pub(in crate::write) fn start(stream: usize, entries: &mut Entries<'_>) {
    let mut line = Line::of(entries, stream);
    COLUMNS.iter().for_each(|column| line.token(column));
    line.end();
}

/// Writes the line of a row; one that is in no file has empty cells.
pub(in crate::write) fn write(head: Value<'_>, listed: Option<&Listed<'_>>, stream: usize, entries: &mut Entries<'_>) {
    let mut line = Line::of(entries, stream);
    ["id", "global_key", "external_id", "row_data"].iter().for_each(|key| line.value(head.get(key)));
    match listed {
        Some(Listed { part, image, labels, label_id }) => {
            [part, image, labels, label_id].iter().for_each(|text| line.text(text));
        }
        None => line.empty(4),
    }
    line.end();
}
