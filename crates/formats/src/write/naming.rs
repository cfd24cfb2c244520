//! Names of files after rows: those that people know, where they are safe and no other row has them.

use super::stored::{text, text_of};
use super::{FormatOption, name_hash};
use crate::package::check_path;
use labelport_model::json::{Value, find_member};
use std::collections::HashSet;

/// The option.
pub(super) static NAMES: FormatOption = FormatOption {
    name: "names",
    summary: "What files are named after. A row whose name is not there, not safe in a path or that of several rows is \
              named by its id.",
    values: &["external-id", "global-key", "id"],
    form: None,
};

/// The most bytes of a name without its extension. Systems take 255 with everything that is added.
const NAME_BYTES: usize = 200;

/// The longest extension that is cut off a name.
const EXTENSION_BYTES: usize = 5;

/// The name of a row's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// The path without an extension.
    pub(super) stem: String,
    /// The extension of the asset, with its dot; empty where it is not known.
    pub(super) extension: String,
}

/// Returns the name that files of a row would have if no other row had it; nothing where there is no such name.
pub(super) fn wanted(naming: &str, head: Value<'_>) -> Option<Name> {
    named(&head.get(key_of(naming)?).and_then(Value::as_text)?)
}

/// Returns the same, given the members of `data_row` as they are stored.
pub(super) fn wanted_of(naming: &str, members: &[u8]) -> Option<Name> {
    named(&find_member(text(members), key_of(naming)?).and_then(text_of)?)
}

/// Returns the key of a row after whose value its files are named; nothing for its id.
fn key_of(naming: &str) -> Option<&'static str> {
    match naming {
        "external-id" => Some("external_id"),
        "global-key" => Some("global_key"),
        _ => None,
    }
}

/// Makes a name of a text, where it is safe.
fn named(text: &str) -> Option<Name> {
    let (stem, extension) = cut(text);
    // A name like an id could be that of another row.
    let is_like_id = stem.len() == 25 && stem.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // A folder like `a.jpg` could be a file of another row.
    let is_like_file = stem.rsplit('/').skip(1).any(|folder| !cut(folder).1.is_empty());
    // With another extension it is as safe.
    let is_safe = !is_like_file && check_path(text).is_ok();
    // What is added to it, such as the id of a label or an ending, has to fit as well.
    let is_short = stem.rsplit('/').next().is_some_and(|last| last.len() <= NAME_BYTES);
    (is_safe && is_short && !is_like_id).then(|| Name { stem: stem.to_owned(), extension: extension.to_owned() })
}

/// Returns the name of a row's files.
pub(super) fn name(naming: &str, head: Value<'_>, shared: &HashSet<u64>) -> Name {
    let own = wanted(naming, head).filter(|name| !shared.contains(&name_hash(&name.stem)));
    own.map(|name| Name { extension: if name.extension.is_empty() { extension(head) } else { name.extension }, ..name })
        .unwrap_or_else(|| {
            let id = head.get("id").and_then(Value::as_text).unwrap_or_default();
            Name { stem: id.into_owned(), extension: extension(head) }
        })
}

/// What stands between the name of a row and the id of a further label that has files of its own.
pub(super) const FURTHER: &str = "--";

/// Returns what files of a row are named after where its further labels have files too: a name like theirs is not taken.
pub(super) fn naming_apart<'n>(naming: &'n str, head: Value<'_>) -> &'n str {
    let is_like_further = wanted(naming, head).is_some_and(|name| name.stem.contains(FURTHER));
    if is_like_further { "id" } else { naming }
}

/// Returns the extension of the asset, as its names and its address say it.
fn extension(head: Value<'_>) -> String {
    let texts = ["external_id", "global_key", "row_data"].into_iter();
    let texts = texts.filter_map(|key| head.get(key).and_then(Value::as_text));
    let found = texts.map(|text| {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let last = path.rsplit('/').next().unwrap_or_default();
        cut(last).1.to_owned()
    });
    found.into_iter().find(|extension| !extension.is_empty()).unwrap_or_default()
}

/// Cuts a name at its extension: at most five letters and digits after the last dot.
fn cut(text: &str) -> (&str, &str) {
    let Some(at) = text.rfind('.').filter(|at| *at > 0 && !text[..*at].ends_with('/')) else { return (text, "") };
    let extension = &text[at + 1..];
    let is_one = (1..=EXTENSION_BYTES).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && extension.bytes().any(|byte| byte.is_ascii_alphabetic());
    if is_one { (&text[..at], &text[at..]) } else { (text, "") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use labelport_model::json::Document;

    #[track_caller]
    fn check(naming: &str, external_id: &str, shared: &[&str], expect: (&str, &str)) {
        let text = format!(
            r#"{{"id":"clrow","global_key":"k/1","external_id":"{external_id}","row_data":"https://x/y.z/p.webp?a=b.c"}}"#
        );
        let document = Document::parse(text.as_bytes()).unwrap();
        let shared = shared.iter().map(|name| name_hash(name)).collect();
        let name = name(naming, document.root(), &shared);
        assert_eq!((name.stem.as_str(), name.extension.as_str()), expect, "{external_id}");
    }

    #[test]
    fn files_are_named_as_people_know_them_where_that_is_safe() {
        check("external-id", "x/001.jpg", &[], ("x/001", ".jpg"));
        check("external-id", "a.b.jpg", &[], ("a.b", ".jpg"));
        check("external-id", "é ø 1", &[], ("é ø 1", ".webp"));
        check("external-id", "v1.2", &[], ("v1.2", ".webp"));
        check("external-id", "v1.2/x.jpg", &[], ("v1.2/x", ".jpg"));
        check("global-key", "x.jpg", &[], ("k/1", ".jpg"));
        check("id", "x.jpg", &[], ("clrow", ".jpg"));
    }

    #[test]
    fn other_files_are_named_by_the_id_of_their_row() {
        for unsafe_name in ["../x.jpg", "CON.jpg", "a:b.jpg", "/x.jpg", "https://host/x.jpg", "", ".jpg."] {
            let extension = if unsafe_name.ends_with(".jpg") { ".jpg" } else { ".webp" };
            check("external-id", unsafe_name, &[], ("clrow", extension));
        }
        check("external-id", &format!("{}.jpg", "x".repeat(NAME_BYTES + 1)), &[], ("clrow", ".jpg"));
        check("external-id", "X/001.jpg", &["x/001"], ("clrow", ".jpg"));
        check("external-id", "a.txt/x.jpg", &[], ("clrow", ".jpg"));
        check("external-id", "c123456789012345678901234.jpg", &[], ("clrow", ".jpg"));
    }
}
