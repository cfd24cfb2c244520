//! Files next to the database: uploads, masks, status files.
//!
//! A file is written under a name of its own, flushed, and only then noted in the database, so that whatever the database
//! knows is there. Names come from ids that we gave, never from what a user sent.

use crate::ambient::hexadecimal;
use crate::disk::private;
use labelport_model::time::Timestamp;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// How the name of a file ends that is being written.
const PARTIAL: &str = "partial";

/// Where files lie.
#[derive(Debug, Clone)]
pub struct Files {
    folder: PathBuf,
}

/// A file being written. Dropped before it is kept, it leaves nothing.
pub struct Incoming {
    path: PathBuf,
    file: Option<File>,
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

impl Files {
    /// Takes the folder of a workspace.
    pub fn new(data_folder: &Path) -> Self {
        Self { folder: data_folder.join("files") }
    }

    /// Returns where a file lies. Ids are letters, digits and dashes.
    pub fn path(&self, id: &str) -> PathBuf {
        let safe: String = id.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
        self.folder.join(&safe[safe.len().saturating_sub(2)..]).join(&safe)
    }

    /// Starts to write a file under an id that nobody else has.
    pub fn start(&self, id: &str) -> io::Result<Incoming> {
        let path = self.path(id);
        let create = || {
            if let Some(folder) = path.parent() {
                private::create_folders(folder)?;
            }
            private::create_file(&path.with_extension(PARTIAL))
        };
        let file = match create() {
            // Another file was removed at this moment, and the folder with it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => create()?,
            created => created?,
        };
        Ok(Incoming { path, file: Some(file), hash: Sha256::new(), size_bytes: 0 })
    }

    /// Makes a file for a moment: it has no name, so that nothing of it is left whatever happens.
    pub fn scratch(&self) -> io::Result<File> {
        std::fs::create_dir_all(&self.folder)?;
        tempfile::tempfile_in(&self.folder)
    }

    /// Writes a whole file.
    pub fn write(&self, id: &str, bytes: &[u8]) -> io::Result<Kept> {
        let mut incoming = self.start(id)?;
        incoming.write_all(bytes)?;
        incoming.keep()
    }

    /// Opens a file.
    pub fn open(&self, id: &str) -> io::Result<File> {
        File::open(self.path(id))
    }

    /// Calls `each` with every file that is there, also those that were given up half-written, in no order.
    pub fn each(&self, each: &mut dyn FnMut(Found)) -> io::Result<()> {
        let list = |folder: &Path| match std::fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            entries => entries?.collect::<io::Result<Vec<_>>>(),
        };
        for folder in list(&self.folder)? {
            if !folder.file_type()?.is_dir() {
                continue;
            }
            for entry in list(&folder.path())? {
                let (known, path) = (entry.metadata()?, entry.path().with_extension(""));
                let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                // What somebody else has put there is not ours.
                if known.is_file() && self.path(&id) == path {
                    let since_epoch = known.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
                    let modified = Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX));
                    each(Found { id, size_bytes: known.len(), modified });
                }
            }
        }
        Ok(())
    }

    /// Removes a file, also one that was given up half-written; one that is not there is no failure.
    pub fn remove(&self, id: &str) -> io::Result<()> {
        let path = self.path(id);
        for path in [&path.with_extension(PARTIAL), &path] {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        remove_empty_folder(&path);
        Ok(())
    }
}

/// Removes the folder of a file that is gone, unless there are others in it.
fn remove_empty_folder(path: &Path) {
    if let Some(folder) = path.parent() {
        // One that has files in it cannot be removed.
        std::fs::remove_dir(folder).unwrap_or_default();
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match &mut self.file {
            Some(file) => file.write(bytes)?,
            None => bytes.len(),
        };
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

    /// Flushes the file and gives it its name.
    pub fn keep(mut self) -> io::Result<Kept> {
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        std::fs::rename(self.path.with_extension(PARTIAL), &self.path)?;
        let sha256 = hexadecimal(&std::mem::take(&mut self.hash).finalize());
        Ok(Kept { size_bytes: self.size_bytes, sha256 })
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What cannot be removed is known to nobody.
            drop(std::fs::remove_file(self.path.with_extension(PARTIAL)));
            remove_empty_folder(&self.path);
        }
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
        assert_eq!(std::fs::read(files.path("a1")).unwrap(), b"whole");
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
        assert_eq!(std::fs::read(files.path("a1")).unwrap(), b"whole");
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
        std::fs::create_dir_all(files.path("b2").parent().unwrap()).unwrap();
        std::fs::write(files.path("b2").with_extension(PARTIAL), b"half").unwrap();
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
        let files = Files::new(Path::new("data"));
        assert_eq!(files.path("../../etc/passwd"), Path::new("data/files/wd/etcpasswd"));
    }
}
