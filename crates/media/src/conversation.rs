//! Conversations: JSON with a list of messages.

use crate::facts::{Facts, mime_of};
use crate::{Asset, guess, json};
use labelport_model::json::{Document, Kind};

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    of(&json::parse(asset.bytes)?, asset.media_type)
}

/// Returns the facts of a JSON text that calls itself a conversation, or has messages and is declared to be one.
pub(super) fn of(document: &Document, media_type: Option<&str>) -> Option<Facts> {
    let root = document.root();
    let messages = root.get("messages").filter(|messages| messages.kind() == Kind::Array)?;
    let own = mime_of("conversation");
    let is_named = root.get("type").and_then(|name| name.as_text()).is_some_and(|name| name == own);
    if !is_named && !guess::is_declared(media_type, "conversation") {
        return None;
    }
    let labelable = messages
        .elements()
        .filter(|message| message.get("canLabel").is_some_and(|can_label| can_label.kind() == Kind::True));
    let ids = labelable.filter_map(|message| message.get("messageId").filter(|id| id.kind() == Kind::String));
    Some(Facts {
        labelable_ids: Some(ids.map(|id| id.raw().to_owned()).collect()),
        message_count: Some(messages.elements().count() as u64),
        ..Facts::of(own)
    })
}
