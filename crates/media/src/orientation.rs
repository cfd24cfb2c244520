//! The orientation of a picture, from its EXIF data.

use exif::{Exif, In, Reader, Tag};
use std::io::Cursor;

/// What some writers put before EXIF data also where the format says that it stands alone.
const PREFIX: &[u8] = b"Exif\0\0";

/// Returns the orientation of an image file, from 1 to 8.
pub(super) fn find(file: &[u8]) -> Option<u16> {
    // A damaged field does not hide the others.
    let mut reader = Reader::new();
    reader.continue_on_error(true);
    let whole = |read: Result<Exif, exif::Error>| read.or_else(|error| error.distill_partial_result(|_| {})).ok();
    let in_container = whole(reader.read_from_container(&mut Cursor::new(file)));
    in_container.as_ref().and_then(orientation_of).or_else(|| {
        let start = file.windows(PREFIX.len()).position(|window| window == PREFIX)? + PREFIX.len();
        orientation_of(&whole(reader.read_raw(file[start..].to_vec()))?)
    })
}

fn orientation_of(fields: &Exif) -> Option<u16> {
    let orientation = fields.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0)?;
    u16::try_from(orientation).ok().filter(|orientation| (1..=8).contains(orientation))
}
