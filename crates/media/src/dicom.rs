//! DICOM files: rows, columns and frames of a picture.
//!
//! A file is a list of tagged elements in ascending order, so reading ends with the group that describes the picture.
//! Sequences hold pictures of their own (icons), whose elements are passed over.

use crate::Asset;
use crate::facts::{Facts, mime_of};
use crate::numbers::{array, between};
use flate2::read::DeflateDecoder;
use std::io::Read;

const ROWS: (u16, u16) = (0x28, 0x10);
const COLUMNS: (u16, u16) = (0x28, 0x11);
const FRAMES: (u16, u16) = (0x28, 0x08);
const TRANSFER_SYNTAX: (u16, u16) = (0x02, 0x10);
const ITEM: (u16, u16) = (0xfffe, 0xe000);
const ITEM_END: (u16, u16) = (0xfffe, 0xe00d);
const SEQUENCE_END: (u16, u16) = (0xfffe, 0xe0dd);
/// Elements after this group are not about the picture.
const LAST_GROUP: u16 = 0x28;
/// An element of this length ends with a mark.
const OPEN: u32 = u32::MAX;
/// The picture is described in the first of so many unpacked bytes.
const UNPACK_LIMIT: u64 = 1 << 20;

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    if asset.bytes.get(128..132) != Some(b"DICM") {
        return None;
    }
    let mut facts = Facts::of(mime_of("dicom"));
    let head = between(asset.bytes, 132, usize::MAX);
    let mut syntax = String::new();
    let meta = Form { is_explicit: true, is_little: true };
    // The group of the file itself is always written one way; it says how the rest is written.
    let end = walk(head, meta, |tag, value| {
        if tag == TRANSFER_SYNTAX {
            syntax = text(value);
        }
        tag.0 <= 2
    });
    let body = between(head, end, usize::MAX);
    match syntax.as_str() {
        "1.2.840.10008.1.2" => describe(body, Form { is_explicit: false, is_little: true }, &mut facts),
        "1.2.840.10008.1.2.2" => describe(body, Form { is_explicit: true, is_little: false }, &mut facts),
        "1.2.840.10008.1.2.1.99" => {
            let mut unpacked = Vec::new();
            // What is damaged or too long counts as far as it goes.
            let _ = DeflateDecoder::new(body).take(UNPACK_LIMIT).read_to_end(&mut unpacked);
            describe(&unpacked, meta, &mut facts);
        }
        _ => describe(body, meta, &mut facts),
    }
    Some(facts)
}

fn describe(body: &[u8], form: Form, facts: &mut Facts) {
    walk(body, form, |tag, value| {
        match tag {
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

/// Returns the text of an element, which is filled up to an even length.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(between(value, 0, 64)).trim_matches(['\0', ' ']).to_owned()
}

/// How elements are written.
#[derive(Clone, Copy)]
struct Form {
    /// Whether each element names the kind of its value.
    is_explicit: bool,
    is_little: bool,
}

impl Form {
    fn short(self, bytes: &[u8], at: usize) -> Option<u16> {
        array(bytes, at).map(|two| if self.is_little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn long(self, bytes: &[u8], at: usize) -> Option<u32> {
        array(bytes, at).map(|four| if self.is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }
}

/// Calls `each` with the elements outside of sequences, until it says that it has enough, and returns the place of the
/// element at which it did.
fn walk(bytes: &[u8], form: Form, mut each: impl FnMut((u16, u16), &[u8]) -> bool) -> usize {
    let mut at = 0;
    let mut depth: usize = 0;
    while let (Some(group), Some(element)) = (form.short(bytes, at), form.short(bytes, at + 2)) {
        let tag = (group, element);
        let has_kind = form.is_explicit && group != ITEM.0;
        let kind = array::<2>(bytes, at + 4).unwrap_or_default();
        let is_long = matches!(
            &kind,
            b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV"
        );
        let (start, length) = match (has_kind, is_long) {
            (true, true) => (at + 12, form.long(bytes, at + 8)),
            (true, false) => (at + 8, form.short(bytes, at + 6).map(u32::from)),
            (false, _) => (at + 8, form.long(bytes, at + 4)),
        };
        let Some(length) = length else { break };
        let end = start.saturating_add(length as usize);
        match tag {
            SEQUENCE_END => {
                depth = depth.saturating_sub(1);
                at = start;
            }
            ITEM_END => at = start,
            // The elements of an item come one by one.
            ITEM if length == OPEN => at = start,
            _ if length == OPEN => {
                depth += 1;
                at = start;
            }
            _ => {
                if depth == 0 && !each(tag, between(bytes, start, end)) {
                    return at;
                }
                at = end;
            }
        }
    }
    at
}
