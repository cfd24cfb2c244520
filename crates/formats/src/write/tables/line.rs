//! Lines of tables: as CSV, or with typed cells that are joined to columns later.

use super::TABLES;
use super::typed::TypedLine;
use crate::write::Entries;
use crate::write::cells;
use labelport_model::json::Value;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::write) enum Style {
    /// As CSV.
    Csv,
    /// As typed cells.
    Typed,
}

/// A line of a table. Cells are written from left to right.
pub(super) enum Line<'e> {
    Csv(cells::Line<'e>),
    Typed(TypedLine<'e>),
}

impl<'e> Line<'e> {
    /// Starts a line of a table.
    pub(super) fn of(style: Style, entries: &'e mut Entries<'_>, table: usize) -> Self {
        match style {
            Style::Csv => Self::Csv(cells::Line::of(entries, table)),
            Style::Typed => Self::Typed(TypedLine::of(entries, table, TABLES[table].columns)),
        }
    }

    /// Writes a cell that needs no quotes: a word of ours, a number. An empty one is no value.
    pub(super) fn token(&mut self, token: &str) {
        match self {
            Self::Csv(line) => line.token(token),
            Self::Typed(line) => line.cell(Some(token).filter(|token| !token.is_empty())),
        }
    }

    /// Writes a cell with somebody's text.
    pub(super) fn text(&mut self, text: &str) {
        match self {
            Self::Csv(line) => line.text(text),
            Self::Typed(line) => line.cell(Some(text)),
        }
    }

    /// Writes a cell with a text, or one without a value.
    pub(super) fn optional(&mut self, text: Option<&str>) {
        match self {
            Self::Csv(line) => line.optional(text),
            Self::Typed(line) => line.cell(text),
        }
    }

    /// Writes a cell with a JSON value: a text without its quotes, a number as it is spelled, anything else as JSON.
    pub(super) fn value(&mut self, value: Option<Value<'_>>) {
        match self {
            Self::Csv(line) => line.value(value),
            Self::Typed(line) => match value {
                Some(value) if value.raw() == "null" => line.cell(None),
                Some(value) => line.cell(Some(value.as_text().as_deref().unwrap_or(value.raw()))),
                None => line.cell(None),
            },
        }
    }

    /// Writes a cell with JSON, or one without a value.
    pub(super) fn json(&mut self, json: Option<&[u8]>) {
        match self {
            Self::Csv(line) => line.json(json),
            Self::Typed(line) => line.cell(json.map(String::from_utf8_lossy).as_deref()),
        }
    }

    /// Writes a cell with corners, x and y in pixels, where the table has such a column.
    pub(super) fn points(&mut self, corners: Option<&[(f64, f64)]>) {
        match self {
            Self::Csv(_) => {}
            Self::Typed(line) => line.points(corners),
        }
    }

    /// Writes cells without a value.
    pub(super) fn empty(&mut self, count: usize) {
        (0..count).for_each(|_| self.token(""));
    }

    /// Ends the line.
    pub(super) fn end(self) {
        match self {
            Self::Csv(line) => line.end(),
            Self::Typed(line) => line.end(),
        }
    }
}
