//! JSON of no form that rows have. It belongs to no data type, and contradicts every media type but text.

use crate::facts::{Facts, mime_of};
use crate::{Asset, guess};
use labelport_model::json::Document;

const MIME: &str = "application/json";

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    let is_said_text = guess::is_declared(asset.media_type, "text")
        || asset.content_type.and_then(guess::essence).is_some_and(|mime| mime == mime_of("text"))
        || guess::by_extension(asset.url) == Some(mime_of("text"));
    if is_said_text {
        return None;
    }
    // A part of a JSON text is none.
    parse(asset.bytes).map(|_| Facts::of(MIME))
}

/// Reads an object or an array.
pub(super) fn parse(bytes: &[u8]) -> Option<Document> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    if !bytes.starts_with(b"{") && !bytes.starts_with(b"[") {
        return None;
    }
    Document::parse(bytes).ok()
}
