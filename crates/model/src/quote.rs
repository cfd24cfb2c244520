//! User text in a message: escaped and shortened.
//!
//! Messages reach terminals, logs and web pages. What a user wrote is repeated as a short quoted text without control
//! characters.

use std::fmt;

/// The maximum number of characters of a user text that a message repeats.
const SHOWN_LIMIT: usize = 40;

/// The beginning of a text, as a message may show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quoted(String);

impl Quoted {
    /// Keeps the part of a text that a message may show.
    pub fn new(text: &str) -> Self {
        let mut shown: String = text.chars().take(SHOWN_LIMIT).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        Self(shown)
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_and_control_characters_are_escaped() {
        assert_eq!(Quoted::new("a\u{1b}[2J").to_string(), r#""a\u{1b}[2J""#);
        assert_eq!(Quoted::new(&"x".repeat(41)).to_string(), format!("\"{}…\"", "x".repeat(40)));
    }
}
