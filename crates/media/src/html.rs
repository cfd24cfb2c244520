//! HTML: what says that it is, or was said to be.

use crate::facts::{Facts, mime_of};
use crate::numbers::between;
use crate::{Asset, guess};

/// Beginnings of a page, lower case.
const BEGINNINGS: &[&str] = &["<!doctype html", "<html", "<head", "<body"];

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    // Pages are not always UTF-8, but no page holds a zero.
    if asset.bytes.is_empty() || between(asset.bytes, 0, 4096).contains(&0) {
        return None;
    }
    if guess::is_declared(asset.media_type, "text") {
        return None;
    }
    let own = mime_of("html");
    let is_said = asset.content_type.and_then(guess::essence).is_some_and(|mime| mime == own)
        || guess::is_declared(asset.media_type, "html")
        || guess::by_extension(asset.url) == Some(own);
    (is_said || begins(asset.bytes)).then(|| Facts::of(own))
}

/// Returns whether a text begins like a page.
pub(super) fn begins(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(between(bytes, 0, 1000)).to_ascii_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    BEGINNINGS.iter().any(|beginning| start.starts_with(beginning))
}
