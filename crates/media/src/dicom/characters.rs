//! The characters of texts: ASCII, Latin-1 and UTF-8, as a file says.
//!
//! Other sets, and files that use characters without saying which, give nothing: a name is not guessed.

use labelport_model::series::Tag;

/// The element that names the set.
pub(super) const CHARACTER_SET: Tag = (0x08, 0x05);

/// Reads the text of an element, without what fills it up. Nothing where it has characters that cannot be read.
pub(super) fn decode(value: &[u8], character_set: &str) -> Option<String> {
    let text = match character_set {
        // All sets have these; an escape that leads to another one is not among them.
        _ if value.iter().all(|byte| byte.is_ascii()) => value.iter().map(|byte| char::from(*byte)).collect(),
        "ISO_IR 192" => std::str::from_utf8(value).ok()?.to_owned(),
        "ISO_IR 100" | "ISO 2022 IR 100" => value.iter().map(|byte| char::from(*byte)).collect::<String>(),
        _ => return None,
    };
    let text = text.trim_matches(['\0', ' ']);
    (!text.contains(char::is_control)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &[u8], character_set: &str, expect: Option<&str>) {
        assert_eq!(decode(value, character_set).as_deref(), expect, "{character_set}");
    }

    #[test]
    fn characters_are_those_of_the_set() {
        for set in
            ["", "ISO_IR 6", "ISO_IR 100", "ISO_IR 192", "ISO_IR 144", "GB18030", "ISO 2022 IR 6\\ISO 2022 IR 87"]
        {
            check(b"Doe^Jane ", set, Some("Doe^Jane"));
        }
        check("Yamada^Tarou=山田^太郎".as_bytes(), "ISO_IR 192", Some("Yamada^Tarou=山田^太郎"));
        check(b"M\xfcller", "ISO_IR 100", Some("Müller"));
        check(b"M\xfcller", "ISO 2022 IR 100", Some("Müller"));
    }

    #[test]
    fn other_characters_are_not_guessed() {
        check(b"M\xfcller", "", None);
        check(b"M\xfcller", "ISO_IR 192", None);
        check(b"\xbb\xee\xda", "ISO_IR 144", None);
        check(b"Yamada=\x1b$B;3ED\x1b(B", "ISO 2022 IR 6\\ISO 2022 IR 87", None);
        check(b"Yamada=\x1b$B;3ED\x1b(B", "ISO_IR 100", None);
        check(b"a\x85b", "ISO_IR 100", None);
        check(b"a\nb", "", None);
    }
}
