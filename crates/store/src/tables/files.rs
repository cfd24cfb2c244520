//! Files that were uploaded or made: what the bytes are called. The bytes themselves are kept outside the database.

use crate::engine::{Connection, RowView, StoreError};
use crate::write::changes;
use labelport_model::time::Timestamp;
use std::collections::BTreeMap;

/// A file as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The public id, which is also the name of the file.
    pub id: String,
    /// The name that it came with.
    pub name: String,
    /// The content type that it came with.
    pub content_type: Option<String>,
    /// How many bytes it has.
    pub size_bytes: i64,
    /// The SHA-256 of the bytes, in hexadecimal digits.
    pub sha256: String,
    /// Who uploaded it.
    pub created_by: Option<String>,
    /// When.
    pub created: Timestamp,
}

/// Notes a file whose bytes are in place.
pub fn create(connection: &mut dyn Connection, org_key: i64, file: &File) -> Result<(), StoreError> {
    connection.execute(
        "insert into files (org_key, id, name, content_type, size_bytes, sha256, created_by, created_ms) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            org_key.into(),
            (&file.id).into(),
            (&file.name).into(),
            file.content_type.as_ref().into(),
            file.size_bytes.into(),
            (&file.sha256).into(),
            file.created_by.as_ref().into(),
            file.created.as_millis().into(),
        ],
    )?;
    Ok(())
}

/// Finds a file by its id.
pub fn find(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<File>, StoreError> {
    let sql = "select id, name, content_type, size_bytes, sha256, created_by, created_ms from files \
               where id = $1 and org_key = $2";
    connection.find(sql, &[id.into(), org_key.into()], |row| File {
        id: row.text(0).unwrap_or_default(),
        name: row.text(1).unwrap_or_default(),
        content_type: row.text(2),
        size_bytes: row.int(3).unwrap_or(0),
        sha256: row.text(4).unwrap_or_default(),
        created_by: row.text(5),
        created: Timestamp::from_millis(row.int(6).unwrap_or(0)),
    })
}

/// Returns the SHA-256 of every file, by id.
pub fn list_digests(connection: &mut dyn Connection, org_key: i64) -> Result<BTreeMap<String, String>, StoreError> {
    let sql = "select id, sha256 from files where org_key = $1 order by id";
    let text = |row: &dyn RowView, column| row.text(column).unwrap_or_default();
    Ok(connection.list(sql, &[org_key.into()], |row| (text(row, 0), text(row, 1)))?.into_iter().collect())
}

/// Says which file holds the mask of a place. With the first mask, URLs of masks begin to be signed.
pub fn put_mask(connection: &mut dyn Connection, org_key: i64, place: &str, file_id: &str) -> Result<(), StoreError> {
    if !has_masks(connection)? {
        touch_masks(connection, org_key)?;
    }
    connection.execute(
        "insert into masks (place, org_key, file_id) values ($1, $2, $3) \
         on conflict (place) do update set file_id = excluded.file_id",
        &[place.into(), org_key.into(), file_id.into()],
    )?;
    Ok(())
}

/// Finds the file that holds the mask of a place.
pub fn find_mask(connection: &mut dyn Connection, org_key: i64, place: &str) -> Result<Option<String>, StoreError> {
    let sql = "select file_id from masks where place = $1 and org_key = $2";
    Ok(connection.find(sql, &[place.into(), org_key.into()], |row| row.text(0))?.flatten())
}

/// Gives a change number to all rows with masks, of which the URLs are others.
pub(crate) fn touch_masks(connection: &mut dyn Connection, org_key: i64) -> Result<(), StoreError> {
    let rows =
        "select row_key from labels where has_masks = $2 union select row_key from run_labels where has_masks = $2";
    let change_seq = changes::next_change_seq(connection, org_key)?;
    changes::touch_rows(connection, rows, 1, change_seq)
}

/// Returns whether any mask is kept.
pub fn has_masks(connection: &mut dyn Connection) -> Result<bool, StoreError> {
    Ok(connection.find("select 1 from masks limit 1", &[], |_| ())?.is_some())
}
