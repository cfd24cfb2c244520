//! Rings: `polygon`, open or closed. Exports repeat the first point at the end.

use super::{Geometry, Meaning, Tool, position};
use crate::read::labelbox_lines::error::Fault;
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::annotation::{Coordinates, Point, Shape};
use labelport_model::data_type::Form;
use labelport_model::json::Value;

const KEY: &str = "polygon";
const DRAWERS: &[&str] = &["polygon"];
/// The fewest points that make a ring.
const LEAST: usize = 3;

pub(super) static TOOL: Tool = Tool {
    key: KEY,
    meanings: &[
        Meaning { form: Form::Polygon, drawn_by: DRAWERS, read: plain },
        Meaning { form: Form::GeoPolygon, drawn_by: DRAWERS, read: on_map },
    ],
};

fn ring(value: Value<'_>) -> Result<Vec<Point<'static>>, Fault> {
    let mut ring = position::read_list(value, KEY, LEAST)?;
    position::close(&mut ring);
    Ok(ring)
}

fn plain(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    Ok(Shape::Polygon(ring(value)?).into())
}

fn on_map(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    Ok(position::geo(Coordinates::Polygon(vec![position::all_on_map(ring(value)?)])))
}
