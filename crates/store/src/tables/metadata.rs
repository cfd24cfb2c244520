//! Metadata schemas: which fields data rows can have in addition to their labels.

use crate::engine::{Connection, Param, RowView, StoreError};
use crate::write::{changes, options};
use labelport_model::json::{Members, merge_members, quote_into};
use labelport_model::time::Timestamp;
use std::collections::BTreeMap;

/// A metadata schema as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataSchema {
    /// The internal key.
    pub key: i64,
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The kind, such as `CustomMetadataString`.
    pub kind: String,
    /// Whether every workspace has it.
    pub is_reserved: bool,
    /// The options of an enum: id and name, in order of their creation as far as ids show it.
    pub options: Vec<(String, String)>,
}

/// Lists the metadata schemas, reserved ones first, then oldest first.
pub fn list(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<MetadataSchema>, StoreError> {
    let sql = "select schema_key, id, name, kind, is_reserved from metadata_schemas \
               where org_key = $1 and deleted_ms is null and id <> '' order by is_reserved desc, schema_key";
    let mut schemas = connection.list(sql, &[org_key.into()], schema)?;
    let sql = "select o.schema_key, o.id, o.name from metadata_options o \
               join metadata_schemas s on s.schema_key = o.schema_key \
               where s.org_key = $1 order by o.schema_key, coalesce(o.position, 0), o.id, o.name";
    let mut options: BTreeMap<i64, Vec<(String, String)>> = BTreeMap::new();
    for (key, id, name) in connection.list(sql, &[org_key.into()], |row| {
        (row.int(0).unwrap_or(0), row.text(1).unwrap_or_default(), row.text(2).unwrap_or_default())
    })? {
        options.entry(key).or_default().push((id, name));
    }
    for schema in &mut schemas {
        schema.options = options.remove(&schema.key).unwrap_or_default();
    }
    Ok(schemas)
}

/// Creates a metadata schema; returns its key, or none where one with the id and name is there.
pub fn create(
    connection: &mut dyn Connection,
    org_key: i64,
    schema: &MetadataSchema,
) -> Result<Option<i64>, StoreError> {
    let params: [Param<'_>; 5] =
        [org_key.into(), (&schema.id).into(), (&schema.name).into(), (&schema.kind).into(), schema.is_reserved.into()];
    let sql = "insert into metadata_schemas (org_key, id, name, kind, is_reserved) values ($1, $2, $3, $4, $5) \
               on conflict do nothing returning schema_key";
    let Some(key) = connection.find(sql, &params, |row| row.int(0))?.flatten() else { return Ok(None) };
    for (id, name) in &schema.options {
        put_option(connection, key, id, name)?;
    }
    Ok(Some(key))
}

/// Renames a metadata schema and those of its options that have new names, in every row that shows them.
pub fn rename(
    connection: &mut dyn Connection,
    org_key: i64,
    schema: &MetadataSchema,
    name: &str,
    options: &[(String, String)],
) -> Result<(), StoreError> {
    let key: Param<'_> = schema.key.into();
    connection.execute("update metadata_schemas set name = $1 where schema_key = $2", &[name.into(), key])?;
    let quoted = |text: &str| {
        let mut quoted = Vec::new();
        quote_into(text, &mut quoted);
        String::from_utf8_lossy(&quoted).into_owned()
    };
    let mut replaced = Vec::new();
    for (id, new) in options {
        let Some((_, old)) = schema.options.iter().find(|(known, old)| known == id && old != new) else { continue };
        let sql = "update metadata_options set name = $1 where schema_key = $2 and id = $3";
        connection.execute(sql, &[new.into(), key, id.into()])?;
        let sql = "update metadata set text_value = $1 where schema_key = $2 and option_id = $3";
        connection.execute(sql, &[new.into(), key, id.into()])?;
        let pair = |name: &str| format!("\"schema_id\":{},\"schema_name\":{}", quoted(id), quoted(name));
        replaced.push((pair(old), pair(new)));
    }
    let mut member = Members::default();
    member.push_raw("schema_name", &quoted(name));
    let sql = "select row_key, ordinal, part, json from metadata where schema_key = $1 and json is not null \
               order by row_key, ordinal, part";
    let entries = connection.list(sql, &[key], |row| {
        let place = [0, 1, 2].map(|column| row.int(column).unwrap_or(0));
        (place, row.text(3).unwrap_or_default())
    })?;
    for ([row_key, ordinal, part], json) in entries {
        let members = merge_members(&json[1..json.len() - 1], member.as_str(), &[]);
        let mut json = format!("{{{members}}}");
        for (old, new) in &replaced {
            json = json.replace(old, new);
        }
        connection.execute(
            "update metadata set json = $1 where row_key = $2 and ordinal = $3 and part = $4",
            &[(&json).into(), row_key.into(), ordinal.into(), part.into()],
        )?;
    }
    let change_seq = changes::next_change_seq(connection, org_key)?;
    changes::touch_rows(connection, "select row_key from metadata where schema_key = $2", schema.key, change_seq)
}

/// Adds an option to an enum, after the others.
pub fn put_option(connection: &mut dyn Connection, schema_key: i64, id: &str, name: &str) -> Result<(), StoreError> {
    options::put(connection, schema_key, id, name)
}

/// Marks a metadata schema as deleted. Values that rows have stay.
pub fn mark_deleted(connection: &mut dyn Connection, key: i64, now: Timestamp) -> Result<(), StoreError> {
    let sql = "update metadata_schemas set deleted_ms = $1 where schema_key = $2";
    connection.execute(sql, &[now.as_millis().into(), key.into()])?;
    Ok(())
}

fn schema(row: &dyn RowView) -> MetadataSchema {
    MetadataSchema {
        key: row.int(0).unwrap_or(0),
        id: row.text(1).unwrap_or_default(),
        name: row.text(2).unwrap_or_default(),
        kind: row.text(3).unwrap_or_default(),
        is_reserved: row.int(4) == Some(1),
        options: Vec::new(),
    }
}
