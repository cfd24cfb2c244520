//! PDF: the number of pages, and a text layer of lines and words with their places.
//!
//! A reader of our own, since a document may be hostile: what general libraries unpack and build is not bounded by what
//! they are given. Here all unpacked streams, objects, operators and glyphs of a document share one [`Budget`]; what is
//! over it is left out. Objects are found by their own words, not by the tables that documents carry, so damaged
//! documents are read like whole ones. What is encrypted is not read: such a document has pages with sizes, but no text layer.
//!
//! Pictures of text hold none, and writing systems are kept in the order in which a document draws them.

mod content;
mod document;
mod filter;
mod font;
mod glyph;
mod layer;
mod object;

use super::Asset;
use super::facts::{Facts, mime_of};
use super::numbers::between;
use document::Document;

/// The mark of a PDF stands in the first bytes, though not always before all others.
const MARK_LIMIT: usize = 1024;

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    between(asset.bytes, 0, MARK_LIMIT).windows(5).position(|window| window == b"%PDF-")?;
    if !asset.is_whole() {
        // Objects stand anywhere, and the pages of a part would be a wrong number.
        return Some(Facts::of_part(mime_of("document")));
    }
    let mut budget = Budget::default();
    let document = Document::read(asset.bytes, &mut budget);
    let pages = document.pages();
    let page_count = if pages.is_empty() { document.told_page_count() } else { Some(pages.len() as u64) };
    let text_layer = if document.is_encrypted() { None } else { layer::write(&document, &pages, &mut budget) };
    let page_sizes = pages.iter().map(|page| page.size().map(layer::short)).collect();
    Some(Facts { page_count, page_sizes, text_layer, ..Facts::of(mime_of("document")) })
}

/// What the work on one document may still take.
#[derive(Debug)]
struct Budget {
    /// Bytes that streams are unpacked to.
    unpacked_bytes: usize,
    /// Codes that fonts tell something about.
    font_entries: usize,
    /// Operators of pages.
    operators: usize,
    /// Glyphs on pages.
    glyphs: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { unpacked_bytes: 96 << 20, font_entries: 1_500_000, operators: 20_000_000, glyphs: 2_000_000 }
    }
}

impl Budget {
    /// Takes one entry of a font, or says that there are none left.
    fn take_font_entry(&mut self) -> bool {
        let left = self.font_entries.checked_sub(1);
        self.font_entries = left.unwrap_or(0);
        left.is_some()
    }
}

#[cfg(test)]
mod tests;
