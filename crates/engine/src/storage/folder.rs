//! Objects in a folder of this machine: an object is a file, its key the path in the folder.
//!
//! A file is written under a name of its own, flushed, and takes its name when it is whole. All of it is private.

use super::{Found, Ranges, Storage, Upload};
use crate::disk::flushed::sync_folder_of;
use crate::disk::private;
use labelport_model::time::Timestamp;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// How the name of a file ends that is being written.
const PARTIAL: &str = ".partial";

/// A folder with objects in it.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

/// A file being written.
struct FileUpload {
    path: PathBuf,
    /// Nothing once it has its name.
    file: Option<File>,
}

impl Folder {
    /// Takes a folder, which need not exist.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    /// Calls `each` with what is below a folder.
    fn walk(&self, folder: &str, each: &mut dyn FnMut(Found)) -> io::Result<()> {
        for entry in entries(&self.path(folder))? {
            let name = entry.file_name().to_string_lossy().into_owned();
            let key = format!("{folder}/{name}");
            let kind = match entry.file_type() {
                // It has gone meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                kind => kind?,
            };
            if kind.is_dir() {
                self.walk(&key, each)?;
            } else if kind.is_file() {
                let known = match entry.metadata() {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    known => known?,
                };
                let key = key.strip_suffix(PARTIAL).unwrap_or(&key).to_owned();
                each(found(key, &known)?);
            }
        }
        Ok(())
    }
}

fn found(key: String, known: &std::fs::Metadata) -> io::Result<Found> {
    let since_epoch = known.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    let modified = Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX));
    Ok(Found { key, size_bytes: known.len(), modified })
}

/// Lists a folder; nothing where there is none.
fn entries(folder: &Path) -> io::Result<Vec<std::fs::DirEntry>> {
    match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.collect(),
    }
}

/// Returns where a file is written before it has its name.
fn partial(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{name}{PARTIAL}"))
}

/// Removes the folder of a file that is gone, unless there are others in it.
fn remove_empty_folder(path: &Path) {
    if let Some(folder) = path.parent() {
        // One that has files in it cannot be removed.
        std::fs::remove_dir(folder).unwrap_or_default();
    }
}

/// Does nothing about what is not there.
fn unless_missing(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Storage for Folder {
    fn shown(&self, key: &str) -> String {
        self.path(key).display().to_string()
    }

    fn prepare(&self, folder: &str) -> io::Result<()> {
        private::create_folders(&self.path(folder))
    }

    fn put(&self, key: &str) -> io::Result<Box<dyn Upload>> {
        let path = self.path(key);
        let create = || {
            if let Some(folder) = path.parent() {
                private::create_folders(folder)?;
            }
            private::create_file(&partial(&path))
        };
        let file = match create() {
            // Another file was removed at this moment, and the folder with it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => create()?,
            created => created?,
        };
        Ok(Box::new(FileUpload { path, file: Some(file) }))
    }

    fn publish(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(key);
        if let Some(folder) = path.parent() {
            private::create_folders(folder)?;
        }
        let partial = partial(&path);
        let mut file = private::create_file(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        let outcome = match std::fs::hard_link(&partial, &path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            // Some file systems have no hard links.
            Err(_) => std::fs::rename(&partial, &path),
            Ok(()) => Ok(()),
        };
        unless_missing(std::fs::remove_file(&partial))?;
        outcome?;
        sync_folder_of(&path)
    }

    fn find(&self, key: &str) -> io::Result<Option<Found>> {
        match self.path(key).metadata() {
            Ok(known) if known.is_file() => Ok(Some(found(key.to_owned(), &known)?)),
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn open(&self, key: &str) -> io::Result<Box<dyn Ranges>> {
        Ok(Box::new(File::open(self.path(key))?))
    }

    fn list(&self, folder: &str, each: &mut dyn FnMut(Found)) -> io::Result<()> {
        self.walk(folder, each)
    }

    fn list_folders(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in entries(&self.path(folder))? {
            if entry.path().is_dir() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn remove(&self, key: &str) -> io::Result<()> {
        let path = self.path(key);
        for path in [&partial(&path), &path] {
            unless_missing(std::fs::remove_file(path))?;
        }
        remove_empty_folder(&path);
        Ok(())
    }

    fn remove_folder(&self, folder: &str) -> io::Result<()> {
        unless_missing(std::fs::remove_dir_all(self.path(folder)))
    }

    fn local_path(&self, key: &str) -> Option<PathBuf> {
        Some(self.path(key))
    }
}

impl Write for FileUpload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.file {
            Some(file) => file.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Upload for FileUpload {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.sync_all()?;
        }
        std::fs::rename(partial(&self.path), &self.path)
    }
}

impl Drop for FileUpload {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What cannot be removed is known to nobody.
            drop(std::fs::remove_file(partial(&self.path)));
            remove_empty_folder(&self.path);
        }
    }
}

impl Ranges for File {
    fn read_at(&mut self, offset: u64, length: usize, _: u64) -> io::Result<Vec<u8>> {
        self.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::with_capacity(length);
        self.take(length as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
