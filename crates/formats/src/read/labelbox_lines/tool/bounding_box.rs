//! Rectangles: `bbox` with the corner that has the smaller coordinates, a height and a width.

use super::{Drawn, Geometry, Meaning, Tool, position};
use crate::read::labelbox_lines::error::{Fault, LineProblem};
use crate::read::labelbox_lines::line::{computed, find, get, get_float, get_from, get_number, get_object, one_of};
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::annotation::{Coordinates, Dimensions, Layout, Number, Position, Rect, Shape};
use labelport_model::data_type::Form;
use labelport_model::json::Value;

const KEY: &str = "bbox";
const DRAWERS: &[&str] = &["rectangle"];
/// PDF points to an inch.
const POINTS_PER_INCH: f64 = 72.0;
/// Pixels to an inch, as in browsers; the vendor does not say.
const PIXELS_PER_INCH: f64 = 96.0;
/// Decimals of computed points, as exports have at most.
const DECIMALS: i32 = 3;

pub(super) static TOOL: Tool = Tool {
    key: KEY,
    meanings: &[
        Meaning { form: Form::Box, drawn_by: DRAWERS, read: plain },
        Meaning { form: Form::PageBox, drawn_by: DRAWERS, read: on_page },
        Meaning { form: Form::GeoBox, drawn_by: DRAWERS, read: on_map },
    ],
};

fn check_lengths(bbox: Value<'_>) -> Result<(), Fault> {
    for key in ["height", "width"] {
        if get_number(bbox, key)? < 0.0 {
            return Err(Fault::at(get(bbox, key)?, LineProblem::Negative));
        }
    }
    Ok(())
}

fn read_rect(bbox: Value<'_>) -> Result<Rect<'static>, Fault> {
    let side = |key| get_float(bbox, key);
    let (top, left, height, width) = (side("top")?, side("left")?, side("height")?, side("width")?);
    Ok(Rect { top, left, height, width, layout: Layout::default() })
}

fn plain(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let bbox = get_object(value, KEY)?;
    check_lengths(bbox)?;
    Ok(Shape::Box(read_rect(bbox)?).into())
}

/// What the numbers of a page's box count.
#[derive(Clone, Copy)]
enum Unit {
    Points,
    /// So many points each.
    Lengths(f64),
    /// Hundredths of the page.
    Percent,
}

const UNITS: &[(&str, Unit)] = &[
    ("INCHES", Unit::Lengths(POINTS_PER_INCH)),
    ("PERCENT", Unit::Percent),
    ("PIXELS", Unit::Lengths(POINTS_PER_INCH / PIXELS_PER_INCH)),
    ("POINTS", Unit::Points),
];

/// A box on a page is stored in points, with the page number that was sent.
fn on_page(scene: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let bbox = get_object(value, KEY)?;
    check_lengths(bbox)?;
    let page = get_from(value, "page", 0)?;
    let size = scene.page_size(page);
    let unit = match find(value, "unit") {
        Some(unit) => one_of(unit, UNITS, "INCHES, PERCENT, PIXELS, POINTS")?,
        None => Unit::Points,
    };
    let (per_row, per_column) = match (unit, &size) {
        (Unit::Points, _) => (1.0, 1.0),
        (Unit::Lengths(points), _) => (points, points),
        (Unit::Percent, Some(size)) => (size.height / 100.0, size.width / 100.0),
        (Unit::Percent, None) => return Err(Fault::at(value, LineProblem::PageSizeUnknown)),
    };
    let scaled = |key, factor: f64| computed(bbox, get_number(bbox, key)? * factor, DECIMALS);
    let rect = match unit {
        Unit::Points => read_rect(bbox)?,
        _ => Rect {
            top: scaled("top", per_row)?,
            left: scaled("left", per_column)?,
            height: scaled("height", per_row)?,
            width: scaled("width", per_column)?,
            layout: Layout::default(),
        },
    };
    let mut drawn = Drawn { shape: Some(Shape::PageBox(rect)), page_number: Some(page), ..Drawn::default() };
    if let Some(size) = size {
        let (height, width) = (computed(bbox, size.height, DECIMALS)?, computed(bbox, size.width, DECIMALS)?);
        drawn.page_dimensions = Some(Dimensions { height, width, layout: Layout::default() });
    }
    Ok(Geometry::Drawn(Box::new(drawn)))
}

/// A box on a map is stored as a ring: south west, north west, north east, south east, south west.
///
/// Lines give `top` as the smaller latitude with a positive height, or as the larger one with a negative height.
fn on_map(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let bbox = get_object(value, KEY)?;
    let ends = |start: &'static str, length: &'static str| -> Result<[Number<'static>; 2], Fault> {
        let (from, by) = (get_number(bbox, start)?, get_number(bbox, length)?);
        let to = computed(bbox, from + by, position::DECIMALS)?;
        let from = get_float(bbox, start)?;
        Ok(if by < 0.0 { [to, from] } else { [from, to] })
    };
    let [west, east] = ends("left", "width")?;
    let [south, north] = ends("top", "height")?;
    let ring = [(&west, &south), (&west, &north), (&east, &north), (&east, &south), (&west, &south)];
    let position = |(longitude, latitude): (&Number<'static>, &Number<'static>)| Position {
        longitude: longitude.clone(),
        latitude: latitude.clone(),
        altitude: None,
    };
    Ok(position::geo(Coordinates::Box(vec![ring.map(position).into()])))
}
