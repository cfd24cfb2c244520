//! Pictures in boxes: HEIC and AVIF.

use super::Asset;
use super::facts::Facts;
use super::mp4::{boxes, find};
use super::numbers::{array, be32, between};

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    if array(asset.bytes, 4) != Some(*b"ftyp") {
        return None;
    }
    let mime = match array::<4>(asset.bytes, 8).as_ref()? {
        b"avif" | b"avis" => "image/avif",
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" => "image/heic",
        _ => return None,
    };
    // The sizes of the picture, its tiles and its thumbnails stand side by side; the picture is the largest.
    let properties = find(asset.bytes, b"meta")
        .and_then(|meta| find(between(meta, 4, usize::MAX), b"iprp"))
        .and_then(|properties| find(properties, b"ipco"));
    let sizes = properties.into_iter().flat_map(boxes).filter(|(kind, _)| kind == b"ispe");
    let sizes = sizes.filter_map(|(_, body)| Some((u64::from(be32(body, 4)?), u64::from(be32(body, 8)?))));
    let largest =
        sizes.filter(|(width, height)| *width > 0 && *height > 0).max_by_key(|(width, height)| width * height);
    Some(Facts {
        width: largest.map(|(width, _)| width),
        height: largest.map(|(_, height)| height),
        exif_rotation: Some(1),
        ..Facts::of(mime)
    })
}
