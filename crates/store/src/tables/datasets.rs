//! Datasets, as the SDK creates and changes them. Those that an import named are the same.

use crate::engine::{Connection, RowView, StoreError};
use crate::write::changes;
use labelport_model::time::Timestamp;

/// A dataset as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// The internal key.
    pub key: i64,
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The key of the user who created it; none for one that an import named.
    pub created_by: Option<i64>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How many rows it has.
    pub row_count: i64,
}

/// A dataset to create.
#[derive(Debug, Clone)]
pub struct NewDataset {
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The key of the user who creates it.
    pub created_by: Option<i64>,
    /// Now.
    pub now: Timestamp,
}

/// What to change of a dataset; none leaves a part as it is.
#[derive(Debug, Clone)]
pub struct DatasetChange {
    /// The new name.
    pub name: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// Now.
    pub now: Timestamp,
}

const SELECT: &str = "select dataset_key, id, name, description, created_by, coalesce(created_ms, 0), \
                      coalesce(updated_ms, created_ms, 0), \
                      coalesce((select k.value from kept_counts k where k.kind = 'dataset' \
                      and k.scope_key = d.dataset_key and k.part = 0), 0) \
                      from datasets d where deleted_ms is null and org_key = $1";

/// Creates a dataset.
pub fn create(connection: &mut dyn Connection, org_key: i64, dataset: &NewDataset) -> Result<(), StoreError> {
    let now = dataset.now.as_millis();
    connection.execute(
        "insert into datasets (org_key, id, name, description, created_by, created_ms, updated_ms) \
         values ($1, $2, $3, $4, $5, $6, $7)",
        &[
            org_key.into(),
            (&dataset.id).into(),
            (&dataset.name).into(),
            dataset.description.as_ref().into(),
            dataset.created_by.into(),
            now.into(),
            now.into(),
        ],
    )?;
    Ok(())
}

/// Finds a dataset by its id.
pub fn find(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<Dataset>, StoreError> {
    connection.find(&format!("{SELECT} and id = $2"), &[org_key.into(), id.into()], dataset)
}

/// Finds a dataset by its key.
pub fn find_by_key(connection: &mut dyn Connection, org_key: i64, key: i64) -> Result<Option<Dataset>, StoreError> {
    connection.find(&format!("{SELECT} and dataset_key = $2"), &[org_key.into(), key.into()], dataset)
}

/// Finds the name of a dataset by its id, without counting its rows.
pub fn find_name(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<String>, StoreError> {
    let sql = "select name from datasets where org_key = $1 and id = $2 and deleted_ms is null";
    Ok(connection.find(sql, &[org_key.into(), id.into()], |row| row.text(0))?.flatten())
}

/// Lists the datasets, oldest first.
pub fn list(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Dataset>, StoreError> {
    connection.list(&format!("{SELECT} order by dataset_key"), &[org_key.into()], dataset)
}

/// Lists the datasets that rows of a project are of, oldest first.
pub fn list_of_project(
    connection: &mut dyn Connection,
    org_key: i64,
    project_key: i64,
) -> Result<Vec<Dataset>, StoreError> {
    let sql = format!(
        "{SELECT} and dataset_key in (select d.dataset_key from project_rows r join data_rows d \
         on d.row_key = r.row_key where r.project_key = $2) order by dataset_key"
    );
    connection.list(&sql, &[org_key.into(), project_key.into()], dataset)
}

/// Changes a dataset. A new name gives the rows, which show it, the next change number.
pub fn update(
    connection: &mut dyn Connection,
    org_key: i64,
    key: i64,
    change: &DatasetChange,
) -> Result<(), StoreError> {
    connection.execute(
        "update datasets set name = coalesce($1, name), description = coalesce($2, description), updated_ms = $3 \
         where dataset_key = $4",
        &[change.name.as_ref().into(), change.description.as_ref().into(), change.now.as_millis().into(), key.into()],
    )?;
    if change.name.is_some() {
        let change_seq = changes::next_change_seq(connection, org_key)?;
        changes::touch_rows(connection, "select row_key from data_rows where dataset_key = $2", key, change_seq)?;
    }
    Ok(())
}

/// Marks a dataset as deleted. Its rows are removed by its caller.
pub fn mark_deleted(connection: &mut dyn Connection, key: i64, now: Timestamp) -> Result<(), StoreError> {
    let sql = "update datasets set deleted_ms = $1 where dataset_key = $2";
    connection.execute(sql, &[now.as_millis().into(), key.into()])?;
    Ok(())
}

fn dataset(row: &dyn RowView) -> Dataset {
    let time = |column| Timestamp::from_millis(row.int(column).unwrap_or(0));
    Dataset {
        key: row.int(0).unwrap_or(0),
        id: row.text(1).unwrap_or_default(),
        name: row.text(2).unwrap_or_default(),
        description: row.text(3),
        created_by: row.int(4),
        created: time(5),
        updated: time(6),
        row_count: row.int(7).unwrap_or(0),
    }
}
