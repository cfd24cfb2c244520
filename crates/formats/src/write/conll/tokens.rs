//! Texts as tokens and sentences.
//!
//! Words and sentences are those of Unicode (UAX #29), which knows letters with marks, numbers with a point in them,
//! contractions and emoji in every script. What is between two boundaries is a token if there is anything to see in it. A
//! token has no white space and no control characters: a word with one inside is two tokens.

use unicode_segmentation::UnicodeSegmentation;

/// A token, in code points of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    /// The first character.
    pub(super) start: u64,
    /// The character after the last one.
    pub(super) end: u64,
    /// The sentence that it is in, counted from 0.
    pub(super) sentence: usize,
}

/// Returns the tokens of a text.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut sentence, mut position) = (0, 0);
    for part in text.split_sentence_bounds() {
        let count = tokens.len();
        for segment in part.split_word_bounds() {
            for piece in segment.split_inclusive(is_between) {
                let word = piece.trim_end_matches(is_between);
                let end = position + word.chars().count() as u64;
                if word.chars().any(|letter| !is_invisible(letter)) {
                    tokens.push(Token { text: word, start: position, end, sentence });
                }
                position += piece.chars().count() as u64;
            }
        }
        // A part without a token is not a sentence.
        sentence += usize::from(tokens.len() > count);
    }
    tokens
}

/// Returns whether a character is never inside a token, where it would end a column or a line.
fn is_between(letter: char) -> bool {
    letter.is_whitespace() || letter.is_control()
}

/// Returns whether a character alone is not a token, since there is nothing to see.
fn is_invisible(letter: char) -> bool {
    is_between(letter) || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(text: &str, expect: &[&[&str]]) {
        let mut found: Vec<Vec<&str>> = Vec::new();
        for token in tokens(text) {
            found.resize_with(token.sentence + 1, Vec::new);
            found[token.sentence].push(token.text);
        }
        assert_eq!(found, expect, "{text:?}");
    }

    #[test]
    fn words_and_sentences_are_those_of_unicode() {
        check(
            "Goods 417 held. It's 3.5 km off!",
            &[&["Goods", "417", "held", "."], &["It's", "3.5", "km", "off", "!"]],
        );
        check("Line 1\nLine 2:\tGoods 12\\B", &[&["Line", "1"], &["Line", "2", ":", "Goods", "12", "\\", "B"]]);
        check(
            "Z\u{fc}ge e\u{301}te\u{301} \u{2744}\u{fe0f}",
            &[&["Z\u{fc}ge", "e\u{301}te\u{301}", "\u{2744}\u{fe0f}"]],
        );
        check(
            "\u{5317}\u{7dda}\u{3067}\u{505c}\u{6b62}\u{3002}\u{5165}",
            &[&["\u{5317}", "\u{7dda}", "\u{3067}", "\u{505c}", "\u{6b62}", "\u{3002}"], &["\u{5165}"]],
        );
        check("10\u{202f}000 a\u{200b}b\u{0}c", &[&["10", "000", "a", "b", "c"]]);
        check("\r\n \u{fe0f}\n", &[]);
        check("", &[]);
    }

    proptest! {
        #[test]
        fn tokens_are_in_order_and_hold_all_that_can_be_seen(text: String) {
            let letters: Vec<char> = text.chars().collect();
            let mut seen = vec![false; letters.len()];
            let mut last = 0;
            for token in tokens(&text) {
                prop_assert!(last <= token.start && token.start < token.end);
                last = token.end;
                let range = token.start as usize..token.end as usize;
                prop_assert_eq!(letters[range.clone()].iter().collect::<String>(), token.text);
                prop_assert!(!token.text.contains(is_between));
                seen[range].fill(true);
            }
            for (letter, is_seen) in letters.iter().zip(seen) {
                prop_assert!(is_seen || is_invisible(*letter), "{:?} in {:?}", letter, text);
            }
        }
    }
}
