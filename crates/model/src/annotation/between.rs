//! Objects between two key frames.
//!
//! Boxes, points and lines move linearly; everything else stays as the key frame before says. What moves is found once
//! for the two key frames, so that writing a frame is copying text and computing numbers.

use super::ReadError;
use super::cursor::Cursor;
use crate::json::Value;
use std::io::Write as _;

/// An object between two key frames.
#[derive(Debug)]
pub struct Between<'a> {
    start_frame: i64,
    end_frame: i64,
    /// The object as it is on the first of the two.
    start: &'a str,
    moves: Vec<Move>,
}

/// A number that changes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Move {
    /// The start and end offsets of the number in the text of the object.
    at: (usize, usize),
    from: f64,
    to: f64,
}

/// Returns whether an object is a picture of one frame, which is never copied to another.
pub fn is_picture(object: Value<'_>) -> bool {
    object.get("mask").is_some() || object.get("composite_mask").is_some()
}

impl<'a> Between<'a> {
    /// Takes an object as it is stored on two key frames.
    pub fn new((start_frame, start): (i64, &'a str), (end_frame, end): (i64, &str)) -> Self {
        // What is stored can be read; what cannot does not move.
        let moves = moves(start, end).unwrap_or_default();
        Self { start_frame, end_frame, start, moves }
    }

    /// Appends the object as it is on a frame.
    pub fn write(&self, frame: i64, out: &mut Vec<u8>) {
        let share = frame.abs_diff(self.start_frame) as f64 / self.end_frame.abs_diff(self.start_frame) as f64;
        let text = self.start.as_bytes();
        let mut copied = 0;
        for Move { at: (start, end), from, to } in &self.moves {
            out.extend_from_slice(&text[copied..*start]);
            let moved = from + (to - from) * share;
            if !write_thousandths(moved, out) {
                // JSON has no infinity; numbers this large stay where they are.
                out.extend_from_slice(&text[*start..*end]);
            }
            copied = *end;
        }
        out.extend_from_slice(&text[copied..]);
    }
}

/// Writes a number rounded to a thousandth, as the shortest float. Returns `false` if it is too large to be rounded.
fn write_thousandths(number: f64, out: &mut Vec<u8>) -> bool {
    /// A whole number below this, divided by a thousand, has at most 15 digits, so its shortest float is these digits.
    const LIMIT: f64 = 1e15;
    let thousandths = (number * 1000.0).round();
    if thousandths.abs() >= LIMIT || thousandths.is_nan() {
        // Adding zero turns a negative zero into zero.
        let rounded = thousandths / 1000.0 + 0.0;
        return rounded.is_finite() && write!(out, "{rounded:?}").is_ok();
    }
    let thousandths = thousandths as i64;
    if thousandths < 0 {
        out.push(b'-');
    }
    let (whole, fraction) = (thousandths.unsigned_abs() / 1000, thousandths.unsigned_abs() % 1000);
    let digits = [fraction / 100, fraction / 10 % 10, fraction % 10].map(|digit| b'0' + digit as u8);
    let shown = match digits {
        [_, b'0', b'0'] => 1,
        [_, _, b'0'] => 2,
        _ => 3,
    };
    // Writing to memory does not fail.
    write!(out, "{whole}.").is_ok_and(|()| {
        out.extend_from_slice(&digits[..shown]);
        true
    })
}

/// Lists the numbers of an object that differ from those of the same object on a later key frame, in the order of the
/// text.
fn moves(start: &str, end: &str) -> Result<Vec<Move>, ReadError> {
    let mut moves = Vec::new();
    let ends = Cursor::new(end).members()?;
    for (key, at, _) in Cursor::new(start).members()? {
        let Some((_, _, end)) = ends.iter().find(|(other, ..)| *other == key) else { continue };
        match key {
            "bounding_box" | "point" => add_moves(start, at, end, &mut moves)?,
            "line" => {
                let (points, end_points) = (elements(start, at)?, elements(end, (0, end.len()))?);
                if points.len() == end_points.len() {
                    for (point, (first, last)) in points.into_iter().zip(end_points) {
                        add_moves(start, point, &end[first..last], &mut moves)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(moves)
}

/// Adds the numbers of an object of numbers at an offset of a text that differ from those of another object.
fn add_moves(text: &str, at: (usize, usize), end: &str, moves: &mut Vec<Move>) -> Result<(), ReadError> {
    let ends = Cursor::new(end).members()?;
    let mut cursor = Cursor::new(text);
    cursor.rewind(at.0);
    for (key, at, from) in cursor.members()? {
        let to = ends.iter().find(|(other, ..)| *other == key).map(|(.., to)| *to);
        if let (Some(from), Some(to)) = (number(from), to.and_then(number))
            && from != to
        {
            moves.push(Move { at, from, to });
        }
    }
    Ok(())
}

fn number(json: &str) -> Option<f64> {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit()).then(|| json.parse().ok()).flatten()
}

/// Lists the start and end offsets of the elements of an array in a text; none for a value of another kind.
fn elements(text: &str, at: (usize, usize)) -> Result<Vec<(usize, usize)>, ReadError> {
    let mut cursor = Cursor::new(text);
    cursor.rewind(at.0);
    let mut elements = Vec::new();
    if !cursor.take(b'[') || cursor.take(b']') {
        return Ok(elements);
    }
    loop {
        let start = cursor.at();
        cursor.skip()?;
        elements.push((start, cursor.at()));
        if cursor.take(b']') {
            return Ok(elements);
        }
        cursor.expect(b',')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(start: &str, end: &str, expect: &str) {
        let mut out = Vec::new();
        Between::new((1, start), (3, end)).write(2, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn boxes_points_and_lines_move_and_nothing_else() {
        check(
            r#"{"name":"a","bounding_box":{"top":1.0,"left":10,"glow":"x"},"score":1}"#,
            r#"{"bounding_box":{"left":11,"glow":"y","top":1},"score":5}"#,
            r#"{"name":"a","bounding_box":{"top":1.0,"left":10.5,"glow":"x"},"score":1}"#,
        );
        check(
            r#"{"line":[{"x":0.0,"y":1.5},{"x":2,"y":2}],"polygon":[{"x":1,"y":1}]}"#,
            r#"{"line":[{"x":1.0,"y":1.5},{"x":3,"y":-2}],"polygon":[{"x":2,"y":1}]}"#,
            r#"{"line":[{"x":0.5,"y":1.5},{"x":2.5,"y":0.0}],"polygon":[{"x":1,"y":1}]}"#,
        );
        // Points that come or go, and values of other kinds.
        for still in [r#"{"line":[{"x":1}]}"#, r#"{"point":7}"#, r#"{"point":[1]}"#, r#"{"line":{"x":1}}"#] {
            check(still, r#"{"line":[{"x":2},{"x":3}],"point":{"x":8}}"#, still);
        }
        check(r#"{"point":{"x":"1","y":null}}"#, r#"{"point":{"x":2,"y":3}}"#, r#"{"point":{"x":"1","y":null}}"#);
    }

    proptest! {
        /// The digits are those that the standard library prints.
        #[test]
        fn thousandths_are_printed_as_the_shortest_float(
            number in prop_oneof![-1e4..1e4_f64, -1e16..1e16_f64, any::<f64>(), -0.01..0.01_f64],
        ) {
            let mut out = Vec::new();
            let rounded = (number * 1000.0).round() / 1000.0 + 0.0;
            prop_assert_eq!(write_thousandths(number, &mut out), rounded.is_finite());
            if rounded.is_finite() {
                prop_assert_eq!(String::from_utf8(out).unwrap(), format!("{rounded:?}"));
            }
        }
    }
}
