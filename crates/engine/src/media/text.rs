//! Plain text: any UTF-8 without zeros.

use super::Asset;
use super::facts::{Facts, mime_of};

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    let text = std::str::from_utf8(asset.bytes).ok()?;
    if text.is_empty() || text.contains('\0') {
        return None;
    }
    Some(of(text.trim_start_matches('\u{feff}')))
}

/// Returns the facts of a text.
pub(super) fn of(text: &str) -> Facts {
    Facts { text: Some(text.to_owned()), ..Facts::of(mime_of("text")) }
}
