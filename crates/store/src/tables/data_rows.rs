//! Data rows one by one and page by page, as the SDK reads them. Exports do not come here: they scan sections.

use crate::engine::{Connection, Param, RowView, StoreError};
use crate::row_key::RowKey;
use crate::write::counts::{self, Kept};
use crate::write::removal;
use labelport_model::json::quote_into;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// A data row as stored, without its lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRow {
    /// The internal key.
    pub key: RowKey,
    /// The public id.
    pub id: String,
    /// The key of its dataset.
    pub dataset_key: Option<i64>,
    /// The name of its data type, once known.
    pub data_type: Option<String>,
    /// The members of `data_row` without its details, as JSON members.
    pub head: String,
    /// The members of the details without those that name the dataset, as JSON members.
    pub details: Option<String>,
    /// `media_attributes`, a JSON object.
    pub media: Option<String>,
    /// The global key.
    pub global_key: Option<String>,
    /// The external id.
    pub external_id: Option<String>,
    /// When it was created, in Unix milliseconds.
    pub created_ms: Option<i64>,
    /// When it was last changed, in Unix milliseconds.
    pub updated_ms: Option<i64>,
}

/// Which page of a dataset's rows.
#[derive(Debug, Clone)]
pub struct ListRows {
    /// The dataset.
    pub dataset_key: i64,
    /// Rows after this one.
    pub after: RowKey,
    /// Those with this external id; none for all.
    pub external_id: Option<String>,
    /// The most to return.
    pub limit: usize,
}

/// An attachment as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its row.
    pub row_key: RowKey,
    /// Its place among the attachments of the row.
    pub ordinal: i64,
    /// The JSON object that an export shows.
    pub json: String,
}

/// The public id and the global key of a row.
pub type Names = (String, Option<String>);

/// How many rows a statement looks up.
const NAMED_TOGETHER: usize = 64;

/// Returns what rows are called; those that are not there are left out.
pub fn list_names(connection: &mut dyn Connection, keys: &[RowKey]) -> Result<HashMap<RowKey, Names>, StoreError> {
    let numbers: Vec<String> = (1..=NAMED_TOGETHER).map(|number| format!("${number}")).collect();
    let sql = format!("select row_key, id, global_key from data_rows where row_key in ({})", numbers.join(", "));
    let mut names = HashMap::with_capacity(keys.len());
    for chunk in keys.chunks(NAMED_TOGETHER) {
        let mut params: Vec<Param<'_>> = chunk.iter().copied().map(Param::Int).collect();
        // The last chunk names its last row again: one statement serves all.
        params.resize(NAMED_TOGETHER, Param::Int(chunk[chunk.len() - 1]));
        connection.query(&sql, &params, &mut |row| {
            names.insert(row.int(0).unwrap_or(0), (row.text(1).unwrap_or_default(), row.text(2)));
            ControlFlow::Continue(())
        })?;
    }
    Ok(names)
}

const SELECT: &str = "select r.row_key, r.id, r.dataset_key, r.data_type, r.head, r.details, r.media, r.global_key, \
                      r.external_id, r.created_ms, r.updated_ms from data_rows r where r.org_key = $1";

/// Finds a row by its id.
pub fn find(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<DataRow>, StoreError> {
    match find_key(connection, id)? {
        Some(key) => find_by_key(connection, org_key, key),
        None => Ok(None),
    }
}

/// Finds a row by its key.
pub fn find_by_key(connection: &mut dyn Connection, org_key: i64, key: RowKey) -> Result<Option<DataRow>, StoreError> {
    connection.find(&format!("{SELECT} and r.row_key = $2"), &[org_key.into(), key.into()], data_row)
}

/// Finds the key of a row by its id.
pub fn find_key(connection: &mut dyn Connection, id: &str) -> Result<Option<RowKey>, StoreError> {
    let sql = "select row_key from row_ids where id = $1";
    Ok(connection.find(sql, &[id.into()], |row| row.int(0))?.flatten())
}

/// Finds the key of a row by its global key.
pub fn find_key_by_global_key(
    connection: &mut dyn Connection,
    org_key: i64,
    global_key: &str,
) -> Result<Option<RowKey>, StoreError> {
    let sql = "select row_key from global_keys where org_key = $1 and global_key = $2";
    Ok(connection.find(sql, &[org_key.into(), global_key.into()], |row| row.int(0))?.flatten())
}

/// Takes the global key from a row, so that exports do not show one. The row's change number is for the caller to give.
pub fn clear_global_key(connection: &mut dyn Connection, row_key: RowKey) -> Result<(), StoreError> {
    let sql = "select head, global_key, org_key from data_rows where row_key = $1";
    let found =
        connection.find(sql, &[row_key.into()], |row| (row.text(0).unwrap_or_default(), row.text(1), row.int(2)))?;
    let Some((head, Some(global_key), Some(org_key))) = found else { return Ok(()) };
    let mut member = vec![];
    member.extend_from_slice(b",\"global_key\":");
    quote_into(&global_key, &mut member);
    let head = head.replacen(&*String::from_utf8_lossy(&member), "", 1);
    let sql = "update data_rows set global_key = null, head = $1 where row_key = $2";
    connection.execute(sql, &[(&head).into(), row_key.into()])?;
    removal::delete_global_key(connection, org_key, &global_key)
}

/// Lists the rows with an external id, oldest first.
pub fn list_by_external_id(
    connection: &mut dyn Connection,
    org_key: i64,
    external_id: &str,
) -> Result<Vec<DataRow>, StoreError> {
    let sql = format!("{SELECT} and {} order by r.row_key", is_external_id(2));
    connection.list(&sql, &[org_key.into(), external_id.into()], data_row)
}

/// Writes the test for an external id. An index may have no more than the beginnings of long ones.
fn is_external_id(param: usize) -> String {
    format!("r.external_id = ${param} and substr(r.external_id, 1, 200) = substr(${param}, 1, 200)")
}

/// Counts the rows of an organization.
pub fn count(connection: &mut dyn Connection, org_key: i64) -> Result<i64, StoreError> {
    counts::get(connection, Kept::Catalog(org_key))
}

/// Lists the rows of an organization after a key, in key order.
pub fn list_page(
    connection: &mut dyn Connection,
    org_key: i64,
    after: RowKey,
    limit: usize,
) -> Result<Vec<DataRow>, StoreError> {
    let sql = format!("{SELECT} and r.row_key > $2 order by r.row_key limit $3");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.list(&sql, &[org_key.into(), after.into(), limit.into()], data_row)
}

/// Lists a page of a dataset's rows in key order.
pub fn list(connection: &mut dyn Connection, org_key: i64, which: &ListRows) -> Result<Vec<DataRow>, StoreError> {
    let mut sql = format!("{SELECT} and r.dataset_key = $2 and r.row_key > $3");
    let mut params: Vec<Param<'_>> = vec![org_key.into(), which.dataset_key.into(), which.after.into()];
    if let Some(external_id) = &which.external_id {
        sql.push_str(&format!(" and {}", is_external_id(4)));
        params.push(external_id.into());
    }
    let limit = i64::try_from(which.limit).unwrap_or(i64::MAX);
    sql.push_str(&format!(" order by r.row_key limit {limit}"));
    connection.list(&sql, &params, data_row)
}

/// Lists the keys of a dataset's rows in order.
pub fn list_keys(connection: &mut dyn Connection, dataset_key: i64) -> Result<Vec<RowKey>, StoreError> {
    let sql = "select row_key from data_rows where dataset_key = $1 order by row_key";
    connection.list(sql, &[dataset_key.into()], |row| row.int(0).unwrap_or(0))
}

/// Lists the attachments of a row in their order.
pub fn list_attachments(connection: &mut dyn Connection, row_key: RowKey) -> Result<Vec<Attachment>, StoreError> {
    let sql = "select row_key, ordinal, json from attachments where row_key = $1 order by ordinal";
    connection.list(sql, &[row_key.into()], attachment)
}

/// Finds the row that has the attachment with an id.
pub fn find_row_of_attachment(
    connection: &mut dyn Connection,
    org_key: i64,
    attachment_id: &str,
) -> Result<Option<RowKey>, StoreError> {
    let sql = "select a.row_key from attachments a join data_rows r on r.row_key = a.row_key \
               where a.id = $1 and r.org_key = $2 order by a.row_key, a.ordinal limit 1";
    Ok(connection.find(sql, &[attachment_id.into(), org_key.into()], |row| row.int(0))?.flatten())
}

/// Lists the metadata entries of a row, as an export shows them.
pub fn list_metadata(connection: &mut dyn Connection, row_key: RowKey) -> Result<Vec<String>, StoreError> {
    let sql = "select json from metadata where row_key = $1 and json is not null order by ordinal, part";
    connection.list(sql, &[row_key.into()], |row| row.text(0).unwrap_or_default())
}

/// Forgets of which data type a row is, and what its asset said, since another asset takes its place.
pub fn forget_data_type(connection: &mut dyn Connection, row_key: RowKey) -> Result<(), StoreError> {
    let sql = "update data_rows set data_type = null, media = '{}' where row_key = $1";
    connection.execute(sql, &[row_key.into()])?;
    Ok(())
}

/// Lists the embedding entries of a row, as an export shows them.
pub fn list_embeddings(connection: &mut dyn Connection, row_key: RowKey) -> Result<Vec<String>, StoreError> {
    let sql = "select json from row_embeddings where row_key = $1 order by ordinal";
    connection.list(sql, &[row_key.into()], |row| row.text(0).unwrap_or_default())
}

/// What is known of a row's asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// The row.
    pub row_key: RowKey,
    /// Whether somebody has looked at it, with success or not.
    pub state: AssetState,
    /// The media type that the creator of the row declared.
    pub media_type: Option<String>,
    /// The attributes that the SDK reads, a JSON object in camel case.
    pub attributes: Option<String>,
    /// The text of a text row.
    pub content: Option<String>,
    /// The text layer of a document, as JSON.
    pub text_layer: Option<String>,
    /// What went wrong.
    pub notice: Option<String>,
}

/// Whether an asset was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssetState {
    /// It waits.
    Waiting,
    /// It was, and the attributes are its own.
    Seen,
    /// It was not to be had, and the attributes are guessed.
    Unreachable,
}

impl AssetState {
    fn code(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Seen => 1,
            Self::Unreachable => 2,
        }
    }
}

/// Notes what is known of an asset.
pub fn put_asset(connection: &mut dyn Connection, asset: &Asset) -> Result<(), StoreError> {
    connection.execute(
        "insert into assets (row_key, state, media_type, attributes, content, text_layer, notice) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (row_key) do update set state = excluded.state, \
         media_type = excluded.media_type, attributes = excluded.attributes, content = excluded.content, \
         text_layer = excluded.text_layer, notice = excluded.notice",
        &[
            asset.row_key.into(),
            asset.state.code().into(),
            asset.media_type.as_ref().into(),
            asset.attributes.as_ref().into(),
            asset.content.as_ref().into(),
            asset.text_layer.as_ref().into(),
            asset.notice.as_ref().into(),
        ],
    )?;
    Ok(())
}

/// Finds what is known of an asset; rows of an import have nothing here.
pub fn find_asset(connection: &mut dyn Connection, row_key: RowKey) -> Result<Option<Asset>, StoreError> {
    let sql = "select row_key, state, media_type, attributes, content, text_layer, notice from assets \
               where row_key = $1";
    connection.find(sql, &[row_key.into()], |row| Asset {
        row_key: row.int(0).unwrap_or(0),
        state: match row.int(1) {
            Some(0) => AssetState::Waiting,
            Some(2) => AssetState::Unreachable,
            _ => AssetState::Seen,
        },
        media_type: row.text(2),
        attributes: row.text(3),
        content: row.text(4),
        text_layer: row.text(5),
        notice: row.text(6),
    })
}

/// Lists rows whose assets wait, oldest first.
pub fn list_waiting(connection: &mut dyn Connection, limit: usize) -> Result<Vec<RowKey>, StoreError> {
    let sql = format!("select row_key from assets where state = 0 order by row_key limit {limit}");
    connection.list(&sql, &[], |row| row.int(0).unwrap_or(0))
}

/// Returns whether the assets of all these rows were looked at.
pub fn are_processed(connection: &mut dyn Connection, keys: &[RowKey]) -> Result<bool, StoreError> {
    let sql = "select 1 from assets where row_key = $1 and state = 0";
    for key in keys {
        if connection.find(sql, &[(*key).into()], |_| ())?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

fn attachment(row: &dyn RowView) -> Attachment {
    Attachment {
        row_key: row.int(0).unwrap_or(0),
        ordinal: row.int(1).unwrap_or(0),
        json: row.text(2).unwrap_or_default(),
    }
}

fn data_row(row: &dyn RowView) -> DataRow {
    DataRow {
        key: row.int(0).unwrap_or(0),
        id: row.text(1).unwrap_or_default(),
        dataset_key: row.int(2),
        data_type: row.text(3),
        head: row.text(4).unwrap_or_default(),
        details: row.text(5),
        media: row.text(6),
        global_key: row.text(7),
        external_id: row.text(8),
        created_ms: row.int(9),
        updated_ms: row.int(10),
    }
}
