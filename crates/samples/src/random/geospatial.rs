//! Random tiled maps; positions are longitude and latitude.

use serde_json::{Value, json};

use super::super::ascii_json::milli;
use super::super::chance::Chance;
use super::super::shape::flat_annotations;
use super::pen::Pen;
use super::{Asset, Painter};

pub(super) const PAINTER: Painter = Painter { name: "geospatial", label_kind: "Default", asset, annotate };

fn asset(chance: &mut Chance) -> Asset {
    let layer = json!({
        "tile_layer_url": "https://tiles.example.test/{z}/{x}/{y}.png",
        "bounds": [[milli(-90_000), milli(-180_000)], [milli(90_000), milli(180_000)]],
        "min_zoom": chance.below(10),
        "max_zoom": chance.between(10, 20),
        "epsg": "EPSG4326",
    });
    Asset {
        row_data: layer.to_string(),
        media_attributes: json!({"asset_type": "tms_geo", "mime_type": "application/x-tms-geo"}),
    }
}

const KINDS: &[&str] = &["GeoBoundingBox", "GeoPoint", "GeoPolygon", "GeoPolyline"];

fn annotate(pen: &mut Pen, _: &Asset) -> Value {
    let objects = pen.objects(KINDS, 4, &|pen, kind| {
        let (form, coordinates) = match kind {
            "GeoBoundingBox" => ("Polygon", rectangle(pen)),
            "GeoPoint" => ("Point", position(pen)),
            "GeoPolygon" => ("Polygon", ring(pen)),
            _ => ("LineString", (0..pen.chance.between(2, 6)).map(|_| position(pen)).collect()),
        };
        vec![("geojson", json!({"type": form, "coordinates": coordinates}))]
    });
    flat_annotations(objects, pen.classifications("row"), Vec::new())
}

fn position(pen: &mut Pen) -> Value {
    json!([degrees(pen, 180), degrees(pen, 90)])
}

fn ring(pen: &mut Pen) -> Value {
    let mut positions: Vec<Value> = (0..pen.chance.between(3, 6)).map(|_| position(pen)).collect();
    positions.push(positions[0].clone());
    json!([positions])
}

/// Returns the ring of a rectangle from its south-west corner by way of the north-west.
fn rectangle(pen: &mut Pen) -> Value {
    let mut side = |limit: u64| {
        let low = pen.chance.below(2 * limit * 1000 - 1);
        let high = pen.chance.between(low + 1, 2 * limit * 1000);
        let offset = (limit * 1000) as i64;
        (milli(low as i64 - offset), milli(high as i64 - offset))
    };
    let (west, east) = side(180);
    let (south, north) = side(90);
    json!([[[west, south], [west, north], [east, north], [east, south], [west, south]]])
}

fn degrees(pen: &mut Pen, limit: u64) -> Value {
    milli(pen.chance.below(2 * limit * 1000 + 1) as i64 - (limit * 1000) as i64)
}
