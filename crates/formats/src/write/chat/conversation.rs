//! The messages of a row, each with its role and its text.

use super::links::Links;
use super::role::{Casting, Role};
use crate::write::text::message_text;
use labelport_model::json::{Document, Kind, Value};
use std::collections::HashMap;

/// Why a conversation cannot be written.
const ODD: &str = "its conversation has a form that is not known";
const EMPTY: &str = "its conversation has no messages";
const NO_ROLE: &str = "an author of its conversation has a role that is not known";
const NO_AUTHOR: &str = "an author of its conversation is not in it";
const NO_ANSWER: &str = "a message that its conversation names is not in it";
const TWICE: &str = "two messages of its conversation have one id";

/// The messages of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conversation {
    pub(super) messages: Vec<Message>,
    /// Which messages answer which; nothing where they are a list.
    tree: Option<Links>,
    /// Whether roles are guessed.
    pub(super) is_guessed: bool,
    places: HashMap<String, usize>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) role: Role,
    /// The text; nothing for a message that is not text alone.
    pub(super) text: Option<String>,
}

impl Conversation {
    /// Reads a conversation. Fails with a clause for what is none.
    pub(super) fn read(json: &str, casting: &Casting) -> Result<Self, &'static str> {
        let document = Document::parse(json.as_bytes()).map_err(|_| ODD)?;
        let messages = document.root().get("messages").ok_or(ODD)?;
        let found = match messages.kind() {
            Kind::Array => Self::list(messages, casting),
            Kind::Object => Self::tree(document.root(), messages),
            _ => Err(ODD),
        }?;
        if found.messages.is_empty() { Err(EMPTY) } else { Ok(found) }
    }

    /// Reads messages that follow one another.
    fn list(listed: Value<'_>, casting: &Casting) -> Result<Self, &'static str> {
        let (mut messages, mut authors, mut places) = (Vec::new(), Vec::new(), HashMap::new());
        for (place, message) in listed.elements().enumerate() {
            let user = message.get("user");
            let name = ["name", "userId"].iter().filter_map(|key| text_of(user?, key)).find(|name| !name.is_empty());
            authors.push(name.unwrap_or_default());
            messages
                .push(Message { role: Role::User, text: text_of(message, "content").filter(|text| !text.is_empty()) });
            let id = text_of(message, "messageId").filter(|id| !id.is_empty());
            if id.is_some_and(|id| places.insert(id, place).is_some()) {
                return Err(TWICE);
            }
        }
        let (roles, is_guessed) = casting.cast(&authors);
        messages.iter_mut().zip(roles).for_each(|(message, role)| message.role = role);
        Ok(Self { messages, tree: None, is_guessed, places })
    }

    /// Reads messages that name those that answer them.
    fn tree(root: Value<'_>, listed: Value<'_>) -> Result<Self, &'static str> {
        let actors: HashMap<String, Value<'_>> =
            root.get("actors").into_iter().flat_map(Value::members).map(|(id, actor)| (key(id), actor)).collect();
        let (mut messages, mut places) = (Vec::new(), HashMap::new());
        for (place, (id, message)) in listed.members().enumerate() {
            let actor = text_of(message, "actorId").and_then(|id| actors.get(&id)).ok_or(NO_AUTHOR)?;
            let role = text_of(*actor, "role").and_then(|word| Role::of(&word)).ok_or(NO_ROLE)?;
            messages.push(Message {
                role,
                text: message.get("content").and_then(message_text).filter(|text| !text.is_empty()),
            });
            places.insert(key(id), place);
        }
        let find = |id: Value<'_>| id.as_text().and_then(|id| places.get(&*id).copied()).ok_or(NO_ANSWER);
        let mut children = Vec::with_capacity(messages.len());
        for (_, message) in listed.members() {
            let ids = message.get("childMessageIds").into_iter().flat_map(Value::elements);
            children.push(ids.map(find).collect::<Result<Vec<usize>, _>>()?);
        }
        let links = Links::of_tree(children)?;
        Ok(Self { messages, tree: Some(links), is_guessed: false, places })
    }

    /// Returns the place of a message.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Returns which messages answer which. In a list, messages that follow one another and are `compared` answer the same
    /// message; each of them is answered by what follows. Fails with a clause where too many are.
    pub(super) fn links(&self, compared: &[Vec<usize>]) -> Result<Links, &'static str> {
        match &self.tree {
            Some(links) => Ok(links.clone()),
            None => Links::of_list(self.messages.len(), compared),
        }
    }
}

/// Returns the key of a member.
fn key(inner: &str) -> String {
    labelport_model::json::unquote(&format!("\"{inner}\"")).into_owned()
}

fn text_of(object: Value<'_>, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_text).map(|text| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expect: Result<&[(&str, Option<&str>)], &str>) {
        let found = Conversation::read(json, &Casting::default());
        let shown = found.map(|found| {
            found.messages.into_iter().map(|message| (message.role.word(), message.text)).collect::<Vec<_>>()
        });
        let expect = expect.map(|list| list.iter().map(|(role, text)| (*role, text.map(str::to_owned))).collect());
        assert_eq!(shown, expect, "{json}");
    }

    #[test]
    fn messages_are_a_list_or_a_tree() {
        let list = r#"{"messages":[{"messageId":"a","content":"x","user":{"userId":"u1"}},{"content":"","user":{"name":"B"}}]}"#;
        check(list, Ok(&[("user", Some("x")), ("assistant", None)]));
        let tree = r#"{"actors":{"h":{"role":"human"},"m\u00e9":{"role":"model"}},"messages":{
            "a":{"actorId":"h","content":[{"type":"text","content":"x"},{"content":"y"}],"childMessageIds":["b\u00e9"]},
            "b\u00e9":{"actorId":"mé","content":[{"type":"image","content":"z"}],"childMessageIds":[]}}}"#;
        check(tree, Ok(&[("user", Some("x\ny")), ("assistant", None)]));
    }

    #[test]
    fn what_is_no_conversation_says_why() {
        check("hello", Err(ODD));
        check(r#"{"messages":7}"#, Err(ODD));
        check(r#"{"messages":[]}"#, Err(EMPTY));
        check(r#"{"messages":{},"actors":{},"rootMessageIds":[]}"#, Err(EMPTY));
        check(r#"{"messages":[{"messageId":"a"},{"messageId":"a"}]}"#, Err(TWICE));
        check(r#"{"messages":{"a":{"actorId":"h"}}}"#, Err(NO_AUTHOR));
        check(r#"{"actors":{"h":{"role":"judge"}},"messages":{"a":{"actorId":"h"}}}"#, Err(NO_ROLE));
        let of = |children: &str| {
            format!(
                r#"{{"actors":{{"h":{{"role":"human"}}}},"messages":{{"a":{{"actorId":"h","childMessageIds":{children}}}}}}}"#
            )
        };
        check(&of(r#"["b"]"#), Err(NO_ANSWER));
        check(&of(r#"["a"]"#), Err(super::super::links::CIRCLE));
    }
}
