//! Preferences among messages of a chat: `messageEvaluationTask` with a format and its data.

use super::{Geometry, Shape, Tool};
use crate::read::labelbox_lines::error::Fault;
use crate::read::labelbox_lines::line::{get, get_list, get_object, get_text, get_whole, object, one_of, quoted};
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::data_type::{AnnotationKind, Form};
use labelport_model::json::{Members, Value};

const KEY: &str = "messageEvaluationTask";
// A format is called like the tool of an ontology that asks for it.
const CHOICE: &str = "message-single-selection";
const CHOICES: &str = "message-multi-selection";
const RANKS: &str = "message-ranking";

pub(super) static TOOL: Tool = Tool {
    key: KEY,
    shapes: &[
        Shape { form: Form::MessageChoice, drawn_by: &[CHOICE], write: choice },
        Shape { form: Form::MessageChoices, drawn_by: &[CHOICES], write: choices },
        Shape { form: Form::MessageRanks, drawn_by: &[RANKS], write: ranks },
    ],
};

/// Returns the data of a task, whose format must be that of the feature.
fn data<'v>(value: Value<'v>, format: &'static str) -> Result<Value<'v>, Fault> {
    let task = get_object(value, KEY)?;
    one_of(get(task, "format")?, &[(format, ())], format)?;
    get_object(task, "data")
}

/// Writes the members that a message has in every format.
fn message(value: Value<'_>) -> Result<Members, Fault> {
    let mut members = Members::default();
    members.push_raw("message_id", &quoted(&get_text(object(value)?, "messageId")?));
    members.push_raw("model_config_name", &quoted(&get_text(value, "modelConfigName")?));
    Ok(members)
}

fn geometry(kind: &AnnotationKind, mut members: Members, data: Value<'_>) -> Result<Geometry, Fault> {
    members.push_raw("parent_message_id", &quoted(&get_text(data, "parentMessageId")?));
    let mut outer = Members::default();
    outer.push_raw(kind.geometry_key, &format!("{{{}}}", members.as_str()));
    Ok(Geometry::Members(outer.into_string()))
}

fn choice(_: &mut Scene<'_>, kind: &AnnotationKind, value: Value<'_>) -> Result<Geometry, Fault> {
    let data = data(value, CHOICE)?;
    geometry(kind, message(data)?, data)
}

fn choices(_: &mut Scene<'_>, kind: &AnnotationKind, value: Value<'_>) -> Result<Geometry, Fault> {
    let data = data(value, CHOICES)?;
    let mut chosen = Vec::new();
    for each in get_list(data, "selectedMessages", "messages", 0)? {
        chosen.push(format!("{{{}}}", message(each)?.as_str()));
    }
    let mut members = Members::default();
    members.push_raw("messages", &format!("[{}]", chosen.join(",")));
    geometry(kind, members, data)
}

fn ranks(_: &mut Scene<'_>, kind: &AnnotationKind, value: Value<'_>) -> Result<Geometry, Fault> {
    let data = data(value, RANKS)?;
    let mut ranked = Vec::new();
    for each in get_list(data, "rankedMessages", "messages", 0)? {
        let mut members = message(each)?;
        members.push_raw("order", &get_whole(each, "order")?.to_string());
        ranked.push(format!("{{{}}}", members.as_str()));
    }
    let mut members = Members::default();
    members.push_raw("ranked_messages", &format!("[{}]", ranked.join(",")));
    geometry(kind, members, data)
}
