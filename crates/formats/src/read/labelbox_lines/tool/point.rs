//! Single points: `point` with `x` and `y`.

use super::{Geometry, Shape, Tool, position};
use crate::read::labelbox_lines::error::Fault;
use crate::read::labelbox_lines::line::get;
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::data_type::{AnnotationKind, Form};
use labelport_model::json::Value;

const KEY: &str = "point";
const DRAWERS: &[&str] = &["point"];

pub(super) static TOOL: Tool = Tool {
    key: KEY,
    shapes: &[
        Shape { form: Form::Point, drawn_by: DRAWERS, write: plain },
        Shape { form: Form::GeoPoint, drawn_by: DRAWERS, write: on_map },
    ],
};

fn plain(_: &mut Scene<'_>, kind: &AnnotationKind, value: Value<'_>) -> Result<Geometry, Fault> {
    Ok(position::single(kind, &position::read(get(value, KEY)?)?))
}

fn on_map(_: &mut Scene<'_>, kind: &AnnotationKind, value: Value<'_>) -> Result<Geometry, Fault> {
    Ok(position::geojson(kind, "Point", &position::read(get(value, KEY)?)?.on_map()))
}
