//! TIFF, which is also the form of EXIF: numbers by tag in a directory.

use crate::numbers::{array, between};

const WIDTH: u16 = 0x100;
const HEIGHT: u16 = 0x101;
const ORIENTATION: u16 = 0x112;

/// What the first directory says. Nothing in it is checked but its form.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) width: Option<u64>,
    pub(super) height: Option<u64>,
    pub(super) orientation: Option<u16>,
}

/// Reads the first directory; `None` for bytes that do not begin as TIFF does.
pub(super) fn read(bytes: &[u8]) -> Option<Directory> {
    let is_little = match bytes.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let short = |at: usize| {
        array(bytes, at).map(|two| if is_little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    };
    let long = |at: usize| {
        array(bytes, at).map(|four| if is_little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    };
    let mut directory = Directory::default();
    let Some(start) = long(4).map(|start| start as usize) else { return Some(directory) };
    let Some(count) = short(start).map(usize::from) else { return Some(directory) };
    for entry in 0..count {
        let at = start + 2 + entry * 12;
        if between(bytes, at, at + 12).len() < 12 {
            break;
        }
        let value = match short(at + 2) {
            Some(3) => short(at + 8).map(u64::from),
            Some(4) => long(at + 8).map(u64::from),
            _ => None,
        };
        match short(at) {
            Some(WIDTH) => directory.width = value,
            Some(HEIGHT) => directory.height = value,
            Some(ORIENTATION) => {
                directory.orientation =
                    value.filter(|turn| (1..=8).contains(turn)).and_then(|turn| u16::try_from(turn).ok());
            }
            _ => {}
        }
    }
    Some(directory)
}
