//! `data.yaml`: where the parts are, and the names of the classes.

use super::super::picture::ClassList;
use super::super::skeleton::Skeletons;
use super::super::split::Split;

/// Writes the file. Names are in double quotes, since YAML takes some words without them for something else.
pub(super) fn write(classes: &ClassList, split: &Split, skeletons: Option<&Skeletons>) -> String {
    let mut text = "path: .\n".to_owned();
    let parts = split.names();
    for part in parts {
        text.push_str(&format!("{}: {}\n", plain_or_quoted(part), plain_or_quoted(&format!("images/{part}"))));
    }
    // Programs that train want both; where one was not asked for, it is the first of those that were.
    for missing in ["train", "val"].into_iter().filter(|part| !parts.iter().any(|known| known == part)) {
        let first = parts.first().map_or("train", String::as_str);
        text.push_str(&format!(
            "# There is no part of this name.\n{missing}: {}\n",
            plain_or_quoted(&format!("images/{first}"))
        ));
    }
    if let Some(skeletons) = skeletons {
        text.push_str(&format!("kpt_shape: [{}, 3]\n", skeletons.point_count()));
    }
    text.push_str(&format!("nc: {}\n", classes.names().len()));
    text.push_str(if classes.names().is_empty() { "names: {}\n" } else { "names:\n" });
    for (number, name) in classes.names().iter().enumerate() {
        text.push_str(&format!("  {number}: {}\n", quoted(name)));
    }
    if let Some(skeletons) = skeletons {
        text.push_str("kpt_names:\n");
        for (number, place) in classes.places() {
            text.push_str(&format!("  {number}:\n"));
            for name in skeletons.points_of(place).unwrap_or_default() {
                text.push_str(&format!("    - {}\n", quoted(name)));
            }
        }
    }
    text
}

/// Returns a text as it is, where YAML takes it for a text.
fn plain_or_quoted(text: &str) -> String {
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_/-".contains(&byte))
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// Words that some readers of YAML take for something else.
const WORDS: &[&str] = &["false", "n", "no", "null", "off", "on", "true", "y", "yes"];

/// Returns a text as a double-quoted scalar of YAML.
fn quoted(text: &str) -> String {
    let mut quoted = "\"".to_owned();
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted.push_str(&format!("\\u{:04X}", letter as u32));
            }
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::class_names::ClassNames;
    use crate::write::split::Shares;

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("yes"), r#""yes""#);
        assert_eq!(quoted("a: \"b\" \\ é\n\u{2028}"), r#""a: \"b\" \\ é\u000A\u2028""#);
    }

    fn shares(text: &str) -> Split {
        Split::ByShare(Shares::parse(text).unwrap())
    }

    #[test]
    fn parts_with_odd_names_are_quoted() {
        let text =
            write(&ClassList::of(&[], &[], ClassNames::Name, &[]), &shares("train=0.5,val=0.25,no=0.25,7=0"), None);
        assert!(text.ends_with("\n\"no\": images/no\n\"7\": images/7\nnc: 0\nnames: {}\n"), "{text}");
    }

    #[test]
    fn parts_that_were_not_asked_for_are_the_first_of_those_that_were() {
        let text = write(&ClassList::of(&[], &[], ClassNames::Name, &[]), &shares("training=0.5,test=0.5"), None);
        let expect = "path: .\ntraining: images/training\ntest: images/test\n# There is no part of this name.\n\
                      train: images/training\n# There is no part of this name.\nval: images/training\nnc: 0\nnames: {}\n";
        assert_eq!(text, expect);
    }
}
