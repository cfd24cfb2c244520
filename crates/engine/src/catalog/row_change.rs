//! Changes of data rows that are there.
//!
//! A change replaces what is given and leaves the rest. Another asset may be of another data type as long as nobody has
//! labelled the row: annotations of one data type mean nothing on another.

use super::asset;
use super::data_row::{Origin, Vocabulary, compose, find_given, get, read_row_data};
use crate::ambient::Chance;
use crate::edits::Edits;
use crate::workspace::Workspace;
use labelport_media as media;
use labelport_model::data_type::DataType;
use labelport_model::json::{Document, Value};
use labelport_model::problem::{Problem, ProblemKind};
use labelport_model::time::Timestamp;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows::{self, Asset, DataRow};
use labelport_store::tables::labels;
use labelport_store::write::activity;

/// Changes the parts of a row that are given: `external_id`, `global_key`, `row_data`, `metadata_fields`.
pub fn update(workspace: &Workspace, id: &str, payload: Vec<u8>) -> Result<(), Problem> {
    check_kind(workspace, id, &payload)?;
    let (org_key, now, chance) = (workspace.org_key(), workspace.now(), workspace.shared_chance());
    let id = id.to_owned();
    workspace.write(move |connection| {
        let found = data_rows::find(connection, org_key, &id)?;
        let row = found.ok_or_else(|| Problem::not_found("data row", &id))?;
        let vocabulary = Vocabulary::read(connection, org_key)?;
        let mut edits = Edits::begin(connection, org_key, now)?;
        let document = Document::parse(&payload).map_err(Problem::internal)?;
        change(&mut edits, org_key, &row, document.root(), &vocabulary, (&*chance, now))?;
        Ok(edits.finish()?)
    })?;
    workspace.wake_up().notify();
    Ok(())
}

/// Looks at the asset that is to take the place of one with labels, since its URL need not say what it is. One that cannot
/// be reached is taken for what its name says.
fn check_kind(workspace: &Workspace, id: &str, payload: &[u8]) -> Result<(), Problem> {
    let document = Document::parse(payload).map_err(Problem::internal)?;
    let Some(content) = find_given(document.root(), "row_data") else { return Ok(()) };
    let (content, row) = (read_row_data(content)?, get(workspace, id)?);
    if media::of_inline(&content, None).is_some()
        || !workspace.read(|connection| Ok(labels::has_any(connection, row.key)?))?
    {
        return Ok(());
    }
    let found = asset::data_type_of(workspace, &content)?;
    refuse_other_kind(&row, found)
}

/// Changes a row in a transaction that is open.
pub(super) fn change(
    edits: &mut Edits<'_>,
    org_key: i64,
    row: &DataRow,
    payload: Value<'_>,
    vocabulary: &Vocabulary,
    (chance, now): (&dyn Chance, Timestamp),
) -> Result<(), Problem> {
    let key = find_given(payload, "global_key").and_then(Value::as_text);
    if let Some(key) = &key
        && data_rows::find_key_by_global_key(edits.connection, org_key, key)?.is_some_and(|owner| owner != row.key)
    {
        return Err(Problem::malformed(format!("Duplicate global key: '{key}'")));
    }
    let origin = Origin { id: &row.id, dataset: None, created_by: "", now };
    let composed = compose(payload, &origin, vocabulary, chance)?;
    if let Some(content) = find_given(payload, "row_data") {
        let content = read_row_data(content)?;
        let declared = composed.asset.as_ref().and_then(|asset| asset.media_type.as_deref());
        let attributes = media::of_inline(&content, declared).unwrap_or_else(|| media::guess(&content, declared));
        take_other_kind(edits, row, attributes.data_type)?;
    }
    edits.merge(&composed.row)?;
    if let Some(asset) = composed.asset {
        let known = data_rows::find_asset(edits.connection, row.key)?;
        let media_type = asset.media_type.clone().or(known.and_then(|known| known.media_type));
        data_rows::put_asset(edits.connection, &Asset { row_key: row.key, media_type, ..asset })?;
    }
    note_update(edits, row.key, now)
}

/// Lets an asset of another data type take the place of the one that a row has, unless somebody labelled that.
fn take_other_kind(edits: &mut Edits<'_>, row: &DataRow, new: Option<&'static DataType>) -> Result<(), Problem> {
    if !labels::has_any(edits.connection, row.key)? {
        // What the new one is shows when it is looked at.
        return Ok(data_rows::forget_data_type(edits.connection, row.key)?);
    }
    refuse_other_kind(row, new)
}

fn refuse_other_kind(row: &DataRow, new: Option<&'static DataType>) -> Result<(), Problem> {
    let Some(known) = row.data_type.as_deref() else { return Ok(()) };
    match new.filter(|new| new.name != known) {
        Some(new) => Err(Problem::new(
            ProblemKind::NotAllowed,
            format!(
                "the data row {} has labels, and its asset cannot change from {known} to {}; create a new data row, or \
                 delete the labels first",
                row.id, new.name
            ),
        )),
        None => Ok(()),
    }
}

/// Moves `updated_at` of a row.
fn note_update(edits: &mut Edits<'_>, row_key: RowKey, now: Timestamp) -> Result<(), Problem> {
    activity::note_update(edits.connection, row_key, now)?;
    Ok(edits.touch(row_key)?)
}
