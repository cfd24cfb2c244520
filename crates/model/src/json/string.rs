//! Strings of the normal form: printable ASCII, everything else escaped as Python's `json` module escapes it.

use super::error::{JsonError, JsonProblem};
use std::borrow::Cow;

/// Copies the string whose opening quote stands at `start` into `text` in its normal form, quotes included, and returns
/// the offset behind its closing quote. The input is UTF-8; the caller has checked.
pub(super) fn normalise(input: &[u8], start: usize, text: &mut Vec<u8>) -> Result<usize, JsonError> {
    text.push(b'"');
    let mut at = start + 1;
    loop {
        let plain = input[at..].iter().position(|byte| !is_plain(*byte)).unwrap_or(input.len() - at);
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
    while let Some(at) = rest.bytes().position(|byte| !is_plain(byte)) {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let character = rest[at..].chars().next().expect("position found a byte, and ASCII bytes are no continuation");
        write_character(character, out);
        rest = &rest[at + character.len_utf8()..];
    }
    out.extend_from_slice(rest.as_bytes());
    out.push(b'"');
}

/// Returns the text of a JSON string in normal form, given with its quotes.
pub fn unquote(quoted: &[u8]) -> Cow<'_, str> {
    let inner = quoted.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(quoted);
    if !inner.contains(&b'\\') {
        return String::from_utf8_lossy(inner);
    }
    let mut text = String::with_capacity(inner.len());
    let mut at = 0;
    while at < inner.len() {
        let plain = inner[at..].iter().position(|byte| *byte == b'\\').unwrap_or(inner.len() - at);
        text.push_str(&String::from_utf8_lossy(&inner[at..at + plain]));
        at += plain;
        if at < inner.len() {
            let Ok((character, length)) = escape(inner, at) else { break };
            text.push(character);
            at += length;
        }
    }
    Cow::Owned(text)
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\'
}

/// Reads the escape whose backslash stands at `at`; returns its character and the bytes it takes.
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
