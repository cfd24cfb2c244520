//! Masks as one bit for each pixel, as some formats have them.

use super::Runs;

impl Runs {
    /// Sets the bits of the pixels, which are counted from `first`, row by row, with the lowest bit of each byte first. Bits
    /// that are not there are passed over.
    pub fn set_bits(&self, bits: &mut [u8], first: u64) {
        let width = u64::from(self.width);
        for (x, top, bottom) in self.columns() {
            for y in top..bottom {
                let place = first + u64::from(y) * width + u64::from(x);
                let byte = usize::try_from(place / 8).ok().and_then(|byte| bits.get_mut(byte));
                if let Some(byte) = byte {
                    *byte |= 1 << (place % 8);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bits_follow_each_other_from_row_to_row() {
        let runs = Runs::of_rows(5, 2, [(0, 0, 2), (1, 4, 5)].into_iter());
        let mut bits = [0b1000_0000, 0, 0];
        runs.set_bits(&mut bits, 3);
        assert_eq!(bits, [0b1001_1000, 0b0001_0000, 0]);
        runs.set_bits(&mut bits, 1 << 40);
        assert_eq!(bits, [0b1001_1000, 0b0001_0000, 0]);
    }

    proptest! {
        #[test]
        fn a_bit_is_set_for_each_pixel(
            width in 1_u32..9, height in 1_u32..9, first in 0_u64..20, pixels in prop::collection::vec(any::<bool>(), 64),
        ) {
            let is_inside = |x: u32, y: u32| pixels[(y * width + x) as usize];
            let cells = || (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
            let rows = cells().filter(|(x, y)| is_inside(*x, *y)).map(|(x, y)| (y, x, x + 1));
            let mut bits = vec![0_u8; 12];
            Runs::of_rows(width, height, rows).set_bits(&mut bits, first);
            let found: Vec<bool> = (0..96).map(|place| bits[place / 8] >> (place % 8) & 1 == 1).collect();
            let mut expect = vec![false; 96];
            for (place, (x, y)) in (first as usize..).zip(cells()) {
                expect[place] = is_inside(x, y);
            }
            prop_assert_eq!(found, expect);
        }
    }
}
