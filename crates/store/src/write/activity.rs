//! When something last happened to a row.
//!
//! Labels, metadata, the workflow status, issues and comments move a row's last activity, in the column that filters look
//! at and in the details that an export shows; nothing else does. Activity never moves back.

use crate::engine::{Connection, StoreError};
use crate::row_key::RowKey;
use labelport_model::json::{Members, merge_members};
use labelport_model::time::Timestamp;

/// The order of the members of `data_row.details`, those that name the dataset apart.
const DETAILS_KEYS: &[&str] = &["created_at", "updated_at", "last_activity_at", "created_by"];

/// Moves a row's last activity. Its change number is for the caller to give.
pub fn note(connection: &mut dyn Connection, row_key: RowKey, now: Timestamp) -> Result<(), StoreError> {
    let sql = "select activity_ms from data_rows where row_key = $1";
    let activity_ms = connection.find(sql, &[row_key.into()], |row| row.int(0))?;
    let Some(activity_ms) = activity_ms else {
        return Err(StoreError::Damaged(format!("data row {row_key} is in a project and not there")));
    };
    if activity_ms.is_none_or(|activity_ms| activity_ms < now.as_millis()) {
        put_time(connection, row_key, "last_activity_at", now)?;
        let sql = "update data_rows set activity_ms = $1 where row_key = $2";
        connection.execute(sql, &[now.as_millis().into(), row_key.into()])?;
    }
    Ok(())
}

/// Notes that a row itself was changed. Its change number is for the caller to give.
pub fn note_update(connection: &mut dyn Connection, row_key: RowKey, now: Timestamp) -> Result<(), StoreError> {
    put_time(connection, row_key, "updated_at", now)?;
    let sql = "update data_rows set updated_ms = $1 where row_key = $2";
    connection.execute(sql, &[now.as_millis().into(), row_key.into()])?;
    Ok(())
}

/// Puts a time into the details that an export shows.
fn put_time(
    connection: &mut dyn Connection,
    row_key: RowKey,
    member_key: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "select details from data_rows where row_key = $1";
    let details = connection.find(sql, &[row_key.into()], |row| row.text(0))?.flatten().unwrap_or_default();
    let mut member = Members::default();
    member.push_raw(member_key, &format!("\"{now}\""));
    let details = merge_members(&details, member.as_str(), DETAILS_KEYS);
    let sql = "update data_rows set details = $1 where row_key = $2";
    connection.execute(sql, &[(&details).into(), row_key.into()])?;
    Ok(())
}
