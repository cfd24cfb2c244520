//! Numbers as text: the shortest that reads back as the same number, without an exponent.

use std::io::Write;

/// Appends a whole number.
pub(super) fn write_whole(mut number: u64, out: &mut Vec<u8>) {
    // The largest has 20 digits.
    let mut digits = [0; 20];
    let mut start = digits.len();
    loop {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

/// Whole numbers below this one are exact.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Appends a finite number. It is as long as with [`Display`](std::fmt::Display), and written sooner; the last digit differs
/// where two texts are equally near.
pub(super) fn write(number: f64, out: &mut Vec<u8>) {
    let is_whole = number.trunc() == number && number.abs() < EXACT && (number != 0.0 || number.is_sign_positive());
    if is_whole {
        if number < 0.0 {
            out.push(b'-');
        }
        write_whole(number.abs() as u64, out);
        return;
    }
    if write_thousandths(number, out) {
        return;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format(number);
    if text.contains('e') {
        // Memory takes all that is written.
        drop(write!(out, "{number}"));
    } else {
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    }
}

/// Appends a number of which three decimals say all, as they do of most places in a picture. Returns whether it is one.
///
/// With at most 15 digits no other text that is as short is the same number.
fn write_thousandths(number: f64, out: &mut Vec<u8>) -> bool {
    const LARGEST: f64 = 1e12;
    let size = number.abs();
    // Shares of a picture have more decimals.
    if !(1.0..LARGEST).contains(&size) {
        return false;
    }
    let thousandths = (size * 1_000.0).round();
    if thousandths / 1_000.0 != size {
        return false;
    }
    let thousandths = thousandths as u64;
    if number < 0.0 {
        out.push(b'-');
    }
    write_whole(thousandths / 1_000, out);
    let decimals = [100, 10, 1].map(|unit| b'0' + (thousandths / unit % 10) as u8);
    let count = decimals.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    if count > 0 {
        out.push(b'.');
        out.extend_from_slice(&decimals[..count]);
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    #[test]
    fn whole_numbers_are_written_as_usual() {
        for number in [0, 1, 9, 10, 1_234_567_890, u64::MAX] {
            let mut out = b"n".to_vec();
            super::write_whole(number, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("n{number}"));
        }
    }

    proptest! {
        #[test]
        fn numbers_read_back_and_are_as_short_as_they_can_be(bits: u64, whole: i32, share in 0.0_f64..1.0) {
            for number in [f64::from_bits(bits), f64::from(whole), share, f64::from(whole) / 8.0, f64::from(whole) / 1_000.0, f64::from(whole) / 10.0, -0.0, 1e300, 5e-324, 156_072_816_002_234.62] {
                let mut out = Vec::new();
                super::write(number, &mut out);
                let (text, display) = (String::from_utf8(out).unwrap(), number.to_string());
                if number.is_finite() {
                    prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits());
                    prop_assert_eq!(text.len(), display.len(), "{} and {}", text, display);
                    prop_assert!(!text.contains('e'), "{}", text);
                }
            }
        }
    }
}
