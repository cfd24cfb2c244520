//! Row data that is content itself: a text, a conversation, a tile layer.

use crate::facts::{Facts, mime_of, tiles_mime};
use crate::{Attributes, conversation, guess, html, json, text, tiles};
use labelport_model::json::Kind;

/// Says what a row's data is when it is content itself, and nothing when it is a URL to fetch.
///
/// An object with `pdf_url` names a file to fetch, too. Any text that is neither is a row of text.
pub fn of_inline(row_data: &str, media_type: Option<&str>) -> Option<Attributes> {
    let facts = facts(row_data, media_type)?;
    Some(facts.into_attributes(Some(row_data.len() as u64)))
}

fn facts(row_data: &str, media_type: Option<&str>) -> Option<Facts> {
    let is_url = is_url(row_data, media_type);
    if is_url && tiles::is_template(row_data) {
        let is_simple = media_type.is_some_and(|media_type| media_type.eq_ignore_ascii_case("tms_simple"));
        return Some(Facts::of(tiles_mime(is_simple)));
    }
    if is_url {
        return None;
    }
    let is_declared_text = guess::is_declared(media_type, "text");
    if let Some(document) = json::parse(row_data.as_bytes()).filter(|_| !is_declared_text) {
        let has = |key| document.root().get(key).is_some_and(|url| url.kind() == Kind::String);
        if has("pdf_url") || has("pdfUrl") {
            return None;
        }
        let known = conversation::of(&document, media_type).or_else(|| tiles::of(&document));
        return Some(known.unwrap_or_else(|| Facts::of("application/json")));
    }
    let is_page = guess::is_declared(media_type, "html") || (!is_declared_text && html::begins(row_data.as_bytes()));
    Some(if is_page { Facts::of(mime_of("html")) } else { text::of(row_data) })
}

/// Returns whether a text is a URL and does not just begin with one. Both may have spaces: a URL with spaces ends like a
/// file name.
fn is_url(row_data: &str, media_type: Option<&str>) -> bool {
    let row_data = row_data.trim();
    let Some((scheme, rest)) = row_data.split_once("://") else { return false };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme || rest.contains(char::is_control) {
        return false;
    }
    if !rest.contains(char::is_whitespace) {
        return true;
    }
    !guess::is_declared(media_type, "text") && guess::by_extension(row_data).is_some()
}
