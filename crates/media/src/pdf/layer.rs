//! The text layer: glyphs gathered to words and lines.
//!
//! Glyphs that follow each other along a base line make a word, words make a line. Lines stay in the order in which the
//! document draws them. Ids are made from the bytes of the document, so that the same document always has the same.

use super::Budget;
use super::content::{Drawn, Fonts, Glyph, draw};
use super::document::{Document, Page};
use labelport_model::json::quote_into;
use sha2::{Digest, Sha256};
use std::io::Write;

/// A gap of this part of the font's height parts words.
const WORD_GAP: f64 = 0.2;
/// A gap of this many heights, or a step back of so much, parts lines.
const LINE_GAP: f64 = 2.0;
/// A step of this part of the height up or down parts lines.
const LINE_STEP: f64 = 0.5;
/// How far a font reaches above the base line and below it, as parts of its height.
const ASCENT: f64 = 0.8;
const DESCENT: f64 = 0.2;
/// The most bytes of a layer.
const LAYER_LIMIT: usize = 64 << 20;

/// Writes the text layer as a JSON array of pages; `None` for a document without text.
pub(super) fn write(document: &Document<'_>, pages: &[Page], budget: &mut Budget) -> Option<String> {
    let mut fonts = Fonts::new();
    let mut ids = Ids { seed: Sha256::digest(document.bytes()).into(), count: 0 };
    let mut out = vec![b'['];
    let mut has_text = false;
    for (index, page) in pages.iter().enumerate() {
        let drawn = draw(document, page, &mut fonts, budget);
        if index > 0 {
            out.push(b',');
        }
        // Writing into memory does not fail.
        let _ = write!(
            out,
            "{{\"number\":{},\"width\":{},\"height\":{}",
            index + 1,
            short(drawn.width),
            short(drawn.height)
        );
        out.extend_from_slice(b",\"groups\":[");
        for (index, line) in lines(&drawn).iter().enumerate() {
            if out.len() > LAYER_LIMIT {
                break;
            }
            has_text = true;
            if index > 0 {
                out.push(b',');
            }
            write_line(line, &mut ids, &mut out);
        }
        out.extend_from_slice(b"]}");
    }
    out.push(b']');
    if has_text { String::from_utf8(out).ok() } else { None }
}

fn write_line(line: &Line, ids: &mut Ids, out: &mut Vec<u8>) {
    let content: Vec<&str> = line.words.iter().map(|word| word.text.as_str()).collect();
    let bounds = line.words.iter().fold(Bounds::NOTHING, |bounds, word| bounds.with(word.bounds));
    write_item(ids.next(), &content.join(" "), bounds, out);
    out.extend_from_slice(b",\"tokens\":[");
    for (index, word) in line.words.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_item(ids.next(), &word.text, word.bounds, out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

fn write_item(id: String, content: &str, bounds: Bounds, out: &mut Vec<u8>) {
    let _ = write!(out, "{{\"id\":\"{id}\",\"content\":");
    quote_into(content, out);
    let (width, height) = (bounds.right - bounds.left, bounds.bottom - bounds.top);
    let _ = write!(
        out,
        ",\"geometry\":{{\"left\":{},\"top\":{},\"width\":{},\"height\":{}}}",
        short(bounds.left),
        short(bounds.top),
        short(width),
        short(height)
    );
}

/// Rounds to thousandths of a point.
pub(super) fn short(number: f64) -> f64 {
    let rounded = (number * 1000.0).round() / 1000.0;
    // Minus zero is zero, and what is nowhere is at zero.
    if rounded == 0.0 || !rounded.is_finite() { 0.0 } else { rounded }
}

#[derive(Debug, Clone, Copy)]
struct Bounds {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Bounds {
    const NOTHING: Self =
        Self { left: f64::INFINITY, top: f64::INFINITY, right: f64::NEG_INFINITY, bottom: f64::NEG_INFINITY };

    fn with(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    fn of(glyph: &Glyph) -> Self {
        let corners = [(glyph.start, ASCENT), (glyph.start, -DESCENT), (glyph.end, ASCENT), (glyph.end, -DESCENT)];
        corners.iter().fold(Self::NOTHING, |bounds, (point, part)| {
            let (x, y) = (point.x + glyph.up.x * part, point.y + glyph.up.y * part);
            bounds.with(Self { left: x, top: y, right: x, bottom: y })
        })
    }
}

#[derive(Debug)]
struct Word {
    text: String,
    bounds: Bounds,
}

#[derive(Debug, Default)]
struct Line {
    words: Vec<Word>,
}

/// How a glyph stands to the one before it.
#[derive(PartialEq)]
enum Step {
    SameWord,
    NextWord,
    NextLine,
}

fn step(last: &Glyph, glyph: &Glyph) -> Step {
    let height = last.up.x.hypot(last.up.y);
    if height <= 0.0 {
        return Step::NextLine;
    }
    // Along the base line and away from it, in heights of the font.
    let away = (last.up.x / height, last.up.y / height);
    let along = (-away.1, away.0);
    let gap = (glyph.start.x - last.end.x, glyph.start.y - last.end.y);
    let forward = (gap.0 * along.0 + gap.1 * along.1) / height;
    let upward = (gap.0 * away.0 + gap.1 * away.1) / height;
    if upward.abs() > LINE_STEP || !(-LINE_GAP / 2.0..LINE_GAP).contains(&forward) {
        Step::NextLine
    } else if forward > WORD_GAP {
        Step::NextWord
    } else {
        Step::SameWord
    }
}

fn lines(drawn: &Drawn) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut last: Option<&Glyph> = None;
    let mut is_after_space = false;
    for glyph in &drawn.glyphs {
        let text = &drawn.text[glyph.text.clone()];
        let step = last.map_or(Step::NextLine, |last| step(last, glyph));
        last = Some(glyph);
        if text.chars().all(char::is_whitespace) {
            is_after_space = true;
            if step == Step::NextLine {
                lines.push(Line::default());
            }
            continue;
        }
        if step == Step::NextLine {
            lines.push(Line::default());
        }
        let Some(line) = lines.last_mut() else { continue };
        match line.words.last_mut().filter(|_| step == Step::SameWord && !is_after_space) {
            Some(word) => {
                word.text.push_str(text);
                word.bounds = word.bounds.with(Bounds::of(glyph));
            }
            None => line.words.push(Word { text: text.to_owned(), bounds: Bounds::of(glyph) }),
        }
        is_after_space = false;
    }
    lines.retain(|line| !line.words.is_empty());
    lines
}

/// Ids in the form of uuids, numbered within a document.
struct Ids {
    seed: [u8; 32],
    count: u64,
}

impl Ids {
    fn next(&mut self) -> String {
        self.count += 1;
        let digest = Sha256::new().chain_update(self.seed).chain_update(self.count.to_be_bytes()).finalize();
        let mut id: [u8; 16] = std::array::from_fn(|index| digest[index]);
        // The version and the variant of uuids that are made in a way of one's own.
        id[6] = id[6] & 0x0f | 0x80;
        id[8] = id[8] & 0x3f | 0x80;
        let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}
