//! Characters of a text: `location` with a start and an end that is included.

use super::{Geometry, Shape, Tool};
use crate::read::labelbox_lines::answer::get_message;
use crate::read::labelbox_lines::error::{Fault, Problem};
use crate::read::labelbox_lines::line::{get_object, quoted, range};
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::data_type::{AnnotationKind, Form};
use labelport_model::json::{Members, Value};

const KEY: &str = "location";
const DRAWERS: &[&str] = &["named-entity"];

pub(super) static TOOL: Tool = Tool {
    key: KEY,
    shapes: &[
        Shape { form: Form::Span, drawn_by: DRAWERS, write: in_text },
        Shape { form: Form::MessageSpan, drawn_by: DRAWERS, write: in_message },
    ],
};

/// The token is left out where nobody knows the text.
fn in_text(scene: &mut Scene<'_>, kind: &AnnotationKind, value: Value<'_>) -> Result<Geometry, Fault> {
    let location = get_object(value, KEY)?;
    let (start, end) = range(location, 0)?;
    let mut span = format!("{{\"start\":{start},\"end\":{end}");
    if let Some(text) = &scene.text {
        let token = text
            .slice(start, end)
            .ok_or_else(|| Fault::at(location, Problem::BeyondText { end: end as i64, length: text.length() }))?;
        span.push_str(&format!(",\"token\":{}", quoted(token)));
    }
    span.push('}');
    let mut members = Members::default();
    members.push_raw(kind.geometry_key, &span);
    Ok(Geometry::Members(members.into_string()))
}

fn in_message(scene: &mut Scene<'_>, kind: &AnnotationKind, value: Value<'_>) -> Result<Geometry, Fault> {
    let (start, end) = range(get_object(value, KEY)?, 0)?;
    let message = get_message(value)?;
    scene.check_message(value, &message)?;
    let place = format!("{{\"message_id\":{},\"location\":{{\"start\":{start},\"end\":{end}}}}}", quoted(&message));
    let mut members = Members::default();
    members.push_raw(kind.geometry_key, &place);
    Ok(Geometry::Members(members.into_string()))
}
