//! Judgements about the messages of a conversation with models.

use crate::annotation::ReadError;
use crate::annotation::cursor::Cursor;
use crate::annotation::feature::write_list;
use crate::annotation::record::{self, Layout, Record, keeps_layout};
use crate::annotation::scalar::{Text, read_whole, write_whole};
use crate::json::ObjectWriter;

/// The message that is preferred to its siblings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageChoice<'a> {
    /// The message.
    pub message_id: Option<Text<'a>>,
    /// The model that wrote it.
    pub model_config_name: Option<Text<'a>>,
    /// The message that it answers.
    pub parent_message_id: Option<Text<'a>>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// The messages that are preferred to their siblings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageChoices<'a> {
    /// The messages.
    pub messages: Vec<Message<'a>>,
    /// The message that they answer.
    pub parent_message_id: Option<Text<'a>>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// Messages in order of preference.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageRanks<'a> {
    /// The messages with their orders.
    pub messages: Vec<Message<'a>>,
    /// The message that they answer.
    pub parent_message_id: Option<Text<'a>>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// A message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message<'a> {
    /// Its id.
    pub message_id: Option<Text<'a>>,
    /// The model that wrote it.
    pub model_config_name: Option<Text<'a>>,
    /// Its rank; lower is better.
    pub order: Option<i64>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

impl MessageChoice<'_> {
    /// Appends the object as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        record::write(self, out);
    }
}

impl<'a> Record<'a> for MessageChoice<'a> {
    const KEYS: &'static [&'static str] = &["message_id", "model_config_name", "parent_message_id"];
    const REQUIRED: u32 = 0b1;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            0 => cursor.fill(&mut self.message_id, Text::read),
            1 => cursor.fill(&mut self.model_config_name, Text::read),
            _ => cursor.fill(&mut self.parent_message_id, Text::read),
        }
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        if let Some(text) = [&self.message_id, &self.model_config_name, &self.parent_message_id][key] {
            text.write(object.key(Self::KEYS[key]));
        }
    }

    keeps_layout!();
}

impl MessageChoices<'_> {
    /// Appends the object as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        record::write(self, out);
    }
}

impl<'a> Record<'a> for MessageChoices<'a> {
    const KEYS: &'static [&'static str] = &["messages", "parent_message_id"];
    const REQUIRED: u32 = 0b1;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        read_messages(&mut self.messages, &mut self.parent_message_id, key, cursor)
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        write_messages(&self.messages, self.parent_message_id.as_ref(), Self::KEYS[key], object);
    }

    keeps_layout!();
}

impl MessageRanks<'_> {
    /// Appends the object as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        record::write(self, out);
    }
}

impl<'a> Record<'a> for MessageRanks<'a> {
    const KEYS: &'static [&'static str] = &["ranked_messages", "parent_message_id"];
    const REQUIRED: u32 = 0b1;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        read_messages(&mut self.messages, &mut self.parent_message_id, key, cursor)
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        write_messages(&self.messages, self.parent_message_id.as_ref(), Self::KEYS[key], object);
    }

    keeps_layout!();
}

fn read_messages<'a>(
    messages: &mut Vec<Message<'a>>,
    parent: &mut Option<Text<'a>>,
    key: usize,
    cursor: &mut Cursor<'a>,
) -> Result<bool, ReadError> {
    if key == 1 {
        return cursor.fill(parent, Text::read);
    }
    let Some(list) = cursor.list(record::read)? else { return Ok(false) };
    *messages = list;
    Ok(true)
}

fn write_messages(messages: &[Message<'_>], parent: Option<&Text<'_>>, key: &str, object: &mut ObjectWriter<'_>) {
    match (key, parent) {
        ("parent_message_id", Some(parent)) => parent.write(object.key(key)),
        ("parent_message_id", None) => {}
        _ => write_list(messages, object.key(key), record::write),
    }
}

impl<'a> Record<'a> for Message<'a> {
    const KEYS: &'static [&'static str] = &["message_id", "model_config_name", "order"];

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        match key {
            0 => cursor.fill(&mut self.message_id, Text::read),
            1 => cursor.fill(&mut self.model_config_name, Text::read),
            _ => cursor.fill(&mut self.order, read_whole),
        }
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        if let (0, Some(id)) = (key, &self.message_id) {
            id.write(object.key("message_id"));
        }
        if let (1, Some(name)) = (key, &self.model_config_name) {
            name.write(object.key("model_config_name"));
        }
        if let (2, Some(order)) = (key, self.order) {
            write_whole(order, object.key("order"));
        }
    }

    keeps_layout!();
}
