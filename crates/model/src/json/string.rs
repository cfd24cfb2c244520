//! Strings of the normal form: printable ASCII, everything else escaped as Python's `json` module escapes it.

use super::error::{JsonError, JsonProblem};
use std::borrow::Cow;

/// Copies the string whose opening quote is at `start` into `text` in its normal form, including quotes, and returns
/// the offset after its closing quote. The caller has checked that the input is UTF-8.
pub(super) fn normalise(input: &[u8], start: usize, text: &mut Vec<u8>) -> Result<usize, JsonError> {
    text.push(b'"');
    let mut at = start + 1;
    loop {
        let plain = count_plain(&input[at..]);
        text.extend_from_slice(&input[at..at + plain]);
        at += plain;
        match input.get(at) {
            None => return Err(JsonError { offset: input.len(), problem: JsonProblem::Ended }),
            Some(b'"') => {
                text.push(b'"');
                return Ok(at + 1);
            }
            Some(b'\\') => {
                let (character, length) = escape(input, at)?;
                write_character(character, text);
                at += length;
            }
            Some(byte) if *byte < 0x20 => return Err(JsonError { offset: at, problem: JsonProblem::ControlCharacter }),
            Some(byte) => {
                let length = match byte {
                    0x00..0x80 => 1,
                    0x80..0xe0 => 2,
                    0xe0..0xf0 => 3,
                    _ => 4,
                };
                let character = input
                    .get(at..at + length)
                    .and_then(|bytes| std::str::from_utf8(bytes).ok())
                    .and_then(|text| text.chars().next())
                    .ok_or(JsonError { offset: at, problem: JsonProblem::NotUtf8 })?;
                write_character(character, text);
                at += length;
            }
        }
    }
}

/// Appends `text` as a JSON string in normal form, quotes included.
pub fn quote_into(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    loop {
        let plain = count_plain(rest.as_bytes());
        out.extend_from_slice(&rest.as_bytes()[..plain]);
        // Plain bytes are ASCII, so a character begins after them.
        let Some(character) = rest[plain..].chars().next() else { break };
        write_character(character, out);
        rest = &rest[plain + character.len_utf8()..];
    }
    out.push(b'"');
}

/// Returns the text of a JSON string in normal form, given with its quotes.
pub fn unquote(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(quoted);
    let Some(mut plain) = inner.find('\\') else { return Cow::Borrowed(inner) };
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    loop {
        text.push_str(&rest[..plain]);
        rest = &rest[plain..];
        let Ok((character, length)) = escape(rest.as_bytes(), 0) else { break };
        text.push(character);
        rest = &rest[length..];
        plain = rest.find('\\').unwrap_or(rest.len());
    }
    Cow::Owned(text)
}

/// Returns the offset after the string in normal form whose opening quote is at an offset; nothing where it does not end.
pub(crate) fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        // As below, eight bytes are looked at together.
        while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let word = u64::from_le_bytes(*word);
            let special = (zero_lanes(word ^ (LANES * 0x22)) | zero_lanes(word ^ (LANES * 0x5c))) & HIGH;
            if special != 0 {
                at += special.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

const LANES: u64 = u64::MAX / 0xff;
const HIGH: u64 = LANES * 0x80;

/// Sets the high bit of each byte that is zero, and maybe of bytes above it, since a zero byte borrows from its high bit.
fn zero_lanes(lanes: u64) -> u64 {
    lanes.wrapping_sub(LANES) & !lanes
}

/// Returns how many bytes at the start need no escape. Eight are checked at once, as one number: most of an import is
/// the inside of strings.
fn count_plain(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // Lanes above one that is not plain may be wrong, but only the lowest one counts.
        let control = word.wrapping_sub(LANES * 0x20) & !word;
        let beyond = word.wrapping_add(LANES) | word;
        let special = (control | beyond | zero_lanes(word ^ (LANES * 0x22)) | zero_lanes(word ^ (LANES * 0x5c))) & HIGH;
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    words.len() * 8 + rest.iter().take_while(|byte| is_plain(**byte)).count()
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\'
}

/// Reads the escape whose backslash is at `at`; returns its character and its length in bytes.
fn escape(input: &[u8], at: usize) -> Result<(char, usize), JsonError> {
    let bad = |problem| JsonError { offset: at, problem };
    let simple = |character| Ok((character, 2));
    match input.get(at + 1) {
        Some(b'"') => simple('"'),
        Some(b'\\') => simple('\\'),
        Some(b'/') => simple('/'),
        Some(b'b') => simple('\u{8}'),
        Some(b'f') => simple('\u{c}'),
        Some(b'n') => simple('\n'),
        Some(b'r') => simple('\r'),
        Some(b't') => simple('\t'),
        Some(b'u') => {
            let unit = hex(input, at + 2)?;
            if !(0xd800..0xe000).contains(&unit) {
                return char::from_u32(unit).map(|character| (character, 6)).ok_or(bad(JsonProblem::BadEscape));
            }
            if unit >= 0xdc00 || input.get(at + 6..at + 8) != Some(b"\\u") {
                return Err(bad(JsonProblem::LoneSurrogate));
            }
            let low = hex(input, at + 8)?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(bad(JsonProblem::LoneSurrogate));
            }
            let scalar = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            char::from_u32(scalar).map(|character| (character, 12)).ok_or(bad(JsonProblem::LoneSurrogate))
        }
        Some(_) => Err(bad(JsonProblem::BadEscape)),
        None => Err(JsonError { offset: input.len(), problem: JsonProblem::Ended }),
    }
}

fn hex(input: &[u8], at: usize) -> Result<u32, JsonError> {
    let Some(digits) = input.get(at..at + 4) else {
        return Err(JsonError { offset: input.len(), problem: JsonProblem::Ended });
    };
    digits.iter().try_fold(0, |unit, digit| match (*digit as char).to_digit(16) {
        Some(value) => Ok(unit * 16 + value),
        None => Err(JsonError { offset: at, problem: JsonProblem::BadEscape }),
    })
}

fn write_character(character: char, out: &mut Vec<u8>) {
    let short = match character {
        '"' => b'"',
        '\\' => b'\\',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        ' '..='~' => {
            out.push(character as u8);
            return;
        }
        _ => {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u");
                for shift in [12, 8, 4, 0] {
                    out.push(HEX[usize::from((*unit >> shift) & 0xf)]);
                }
            }
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_byte_is_found_at_every_offset() {
        for place in 0..20 {
            for byte in u8::MIN..=u8::MAX {
                for after in [b'a', b'"', 0x00, 0x1f, 0x7f, 0x80, 0xff] {
                    let mut bytes = [b' '; 24];
                    bytes[place] = byte;
                    bytes[place + 1] = after;
                    let expected = bytes.iter().take_while(|byte| is_plain(**byte)).count();
                    assert_eq!(count_plain(&bytes), expected, "{byte:#x} at {place}, then {after:#x}");
                }
            }
        }
        assert_eq!((count_plain(b""), count_plain(b"abcdefgh"), count_plain(b"abcdefghijk")), (0, 8, 11));
    }
}
