//! What a page draws: its glyphs, in the order and at the places in which it draws them.

use super::Budget;
use super::document::{Document, Page};
use super::font::Font;
use super::object::{Dictionary, Object, Scanner, is_space};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How deep forms may draw forms.
const FORM_LIMIT: usize = 6;
/// How many states of drawing may be kept.
const STATE_LIMIT: usize = 256;
/// No operator has more operands, but for an array, which is one.
const OPERAND_LIMIT: usize = 64;

/// A point or a direction: points right and down from the top left of the page as it is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A glyph on a page.
#[derive(Debug)]
pub(super) struct Glyph {
    /// Where its text stands in the text of the page.
    pub(super) text: std::ops::Range<usize>,
    /// Where its base line begins.
    pub(super) start: Point,
    /// Where its base line ends.
    pub(super) end: Point,
    /// From the base line up, as long as the font is high.
    pub(super) up: Point,
}

/// All glyphs of a page.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) text: String,
    pub(super) glyphs: Vec<Glyph>,
}

/// Fonts that were read, by the numbers of their objects.
pub(super) type Fonts = BTreeMap<u32, Rc<Font>>;

/// Draws a page.
pub(super) fn draw(document: &Document<'_>, page: &Page, fonts: &mut Fonts, budget: &mut Budget) -> Drawn {
    let [left, bottom, right, top] = page.media_box;
    let (width, height) = (right - left, top - bottom);
    let upright = Matrix([1.0, 0.0, 0.0, -1.0, -left, top]);
    let turned = match page.quarters {
        1 => upright.then(Matrix([0.0, 1.0, -1.0, 0.0, height, 0.0])),
        2 => upright.then(Matrix([-1.0, 0.0, 0.0, -1.0, width, height])),
        3 => upright.then(Matrix([0.0, -1.0, 1.0, 0.0, 0.0, width])),
        _ => upright,
    };
    let [width, height] = page.size();
    let mut contents = Vec::new();
    for part in document.contents(page) {
        if let Some((_, bytes)) = document.stream(&part, budget) {
            contents.extend_from_slice(&bytes);
            // Parts end between two words.
            contents.push(b'\n');
        }
    }
    let drawn = Drawn { width, height, ..Drawn::default() };
    let mut painter = Painter { document, fonts, budget, drawn };
    painter.run(&contents, &document.resources(page), State::new(turned), 0);
    painter.drawn
}

/// An affine map: `x' = a x + c y + e`, `y' = b x + d y + f`.
#[derive(Debug, Clone, Copy)]
struct Matrix([f64; 6]);

impl Matrix {
    const IDENTITY: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    /// Returns the map that does this and then the next.
    fn then(self, next: Self) -> Self {
        let [a, b, c, d, e, f] = self.0;
        let [p, q, r, s, t, u] = next.0;
        Self([a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u])
    }

    fn apply(self, x: f64, y: f64) -> Point {
        let [a, b, c, d, e, f] = self.0;
        Point { x: a * x + c * y + e, y: b * x + d * y + f }
    }

    fn moved(self, x: f64, y: f64) -> Self {
        Self([1.0, 0.0, 0.0, 1.0, x, y]).then(self)
    }

    fn of(operands: &[Object]) -> Option<Self> {
        let numbers: Vec<f64> = operands.iter().filter_map(Object::as_number).collect();
        numbers.try_into().ok().map(Self)
    }
}

/// What `q` keeps and `Q` brings back.
#[derive(Debug, Clone)]
struct State {
    matrix: Matrix,
    font: Option<Rc<Font>>,
    size: f64,
    char_space: f64,
    word_space: f64,
    horizontal_scale: f64,
    leading: f64,
    rise: f64,
}

impl State {
    fn new(matrix: Matrix) -> Self {
        Self {
            matrix,
            font: None,
            size: 0.0,
            char_space: 0.0,
            word_space: 0.0,
            horizontal_scale: 1.0,
            leading: 0.0,
            rise: 0.0,
        }
    }
}

struct Painter<'a, 'b> {
    document: &'a Document<'b>,
    fonts: &'a mut Fonts,
    budget: &'a mut Budget,
    drawn: Drawn,
}

impl Painter<'_, '_> {
    fn run(&mut self, contents: &[u8], resources: &Dictionary, start: State, depth: usize) {
        let mut state = start;
        let mut kept: Vec<State> = Vec::new();
        let mut operands: Vec<Object> = Vec::new();
        let (mut line, mut text) = (Matrix::IDENTITY, Matrix::IDENTITY);
        let fonts = self.document.dictionary(resources, "Font").unwrap_or_default();
        let mut reader = Scanner::new(contents, 0);
        while let Some(object) = reader.next() {
            let Object::Word(word) = object else {
                if operands.len() < OPERAND_LIMIT {
                    operands.push(object);
                }
                continue;
            };
            let Some(left) = self.budget.operators.checked_sub(1) else { return };
            self.budget.operators = left;
            let number = |index: usize| operands.get(index).and_then(Object::as_number).unwrap_or(0.0);
            match word.as_slice() {
                b"q" if kept.len() < STATE_LIMIT => kept.push(state.clone()),
                b"Q" => state = kept.pop().unwrap_or(state),
                b"cm" => {
                    if let Some(matrix) = Matrix::of(&operands) {
                        state.matrix = matrix.then(state.matrix);
                    }
                }
                b"BT" => (line, text) = (Matrix::IDENTITY, Matrix::IDENTITY),
                b"Tc" => state.char_space = number(0),
                b"Tw" => state.word_space = number(0),
                b"Tz" => state.horizontal_scale = number(0) / 100.0,
                b"TL" => state.leading = number(0),
                b"Ts" => state.rise = number(0),
                b"Tf" => {
                    state.size = number(1);
                    let name = operands.first().and_then(Object::as_name).unwrap_or_default();
                    state.font = self.font(&fonts, name);
                }
                b"Td" | b"TD" => {
                    if word == b"TD" {
                        state.leading = -number(1);
                    }
                    line = line.moved(number(0), number(1));
                    text = line;
                }
                b"Tm" => {
                    line = Matrix::of(&operands).unwrap_or(line);
                    text = line;
                }
                b"T*" => {
                    line = line.moved(0.0, -state.leading);
                    text = line;
                }
                b"Tj" => self.show(&operands, &state, &mut text),
                b"TJ" => {
                    let parts = operands.first().and_then(Object::as_array).unwrap_or_default();
                    self.show(parts, &state, &mut text);
                }
                b"'" | b"\"" => {
                    if word == b"\"" {
                        (state.word_space, state.char_space) = (number(0), number(1));
                    }
                    line = line.moved(0.0, -state.leading);
                    text = line;
                    self.show(operands.last().map_or(&[], std::slice::from_ref), &state, &mut text);
                }
                b"Do" if depth < FORM_LIMIT => {
                    let name = operands.first().and_then(Object::as_name).unwrap_or_default();
                    self.form(resources, name, &state, depth);
                }
                b"BI" => skip_picture(&mut reader, contents),
                _ => {}
            }
            operands.clear();
        }
    }

    fn font(&mut self, fonts: &Dictionary, name: &[u8]) -> Option<Rc<Font>> {
        let value = fonts.get(std::str::from_utf8(name).ok()?)?;
        let number = if let Object::Reference(number) = value { Some(*number) } else { None };
        if let Some(known) = number.and_then(|number| self.fonts.get(&number)) {
            return Some(known.clone());
        }
        let Object::Dictionary(dictionary) = self.document.resolved(value) else { return None };
        let font = Rc::new(Font::read(self.document, &dictionary, self.budget));
        if let Some(number) = number {
            self.fonts.insert(number, font.clone());
        }
        Some(font)
    }

    fn form(&mut self, resources: &Dictionary, name: &[u8], state: &State, depth: usize) {
        let Some(objects) = self.document.dictionary(resources, "XObject") else { return };
        let Some(form) = std::str::from_utf8(name).ok().and_then(|name| objects.get(name)) else { return };
        // Pictures are not unpacked.
        let Object::Dictionary(head) = self.document.resolved(form) else { return };
        if !head.is("Subtype", "Form") {
            return;
        }
        let Some((dictionary, contents)) = self.document.stream(form, self.budget) else { return };
        let matrix = self.document.get(&dictionary, "Matrix");
        let matrix = matrix.as_ref().and_then(Object::as_array).and_then(Matrix::of).unwrap_or(Matrix::IDENTITY);
        let own = self.document.dictionary(&dictionary, "Resources");
        let state = State { matrix: matrix.then(state.matrix), ..state.clone() };
        self.run(&contents, own.as_ref().unwrap_or(resources), state, depth + 1);
    }

    /// Draws strings; numbers between them move the next one back, in thousandths of the size.
    fn show(&mut self, parts: &[Object], state: &State, text: &mut Matrix) {
        let Some(font) = &state.font else { return };
        for part in parts {
            let string = match part {
                Object::Number(back) => {
                    *text = text.moved(-back / 1000.0 * state.size * state.horizontal_scale, 0.0);
                    continue;
                }
                Object::Text(string) => string,
                _ => continue,
            };
            for code in font.codes(string) {
                let Some(left) = self.budget.glyphs.checked_sub(1) else { return };
                self.budget.glyphs = left;
                let full = text.then(state.matrix);
                let start = full.apply(0.0, state.rise);
                let end = full.apply(code.width * state.size * state.horizontal_scale, state.rise);
                let top = full.apply(0.0, state.rise + state.size);
                let up = Point { x: top.x - start.x, y: top.y - start.y };
                let from = self.drawn.text.len();
                self.drawn.text.push_str(code.text);
                let is_finite = [start, end, up].iter().all(|point| point.x.is_finite() && point.y.is_finite());
                if is_finite && !code.text.is_empty() {
                    self.drawn.glyphs.push(Glyph { text: from..self.drawn.text.len(), start, end, up });
                }
                let space = state.char_space + if code.is_space { state.word_space } else { 0.0 };
                *text = text.moved((code.width * state.size + space) * state.horizontal_scale, 0.0);
            }
        }
    }
}

/// Passes over a picture that stands between the operators.
fn skip_picture(reader: &mut Scanner<'_>, contents: &[u8]) {
    while let Some(object) = reader.next() {
        if matches!(&object, Object::Word(word) if word == b"ID") {
            break;
        }
    }
    let rest = contents.get(reader.place()..).unwrap_or_default();
    let is_end = |window: &[u8]| is_space(window[0]) && &window[1..3] == b"EI" && is_space(window[3]);
    let length = rest.windows(4).position(is_end).map_or(rest.len(), |at| at + 3);
    reader.move_to(reader.place() + length);
}
