//! What a workspace keeps outside the database: files, results of exports, backups.
//!
//! A file or a result exists once the database or its manifest says so; what is left over is found by [`unused`].
//!
//! Files and results are objects of a [`Storage`]: the data folder, or a bucket of an object store. An object has a key, which
//! is a path with slashes made from ids that we gave, never from what a user sent. It appears whole and is never changed.
//!
//! # Adding a storage
//! One module with a type that implements [`Storage`], and a line in `STORAGES` in `crates/engine/tests/it/storages.rs`, the
//! contract that all of them keep.

pub mod backup;
pub mod bucket;
pub mod error;
pub mod files;
mod folder;
pub(crate) mod handover;
mod object_sink;
pub mod results;
pub mod stale;
pub mod unused;

pub use folder::Folder;
pub use object_sink::{ObjectSink, ObjectTarget};

use labelport_model::time::Timestamp;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

/// Keeps objects.
///
/// Errors are those of the system, or one with a [`StorageError`](error::StorageError) in it.
pub trait Storage: fmt::Debug + Send + Sync {
    /// Returns what messages call an object.
    fn shown(&self, key: &str) -> String;

    /// Makes what a folder needs before the first object is put there.
    fn prepare(&self, _folder: &str) -> io::Result<()> {
        Ok(())
    }

    /// Returns a part for the keys of one attempt, where a worker that seemed dead may still write: none where each attempt has
    /// a folder of its own, which goes with the worker.
    fn attempt(&self) -> Option<String> {
        None
    }

    /// Starts to write an object. If there is one with this key, it is replaced.
    fn put(&self, key: &str) -> io::Result<Box<dyn Upload>>;

    /// Writes a small object in one step. Fails with [`io::ErrorKind::AlreadyExists`] if there is one with this key.
    fn publish(&self, key: &str, bytes: &[u8]) -> io::Result<()>;

    /// Returns an object that is there; none where there is none.
    fn find(&self, key: &str) -> io::Result<Option<Found>>;

    /// Opens an object to read ranges of it. If there is none, this or the first read fails with
    /// [`io::ErrorKind::NotFound`].
    fn open(&self, key: &str) -> io::Result<Box<dyn Ranges>>;

    /// Calls `each` with every object below a folder, also with those that were given up half-written, in no order.
    fn list(&self, folder: &str, each: &mut dyn FnMut(Found)) -> io::Result<()>;

    /// Returns the names of the folders in a folder, in order.
    fn list_folders(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Removes an object, also one that was given up half-written; one that is not there is no failure.
    fn remove(&self, key: &str) -> io::Result<()>;

    /// Removes every object below a folder.
    fn remove_folder(&self, folder: &str) -> io::Result<()>;

    /// Returns the file of this machine that an object is; none for objects elsewhere.
    fn local_path(&self, key: &str) -> Option<PathBuf>;

    /// Returns a URL that reads an object for a while without credentials; none where there are no such URLs.
    fn signed_url(&self, _key: &str, _lifetime: Duration) -> io::Result<Option<String>> {
        Ok(None)
    }
}

/// An object being written. Dropped before it is finished, it leaves nothing.
pub trait Upload: Write + Send {
    /// Makes the object exist. It survives a loss of power from then on.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// An object that is read by range.
pub trait Ranges: Send {
    /// Reads so many bytes from an offset on, fewer if the object ends before. `ahead` is how many bytes after those are read
    /// next, as far as that is known.
    fn read_at(&mut self, offset: u64, length: usize, ahead: u64) -> io::Result<Vec<u8>>;
}

/// An object that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its key.
    pub key: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// When it was written.
    pub modified: Timestamp,
}
