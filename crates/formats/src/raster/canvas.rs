//! A picture whose pixels are numbers of objects.

use super::{Bounds, Runs};
use png::{BitDepth, ColorType, Compression, Encoder, Filter};
use std::io::{self, Write};

/// The most pixels of a canvas, each of two bytes.
const LIMIT_PIXELS: u64 = 1 << 26;

/// Pixels, each with the number of the object that it belongs to; 0 is nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canvas {
    width: u32,
    height: u32,
    /// Row by row.
    pixels: Vec<u16>,
}

/// The pixels of an object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Area {
    /// How many.
    pub pixels: u64,
    /// The box around them; nothing where there are none.
    pub bounds: Option<Bounds>,
}

impl Canvas {
    /// Returns whether a canvas can have this size: it has pixels, and no more than 2^26.
    pub fn can_have(width: u32, height: u32) -> bool {
        (1..=LIMIT_PIXELS).contains(&(u64::from(width) * u64::from(height)))
    }

    /// Makes an empty canvas; nothing if it cannot have the size.
    pub fn new(width: u32, height: u32) -> Option<Self> {
        let count = u64::from(width) * u64::from(height);
        let pixels = Self::can_have(width, height).then(|| vec![0; count as usize])?;
        Some(Self { width, height, pixels })
    }

    /// Lists the numbers of the pixels, row by row.
    pub fn pixels(&self) -> &[u16] {
        &self.pixels
    }

    /// Gives the pixels of a mask of its size to an object.
    pub fn paint(&mut self, runs: &Runs, number: u16) {
        let width = self.width as usize;
        for (x, top, bottom) in runs.columns().filter(|(x, _, bottom)| *x < self.width && *bottom <= self.height) {
            for y in top..bottom {
                self.pixels[y as usize * width + x as usize] = number;
            }
        }
    }

    /// Returns what is left of each object, by number from 1.
    pub fn areas(&self, count: usize) -> Vec<Area> {
        let mut areas = vec![Area::default(); count];
        self.for_each_row(&mut |y, _, runs| {
            let mut x = 0;
            for (number, length) in runs {
                let place = usize::from(*number).checked_sub(1);
                if let Some(area) = place.and_then(|place| areas.get_mut(place)) {
                    area.add(x, *length, y);
                }
                x += length;
            }
        });
        areas
    }

    /// Calls `each` for each row. Rows are mostly like the one above, and neighbours mostly of one object.
    fn for_each_row(&self, each: &mut EachRow<'_>) {
        let mut runs = Vec::new();
        let mut above: &[u16] = &[];
        for (y, row) in (0..).zip(self.pixels.chunks(self.width as usize)) {
            let is_same = row == above;
            if !is_same {
                runs.clear();
                let found = row.chunk_by(|one, next| one == next);
                runs.extend(found.filter_map(|run| Some((*run.first()?, run.len() as u32))));
            }
            each(y, is_same, &runs);
            above = row;
        }
    }

    /// Returns an empty canvas of the same size.
    pub fn emptied(&self) -> Self {
        Self { pixels: vec![0; self.pixels.len()], ..*self }
    }

    /// Counts those pixels of a mask of its size whose object is one of some.
    pub fn count(&self, runs: &Runs, is_one: impl Fn(u16) -> bool) -> u64 {
        let width = self.width as usize;
        let columns = runs.columns().filter(|(x, _, bottom)| *x < self.width && *bottom <= self.height);
        let pixels = columns.flat_map(|(x, top, bottom)| (top..bottom).map(move |y| y as usize * width + x as usize));
        pixels.filter(|place| is_one(self.pixels[*place])).count() as u64
    }

    /// Returns a PNG in which red, green and blue are the lowest, middle and highest byte of a number.
    pub fn to_rgb_png(&self) -> Vec<u8> {
        self.to_png(Header { color: ColorType::Rgb, depth: BitDepth::Eight, palette: None }, |number, out| {
            let [low, high] = number.to_le_bytes();
            out.extend_from_slice(&[low, high, 0]);
        })
    }

    /// Returns a PNG of the values of objects, which stand at their numbers: shades of grey of 16 bits.
    pub fn to_deep_png(&self, values: &[u16]) -> Vec<u8> {
        self.to_png(Header { color: ColorType::Grayscale, depth: BitDepth::Sixteen, palette: None }, |number, out| {
            out.extend_from_slice(&values.get(usize::from(number)).copied().unwrap_or_default().to_be_bytes());
        })
    }

    /// Returns a PNG of the values of objects, which stand at their numbers: places in a palette of red, green and blue, or
    /// shades of grey.
    pub fn to_flat_png(&self, values: &[u8], palette: Option<&[u8]>) -> Vec<u8> {
        let color = if palette.is_some() { ColorType::Indexed } else { ColorType::Grayscale };
        self.to_png(Header { color, depth: BitDepth::Eight, palette }, |number, out| {
            out.push(values.get(usize::from(number)).copied().unwrap_or_default());
        })
    }

    fn to_png(&self, header: Header<'_>, write_pixel: impl Fn(u16, &mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        // Memory takes all that is written, and a line has as many bytes as the header says.
        self.write_png(&mut bytes, header, write_pixel).expect("a canvas has a size that PNG can hold");
        bytes
    }

    fn write_png(
        &self,
        bytes: &mut Vec<u8>,
        header: Header<'_>,
        write_pixel: impl Fn(u16, &mut Vec<u8>),
    ) -> io::Result<()> {
        let mut encoder = Encoder::new(bytes, self.width, self.height);
        encoder.set_color(header.color);
        encoder.set_depth(header.depth);
        // Rows are mostly like the one above, which this filter makes zeros of.
        encoder.set_compression(Compression::Fast);
        encoder.set_filter(Filter::Up);
        if let Some(palette) = header.palette {
            encoder.set_palette(palette.to_vec());
        }
        let mut writer = encoder.write_header()?;
        let mut stream = writer.stream_writer()?;
        let (mut line, mut pixel, mut outcome) = (Vec::new(), Vec::new(), Ok(()));
        self.for_each_row(&mut |_, is_same, runs| {
            if !is_same {
                line.clear();
                for (number, length) in runs {
                    pixel.clear();
                    write_pixel(*number, &mut pixel);
                    line.extend_from_slice(&pixel.repeat(*length as usize));
                }
            }
            if outcome.is_ok() {
                outcome = stream.write_all(&line);
            }
        });
        outcome?;
        stream.finish()?;
        writer.finish()?;
        Ok(())
    }
}

/// Takes the number of a row, whether it is like the one above, and its runs: numbers and how many pixels have them.
type EachRow<'e> = dyn FnMut(u32, bool, &[(u16, u32)]) + 'e;

/// What a PNG says of its pixels.
#[derive(Clone, Copy)]
struct Header<'p> {
    color: ColorType,
    depth: BitDepth,
    palette: Option<&'p [u8]>,
}

impl Area {
    /// Adds pixels next to each other in a row.
    fn add(&mut self, x: u32, length: u32, y: u32) {
        self.pixels += u64::from(length);
        let bounds = self.bounds.get_or_insert(Bounds { left: x, top: y, width: length, height: 1 });
        // Rows come from the top, so that no pixel is above the first.
        let right = (bounds.left + bounds.width).max(x + length);
        bounds.left = bounds.left.min(x);
        bounds.width = right - bounds.left;
        bounds.height = y + 1 - bounds.top;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_objects_cover_earlier_ones() {
        let mut canvas = Canvas::new(4, 3).unwrap();
        let runs = |rows: &[(u32, u32, u32)]| Runs::of_rows(4, 3, rows.iter().copied());
        canvas.paint(&runs(&[(0, 0, 3), (1, 0, 3)]), 1);
        canvas.paint(&runs(&[(1, 1, 4), (2, 0, 1)]), 300);
        assert_eq!(canvas.pixels, [1, 1, 1, 0, 1, 300, 300, 300, 300, 0, 0, 0]);
        let areas = canvas.areas(300);
        let of = |left, top, width, height| Some(Bounds { left, top, width, height });
        assert_eq!(areas[0], Area { pixels: 4, bounds: of(0, 0, 3, 2) });
        assert_eq!(areas[1], Area::default());
        assert_eq!(areas[299], Area { pixels: 4, bounds: of(0, 1, 4, 2) });
    }

    #[test]
    fn numbers_are_read_back_from_colours() {
        let mut canvas = Canvas::new(2, 1).unwrap();
        canvas.paint(&Runs::of_rows(2, 1, [(0, 1, 2)].into_iter()), 0x0203);
        let bytes = canvas.to_rgb_png();
        let mut reader = png::Decoder::new(io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = [0; 6];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [0, 0, 0, 3, 2, 0]);
        assert_eq!(canvas.to_rgb_png(), bytes);
    }

    #[test]
    fn a_canvas_has_a_limit() {
        assert_eq!(Canvas::new(0, 5), None);
        assert_eq!(Canvas::new(1 << 14, (1 << 12) + 1), None);
        assert!(Canvas::new(1, 1).is_some());
    }
}
