//! Plain text: any UTF-8 without zeros.

use crate::Asset;
use crate::facts::{Facts, mime_of};

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    if !asset.is_whole() {
        // A character may be cut in two at the end of the part.
        let error = std::str::from_utf8(asset.bytes).err();
        let is_text = error.is_none_or(|error| error.error_len().is_none()) && !asset.bytes.contains(&0);
        return is_text.then(|| Facts::of_part(mime_of("text")));
    }
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
