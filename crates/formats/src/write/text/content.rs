//! The text of a row: in the row itself, or kept by the workspace.

use crate::write::Texts;
use crate::write::stored::parsed;
use labelport_model::data_type;
use labelport_model::json::{Document, Kind, Value, unquote};
use std::collections::HashMap;

/// Why a row has no document.
const NOT_A_TEXT: &str = "its row is not a text or a conversation";
/// Why a text is not at hand.
const ELSEWHERE: &str = "its text is kept elsewhere";
const NO_TEXT: &str = "its text is missing";
const ODD_MESSAGES: &str = "its conversation has a form that is not known";

/// What a row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::write) struct Content {
    /// Whether it is a conversation.
    pub(in crate::write) is_conversation: bool,
    /// The text; or why it is not at hand, as a clause.
    pub(in crate::write) letters: Result<Letters, &'static str>,
    /// The messages of a conversation that is at hand.
    pub(in crate::write) messages: Vec<Message>,
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::write) struct Message {
    pub(in crate::write) id: String,
    /// Who wrote it; empty where that is not known.
    pub(in crate::write) author: String,
    /// Its first character in the text of the row.
    pub(in crate::write) start: u64,
    /// The character after its last one.
    pub(in crate::write) end: u64,
}

impl Content {
    /// Reads the text of a row. Fails with a clause for a row that is not one.
    pub(in crate::write) fn of(
        head: Value<'_>,
        media: Option<&[u8]>,
        texts: Option<&dyn Texts>,
    ) -> Result<Self, &'static str> {
        let media = parsed(media.unwrap_or(b"{}"));
        let data_type = data_type::of_media(media.root()).ok_or(NOT_A_TEXT)?;
        // Data types whose labels mark characters are texts, or messages.
        let is_text = data_type.kinds.iter().any(|kind| kind.form == data_type::Form::Span);
        if !is_text && !data_type.has_messages {
            return Err(NOT_A_TEXT);
        }
        let is_conversation = data_type.has_messages;
        let missing = |why| Self { is_conversation, letters: Err(why), messages: Vec::new() };
        Ok(match stored_text(head, texts) {
            Err(why) => missing(why),
            Ok(text) if !is_conversation => {
                Self { is_conversation, letters: Ok(Letters::of(text)), messages: Vec::new() }
            }
            Ok(text) => joined(&text).unwrap_or_else(|| missing(ODD_MESSAGES)),
        })
    }

    /// Returns some of its characters; nothing where the text is not at hand or has no such characters.
    pub(in crate::write) fn get(&self, start: u64, end: u64) -> &str {
        self.letters.as_ref().ok().and_then(|letters| letters.get(start, end)).unwrap_or_default()
    }

    /// Returns the place of a message among them.
    pub(in crate::write) fn find_message(&self, id: &str) -> Option<usize> {
        self.messages.iter().position(|message| message.id == id)
    }
}

/// Returns what is in a row, or what the workspace keeps of its URL. Fails with a clause where it is not at hand.
pub(in crate::write) fn stored_text(head: Value<'_>, texts: Option<&dyn Texts>) -> Result<String, &'static str> {
    let row_data = head.get("row_data").and_then(Value::as_text).unwrap_or_default();
    if is_url(&row_data) {
        let id = head.get("id").and_then(Value::as_text).unwrap_or_default();
        return texts.ok_or(ELSEWHERE)?.read(&id, &row_data);
    }
    if row_data.is_empty() { Err(NO_TEXT) } else { Ok(row_data.into_owned()) }
}

/// Returns whether a text is an address, and not just begins with one.
pub(in crate::write) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.trim().split_once("://") else { return false };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        && !rest.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

/// Joins the messages of a conversation to one text, each on a line of its own.
fn joined(json: &str) -> Option<Content> {
    let document = Document::parse(json.as_bytes()).ok()?;
    let listed = document.root().get("messages")?;
    let mut joint = Joint::default();
    match listed.kind() {
        Kind::Array => {
            for message in listed.elements() {
                let user = message.get("user");
                joint.add(
                    text_of(message, "messageId"),
                    user.map(|user| text_of(user, "name")),
                    text_of(message, "content"),
                );
            }
        }
        // The messages of a tree, in the order in which they are stored.
        Kind::Object => {
            let actors: HashMap<&str, Value<'_>> =
                document.root().get("actors").into_iter().flat_map(Value::members).collect();
            for (id, message) in listed.members() {
                let actor = message.get("actorId").and_then(|id| actors.get(inner(id)));
                let text = message.get("content").and_then(message_text).unwrap_or_default();
                joint.add(unquote(&format!("\"{id}\"")).into_owned(), actor.map(|actor| actor_name(*actor)), text);
            }
        }
        _ => return None,
    }
    Some(Content { is_conversation: true, letters: Ok(Letters::of(joint.text)), messages: joint.messages })
}

/// Messages on their way into one text.
#[derive(Default)]
struct Joint {
    text: String,
    /// How many characters it has.
    length: u64,
    messages: Vec<Message>,
}

impl Joint {
    fn add(&mut self, id: String, author: Option<String>, content: String) {
        if !self.messages.is_empty() {
            self.text.push('\n');
            self.length += 1;
        }
        let start = self.length;
        self.length += content.chars().count() as u64;
        self.messages.push(Message { id, author: author.unwrap_or_default(), start, end: self.length });
        self.text.push_str(&content);
    }
}

/// Reads the text of a message: as it is, or its parts on lines of their own. Nothing where there is something else than text.
pub(in crate::write) fn message_text(content: Value<'_>) -> Option<String> {
    if content.kind() != Kind::Array {
        return content.as_text().map(|text| text.into_owned());
    }
    let part = |part: Value<'_>| {
        let is_text = part.get("type").and_then(Value::as_text).is_none_or(|kind| kind == "text");
        part.get("content").filter(|_| is_text)?.as_text().map(|text| text.into_owned())
    };
    Some(content.elements().map(part).collect::<Option<Vec<String>>>()?.join("\n"))
}

/// Returns what the author of a message of a tree is called: by name, by model, or by role.
fn actor_name(actor: Value<'_>) -> String {
    let named =
        actor.get("metadata").into_iter().flat_map(|more| ["name", "modelConfigName"].map(|key| text_of(more, key)));
    named.chain([text_of(actor, "role")]).find(|name| !name.is_empty()).unwrap_or_default()
}

fn text_of(object: Value<'_>, key: &str) -> String {
    object.get(key).and_then(Value::as_text).unwrap_or_default().into_owned()
}

/// Returns a text without its quotes, escaped as keys are.
fn inner(text: Value<'_>) -> &str {
    text.raw().trim_matches('"')
}

/// A text whose characters are found by their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::write) struct Letters {
    text: String,
    /// Where each character begins, in bytes; empty for a text of ASCII, where that is its number.
    starts: Vec<usize>,
}

impl Letters {
    pub(in crate::write) fn of(text: String) -> Self {
        let starts = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(byte, _)| byte).collect() };
        Self { text, starts }
    }

    pub(in crate::write) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the characters from one up to another; nothing where the text has no such characters.
    pub(in crate::write) fn get(&self, start: u64, end: u64) -> Option<&str> {
        let byte = |number: u64| {
            let number = usize::try_from(number).ok()?;
            match self.starts.get(number) {
                Some(byte) => Some(*byte),
                None if self.starts.is_empty() => Some(number),
                None => (number == self.starts.len()).then_some(self.text.len()),
            }
        };
        self.text.get(byte(start)?..byte(end)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Kept;

    impl Texts for Kept {
        fn read(&self, data_row_id: &str, _: &str) -> Result<String, &'static str> {
            if data_row_id == "r1" { Ok("kept".to_owned()) } else { Err("it is gone") }
        }
    }

    #[track_caller]
    fn check(id: &str, row_data: &str, asset: &str, expect: Result<Result<&str, &str>, &str>) {
        let mut head = format!(r#"{{"id":"{id}","row_data":"#).into_bytes();
        labelport_model::json::quote_into(row_data, &mut head);
        head.push(b'}');
        let head = Document::parse(&head).unwrap();
        let media = format!(r#"{{"asset_type":"{asset}"}}"#);
        let found = Content::of(head.root(), Some(media.as_bytes()), Some(&Kept));
        let found = found.map(|content| content.letters.map(|letters| letters.text().to_owned()));
        let expect = expect.map(|text| text.map(str::to_owned));
        assert_eq!(found, expect, "{row_data}");
    }

    #[test]
    fn a_text_is_in_the_row_or_kept_or_not_at_hand() {
        check("r1", "Goods 417\r\nheld", "text", Ok(Ok("Goods 417\r\nheld")));
        check("r1", "https://host/a.txt", "text", Ok(Ok("kept")));
        check("r1", "https://host/a.txt is an address", "text", Ok(Ok("https://host/a.txt is an address")));
        check("r2", "https://host/a.txt", "text", Ok(Err("it is gone")));
        check("r1", "", "text", Ok(Err(NO_TEXT)));
        check("r1", "text", "image", Err(NOT_A_TEXT));
        check("r1", "text", "html", Err(NOT_A_TEXT));
        let chat = r#"{"messages":[{"messageId":"a","content":"é?"},{"messageId":"b","content":"no"}]}"#;
        check("r1", chat, "conversational", Ok(Ok("é?\nno")));
        check("r1", r#"{"messages":7}"#, "conversational", Ok(Err(ODD_MESSAGES)));
        check("r1", "hello", "conversational", Ok(Err(ODD_MESSAGES)));
    }

    #[test]
    fn messages_know_their_characters() {
        let chat = r#"{"messages":[{"messageId":"a","content":"é?","user":{"name":"Ann"}},{"messageId":"b"}]}"#;
        let content = joined(chat).unwrap();
        let found: Vec<_> = content.messages.iter().map(|one| (one.author.as_str(), one.start, one.end)).collect();
        assert_eq!(found, [("Ann", 0, 2), ("", 3, 3)]);
        assert_eq!((content.find_message("b"), content.find_message("c")), (Some(1), None));
    }

    #[test]
    fn messages_of_a_tree_are_in_the_order_in_which_they_are_stored() {
        let tree = r#"{"actors":{"h":{"role":"human","metadata":{"name":"Ann"}},"\u00e9":{"role":"model","metadata":{"modelConfigName":"m"}},"s":{"role":"system"}},
            "messages":{"q":{"actorId":"h","content":[{"type":"text","content":"é?"},{"type":"text","content":"x"}],"childMessageIds":["a"]},
            "\u00e9":{"actorId":"é","content":[{"type":"text","content":"no"}]},
            "p":{"actorId":"s","content":[{"type":"image","content":"https://host/a.png"}]},"z":{"actorId":"gone","content":"z"}}}"#;
        let content = joined(tree).unwrap();
        assert_eq!(content.letters.as_ref().map(|letters| letters.text()), Ok("é?\nx\nno\n\nz"));
        let found: Vec<_> = content
            .messages
            .iter()
            .map(|one| (one.id.as_str(), one.author.as_str(), content.get(one.start, one.end)))
            .collect();
        assert_eq!(found, [("q", "Ann", "é?\nx"), ("é", "m", "no"), ("p", "system", ""), ("z", "", "z")]);
    }

    #[test]
    fn characters_are_counted_in_code_points() {
        let letters = Letters::of("a\u{1f319}b\r\n".to_owned());
        assert_eq!(letters.get(1, 2), Some("\u{1f319}"));
        assert_eq!(letters.get(2, 5), Some("b\r\n"));
        assert_eq!((letters.get(2, 6), letters.get(3, 2), letters.get(6, 6)), (None, None, None));
        let ascii = Letters::of("abc".to_owned());
        assert_eq!((ascii.get(1, 3), ascii.get(1, 4), ascii.get(u64::MAX, u64::MAX)), (Some("bc"), None, None));
    }
}
