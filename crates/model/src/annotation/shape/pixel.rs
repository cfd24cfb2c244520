//! Rectangles and points, in pixels of an image or in points of a page.

use crate::annotation::ReadError;
use crate::annotation::cursor::Cursor;
use crate::annotation::record::{self, Layout, Record, keeps_layout};
use crate::annotation::scalar::Number;
use crate::json::ObjectWriter;

/// An axis-aligned rectangle.
///
/// Pixels of the image as it is shown, or PDF points of a page, as the shape says. The origin is the top-left corner, x
/// runs to the right, y down. Numbers are edges, not pixels: a box with `left` 0 and `width` W covers the whole width,
/// and its right edge `left + width` is not part of it. Nothing keeps a box inside its image.
#[derive(Debug, Clone, PartialEq)]
pub struct Rect<'a> {
    /// The distance of the top edge from the top of the image.
    pub top: Number<'a>,
    /// The distance of the left edge from the left of the image.
    pub left: Number<'a>,
    /// The height.
    pub height: Number<'a>,
    /// The width.
    pub width: Number<'a>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// A point in pixels, from the top-left corner of the image as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Point<'a> {
    /// To the right.
    pub x: Number<'a>,
    /// Down.
    pub y: Number<'a>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// The size of a page, in PDF points.
#[derive(Debug, Clone, PartialEq)]
pub struct Dimensions<'a> {
    /// The height.
    pub height: Number<'a>,
    /// The width.
    pub width: Number<'a>,
    /// What else was stored.
    pub layout: Layout<'a>,
}

/// Returns the points of a ring without the first one repeated at the end.
pub fn open_ring<'r, 'a>(ring: &'r [Point<'a>]) -> &'r [Point<'a>] {
    match ring {
        [first, rest @ .., last] if !rest.is_empty() && first.x == last.x && first.y == last.y => {
            &ring[..ring.len() - 1]
        }
        _ => ring,
    }
}

/// What a member is until it is read. A record with such a member is given up.
fn unread<'a>() -> Number<'a> {
    Number::new(f64::NAN)
}

impl Default for Rect<'_> {
    fn default() -> Self {
        Self { top: unread(), left: unread(), height: unread(), width: unread(), layout: Layout::default() }
    }
}

impl Default for Point<'_> {
    fn default() -> Self {
        Self { x: unread(), y: unread(), layout: Layout::default() }
    }
}

impl Default for Dimensions<'_> {
    fn default() -> Self {
        Self { height: unread(), width: unread(), layout: Layout::default() }
    }
}

/// Reads a number into a place.
fn read_number<'a>(place: &mut Number<'a>, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
    let Some(number) = Number::read(cursor)? else { return Ok(false) };
    *place = number;
    Ok(true)
}

impl Rect<'_> {
    /// Appends the object as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        record::write(self, out);
    }
}

impl<'a> Record<'a> for Rect<'a> {
    const KEYS: &'static [&'static str] = &["top", "left", "height", "width"];
    const REQUIRED: u32 = 0b1111;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        let place = match key {
            0 => &mut self.top,
            1 => &mut self.left,
            2 => &mut self.height,
            _ => &mut self.width,
        };
        read_number(place, cursor)
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        [&self.top, &self.left, &self.height, &self.width][key].write(object.key(Self::KEYS[key]));
    }

    keeps_layout!();
}

impl Point<'_> {
    /// Appends the object as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        record::write(self, out);
    }
}

impl<'a> Record<'a> for Point<'a> {
    const KEYS: &'static [&'static str] = &["x", "y"];
    const REQUIRED: u32 = 0b11;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        read_number(if key == 0 { &mut self.x } else { &mut self.y }, cursor)
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        [&self.x, &self.y][key].write(object.key(Self::KEYS[key]));
    }

    keeps_layout!();
}

impl Dimensions<'_> {
    /// Appends the object as it is stored.
    pub fn write(&self, out: &mut Vec<u8>) {
        record::write(self, out);
    }
}

impl<'a> Record<'a> for Dimensions<'a> {
    const KEYS: &'static [&'static str] = &["height", "width"];
    const REQUIRED: u32 = 0b11;

    fn read_member(&mut self, key: usize, cursor: &mut Cursor<'a>) -> Result<bool, ReadError> {
        read_number(if key == 0 { &mut self.height } else { &mut self.width }, cursor)
    }

    fn write_member(&self, key: usize, object: &mut ObjectWriter<'_>) {
        [&self.height, &self.width][key].write(object.key(Self::KEYS[key]));
    }

    keeps_layout!();
}
