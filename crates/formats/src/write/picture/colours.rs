//! A colour for each class: the same for a number in every result, and far from those of its neighbours.
//!
//! The bits of a number are dealt to red, green and blue in turn, the lowest bits of it to the highest of these. Black is
//! nothing.

/// Returns the colour of a number, as the tools of Pascal VOC have it: red, green and blue.
pub(in crate::write) fn colour(number: usize) -> [u8; 3] {
    let mut colour = [0; 3];
    for bit in 0..8 {
        for (channel, value) in colour.iter_mut().enumerate() {
            *value |= ((number >> (3 * bit + channel) & 1) as u8) << (7 - bit);
        }
    }
    colour
}

/// Returns the colours of the numbers from 0 to `last`, one after the other.
pub(in crate::write) fn palette(last: usize) -> Vec<u8> {
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
        assert_eq!((colour(20), colour(255)), ([0, 64, 128], [224, 224, 192]));
        assert_eq!(palette(2), [0, 0, 0, 128, 0, 0, 0, 128, 0]);
    }
}
