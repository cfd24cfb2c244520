//! Random documents; boxes and entities count pages from 1.

use serde_json::{Value, json};

use super::super::chance::Chance;
use super::super::shape::flat_annotations;
use super::pen::Pen;
use super::{Asset, Painter, words};

pub(super) const PAINTER: Painter = Painter { name: "document", label_kind: "Default", asset, annotate };

fn asset(chance: &mut Chance) -> Asset {
    Asset {
        row_data: words::url(chance, "pdf"),
        media_attributes: json!({
            "asset_type": "pdf",
            "mime_type": "application/pdf",
            "page_count": chance.between(1, 9),
            "text_layer_url": words::url(chance, "json"),
        }),
    }
}

const KINDS: &[&str] = &["DocumentBoundingBox", "DocumentEntityToken"];

fn annotate(pen: &mut Pen, asset: &Asset) -> Value {
    let page_count = asset.attribute("page_count");
    let objects = pen.objects(KINDS, 4, &|pen, kind| {
        if kind == "DocumentEntityToken" {
            let groups: Vec<Value> = (0..pen.chance.between(1, 3)).map(|_| group(pen, page_count)).collect();
            return vec![("location", json!({"groups": groups}))];
        }
        vec![
            ("page_number", pen.chance.between(1, page_count).into()),
            ("bounding_box", pen.bounding_box(PAGE_HEIGHT, PAGE_WIDTH)),
            ("page_dimensions", json!({"height": PAGE_HEIGHT as f64, "width": PAGE_WIDTH as f64})),
        ]
    });
    let relationships = pen.relationships("DocumentUnidirectionalRelationship", &objects);
    flat_annotations(objects, pen.classifications("row"), relationships)
}

const PAGE_HEIGHT: u64 = 792;
const PAGE_WIDTH: u64 = 612;

fn group(pen: &mut Pen, page_count: u64) -> Value {
    let tokens: Vec<String> = (0..pen.chance.between(1, 3)).map(|_| pen.chance.uuid()).collect();
    json!({
        "id": pen.chance.uuid(),
        "page_number": pen.chance.between(1, page_count),
        "tokens": tokens,
        "text": words::content(&mut pen.chance, 20),
    })
}
