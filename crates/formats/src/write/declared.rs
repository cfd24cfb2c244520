//! Questions with the options that were chosen, for formats that declare them before the first row.
//!
//! Which there are is known once all rows were looked at: each row says so by its
//! [values](crate::write::Encoder::values).

use super::attributes::{Attributes, Value};
use super::{About, VALUES_LIMIT};
use labelport_model::json::{Document, quote_into};
use std::collections::{BTreeMap, BTreeSet};

/// What such values are among those of a row.
const ANSWER: &str = "answer";

/// The answers to a question.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) is_text: bool,
    /// Chosen options; nothing where the question is never a radio question.
    pub(super) options: Option<BTreeSet<String>>,
    /// Checked options; nothing where the question is never a checklist.
    pub(super) checks: Option<BTreeSet<String>>,
}

impl Declared {
    fn add(&mut self, kind: &str, option: Option<String>) {
        match kind {
            "text" => self.is_text = true,
            "checklist" => self.checks.get_or_insert_default().extend(option),
            _ => self.options.get_or_insert_default().extend(option),
        }
    }

    /// Adds what another has.
    pub(super) fn merge(&mut self, other: Self) {
        self.is_text |= other.is_text;
        if let Some(options) = other.options {
            self.options.get_or_insert_default().extend(options);
        }
        if let Some(checks) = other.checks {
            self.checks.get_or_insert_default().extend(checks);
        }
    }
}

/// Lists what answers need declared, as values of a row. `owner` is a number for what they are about.
pub(super) fn values(owner: u32, attributes: &Attributes, values: &mut Vec<String>) {
    for (name, value, _) in attributes.iter() {
        let mut add = |kind: &str, option: Option<&str>| {
            let mut json = format!("{ANSWER}:[{owner},\"{kind}\",").into_bytes();
            quote_into(name, &mut json);
            if let Some(option) = option {
                json.push(b',');
                quote_into(option, &mut json);
            }
            json.push(b']');
            // What was written is text.
            values.extend(String::from_utf8(json).ok());
        };
        match value {
            Value::None => add("radio", None),
            Value::One(option) => add("radio", Some(option)),
            Value::Text(_) => add("text", None),
            Value::Several(chosen) if chosen.is_empty() => add("checklist", None),
            Value::Several(chosen) => chosen.iter().for_each(|option| add("checklist", Some(option))),
        }
    }
}

/// Says that not all answers are declared, where there are too many.
pub(super) fn notice(about: &About<'_>) -> Option<String> {
    let is_cut = about.values.len() > VALUES_LIMIT;
    is_cut.then(|| format!("there are more than {VALUES_LIMIT} different answers, and not all are declared"))
}

/// Lists what rows have declared, by owner and name.
pub(super) fn of(about: &About<'_>) -> BTreeMap<(u32, String), Declared> {
    let mut declared: BTreeMap<(u32, String), Declared> = BTreeMap::new();
    for json in about.values_of(ANSWER) {
        // What was written is JSON.
        let Ok(document) = Document::parse(json.as_bytes()) else { continue };
        let mut items = document.root().elements();
        let (owner, kind, name) = (items.next(), items.next(), items.next());
        let owner = owner.and_then(|owner| owner.raw().parse().ok());
        let kind = kind.and_then(|kind| kind.as_text());
        let (Some(owner), Some(kind), Some(name)) = (owner, kind, name.and_then(|name| name.as_text())) else {
            continue;
        };
        let option = items.next().and_then(|option| option.as_text()).map(|option| option.into_owned());
        declared.entry((owner, name.into_owned())).or_default().add(&kind, option);
    }
    declared
}

#[cfg(test)]
mod tests {
    use super::*;
    use labelport_model::annotation::Classifications;

    #[test]
    fn what_was_answered_is_declared() {
        let answers = r#"[{"name":"a: \"b\"","radio_answer":{"name":"x,y"}},{"name":"c","checklist_answers":[]},{"name":"d","text_answer":{"content":"z"}},{"name":"e","radio_answer":null}]"#;
        let list = Classifications::from_json(answers).unwrap().unwrap();
        let mut found = Vec::new();
        values(7, &Attributes::of(&list.items), &mut found);
        let about = About { values: found.into_iter().collect(), ..About::default() };
        let declared = of(&about);
        let options = |name: &str| {
            let found = &declared[&(7, name.to_owned())];
            let list = |set: &Option<BTreeSet<String>>| set.as_ref().map(|set| set.iter().cloned().collect::<Vec<_>>());
            (found.is_text, list(&found.options), list(&found.checks))
        };
        assert_eq!(options("a: \"b\""), (false, Some(vec!["x,y".to_owned()]), None));
        assert_eq!(options("c"), (false, None, Some(vec![])));
        assert_eq!(options("d"), (true, None, None));
        assert_eq!(options("e"), (false, Some(vec![]), None));
    }
}
