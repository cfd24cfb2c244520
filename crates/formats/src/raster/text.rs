//! Run lengths as the text that COCO has for them.

use super::Runs;

/// How many bits of a number a character holds.
const BITS: u32 = 5;
/// The bit of a character that says that more follow.
const MORE: u8 = 0x20;
/// The bit of a character that is the sign of the number if none follow.
const SIGN: u8 = 0x10;
/// What is added to a character, so that it can be printed.
const FIRST: u8 = 48;

impl Runs {
    /// Returns the compressed text of the counts. It may hold a backslash, which JSON has to escape.
    ///
    /// Each count after the third is the difference from the one two before; numbers are in groups of five bits, the lowest
    /// first, in two's complement.
    pub fn compressed(&self) -> String {
        let mut text = String::new();
        for (index, count) in self.counts.iter().enumerate() {
            let before = if index > 2 { i64::from(self.counts[index - 2]) } else { 0 };
            let mut left = i64::from(*count) - before;
            loop {
                let bits = (left & 0x1f) as u8;
                left >>= BITS;
                let is_last = if bits & SIGN == 0 { left == 0 } else { left == -1 };
                text.push(char::from(FIRST + if is_last { bits } else { bits | MORE }));
                if is_last {
                    break;
                }
            }
        }
        text
    }
}
