//! DICOM files: rows, columns and frames of a picture, where the slices of a series lie, and what it is called.
//!
//! A file is a list of tagged elements in ascending order, so that reading ends with what describes the picture, before its
//! pixels. Sequences hold pictures of their own (icons), whose elements are not those of the file.

mod characters;
mod elements;
mod series;

use crate::Asset;
use crate::facts::{Facts, mime_of};
use crate::numbers::between;
use elements::{Element, Form, text, walk};
use flate2::read::DeflateDecoder;
use labelport_model::series::Tag;
pub use series::{SeriesError, read_series};
use std::io::Read;

const ROWS: Tag = (0x28, 0x10);
const COLUMNS: Tag = (0x28, 0x11);
const FRAMES: Tag = (0x28, 0x08);
const TRANSFER_SYNTAX: Tag = (0x02, 0x10);
/// The transfer syntax of files that are packed but for their first group.
const PACKED: &str = "1.2.840.10008.1.2.1.99";
/// Elements after this group are not about the picture.
const LAST_GROUP: u16 = 0x28;
/// The picture is described in the first of so many unpacked bytes.
const UNPACK_LIMIT: u64 = 1 << 20;
/// Where the elements begin, after what says that the file is DICOM.
const HEAD_BYTES: usize = 132;

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    let (syntax, start) = syntax_of(asset.bytes)?;
    let mut facts = Facts::of(mime_of("dicom"));
    let body = between(asset.bytes, start, usize::MAX);
    if syntax == PACKED {
        let mut unpacked = Vec::new();
        // What is damaged or too long counts as far as it goes.
        let _ = DeflateDecoder::new(body).take(UNPACK_LIMIT).read_to_end(&mut unpacked);
        describe(&unpacked, Form::USUAL, &mut facts);
    } else {
        describe(body, Form::of_syntax(&syntax), &mut facts);
    }
    Some(facts)
}

/// Returns the transfer syntax of a file, and where the elements begin that are written so. Nothing for bytes that are not
/// DICOM.
fn syntax_of(bytes: &[u8]) -> Option<(String, usize)> {
    if bytes.get(128..HEAD_BYTES) != Some(b"DICM") {
        return None;
    }
    let mut syntax = String::new();
    // The group of the file itself is always written one way; it says how the rest is written.
    let end = walk(between(bytes, HEAD_BYTES, usize::MAX), Form::USUAL, |element| {
        if element.tag == TRANSFER_SYNTAX {
            syntax = text(element.value);
        }
        element.tag.0 <= 2
    });
    Some((syntax, HEAD_BYTES.saturating_add(end.at)))
}

fn describe(body: &[u8], form: Form, facts: &mut Facts) {
    walk(body, form, |Element { path, tag, value }| {
        match tag {
            _ if !path.is_empty() => return true,
            ROWS => facts.height = form.short(value, 0).map(u64::from).filter(|rows| *rows > 0),
            COLUMNS => facts.width = form.short(value, 0).map(u64::from).filter(|columns| *columns > 0),
            FRAMES => facts.frame_count = text(value).parse().ok().filter(|count: &u64| *count > 0),
            _ => {}
        }
        tag.0 <= LAST_GROUP
    });
    if facts.height.is_some() && facts.frame_count.is_none() {
        facts.frame_count = Some(1);
    }
}
