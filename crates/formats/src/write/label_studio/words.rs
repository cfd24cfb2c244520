//! Names as a labelling configuration can hold them.
//!
//! Names of labels, questions and options stand in the configuration, which is XML, and again in results, where they have to
//! be spelled alike.

use crate::write::attributes::{Attributes, Value};
use crate::write::settled::Fate;
use crate::write::xml;
use std::borrow::Cow;

/// What stands for a name that is empty.
const EMPTY: &str = "-";

/// How an answer is reduced whose names the configuration cannot hold.
const ODD_NAMES: &str = "to names that a labelling configuration can hold";
/// Why an answer is left out.
const NO_ANSWER: &str = "nothing was answered";

/// Returns a name as it is written.
pub(super) fn word(name: &str) -> Cow<'_, str> {
    if name.is_empty() { Cow::Borrowed(EMPTY) } else { xml::held(name) }
}

/// Returns whether a name is written as it is.
fn is_whole(name: &str) -> bool {
    word(name) == name
}

/// Returns whether there is an answer.
pub(super) fn is_answered(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Several(options) => !options.is_empty(),
        Value::One(_) | Value::Text(_) => true,
    }
}

/// Lists what becomes of answers.
pub(super) fn fates_of(attributes: &Attributes) -> Vec<Fate> {
    let fates = attributes.iter().map(|(name, value, fate)| {
        let is_held = match value {
            Value::One(option) => is_whole(option),
            Value::Several(options) => options.iter().all(|option| is_whole(option)),
            Value::None | Value::Text(_) => true,
        };
        match (is_answered(value), fate == Fate::KEPT && !(is_held && is_whole(name))) {
            (false, _) => Fate::left_out(NO_ANSWER),
            (true, true) => Fate::reduced(ODD_NAMES),
            (true, false) => fate,
        }
    });
    fates.collect()
}
