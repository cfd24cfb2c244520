//! Points as lines give them and as they are stored: `{x, y}` in pixels, `[longitude, latitude]` on maps.

use super::Geometry;
use crate::read::labelbox_lines::error::Fault;
use crate::read::labelbox_lines::line::{get_float, get_list, object};
use labelport_model::annotation::{Coordinates, Geo, Point, Position, Shape};
use labelport_model::json::Value;

/// Decimals of computed degrees: a tenth of a millimetre.
pub(super) const DECIMALS: i32 = 9;

/// Reads `x` and `y`.
pub(super) fn read(value: Value<'_>) -> Result<Point<'static>, Fault> {
    Ok(Point { x: get_float(object(value)?, "x")?, y: get_float(value, "y")?, ..Point::default() })
}

/// Reads a list of points.
pub(super) fn read_list(value: Value<'_>, key: &'static str, least: usize) -> Result<Vec<Point<'static>>, Fault> {
    get_list(value, key, "points", least)?.into_iter().map(read).collect()
}

/// Repeats the first point of a ring at its end, unless it is there already.
pub(super) fn close(ring: &mut Vec<Point<'static>>) {
    let (Some(first), Some(last)) = (ring.first(), ring.last()) else { return };
    if first != last {
        ring.push(first.clone());
    }
}

/// Returns a point as maps have it.
pub(super) fn on_map(point: Point<'static>) -> Position<'static> {
    Position { longitude: point.x, latitude: point.y, altitude: None }
}

/// Returns points as maps have them.
pub(super) fn all_on_map(points: Vec<Point<'static>>) -> Vec<Position<'static>> {
    points.into_iter().map(on_map).collect()
}

/// Returns a geometry on a map.
pub(super) fn geo(coordinates: Coordinates<'static>) -> Geometry {
    Shape::Geo(Geo::new(coordinates)).into()
}
