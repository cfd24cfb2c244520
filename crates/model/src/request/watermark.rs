//! Watermarks: from where an export of what changed goes on.
//!
//! A watermark names one workspace, one request and one state of the workspace. To those who keep it it is a text without
//! a meaning: `w1.5b0e71f0a2c4.90d2a1b63c7e4f58.41.3000.1c9f22ab`. It ends with a checksum, so that one that was cut or
//! mistyped is not taken for another.

use crate::quote::Quoted;
use std::fmt;
use std::str::FromStr;

/// A state of a workspace, as one request sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watermark {
    /// A digest of the id of the workspace, in hexadecimal digits.
    pub workspace: String,
    /// A digest of the request, in hexadecimal digits.
    pub request: String,
    /// The change counter of the state.
    pub change_seq: i64,
    /// The last key that a data row had been given.
    pub last_row_key: i64,
}

/// Why a text is not a watermark.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a watermark: take the whole text after \"watermark\" in the manifest of an export")]
pub struct WatermarkError(Quoted);

/// The version of the form, with which a watermark begins.
const VERSION: &str = "w1";
/// How many hexadecimal digits name a workspace, and how many a request.
const DIGITS: [usize; 2] = [12, 16];

impl Watermark {
    /// Takes as many digits of two digests as a watermark has.
    pub fn new([workspace, request]: [&str; 2], change_seq: i64, last_row_key: i64) -> Self {
        let cut = |digest: &str, digits: usize| digest.chars().take(digits).collect();
        Self { workspace: cut(workspace, DIGITS[0]), request: cut(request, DIGITS[1]), change_seq, last_row_key }
    }

    fn body(&self) -> String {
        let Self { workspace, request, change_seq, last_row_key } = self;
        format!("{VERSION}.{workspace}.{request}.{change_seq}.{last_row_key}")
    }
}

impl fmt::Display for Watermark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = self.body();
        write!(out, "{body}.{:08x}", checksum(&body))
    }
}

impl FromStr for Watermark {
    type Err = WatermarkError;

    fn from_str(text: &str) -> Result<Self, WatermarkError> {
        let text = text.trim();
        let read = || {
            let [VERSION, workspace, request, change_seq, last_row_key, _] = text.split('.').collect::<Vec<_>>()[..]
            else {
                return None;
            };
            let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
            let (change_seq, last_row_key) = (number(change_seq)?, number(last_row_key)?);
            Some(Self { workspace: workspace.to_owned(), request: request.to_owned(), change_seq, last_row_key })
        };
        // What prints the same is the same, checksum included.
        read().filter(|read| read.to_string() == text).ok_or_else(|| WatermarkError(Quoted::new(text)))
    }
}

/// Returns the FNV-1a hash of a text.
fn checksum(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watermark_is_read_as_it_was_written_and_not_otherwise() {
        let watermark = Watermark::new(["5b0e71f0a2c4ff", "90d2a1b63c7e4f58aa"], 41, 3000);
        let text = watermark.to_string();
        assert!(text.starts_with("w1.5b0e71f0a2c4.90d2a1b63c7e4f58.41.3000."), "{text}");
        assert_eq!(text.parse(), Ok(watermark.clone()));
        assert_eq!(format!(" {text}\n").parse(), Ok(watermark));
        for end in 0..text.len() {
            assert!(text[..end].parse::<Watermark>().is_err(), "{}", &text[..end]);
        }
        for (place, letter) in text.char_indices() {
            let mut other = text.clone();
            other.replace_range(place..=place, if letter == '1' { "2" } else { "1" });
            assert!(other.parse::<Watermark>().is_err(), "{other}");
        }
        for text in ["", "41", "w1.a.b.41.3000", "w1.a.b.+41.3000.00000000"] {
            let error = text.parse::<Watermark>().unwrap_err().to_string();
            assert!(error.contains("is not a watermark"), "{error}");
        }
    }
}
