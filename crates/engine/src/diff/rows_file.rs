//! Rows that differ in a file, one line for each.

use super::RowDiff;
use crate::sink::{Chunked, Destination, FileError, Packing};
use std::io;

/// A file that appears whole, compressed as its name says.
pub struct RowsFile(Chunked);

impl RowsFile {
    /// Starts to write.
    pub fn create(destination: Destination, packing: Packing) -> Result<Self, FileError> {
        Ok(Self(Chunked::create(destination, packing)?))
    }

    /// Adds a row, with everything that was found.
    pub fn add(&mut self, row: &RowDiff) -> io::Result<()> {
        let line = format!("{}\n", row.to_json());
        self.0.write(line.as_bytes()).map_err(|source| {
            let kind = source.kind();
            io::Error::new(kind, self.0.failure(source).to_string())
        })
    }

    /// Gives the file its name.
    pub fn finish(self) -> Result<(), FileError> {
        self.0.finish()
    }
}
