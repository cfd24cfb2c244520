//! Still images: PNG, JPEG, GIF, WebP, BMP, TIFF, and SVG by name.
//!
//! Sizes are those of the stored picture, before it is rotated as EXIF says.

use crate::facts::Facts;
use crate::numbers::{be16, between};
use crate::{Asset, orientation};
use imagesize::{ImageSize, ImageType};

/// The orientation of a picture without one.
const UPRIGHT: u16 = 1;

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    if is_svg(asset.bytes) {
        // Its size is what a viewer makes of it.
        return Some(Facts { exif_rotation: Some(UPRIGHT), ..Facts::of("image/svg+xml") });
    }
    let mime = match imagesize::image_type(asset.bytes).ok()? {
        ImageType::Bmp => "image/bmp",
        ImageType::Gif => "image/gif",
        ImageType::Jpeg => "image/jpeg",
        ImageType::Png => "image/png",
        ImageType::Tiff => "image/tiff",
        ImageType::Webp => "image/webp",
        // Others have probes of their own, or are no image that a browser shows.
        _ => return None,
    };
    let size = match mime {
        "image/jpeg" => jpeg_size(asset.bytes),
        _ => imagesize::blob_size(asset.bytes).ok(),
    };
    // A bitmap that is stored from the top has a negative height, which the library takes for a huge one.
    let pixels = |side: usize| match u32::try_from(side).unwrap_or(0) {
        0 => None,
        side if mime == "image/bmp" => Some(u64::from(side.cast_signed().unsigned_abs())),
        side => Some(u64::from(side)),
    };
    Some(Facts {
        width: size.and_then(|size| pixels(size.width)),
        height: size.and_then(|size| pixels(size.height)),
        exif_rotation: Some(orientation::find(asset.bytes).unwrap_or(UPRIGHT)),
        ..Facts::of(mime)
    })
}

/// Recognises SVG.
fn is_svg(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(between(bytes, 0, 1000));
    let start = start.trim_start_matches('\u{feff}').trim_start();
    start.starts_with("<svg") || (start.starts_with("<?xml") && start.contains("<svg"))
}

/// Reads the size of a JPEG file. The library refuses padding between segments, which the standard allows.
fn jpeg_size(bytes: &[u8]) -> Option<ImageSize> {
    let mut at = 2;
    while bytes.get(at) == Some(&0xff) {
        match bytes.get(at + 1)? {
            // Padding, and markers without a length.
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            // The end, or the start of the compressed data.
            0xd9 | 0xda => return None,
            marker => {
                let length = usize::from(be16(bytes, at + 2)?);
                if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
                    let frame = between(bytes, at + 4, at + 2 + length);
                    let (height, width) = (usize::from(be16(frame, 1)?), usize::from(be16(frame, 3)?));
                    return Some(ImageSize { width, height });
                }
                at += 2 + length;
            }
        }
    }
    None
}
