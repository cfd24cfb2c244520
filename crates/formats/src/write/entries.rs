//! What encoders write.

use labelport_model::losses::Losses;

/// What a result consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One file of lines, which can be cut and joined after any of them. The extension has no dot.
    Lines {
        /// The usual extension of the file.
        extension: &'static str,
    },
    /// One file that makes sense only as a whole.
    Document {
        /// The usual extension of the file.
        extension: &'static str,
    },
    /// One binary table.
    Table {
        /// The usual extension of the file.
        extension: &'static str,
    },
    /// A folder or an archive.
    Package {
        /// The paths of the files that grow with every row, in the order in which an archive holds them. Files that one
        /// row makes are not among them.
        streams: &'static [&'static str],
    },
}

impl Layout {
    /// Lists the streams. A result that is one file has one, without a path of its own.
    pub fn streams(&self) -> &'static [&'static str] {
        match self {
            Self::Lines { .. } | Self::Document { .. } | Self::Table { .. } => &[""],
            Self::Package { streams } => streams,
        }
    }

    /// Returns the extension of a result that is one file; nothing for a package.
    pub fn extension(&self) -> Option<&'static str> {
        match self {
            Self::Lines { extension } | Self::Document { extension } | Self::Table { extension } => Some(extension),
            Self::Package { .. } => None,
        }
    }
}

/// Where an encoder writes.
pub struct Entries<'b> {
    /// The streams of the [`Layout`], in its order. Appended to, never read: they may be emptied at any time.
    pub streams: &'b mut [Vec<u8>],
    /// Whole files.
    pub files: &'b mut Vec<FileEntry>,
    /// What the format could not hold.
    pub losses: &'b mut Losses,
}

impl Entries<'_> {
    /// Returns a stream, by its place in the [`Layout`].
    pub fn stream(&mut self, index: usize) -> &mut Vec<u8> {
        &mut self.streams[index]
    }
}

/// A file of a package that one row makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    /// The path in the package, with `/` between folders: see [`package::check_path`](crate::package::check_path).
    pub path: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Numbers that run through a result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The number of a row, from 1.
    pub row: u64,
    /// The number of the row's first annotation, from 1.
    pub annotation: u64,
}

/// How much a result holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows.
    pub rows: u64,
    /// Annotations, by the count of the encoder.
    pub annotations: u64,
}
