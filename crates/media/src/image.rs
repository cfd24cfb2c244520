//! Still images: PNG, JPEG, GIF, WebP, BMP, TIFF, and SVG by name.
//!
//! Sizes are those of the stored picture, before it is turned as EXIF says.

use crate::facts::Facts;
use crate::numbers::{array, be16, be32, between, le16, le32};
use crate::{Asset, tiff};

/// How a picture stands that says nothing about it.
const UPRIGHT: u16 = 1;

/// A picture's width, height and how it is turned.
#[derive(Debug, Default)]
struct Picture {
    width: Option<u64>,
    height: Option<u64>,
    orientation: Option<u16>,
}

type Reader = fn(&[u8]) -> Option<Picture>;

static READERS: &[(&str, Reader)] = &[
    ("image/bmp", bmp),
    ("image/gif", gif),
    ("image/jpeg", jpeg),
    ("image/png", png),
    ("image/svg+xml", svg),
    ("image/tiff", stored_tiff),
    ("image/webp", webp),
];

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    let read = |(mime, read): &(&'static str, Reader)| Some((*mime, read(asset.bytes)?));
    let (mime, picture) = READERS.iter().find_map(read)?;
    Some(Facts {
        width: picture.width.filter(|&pixels| pixels > 0),
        height: picture.height.filter(|&pixels| pixels > 0),
        exif_rotation: Some(picture.orientation.unwrap_or(UPRIGHT)),
        ..Facts::of(mime)
    })
}

fn sized(width: Option<impl Into<u64>>, height: Option<impl Into<u64>>) -> Picture {
    Picture { width: width.map(Into::into), height: height.map(Into::into), orientation: None }
}

fn turned(exif: &[u8]) -> Option<u16> {
    tiff::read(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif))?.orientation
}

fn bmp(bytes: &[u8]) -> Option<Picture> {
    if !bytes.starts_with(b"BM") {
        return None;
    }
    match le32(bytes, 14)? {
        12 => Some(sized(le16(bytes, 18), le16(bytes, 20))),
        // A picture that is stored from the top has a negative height.
        40 | 52 | 56 | 64 | 108 | 124 => {
            let side = |at| le32(bytes, at).map(|side| side.cast_signed().unsigned_abs());
            Some(sized(side(18), side(22)))
        }
        _ => None,
    }
}

fn gif(bytes: &[u8]) -> Option<Picture> {
    let is_gif = bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a");
    is_gif.then(|| sized(le16(bytes, 6), le16(bytes, 8)))
}

fn png(bytes: &[u8]) -> Option<Picture> {
    if !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return None;
    }
    let mut picture = sized(be32(bytes, 16), be32(bytes, 20));
    let mut at = 8;
    while let (Some(length), Some(kind)) = (be32(bytes, at), array::<4>(bytes, at + 4)) {
        let end = (at + 8).saturating_add(length as usize);
        if &kind == b"eXIf" {
            picture.orientation = turned(between(bytes, at + 8, end));
            break;
        }
        at = end.saturating_add(4);
    }
    Some(picture)
}

fn jpeg(bytes: &[u8]) -> Option<Picture> {
    if !bytes.starts_with(b"\xff\xd8\xff") {
        return None;
    }
    let mut picture = Picture::default();
    let mut at = 2;
    while bytes.get(at) == Some(&0xff) {
        let Some(&marker) = bytes.get(at + 1) else { break };
        match marker {
            // Padding, and markers without a length.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            // The end, or the start of what is packed.
            0xd9 | 0xda => break,
            _ => {
                let Some(length) = be16(bytes, at + 2).map(usize::from) else { break };
                let body = between(bytes, at + 4, at + 2 + length);
                if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                    picture.height = be16(body, 1).map(u64::from);
                    picture.width = be16(body, 3).map(u64::from);
                    break;
                }
                if marker == 0xe1 && body.starts_with(b"Exif\0\0") && picture.orientation.is_none() {
                    picture.orientation = turned(body);
                }
                at += 2 + length;
            }
        }
    }
    Some(picture)
}

fn stored_tiff(bytes: &[u8]) -> Option<Picture> {
    // The form for files of more than 4 GB is recognised, not read.
    if bytes.starts_with(b"II+\0") || bytes.starts_with(b"MM\0+") {
        return Some(Picture::default());
    }
    let tiff::Directory { width, height, orientation } = tiff::read(bytes)?;
    Some(Picture { width, height, orientation })
}

fn webp(bytes: &[u8]) -> Option<Picture> {
    if !bytes.starts_with(b"RIFF") || bytes.get(8..12) != Some(b"WEBP") {
        return None;
    }
    let short = |at| le16(bytes, at).map(|side| u64::from(side & 0x3fff));
    let mut picture = match array::<4>(bytes, 12).as_ref() {
        Some(b"VP8 ") => sized(short(26), short(28)),
        Some(b"VP8L") => {
            let bits = le32(bytes, 21);
            sized(bits.map(|bits| (bits & 0x3fff) + 1), bits.map(|bits| (bits >> 14 & 0x3fff) + 1))
        }
        Some(b"VP8X") => {
            let side = |at| array(bytes, at).map(|[low, mid, high]| u32::from_le_bytes([low, mid, high, 0]) + 1);
            sized(side(24), side(27))
        }
        _ => Picture::default(),
    };
    let mut at: usize = 12;
    while let (Some(kind), Some(length)) = (array::<4>(bytes, at), le32(bytes, at + 4)) {
        let end = (at + 8).saturating_add(length as usize);
        if &kind == b"EXIF" {
            picture.orientation = turned(between(bytes, at + 8, end));
            break;
        }
        at = end.saturating_add(length as usize & 1);
    }
    Some(picture)
}

/// Recognises SVG; its size is what a viewer makes of it.
fn svg(bytes: &[u8]) -> Option<Picture> {
    let start = String::from_utf8_lossy(between(bytes, 0, 1000));
    let start = start.trim_start_matches('\u{feff}').trim_start();
    let is_svg = start.starts_with("<svg") || (start.starts_with("<?xml") && start.contains("<svg"));
    is_svg.then(Picture::default)
}
