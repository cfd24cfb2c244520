//! Assets: what the bytes behind a row say about it.
//!
//! A row is usable at once; its asset is looked at in the background, through the one client that leaves the process. An
//! asset that is not to be had costs the row nothing: its attributes are guessed from name and media type, and the
//! notice stays with the row.

use super::edit::Edits;
use crate::fetch::Limits;
use crate::media::{self, Attributes};
use crate::workspace::Workspace;
use labelport_model::json::{Document, ObjectWriter};
use labelport_model::problem::Problem;
use labelport_store::page::RowKey;
use labelport_store::rows::{self, Asset, AssetState, DataRow};
use labelport_store::things;
use std::time::Duration;

/// How much of an asset is read. Containers of video say what they are at their beginning or their end.
const LIMITS: Limits = Limits { size_bytes: 2 << 30, time: Duration::from_secs(120) };
/// How many rows are looked at before others get their turn.
const PORTION: usize = 256;
/// How many assets are fetched at once.
const FETCHERS: usize = 8;

/// Looks at assets that wait; returns whether there were any. One thread of a process does.
pub fn look_at_waiting(workspace: &Workspace, is_over: &dyn Fn() -> bool) -> Result<bool, Problem> {
    let waiting = workspace.read(|connection| Ok(rows::list_waiting(connection, PORTION)?))?;
    if waiting.is_empty() {
        return Ok(false);
    }
    for keys in waiting.chunks(FETCHERS) {
        if is_over() {
            return Ok(false);
        }
        let seen: Vec<Result<(), Problem>> = std::thread::scope(|scope| {
            let fetchers: Vec<_> = keys.iter().map(|row_key| scope.spawn(|| look_at(workspace, *row_key))).collect();
            let joined = fetchers.into_iter().map(|fetcher| fetcher.join());
            joined.map(|outcome| outcome.unwrap_or_else(|_| Err(Problem::internal("a fetcher panicked")))).collect()
        });
        for outcome in seen {
            outcome?;
        }
    }
    workspace.bell().ring();
    Ok(true)
}

/// Looks at the asset of one row.
fn look_at(workspace: &Workspace, row_key: RowKey) -> Result<(), Problem> {
    let org_key = workspace.org_key();
    let found = workspace.read(|connection| {
        let row = rows::find_by_key(connection, org_key, row_key)?;
        Ok(row.zip(rows::find_asset(connection, row_key)?))
    })?;
    let Some((row, asset)) = found else { return Ok(()) };
    let url = super::data_row::row_data(&row);
    let (attributes, notice) = inspect(workspace, &url, asset.media_type.as_deref());
    let text_layer = text_layer(workspace, &asset).or_else(|| attributes.text_layer.clone());
    store(workspace, row, Seen { asset, attributes, text_layer, notice })
}

fn inspect(workspace: &Workspace, url: &str, media_type: Option<&str>) -> (Attributes, Option<String>) {
    match workspace.fetch(url, LIMITS) {
        Ok(fetched) => {
            let asset = media::Asset {
                bytes: &fetched.bytes,
                content_type: fetched.content_type.as_deref(),
                url,
                media_type,
                content_length: fetched.content_length,
            };
            (media::inspect(&asset), None)
        }
        Err(reason) => (media::guess(url, media_type), Some(reason)),
    }
}

/// Returns the text layer that whoever created the row gave by URL.
fn text_layer(workspace: &Workspace, asset: &Asset) -> Option<String> {
    let given: serde_json::Value = serde_json::from_str(asset.text_layer.as_deref()?).ok()?;
    let fetched = workspace.fetch(given["url"].as_str()?, LIMITS).ok()?;
    // Kept in normal form, as everything that is looked into later.
    Document::parse(&fetched.bytes).ok().map(|document| document.text().to_owned())
}

/// What was found out about an asset.
struct Seen {
    asset: Asset,
    attributes: Attributes,
    text_layer: Option<String>,
    notice: Option<String>,
}

fn store(workspace: &Workspace, row: DataRow, seen: Seen) -> Result<(), Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let layer_id = workspace.chance().cuid();
    let Seen { asset, mut attributes, text_layer, notice } = seen;
    // A text layer that we made ourselves needs an address of ours; one that was given keeps its own.
    let given_url = asset
        .text_layer
        .as_deref()
        .and_then(|given| serde_json::from_str::<serde_json::Value>(given).ok()?["url"].as_str().map(str::to_owned));
    let layer_url = match (&given_url, &text_layer) {
        (Some(url), _) => Some(url.clone()),
        (None, Some(layer)) => {
            let name = "text-layer.json";
            let file = crate::workspace::NewFile {
                id: &layer_id,
                name,
                content_type: Some("application/json"),
                created_by: None,
            };
            Some(workspace.keep_file(&file, layer.as_bytes())?)
        }
        (None, None) => None,
    };
    if let Some(url) = layer_url {
        attributes.add_text_layer_url(&url);
    }
    workspace.write(move |connection| {
        if things::find_row_id(connection, row.key)?.is_none() {
            return Ok(());
        }
        let mut text = Vec::new();
        let mut part = ObjectWriter::open(&mut text);
        part.raw("data_row", serde_json::json!({ "id": row.id }).to_string().as_bytes());
        part.raw("media_attributes", attributes.export.as_bytes());
        part.close();
        let mut edits = Edits::begin(connection, org_key, now)?;
        // Attributes that contradict what the row is known to be are the asset's fault and are told, not stored.
        let refused = match edits.merge(&text) {
            Ok(_) => None,
            Err(problem) if problem.cause.is_none() => Some(problem.message),
            Err(problem) => return Err(problem),
        };
        let state = if notice.is_some() { AssetState::Unreachable } else { AssetState::Seen };
        let asset = Asset {
            row_key: row.key,
            state,
            attributes: Some(attributes.api),
            content: attributes.text,
            text_layer,
            notice: notice.or(refused),
            media_type: asset.media_type,
        };
        rows::put_asset(edits.connection, &asset)?;
        Ok(edits.finish()?)
    })
}

/// Tells whether the assets of all these rows were looked at; waits a moment for them.
pub fn are_processed(workspace: &Workspace, keys: &[RowKey], patience: Duration) -> Result<bool, Problem> {
    let mut is_done = false;
    workspace.bell().wait_until(workspace, patience, &mut || {
        is_done = workspace.read(|connection| Ok(rows::are_processed(connection, keys)?))?;
        Ok(is_done)
    })?;
    Ok(is_done)
}
