//! Numbers that run through a result, written before it is known what comes before them.
//!
//! Parts are encoded one by one, and how many pictures and annotations the parts before it have is known when all are. So
//! an encoder may write a number as a mark: a byte that no text in UTF-8 has, and the number within the part. Where a
//! chunk is written, its marks become numbers, since by then the [`Numbers`] are known with which its part begins.
//!
//! Only encoders that [say so](super::Encoder::has_marks) write marks, and only into streams of text.

use super::Numbers;
use super::digits::write_whole;

/// What is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Row,
    Picture,
    Annotation,
}

/// The bytes that begin marks, in the order of [`Mark`].
const BYTES: [u8; 3] = [0xfd, 0xfe, 0xff];

impl Mark {
    /// Appends a number within the part. No digit may follow it.
    pub(super) fn write(self, number: u64, out: &mut Vec<u8>) {
        out.push(BYTES[self as usize]);
        write_whole(number, out);
    }
}

/// Appends text in which marks become numbers, for a part that begins with these.
pub fn replace_marks(mut text: &[u8], first: &Numbers, out: &mut Vec<u8>) {
    let firsts = [first.row, first.picture, first.annotation];
    while let Some(at) = memchr::memchr3(BYTES[0], BYTES[1], BYTES[2], text) {
        out.extend_from_slice(&text[..at]);
        let first = firsts[usize::from(text[at] - BYTES[0])];
        text = &text[at + 1..];
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let within = text[..digits].iter().fold(0, |number: u64, digit| 10 * number + u64::from(digit - b'0'));
        write_whole(first + within - 1, out);
        text = &text[digits..];
    }
    out.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_become_numbers_of_their_part() {
        let mut text = Vec::new();
        for (before, mark, number) in
            [("{\"id\":", Mark::Annotation, 1), (",\"\u{10ffff}\":", Mark::Picture, 12), (",\"row\":", Mark::Row, 3)]
        {
            text.extend_from_slice(before.as_bytes());
            mark.write(number, &mut text);
        }
        text.push(b'}');
        let mut out = b"first ".to_vec();
        replace_marks(&text, &Numbers { row: 1, picture: 90, annotation: 1_000 }, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "first {\"id\":1000,\"\u{10ffff}\":101,\"row\":3}");
    }

    proptest! {
        #[test]
        fn text_without_marks_stays_as_it_is(text: String) {
            let mut out = Vec::new();
            replace_marks(text.as_bytes(), &Numbers { row: 9, picture: 9, annotation: 9 }, &mut out);
            prop_assert_eq!(out, text.into_bytes());
        }

        #[test]
        fn a_mark_is_as_far_from_the_first_number_as_its_own(within in 1..=u64::from(u32::MAX), first in 1..=u64::from(u32::MAX)) {
            let (mut text, mut out) = (Vec::new(), Vec::new());
            Mark::Picture.write(within, &mut text);
            replace_marks(&text, &Numbers { picture: first, ..Numbers::FIRST }, &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), (first + within - 1).to_string());
        }
    }
}
