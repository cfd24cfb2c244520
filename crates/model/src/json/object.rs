//! Objects composed of members that are JSON already.
//!
//! *Members* are the inside of an object, without its braces: `"a":1,"b":2`. Stored sections are kept in this form
//! where an export adds keys of its own before or after them.

use super::document::Document;
use super::string::quote_into;

/// The members of an object, without braces. Empty for an object without members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members(String);

impl Members {
    /// Reserves memory for members of so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self(String::with_capacity(bytes))
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a member whose key is in normal form without quotes and whose value is JSON in normal form.
    pub fn push_raw(&mut self, key: &str, value: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(key);
        self.0.push_str("\":");
        self.0.push_str(value);
    }

    /// Appends a member whose key needs no escapes and whose value is a string.
    pub fn push_text(&mut self, key: &str, value: &str) {
        let mut quoted = Vec::with_capacity(value.len() + 2);
        quote_into(value, &mut quoted);
        self.push_raw(key, std::str::from_utf8(&quoted).expect("the normal form is ASCII"));
    }

    /// Returns the members as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the members as text, or `None` if there are none.
    pub fn into_option(self) -> Option<String> {
        if self.0.is_empty() { None } else { Some(self.0) }
    }

    /// Returns the members as text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl From<String> for Members {
    /// Continues members that are in normal form.
    fn from(members: String) -> Self {
        Self(members)
    }
}

/// Returns the members of `old`, replaced by those of `new` with the same key and followed by the other ones of `new`.
///
/// The keys in `first` come first, in that order. Both texts are members in normal form.
pub fn merge_members(old: &str, new: &str, first: &[&str]) -> String {
    if old == new || new.is_empty() {
        return old.to_owned();
    }
    if old.is_empty() {
        return new.to_owned();
    }
    let (old, new) = (wrapped(old), wrapped(new));
    let mut merged: Vec<(&str, &str)> = old.root().members().map(|(key, value)| (key, value.raw())).collect();
    for (key, value) in new.root().members() {
        match merged.iter_mut().find(|(known, _)| *known == key) {
            Some(member) => member.1 = value.raw(),
            None => merged.push((key, value.raw())),
        }
    }
    // The sort is stable: other keys keep their order.
    merged.sort_by_key(|(key, _)| first.iter().position(|known| known == key).unwrap_or(first.len()));
    let mut members = Members::default();
    merged.into_iter().for_each(|(key, value)| members.push_raw(key, value));
    members.into_string()
}

fn wrapped(members: &str) -> Document {
    Document::parse(format!("{{{members}}}").as_bytes()).expect("members are JSON in normal form")
}

/// Writes one object, member by member, into a buffer of bytes.
pub struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    is_first: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Opens an object.
    pub fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, is_first: true }
    }

    /// Writes a key that needs no escapes and returns the buffer, in which the caller puts the value.
    pub fn key(&mut self, key: &str) -> &mut Vec<u8> {
        self.comma();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// Writes a member whose value is JSON in normal form.
    pub fn raw(&mut self, key: &str, value: &[u8]) {
        self.key(key).extend_from_slice(value);
    }

    /// Writes a member whose value is a string.
    pub fn text(&mut self, key: &str, value: &str) {
        quote_into(value, self.key(key));
    }

    /// Writes members that are JSON already.
    pub fn members(&mut self, members: &[u8]) {
        if !members.is_empty() {
            self.comma();
            self.out.extend_from_slice(members);
        }
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.push(b'}');
    }

    fn comma(&mut self) {
        if self.is_first {
            self.is_first = false;
        } else {
            self.out.push(b',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(old: &str, new: &str, first: &[&str], expect: &str) {
        assert_eq!(merge_members(old, new, first), expect);
    }

    #[test]
    fn new_members_replace_old_ones_and_absent_ones_stay() {
        check(r#""a":1,"b":2"#, r#""b":3,"c":4"#, &[], r#""a":1,"b":3,"c":4"#);
        check("", r#""b":3"#, &[], r#""b":3"#);
        check(r#""a":1"#, "", &[], r#""a":1"#);
    }

    #[test]
    fn first_keys_come_first_in_their_order() {
        check(
            r#""id":1,"row_data":2"#,
            r#""id":1,"global_key":"g""#,
            &["id", "global_key", "row_data"],
            r#""id":1,"global_key":"g","row_data":2"#,
        );
    }
}
