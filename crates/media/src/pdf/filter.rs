//! Streams as they were before they were packed.

use super::Budget;
use super::object::{Dictionary, Object, digit, is_space};
use flate2::read::ZlibDecoder;
use std::io::Read;

/// The most bytes of one stream. Pages and fonts stay far below.
const STREAM_LIMIT: usize = 24 << 20;
/// More filters than any writer puts on each other.
const FILTER_LIMIT: usize = 4;

/// Unpacks a stream as its dictionary says; `None` for one in a form that holds no text. What is damaged counts as far as
/// it goes, what is over the budget is cut off. `resolved` follows a reference to its object.
pub(super) fn unpack(
    resolved: &dyn Fn(&Object) -> Object,
    dictionary: &Dictionary,
    raw: &[u8],
    budget: &mut Budget,
) -> Option<Vec<u8>> {
    let listed = |keys: [&str; 2]| {
        let value = keys.iter().find_map(|key| dictionary.get(key)).map(resolved);
        match value {
            Some(Object::Array(items)) => items.iter().map(resolved).collect(),
            Some(value) => vec![value],
            None => Vec::new(),
        }
    };
    let filters = listed(["Filter", "F"]);
    let parameters = listed(["DecodeParms", "DP"]);
    if filters.len() > FILTER_LIMIT {
        return None;
    }
    // Packed bytes cost something too: many streams may share them.
    budget.unpacked_bytes = budget.unpacked_bytes.saturating_sub(raw.len() / 4);
    let limit = STREAM_LIMIT.min(budget.unpacked_bytes);
    let mut bytes = raw[..raw.len().min(limit)].to_vec();
    for (index, filter) in filters.iter().enumerate() {
        let parameters = parameters.get(index).and_then(Object::as_dictionary);
        bytes = match filter.as_name()? {
            b"FlateDecode" | b"Fl" => predicted(inflated(&bytes, limit), parameters),
            b"LZWDecode" | b"LZW" => predicted(lzw(&bytes, limit, parameters), parameters),
            b"ASCIIHexDecode" | b"AHx" => hex(&bytes),
            b"ASCII85Decode" | b"A85" => ascii85(&bytes, limit),
            b"RunLengthDecode" | b"RL" => run_lengths(&bytes, limit),
            _ => return None,
        };
        bytes.truncate(limit);
    }
    budget.unpacked_bytes -= bytes.len();
    Some(bytes)
}

fn inflated(bytes: &[u8], limit: usize) -> Vec<u8> {
    let mut unpacked = Vec::new();
    // An error leaves what came before it.
    let _ = ZlibDecoder::new(bytes).take(limit as u64).read_to_end(&mut unpacked);
    unpacked
}

/// Undoes the prediction of bytes from those to the left and above.
fn predicted(bytes: Vec<u8>, parameters: Option<&Dictionary>) -> Vec<u8> {
    let number = |key: &str, usual: usize| {
        parameters.and_then(|parameters| parameters.get(key)).and_then(Object::as_index).unwrap_or(usual)
    };
    // The form of TIFF is used for pictures alone.
    if number("Predictor", 1) < 10 {
        return bytes;
    }
    let bits = number("Colors", 1).clamp(1, 32) * number("BitsPerComponent", 8).clamp(1, 16);
    let pixel = bits.div_ceil(8);
    let row = (bits * number("Columns", 1).clamp(1, 1 << 20)).div_ceil(8);
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    for line in bytes.chunks(row + 1) {
        let (kind, line) = (line[0], &line[1..]);
        let start = out.len();
        for (index, &byte) in line.iter().enumerate() {
            let left = if index >= pixel { out[start + index - pixel] } else { 0 };
            let above = if start >= row { out[start + index - row] } else { 0 };
            let corner = if start >= row && index >= pixel { out[start + index - row - pixel] } else { 0 };
            out.push(byte.wrapping_add(match kind {
                1 => left,
                2 => above,
                3 => ((u16::from(left) + u16::from(above)) / 2) as u8,
                4 => nearest(left, above, corner),
                _ => 0,
            }));
        }
    }
    out
}

/// Returns which of three bytes is nearest to what their slope says.
fn nearest(left: u8, above: u8, corner: u8) -> u8 {
    let slope = i16::from(left) + i16::from(above) - i16::from(corner);
    let distance = |byte: u8| (slope - i16::from(byte)).abs();
    if distance(left) <= distance(above) && distance(left) <= distance(corner) {
        left
    } else if distance(above) <= distance(corner) {
        above
    } else {
        corner
    }
}

fn lzw(bytes: &[u8], limit: usize, parameters: Option<&Dictionary>) -> Vec<u8> {
    const CLEAR: usize = 256;
    const END: usize = 257;
    let early =
        parameters.and_then(|parameters| parameters.get("EarlyChange")).and_then(Object::as_index).unwrap_or(1).min(1);
    let mut out: Vec<u8> = Vec::new();
    // A code means a run of the output so far.
    let mut runs: Vec<(usize, usize)> = Vec::new();
    let mut last: Option<(usize, usize)> = None;
    let (mut bits, mut held, mut width) = (0_u32, 0_u32, 9_u32);
    for &byte in bytes {
        bits = bits << 8 | u32::from(byte);
        held += 8;
        if held < width {
            continue;
        }
        held -= width;
        let code = (bits >> held) as usize & ((1 << width) - 1);
        bits &= (1 << held) - 1;
        if code == END || out.len() >= limit {
            break;
        }
        if code == CLEAR {
            runs.clear();
            (last, width) = (None, 9);
            continue;
        }
        let start = out.len();
        if code < CLEAR {
            out.push(code as u8);
        } else if let Some(&(from, length)) = runs.get(code - END - 1) {
            out.extend_from_within(from..from + length);
        } else if let Some((from, length)) = last.filter(|_| code == runs.len() + END + 1) {
            out.extend_from_within(from..from + length);
            out.push(out[from]);
        } else {
            break;
        }
        // The last run and the byte after it, which are adjacent, are the next code.
        if let Some((from, length)) = last.filter(|_| runs.len() + END + 1 < 4096) {
            runs.push((from, length + 1));
        }
        last = Some((start, out.len() - start));
        let codes = runs.len() + END + 1 + usize::from(runs.len() + END + 1 < 4096);
        width = match codes + early {
            0..=511 => 9,
            512..=1023 => 10,
            1024..=2047 => 11,
            _ => 12,
        };
    }
    out
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = bytes.iter().take_while(|byte| **byte != b'>').filter_map(|byte| digit(*byte)).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}

fn ascii85(bytes: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut group: Vec<u32> = Vec::with_capacity(5);
    for &byte in bytes.iter().filter(|byte| !is_space(**byte)) {
        match byte {
            b'z' if group.is_empty() => out.extend_from_slice(&[0; 4]),
            b'!'..=b'u' => group.push(u32::from(byte - b'!')),
            _ => break,
        }
        if group.len() == 5 {
            out.extend_from_slice(&word85(&group));
            group.clear();
        }
        if out.len() >= limit {
            return out;
        }
    }
    if group.len() > 1 {
        let length = group.len() - 1;
        group.resize(5, 84);
        out.extend_from_slice(&word85(&group)[..length]);
    }
    out
}

fn word85(group: &[u32]) -> [u8; 4] {
    group.iter().fold(0_u32, |word, digit| word.wrapping_mul(85).wrapping_add(*digit)).to_be_bytes()
}

fn run_lengths(bytes: &[u8], limit: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((&length, after)) = rest.split_first() {
        match length {
            0..=127 => {
                let count = (usize::from(length) + 1).min(after.len());
                out.extend_from_slice(&after[..count]);
                rest = &after[count..];
            }
            128 => break,
            129.. => {
                let Some((&byte, after)) = after.split_first() else { break };
                out.resize(out.len() + 257 - usize::from(length), byte);
                rest = after;
            }
        }
        if out.len() >= limit {
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::object::Scanner;

    #[track_caller]
    fn check(dictionary: &str, raw: &[u8], expect: Option<&[u8]>) {
        let mut budget = Budget::default();
        let dictionary = Scanner::new(dictionary.as_bytes(), 0).next().unwrap();
        let unpacked = unpack(&Object::clone, dictionary.as_dictionary().unwrap(), raw, &mut budget);
        assert_eq!(unpacked.as_deref(), expect);
    }

    #[test]
    fn every_filter_is_undone() {
        check("<<>>", b"as it is", Some(b"as it is"));
        check("<</Filter/ASCIIHexDecode>>", b"61 6 2 7>", Some(b"abp"));
        check("<</Filter/ASCII85Decode>>", b"9jqo^BlbD-z~>", Some(b"Man is d\0\0\0\0"));
        check("<</Filter/ASCII85Decode>>", b"9jqo", Some(b"Man"));
        check("<</Filter/RunLengthDecode>>", b"\x02abc\xfed\x80z", Some(b"abcddd"));
        check("<</Filter/LZWDecode>>", b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", Some(b"-----A---B"));
        check("<</Filter[/AHx/RL]>>", b"01 61 62>", Some(b"ab"));
        check("<</Filter/DCTDecode>>", b"a picture", None);
        check("<</Filter[/AHx/AHx/AHx/AHx/AHx]>>", b"", None);
        check("<</Filter/FlateDecode>>", b"damaged", Some(b""));
    }

    #[test]
    fn predicted_bytes_are_what_they_were() {
        let parameters = Scanner::new(b"<</Predictor 15/Columns 3>>", 0).next().unwrap();
        let lines = vec![0, 1, 2, 3, 1, 1, 1, 1, 2, 1, 1, 1, 3, 1, 1, 1, 4, 1, 1, 1, 2, 9];
        let expect = vec![1, 2, 3, 1, 2, 3, 2, 3, 4, 2, 3, 4, 3, 4, 5, 12];
        assert_eq!(predicted(lines, parameters.as_dictionary()), expect);
    }

    #[test]
    fn a_filter_stops_at_the_limit() {
        assert_eq!(run_lengths(&[0x81, b'a'].repeat(100), 300).len(), 384);
        assert!(ascii85(&[b'z'; 1000], 10).len() <= 12);
        assert!(lzw(&[0x80; 10_000], 100, None).len() < 5000);
    }
}
