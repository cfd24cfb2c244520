//! Options of metadata enums.

use crate::engine::{Connection, StoreError};

/// Adds an option to an enum, after the others, unless the enum has it.
pub(crate) fn put(connection: &mut dyn Connection, schema_key: i64, id: &str, name: &str) -> Result<(), StoreError> {
    let sql = "select coalesce(max(position), 0) from metadata_options where schema_key = $1";
    let last = connection.count(sql, &[schema_key.into()])?;
    let sql = "insert into metadata_options (schema_key, id, name, position) values ($1, $2, $3, $4) \
               on conflict do nothing";
    connection.execute(sql, &[schema_key.into(), id.into(), name.into(), (last + 1).into()])?;
    Ok(())
}
