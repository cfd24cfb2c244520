//! Single points: `point` with `x` and `y`.

use super::{Geometry, Meaning, Tool, position};
use crate::read::labelbox_lines::error::Fault;
use crate::read::labelbox_lines::line::get;
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::annotation::{Coordinates, Shape};
use labelport_model::data_type::Form;
use labelport_model::json::Value;

const KEY: &str = "point";
const DRAWERS: &[&str] = &["point"];

pub(super) static TOOL: Tool = Tool {
    key: KEY,
    meanings: &[
        Meaning { form: Form::Point, drawn_by: DRAWERS, read: plain },
        Meaning { form: Form::GeoPoint, drawn_by: DRAWERS, read: on_map },
    ],
};

fn plain(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    Ok(Shape::Point(position::read(get(value, KEY)?)?).into())
}

fn on_map(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    Ok(position::geo(Coordinates::Point(position::on_map(position::read(get(value, KEY)?)?))))
}
