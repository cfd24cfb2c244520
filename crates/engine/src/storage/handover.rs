//! Where those who help with an export leave the rows of ranges, until its leader has written them to the result.
//!
//! A run of an export has a folder with a mark in it, which its leader puts there: who does not find the mark keeps
//! objects elsewhere, and cannot help. All of it goes when the run ends; what processes that died have left behind goes
//! with what [`list`] finds.

use super::results::Results;
use super::{Ranges, Storage, Upload};
use std::io::{self, Read};
use std::sync::Arc;

/// The folder of all runs.
const FOLDER: &str = "ranges";
/// The name of the mark.
const MARK: &str = "run";
/// How much is read at once.
const READ_BYTES: usize = 1 << 20;
/// How much the storage may read in advance.
const AHEAD_BYTES: u64 = 8 << 20;

/// The folder of a run.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    storage: Arc<dyn Storage>,
    folder: String,
}

/// Reads an object from its first byte to its last.
pub(crate) struct ObjectReader {
    object: Box<dyn Ranges>,
    at: u64,
    size_bytes: u64,
    held: io::Cursor<Vec<u8>>,
}

fn folder_of(task_id: &str) -> String {
    let safe: String = task_id.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{FOLDER}/{safe}")
}

impl Handover {
    /// Takes the folder of a run, next to the results.
    pub(crate) fn new(results: &Results, task_id: &str, run_id: &str) -> Self {
        Self { storage: Arc::clone(results.storage()), folder: format!("{}/{run_id}", folder_of(task_id)) }
    }

    /// Puts the mark.
    pub(crate) fn mark(&self) -> io::Result<()> {
        self.storage.publish(&self.key(MARK), b"")
    }

    /// Returns whether the mark is there.
    pub(crate) fn is_marked(&self) -> io::Result<bool> {
        Ok(self.storage.find(&self.key(MARK))?.is_some())
    }

    /// Starts to write an object.
    pub(crate) fn put(&self, name: &str) -> io::Result<Box<dyn Upload>> {
        self.storage.put(&self.key(name))
    }

    /// Opens an object. If it is gone, this or the first read fails with [`io::ErrorKind::NotFound`].
    pub(crate) fn open(&self, name: &str) -> io::Result<ObjectReader> {
        let key = self.key(name);
        let found = self.storage.find(&key)?.ok_or(io::ErrorKind::NotFound)?;
        let object = self.storage.open(&key)?;
        Ok(ObjectReader { object, at: 0, size_bytes: found.size_bytes, held: io::Cursor::default() })
    }

    /// Removes all that was left.
    pub(crate) fn remove(&self) -> io::Result<()> {
        self.storage.remove_folder(&self.folder)?;
        // A folder of this machine stays when it is empty: that of the task, unless somebody else leads another run of it.
        match self.storage.local_path(&self.folder) {
            Some(_) => self.storage.remove(&self.folder),
            None => Ok(()),
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

impl Read for ObjectReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.held.read(out)?;
        if count > 0 || out.is_empty() || self.at >= self.size_bytes {
            return Ok(count);
        }
        let left = self.size_bytes - self.at;
        let length = left.min(READ_BYTES as u64);
        let bytes = self.object.read_at(self.at, length as usize, (left - length).min(AHEAD_BYTES))?;
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += bytes.len() as u64;
        self.held = io::Cursor::new(bytes);
        self.held.read(out)
    }
}

/// Removes all that was left for the export of a task.
pub(crate) fn remove(results: &Results, task_id: &str) -> io::Result<()> {
    results.storage().remove_folder(&folder_of(task_id))
}

/// Lists the tasks for which something was left.
pub(crate) fn list(results: &Results) -> io::Result<Vec<String>> {
    let mut tasks = results.storage().list_folders(FOLDER)?;
    // What somebody else has put there is not ours.
    tasks.retain(|task_id| folder_of(task_id) == format!("{FOLDER}/{task_id}"));
    Ok(tasks)
}
