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
    Package,
}

impl Layout {
    /// Returns the extension of a result that is one file; nothing for a package.
    pub fn extension(&self) -> Option<&'static str> {
        match self {
            Self::Lines { extension } | Self::Document { extension } | Self::Table { extension } => Some(extension),
            Self::Package => None,
        }
    }
}

/// Where an encoder writes.
pub struct Entries<'b> {
    /// The [streams](super::Encoder::streams), in their order. Appended to, never read: they may be emptied at any time.
    pub streams: &'b mut [Vec<u8>],
    /// Whole files.
    pub files: &'b mut Vec<FileEntry>,
    /// Where assets of rows belong. The caller has their bytes.
    pub assets: &'b mut Vec<AssetEntry>,
    /// What the format could not hold.
    pub losses: &'b mut Losses,
    /// Whether only losses and numbers are wanted, since every row is looked at before the first one is written. An encoder
    /// need not write anything then.
    pub is_survey: bool,
}

impl Entries<'_> {
    /// Returns a stream, by its place among them.
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

/// The asset of a row, such as its picture or its video, which belongs into a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetEntry {
    /// Where it belongs.
    pub place: AssetPlace,
    /// The row.
    pub data_row_id: String,
    /// Where the asset is: the `row_data` of the row, which need not be a URL.
    pub url: String,
}

/// Where an asset belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssetPlace {
    /// In a file of the package, by its path: see [`FileEntry::path`].
    File(String),
    /// In a stream that is a tar file.
    Tar {
        /// The stream.
        stream: usize,
        /// How many bytes of the stream are before it, of those that it has now.
        at: usize,
        /// The path in the tar file.
        path: String,
    },
}

/// Numbers that run through a result: those of what is written next, from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The number of the row.
    pub row: u64,
    /// The number of the next picture: an image, or a frame of a video.
    pub picture: u64,
    /// The number of the next annotation.
    pub annotation: u64,
}

impl Numbers {
    /// The numbers of what is written first.
    pub const FIRST: Self = Self { row: 1, picture: 1, annotation: 1 };

    /// Takes the number of a picture.
    pub fn take_picture(&mut self) -> u64 {
        self.picture += 1;
        self.picture - 1
    }

    /// Takes the number of an annotation.
    pub fn take_annotation(&mut self) -> u64 {
        self.annotation += 1;
        self.annotation - 1
    }
}

/// Finishes the bytes of a stream, on one thread and in their order: for what cannot be known where a row is encoded.
pub trait Joiner: Send {
    /// Takes what comes next and returns what is written of it now.
    fn add(&mut self, bytes: Vec<u8>) -> std::io::Result<Vec<u8>>;

    /// Returns what is written at the end.
    fn finish(&mut self) -> std::io::Result<Vec<u8>> {
        Ok(Vec::new())
    }
}

/// How much a result holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows.
    pub rows: u64,
    /// Annotations, by the numbers that the encoder took.
    pub annotations: u64,
}
