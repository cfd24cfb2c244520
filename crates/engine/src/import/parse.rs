//! Records to rows, on the threads that parse.

use super::error::Refused;
use super::original::Original;
use super::split::{Body, Record};
use labelport_formats::read::{Reading, RowReader};
use labelport_model::json::Document;

/// A record after parsing.
pub(super) enum Parsed {
    /// The line on which it stands, what was read, and the record as it was, where it is kept.
    Row(u64, Box<Reading>, Option<Box<Original>>),
    /// What cannot be read, and the record as it was.
    Refused(Refused, Option<Box<Original>>),
}

/// What a thread that parses uses again.
pub(super) struct Worker {
    document: Document,
    reader: Box<dyn RowReader>,
}

impl Worker {
    /// Prepares to read records with a reader.
    pub(super) fn new(reader: Box<dyn RowReader>) -> Self {
        Self { document: Document::default(), reader }
    }

    /// Reads a record of a file.
    pub(super) fn parse(&mut self, mut record: Record, name: &str) -> Parsed {
        match self.read(&mut record) {
            Ok(reading) => Parsed::Row(record.line, Box::new(reading), record.into_original()),
            Err(((line, column), reason)) => {
                let refused = Refused { file: name.to_owned(), line, column, reason };
                Parsed::Refused(refused, record.into_original())
            }
        }
    }

    /// Reads a record; fails with a place and a reason.
    fn read(&mut self, record: &mut Record) -> Result<Reading, ((u64, Option<u64>), String)> {
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

    fn read_text(&mut self, text: &[u8]) -> Result<Reading, (usize, String)> {
        self.reader.read(text).map_err(|problem| (problem.offset, problem.reason))
    }
}
