//! Tiled imagery: JSON with the URL of a tile layer, or that URL alone.

use crate::facts::Facts;
use crate::{Asset, json};
use labelport_model::json::Document;

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    of(&json::parse(asset.bytes)?)
}

/// Returns the facts of a JSON text that names a tile layer.
pub(super) fn of(document: &Document) -> Option<Facts> {
    let root = document.root();
    root.get("tileLayerUrl").or_else(|| root.get("tile_layer_url"))?.as_text()?;
    let epsg = root.get("epsg").and_then(|epsg| epsg.as_text()).unwrap_or_default();
    Some(Facts::of(mime_type(epsg.to_ascii_lowercase().contains("simple"))))
}

/// Tells whether a URL stands for many tiles.
pub(super) fn is_template(url: &str) -> bool {
    ["{x}", "{z}"].iter().all(|place| url.contains(place))
}

/// Returns the mime type of tiles on the earth or, when simple, on a picture.
pub(super) fn mime_type(is_simple: bool) -> &'static str {
    if is_simple { "application/x-tms-simple" } else { "application/x-tms-geo" }
}
