//! Where those who help with an export leave the rows of ranges, until its leader has written them to the result.
//!
//! A run of an export has a folder with a mark in it, which its leader puts there: who does not find the mark keeps
//! objects elsewhere, and cannot help. All of it goes when the run ends; what processes that died have left behind goes
//! with [`remove_all_but`].

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

    /// Opens an object; none where it is gone.
    pub(crate) fn open(&self, name: &str) -> io::Result<Option<ObjectReader>> {
        let key = self.key(name);
        let Some(found) = self.storage.find(&key)? else { return Ok(None) };
        let object = self.storage.open(&key)?;
        Ok(Some(ObjectReader { object, at: 0, size_bytes: found.size_bytes, held: io::Cursor::default() }))
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

/// Removes what was left for tasks of which `is_running` does not hold.
pub(crate) fn remove_all_but<E: From<io::Error>>(
    results: &Results,
    is_running: &mut dyn FnMut(&str) -> Result<bool, E>,
) -> Result<(), E> {
    for task_id in results.storage().list_folders(FOLDER)? {
        // What somebody else has put there is not ours.
        let is_ours = folder_of(&task_id) == format!("{FOLDER}/{task_id}");
        if is_ours && !is_running(&task_id)? {
            remove(results, &task_id)?;
        }
    }
    Ok(())
}
