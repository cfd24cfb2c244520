//! PNG pictures, read and written row by row.

use super::super::error::LineProblem;
use super::region::{Region, Run, check_size};
use super::{Colour, RUN_LIMIT};
use png::{BitDepth, ColorType, Decoder, Encoder, Limits, Transformations};
use std::io::{Cursor, Write};

/// Which pixels of a picture belong to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Inside {
    /// Those that are not black.
    Lit,
    /// Those of one colour.
    Of(Colour),
}

/// The memory limit of the decoder apart from rows: text and colour profiles are not read.
const DECODER_BYTES: usize = 64 << 20;
/// The most pixels of an interlaced picture, which is read whole.
const INTERLACED_LIMIT: u64 = 25_000_000;

/// Reads a PNG and returns the region of each instance, empty where the picture does not show it.
pub(in super::super) fn regions(bytes: &[u8], instances: &[Inside]) -> Result<Vec<Region>, LineProblem> {
    let not_png = |error: png::DecodingError| LineProblem::NotPng(error.to_string());
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: DECODER_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // Colours have 8 bits a channel. Of 16 bits that say no more than "lit" both halves count.
    let has_colours = instances.iter().any(|inside| *inside != Inside::Lit);
    decoder.set_transformations(match has_colours {
        true => Transformations::EXPAND | Transformations::STRIP_16,
        false => Transformations::EXPAND,
    });
    let info = decoder.read_header_info().map_err(not_png)?;
    let (width, height, is_interlaced) = (info.width, info.height, info.interlaced);
    check_size(u64::from(width), u64::from(height))?;
    if is_interlaced && u64::from(width) * u64::from(height) > INTERLACED_LIMIT {
        let (width, height) = (u64::from(width), u64::from(height));
        return Err(LineProblem::TooManyPixels { width, height, limit: INTERLACED_LIMIT });
    }
    let mut reader = decoder.read_info().map_err(not_png)?;
    let (color, depth) = reader.output_color_type();
    let sorter = Sorter { instances, pixel: Pixel::new(color, depth) };
    let mut found: Vec<Region> = instances.iter().map(|_| Region::new(width, height)).collect();
    if is_interlaced {
        let size = reader.output_buffer_size().ok_or_else(|| LineProblem::NotPng("it is too large".to_owned()))?;
        let mut picture = vec![0; size];
        let line_size = reader.next_frame(&mut picture).map_err(not_png)?.line_size;
        for (row, pixels) in (0..height).zip(picture.chunks(line_size.max(1))) {
            sorter.sort(row, pixels, &mut found)?;
        }
        return Ok(found);
    }
    for row in 0..height {
        let pixels = reader.next_row().map_err(not_png)?;
        let pixels = pixels.ok_or_else(|| LineProblem::NotPng("it ends too early".to_owned()))?;
        sorter.sort(row, pixels.data(), &mut found)?;
    }
    Ok(found)
}

/// The layout of a pixel in a row.
struct Pixel {
    bytes: usize,
    /// The bytes of the colour; the others are the opacity.
    colour_bytes: usize,
}

impl Pixel {
    fn new(color: ColorType, depth: BitDepth) -> Self {
        let sample = if depth == BitDepth::Sixteen { 2 } else { 1 };
        let colours = match color {
            ColorType::Grayscale | ColorType::GrayscaleAlpha | ColorType::Indexed => 1,
            ColorType::Rgb | ColorType::Rgba => 3,
        };
        Self { bytes: color.samples() * sample, colour_bytes: colours * sample }
    }
}

struct Sorter<'a> {
    instances: &'a [Inside],
    pixel: Pixel,
}

impl Sorter<'_> {
    /// Adds the pixels of a row to the regions they belong to.
    fn sort(&self, row: u32, pixels: &[u8], found: &mut [Region]) -> Result<(), LineProblem> {
        let mut rest = pixels.chunks_exact(self.pixel.bytes).map(|pixel| &pixel[..self.pixel.colour_bytes]).peekable();
        let mut start = 0;
        while let Some(colour) = rest.next() {
            // Masks consist of long runs of one colour: each is checked once.
            let mut end = start + 1;
            while rest.next_if(|next| *next == colour).is_some() {
                end += 1;
            }
            for (inside, region) in self.instances.iter().zip(found.iter_mut()) {
                let belongs = match inside {
                    Inside::Lit => colour.iter().any(|byte| *byte != 0),
                    // A grey pixel has one byte for its three channels.
                    Inside::Of(wanted) => wanted.iter().zip(colour.iter().cycle()).all(|(one, other)| one == other),
                };
                if belongs {
                    region.push(row, start, end);
                }
            }
            start = end;
        }
        if found.iter().map(Region::length).sum::<usize>() > RUN_LIMIT {
            return Err(LineProblem::TooScattered(RUN_LIMIT));
        }
        Ok(())
    }
}

/// Writes a region as a picture of white on black.
pub(super) fn instance(region: &Region) -> Result<Vec<u8>, String> {
    write(region.width, region.height, &[(region, [255])], ColorType::Grayscale)
}

/// Writes regions as a picture, each in its colour, later ones over earlier ones.
pub(super) fn composite(width: u32, height: u32, regions: &[(&Region, Colour)]) -> Result<Vec<u8>, String> {
    write(width, height, regions, ColorType::Rgb)
}

fn write<const CHANNELS: usize>(
    width: u32,
    height: u32,
    regions: &[(&Region, [u8; CHANNELS])],
    color: ColorType,
) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
    let mut stream = writer.stream_writer().map_err(|error| error.to_string())?;
    let mut waiting: Vec<(&[Run], [u8; CHANNELS])> =
        regions.iter().map(|(region, colour)| (&region.runs[..], *colour)).collect();
    let mut pixels = vec![0; width as usize * CHANNELS];
    for row in 0..height {
        pixels.fill(0);
        for (runs, colour) in &mut waiting {
            let here = runs.iter().take_while(|each| each.row == row).count();
            let (now, later) = runs.split_at(here);
            for each in now {
                let painted = &mut pixels[each.start as usize * CHANNELS..each.end as usize * CHANNELS];
                painted.chunks_exact_mut(CHANNELS).for_each(|pixel| pixel.copy_from_slice(colour));
            }
            *runs = later;
        }
        stream.write_all(&pixels).map_err(|error| error.to_string())?;
    }
    stream.finish().map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Encodes a picture of one row.
    fn row(color: ColorType, depth: BitDepth, data: &[u8], width: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let mut encoder = Encoder::new(&mut out, width, 1);
        encoder.set_color(color);
        encoder.set_depth(depth);
        if color == ColorType::Indexed {
            encoder.set_palette(vec![0, 0, 0, 9, 9, 9]);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(data).unwrap();
        writer.finish().unwrap();
        out
    }

    #[track_caller]
    fn check(bytes: &[u8], inside: Inside, expect: &[(u32, u32)]) {
        let found = regions(bytes, &[inside]).unwrap();
        let found: Vec<_> = found[0].runs.iter().map(|each| (each.start, each.end)).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn every_sort_of_picture_is_read() {
        use BitDepth::{Eight, One, Sixteen};
        check(&row(ColorType::Grayscale, Eight, &[0, 1, 1, 0], 4), Inside::Lit, &[(1, 3)]);
        check(&row(ColorType::Grayscale, One, &[0b0101_0000], 4), Inside::Lit, &[(1, 2), (3, 4)]);
        check(&row(ColorType::Grayscale, Sixteen, &[0, 1, 0, 0], 2), Inside::Lit, &[(0, 1)]);
        check(&row(ColorType::Grayscale, Eight, &[7, 9], 2), Inside::Of([9, 9, 9]), &[(1, 2)]);
        check(&row(ColorType::GrayscaleAlpha, Eight, &[0, 255, 5, 0], 2), Inside::Lit, &[(1, 2)]);
        check(&row(ColorType::Rgb, Eight, &[1, 2, 3, 1, 2, 4], 2), Inside::Of([1, 2, 4]), &[(1, 2)]);
        check(&row(ColorType::Rgba, Eight, &[0, 0, 0, 255, 1, 2, 3, 0], 2), Inside::Of([1, 2, 3]), &[(1, 2)]);
        check(&row(ColorType::Rgb, Sixteen, &[1, 0, 2, 0, 3, 0], 1), Inside::Of([1, 2, 3]), &[(0, 1)]);
        check(&row(ColorType::Indexed, Eight, &[1, 0], 2), Inside::Of([9, 9, 9]), &[(0, 1)]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut lower = Region::new(3, 2);
        (0..3).for_each(|column| lower.push(1, column, column + 1));
        let mut right = Region::new(3, 2);
        (0..2).for_each(|row| right.push(row, 2, 3));
        assert_eq!(regions(&instance(&lower).unwrap(), &[Inside::Lit]).unwrap(), [lower.clone()]);
        let bytes = composite(3, 2, &[(&lower, [1, 2, 3]), (&right, [4, 5, 6])]).unwrap();
        let read = regions(&bytes, &[Inside::Of([1, 2, 3]), Inside::Of([4, 5, 6])]).unwrap();
        // The later region lies over the earlier one.
        lower.runs[0].end = 2;
        assert_eq!(read, [lower, right]);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let refused = |bytes: &[u8]| regions(bytes, &[Inside::Lit]).unwrap_err().name();
        assert_eq!(refused(b"GIF89a"), "InvalidMask");
        let whole = instance(&Region::new(900, 700)).unwrap();
        assert_eq!(refused(&whole[..whole.len() / 2]), "InvalidMask");
        // A header alone that speaks of 90,000 x 90,000 pixels costs nothing.
        let mut vast = whole;
        vast[16..24].copy_from_slice(&[0, 1, 0x5f, 0x90, 0, 1, 0x5f, 0x90]);
        let crc = crc32fast::hash(&vast[12..29]).to_be_bytes();
        vast[29..33].copy_from_slice(&crc);
        let expect = LineProblem::TooManyPixels { width: 90_000, height: 90_000, limit: super::super::PIXEL_LIMIT };
        assert_eq!(regions(&vast, &[Inside::Lit]).unwrap_err(), expect);
    }
}
