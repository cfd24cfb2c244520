//! The elements of a DICOM file, one by one.
//!
//! # Invariants
//! - Every step goes on in the bytes, so that a walk ends.
//! - No length is trusted: a value has the bytes that are there.
//! - Sequences in sequences are followed to a limit.

use crate::numbers::{array, between};
use labelport_model::series::Tag;

/// Begins an item of a sequence.
pub(super) const ITEM: Tag = (0xfffe, 0xe000);
const ITEM_END: Tag = (0xfffe, 0xe00d);
const SEQUENCE_END: Tag = (0xfffe, 0xe0dd);
/// An element of this length ends with a mark.
const OPEN: u32 = u32::MAX;
/// How many sequences can be in each other.
const DEPTH: usize = 16;

/// Sequences that are followed also where nothing but their tag says that they are some.
pub(super) const SHARED_GROUPS: Tag = (0x5200, 0x9229);
pub(super) const FRAME_GROUPS: Tag = (0x5200, 0x9230);
pub(super) const MEASURES: Tag = (0x28, 0x9110);
pub(super) const PLANE_POSITION: Tag = (0x20, 0x9113);
pub(super) const PLANE_ORIENTATION: Tag = (0x20, 0x9116);
const SEQUENCES: [Tag; 5] = [SHARED_GROUPS, FRAME_GROUPS, MEASURES, PLANE_POSITION, PLANE_ORIENTATION];

/// How elements are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// Whether each element names the kind of its value.
    pub(super) is_explicit: bool,
    pub(super) is_little: bool,
}

impl Form {
    /// The form of the group about the file itself, and the most common one.
    pub(super) const USUAL: Self = Self { is_explicit: true, is_little: true };

    /// Returns the form that a transfer syntax names.
    pub(super) fn of_syntax(syntax: &str) -> Self {
        match syntax {
            "1.2.840.10008.1.2" => Self { is_explicit: false, is_little: true },
            "1.2.840.10008.1.2.2" => Self { is_explicit: true, is_little: false },
            _ => Self::USUAL,
        }
    }

    pub(super) fn short(self, bytes: &[u8], at: usize) -> Option<u16> {
        array(bytes, at).map(|two| if self.is_little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn long(self, bytes: &[u8], at: usize) -> Option<u32> {
        array(bytes, at).map(|four| if self.is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }
}

/// An element, or the beginning of an item of a sequence.
pub(super) struct Element<'e> {
    /// The sequences that it is in, the outermost first.
    pub(super) path: &'e [Tag],
    pub(super) tag: Tag,
    /// Empty for items, and for elements that end with a mark.
    pub(super) value: &'e [u8],
}

/// Where a walk ended.
pub(super) struct End {
    /// The place of the element after the last one that was taken. After the bytes where a value is cut off.
    pub(super) at: usize,
    /// Whether the caller had enough.
    pub(super) is_stopped: bool,
    /// Whether it ended in a sequence.
    pub(super) is_inside: bool,
}

/// A sequence whose items are being read.
struct Sequence {
    /// The place after it; nothing where a mark ends it.
    end: Option<usize>,
    form: Form,
}

/// Calls `each` with the elements, until it says that it has enough.
pub(super) fn walk(bytes: &[u8], outer: Form, mut each: impl FnMut(Element<'_>) -> bool) -> End {
    let mut at: usize = 0;
    let (mut path, mut sequences): (Vec<Tag>, Vec<Sequence>) = (Vec::new(), Vec::new());
    loop {
        while sequences.last().is_some_and(|sequence| sequence.end.is_some_and(|end| at >= end)) {
            path.pop();
            sequences.pop();
        }
        let form = sequences.last().map_or(outer, |sequence| sequence.form);
        let (Some(group), Some(element)) = (form.short(bytes, at), form.short(bytes, at.saturating_add(2))) else {
            break;
        };
        let tag = (group, element);
        let has_kind = form.is_explicit && group != ITEM.0;
        let kind = array::<2>(bytes, at + 4).filter(|_| has_kind).unwrap_or_default();
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
        let end = Some(start.saturating_add(length as usize)).filter(|_| length != OPEN);
        let is_sequence = end.is_none() || &kind == b"SQ" || SEQUENCES.contains(&tag);
        match tag {
            SEQUENCE_END => {
                path.pop();
                sequences.pop();
                at = start;
            }
            ITEM_END => at = start,
            // The elements of an item come one by one.
            ITEM => {
                if !each(Element { path: &path, tag, value: &[] }) {
                    return End { at, is_stopped: true, is_inside: !path.is_empty() };
                }
                at = start;
            }
            _ => {
                let value = end.filter(|_| !is_sequence).map_or(&[] as &[u8], |end| between(bytes, start, end));
                if !each(Element { path: &path, tag, value }) {
                    return End { at, is_stopped: true, is_inside: !path.is_empty() };
                }
                match end {
                    Some(end) if !is_sequence || path.len() == DEPTH => at = end,
                    None if path.len() == DEPTH => break,
                    _ => {
                        path.push(tag);
                        // What is in a sequence of an unknown kind is written without kinds.
                        let is_explicit = form.is_explicit && &kind != b"UN";
                        sequences.push(Sequence { end, form: Form { is_explicit, ..form } });
                        at = start;
                    }
                }
            }
        }
    }
    End { at, is_stopped: false, is_inside: !path.is_empty() }
}

/// Returns the text of an element, which is filled up to an even length.
pub(super) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(between(value, 0, 512)).trim_matches(['\0', ' ']).to_owned()
}
