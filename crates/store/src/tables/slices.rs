//! Slices: saved queries over the catalog.

use crate::engine::{Connection, RowView, StoreError};
use labelport_model::time::Timestamp;

/// A slice as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// The public id.
    pub id: String,
    /// The name, unique in the organization.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The query in canonical form.
    pub filter: String,
    /// When it was created.
    pub created: Timestamp,
}

const SELECT: &str = "select id, name, description, filter, created_ms from slices where ";

/// Creates a slice; returns whether the name was free.
pub fn create(connection: &mut dyn Connection, org_key: i64, slice: &Slice) -> Result<bool, StoreError> {
    let inserted = connection.execute(
        "insert into slices (org_key, id, name, description, filter, created_ms, updated_ms) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
        &[
            org_key.into(),
            (&slice.id).into(),
            (&slice.name).into(),
            slice.description.as_ref().into(),
            (&slice.filter).into(),
            slice.created.as_millis().into(),
            slice.created.as_millis().into(),
        ],
    )?;
    Ok(inserted == 1)
}

/// Finds a slice by its key.
pub fn find(connection: &mut dyn Connection, slice_key: i64) -> Result<Option<Slice>, StoreError> {
    connection.find(&format!("{SELECT} slice_key = $1"), &[slice_key.into()], slice)
}

/// Finds a slice by its id.
pub fn find_by_id(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<Slice>, StoreError> {
    connection.find(&format!("{SELECT} org_key = $1 and id = $2"), &[org_key.into(), id.into()], slice)
}

/// Lists the slices, oldest first.
pub fn list(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Slice>, StoreError> {
    connection.list(&format!("{SELECT} org_key = $1 order by slice_key"), &[org_key.into()], slice)
}

/// Deletes a slice by its key.
pub fn delete(connection: &mut dyn Connection, slice_key: i64) -> Result<u64, StoreError> {
    connection.execute("delete from slices where slice_key = $1", &[slice_key.into()])
}

fn slice(row: &dyn RowView) -> Slice {
    Slice {
        id: row.text(0).unwrap_or_default(),
        name: row.text(1).unwrap_or_default(),
        description: row.text(2),
        filter: row.text(3).unwrap_or_default(),
        created: Timestamp::from_millis(row.int(4).unwrap_or(0)),
    }
}
