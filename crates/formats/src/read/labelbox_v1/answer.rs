//! Classifications: questions about the row, a frame, a message or an object, with their answers.
//!
//! Records list the questions to which an answer leads next to their parent and do not say which is whose, so they stay
//! next to it. Some files have lists in the list, which are read as if their items stood there.

use super::kept::Kept;
use super::ontology::{Choice, Question};
use super::problem::{Fault, array, find, object, string, whole};
use super::scene::{FEATURE_KEYS, Scene, write_feature};
use labelport_model::json::{Kind, Members, Value};
use labelport_model::row::legacy;

/// A classification that was read.
pub(super) struct Answered {
    /// As it is stored.
    pub(super) json: String,
    /// Its feature id, in quotes, where it has one.
    pub(super) feature_id: Option<String>,
    /// Where in a recording it begins.
    pub(super) start_ms: Option<i64>,
    /// What it answers.
    pub(super) question: Question,
}

/// Where a classification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The whole row, a message, or a part of a recording.
    Row,
    /// A frame.
    Frame,
    /// An object.
    Object,
}

/// Reads a list of classifications, lists in it included.
pub(super) fn read_list(scene: &mut Scene<'_>, list: Value<'_>, about: About) -> Result<Vec<Answered>, Fault> {
    let mut answered = Vec::new();
    for item in array(list)?.elements() {
        if item.kind() == Kind::Array {
            answered.extend(read_list(scene, item, about)?);
        } else {
            answered.push(read(scene, object(item)?, about)?);
        }
    }
    Ok(answered)
}

/// Returns how many classifications a list has, lists in it included.
pub(super) fn count(list: Value<'_>) -> u64 {
    list.elements().map(|item| if item.kind() == Kind::Array { count(item) } else { 1 }).sum()
}

const KNOWN: [&str; 4] = ["answer", "answers", "messageId", "startMilliseconds"];

fn read(scene: &mut Scene<'_>, item: Value<'_>, about: About) -> Result<Answered, Fault> {
    let mut members = Members::default();
    write_feature(item, &mut members)?;
    let message = find(item, "messageId").map(string).transpose()?;
    if let Some(message) = message {
        members.push_raw("message_id", message.raw());
    }
    let prefix = if message.is_some() { "conversational_" } else { "" };
    let mut kept = Kept::default();
    let named = scene.named(item, "question")?;
    let mut options = Vec::new();
    let (answer, answers) = (find(item, "answer"), find(item, "answers"));
    let mut choose = |scene: &mut Scene<'_>, list: Value<'_>| -> Result<String, Fault> {
        let mut chosen = Vec::new();
        for option in array(list)?.elements() {
            chosen.push(read_option(scene, object(option)?, &named.id, &mut options)?);
        }
        Ok(format!("[{}]", chosen.join(",")))
    };
    let kind = match (answer, answers) {
        (Some(text), _) if text.kind() == Kind::String => {
            members.push_raw(
                &format!("{prefix}text_answer"),
                &format!("{{\"content\":{},\"classifications\":[]}}", text.raw()),
            );
            "text"
        }
        (Some(option), _) if option.kind() == Kind::Object => {
            let chosen = read_option(scene, option, &named.id, &mut options)?;
            members.push_raw(&format!("{prefix}radio_answer"), &chosen);
            "radio"
        }
        (Some(list), _) if list.kind() == Kind::Array => {
            members.push_raw(&format!("{prefix}checklist_answers"), &choose(scene, list)?);
            kept.push_silently(legacy::DROPDOWN, "true");
            "dropdown"
        }
        (Some(other), _) => return Err(Fault::wrong_kind(other, "a text, an option or a list of options")),
        (None, Some(list)) => {
            members.push_raw(&format!("{prefix}checklist_answers"), &choose(scene, list)?);
            "checklist"
        }
        (None, None) => "text",
    };
    for (key, member) in item.members() {
        let is_second = key == "answers" && answer.is_some() && member.kind() != Kind::Null;
        // The mark of a dropdown has the name.
        let is_mark = kind == "dropdown" && key == legacy::DROPDOWN;
        if !is_mark && (is_second || !(FEATURE_KEYS.contains(&key) || KNOWN.contains(&key))) {
            kept.push(scene.counts, "classifications[]", key, member);
        }
    }
    kept.finish(&mut members);
    let question = Question {
        id: named.id,
        title: named.title,
        value: named.value,
        kind,
        is_on_frames: about == About::Frame,
        options,
    };
    Ok(Answered {
        json: format!("{{{}}}", members.as_str()),
        feature_id: find(item, "featureId").map(|id| id.raw().to_owned()),
        start_ms: find(item, "startMilliseconds").map(|start| whole(start, 0)).transpose()?,
        question,
    })
}

fn read_option(
    scene: &mut Scene<'_>,
    option: Value<'_>,
    question_id: &str,
    options: &mut Vec<Choice>,
) -> Result<String, Fault> {
    let mut members = Members::default();
    write_feature(option, &mut members)?;
    members.push_raw("classifications", "[]");
    let named = scene.named(option, question_id)?;
    options.push(Choice { id: named.id, title: named.title, value: named.value });
    let mut kept = Kept::default();
    for (key, member) in option.members().filter(|(key, _)| !FEATURE_KEYS.contains(key)) {
        kept.push(scene.counts, "answer", key, member);
    }
    kept.finish(&mut members);
    Ok(format!("{{{}}}", members.as_str()))
}
