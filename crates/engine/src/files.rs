//! Files beside the database: uploads, masks, status files.
//!
//! A file is written under a name of its own, flushed, and only then noted in the database, so that whatever the database
//! knows is there. Names come from ids that we gave, never from what a user sent.

use crate::ambient::hexadecimal;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

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
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = File::create(path.with_extension("partial"))?;
        Ok(Incoming { path, file: Some(file), hash: Sha256::new(), size_bytes: 0 })
    }

    /// Writes a whole file.
    pub fn write(&self, id: &str, bytes: &[u8]) -> io::Result<Kept> {
        let mut incoming = self.start(id)?;
        incoming.write(bytes)?;
        incoming.keep()
    }

    /// Opens a file.
    pub fn open(&self, id: &str) -> io::Result<File> {
        File::open(self.path(id))
    }

    /// Reads a whole file of at most `limit` bytes.
    pub fn read(&self, id: &str, limit: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open(id)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {limit} bytes")));
        }
        Ok(bytes)
    }

    /// Removes a file; one that is not there is no failure.
    pub fn remove(&self, id: &str) -> io::Result<()> {
        match std::fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl Incoming {
    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.size_bytes += bytes.len() as u64;
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }

    /// Returns how many bytes were written.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Flushes the file and gives it its name.
    pub fn keep(mut self) -> io::Result<Kept> {
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        std::fs::rename(self.path.with_extension("partial"), &self.path)?;
        let sha256 = hexadecimal(&std::mem::take(&mut self.hash).finalize());
        Ok(Kept { size_bytes: self.size_bytes, sha256 })
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What cannot be removed is known to nobody.
            drop(std::fs::remove_file(self.path.with_extension("partial")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path());
        let mut dropped = files.start("a1").unwrap();
        dropped.write(b"half").unwrap();
        drop(dropped);
        assert!(files.open("a1").is_err());
        let kept = files.write("a1", b"whole").unwrap();
        assert_eq!(kept.size_bytes, 5);
        assert_eq!(files.read("a1", 5).unwrap(), b"whole");
        assert!(files.read("a1", 4).is_err());
        files.remove("a1").unwrap();
        files.remove("a1").unwrap();
    }

    #[test]
    fn no_id_leads_out_of_the_folder() {
        let files = Files::new(Path::new("data"));
        assert_eq!(files.path("../../etc/passwd"), Path::new("data/files/wd/etcpasswd"));
    }
}
