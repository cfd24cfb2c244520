//! Preferences among messages of a chat: `messageEvaluationTask` with a format and its data.

use super::{Geometry, Meaning, Tool};
use crate::read::labelbox_lines::error::Fault;
use crate::read::labelbox_lines::line::{get, get_list, get_object, get_text, get_whole, object, one_of};
use crate::read::labelbox_lines::scene::Scene;
use labelport_model::annotation::{Message, MessageChoice, MessageChoices, MessageRanks, Shape, Text};
use labelport_model::data_type::Form;
use labelport_model::json::Value;

const KEY: &str = "messageEvaluationTask";
// A format is called like the tool of an ontology that asks for it.
const CHOICE: &str = "message-single-selection";
const CHOICES: &str = "message-multi-selection";
const RANKS: &str = "message-ranking";

pub(super) static TOOL: Tool = Tool {
    key: KEY,
    meanings: &[
        Meaning { form: Form::MessageChoice, drawn_by: &[CHOICE], read: choice },
        Meaning { form: Form::MessageChoices, drawn_by: &[CHOICES], read: choices },
        Meaning { form: Form::MessageRanks, drawn_by: &[RANKS], read: ranks },
    ],
};

/// Returns the data of a task, whose format must be that of the feature.
fn data<'v>(value: Value<'v>, format: &'static str) -> Result<Value<'v>, Fault> {
    let task = get_object(value, KEY)?;
    one_of(get(task, "format")?, &[(format, ())], format)?;
    get_object(task, "data")
}

fn read_text(value: Value<'_>, key: &'static str) -> Result<Option<Text<'static>>, Fault> {
    Ok(Some(Text::new(&get_text(value, key)?)))
}

/// Reads what a message has in every format.
fn message(value: Value<'_>) -> Result<Message<'static>, Fault> {
    Ok(Message {
        message_id: read_text(object(value)?, "messageId")?,
        model_config_name: read_text(value, "modelConfigName")?,
        ..Message::default()
    })
}

fn parent(data: Value<'_>) -> Result<Option<Text<'static>>, Fault> {
    read_text(data, "parentMessageId")
}

fn choice(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let data = data(value, CHOICE)?;
    let Message { message_id, model_config_name, layout, .. } = message(data)?;
    let parent_message_id = parent(data)?;
    Ok(Shape::MessageChoice(MessageChoice { message_id, model_config_name, parent_message_id, layout }).into())
}

fn choices(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let data = data(value, CHOICES)?;
    let chosen = get_list(data, "selectedMessages", "messages", 0)?;
    let messages = chosen.into_iter().map(message).collect::<Result<_, _>>()?;
    let choices = MessageChoices { messages, parent_message_id: parent(data)?, ..MessageChoices::default() };
    Ok(Shape::MessageChoices(choices).into())
}

fn ranks(_: &mut Scene<'_>, value: Value<'_>) -> Result<Geometry, Fault> {
    let data = data(value, RANKS)?;
    let mut messages = Vec::new();
    for each in get_list(data, "rankedMessages", "messages", 0)? {
        let message = message(each)?;
        messages.push(Message { order: Some(get_whole(each, "order")?), ..message });
    }
    let ranks = MessageRanks { messages, parent_message_id: parent(data)?, ..MessageRanks::default() };
    Ok(Shape::MessageRanks(ranks).into())
}
