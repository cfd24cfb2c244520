//! What is labelled: its data, its attributes, and its data type.

use super::label;
use super::problem::{Fault, find, find_text, object, string};
use labelport_model::data_type::{self, DataType, USUAL};
use labelport_model::json::{Document, Kind, Members, Value, quote_into};

/// What is labelled.
pub(super) struct Source {
    /// The data or where they are, as a JSON string.
    pub(super) row_data: String,
    /// Its attributes under today's names, an object, which may be empty.
    pub(super) media: String,
    /// What it is, where the record shows it.
    pub(super) data_type: Option<&'static DataType>,
}

/// How a URL ends, and what it names.
const ENDINGS: &[(&str, &str)] = &[
    ("dcm", "dicom"),
    ("htm", "html"),
    ("html", "html"),
    ("jpeg", "image"),
    ("jpg", "image"),
    ("m4a", "audio"),
    ("mov", "video"),
    ("mp3", "audio"),
    ("mp4", "video"),
    ("pdf", "document"),
    ("png", "image"),
    ("txt", "text"),
    ("wav", "audio"),
    ("webm", "video"),
    ("webp", "image"),
];

/// Reads what is labelled. Nothing is guessed where the record gives no sign: another record of the row may.
pub(super) fn read(root: Value<'_>, labelled: Value<'_>) -> Result<Source, Fault> {
    let data = find(root, "Labeled Data").map(string).transpose()?;
    let text = data.and_then(Value::as_text).unwrap_or_default();
    let tiles = tiles(&text);
    let attributes = find(root, "Media Attributes").map(object).transpose()?;
    let mut media = Members::default();
    for (key, member) in attributes.into_iter().flat_map(Value::members) {
        media.push_raw(&snake_case(key), member.raw());
    }
    let said = Document::parse(format!("{{{}}}", media.as_str()).as_bytes()).ok();
    let of_attributes = said.as_ref().and_then(|media| data_type::of_media(media.root()));
    let named = find_text(root, "media_type")?.and_then(|name| data_type::find_by_media_type(&name));
    let of_name =
        || ENDINGS.iter().find(|(ending, _)| ends_with(&text, ending)).and_then(|(_, name)| data_type::find(name));
    let of_pixels = || label::draws_pixels(labelled).then_some(USUAL);
    let found = tiles.as_ref().and_then(|_| data_type::find("geospatial"));
    let found = found.or(of_attributes).or(named).or_else(|| label::shown_type(labelled));
    let data_type = found.or_else(of_name).or_else(|| inline(&text)).or_else(of_pixels);
    let has_type = said.as_ref().is_some_and(|media| media.root().get("asset_type").is_some());
    // The attributes of today name the type, and so do these where something else of the record says it. What only looks
    // like a type is none of them: another record of the row may say it.
    let asset_type = match &tiles {
        Some(tiles) if tiles.is_simple => Some("tms_simple"),
        _ => found.and_then(|data_type| data_type.asset_types.first().copied()),
    };
    if let Some(asset_type) = asset_type.filter(|_| !has_type) {
        media.push_text("asset_type", asset_type);
    }
    let mut row_data = Vec::new();
    match &tiles {
        Some(tiles) => quote_into(&tiles.json, &mut row_data),
        None => row_data.extend_from_slice(data.map_or("\"\"", Value::raw).as_bytes()),
    }
    Ok(Source {
        row_data: String::from_utf8(row_data).expect("the normal form is ASCII"),
        media: format!("{{{}}}", media.as_str()),
        data_type,
    })
}

/// A tile layer under today's names.
struct Tiles {
    json: String,
    /// Whether its coordinates are pixels.
    is_simple: bool,
}

fn tiles(text: &str) -> Option<Tiles> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let document = Document::parse(text.as_bytes()).ok()?;
    let root = document.root();
    find(root, "tileLayerUrl")?;
    let mut members = Members::default();
    for (key, member) in root.members() {
        members.push_raw(&snake_case(key), member.raw());
    }
    let projection = find(root, "epsg").and_then(Value::as_text).unwrap_or_default();
    Some(Tiles { json: format!("{{{}}}", members.as_str()), is_simple: projection.eq_ignore_ascii_case("simple") })
}

/// Returns whether the path of a URL ends with an extension.
fn ends_with(url: &str, ending: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    path.contains("://") && path.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case(ending))
}

/// Returns what data are that stand in the record itself.
fn inline(text: &str) -> Option<&'static DataType> {
    if text.is_empty() || text.contains("://") {
        return None;
    }
    let document = Document::parse(text.as_bytes()).ok();
    match document.as_ref().map(Document::root).filter(|root| root.kind() == Kind::Object) {
        Some(root) => find(root, "messages").and_then(|_| data_type::find("conversation")),
        None => data_type::find("text"),
    }
}

/// Returns a key written `like_this` instead of `likeThis`.
fn snake_case(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_today_s() {
        for (old, new) in [("assetType", "asset_type"), ("width", "width"), ("minZoom", "min_zoom"), ("", "")] {
            assert_eq!(snake_case(old), new);
        }
    }

    #[test]
    fn a_url_shows_what_it_names() {
        assert!(ends_with("https://h/a.MP4?x=.png", "mp4"));
        assert!(!ends_with("a sentence that ends with .png", "png") && !ends_with("https://h/a", "mp4"));
    }
}
