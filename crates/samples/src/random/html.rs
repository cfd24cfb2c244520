//! Random web pages, which have no objects.

use serde_json::{Value, json};

use super::super::chance::Chance;
use super::super::shape::flat_annotations;
use super::pen::Pen;
use super::{Asset, Painter, words};

pub(super) const PAINTER: Painter = Painter { name: "html", label_kind: "Default", asset, annotate };

fn asset(chance: &mut Chance) -> Asset {
    Asset {
        row_data: words::url(chance, "html"),
        media_attributes: json!({"asset_type": "html", "mime_type": "text/html"}),
    }
}

fn annotate(pen: &mut Pen, _: &Asset) -> Value {
    flat_annotations(Vec::new(), pen.classifications("row"), Vec::new())
}
