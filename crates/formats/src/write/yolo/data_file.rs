//! `data.yaml`: where the parts are, and the names of the classes.

use super::super::picture::ClassList;
use super::super::split::Split;

/// Writes the file. Names are in double quotes, since YAML takes some words without them for something else.
pub(super) fn write(classes: &ClassList, split: &Split) -> String {
    let mut text = "path: .\n".to_owned();
    let parts: Vec<&str> = split.names().collect();
    for part in &parts {
        text.push_str(&format!("{part}: images/{part}\n"));
    }
    // Programs that train want both; where one was not asked for, it is the first of those that were.
    for missing in ["train", "val"].into_iter().filter(|part| !parts.contains(part)) {
        let first = parts.first().copied().unwrap_or("train");
        text.push_str(&format!("# There is no part of this name.\n{missing}: images/{first}\n"));
    }
    text.push_str(&format!("nc: {}\n", classes.names().len()));
    text.push_str(if classes.names().is_empty() { "names: {}\n" } else { "names:\n" });
    for (number, name) in classes.names().iter().enumerate() {
        text.push_str(&format!("  {number}: {}\n", quoted(name)));
    }
    text
}

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

    #[test]
    fn names_are_quoted() {
        assert_eq!(quoted("yes"), r#""yes""#);
        assert_eq!(quoted("a: \"b\" \\ é\n\u{2028}"), r#""a: \"b\" \\ é\u000A\u2028""#);
    }

    #[test]
    fn parts_that_were_not_asked_for_are_the_first_of_those_that_were() {
        let text =
            write(&ClassList::of(&[], &[], ClassNames::Name, &[]), &Split::parse("training=0.5,test=0.5").unwrap());
        let expect = "path: .\ntraining: images/training\ntest: images/test\n# There is no part of this name.\n\
                      train: images/training\n# There is no part of this name.\nval: images/training\nnc: 0\nnames: {}\n";
        assert_eq!(text, expect);
    }
}
