//! Names and contents in many scripts.
//!
//! A name is short, visible and without spaces at its ends, because people choose names. Content may hold anything.

use super::super::chance::Chance;

/// Returns a name of one to three words.
pub(super) fn name(chance: &mut Chance) -> String {
    let count = chance.between(1, 3);
    let words: Vec<&str> = (0..count).filter_map(|_| chance.pick(WORDS).copied()).collect();
    words.join(" ")
}

/// Returns up to that many characters of anything.
pub(super) fn content(chance: &mut Chance, most: u64) -> String {
    let count = chance.below(most + 1);
    (0..count).map(|_| character(chance)).collect()
}

/// Returns a URL on a host that does not exist.
pub(super) fn url(chance: &mut Chance, extension: &str) -> String {
    let (folder, file) = (chance.below(100), chance.cuid());
    let query = if chance.happens(30) { "?Expires=1772323200000&KeyName=k%2F1&Signature=a-b_c==" } else { "" };
    format!("https://assets.example.test/{folder}/{file}.{extension}{query}")
}

const WORDS: &[&str] = &[
    "hedge",
    "orchard",
    "Br\u{fc}cke",
    "\u{43f}\u{43e}\u{435}\u{437}\u{434}",
    "\u{5317}\u{7dda}",
    "\u{1f683}",
    "7",
    "a/b",
    "\"quoted\"",
    "{brace}",
    "[list]",
    "back\\slash",
    "comma,",
    "x:y",
    "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "e\u{301}t\u{e9}",
    "100%",
    "&amp;",
    "<tag>",
    "null",
    "Done",
    "it's",
];

/// First and last character of the ranges that contents are made of; none spans the surrogates.
const RANGES: &[(u32, u32)] = &[
    (0x20, 0x7e),
    (0x20, 0x7e),
    (0x61, 0x7a),
    (0x01, 0x1f),
    (0x7f, 0xff),
    (0x370, 0x52f),
    (0x590, 0x6ff),
    (0x2010, 0x206f),
    (0x4e00, 0x9fff),
    (0xe000, 0xffff),
    (0x1f300, 0x1faff),
    (0x1_0000, 0x10_ffff),
];

fn character(chance: &mut Chance) -> char {
    let (first, last) = chance.pick(RANGES).copied().unwrap_or((0x20, 0x7e));
    let code = chance.between(u64::from(first), u64::from(last)) as u32;
    char::from_u32(code).unwrap_or(' ')
}
