//! Where the entries of an export go.
//!
//! A sink takes entries in order and knows nothing of rows. Bytes are compressed before they come, on the threads that
//! assembled them: each entry is a frame of its own, and concatenated frames are a valid file of their format. Where
//! entries end does not depend on the number of threads, so compressed files do not either.
//!
//! What a sink is given exists once [`Sink::finish`] has returned: the manifest is written last.
//!
//! # Adding a sink
//! One file in this folder with a type that implements [`Sink`], and a line in the contract test.

mod chunked;
mod destination;
mod file;
mod folder;
mod package;
mod packing;

pub use crate::disk::pending::remove_all as remove_pending;
pub(crate) use chunked::Chunked;
pub use destination::{
    Destination, DestinationError, Existing, Rules, changes_path, manifest_path, refuse_inside, result_path,
};
pub(crate) use file::list_abandoned;
pub use file::{FileError, FileSink};
pub use folder::FolderSink;
pub use package::ArchiveSink;
pub(crate) use packing::Packer;
pub use packing::{Container, EndingError, Packing};

use crate::manifest::Manifest;
use labelport_formats::write::Layout;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;

/// Takes the entries of an export.
pub trait Sink: Send {
    /// Returns how entries are compressed before they come.
    fn packing(&self) -> Packing {
        Packing::Plain
    }

    /// Returns what messages call it.
    fn name(&self) -> String;

    /// Returns whether a write takes about as long as the digest of the same bytes, so that it is worth a thread to do both
    /// at once. Where a write is short, the digest brings the bytes nearer to it, and both on one thread are faster.
    fn writes_slowly(&self) -> bool {
        false
    }

    /// Prepares for a result with such streams. A sink that holds one file fails for a package, and one that has no place for
    /// [`CHANGES_PLACE`] for those.
    fn start(&mut self, layout: Layout, streams: &[String]) -> io::Result<()> {
        match layout {
            Layout::Package => Err(no_package()),
            _ if streams.len() > 1 => Err(no_changes()),
            _ => Ok(()),
        }
    }

    /// Takes the next entry.
    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()>;

    /// Takes a file whose bytes are those of another. The path is safe. A sink that holds one file fails.
    fn write_asset(&mut self, _path: &str, _asset: &mut Asset) -> io::Result<()> {
        Err(no_package())
    }

    /// Makes the result exist.
    fn finish(self: Box<Self>, manifest: &Manifest) -> Result<(), FileError>;
}

pub(crate) fn no_package() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "it cannot hold a package")
}

pub(crate) fn no_changes() -> io::Error {
    let reason = "a delta is two files, rows and changes, and this is one; name a file, or an object in a bucket";
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}

/// A file that goes into a package as it is.
#[derive(Debug)]
pub struct Asset {
    /// The file, at its beginning.
    pub file: File,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// The path of the file, where it may be linked to.
    pub link_to: Option<PathBuf>,
}

/// A piece of a result.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Where it belongs.
    pub place: Place<'a>,
    /// What it holds, compressed as the sink says.
    pub bytes: &'a [u8],
    /// How much that is before it is compressed.
    pub extent: Extent,
}

/// Where an entry belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// At the end of a stream, by its place among those that the sink was started with.
    Stream(usize),
    /// In a file of its own, all of it. The path is safe.
    File(&'a str),
}

/// The place of what comes with the rows of an export of what changed, in a result that is not a package: departures, and
/// where rows stand.
pub const CHANGES_PLACE: Place<'static> = Place::Stream(1);

/// How much an entry holds before it is compressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes.
    pub bytes: u64,
    /// Lines.
    pub lines: u64,
}

impl<'a> Entry<'a> {
    /// Makes an entry of the only stream.
    pub fn of_stream(bytes: &'a [u8], extent: Extent) -> Self {
        Self { place: Place::Stream(0), bytes, extent }
    }
}

/// Takes entries and keeps nothing: for counting.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

impl Sink for Nowhere {
    fn name(&self) -> String {
        "nothing".to_owned()
    }

    fn start(&mut self, _: Layout, _: &[String]) -> io::Result<()> {
        Ok(())
    }

    fn write(&mut self, _: &Entry<'_>) -> io::Result<()> {
        Ok(())
    }

    fn write_asset(&mut self, _: &str, _: &mut Asset) -> io::Result<()> {
        Ok(())
    }

    fn finish(self: Box<Self>, _: &Manifest) -> Result<(), FileError> {
        Ok(())
    }
}

/// Hands bytes to a stream, such as standard output or a device.
pub struct Stream<W> {
    /// Where they go.
    pub out: W,
    /// What messages call it.
    pub name: String,
}

impl<W: Write + Send> Sink for Stream<W> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.out.write_all(entry.bytes)
    }

    fn finish(mut self: Box<Self>, _: &Manifest) -> Result<(), FileError> {
        self.out.flush().map_err(|source| FileError::Io { path: self.name.into(), source })
    }
}
