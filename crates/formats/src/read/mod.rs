//! Bytes of others to what labelport stores.
//!
//! A [`Reader`] turns the records of a foreign export into rows; [`labelbox_lines`] turns the annotations that the SDK sends
//! into those of a label. Both are pure: what they need of the world comes through a trait. They never see a file, a
//! database or a request.
//!
//! # Adding a reader
//! One file in this folder with a type that implements [`Reader`], and one line in [`READERS`].

pub mod labelbox_lines;
mod labelbox_rows;

pub use labelbox_rows::LabelboxRows;

use labelport_model::row::Row;

/// A form of rows that can be imported.
pub trait Reader: Sync {
    /// Returns the name by which a command asks for it.
    fn name(&self) -> &'static str;

    /// Returns one sentence about it.
    fn summary(&self) -> &'static str;

    /// Prepares to read records, on one thread.
    fn open(&self) -> Box<dyn RowReader>;
}

/// Reads the records of a file, one after the other.
pub trait RowReader: Send {
    /// Reads a record, which is one JSON value.
    ///
    /// # Errors
    /// If it is not a row: with the place in the record, and the reason.
    fn read(&mut self, record: &[u8]) -> Result<Row, RowProblem>;
}

/// Why a record is not a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProblem {
    /// The place in the record, in bytes.
    pub offset: usize,
    /// What is wrong, and what to do about it.
    pub reason: String,
}

/// Every reader, by name.
pub static READERS: &[&dyn Reader] = &[&LabelboxRows];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reader_is_described_and_in_order() {
        let names: Vec<_> = READERS.iter().map(|reader| reader.name()).collect();
        assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
        assert!(READERS.iter().all(|reader| reader.summary().ends_with('.')));
    }

    #[test]
    fn no_reader_takes_what_is_not_a_row_for_one() {
        for reader in READERS {
            for record in [&b""[..], b"{", b"[]", b"7", b"\"data_row\"", b"{\"rows\":[]}", b"\xff\xfe{\0}\0"] {
                let problem = reader.open().read(record).expect_err(reader.name());
                assert!(problem.offset <= record.len() && !problem.reason.is_empty(), "{}: {problem:?}", reader.name());
            }
        }
    }
}
