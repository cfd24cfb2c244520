//! Records to rows, on the threads that parse.

use super::error::Refused;
use super::original::Original;
use super::split::{Body, Record};
use labelport_formats::read::{LabelboxRows, Reader, RowReader};
use labelport_model::json::Document;
use labelport_model::row::Row;

/// A record after parsing.
pub(super) enum Parsed {
    /// The line on which it stands, the row, and the record as it was, where it is kept.
    Row(u64, Box<Row>, Option<Box<Original>>),
    /// What cannot be read, and the record as it was.
    Refused(Refused, Option<Box<Original>>),
}

/// What a thread that parses uses again.
pub(super) struct Worker {
    document: Document,
    reader: Box<dyn RowReader>,
}

impl Default for Worker {
    fn default() -> Self {
        Self { document: Document::default(), reader: LabelboxRows.open() }
    }
}

impl Worker {
    /// Reads a record of a file.
    pub(super) fn parse(&mut self, mut record: Record, name: &str) -> Parsed {
        match self.read(&mut record) {
            Ok(row) => Parsed::Row(record.line, Box::new(row), record.into_original()),
            Err(((line, column), reason)) => {
                let refused = Refused { file: name.to_owned(), line, column, reason };
                Parsed::Refused(refused, record.into_original())
            }
        }
    }

    /// Reads a record; fails with a place and a reason.
    fn read(&mut self, record: &mut Record) -> Result<Row, ((u64, Option<u64>), String)> {
        let text = match &mut record.body {
            Body::Text(text) => text,
            Body::Long(long) => {
                let outcome = self.document.read(&long.row.text).map_err(|error| (error.offset, error.to_string()));
                let shortened = match outcome {
                    Ok(()) => long.shorten(&self.document).map_err(|error| (0, error.to_string())),
                    Err(error) => Err(error),
                };
                match shortened {
                    // From here on it is as short as other records; places in it are places of the whole record only
                    // up to its first frames.
                    Ok(text) => {
                        let is_same = long.row.cuts.is_empty();
                        return self.read_text(&text).map_err(|(offset, reason)| {
                            let place = record.place(offset);
                            ((place.0, place.1.filter(|_| is_same)), reason)
                        });
                    }
                    Err((offset, reason)) => return Err((record.place(offset), reason)),
                }
            }
        };
        let text = std::mem::take(text);
        let outcome = self.read_text(&text);
        record.body = Body::Text(text);
        outcome.map_err(|(offset, reason)| (record.place(offset), reason))
    }

    fn read_text(&mut self, text: &[u8]) -> Result<Row, (usize, String)> {
        self.reader.read(text).map_err(|problem| (problem.offset, problem.reason))
    }
}
