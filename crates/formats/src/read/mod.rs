//! Bytes of others to what labelport stores.
//!
//! A [`Reader`] turns the records of a foreign export into rows; [`labelbox_lines`] turns the annotations that the SDK sends
//! into those of a label. Both are pure: what they need of the world comes through a trait. They never see a file, a
//! database or a request.
//!
//! # Adding a reader
//! One file in this folder with a type that implements [`Reader`], and one line in [`READERS`].

mod counts;
pub mod labelbox_lines;
mod labelbox_rows;
mod labelbox_v1;

pub use counts::{Conserved, Counts};
pub use labelbox_rows::LabelboxRows;
pub use labelbox_v1::{Features, LabelboxV1};

use labelport_model::json::JsonError;
use labelport_model::row::Row;

/// A form of rows that can be imported.
pub trait Reader: Sync {
    /// Returns the name by which a command asks for it.
    fn name(&self) -> &'static str;

    /// Returns one sentence about it.
    fn summary(&self) -> &'static str;

    /// Returns whether records name files, so that reading them needs a world in which these are.
    fn names_files(&self) -> bool;

    /// Prepares to read records, on one thread.
    fn open(&self, world: Box<dyn World>) -> Box<dyn RowReader>;
}

/// Reads the records of a file, one after the other.
pub trait RowReader: Send {
    /// Reads a record, which is one JSON value.
    ///
    /// # Errors
    /// If it is not a row: with the place in the record, and the reason.
    fn read(&mut self, record: &[u8]) -> Result<Reading, RowProblem>;
}

/// What was read from a record.
#[derive(Debug)]
pub struct Reading {
    /// The row, or what the record says of it.
    pub row: Row,
    /// What was counted; nothing for a form in which nothing can be lost.
    pub counts: Option<Box<Counts>>,
    /// The features of a project whose records come without an ontology.
    pub gathered: Option<Box<Gathered>>,
}

/// The features that a record shows of its project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gathered {
    /// The id of the project.
    pub project_id: String,
    /// Its name, where the record gives one.
    pub project_name: Option<String>,
    /// The features.
    pub features: Features,
}

/// What reading needs from outside.
pub trait World: Send {
    /// Returns what a model run is called whose records do not say it.
    fn run_name(&self) -> &str;

    /// Returns the file of frames that a record names by a path or URL: one frame a line, or an array.
    ///
    /// # Errors
    /// If it should be here and cannot be read: with the reason and the remedy.
    fn frames(&mut self, address: &str) -> Result<Media<Vec<u8>>, String>;

    /// Returns the URL of the mask at a URL if it is kept here, at a place below the address of the server.
    fn mask(&mut self, place: &str, url: &str) -> Media<String>;
}

/// A file that a record names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Media<T> {
    /// It is here.
    Here(T),
    /// It is where the record says; with the reason, if it was to be fetched and could not.
    Elsewhere(Option<String>),
}

/// A world of which nothing can be had.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

impl World for Nowhere {
    fn run_name(&self) -> &str {
        "Model run"
    }

    fn frames(&mut self, _: &str) -> Result<Media<Vec<u8>>, String> {
        Ok(Media::Elsewhere(None))
    }

    fn mask(&mut self, _: &str, _: &str) -> Media<String> {
        Media::Elsewhere(None)
    }
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
pub static READERS: &[&dyn Reader] = &[&LabelboxRows, &LabelboxV1];

/// Returns the problem of a record that is not JSON.
fn not_json(record: &[u8], error: &JsonError) -> RowProblem {
    let reason = match record.get(error.offset) {
        Some(0) => "a zero byte, as in a file whose copy was cut off; copy the file again".to_owned(),
        _ => error.to_string(),
    };
    RowProblem { offset: error.offset, reason }
}

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
                let problem = reader.open(Box::new(Nowhere)).read(record).expect_err(reader.name());
                assert!(problem.offset <= record.len() && !problem.reason.is_empty(), "{}: {problem:?}", reader.name());
            }
        }
    }
}
