//! A file that appears whole or not at all.
//!
//! Bytes go to a hidden file beside the target, which takes the target's name at the very end; its manifest follows. A
//! process that is killed leaves the target as it was. The hidden file has a fixed name and is locked while it is written,
//! so the next export to the same place takes it over, and two at once are refused.

use super::flushed::Flushed;
use super::{Extent, Packing, Sink};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Another export writes the same file.
    #[error("{0} is being written by another export; wait for it or name another file")]
    Busy(PathBuf),
    /// The system refuses.
    #[error("{path} cannot be written ({source}); name a folder that exists, can be written and has room")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A file being written. Dropped without [`finish`](FileSink::finish), it leaves nothing.
pub struct FileSink {
    target: PathBuf,
    partial: PathBuf,
    file: Option<Flushed>,
    packing: Packing,
}

/// Returns the hidden file that stands for a target until it is whole.
pub fn partial_path(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.partial"))
}

/// What a manifest's name adds to that of its result.
const MANIFEST_SUFFIX: &str = ".manifest.json";

/// Returns where the manifest of a result stands.
pub fn manifest_path(result: &Path) -> PathBuf {
    let name = result.file_name().unwrap_or_default().to_string_lossy();
    result.with_file_name(format!("{name}{MANIFEST_SUFFIX}"))
}

/// Returns the result that a manifest stands beside; `None` for a path that is no manifest's.
pub fn result_path(manifest: &Path) -> Option<PathBuf> {
    let name = manifest.file_name()?.to_str()?.strip_suffix(MANIFEST_SUFFIX)?;
    Some(manifest.with_file_name(name))
}

/// Writes a small file that appears whole or not at all.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let partial = partial_path(path);
    let write = || {
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&partial, path)
    };
    write().map_err(|source| FileError::Io { path: path.to_owned(), source })
}

impl FileSink {
    /// Starts to write a file.
    pub fn create(target: &Path) -> Result<Self, FileError> {
        let partial = partial_path(target);
        let io = |source| FileError::Io { path: target.to_owned(), source };
        if target.is_dir() {
            return Err(io(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")));
        }
        // The file is cleared after the lock, not by the opening: it may be another's.
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&partial).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FileError::Busy(target.to_owned())),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        file.set_len(0).map_err(io)?;
        Ok(Self {
            target: target.to_owned(),
            partial,
            file: Some(Flushed::new(file)),
            packing: Packing::of_path(target),
        })
    }

    /// Gives the file its name. An old manifest goes before, so that none ever describes another file.
    pub fn finish(mut self, old_manifest: &Path) -> Result<(), FileError> {
        let target = self.target.clone();
        let io = |source| FileError::Io { path: target.clone(), source };
        if let Some(file) = &mut self.file {
            file.sync().map_err(io)?;
        }
        match std::fs::remove_file(old_manifest) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        std::fs::rename(&self.partial, &self.target).map_err(io)?;
        self.file = None;
        Ok(())
    }
}

impl Sink for FileSink {
    fn packing(&self) -> Packing {
        self.packing
    }

    fn name(&self) -> String {
        self.target.display().to_string()
    }

    fn write(&mut self, chunk: &[u8], _: Extent) -> io::Result<()> {
        match &mut self.file {
            Some(file) => file.write_all(chunk),
            None => Ok(()),
        }
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // What cannot be removed is hidden, and the next export to this place takes it over.
            drop(std::fs::remove_file(&self.partial));
        }
    }
}
