//! Assets: what the bytes of a row say about it.
//!
//! A row is usable at once; its asset is looked at in the background, through the one client that leaves the process. An
//! asset that is not to be had costs the row nothing: its attributes are guessed from name and media type, and the
//! notice stays with the row.

pub use labelport_store::tables::data_rows::{Asset, AssetState};

use super::data_row::row_data;
use crate::edits::{self, Edits};
use crate::outbound::Limits;
use crate::workspace::{Workspace, unwritable};
use labelport_media::{self as media, Attributes, Window};
use labelport_model::data_type::DataType;
use labelport_model::id::DataRowId;
use labelport_model::json::{Document, Kind, Value};
use labelport_model::problem::Problem;
use labelport_model::row::Row;
use labelport_store::row_key::RowKey;
use labelport_store::tables::data_rows::{self, DataRow};
use serde_json::json;
use std::time::Duration;

/// How long reading an asset may take.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// The most bytes of a text layer that is given by URL.
const TEXT_LAYER_LIMITS: Limits =
    Limits { size_bytes: 64 << 20, remedy: "give a smaller text layer", time: TIME_LIMIT };
/// How many rows are looked at before others get their turn.
const PORTION: usize = 256;
/// How many assets are fetched at once.
const FETCHERS: usize = 8;

/// Looks at assets that wait; returns whether there were any. One thread of a process does.
pub fn look_at_waiting(workspace: &Workspace, is_over: &dyn Fn() -> bool) -> Result<bool, Problem> {
    let waiting = workspace.read(|connection| Ok(data_rows::list_waiting(connection, PORTION)?))?;
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
    workspace.wake_up().notify();
    Ok(true)
}

/// Looks at the asset of one row.
fn look_at(workspace: &Workspace, row_key: RowKey) -> Result<(), Problem> {
    let org_key = workspace.org_key();
    let found = workspace.read(|connection| {
        let row = data_rows::find_by_key(connection, org_key, row_key)?;
        Ok(row.zip(data_rows::find_asset(connection, row_key)?))
    })?;
    let Some((row, asset)) = found else { return Ok(()) };
    let url = row_data(&row);
    let Inspected { attributes, is_reached, notice } = inspect(workspace, &url, asset.media_type.as_deref())?;
    let (given, notice) = match given_layer_url(&asset).map(|layer_url| read_text_layer(workspace, &layer_url)) {
        Some(Ok(layer)) => (Some(layer), notice),
        Some(Err(problem)) => (None, notice.or(Some(problem.message))),
        None => (None, notice),
    };
    let text_layer = with_page_sizes(given.or_else(|| attributes.text_layer.clone()), &attributes.page_sizes);
    store(workspace, row, Seen { asset, attributes, text_layer, is_reached, notice })
}

/// Returns the data type of an asset, judging by its bytes, or by its name if it cannot be reached.
pub(super) fn data_type_of(workspace: &Workspace, url: &str) -> Result<Option<&'static DataType>, Problem> {
    Ok(inspect(workspace, url, None)?.attributes.data_type)
}

/// What the bytes of an asset say.
struct Inspected {
    attributes: Attributes,
    is_reached: bool,
    notice: Option<String>,
}

/// Reads an asset into a temporary file and looks at it. Fails only where the file cannot be kept.
fn inspect(workspace: &Workspace, url: &str, media_type: Option<&str>) -> Result<Inspected, Problem> {
    let limits = Limits {
        size_bytes: workspace.client().asset_limit_bytes(),
        remedy: "make it smaller, or start the server with a larger --max-asset-mib",
        time: TIME_LIMIT,
    };
    let mut file = workspace.files().scratch().map_err(unwritable)?;
    let fetched = match workspace.fetch(url, limits, &mut file) {
        Ok(fetched) => fetched,
        Err(problem) if problem.cause.is_some() => return Err(problem),
        Err(problem) => {
            let (attributes, notice) = (media::guess(url, media_type), Some(problem.message));
            return Ok(Inspected { attributes, is_reached: false, notice });
        }
    };
    let window = Window::read(&mut file).map_err(unwritable)?;
    let asset = media::Asset {
        content_type: fetched.content_type.as_deref(),
        media_type,
        content_length: fetched.content_length,
        ..media::Asset::new(&window, url)
    };
    let attributes = media::inspect(&asset);
    let notice = attributes.is_partial.then(|| {
        let mib = Window::whole_bytes() >> 20;
        format!(
            "the asset has more than {mib} MiB: what it is was read from its beginning, its pages and text were not"
        )
    });
    Ok(Inspected { attributes, is_reached: true, notice })
}

/// Returns the URL of the text layer that the creator of the row gave.
fn given_layer_url(asset: &Asset) -> Option<String> {
    let given: serde_json::Value = serde_json::from_str(asset.text_layer.as_deref()?).ok()?;
    given["url"].as_str().map(str::to_owned)
}

/// Reads a text layer that is given by URL: a list of pages, in normal form, as everything that is looked into later.
///
/// # Errors
/// If it cannot be fetched, or is not a list of pages: objects with `groups`, and with a size or none.
pub(super) fn read_text_layer(workspace: &Workspace, url: &str) -> Result<String, Problem> {
    let bytes = workspace.fetch_bytes(url, TEXT_LAYER_LIMITS)?;
    let not_a_layer = |reason: String| Problem::malformed(format!("the text layer at {url}: {reason}"));
    let document = Document::parse(&bytes).map_err(|error| not_a_layer(format!("it is not JSON: {error}")))?;
    let root = document.root();
    if root.kind() != Kind::Array {
        return Err(not_a_layer(format!("it is {}; give a list of pages", root.kind().named())));
    }
    for (index, page) in root.elements().enumerate() {
        check_page(page).map_err(|reason| not_a_layer(format!("[{index}]{reason}")))?;
    }
    Ok(document.text().to_owned())
}

fn check_page(page: Value<'_>) -> Result<(), String> {
    if page.kind() != Kind::Object {
        return Err(format!(" is {}; give an object with the groups of a page", page.kind().named()));
    }
    let given = |key: &str| page.get(key).filter(|value| value.kind() != Kind::Null);
    for key in ["width", "height"] {
        let is_size = |size: Value<'_>| size.as_f64().is_some_and(|size| size > 0.0 && size.is_finite());
        if given(key).is_some_and(|size| !is_size(size)) {
            return Err(format!(".{key} is not a positive number; give a size in points, or leave it out"));
        }
    }
    match given("groups").filter(|groups| groups.kind() != Kind::Array) {
        Some(groups) => Err(format!(".groups is {}; give a list", groups.kind().named())),
        None => Ok(()),
    }
}

/// Adds the sizes of pages to a text layer that lacks them, and the pages that it lacks. Boxes on a page need its size,
/// whatever its words are.
fn with_page_sizes(layer: Option<String>, sizes: &[[f64; 2]]) -> Option<String> {
    if sizes.is_empty() {
        return layer;
    }
    let given = layer.as_deref().unwrap_or("[]");
    let Ok(serde_json::Value::Array(mut pages)) = serde_json::from_str(given) else { return layer };
    let mut is_changed = false;
    for (index, [width, height]) in sizes.iter().enumerate() {
        let number = index + 1;
        let numbered = pages.iter().position(|page| page["number"] == number);
        let placed = || Some(index).filter(|index| pages.get(*index).is_some_and(|page| page["number"].is_null()));
        let Some(at) = numbered.or_else(placed) else {
            pages.push(json!({ "number": number, "width": width, "height": height, "groups": [] }));
            is_changed = true;
            continue;
        };
        let Some(page) = pages[at].as_object_mut() else { continue };
        let has = |key: &str| page.get(key).is_some_and(serde_json::Value::is_number);
        if !has("width") || !has("height") {
            page.insert("width".to_owned(), json!(width));
            page.insert("height".to_owned(), json!(height));
            is_changed = true;
        }
    }
    if !is_changed {
        return layer;
    }
    let completed = serde_json::Value::Array(pages).to_string();
    Document::parse(completed.as_bytes()).ok().map(|document| document.text().to_owned())
}

/// What was found out about an asset.
struct Seen {
    asset: Asset,
    attributes: Attributes,
    text_layer: Option<String>,
    is_reached: bool,
    notice: Option<String>,
}

fn store(workspace: &Workspace, row: DataRow, seen: Seen) -> Result<(), Problem> {
    let (org_key, now) = (workspace.org_key(), workspace.now());
    let layer_id = workspace.chance().cuid();
    let Seen { asset, mut attributes, text_layer, is_reached, notice } = seen;
    // A text layer that we made ourselves needs an address of ours; one that was given keeps its own.
    // Pages without text have sizes, which are no layer to show.
    let own_layer = text_layer.as_ref().filter(|_| attributes.text_layer.is_some());
    let layer_url = match (given_layer_url(&asset), own_layer) {
        (Some(url), _) => Some(url),
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
        let found = data_rows::find_by_key(connection, org_key, row.key)?;
        let known = data_rows::find_asset(connection, row.key)?;
        // Of a row that got another asset meanwhile nothing is known yet: it waits, and is looked at in its turn.
        let is_same = known.is_some_and(|known| {
            (known.state, &known.text_layer, &known.media_type) == (asset.state, &asset.text_layer, &asset.media_type)
        }) && found.is_some_and(|found| row_data(&found) == row_data(&row));
        if !is_same {
            return Ok(());
        }
        let part = Row::part(edits::read_id(&row.id, DataRowId::parse)?);
        let part = edits::read_piece(&attributes.export, |media| part.with_media(media))?;
        let mut edits = Edits::begin(connection, org_key, now)?;
        // Attributes that contradict what the row is known to be are a fault of the asset and are reported, not stored.
        let refused = match edits.merge(&part) {
            Ok(_) => None,
            Err(problem) if problem.cause.is_none() => Some(problem.message),
            Err(problem) => return Err(problem),
        };
        let state = if is_reached { AssetState::Seen } else { AssetState::Unreachable };
        let asset = Asset {
            row_key: row.key,
            state,
            attributes: Some(attributes.api),
            content: attributes.text,
            text_layer,
            notice: notice.or(refused),
            media_type: asset.media_type,
        };
        data_rows::put_asset(edits.connection, &asset)?;
        Ok(edits.finish()?)
    })
}

/// Returns whether the assets of all these rows were looked at; waits a moment for them.
pub fn are_processed(workspace: &Workspace, keys: &[RowKey], patience: Duration) -> Result<bool, Problem> {
    let mut is_done = false;
    workspace.wake_up().wait_until(workspace.clock(), patience, &mut || {
        is_done = workspace.read(|connection| Ok(data_rows::are_processed(connection, keys)?))?;
        Ok(is_done)
    })?;
    Ok(is_done)
}

/// Finds what is known of a row's asset; `None` for a row that was imported with its attributes.
pub fn find(workspace: &Workspace, row_key: RowKey) -> Result<Option<Asset>, Problem> {
    workspace.read(|connection| Ok(data_rows::find_asset(connection, row_key)?))
}
