//! `metadata`: one line for each metadata value of a data row.

use super::column::Column;
use super::data_rows::{KEY_COLUMNS, Key, others};
use super::line::Line;
use super::{METADATA, Table};
use crate::write::Entries;
use crate::write::stored::parsed;
use labelport_model::json::{Kind, Value};
use labelport_model::record::Record;

pub(super) static TABLE: Table = Table {
    name: "metadata",
    columns: &[
        KEY_COLUMNS[0],
        KEY_COLUMNS[1],
        Column::text("schema_id"),
        Column::text("schema_name"),
        Column::text("schema_kind"),
        Column::text("value"),
        Column::text("option_id"),
        Column::json("other"),
    ],
};

const KNOWN: &[&str] = &["schema_id", "schema_name", "schema_kind", "value"];
/// Members of an option; its kind is that of every option.
const OPTION: &[&str] = &["schema_id", "schema_name", "schema_kind"];

pub(super) fn write(record: &Record<'_>, row: &Key, entries: &mut Entries<'_>) {
    for field in record.metadata.unwrap_or_default() {
        let document = parsed(field);
        let field = document.root();
        let mut line = Line::of(row.style, entries, METADATA);
        row.write(&mut line);
        KNOWN[..3].iter().for_each(|key| line.value(field.get(key)));
        let value = field.get("value");
        // A chosen option is a list with one entry, or more where an option has options of its own: the last is chosen.
        let options: Vec<Value<'_>> =
            value.filter(|value| value.kind() == Kind::Array).into_iter().flat_map(Value::elements).collect();
        match options.last() {
            Some(option) => {
                line.value(option.get("schema_name"));
                line.value(option.get("schema_id"));
            }
            None => {
                line.value(value);
                line.empty(1);
            }
        }
        // What the cells of an option do not say is kept in the last one.
        let says_more = |option: &Value<'_>| option.members().any(|(key, _)| !OPTION.contains(&key));
        let is_whole = options.len() <= 1 && !options.iter().any(says_more);
        others(&[(field, if is_whole { KNOWN } else { &KNOWN[..3] })], &mut line);
        line.end();
    }
}
