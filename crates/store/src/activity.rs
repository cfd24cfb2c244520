//! When something last happened to a row.
//!
//! Labels, metadata, the workflow status, issues and comments move a row's last activity, in the column that filters look
//! at and in the details that an export shows; nothing else does. Activity never moves back.

use crate::connection::{Connection, Param, StoreError};
use crate::page::RowKey;
use labelport_model::json::{Members, merge_members};
use labelport_model::time::Timestamp;

/// The order of the members of `data_row.details`, those that name the dataset apart.
pub const DETAILS_KEYS: &[&str] = &["created_at", "updated_at", "last_activity_at", "created_by"];

/// Moves a row's last activity. Its change number is for the caller to give.
pub fn note(connection: &mut dyn Connection, row_key: RowKey, now: Timestamp) -> Result<(), StoreError> {
    let sql = "select activity_ms, details from data_rows where row_key = $1";
    let found = connection.find(sql, &[row_key.into()], |row| (row.int(0), row.text(1)))?;
    let Some((activity_ms, details)) = found else {
        return Err(StoreError::Damaged(format!("data row {row_key} is in a project and not there")));
    };
    if activity_ms.is_none_or(|activity_ms| activity_ms < now.as_millis()) {
        let mut member = Members::default();
        member.push_raw("last_activity_at", &format!("\"{now}\""));
        let details = merge_members(details.as_deref().unwrap_or(""), member.as_str(), DETAILS_KEYS);
        let params: [Param<'_>; 3] = [now.as_millis().into(), (&details).into(), row_key.into()];
        connection.execute("update data_rows set activity_ms = $1, details = $2 where row_key = $3", &params)?;
    }
    Ok(())
}
