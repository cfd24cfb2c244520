//! A file that appears whole or not at all.
//!
//! Bytes go to a hidden file next to the target, which takes the target's name at the very end; its manifest follows. The
//! hidden file has a name that nobody can guess and is created exclusively, so that it is never somebody else's file and
//! never reached through a symbolic link. It is locked while it is written: a second export to the same target is refused,
//! and the next one removes what a killed process left. See [`pending`](crate::disk::pending) for signals.

use super::destination::{Destination, DestinationError, Existing, changes_path, manifest_path, read_manifest};
use super::{CHANGES_PLACE, Entry, Packing, Sink, no_changes, no_package};
use crate::disk::flushed::Flushed;
use crate::disk::flushed::sync_folder_of;
use crate::disk::pending::Pending;
use crate::manifest::Manifest;
use labelport_formats::write::Layout;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a file cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The path may not be written.
    #[error(transparent)]
    Destination(DestinationError),
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
    /// The storage of results refuses.
    #[error("{name} cannot be written ({source}); nothing was left there")]
    Kept {
        /// What was written.
        name: String,
        /// What the storage said.
        source: io::Error,
    },
    /// What the result was sent to does not take it, for a reason of its own.
    #[error(transparent)]
    Sent(Box<dyn std::error::Error + Send + Sync>),
}

/// A file being written. Dropped without [`finish`](Sink::finish), it leaves nothing.
pub struct FileSink {
    destination: Destination,
    // The file is closed before its name goes.
    file: Flushed,
    pending: Pending,
    packing: Packing,
    /// What comes with the rows, in a file of its own.
    changes: Option<(Flushed, Pending)>,
}

/// How the name of a hidden file ends.
const PARTIAL_SUFFIX: &str = ".partial";
/// How much of the target's name the hidden file repeats: names end at 255 bytes.
const REPEATED_CHARS: usize = 40;

/// Returns how the names of the hidden files of a target begin.
fn partial_prefix(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().take(REPEATED_CHARS).collect();
    format!(".{name}.")
}

/// Returns the hidden file or folder that stands for a target until it is whole.
pub(super) fn partial_path(target: &Path, nonce: &str) -> PathBuf {
    target.with_file_name(format!("{}{nonce}{PARTIAL_SUFFIX}", partial_prefix(target)))
}

impl From<DestinationError> for FileError {
    fn from(error: DestinationError) -> Self {
        Self::Destination(error)
    }
}

impl FileSink {
    /// Starts to write a file.
    pub fn create(destination: Destination, packing: Packing) -> Result<Self, FileError> {
        let target = destination.path.clone();
        let io = |source| FileError::Io { path: target.clone(), source };
        // A process that finds an unlocked hidden file assumes that a killed process left it, and removes it: also one that
        // was created a moment ago. Then there is a next try.
        loop {
            let path = partial_path(&target, &destination.nonce);
            let (pending, file) = Pending::create_file(path.clone(), destination.mode).map_err(io)?;
            match file.try_lock() {
                Ok(()) if path.exists() => {}
                Ok(()) | Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(source)) => return Err(io(source)),
            }
            for target in [&target, &manifest_path(&target), &changes_path(&target)] {
                if !remove_abandoned(target, &path).map_err(io)? {
                    return Err(FileError::Busy(destination.path));
                }
            }
            return Ok(Self { destination, file: Flushed::new(file), pending, packing, changes: None });
        }
    }

    /// Returns the file that will be written.
    pub fn path(&self) -> &Path {
        &self.destination.path
    }

    /// Gives a file its name that has no manifest.
    pub fn finish_alone(self) -> Result<(), FileError> {
        let destination = self.publish()?;
        let synced = sync_folder_of(&destination.path);
        synced.map_err(|source| FileError::Io { path: destination.path, source })
    }

    /// Gives the file its name. An old manifest goes before, so that none ever describes another file.
    fn publish(self) -> Result<Destination, FileError> {
        let Self { destination, mut file, pending, mut changes, .. } = self;
        let target = destination.path.clone();
        let manifest = manifest_path(&target);
        let io = |source| FileError::Io { path: target.clone(), source };
        file.sync().map_err(io)?;
        if let Some((changes, _)) = &mut changes {
            changes.sync().map_err(io)?;
        }
        let had_changes = has_changes(&target);
        // Something may have appeared there since the export began.
        let is_replacing = destination.check_existing()? || destination.existing == Existing::Replace;
        match std::fs::remove_file(&manifest) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        match pending.publish(&target, is_replacing) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(DestinationError::Foreign(target).into());
            }
            outcome => outcome.map_err(io)?,
        }
        drop(file);
        match changes {
            Some((file, pending)) => {
                pending.publish(&changes_path(&target), true).map_err(io)?;
                drop(file);
            }
            None if had_changes => std::fs::remove_file(changes_path(&target)).map_err(io)?,
            None => {}
        }
        Ok(destination)
    }
}

/// Returns whether there is a result whose changes lie next to it.
fn has_changes(target: &Path) -> bool {
    let manifest = read_manifest(&manifest_path(target));
    manifest.is_some_and(|manifest| manifest.delta.is_some()) && changes_path(target).is_file()
}

/// A manifest that is written and has not its name yet. It is on disk before its result gets its name: a process that is
/// killed between the two leaves a result of which nobody knows what it is.
pub(super) struct ReadyManifest {
    path: PathBuf,
    // The file is closed before its name goes.
    _file: File,
    pending: Pending,
}

impl ReadyManifest {
    pub(super) fn write(destination: &Destination, manifest: &Manifest) -> Result<Self, FileError> {
        let path = manifest_path(&destination.path);
        let write = || {
            let partial = partial_path(&path, &destination.nonce);
            let (pending, mut file) = Pending::create_file(partial, destination.mode)?;
            file.try_lock()?;
            file.write_all(manifest.to_json().as_bytes())?;
            file.sync_all()?;
            Ok((pending, file))
        };
        let (pending, _file) = write().map_err(|source| FileError::Io { path: path.clone(), source })?;
        Ok(Self { path, _file, pending })
    }

    pub(super) fn publish(self) -> Result<(), FileError> {
        let Self { path, _file, pending } = self;
        let published = pending.publish(&path, true).and_then(|()| sync_folder_of(&path));
        published.map_err(|source| FileError::Io { path, source })
    }
}

/// Lists the hidden files that killed exports to this target have left.
pub(crate) fn list_abandoned(target: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in list_hidden(target)? {
        let is_abandoned = path.is_file() && File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        found.extend(is_abandoned.then_some(path));
    }
    found.sort();
    Ok(found)
}

/// Lists the hidden files and folders of a target.
fn list_hidden(target: &Path) -> io::Result<Vec<PathBuf>> {
    let prefix = partial_prefix(target);
    let nonce_of = |name: &OsStr| -> Option<String> {
        let nonce = name.to_str()?.strip_prefix(&prefix)?.strip_suffix(PARTIAL_SUFFIX)?;
        let is_nonce = nonce.len() == 25 && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_nonce.then(|| nonce.to_owned())
    };
    let mut found = Vec::new();
    for entry in crate::disk::flushed::folder_of(target).read_dir()? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let is_ours = nonce_of(&entry.file_name()).is_some() && (kind.is_file() || kind.is_dir());
        found.extend(is_ours.then(|| entry.path()));
    }
    Ok(found)
}

/// Removes the hidden files and folders that killed exports to this target have left. Returns whether no other export is
/// writing one.
pub(super) fn remove_abandoned(target: &Path, own: &Path) -> io::Result<bool> {
    for path in list_hidden(target)? {
        // It may have gone meanwhile.
        let Ok(kind) = path.symlink_metadata().map(|found| found.file_type()) else { continue };
        if path.file_name() == own.file_name() {
            continue;
        }
        // One that cannot be opened went a moment ago, or belongs to another user, or the system does not open folders.
        let opened = OpenOptions::new().read(true).write(kind.is_file()).open(&path);
        let Ok(found) = opened else { continue };
        match found.try_lock() {
            Ok(()) if kind.is_dir() => drop(std::fs::remove_dir_all(&path)),
            Ok(()) => drop(std::fs::remove_file(&path)),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) if kind.is_file() => return Err(error),
            // Not every system locks folders.
            Err(TryLockError::Error(_)) => {}
        }
    }
    Ok(true)
}

impl Sink for FileSink {
    fn packing(&self) -> Packing {
        self.packing
    }

    fn name(&self) -> String {
        self.destination.path.display().to_string()
    }

    fn writes_slowly(&self) -> bool {
        true
    }

    fn start(&mut self, layout: Layout, streams: &[String]) -> io::Result<()> {
        if layout == Layout::Package {
            return Err(no_package());
        }
        if streams.len() > 1 {
            let target = changes_path(&self.destination.path);
            let may_replace = self.destination.existing == Existing::Replace || has_changes(&self.destination.path);
            if target.symlink_metadata().is_ok() && !may_replace {
                let error = DestinationError::Foreign(target);
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, error.to_string()));
            }
            let partial = partial_path(&target, &self.destination.nonce);
            let (pending, file) = Pending::create_file(partial, self.destination.mode)?;
            file.try_lock()?;
            self.changes = Some((Flushed::new(file), pending));
        }
        Ok(())
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        match (&mut self.changes, entry.place == CHANGES_PLACE) {
            (Some((changes, _)), true) => changes.write_all(entry.bytes),
            (None, true) => Err(no_changes()),
            (_, false) => self.file.write_all(entry.bytes),
        }
    }

    fn finish(self: Box<Self>, manifest: &Manifest) -> Result<(), FileError> {
        let manifest = ReadyManifest::write(&self.destination, manifest)?;
        self.publish()?;
        manifest.publish()
    }
}
