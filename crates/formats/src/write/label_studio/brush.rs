//! Masks as Label Studio stores what a brush painted: run lengths of bytes, four for each pixel, packed into bits.
//!
//! After the number of bytes (32 bits), the size of a byte (5) and four sizes of lengths (4 each), all of the sizes less one,
//! come runs: a bit that says that one value is repeated, which size the length has (2), the length less one, the value (8).

use crate::raster::{Bounds, Runs};

/// How many bits a length has.
const LENGTH_BITS: [u32; 4] = [3, 4, 8, 16];
/// Bytes of a pixel: red, green, blue and how opaque it is.
const CHANNELS: u64 = 4;

/// Packs a mask: its pixels are white and opaque, others black and transparent.
pub(super) fn pack(runs: &Runs) -> Vec<u8> {
    let bounds = Bounds { left: 0, top: 0, width: runs.width(), height: runs.height() };
    let mut bits = Bits::default();
    let pixels = u64::from(runs.width()) * u64::from(runs.height());
    bits.push(pixels * CHANNELS, 32);
    bits.push(8 - 1, 5);
    LENGTH_BITS.iter().for_each(|size| bits.push(u64::from(size - 1), 4));
    for (index, count) in runs.row_counts(&bounds).iter().enumerate() {
        let value = if index % 2 == 1 { 255 } else { 0 };
        let mut left = u64::from(*count) * CHANNELS;
        while left > 0 {
            let length = left.min(1 << 16);
            let fits = |size: &&u32| length <= 1 << **size;
            // The largest size has room for each length.
            let which = LENGTH_BITS.iter().position(|size| fits(&size)).unwrap_or(LENGTH_BITS.len() - 1);
            bits.push(1, 1);
            bits.push(which as u64, 2);
            bits.push(length - 1, LENGTH_BITS[which]);
            bits.push(value, 8);
            left -= length;
        }
    }
    bits.bytes
}

/// Bits, the highest of a byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// How many bits of the last byte are free.
    free: u32,
}

impl Bits {
    /// Appends the lowest bits of a number.
    fn push(&mut self, number: u64, count: u32) {
        for place in (0..count).rev() {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            self.free -= 1;
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((number >> place & 1) as u8) << self.free;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads bytes as Label Studio does.
    fn unpack(packed: &[u8]) -> Vec<u8> {
        let mut place = 0;
        let mut read = |count: u32| {
            (0..count).fold(0_usize, |number, _| {
                let bit = packed[place / 8] >> (7 - place % 8) & 1;
                place += 1;
                number << 1 | usize::from(bit)
            })
        };
        let (count, word) = (read(32), read(5) as u32 + 1);
        let sizes = [0; 4].map(|_| read(4) as u32 + 1);
        let mut out = Vec::new();
        while out.len() < count {
            assert_eq!(read(1), 1, "values that are not repeated are not written");
            let which = read(2);
            let length = read(sizes[which]) + 1;
            let value = read(word) as u8;
            out.extend(std::iter::repeat_n(value, length));
        }
        out
    }

    #[test]
    fn a_large_mask_is_read_back() {
        let rows = (100..900).map(|y| (y, 10, 990));
        let unpacked = unpack(&pack(&Runs::of_rows(1_000, 1_000, rows)));
        assert_eq!(unpacked.len(), 4_000_000);
        let opaque = unpacked.chunks_exact(4).filter(|pixel| **pixel == [255; 4]).count();
        assert_eq!(opaque, 800 * 980);
    }

    proptest! {
        #[test]
        fn pixels_are_read_back(width in 1_u32..9, height in 1_u32..9, pixels in prop::collection::vec(any::<bool>(), 81)) {
            let count = (width * height) as usize;
            let rows = (0_u32..).zip(&pixels[..count]).filter(|(_, inside)| **inside);
            let rows = rows.map(|(place, _)| (place / width, place % width, place % width + 1));
            let unpacked = unpack(&pack(&Runs::of_rows(width, height, rows)));
            let expect: Vec<u8> = pixels[..count].iter().flat_map(|inside| [if *inside { 255 } else { 0 }; 4]).collect();
            prop_assert_eq!(unpacked, expect);
        }
    }
}
