//! Images: cameras over the yard, labelled for rolling stock and, a second time, for people.

use serde_json::{Value, json};

use super::super::shape::flat_annotations;
use super::brush::Brush;
use super::{Asset, Plan, Subject};

pub(super) const SUBJECT: Subject = Subject {
    name: "image",
    dataset: "Alder yard cameras",
    label_kind: "Default",
    projects: &[
        Plan { name: "Rolling stock inventory", annotate: stock, blank, rows: 12 },
        Plan { name: "Lineside safety audit", annotate: safety, blank, rows: 10 },
    ],
    assets,
};

fn assets() -> Vec<Asset> {
    let asset = |index: u64| {
        let png = index % 4 == 3;
        let name = format!("camera-{:02}{}", index + 1, if png { ".png" } else { ".jpg" });
        Asset {
            row_data: format!("https://assets.example.test/yard/{name}"),
            external_id: name,
            media_attributes: json!({
                "height": if png { 1080 } else { 720 },
                "width": if png { 1920 } else { 1280 },
                "asset_type": "image",
                "mime_type": if png { "image/png" } else { "image/jpeg" },
                "exif_rotation": if index == 5 { 6 } else { 1 },
            }),
        }
    };
    (0..12).map(asset).collect()
}

fn blank() -> Value {
    flat_annotations(Vec::new(), Vec::new(), Vec::new())
}

fn stock(brush: &mut Brush, index: usize) -> Value {
    let step = 11.0 * index as f64;
    let cargo = brush.radio("cargo", ["ballast", "timber", "milk"][index % 3]);
    let kind = brush.radio_with("wagon kind", ["tank", "flat", "hopper"][index % 3], vec![cargo]);
    let wagon_box = brush.bounding_box(212.5, 84.0 + step, 160.25, 340.0);
    let wagon = brush.object_with("wagon", "ImageBoundingBox", vec![kind], vec![("bounding_box", wagon_box)]);
    let engine_box = brush.bounding_box(198.0, 460.125 + step, 182.0, 295.5);
    let engine = brush.object("locomotive", "ImageBoundingBox", vec![("bounding_box", engine_box)]);
    let corners = [(40.5, 418.0), (610.0 + step, 402.25), (640.0 + step, 505.5), (52.0, 540.0), (40.5, 418.0)];
    let platform = brush.points(&corners);
    let platform = brush.object("platform", "ImagePolygon", vec![("polygon", platform)]);
    let rail = brush.points(&[(12.0, 612.0), (403.5, 566.0 - step / 2.0), (882.0, 531.875)]);
    let rail = brush.object("rail", "ImagePolyline", vec![("line", rail)]);
    let lamp = brush.point(731.5, 96.0 + step);
    let lamp = brush.object("signal lamp", "ImagePoint", vec![("point", lamp)]);
    let coupled = brush.relationship("coupled to", "ImageUnidirectionalRelationship", &wagon, &engine);
    let mut objects = vec![wagon, engine, platform, rail, lamp];
    if index % 6 == 1 {
        for name in ["ballast bed", "vegetation"] {
            let mask = brush.mask(&format!("image {index}"), 1);
            objects.push(brush.object(name, "ImageSegmentationMask", vec![("composite_mask", mask)]));
        }
    }
    let weather = brush.radio("weather", ["clear", "sleet", "fog"][index % 3]);
    let mut classifications = vec![brush.radio_with("light", ["daylight", "dusk"][index % 2], vec![weather])];
    if index % 3 != 2 {
        classifications.push(brush.checklist("track condition", &["wet rail", "leaf fall"][..1 + index % 2]));
    }
    classifications.push(brush.text("remark", REMARKS[index % REMARKS.len()]));
    flat_annotations(objects, classifications, vec![coupled])
}

fn safety(brush: &mut Brush, index: usize) -> Value {
    let step = 7.5 * index as f64;
    let mut objects = Vec::new();
    for number in 0..1 + index % 3 {
        let gear = brush.checklist("gear", &["vest", "helmet"][..1 + (index + number) % 2]);
        let person = brush.bounding_box(301.0, 140.25 + step + 90.0 * number as f64, 88.5, 34.0);
        objects.push(brush.object_with("person", "ImageBoundingBox", vec![gear], vec![("bounding_box", person)]));
    }
    let zone = [(90.0, 380.0), (420.5 + step, 371.0), (433.25 + step, 466.5), (90.0, 380.0)];
    let zone = brush.points(&zone);
    objects.push(brush.object("danger zone", "ImagePolygon", vec![("polygon", zone)]));
    let verdict = brush.radio("verdict", ["safe", "unsafe"][index % 2]);
    flat_annotations(objects, vec![verdict], Vec::new())
}

const REMARKS: [&str; 4] = [
    "Second wagon is half hidden by the water crane.",
    "Number plate \"80-42\" readable; brackets {like these} are painted on.",
    "Neblig, K\u{fc}hlwagen kaum sichtbar \u{1f32b}\u{fe0f}",
    "",
];
