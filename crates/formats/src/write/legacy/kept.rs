//! What a record of this format had and today's form has no key for, given back as it came.

use labelport_model::annotation::Layout;
use labelport_model::json::{Document, ObjectWriter, Value};
use labelport_model::row::legacy;
use std::borrow::Cow;

/// The members that were kept of a label or an annotation.
#[derive(Default)]
pub(super) struct Kept(Option<Document>);

impl Kept {
    /// Returns what was kept of an annotation.
    pub(super) fn of(layout: &Layout<'_>) -> Self {
        let found = layout.others().find(|(key, _)| *key == legacy::KEY);
        Self(found.and_then(|(_, json)| Document::parse(json.as_bytes()).ok()))
    }

    /// Returns what was kept in a member of an object, given as JSON.
    pub(super) fn in_members(members: &[(&str, &str)]) -> Self {
        let found = members.iter().find(|(key, _)| *key == legacy::KEY);
        Self(found.and_then(|(_, json)| Document::parse(json.as_bytes()).ok()))
    }

    /// Returns what was kept of a label, given the members after its annotations.
    pub(super) fn of_label(rest: &[u8]) -> Self {
        let key = format!("\"{}\":", legacy::KEY);
        let has_key = rest.windows(key.len()).any(|window| window == key.as_bytes());
        let members = has_key.then(|| super::parsed_members(rest));
        members.map_or(Self(None), |members| Self::of_object(members.root()))
    }

    /// Returns what was kept of an object.
    pub(super) fn of_object(object: Value<'_>) -> Self {
        Self(object.get(legacy::KEY).and_then(|kept| Document::parse(kept.raw().as_bytes()).ok()))
    }

    /// Returns a member.
    pub(super) fn get(&self, key: &str) -> Option<Value<'_>> {
        self.0.as_ref()?.root().get(key)
    }

    /// Returns a member that is a text.
    pub(super) fn text(&self, key: &str) -> Option<Cow<'_, str>> {
        self.get(key).and_then(Value::as_text)
    }

    /// Writes the members that have other keys than those that are written anyway.
    pub(super) fn write(&self, is_written: impl Fn(&str) -> bool, object: &mut ObjectWriter<'_>) {
        let members = self.0.iter().flat_map(|kept| kept.root().members());
        for (key, member) in members.filter(|(key, _)| !is_written(key)) {
            object.raw(key, member.raw().as_bytes());
        }
    }
}
