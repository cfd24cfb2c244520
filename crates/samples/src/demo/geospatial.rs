//! Tiled maps: the yard from above.

use serde_json::{Value, json};

use super::super::shape::flat_annotations;
use super::brush::{Brush, number};
use super::{Asset, Plan, Subject};

pub(super) const SUBJECT: Subject = Subject {
    name: "geospatial",
    dataset: "Aerial survey",
    label_kind: "Default",
    projects: &[Plan { name: "Track map", annotate, blank, rows: 6 }],
    assets,
};

fn assets() -> Vec<Asset> {
    let asset = |index: usize| {
        let (west, south) = corner(index);
        let bounds = json!([[number(south), number(west)], [number(south + 0.25), number(west + 0.25)],]);
        let layer = json!({
            "tile_layer_url": "https://tiles.example.test/alder/{z}/{x}/{y}.png",
            "bounds": bounds,
            "min_zoom": 12,
            "max_zoom": 20,
            "epsg": "EPSG4326",
        });
        Asset {
            external_id: format!("sheet-{}", index + 1),
            row_data: layer.to_string(),
            media_attributes: json!({"asset_type": "tms_geo", "mime_type": "application/x-tms-geo"}),
        }
    };
    (0..6).map(asset).collect()
}

fn blank() -> Value {
    flat_annotations(Vec::new(), Vec::new(), Vec::new())
}

/// Returns west and south of a sheet.
fn corner(index: usize) -> (f64, f64) {
    (12.125 + 0.25 * index as f64, -41.5)
}

fn annotate(brush: &mut Brush, index: usize) -> Value {
    let (west, south) = corner(index);
    let at = |east: f64, north: f64| json!([number(west + east), number(south + north)]);
    let depot = json!([[at(0.05, 0.05), at(0.05, 0.1), at(0.125, 0.1), at(0.125, 0.05), at(0.05, 0.05)]]);
    let depot = json!({"type": "Polygon", "coordinates": depot});
    let roof = brush.radio("roof", ["slate", "tin"][index % 2]);
    let depot = brush.object_with("depot", "GeoBoundingBox", vec![roof], vec![("geojson", depot)]);
    let crane = json!({"type": "Point", "coordinates": at(0.075, 0.08)});
    let crane = brush.object("crane", "GeoPoint", vec![("geojson", crane)]);
    let siding = json!({"type": "LineString", "coordinates": [at(0.01, 0.02), at(0.12, 0.033), at(0.2, 0.05)]});
    let siding = brush.object("siding", "GeoPolyline", vec![("geojson", siding)]);
    let pond = json!([[at(0.15, 0.15), at(0.18, 0.17), at(0.2, 0.14), at(0.15, 0.15)]]);
    let pond = json!({"type": "Polygon", "coordinates": pond});
    let pond = brush.object("pond", "GeoPolygon", vec![("geojson", pond)]);
    let survey = brush.radio("survey quality", ["sharp", "cloudy"][index % 2]);
    let remark = brush.text("remark", "Siding 4 was lifted after the survey.");
    flat_annotations(vec![depot, crane, siding, pond], vec![survey, remark], Vec::new())
}
