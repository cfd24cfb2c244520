//! Data rows: composed from what the SDK sends, read, changed and deleted.

pub use labelport_store::tables::data_rows::{DataRow, ListRows};

use super::embedding;
use super::metadata::{self, Book};
use super::{attachment, global_key, media_type};
use crate::ambient::Chance;
use crate::edits::{self, Edits};
use crate::workspace::Workspace;
use labelport_media as media;
use labelport_model::id::{DataRowId, DatasetId};
use labelport_model::json::{Document, Kind, Value};
use labelport_model::problem::Problem;
use labelport_model::quote::Quoted;
use labelport_model::row::{EmbeddingValue, Row, RowDetails};
use labelport_model::time::Timestamp;
use labelport_store::Connection;
use labelport_store::StoreError;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows::{self, Asset, AssetState};
use labelport_store::tables::embeddings::{self, Embedding};
use labelport_store::write::removal;
use std::borrow::Cow;

/// What a workspace knows that rows are composed with.
pub struct Vocabulary {
    /// The metadata fields.
    pub book: Book,
    /// The embeddings.
    pub embeddings: Vec<Embedding>,
}

impl Vocabulary {
    /// Reads it.
    pub fn read(connection: &mut dyn Connection, org_key: i64) -> Result<Self, StoreError> {
        let embeddings = embeddings::list(connection, org_key)?;
        Ok(Self { book: Book::read(connection, org_key)?, embeddings })
    }
}

/// A row ready to be merged.
pub struct Composed {
    /// The part of the row that was given.
    pub row: Row,
    /// What is known of its asset; none where `row_data` is not given.
    pub asset: Option<Asset>,
}

/// Whose row is composed.
#[derive(Debug, Clone)]
pub struct Origin<'a> {
    /// The id of the row.
    pub id: &'a str,
    /// The id of the dataset and its name, for a new row.
    pub dataset: Option<(&'a str, &'a str)>,
    /// The e-mail address of who creates it.
    pub created_by: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// Composes a row from a payload of the SDK; what the payload does not have is not said.
pub fn compose(
    payload: Value<'_>,
    origin: &Origin<'_>,
    vocabulary: &Vocabulary,
    chance: &dyn Chance,
) -> Result<Composed, Problem> {
    let given = |key: &str| find_given(payload, key);
    check_keys(payload)?;
    let media_type = match given("media_type") {
        Some(value) => Some(media_type::read(&read_text("media_type", value)?)?),
        None => None,
    };
    let content = given("row_data").map(read_row_data).transpose()?;
    let attributes = content.as_deref().and_then(|content| media::of_inline(content, media_type.as_deref()));
    if let (Some(media_type), Some(attributes)) = (&media_type, &attributes)
        && let Some(detected) = media::mismatch(attributes, media_type)
    {
        let expected = format!("{}/*", media_type.to_ascii_lowercase());
        return Err(Problem::malformed(format!("Expected type {expected}, detected: {detected}")));
    }
    let mut row = Row::part(edits::read_id(origin.id, DataRowId::parse)?);
    if let Some(id) = read_checked("external_id", given("external_id"), external_id_fault)? {
        row = row.with_external_id(&id);
    }
    if let Some(key) = read_checked("global_key", given("global_key"), global_key::fault)? {
        row = row.with_global_key(&key);
    }
    if let Some(content) = &content {
        row = row.with_row_data(content);
    }
    if let Some((dataset_id, dataset_name)) = origin.dataset {
        let dataset = (edits::read_id(dataset_id, DatasetId::parse)?, dataset_name);
        row = row.with_details(RowDetails::new(dataset, origin.created_by, origin.now));
    }
    let media = attributes.as_ref().map(|attributes| attributes.export.as_str());
    if let Some(media) = media.or(origin.dataset.map(|_| "{}")) {
        row = edits::read_piece(media, |media| row.with_media(media))?;
    }
    if let Some(attachments) = read_attachments(given("attachments"), origin, chance)? {
        row = edits::read_piece(&attachments, |list| row.with_attachments(list))?;
    }
    if let Some(entries) = read_metadata(payload, origin, &vocabulary.book)? {
        row = edits::read_piece(&metadata::to_json(&entries), |list| row.with_metadata(list))?;
    }
    if let Some(list) = given("embeddings") {
        row = row.with_embeddings(read_embeddings(list, &vocabulary.embeddings)?);
    } else if origin.dataset.is_some() {
        row = row.with_embeddings(Vec::new());
    }
    let text_layer = given_text_layer(given("row_data"))?;
    let asset = content.map(|_| Asset {
        row_key: 0,
        state: if attributes.is_some() { AssetState::Seen } else { AssetState::Waiting },
        media_type,
        content: attributes.as_ref().and_then(|attributes| attributes.text.clone()),
        text_layer,
        attributes: attributes.map(|attributes| attributes.api),
        notice: None,
    });
    Ok(Composed { row, asset })
}

/// The members that a row may be given with, by the names of today and of the SDK of 2023.
const KEYS: [&str; 24] = [
    "attachments",
    "created_at",
    "createdAt",
    "customMetadata",
    "dataset_id",
    "data",
    "embeddings",
    "external_id",
    "externalId",
    "global_key",
    "globalKey",
    "id",
    "media_attributes",
    "mediaAttributes",
    "media_type",
    "mediaType",
    "metadata",
    "metadata_fields",
    "metadataFields",
    "row_data",
    "rowData",
    "uid",
    "updated_at",
    "updatedAt",
];

/// Fails if a row is given with a member that nobody reads. The SDK sends what a row reads back with as well, which
/// changes nothing, and all there is of a layer of tiles.
fn check_keys(payload: Value<'_>) -> Result<(), Problem> {
    let unknown = payload.members().map(|(key, _)| key).find(|key| !KEYS.contains(key));
    match unknown.filter(|_| payload.get("tileLayerUrl").is_none()) {
        Some(key) => {
            let key = Quoted::new(key);
            let known = "attachments, embeddings, external_id, global_key, media_type, metadata_fields, row_data";
            Err(Problem::malformed(format!("{key} is no member of a data row; write one of: {known}")))
        }
        None => Ok(()),
    }
}

fn read_text<'a>(key: &str, value: Value<'a>) -> Result<Cow<'a, str>, Problem> {
    let wrong = || Problem::malformed(format!("{key} has to be a text and is {}", value.kind().named()));
    value.as_text().ok_or_else(wrong)
}

/// Reads a text that is given, unless something is wrong with it.
fn read_checked<'a>(
    key: &str,
    given: Option<Value<'a>>,
    fault: impl Fn(&str) -> Option<String>,
) -> Result<Option<Cow<'a, str>>, Problem> {
    let Some(value) = given else { return Ok(None) };
    let text = read_text(key, value)?;
    match fault(&text) {
        Some(fault) => Err(Problem::malformed(fault)),
        None => Ok(Some(text)),
    }
}

/// The most characters of an external id.
const EXTERNAL_ID_LIMIT: usize = 5_000;

/// Returns what is wrong with a text as an external id, if anything is. It is often the path of a file, whose name may
/// have line ends.
fn external_id_fault(id: &str) -> Option<String> {
    if id.contains('\0') {
        return Some(format!("the external_id {} has a NUL character; remove it", Quoted::new(id)));
    }
    let length = id.chars().count();
    (length > EXTERNAL_ID_LIMIT)
        .then(|| format!("an external_id has at most {EXTERNAL_ID_LIMIT} characters, this one has {length}"))
}

/// Finds a member of a payload, by the name of today or of the SDK of 2023.
pub(super) fn find_given<'a>(payload: Value<'a>, key: &str) -> Option<Value<'a>> {
    let older = match key {
        "external_id" => "externalId",
        "global_key" => "globalKey",
        "media_type" => "mediaType",
        "metadata_fields" => "metadataFields",
        "row_data" => "data",
        _ => key,
    };
    let found = payload.get(key).or_else(|| payload.get(older));
    // A layer of tiles may stand in the place of its row.
    let found = found.or_else(|| (key == "row_data" && payload.get("tileLayerUrl").is_some()).then_some(payload));
    found.filter(|value| value.kind() != Kind::Null)
}

/// Returns what an export shows as `row_data`: a text as it is, an object as its JSON, a document as its URL.
pub(super) fn read_row_data(value: Value<'_>) -> Result<String, Problem> {
    if let Some(text) = value.as_text() {
        return match text.trim().is_empty() {
            true => Err(Problem::malformed("row_data is empty; give a URL or the content itself")),
            false => Ok(text.into_owned()),
        };
    }
    if value.kind() != Kind::Object {
        let message = format!("row_data is {}; give a URL, a text or an object", value.kind().named());
        return Err(Problem::malformed(message));
    }
    let url = ["pdf_url", "pdfUrl"].into_iter().find_map(|key| value.get(key).and_then(Value::as_text));
    Ok(url.map_or_else(|| value.raw().to_owned(), Cow::into_owned))
}

/// Returns the URL of the text layer in what is given as `row_data`.
pub(super) fn given_layer_url(row_data: Option<Value<'_>>) -> Option<String> {
    let value = row_data.filter(|value| value.kind() == Kind::Object)?;
    let url = ["text_layer_url", "textLayerUrl"].into_iter().find_map(|key| value.get(key).and_then(Value::as_text))?;
    Some(url.into_owned())
}

/// Returns a text layer that somebody gave, in the form in which it is kept until it is fetched.
///
/// # Errors
/// If it is something else than a URL.
fn given_text_layer(row_data: Option<Value<'_>>) -> Result<Option<String>, Problem> {
    for key in ["text_layer_url", "textLayerUrl"] {
        let given = row_data.filter(|value| value.kind() == Kind::Object).and_then(|value| value.get(key));
        match given.map(Value::kind) {
            None | Some(Kind::Null | Kind::String) => {}
            Some(kind) => return Err(Problem::malformed(format!("{key} is {}; give a URL", kind.named()))),
        }
    }
    Ok(given_layer_url(row_data).map(|url| serde_json::json!({ "url": url }).to_string()))
}

fn read_attachments(
    list: Option<Value<'_>>,
    origin: &Origin<'_>,
    chance: &dyn Chance,
) -> Result<Option<String>, Problem> {
    let Some(list) = list else { return Ok(origin.dataset.map(|_| "[]".to_owned())) };
    if list.kind() != Kind::Array {
        return Err(Problem::malformed("attachments have to be an array"));
    }
    let mut attachments = Vec::new();
    for given in list.elements() {
        let given = read_given("attachments", given)?;
        attachments.push(attachment::compose(chance, &given)?);
    }
    Ok(Some(serde_json::Value::Array(attachments).to_string()))
}

fn read_metadata(
    payload: Value<'_>,
    origin: &Origin<'_>,
    book: &Book,
) -> Result<Option<Vec<metadata::Entry>>, Problem> {
    let parsed = |key: &str| -> Result<Option<serde_json::Value>, Problem> {
        let value = find_given(payload, key);
        value.map(|value| read_given(key, value)).transpose()
    };
    if let Some(fields) = parsed("metadata_fields")? {
        return book.entries_of_flat(&fields).map(Some);
    }
    if let Some(fields) = parsed("metadata")? {
        return book.entries_of_named(&fields).map(Some);
    }
    Ok(origin.dataset.map(|_| Vec::new()))
}

/// Reads a value into memory. It is JSON, and may be nested deeper than anything that could be meant.
fn read_given(key: &str, value: Value<'_>) -> Result<serde_json::Value, Problem> {
    serde_json::from_str(value.raw()).map_err(|_| Problem::malformed(format!("{key}: more than 127 levels of nesting")))
}

/// Reads vectors, whose numbers stay as they are spelled.
fn read_embeddings(list: Value<'_>, known: &[Embedding]) -> Result<Vec<EmbeddingValue>, Problem> {
    if list.kind() != Kind::Array {
        let message = format!("embeddings is {}; give an array of objects", list.kind().named());
        return Err(Problem::malformed(message));
    }
    let mut embeddings = Vec::new();
    for given in list.elements() {
        let id = given.get("embeddingId").and_then(Value::as_text).unwrap_or_default();
        let Some(embedding) = known.iter().find(|embedding| embedding.id == id) else {
            return Err(Problem::malformed(format!("there is no embedding with the id {id:?}; create it first")));
        };
        let vector = given.get("vector").ok_or_else(|| Problem::malformed("an embedding comes without its vector"))?;
        embeddings.push(embedding::read_vector(embedding, vector).map_err(Problem::malformed)?);
    }
    Ok(embeddings)
}

/// Returns a data row.
pub fn get(workspace: &Workspace, id: &str) -> Result<DataRow, Problem> {
    let found = workspace.read(|connection| Ok(data_rows::find(connection, workspace.org_key(), id)?))?;
    found.ok_or_else(|| Problem::not_found("data row", id))
}

/// Lists a page of a dataset's rows.
pub fn list(workspace: &Workspace, which: &ListRows) -> Result<Vec<DataRow>, Problem> {
    workspace.read(|connection| Ok(data_rows::list(connection, workspace.org_key(), which)?))
}

/// Returns what the data-row API shows of a row's asset; `exported` is the row's `media_attributes`, if it was imported
/// with them.
pub fn media_attributes(
    workspace: &Workspace,
    row_key: RowKey,
    exported: Option<&str>,
) -> Result<serde_json::Value, Problem> {
    let asset = workspace.read(|connection| Ok(data_rows::find_asset(connection, row_key)?))?;
    let stored = match asset {
        Some(asset) => asset.attributes,
        None => exported.map(media::to_api),
    };
    Ok(stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(|| serde_json::json!({})))
}

/// Returns `row_data` of a row.
pub fn row_data(row: &DataRow) -> String {
    let document = Document::parse(format!("{{{}}}", row.head).as_bytes());
    let text = document.ok().and_then(|document| document.root().get("row_data")?.as_text().map(Cow::into_owned));
    text.unwrap_or_default()
}

/// Deletes rows with everything that belongs to them; returns the ids of those that were there.
pub fn delete(workspace: &Workspace, ids: Vec<String>) -> Result<Vec<String>, Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    workspace.write(move |connection| {
        let mut edits = Edits::begin(connection, org_key, now)?;
        let change_seq = edits.change_seq()?;
        let mut deleted = Vec::new();
        for id in ids {
            if let Some(row) = data_rows::find(edits.connection, org_key, &id)? {
                removal::remove_row(edits.connection, org_key, change_seq, row.key)?;
                edits.note_touched();
                deleted.push(id);
            }
        }
        edits.finish()?;
        Ok(deleted)
    })
}

/// Finds a row by its key.
pub fn find_by_key(workspace: &Workspace, row_key: RowKey) -> Result<Option<DataRow>, Problem> {
    workspace.read(|connection| Ok(data_rows::find_by_key(connection, workspace.org_key(), row_key)?))
}

/// Lists the ids of the rows with an external id, oldest first.
pub fn list_ids_by_external_id(workspace: &Workspace, external_id: &str) -> Result<Vec<String>, Problem> {
    let org_key = workspace.org_key();
    let rows = workspace.read(|connection| Ok(data_rows::list_by_external_id(connection, org_key, external_id)?))?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// Lists the keys of the rows that ids and global keys name; unknown ones are left out.
pub fn list_keys(workspace: &Workspace, ids: &[String], global_keys: &[String]) -> Result<Vec<RowKey>, Problem> {
    let org_key = workspace.org_key();
    workspace.read(|connection| {
        let mut row_keys = Vec::new();
        for id in ids {
            row_keys.extend(data_rows::find_key(connection, id)?);
        }
        for key in global_keys {
            row_keys.extend(data_rows::find_key_by_global_key(connection, org_key, key)?);
        }
        Ok(row_keys)
    })
}

/// Lists the metadata of a row, each entry as an export shows it.
pub fn list_metadata(workspace: &Workspace, row_key: RowKey) -> Result<Vec<String>, Problem> {
    workspace.read(|connection| Ok(data_rows::list_metadata(connection, row_key)?))
}
