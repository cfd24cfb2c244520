//! Pictures in boxes: HEIC and AVIF.
//!
//! A file holds several pictures: the one that is shown, its tiles, thumbnails. What is said of each stands in a list of
//! properties, and a table says which of them belong to which picture. Sizes are those of the stored picture, before it is
//! turned and mirrored; how that is done becomes the number that EXIF has for it.

use crate::Asset;
use crate::facts::Facts;
use crate::mp4::{boxes, find};
use crate::numbers::{array, be16, be32, between};

pub(super) fn probe(asset: &Asset<'_>) -> Option<Facts> {
    if array(asset.bytes, 4) != Some(*b"ftyp") {
        return None;
    }
    let mime = match array::<4>(asset.bytes, 8).as_ref()? {
        b"avif" | b"avis" => "image/avif",
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"mif1" | b"msf1" => "image/heic",
        _ => return None,
    };
    let picture = find(asset.bytes, b"meta").map(|meta| picture(between(meta, 4, usize::MAX))).unwrap_or_default();
    Some(Facts {
        width: picture.size.map(|(width, _)| width),
        height: picture.size.map(|(_, height)| height),
        exif_rotation: Some(exif_orientation(picture.quarter_turns, picture.mirror)),
        ..Facts::of(mime)
    })
}

/// What is said of the picture that is shown.
#[derive(Debug, Default)]
struct Picture {
    size: Option<(u64, u64)>,
    /// Against the clock.
    quarter_turns: u8,
    mirror: Option<Mirror>,
}

/// Which sides are exchanged, after the picture is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mirror {
    TopAndBottom,
    LeftAndRight,
}

fn picture(meta: &[u8]) -> Picture {
    let mut picture = Picture::default();
    let Some(properties) = find(meta, b"iprp") else { return picture };
    let all: Vec<([u8; 4], &[u8])> = find(properties, b"ipco").into_iter().flat_map(boxes).collect();
    let shown = find(meta, b"pitm").and_then(|body| match body.first() {
        Some(0) => be16(body, 4).map(u32::from),
        _ => be32(body, 4),
    });
    let tables = boxes(properties).filter(|(kind, _)| kind == b"ipma").map(|(_, body)| body);
    let own: Vec<_> = shown
        .and_then(|shown| tables.into_iter().find_map(|table| associated(table, shown)))
        .into_iter()
        .flatten()
        .filter_map(|number| all.get(usize::from(number).checked_sub(1)?).copied())
        .collect();
    for (kind, body) in &own {
        match kind {
            b"ispe" => picture.size = size(body),
            b"irot" => picture.quarter_turns = body.first().map_or(0, |angle| angle & 3),
            b"imir" => {
                let is_sideways = body.first().is_some_and(|axis| axis & 1 == 1);
                picture.mirror = Some(if is_sideways { Mirror::LeftAndRight } else { Mirror::TopAndBottom });
            }
            _ => {}
        }
    }
    if picture.size.is_none() {
        // Where no table says which, the picture that is shown is the largest.
        let sizes = all.iter().filter(|(kind, _)| kind == b"ispe").filter_map(|(_, body)| size(body));
        picture.size = sizes.max_by_key(|(width, height)| width * height);
    }
    picture
}

fn size(body: &[u8]) -> Option<(u64, u64)> {
    let (width, height) = (u64::from(be32(body, 4)?), u64::from(be32(body, 8)?));
    (width > 0 && height > 0).then_some((width, height))
}

/// Returns the numbers of the properties of a picture, from 1.
fn associated(table: &[u8], picture: u32) -> Option<Vec<u16>> {
    let version = *table.first()?;
    let is_wide = table.get(3)? & 1 == 1;
    let count = be32(table, 4)?;
    let mut at = 8;
    for _ in 0..count {
        let id = if version == 0 { u32::from(be16(table, at)?) } else { be32(table, at)? };
        at += if version == 0 { 2 } else { 4 };
        let properties = usize::from(*table.get(at)?);
        at += 1;
        let width = if is_wide { 2 } else { 1 };
        if id == picture {
            let number = |index: usize| {
                let at = at + index * width;
                // The first bit says that readers must know the property.
                if is_wide {
                    be16(table, at).map(|number| number & 0x7fff)
                } else {
                    table.get(at).map(|n| u16::from(n & 0x7f))
                }
            };
            return Some((0..properties).filter_map(number).collect());
        }
        at += properties * width;
    }
    None
}

/// Returns the number that EXIF has for a picture that is turned against the clock and then mirrored.
fn exif_orientation(quarter_turns: u8, mirror: Option<Mirror>) -> u16 {
    match (quarter_turns, mirror) {
        (0, None) => 1,
        (0, Some(Mirror::LeftAndRight)) | (2, Some(Mirror::TopAndBottom)) => 2,
        (2, None) => 3,
        (2, Some(Mirror::LeftAndRight)) | (0, Some(Mirror::TopAndBottom)) => 4,
        (1, Some(Mirror::TopAndBottom)) | (3, Some(Mirror::LeftAndRight)) => 5,
        (3, None) => 6,
        (1, Some(Mirror::LeftAndRight)) | (3, Some(Mirror::TopAndBottom)) => 7,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of three by two pixels, as EXIF numbers the ways to show it.
    fn shown(orientation: u16, pixels: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let (height, width) = (pixels.len(), pixels[0].len());
        let is_turned = orientation >= 5;
        let (rows, columns) = if is_turned { (width, height) } else { (height, width) };
        let source = |row: usize, column: usize| match orientation {
            1 => (row, column),
            2 => (row, width - 1 - column),
            3 => (height - 1 - row, width - 1 - column),
            4 => (height - 1 - row, column),
            5 => (column, row),
            6 => (height - 1 - column, row),
            7 => (height - 1 - column, width - 1 - row),
            _ => (column, width - 1 - row),
        };
        let pixel = |row, column| {
            let (row, column) = source(row, column);
            pixels[row][column]
        };
        (0..rows).map(|row| (0..columns).map(|column| pixel(row, column)).collect()).collect()
    }

    #[test]
    fn turning_and_mirroring_is_what_exif_has_a_number_for() {
        let stored = vec![vec![1, 2, 3], vec![4, 5, 6]];
        for quarter_turns in 0..4 {
            for mirror in [None, Some(Mirror::TopAndBottom), Some(Mirror::LeftAndRight)] {
                let mut expect = stored.clone();
                for _ in 0..quarter_turns {
                    // Against the clock: the last column becomes the first row.
                    let columns = expect[0].len();
                    expect = (0..columns).rev().map(|column| expect.iter().map(|row| row[column]).collect()).collect();
                }
                match mirror {
                    None => {}
                    Some(Mirror::TopAndBottom) => expect.reverse(),
                    Some(Mirror::LeftAndRight) => expect.iter_mut().for_each(|row| row.reverse()),
                }
                let orientation = exif_orientation(quarter_turns, mirror);
                assert_eq!(shown(orientation, &stored), expect, "{quarter_turns} {mirror:?} is {orientation}");
            }
        }
    }

    #[test]
    fn the_properties_of_the_picture_that_is_shown_count() {
        let packed =
            |kind: &[u8; 4], body: &[u8]| [&((body.len() + 8) as u32).to_be_bytes()[..], &kind[..], body].concat();
        let size = |width: u8, height: u8| packed(b"ispe", &[0, 0, 0, 0, 0, 0, 0, width, 0, 0, 0, height]);
        let (turn, mirror) = (packed(b"irot", &[3]), packed(b"imir", &[1]));
        let list = packed(b"ipco", &[size(90, 60), size(9, 6), turn, mirror].concat());
        // Picture 1 is a large tile without turns; picture 2 is shown.
        for (version, table) in [
            (0, &[0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1, 1, 0, 2, 3, 0x82, 0x83, 0x84][..]),
            (1, &[1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 2, 3, 0x80, 2, 0x80, 3, 0x80, 4][..]),
        ] {
            let id = if version == 0 { vec![0, 0, 0, 0, 0, 2] } else { vec![1, 0, 0, 0, 0, 0, 0, 2] };
            let properties = packed(b"iprp", &[list.clone(), packed(b"ipma", table)].concat());
            let found = picture(&[packed(b"pitm", &id), properties].concat());
            assert_eq!(found.size, Some((9, 6)));
            assert_eq!(exif_orientation(found.quarter_turns, found.mirror), 5);
        }
        let found = picture(&packed(b"iprp", &list));
        assert_eq!((found.size, found.quarter_turns), (Some((90, 60)), 0), "no table: the largest, not turned");
    }
}
