//! Values of the canonical form that more than one part of a request prints.

use crate::json::quote_into;

/// Appends an array of texts, or null for none.
pub(super) fn texts(texts: Option<&[String]>, out: &mut Vec<u8>) {
    let Some(texts) = texts else {
        return out.extend_from_slice(b"null");
    };
    out.push(b'[');
    for (index, text) in texts.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        quote_into(text, out);
    }
    out.push(b']');
}

/// Appends a text, or null for none.
pub(super) fn text(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => quote_into(text, out),
        None => out.extend_from_slice(b"null"),
    }
}
