//! Joined points that are not closed: `line`.

use super::{Geometry, Meaning, Tool, position};
use crate::read::labelbox_lines::error::Fault;
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::annotation::{Coordinates, Shape};
use labelport_model::data_type::Form;
use labelport_model::json::Value;

const KEY: &str = "line";
const DRAWERS: &[&str] = &["line"];
/// The fewest points that make a line.
const LEAST: usize = 2;

pub(super) static TOOL: Tool = Tool {
    key: KEY,
    meanings: &[
        Meaning { form: Form::Line, drawn_by: DRAWERS, read: plain },
        Meaning { form: Form::GeoLine, drawn_by: DRAWERS, read: on_map },
    ],
};

fn plain(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    Ok(Shape::Line(position::read_list(value, KEY, LEAST)?).into())
}

fn on_map(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let points = position::read_list(value, KEY, LEAST)?;
    Ok(position::geo(Coordinates::Line(position::all_on_map(points))))
}
