//! Rings: `polygon`, open or closed. Exports repeat the first point at the end.

use super::{Geometry, Shape, Tool, position};
use crate::read::labelbox_lines::error::Fault;
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::data_type::{AnnotationKind, Form};
use labelport_model::json::Value;

const KEY: &str = "polygon";
const DRAWERS: &[&str] = &["polygon"];
/// The fewest points that make a ring.
const LEAST: usize = 3;

pub(super) static TOOL: Tool = Tool {
    key: KEY,
    shapes: &[
        Shape { form: Form::Polygon, drawn_by: DRAWERS, write: plain },
        Shape { form: Form::GeoPolygon, drawn_by: DRAWERS, write: on_map },
    ],
};

fn ring(value: Value<'_>) -> Result<Vec<position::Position>, Fault> {
    let mut ring = position::read_list(value, KEY, LEAST)?;
    position::close(&mut ring);
    Ok(ring)
}

fn plain(_: &mut Scene<'_>, kind: &AnnotationKind, value: Value<'_>) -> Result<Geometry, Fault> {
    Ok(position::several(kind, &ring(value)?))
}

fn on_map(_: &mut Scene<'_>, kind: &AnnotationKind, value: Value<'_>) -> Result<Geometry, Fault> {
    Ok(position::geojson(kind, "Polygon", &format!("[{}]", position::coordinates(&ring(value)?))))
}
