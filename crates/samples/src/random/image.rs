//! Random images.

use serde_json::{Value, json};

use super::super::chance::Chance;
use super::super::shape::flat_annotations;
use super::pen::Pen;
use super::{Asset, Painter, words};

pub(super) const PAINTER: Painter = Painter { name: "image", label_kind: "Default", asset, annotate };

fn asset(chance: &mut Chance) -> Asset {
    let png = chance.happens(30);
    Asset {
        row_data: words::url(chance, if png { "png" } else { "jpg" }),
        media_attributes: json!({
            "height": chance.between(16, 4_000),
            "width": chance.between(16, 4_000),
            "asset_type": "image",
            "mime_type": if png { "image/png" } else { "image/jpeg" },
            "exif_rotation": chance.between(1, 8),
        }),
    }
}

const KINDS: &[&str] = &["ImageBoundingBox", "ImagePoint", "ImagePolygon", "ImagePolyline", "ImageSegmentationMask"];

fn annotate(pen: &mut Pen, asset: &Asset) -> Value {
    let (height, width) = (asset.attribute("height"), asset.attribute("width"));
    let objects = pen.objects(KINDS, 5, &|pen, kind| match kind {
        "ImageBoundingBox" => vec![("bounding_box", pen.bounding_box(height, width))],
        "ImagePoint" => vec![("point", pen.point(height, width))],
        "ImagePolygon" => vec![("polygon", pen.polygon(height, width))],
        "ImagePolyline" => vec![("line", pen.line(height, width))],
        _ => vec![("composite_mask", pen.mask(1))],
    });
    let relationships = pen.relationships("ImageUnidirectionalRelationship", &objects);
    flat_annotations(objects, pen.classifications("row"), relationships)
}
