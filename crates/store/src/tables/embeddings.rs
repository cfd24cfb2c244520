//! Embeddings: named spaces of vectors. Each vector belongs to a data row.

use crate::engine::{Connection, StoreError};
use crate::row_key::RowKey;
use crate::write::changes;
use labelport_model::time::Timestamp;

/// An embedding as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedding {
    /// The public id.
    pub id: String,
    /// The name.
    pub name: String,
    /// How many numbers a vector has.
    pub dimensions: i64,
    /// Whether somebody made it, and not the platform.
    pub is_custom: bool,
}

/// Lists the embeddings, oldest first.
pub fn list(connection: &mut dyn Connection, org_key: i64) -> Result<Vec<Embedding>, StoreError> {
    let sql = "select id, name, dimensions, is_custom from embeddings where org_key = $1 and id <> '' \
               order by embedding_key";
    connection.list(sql, &[org_key.into()], |row| Embedding {
        id: row.text(0).unwrap_or_default(),
        name: row.text(1).unwrap_or_default(),
        dimensions: row.int(2).unwrap_or(0),
        is_custom: row.int(3) == Some(1),
    })
}

/// Creates an embedding.
pub fn create(
    connection: &mut dyn Connection,
    org_key: i64,
    embedding: &Embedding,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection.execute(
        "insert into embeddings (org_key, id, name, dimensions, is_custom, created_ms) values ($1, $2, $3, $4, $5, $6)",
        &[
            org_key.into(),
            (&embedding.id).into(),
            (&embedding.name).into(),
            embedding.dimensions.into(),
            embedding.is_custom.into(),
            now.as_millis().into(),
        ],
    )?;
    Ok(())
}

/// Deletes an embedding with its vectors, of which every row gets a change number; returns whether there was one. The vectors
/// after them move up.
pub fn delete(connection: &mut dyn Connection, org_key: i64, id: &str, change_seq: i64) -> Result<bool, StoreError> {
    let Some(key) = find_key(connection, org_key, id)? else { return Ok(false) };
    let rows = "select e.row_key from row_embeddings e where e.embedding_key = $2";
    changes::touch_rows(connection, rows, key, change_seq)?;
    // In two steps, since the place before is taken until its vector has moved.
    connection.execute(
        "update row_embeddings set ordinal = -ordinal where \
         row_key in (select e.row_key from row_embeddings e where e.embedding_key = $1) and ordinal > \
         (select e.ordinal from row_embeddings e where e.embedding_key = $1 and e.row_key = row_embeddings.row_key)",
        &[key.into()],
    )?;
    connection.execute("delete from row_embeddings where embedding_key = $1", &[key.into()])?;
    connection.execute("update row_embeddings set ordinal = -ordinal - 1 where ordinal < 0", &[])?;
    connection.execute("delete from embeddings where embedding_key = $1", &[key.into()])?;
    Ok(true)
}

/// Counts the data rows that have a vector of an embedding.
pub fn count_vectors(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<i64, StoreError> {
    let Some(key) = find_key(connection, org_key, id)? else { return Ok(0) };
    connection.count("select count(*) from row_embeddings where embedding_key = $1", &[key.into()])
}

/// Gives a row a vector, in the place of the one that it has of the same embedding. `json` is the entry as an export shows
/// it.
pub fn put_vector(
    connection: &mut dyn Connection,
    org_key: i64,
    row_key: RowKey,
    id: &str,
    json: &str,
) -> Result<(), StoreError> {
    let Some(key) = find_key(connection, org_key, id)? else { return Ok(()) };
    let sql = "update row_embeddings set json = $1 where row_key = $2 and embedding_key = $3";
    if connection.execute(sql, &[json.into(), row_key.into(), key.into()])? == 0 {
        let sql = "select coalesce(max(ordinal), -1) + 1 from row_embeddings where row_key = $1";
        let ordinal = connection.count(sql, &[row_key.into()])?;
        let sql = "insert into row_embeddings (row_key, ordinal, embedding_key, json) values ($1, $2, $3, $4)";
        connection.execute(sql, &[row_key.into(), ordinal.into(), key.into(), json.into()])?;
    }
    Ok(())
}

fn find_key(connection: &mut dyn Connection, org_key: i64, id: &str) -> Result<Option<i64>, StoreError> {
    let sql = "select embedding_key from embeddings where org_key = $1 and id = $2";
    Ok(connection.find(sql, &[org_key.into(), id.into()], |row| row.int(0))?.flatten())
}
