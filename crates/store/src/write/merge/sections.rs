//! The sections of a row that hang on nothing but the row, and reading what is stored of them.

use super::inserts::{Inserts, NewAttachment, NewFact};
use super::{Merger, Target, merge_ordered, texts_of};
use crate::engine::{Connection, StoreError};
use crate::row_key::RowKey;
use crate::write::counts::Standing;
use labelport_model::json::{Document, Members, merge_members};
use labelport_model::row::{Join, MetadataFact, Row};
use std::borrow::Cow;

/// The columns of a data row that a merge compares.
pub(super) struct StoredRow {
    pub(super) dataset_key: Option<i64>,
    pub(super) data_type: Option<String>,
    pub(super) global_key: Option<String>,
    pub(super) created_ms: Option<i64>,
    pub(super) updated_ms: Option<i64>,
    pub(super) activity_ms: Option<i64>,
    pub(super) known: i64,
    pub(super) head: String,
    pub(super) details: Option<String>,
    pub(super) media: Option<String>,
    pub(super) rest: Option<String>,
}

/// What a known row has once a line has joined it.
pub(super) struct Joined<'a> {
    pub(super) details: Option<Cow<'a, str>>,
    pub(super) media: Option<Cow<'a, str>>,
    pub(super) data_type: Option<Cow<'a, str>>,
}

/// Joins what a line gives to what is stored of a row.
pub(super) fn joined<'a>(row: &'a Row, stored: &'a StoredRow) -> Joined<'a> {
    let given = row.details.as_ref().map(|details| details.members.as_str());
    let (details, media) = (given, row.media.as_deref());
    let (known_details, known_media) = (stored.details.as_deref(), stored.media.as_deref());
    let (known_type, given_type) = (stored.data_type.as_deref(), row.data_type.map(|data_type| data_type.name));
    let first = known_type.or(given_type).map(Cow::from);
    match row.join {
        Join::Replace => Joined {
            details: details.or(known_details).map(Cow::from),
            media: media.or(known_media).map(Cow::from),
            data_type: first,
        },
        Join::Add => Joined {
            details: join(known_details, details, |known, given| merge_members(known, given, &[])),
            media: join(known_media, media, |known, given| {
                format!("{{{}}}", merge_members(inside(known), inside(given), &[]))
            }),
            // A record that names the type knows better than one that looks like it.
            data_type: match media.is_some_and(|media| media.contains("\"asset_type\":")) {
                true => given_type.or(known_type).map(Cow::from),
                false => first,
            },
        },
    }
}

/// Returns whether a known row stays in its dataset. A record that is one of several names the dataset alone, of which the
/// id may be another.
pub(super) fn stays_in_dataset(
    connection: &mut dyn Connection,
    dataset_key: i64,
    row: &Row,
) -> Result<bool, StoreError> {
    let named = row.details.as_ref().and_then(|details| details.dataset.as_ref());
    let (Join::Add, Some((_, Some(name)))) = (row.join, named) else { return Ok(false) };
    let sql = "select name from datasets where dataset_key = $1";
    Ok(connection.find(sql, &[dataset_key.into()], |found| found.text(0))?.flatten().as_ref() == Some(name))
}

/// The order of the keys of `data_row` that are known.
const HEAD_KEYS: &[&str] = &["id", "external_id", "global_key", "row_data"];

/// Joins the members of `data_row` to the stored ones.
pub(super) fn joined_head(row: &Row, stored: &str) -> String {
    let merged = merge_ordered(stored, &row.head, HEAD_KEYS);
    if row.join == Join::Replace || merged == stored {
        return merged;
    }
    // Records of several exports name one asset with several signatures.
    let [[known], [given]] = [stored, &merged].map(|head| texts_of(head, ["row_data"]));
    match (known, given) {
        (Some(known), Some(given)) if known != given && is_one_asset(&known, &given) => {
            let mut members = Members::default();
            members.push_text("row_data", &known);
            merge_ordered(&merged, members.as_str(), HEAD_KEYS)
        }
        _ => merged,
    }
}

/// Returns whether two URLs differ in nothing but what follows their paths.
fn is_one_asset(known: &str, given: &str) -> bool {
    let path = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
    known.contains("://") && path(known) == path(given)
}

fn join<'a>(
    known: Option<&'a str>,
    given: Option<&'a str>,
    merge: impl Fn(&str, &str) -> String,
) -> Option<Cow<'a, str>> {
    match (known, given) {
        (Some(known), Some(given)) => Some(merge(known, given).into()),
        (known, given) => given.or(known).map(Cow::from),
    }
}

/// Returns the members of an object in normal form.
fn inside(object: &str) -> &str {
    object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or("")
}

impl StoredRow {
    pub(super) fn get(connection: &mut dyn Connection, row_key: RowKey) -> Result<Self, StoreError> {
        let found = connection.find(
            "select dataset_key, data_type, global_key, created_ms, updated_ms, activity_ms, head, details, media, rest, \
             known from data_rows where row_key = $1",
            &[row_key.into()],
            |row| Self {
                dataset_key: row.int(0),
                data_type: row.text(1),
                global_key: row.text(2),
                created_ms: row.int(3),
                updated_ms: row.int(4),
                activity_ms: row.int(5),
                head: row.text(6).unwrap_or_default(),
                details: row.text(7),
                media: row.text(8),
                rest: row.text(9),
                known: row.int(10).unwrap_or(0),
            },
        )?;
        found.ok_or_else(|| StoreError::Damaged(format!("row_ids names data row {row_key}, which is not there")))
    }
}

/// The columns of a row in a project that a merge compares.
pub(super) struct StoredProjectRow {
    pub(super) details: Option<String>,
    pub(super) rest: Option<String>,
    pub(super) standing: Standing,
}

impl StoredProjectRow {
    pub(super) fn find(
        connection: &mut dyn Connection,
        project_key: i64,
        row_key: RowKey,
    ) -> Result<Option<Self>, StoreError> {
        connection.find(
            "select details, rest, status, batch_key, workflow_task_key from project_rows \
             where project_key = $1 and row_key = $2",
            &[project_key.into(), row_key.into()],
            |row| Self {
                details: row.text(0),
                rest: row.text(1),
                standing: Standing { status: row.int(2), batch_key: row.int(3), workflow_task_key: row.int(4) },
            },
        )
    }
}

/// The columns of a row in a model run that a merge compares.
pub(super) struct StoredRunRow {
    pub(super) head: String,
    pub(super) tail: String,
    pub(super) model_rest: Option<String>,
    pub(super) known: i64,
}

impl StoredRunRow {
    pub(super) fn find(
        connection: &mut dyn Connection,
        run_key: i64,
        row_key: RowKey,
    ) -> Result<Option<Self>, StoreError> {
        connection.find(
            "select head, tail, model_rest, known from run_rows where run_key = $1 and row_key = $2",
            &[run_key.into(), row_key.into()],
            |row| Self {
                head: row.text(0).unwrap_or_default(),
                tail: row.text(1).unwrap_or_default(),
                model_rest: row.text(2),
                known: row.int(3).unwrap_or(0),
            },
        )
    }
}

impl Merger {
    pub(super) fn merge_attachments<'a>(
        &mut self,
        connection: &mut dyn Connection,
        inserts: &mut Inserts<'a>,
        target: Target,
        row: &'a Row,
    ) -> Result<bool, StoreError> {
        let Some(given) = &row.attachments else { return Ok(false) };
        let sql = "select json from attachments where row_key = $1 order by ordinal";
        if is_stored(connection, target, sql, given.iter())? {
            return Ok(false);
        }
        if !target.is_new {
            connection.execute("delete from attachments where row_key = $1", &[target.row_key.into()])?;
        }
        for (ordinal, json) in (0..).zip(given) {
            inserts.attachments.push(NewAttachment { row_key: target.row_key, ordinal, json, id: attachment_id(json) });
        }
        Ok(true)
    }

    pub(super) fn merge_metadata<'a>(
        &mut self,
        connection: &mut dyn Connection,
        inserts: &mut Inserts<'a>,
        target: Target,
        row: &'a Row,
    ) -> Result<bool, StoreError> {
        let Some(given) = &row.metadata else { return Ok(false) };
        let sql = "select json from metadata where row_key = $1 and json is not null order by ordinal, part";
        if is_stored(connection, target, sql, given.iter().map(|value| &value.json))? {
            return Ok(false);
        }
        if !target.is_new {
            connection.execute("delete from metadata where row_key = $1", &[target.row_key.into()])?;
        }
        for (ordinal, value) in (0..).zip(given) {
            let scope = self.scope();
            let schema_key = self.names.metadata_schema(connection, &scope, value, &mut self.counts)?;
            // A value without any fact still is a value: its entry is written with none to compare.
            let facts = if value.facts.is_empty() { &[MetadataFact::Other] } else { &value.facts[..] };
            for (part, fact) in (0..).zip(facts) {
                if let MetadataFact::EnumOption { id, name } = fact {
                    self.names.metadata_option(connection, schema_key, id, name)?;
                }
                let json = (part == 0).then_some(value.json.as_str());
                inserts.metadata.push(NewFact { row_key: target.row_key, ordinal, part, schema_key, fact, json });
            }
        }
        Ok(true)
    }

    pub(super) fn merge_embeddings<'a>(
        &mut self,
        connection: &mut dyn Connection,
        inserts: &mut Inserts<'a>,
        target: Target,
        row: &'a Row,
    ) -> Result<bool, StoreError> {
        let Some(given) = &row.embeddings else { return Ok(false) };
        let sql = "select json from row_embeddings where row_key = $1 order by ordinal";
        if is_stored(connection, target, sql, given.iter().map(|value| &value.json))? {
            return Ok(false);
        }
        if !target.is_new {
            connection.execute("delete from row_embeddings where row_key = $1", &[target.row_key.into()])?;
        }
        for (ordinal, value) in (0..).zip(given) {
            let scope = self.scope();
            let embedding_key = self.names.embedding(connection, &scope, value)?;
            inserts.embeddings.push((target.row_key, ordinal, embedding_key, &value.json));
        }
        Ok(true)
    }
}

/// Returns the lists that a row gives, even if empty, as the column `known` counts them.
pub(super) fn known(row: &Row) -> i64 {
    i64::from(row.attachments.is_some())
        | i64::from(row.metadata.is_some()) << 1
        | i64::from(row.embeddings.is_some()) << 2
}

/// Returns whether a list is stored as given. A new row has nothing stored, so only an empty list does.
fn is_stored<'a>(
    connection: &mut dyn Connection,
    target: Target,
    sql: &str,
    given: impl ExactSizeIterator<Item = &'a String>,
) -> Result<bool, StoreError> {
    if target.is_new {
        return Ok(given.len() == 0);
    }
    let stored = connection.list(sql, &[target.row_key.into()], |row| row.text(0).unwrap_or_default())?;
    Ok(stored.iter().eq(given))
}

/// Returns the id of an attachment, which rows of an import may lack.
pub(super) fn attachment_id(json: &str) -> Option<String> {
    let document = Document::parse(json.as_bytes()).ok()?;
    document.root().get("id")?.as_text().map(Cow::into_owned)
}
