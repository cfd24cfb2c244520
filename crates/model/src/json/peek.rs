//! Members of a stored object, read where they are.
//!
//! A [`Document`](super::Document) finds any value of any text. Where little of a text in normal form is wanted, walking
//! over its members is faster: nothing is checked, copied or kept.

use super::string::string_end;

/// Lists members of an object in normal form, given without its braces: keys without quotes and still escaped, values as
/// JSON. Ends early where the text is not in normal form.
pub fn list_members(members: &str) -> impl Iterator<Item = (&str, &str)> {
    let bytes = members.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let key_end = bytes.get(at).filter(|byte| **byte == b'"').and_then(|_| string_end(bytes, at))?;
        let start = key_end + 1;
        let end = value_end(bytes, start)?;
        let member = (members.get(at + 1..key_end - 1)?, members.get(start..end)?);
        at = end + 1;
        Some(member)
    })
}

/// Returns the value of a key among members as [`list_members`] lists them.
pub fn find_member<'m>(members: &'m str, key: &str) -> Option<&'m str> {
    list_members(members).find(|(name, _)| *name == key).map(|(_, value)| value)
}

/// Returns the inside of an object in normal form; empty for a value of another kind.
pub fn inside(object: &str) -> &str {
    object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default()
}

/// Returns the offset after the value that begins at an offset.
fn value_end(bytes: &[u8], start: usize) -> Option<usize> {
    let (mut at, mut depth) = (start, 0_u32);
    loop {
        match bytes.get(at) {
            Some(b'"') => {
                at = string_end(bytes, at)?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            Some(b'{' | b'[') => depth += 1,
            Some(b'}' | b']') => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            Some(b',') | None if depth == 0 => return Some(at),
            None => return None,
            Some(_) => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;
    use proptest::prelude::*;

    #[test]
    fn members_are_found_where_they_are() {
        let members = r#""id":"a\"b","list":[1,{"id":"}"},"]"],"empty":{},"n":-1.5e3,"last":null"#;
        let found: Vec<_> = list_members(members).collect();
        let expect = [
            ("id", r#""a\"b""#),
            ("list", r#"[1,{"id":"}"},"]"]"#),
            ("empty", "{}"),
            ("n", "-1.5e3"),
            ("last", "null"),
        ];
        assert_eq!(found, expect);
        assert_eq!((find_member(members, "n"), find_member(members, "no")), (Some("-1.5e3"), None));
        assert_eq!((inside(r#"{"a":1}"#), inside("null"), find_member("", "id")), (r#""a":1"#, "", None));
    }

    proptest! {
        #[test]
        fn members_are_those_of_a_document(texts in prop::collection::vec((any::<String>(), any::<String>()), 0..5)) {
            let mut members = crate::json::Members::default();
            for (number, (key, text)) in texts.iter().enumerate() {
                let mut value = Vec::new();
                crate::json::quote_into(text, &mut value);
                let value = format!("[{{\"a\":{}}},{number}]", String::from_utf8(value).unwrap());
                let mut quoted = Vec::new();
                crate::json::quote_into(&format!("{key}{number}"), &mut quoted);
                let quoted = String::from_utf8(quoted).unwrap();
                members.push_raw(&quoted[1..quoted.len() - 1], &value);
            }
            let document = Document::parse(format!("{{{}}}", members.as_str()).as_bytes()).unwrap();
            let expect: Vec<_> = document.root().members().map(|(key, value)| (key, value.raw())).collect();
            prop_assert_eq!(list_members(members.as_str()).collect::<Vec<_>>(), expect);
        }

        #[test]
        fn a_text_that_is_no_members_ends_early(text in "[\\[\\]{}\",:a\\\\1]{0,12}") {
            list_members(&text).for_each(drop);
        }
    }
}
