//! Typed cells: bytes between the threads that encode rows and the one that joins them to columns.
//!
//! A cell is a byte that says whether it has a value, and the value: eight bytes of a number or a moment, one of a truth, or
//! a length of four bytes and a text. Nothing of this is in a result.

use super::column::{Column, Kind};
use crate::write::Entries;
use labelport_model::losses::{Losses, Outcome};
use labelport_model::time::Timestamp;

/// A line of typed cells being written.
pub(super) struct TypedLine<'e> {
    out: &'e mut Vec<u8>,
    losses: &'e mut Losses,
    columns: std::slice::Iter<'static, Column>,
}

impl<'e> TypedLine<'e> {
    pub(super) fn of(entries: &'e mut Entries<'_>, stream: usize, columns: &'static [Column]) -> Self {
        Self { out: &mut entries.streams[stream], losses: entries.losses, columns: columns.iter() }
    }

    /// Writes the next cell. A text that is not of the column's kind is a loss.
    pub(super) fn cell(&mut self, text: Option<&str>) {
        let Some(column) = self.columns.next() else { return };
        let Some(text) = text else {
            self.out.push(0);
            return;
        };
        let eight = |bytes: Option<[u8; 8]>| bytes.map(|bytes| bytes.to_vec());
        let value = match column.kind {
            Kind::Text | Kind::Json | Kind::Points => {
                self.out.push(1);
                // A stored row has at most 512 MiB.
                self.out.extend_from_slice(&(text.len() as u32).to_le_bytes());
                self.out.extend_from_slice(text.as_bytes());
                return;
            }
            Kind::Whole => eight(text.parse::<i64>().ok().map(i64::to_le_bytes)),
            Kind::Number => eight(text.parse::<f64>().ok().filter(|number| number.is_finite()).map(f64::to_le_bytes)),
            Kind::Truth => text.parse::<bool>().ok().map(|truth| vec![u8::from(truth)]),
            Kind::Time => eight(Timestamp::parse_export(text).map(|time| time.as_millis().to_le_bytes())),
        };
        self.out.push(u8::from(value.is_some()));
        match value {
            Some(value) => self.out.extend_from_slice(&value),
            None => self.losses.add(column.name, Outcome::LeftOut, NOT_OF_ITS_KIND, 1),
        }
        match column.kind {
            Kind::Time if is_finer_than_a_millisecond(text) => {
                self.losses.add(column.name, Outcome::Reduced, "to the millisecond", 1);
            }
            Kind::Number if !is_exact(text) => {
                self.losses.add(column.name, Outcome::Reduced, "to the nearest number of 64 bits", 1);
            }
            _ => {}
        }
    }

    /// Writes the next cell, which has corners.
    pub(super) fn points(&mut self, corners: Option<&[(f64, f64)]>) {
        let Some(_) = self.columns.next() else { return };
        let Some(corners) = corners else {
            self.out.push(0);
            return;
        };
        self.out.push(1);
        self.out.extend_from_slice(&(corners.len() as u32).to_le_bytes());
        for (x, y) in corners {
            self.out.extend_from_slice(&x.to_le_bytes());
            self.out.extend_from_slice(&y.to_le_bytes());
        }
    }

    pub(super) fn end(self) {
        debug_assert!(self.columns.len() == 0, "cells are missing: {:?}", self.columns.as_slice());
    }
}

/// Returns whether a time has a fraction of which a millisecond is not the end.
fn is_finer_than_a_millisecond(text: &str) -> bool {
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    fraction.chars().take_while(char::is_ascii_digit).skip(3).any(|digit| digit != '0')
}

/// Returns whether the nearest float says all digits of a number, as it does up to 15 of them.
fn is_exact(text: &str) -> bool {
    let digits = |text: &str| -> String {
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').to_owned()
    };
    let own = digits(text);
    let Ok(number) = text.parse::<f64>() else { return true };
    own.len() <= 15 || digits(&format!("{number:.*e}", own.len() - 1)) == own
}

/// Why a cell of a typed column is empty although something is stored.
const NOT_OF_ITS_KIND: &str = "it is not of the kind of its column, and the cell is empty";

/// Takes cells off the front of what was written.
pub(in crate::write) struct Cells<'b>(pub(in crate::write) &'b [u8]);

impl<'b> Cells<'b> {
    /// Returns whether nothing is left.
    pub(in crate::write) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn take(&mut self, count: usize) -> &'b [u8] {
        // Whole lines are handed on, so that nothing is missing.
        let (taken, rest) = self.0.split_at_checked(count).unwrap_or((&[], &[]));
        self.0 = rest;
        taken
    }

    fn eight(&mut self) -> [u8; 8] {
        self.take(8).try_into().unwrap_or_default()
    }

    /// Takes the byte that says whether the next cell has a value.
    pub(in crate::write) fn has_value(&mut self) -> bool {
        self.take(1) == [1]
    }

    /// Takes a text.
    pub(in crate::write) fn text(&mut self) -> &'b [u8] {
        let length = u32::from_le_bytes(self.take(4).try_into().unwrap_or_default());
        self.take(length as usize)
    }

    /// Takes a whole number or a moment.
    pub(in crate::write) fn whole(&mut self) -> i64 {
        i64::from_le_bytes(self.eight())
    }

    /// Takes a number.
    pub(in crate::write) fn number(&mut self) -> f64 {
        f64::from_le_bytes(self.eight())
    }

    /// Takes a truth.
    pub(in crate::write) fn truth(&mut self) -> bool {
        self.take(1) == [1]
    }

    /// Takes corners.
    pub(in crate::write) fn points(&mut self) -> Vec<(f64, f64)> {
        let count = u32::from_le_bytes(self.take(4).try_into().unwrap_or_default());
        (0..count).map(|_| (self.number(), self.number())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_type_cannot_hold_is_said() {
        static COLUMNS: [Column; 5] = [
            Column::time("created_at"),
            Column::number("left"),
            Column::whole("frame"),
            Column::truth("skipped"),
            Column::text("name"),
        ];
        let write = |cells: [&str; 5]| -> Vec<String> {
            let (mut streams, mut files, mut losses) = ([Vec::new()], Vec::new(), Losses::default());
            let mut entries = Entries {
                streams: &mut streams,
                files: &mut files,
                assets: &mut Vec::new(),
                losses: &mut losses,
                is_survey: false,
            };
            let mut line = TypedLine::of(&mut entries, 0, &COLUMNS);
            cells.iter().for_each(|cell| line.cell(Some(cell)));
            line.end();
            losses.iter().map(|(loss, _)| format!("{} {}", loss.what, loss.reason)).collect()
        };
        let exact = ["2026-11-26T10:00:00.125000+00:00", "0.1", "7", "true", ""];
        assert_eq!(write(exact), Vec::<String>::new());
        assert_eq!(write(["2026-11-26T10:00:00Z", "1234567890.12345", "-7", "false", "x"]), Vec::<String>::new());
        let finer = ["2026-11-26T10:00:00.125001+00:00", "0.1234567890123456789", "7", "true", ""];
        assert_eq!(write(finer), ["created_at to the millisecond", "left to the nearest number of 64 bits"]);
        let odd = write(["yesterday", "1e999", "7.5", "yes", ""]);
        assert_eq!(odd, ["created_at", "frame", "left", "skipped"].map(|name| format!("{name} {NOT_OF_ITS_KIND}")));
    }
}
