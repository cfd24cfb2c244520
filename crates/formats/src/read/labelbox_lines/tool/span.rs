//! Characters of a text: `location` with a start and an end that is included.

use super::{Geometry, Meaning, Tool};
use crate::read::labelbox_lines::answer::get_message;
use crate::read::labelbox_lines::error::{Fault, LineProblem};
use crate::read::labelbox_lines::line::{get_object, range};
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::annotation::{MessageSpan, Shape, Span, Text};
use labelport_model::data_type::Form;
use labelport_model::json::Value;

const KEY: &str = "location";
const DRAWERS: &[&str] = &["named-entity"];

pub(super) static TOOL: Tool = Tool {
    key: KEY,
    meanings: &[
        Meaning { form: Form::Span, drawn_by: DRAWERS, read: in_text },
        Meaning { form: Form::MessageSpan, drawn_by: DRAWERS, read: in_message },
    ],
};

/// The token is omitted if the text is unknown.
fn in_text(scene: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let location = get_object(value, KEY)?;
    let mut span = read_span(location)?;
    if let Some(text) = &scene.text {
        let token = text
            .slice(span.start, span.end)
            .ok_or_else(|| Fault::at(location, LineProblem::BeyondText { end: span.last(), length: text.length() }))?;
        span.token = Some(Text::new(token));
    }
    Ok(Shape::Span(span).into())
}

fn in_message(scene: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let span = read_span(get_object(value, KEY)?)?;
    let message = get_message(value)?;
    scene.check_message(value, &message)?;
    let place = MessageSpan { message_id: Some(Text::new(&message)), span, ..MessageSpan::default() };
    Ok(Shape::MessageSpan(place).into())
}

/// The end is included in lines, but not in spans.
fn read_span(location: Value<'_>) -> Result<Span<'static>, Fault> {
    let (start, last) = range(location, 0)?;
    Ok(Span { start: start.unsigned_abs(), end: last.unsigned_abs() + 1, ..Span::default() })
}
