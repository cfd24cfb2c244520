//! Numbers as text: the shortest that reads back as the same number, without an exponent.

use std::io::Write;

/// Whole numbers below this one are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends a finite number. These are the bytes of [`Display`](std::fmt::Display), sooner.
pub(super) fn write(number: f64, out: &mut Vec<u8>) {
    let is_whole = number.trunc() == number && number.abs() < EXACT && (number != 0.0 || number.is_sign_positive());
    // Memory takes all that is written.
    if is_whole {
        drop(write!(out, "{}", number as i64));
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format(number);
    if text.contains('e') {
        drop(write!(out, "{number}"));
    } else {
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_written_as_everywhere_else(bits: u64, whole: i32, share in 0.0_f64..1.0) {
            for number in [f64::from_bits(bits), f64::from(whole), share, f64::from(whole) / 8.0, -0.0, 1e300, 5e-324] {
                let mut out = Vec::new();
                super::write(number, &mut out);
                prop_assert!(!number.is_finite() || String::from_utf8(out).unwrap() == number.to_string());
            }
        }
    }
}
