//! Texts and numbers, with the spelling in which they came.

use super::ReadError;
use super::cursor::{self, Cursor};
use crate::json::{quote_into, unquote};
use std::borrow::Cow;

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// Makes a text from plain characters.
    pub fn new(text: &str) -> Text<'static> {
        let mut quoted = Vec::with_capacity(text.len() + 2);
        quote_into(text, &mut quoted);
        Text(Cow::Owned(String::from_utf8(quoted).expect("the normal form is ASCII")))
    }

    /// Makes a text from a JSON string in normal form, given with its quotes.
    pub fn from_json(quoted: &'a str) -> Self {
        Self(Cow::Borrowed(quoted))
    }

    /// Returns the characters.
    pub fn get(&self) -> Cow<'_, str> {
        unquote(&self.0)
    }

    /// Returns the JSON string in normal form, with its quotes.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// Returns the inside of the JSON string, in which characters are still escaped.
    pub fn escaped(&self) -> &str {
        cursor::inner(&self.0)
    }

    /// Returns a text that borrows nothing.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }

    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, ReadError> {
        Ok(if cursor.peek() == b'"' { Some(Self(Cow::Borrowed(cursor.string()?))) } else { None })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }
}

/// A number, which is printed as it was spelled.
///
/// Two numbers are equal if they are the same number, however they are spelled.
#[derive(Debug, Clone)]
pub struct Number<'a> {
    value: f64,
    /// How it is printed; nothing for the shortest float that reads back as the same number.
    spelling: Option<Cow<'a, str>>,
}

impl PartialEq for Number<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<'a> Number<'a> {
    /// Makes a number that is printed as a float: `7.0`. It must be finite.
    pub fn new(value: f64) -> Self {
        Self { value, spelling: None }
    }

    /// Makes a number from its JSON text.
    pub fn spelled(text: impl Into<Cow<'a, str>>) -> Option<Self> {
        let text = text.into();
        let value = parse_short(&text).or_else(|| text.parse().ok())?;
        Some(Self { value, spelling: Some(text) })
    }

    /// Returns the nearest float. It is infinite for a number that no float comes near.
    pub fn get(&self) -> f64 {
        self.value
    }

    /// Returns the number as it is printed.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.spelling {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(format!("{:?}", self.value)),
        }
    }

    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Option<Self>, ReadError> {
        Ok(cursor.number().and_then(Self::spelled))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match &self.spelling {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => out.extend_from_slice(format!("{:?}", self.value).as_bytes()),
        }
    }
}

/// Reads a number of few digits without an exponent, which is most of them, sooner than the standard library does: as a whole
/// number divided by a power of ten. Both are exact, so that the quotient is the nearest float. Nothing for other texts.
fn parse_short(text: &str) -> Option<f64> {
    const DIGITS: usize = 15;
    const POWERS: [f64; DIGITS + 1] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let digits = text.strip_prefix('-').unwrap_or(text);
    // With its point.
    if digits.len() > DIGITS + 1 {
        return None;
    }
    let (mut whole, mut count, mut point) = (0_u64, 0, None);
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                whole = 10 * whole + u64::from(byte - b'0');
                count += 1;
            }
            b'.' if point.is_none() => point = Some(count),
            _ => return None,
        }
    }
    let decimals = count - point.unwrap_or(count);
    if count == 0 || count > DIGITS {
        return None;
    }
    let size = whole as f64 / POWERS[decimals];
    Some(if digits.len() < text.len() { -size } else { size })
}

/// Reads a whole number that is spelled in the usual way.
pub(super) fn read_whole(cursor: &mut Cursor<'_>) -> Result<Option<i64>, ReadError> {
    Ok(cursor.number().filter(|text| *text != "-0").and_then(|text| text.parse().ok()))
}

/// Writes a whole number.
pub(super) fn write_whole(whole: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(whole.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_keep_their_spelling() {
        for text in ["7", "7.0", "7.00", "-0", "1e3", "9007199254740993", "1e999"] {
            assert_eq!(Number::spelled(text).unwrap().text(), text);
        }
        assert_eq!((Number::new(7.0).text().as_ref(), Number::new(0.125).text().as_ref()), ("7.0", "0.125"));
        assert_eq!(Number::new(7.0), Number::spelled("7").unwrap());
        assert_eq!(Number::spelled("seven").map(|number| number.get()), None);
    }

    proptest! {
        #[test]
        fn short_numbers_are_those_of_the_standard_library(text in "-?[0-9]{0,12}\\.?[0-9]{0,12}") {
            if let Some(found) = parse_short(&text) {
                prop_assert_eq!(found.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{}", text);
            }
        }
    }

    #[test]
    fn texts_are_escaped_only_in_json() {
        let text = Text::new("caf\u{e9} \"a\"");
        assert_eq!(text.as_json(), r#""caf\u00e9 \"a\"""#);
        assert_eq!((text.get().as_ref(), text.escaped()), ("caf\u{e9} \"a\"", r#"caf\u00e9 \"a\""#));
        assert_eq!(Text::from_json(text.as_json()), text);
    }
}
