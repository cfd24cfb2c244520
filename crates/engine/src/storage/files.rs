//! Files that a workspace keeps: uploads, masks, status files.
//!
//! A file is written whole, and only then noted in the database, so that whatever the database knows is there. Keys come from
//! ids that we gave, never from what a user sent. What needs a file of this machine gets one: the file itself where the data
//! folder keeps it, or else a copy without a name.

use super::error::StorageError;
use super::{Folder, Found as Object, Storage, Upload};
use crate::ambient::hexadecimal;
use crate::disk::private;
use labelport_model::time::Timestamp;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The folder of files.
const FOLDER: &str = "files";
/// How much is copied at once.
const COPIED_BYTES: usize = 8 << 20;

/// Where files lie.
#[derive(Debug, Clone)]
pub struct Files {
    storage: Arc<dyn Storage>,
    /// Where temporary files are made.
    scratch: PathBuf,
    /// The first failure of the storage as a whole, where somebody asks for it.
    failure: Option<Arc<Mutex<Option<StorageError>>>>,
}

/// A file being written. Dropped before it is kept, it leaves nothing.
pub struct Incoming {
    upload: Box<dyn Upload>,
    hash: Sha256,
    size_bytes: u64,
}

/// A file that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// When it was written.
    pub modified: Timestamp,
}

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// How many bytes it has.
    pub size_bytes: u64,
    /// The SHA-256 of the bytes, in hexadecimal digits.
    pub sha256: String,
}

/// Returns the key of a file. Ids are letters, digits and dashes.
fn key(id: &str) -> String {
    let safe: String = id.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
    format!("{FOLDER}/{}/{safe}", &safe[safe.len().saturating_sub(2)..])
}

impl Files {
    /// Takes the folder of a workspace.
    pub fn new(data_folder: &Path) -> Self {
        Self::on(Arc::new(Folder::new(data_folder)), data_folder)
    }

    /// Takes a storage. Temporary files are made in the folder of the workspace.
    pub fn on(storage: Arc<dyn Storage>, data_folder: &Path) -> Self {
        Self { storage, scratch: data_folder.join(FOLDER), failure: None }
    }

    /// Returns the same files, which remember when their storage fails as a whole: what reads a file may take it for one that is
    /// gone.
    pub(crate) fn watched(&self) -> Self {
        Self { failure: Some(Arc::default()), ..self.clone() }
    }

    /// Fails if the storage has failed since it is watched.
    pub(crate) fn check(&self) -> io::Result<()> {
        let failure =
            self.failure.as_ref().and_then(|failure| failure.lock().unwrap_or_else(PoisonError::into_inner).clone());
        failure.map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// Remembers an error that says nothing of a single file.
    fn note<T>(&self, outcome: io::Result<T>) -> io::Result<T> {
        if let (Some(failure), Err(error)) = (&self.failure, &outcome)
            && let Some(error) = StorageError::of_whole(error)
        {
            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| error.clone());
        }
        outcome
    }

    /// Returns where a file lies on this machine; none for files elsewhere.
    pub fn local_path(&self, id: &str) -> Option<PathBuf> {
        self.storage.local_path(&key(id))
    }

    /// Returns what messages call a file.
    pub(crate) fn shown(&self, id: &str) -> String {
        self.storage.shown(&key(id))
    }

    /// Returns a URL that reads a file for a while without credentials; none where there are no such URLs.
    pub fn signed_url(&self, id: &str, lifetime: Duration) -> io::Result<Option<String>> {
        self.storage.signed_url(&key(id), lifetime)
    }

    /// Returns the size of a file; none where there is no such file.
    pub fn size_bytes(&self, id: &str) -> io::Result<Option<u64>> {
        Ok(self.note(self.storage.find(&key(id)))?.map(|found| found.size_bytes))
    }

    /// Starts to write a file under an id that nobody else has.
    pub fn start(&self, id: &str) -> io::Result<Incoming> {
        Ok(Incoming { upload: self.storage.put(&key(id))?, hash: Sha256::new(), size_bytes: 0 })
    }

    /// Makes a file for a moment: it has no name, so that nothing of it is left whatever happens.
    pub fn scratch(&self) -> io::Result<File> {
        private::create_folders(&self.scratch)?;
        tempfile::tempfile_in(&self.scratch)
    }

    /// Writes a whole file.
    pub fn write(&self, id: &str, bytes: &[u8]) -> io::Result<Kept> {
        let mut incoming = self.start(id)?;
        incoming.write_all(bytes)?;
        incoming.keep()
    }

    /// Opens a file, or a copy of it.
    pub fn open(&self, id: &str) -> io::Result<File> {
        if let Some(path) = self.local_path(id) {
            return File::open(path);
        }
        let mut copy = self.scratch()?;
        self.note(self.read(id, 0, u64::MAX, &mut |piece| copy.write_all(piece)))?;
        copy.rewind()?;
        Ok(copy)
    }

    /// Hands on the bytes of a file from an offset on, at most so many, piece by piece.
    pub fn read(
        &self,
        id: &str,
        mut offset: u64,
        length: u64,
        each: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut ranges = self.storage.open(&key(id))?;
        let mut rest = length;
        while rest > 0 {
            let wanted = usize::try_from(rest).unwrap_or(COPIED_BYTES).min(COPIED_BYTES);
            let bytes = ranges.read_at(offset, wanted, 0)?;
            if bytes.is_empty() {
                break;
            }
            each(&bytes)?;
            offset += bytes.len() as u64;
            rest -= bytes.len() as u64;
        }
        Ok(())
    }

    /// Calls `each` with every file that is there, also those that were given up half-written, in no order.
    pub fn each(&self, each: &mut dyn FnMut(Found)) -> io::Result<()> {
        self.storage.list(FOLDER, &mut |Object { key: known, size_bytes, modified }| {
            let id = known.rsplit('/').next().unwrap_or_default();
            // What somebody else has put there is not ours.
            if key(id) == known {
                each(Found { id: id.to_owned(), size_bytes, modified });
            }
        })
    }

    /// Removes a file, also one that was given up half-written; one that is not there is no failure.
    pub fn remove(&self, id: &str) -> io::Result<()> {
        self.storage.remove(&key(id))
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.upload.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.size_bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Incoming {
    /// Returns how many bytes were written.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Makes the file exist.
    pub fn keep(self) -> io::Result<Kept> {
        self.upload.finish()?;
        let sha256 = hexadecimal(&self.hash.finalize());
        Ok(Kept { size_bytes: self.size_bytes, sha256 })
    }
}

/// Returns the id of the file that keeps the lines of an annotation import that were fetched from a URL.
pub(crate) fn fetched_lines_id(import_id: &str) -> String {
    format!("{import_id}-input")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path());
        let mut dropped = files.start("a1").unwrap();
        dropped.write_all(b"half").unwrap();
        drop(dropped);
        assert!(files.open("a1").is_err());
        let kept = files.write("a1", b"whole").unwrap();
        assert_eq!(kept.size_bytes, 5);
        assert_eq!(std::fs::read(files.local_path("a1").unwrap()).unwrap(), b"whole");
        files.remove("a1").unwrap();
        files.remove("a1").unwrap();
    }

    #[test]
    fn a_file_that_is_given_up_leaves_its_folder_only_to_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path());
        let count_folders = || folder.path().join("files").read_dir().unwrap().count();
        drop(files.start("a1").unwrap());
        assert_eq!(count_folders(), 0);
        files.write("a1", b"whole").unwrap();
        drop(files.start("ba1").unwrap());
        files.remove("ca1").unwrap();
        assert_eq!(std::fs::read(files.local_path("a1").unwrap()).unwrap(), b"whole");
        files.remove("a1").unwrap();
        assert_eq!(count_folders(), 0);
    }

    #[test]
    fn files_are_listed_whole_or_half_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path());
        let list = || {
            let mut found = Vec::new();
            files.each(&mut |file| found.push((file.id, file.size_bytes))).unwrap();
            found.sort_unstable();
            found
        };
        assert_eq!(list(), []);
        files.write("a1", b"whole").unwrap();
        std::fs::create_dir_all(folder.path().join("files/b2")).unwrap();
        std::fs::write(folder.path().join("files/b2/b2.partial"), b"half").unwrap();
        std::fs::write(folder.path().join("files/a1/.strange.txt"), b"not ours").unwrap();
        std::fs::write(folder.path().join("files/a3"), b"not ours").unwrap();
        assert_eq!(list(), [("a1".to_owned(), 5), ("b2".to_owned(), 4)]);
        for id in ["a1", "b2"] {
            files.remove(id).unwrap();
        }
        assert_eq!(list(), []);
    }

    #[test]
    fn no_id_leads_out_of_the_folder() {
        assert_eq!(key("../../etc/passwd"), "files/wd/etcpasswd");
    }
}
