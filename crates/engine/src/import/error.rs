//! What an import refuses, and why it may end.

use labelport_store::StoreError;
use std::fmt;

/// A record that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The file.
    pub file: String,
    /// The line on which the record, or the error in it, stands; from 1.
    pub line: u64,
    /// The byte of the line at which the error stands, from 1; `None` when it concerns the whole record.
    pub column: Option<u64>,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.file, self.line)?;
        if let Some(column) = self.column {
            write!(out, ":{column}")?;
        }
        write!(out, ": {}", self.reason)
    }
}

/// Why an import ended early.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("{name} cannot be read ({source})")]
    Read {
        /// The file.
        name: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("{name} is not an export: {found}")]
    NotAnExport {
        /// The file.
        name: String,
        /// What it seems to be, and what to do.
        found: String,
    },
    /// The folder for temporary files failed.
    #[error("the frames of a long record cannot be kept in a temporary file ({source})")]
    Scratch {
        /// What the system said.
        source: std::io::Error,
    },
    /// Somebody stopped it.
    #[error("the import was canceled; what was written before stays")]
    Stopped,
    /// A file of refused records failed.
    #[error(transparent)]
    RefusedFiles(#[from] crate::sink::FileError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
