//! Points as lines give them and as exports show them: `{x, y}` in pixels, `[longitude, latitude]` on maps.

use super::Geometry;
use crate::read::labelbox_lines::error::Fault;
use crate::read::labelbox_lines::line::{get_float, get_list, get_number, object};
use labelport_model::data_type::AnnotationKind;
use labelport_model::json::{Members, Value};

/// Decimals of computed degrees: a tenth of a millimetre.
pub(super) const DECIMALS: i32 = 9;

/// A point with its numbers spelled as floats.
pub(super) struct Position {
    x: String,
    y: String,
    /// The numbers, by which a ring is seen to be closed.
    numbers: (f64, f64),
}

/// Reads `x` and `y`.
pub(super) fn read(value: Value<'_>) -> Result<Position, Fault> {
    let (x, y) = (get_float(object(value)?, "x")?, get_float(value, "y")?);
    Ok(Position { x, y, numbers: (get_number(value, "x")?, get_number(value, "y")?) })
}

/// Reads a list of points.
pub(super) fn read_list(value: Value<'_>, key: &'static str, least: usize) -> Result<Vec<Position>, Fault> {
    get_list(value, key, "points", least)?.into_iter().map(read).collect()
}

/// Repeats the first point of a ring at its end, unless it stands there.
pub(super) fn close(ring: &mut Vec<Position>) {
    let (Some(first), Some(last)) = (ring.first(), ring.last()) else { return };
    if first.numbers != last.numbers {
        let repeated = Position { x: first.x.clone(), y: first.y.clone(), numbers: first.numbers };
        ring.push(repeated);
    }
}

impl Position {
    fn in_pixels(&self) -> String {
        format!("{{\"x\":{},\"y\":{}}}", self.x, self.y)
    }

    /// Returns the point as GeoJSON has it.
    pub(super) fn on_map(&self) -> String {
        format!("[{},{}]", self.x, self.y)
    }
}

/// Returns a geometry of one point in pixels.
pub(super) fn single(kind: &AnnotationKind, point: &Position) -> Geometry {
    members(kind, &point.in_pixels())
}

/// Returns a geometry of several points in pixels.
pub(super) fn several(kind: &AnnotationKind, points: &[Position]) -> Geometry {
    let points: Vec<String> = points.iter().map(Position::in_pixels).collect();
    members(kind, &format!("[{}]", points.join(",")))
}

/// Returns the coordinates of several points on a map.
pub(super) fn coordinates(points: &[Position]) -> String {
    let points: Vec<String> = points.iter().map(Position::on_map).collect();
    format!("[{}]", points.join(","))
}

/// Returns a GeoJSON geometry.
pub(super) fn geojson(kind: &AnnotationKind, sort: &str, coordinates: &str) -> Geometry {
    members(kind, &format!("{{\"type\":\"{sort}\",\"coordinates\":{coordinates}}}"))
}

fn members(kind: &AnnotationKind, json: &str) -> Geometry {
    let mut members = Members::default();
    members.push_raw(kind.geometry_key, json);
    Geometry::Members(members.into_string())
}
