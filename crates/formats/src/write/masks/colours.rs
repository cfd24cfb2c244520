//! A colour for each class: the same for a number in every result, and far from those of its neighbours.
//!
//! The bits of a number are dealt out to red, green and blue, the lowest to the highest bits of the colours. Black is nothing.

/// Returns the colour of a number.
pub(super) fn colour(number: u8) -> [u8; 3] {
    let mut colour = [0; 3];
    for step in 0..3 {
        let bits = number >> (3 * step);
        for (channel, value) in colour.iter_mut().enumerate() {
            *value |= (bits >> channel & 1) << (7 - step);
        }
    }
    colour
}

/// Returns the colours of the numbers from 0 to `last`, one after the other.
pub(super) fn palette(last: u8) -> Vec<u8> {
    (0..=last).flat_map(colour).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_numbers_have_one_colour() {
        assert_eq!(
            [colour(0), colour(1), colour(2), colour(4), colour(8)],
            [[0, 0, 0], [128, 0, 0], [0, 128, 0], [0, 0, 128], [64, 0, 0]]
        );
        assert_eq!((0..=255).map(colour).collect::<BTreeSet<_>>().len(), 256);
        assert_eq!(palette(2), [0, 0, 0, 128, 0, 0, 0, 128, 0]);
    }
}
