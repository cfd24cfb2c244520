//! `data_rows`: one line for each data row.

use super::column::Column;
use super::line::{Line, Style};
use super::{DATA_ROWS, Table};
use crate::write::Entries;
use crate::write::stored::members;
use labelport_model::json::Value;
use labelport_model::record::Record;

pub(super) static TABLE: Table = Table {
    name: "data_rows",
    columns: &[
        Column::text("data_row_id"),
        Column::text("global_key"),
        Column::text("external_id"),
        Column::text("row_data"),
        Column::text("dataset_id"),
        Column::text("dataset_name"),
        Column::time("created_at"),
        Column::time("updated_at"),
        Column::time("last_activity_at"),
        Column::text("created_by"),
        Column::json("media_attributes"),
        Column::json("attachments"),
        Column::json("embeddings"),
        Column::json("other"),
    ],
};

/// What lines of all tables have of a data row.
pub(super) struct Key {
    /// How lines are written.
    pub(super) style: Style,
    pub(super) data_row_id: String,
    pub(super) global_key: String,
}

impl Key {
    /// Reads the key of a row from the members of `data_row`.
    pub(super) fn of(head: Value<'_>, style: Style) -> Self {
        let text = |key: &str| head.get(key).and_then(Value::as_text).unwrap_or_default().into_owned();
        Self { style, data_row_id: text("id"), global_key: text("global_key") }
    }

    /// Writes the cells that name the row.
    pub(super) fn write(&self, line: &mut Line<'_>) {
        line.text(&self.data_row_id);
        line.optional(Some(&*self.global_key).filter(|key| !key.is_empty()));
    }
}

/// The columns that name a row in other tables, in the order of [`Key::write`].
pub(super) const KEY_COLUMNS: [Column; 2] = [Column::text("data_row_id"), Column::text("global_key")];

/// Members of `data_row` that have columns.
const HEAD: &[&str] = &["id", "global_key", "external_id", "row_data"];
/// Members of `data_row.details` that have columns.
const DETAILS: &[&str] = &["created_at", "updated_at", "last_activity_at", "created_by"];

pub(super) fn write(record: &Record<'_>, head: Value<'_>, row: &Key, entries: &mut Entries<'_>) {
    let mut line = Line::of(row.style, entries, DATA_ROWS);
    HEAD.iter().for_each(|key| line.value(head.get(key)));
    let dataset = members(record.details.map_or(&[], |details| details.dataset));
    line.value(dataset.root().get("dataset_id"));
    line.value(dataset.root().get("dataset_name"));
    let details = members(record.details.map_or(&[], |details| details.members));
    DETAILS.iter().for_each(|key| line.value(details.root().get(key)));
    line.json(record.media);
    list(record.attachments, &mut line);
    list(record.embeddings, &mut line);
    let rest = members(record.rest);
    let other = [(head, HEAD), (details.root(), DETAILS), (rest.root(), &[])];
    others(&other, &mut line);
    line.end();
}

/// Writes a section that is a list as one cell of JSON.
fn list(list: Option<&[&[u8]]>, line: &mut Line<'_>) {
    match list {
        Some(entries) => line.json(Some(&[&b"["[..], &entries.join(&b','), b"]"].concat())),
        None => line.json(None),
    }
}

/// Writes the members of objects that have no column as one cell of JSON; an empty one if there are none.
pub(super) fn others(objects: &[(Value<'_>, &[&str])], line: &mut Line<'_>) {
    let mut out = Vec::new();
    for (object, known) in objects {
        for (key, value) in object.members().filter(|(key, _)| !known.contains(key)) {
            out.push(if out.is_empty() { b'{' } else { b',' });
            out.push(b'"');
            out.extend_from_slice(key.as_bytes());
            out.extend_from_slice(b"\":");
            out.extend_from_slice(value.raw().as_bytes());
        }
    }
    if !out.is_empty() {
        out.push(b'}');
    }
    line.json((!out.is_empty()).then_some(&out[..]));
}
