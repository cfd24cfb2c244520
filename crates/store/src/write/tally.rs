//! Counts of annotations, as labels carry them.
//!
//! A manifest counts annotations by feature and kind, and an export copies annotations without looking inside. So an
//! import counts once and stores the counts with the label: pairs of feature key and number, each a variable-length
//! number of 7 bits a byte, lowest first.

/// Writes counts.
pub fn encode(counts: &[(i64, u32)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(counts.len() * 3);
    for (feature_key, count) in counts {
        push(*feature_key as u64, &mut bytes);
        push(u64::from(*count), &mut bytes);
    }
    bytes
}

/// Calls `each` with every feature key and its number. Bytes that end inside a pair give the whole pairs before it.
pub fn decode(bytes: &[u8], each: &mut dyn FnMut(i64, u64)) {
    let mut rest = bytes;
    while let (Some(feature_key), Some(count)) = (take(&mut rest), take(&mut rest)) {
        each(feature_key as i64, count);
    }
}

fn push(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_back() {
        let counts = [(1, 1), (127, 128), (300, 70_000), (i64::MAX, u32::MAX)];
        let mut read = Vec::new();
        decode(&encode(&counts), &mut |feature_key, count| read.push((feature_key, count as u32)));
        assert_eq!(read, counts);
    }

    #[test]
    fn cut_bytes_give_whole_pairs() {
        let mut bytes = encode(&[(1, 2), (300, 4)]);
        bytes.pop();
        let mut read = Vec::new();
        decode(&bytes, &mut |feature_key, count| read.push((feature_key, count)));
        assert_eq!(read, [(1, 2)]);
    }
}
