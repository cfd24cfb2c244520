//! Fonts, as far as they say what codes mean and how wide they are.

use super::Budget;
use super::document::Document;
use super::glyph::{self, Table};
use super::object::{Dictionary, Object, Scanner};
use std::collections::BTreeMap;

/// The most objects between two words of a table; writers put a hundred entries there.
const WAITING_LIMIT: usize = 200_000;

/// What a font says about its codes.
#[derive(Debug)]
pub(super) struct Font {
    /// How many bytes a code has.
    code_bytes: usize,
    table: Table,
    /// Texts by code, from the font's own table.
    mapped: BTreeMap<u32, String>,
    /// Texts by code, from names of glyphs.
    named: BTreeMap<u32, String>,
    widths: BTreeMap<u32, f64>,
    /// In thousandths of the size; `None` where the usual width of the glyph counts.
    missing_width: Option<f64>,
    is_monospaced: bool,
    /// Thousandths, but for fonts that are drawn.
    unit: f64,
}

/// One code of a string.
#[derive(Debug)]
pub(super) struct Code<'a> {
    /// Empty where nobody knows.
    pub(super) text: &'a str,
    /// As a part of the size.
    pub(super) width: f64,
    /// Whether it is the space by which a line is stretched.
    pub(super) is_space: bool,
}

impl Font {
    /// Reads a font from its dictionary.
    pub(super) fn read(document: &Document<'_>, dictionary: &Dictionary, budget: &mut Budget) -> Self {
        let is_composite = dictionary.is("Subtype", "Type0");
        let base_name = dictionary.get("BaseFont").and_then(Object::as_name).unwrap_or_default();
        let mut font = Self {
            code_bytes: if is_composite { 2 } else { 1 },
            table: Table::Standard,
            mapped: BTreeMap::new(),
            named: BTreeMap::new(),
            widths: BTreeMap::new(),
            missing_width: None,
            is_monospaced: base_name.windows(7).any(|window| window == b"Courier"),
            unit: 0.001,
        };
        if let Some((_, map)) = dictionary.get("ToUnicode").and_then(|map| document.stream(map, budget)) {
            font.read_map(&map, budget);
        }
        if is_composite {
            font.read_composite(document, dictionary, budget);
        } else {
            font.read_simple(document, dictionary, budget);
        }
        font
    }

    fn read_simple(&mut self, document: &Document<'_>, dictionary: &Dictionary, budget: &mut Budget) {
        match document.get(dictionary, "Encoding") {
            Some(Object::Name(name)) => self.set_table(&name),
            Some(Object::Dictionary(encoding)) => {
                if let Some(name) = encoding.get("BaseEncoding").and_then(Object::as_name) {
                    self.set_table(name);
                }
                let differences = document.get(&encoding, "Differences");
                let mut code = 0;
                for entry in differences.as_ref().and_then(Object::as_array).unwrap_or_default() {
                    match entry {
                        Object::Number(_) => code = entry.as_index().unwrap_or(0) as u32,
                        Object::Name(name) if budget.take_font_entry() => {
                            self.named.insert(code, glyph::of_name(name).unwrap_or_default());
                            code = code.saturating_add(1);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        let first = document.get(dictionary, "FirstChar").and_then(|first| first.as_index()).unwrap_or(0);
        let widths = document.get(dictionary, "Widths");
        for (index, width) in
            widths.as_ref().and_then(Object::as_array).unwrap_or_default().iter().take(256).enumerate()
        {
            if let Some(width) = document.resolved(width).as_number() {
                self.widths.insert((first + index) as u32, width);
            }
        }
        let descriptor = document.dictionary(dictionary, "FontDescriptor");
        self.missing_width = descriptor.and_then(|descriptor| descriptor.get("MissingWidth")?.as_number());
        if dictionary.is("Subtype", "Type3") {
            // The first number of the matrix says how wide a unit is.
            let matrix = document.get(dictionary, "FontMatrix");
            let scale = matrix.as_ref().and_then(Object::as_array).and_then(|matrix| matrix.first()?.as_number());
            self.unit = scale.map_or(0.001, f64::abs);
        }
    }

    fn set_table(&mut self, name: &[u8]) {
        self.table = match name {
            b"WinAnsiEncoding" => Table::WinAnsi,
            b"MacRomanEncoding" => Table::MacRoman,
            _ => Table::Standard,
        };
    }

    fn read_composite(&mut self, document: &Document<'_>, dictionary: &Dictionary, budget: &mut Budget) {
        let descendants = document.get(dictionary, "DescendantFonts");
        let Some(first) = descendants.as_ref().and_then(Object::as_array).and_then(|fonts| fonts.first()) else {
            return;
        };
        let Object::Dictionary(descendant) = document.resolved(first) else { return };
        let usual = document.get(&descendant, "DW").and_then(|width| width.as_number());
        self.missing_width = Some(usual.unwrap_or(1000.0));
        let Some(Object::Array(runs)) = document.get(&descendant, "W") else { return };
        let mut runs = runs.iter();
        // Either a code and a list of widths, or the first and the last code and their width.
        while let (Some(first), Some(second)) = (runs.next(), runs.next()) {
            let Some(first) = first.as_index() else { return };
            if let Object::Array(widths) = document.resolved(second) {
                for (index, width) in widths.iter().enumerate() {
                    if !budget.take_font_entry() {
                        return;
                    }
                    self.set_width(first + index, width.as_number());
                }
                continue;
            }
            let (Some(last), Some(width)) = (second.as_index(), runs.next()) else { return };
            for code in (first..=last).take_while(|_| budget.take_font_entry()) {
                self.set_width(code, width.as_number());
            }
        }
    }

    fn set_width(&mut self, code: usize, width: Option<f64>) {
        if let (Some(width), Ok(code @ 0..=0xffff)) = (width, u32::try_from(code)) {
            self.widths.insert(code, width);
        }
    }

    /// Reads a table from codes to texts: ranges of codes, then codes or ranges with what they stand for.
    fn read_map(&mut self, bytes: &[u8], budget: &mut Budget) {
        let mut reader = Scanner::new(bytes, 0);
        let mut waiting: Vec<Object> = Vec::new();
        while let Some(object) = reader.next() {
            let Object::Word(word) = &object else {
                waiting.push(object);
                if waiting.len() > WAITING_LIMIT {
                    return;
                }
                continue;
            };
            match word.as_slice() {
                b"endcodespacerange" => {
                    if let Some(Object::Text(first)) = waiting.first() {
                        self.code_bytes = first.len().clamp(1, 4);
                    }
                }
                b"endbfchar" => {
                    for pair in waiting.chunks_exact(2) {
                        if let [Object::Text(code), Object::Text(text)] = pair {
                            self.map(number(code), utf16(text), budget);
                        }
                    }
                }
                b"endbfrange" => {
                    for range in waiting.chunks_exact(3) {
                        self.tell_range(range, budget);
                    }
                }
                _ => {}
            }
            waiting.clear();
        }
    }

    fn tell_range(&mut self, range: &[Object], budget: &mut Budget) {
        let [Object::Text(first), Object::Text(last), target] = range else { return };
        let (first, last) = (number(first), number(last));
        match target {
            Object::Array(texts) => {
                for (code, text) in (first..=last).zip(texts) {
                    if let Object::Text(text) = text {
                        self.map(code, utf16(text), budget);
                    }
                }
            }
            Object::Text(start) => {
                let text = utf16(start);
                let Some(base) = text.chars().next_back() else { return };
                let head = &text[..text.len() - base.len_utf8()];
                // A range stays within a page of 256 codes.
                for step in 0..=last.saturating_sub(first).min(0xff) {
                    if let Some(next) = char::from_u32(base as u32 + step) {
                        self.map(first.saturating_add(step), format!("{head}{next}"), budget);
                    }
                }
            }
            _ => {}
        }
    }

    fn map(&mut self, code: u32, text: String, budget: &mut Budget) {
        // Longer texts for one code are no writing.
        if budget.take_font_entry() && text.len() <= 32 {
            self.mapped.insert(code, text.replace('\0', ""));
        }
    }

    /// Lists the codes of a string.
    pub(super) fn codes<'a>(&'a self, string: &'a [u8]) -> impl Iterator<Item = Code<'a>> {
        string.chunks(self.code_bytes).map(|bytes| {
            let code = number(bytes);
            let simple = || {
                let byte = u8::try_from(code).ok().filter(|_| self.code_bytes == 1)?;
                glyph::of_code(self.table, byte)
            };
            let known = self.mapped.get(&code).or_else(|| self.named.get(&code)).map(String::as_str);
            let text = known.or_else(simple).unwrap_or_default();
            let width = self.widths.get(&code).copied().or(self.missing_width);
            let width = width.unwrap_or_else(|| glyph::usual_width(text, self.is_monospaced));
            Code { text, width: width * self.unit, is_space: bytes == b" " }
        })
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

fn utf16(bytes: &[u8]) -> String {
    if let [byte] = bytes {
        return char::from(*byte).to_string();
    }
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).filter_map(Result::ok).collect()
}
