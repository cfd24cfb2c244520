//! Tiled imagery: JSON with the URL of a tile layer, or that URL alone.

use crate::facts::{Facts, tiles_mime};
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
    Some(Facts::of(tiles_mime(epsg.to_ascii_lowercase().contains("simple"))))
}

/// Returns whether a URL is a template for many tiles.
pub(super) fn is_template(url: &str) -> bool {
    ["{x}", "{z}"].iter().all(|place| url.contains(place))
}
