//! A folder that appears whole or not at all.
//!
//! Files go to a hidden folder next to the target, which takes the target's name at the very end; the manifest follows,
//! next to the folder as it would be next to a file. A folder that labelport wrote is replaced as a whole, so nothing of
//! an earlier export stays in it. It is locked while it is written, so that a second export to the same target is refused, and
//! the next one removes what a killed process left.

use super::destination::{Destination, DestinationError, Existing};
use super::file::{ReadyManifest, partial_path, remove_abandoned};
use super::{Asset, Entry, FileError, Place, Sink, manifest_path};
use crate::disk::flushed::sync_folder_of;
use crate::disk::pending::Pending;
use crate::manifest::Manifest;
use labelport_formats::write::Layout;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

/// A folder being written. Dropped without [`finish`](Sink::finish), it leaves nothing.
pub struct FolderSink {
    destination: Destination,
    /// Closed before the folder is removed, which needs some files to be open itself.
    streams: Vec<BufWriter<File>>,
    pending: Pending,
    /// The hidden folder, locked so that no other export takes it for what a killed process left. Not every system opens
    /// and locks folders.
    _lock: Option<File>,
}

impl FolderSink {
    /// Starts to write a folder.
    pub fn create(destination: Destination) -> Result<Self, FileError> {
        let target = destination.path.clone();
        let io = |source| FileError::Io { path: target.clone(), source };
        // As for a file: one that was created a moment ago and is not locked yet may be taken for a killed process's.
        loop {
            let partial = partial_path(&target, &destination.nonce);
            let pending = Pending::create_shared_folder(partial.clone()).map_err(io)?;
            let lock = File::open(&partial).ok();
            let is_taken = lock.as_ref().is_some_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
            if is_taken || !partial.exists() {
                continue;
            }
            for target in [&target, &manifest_path(&target)] {
                if !remove_abandoned(target, &partial).map_err(io)? {
                    return Err(FileError::Busy(destination.path));
                }
            }
            return Ok(Self { destination, streams: Vec::new(), pending, _lock: lock });
        }
    }

    /// Returns where a file lies, in a folder that is there.
    fn place(&self, path: &str) -> io::Result<PathBuf> {
        let path = self.pending.path().join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(path)
    }

    fn create_file(&self, path: &str) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(self.place(path)?)
    }

    fn publish(self) -> Result<Destination, FileError> {
        let Self { destination, pending, streams, _lock } = self;
        let target = destination.path.clone();
        let io = |source| FileError::Io { path: target.clone(), source };
        for stream in streams {
            stream.into_inner().map_err(|error| io(error.into_error()))?.sync_all().map_err(io)?;
        }
        // Something may have appeared there since the export began.
        let is_replacing = destination.check_existing()? || destination.existing == Existing::Replace;
        match std::fs::remove_file(manifest_path(&target)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        let is_there = target.symlink_metadata().is_ok();
        if is_there && !is_replacing {
            return Err(DestinationError::Foreign(target).into());
        }
        if is_there && pending.exchange(&target).is_ok() {
            // The hidden folder is the old one now. There was no moment without a result.
            drop(pending);
            sync_folder_of(&target).map_err(io)?;
            return Ok(destination);
        }
        let old = partial_path(&target, &format!("{}-old", destination.nonce));
        if is_there {
            std::fs::rename(&target, &old).map_err(io)?;
        }
        pending.publish(&target, true).map_err(io)?;
        match old.symlink_metadata() {
            Ok(found) if found.is_dir() => std::fs::remove_dir_all(&old).map_err(io)?,
            Ok(_) => std::fs::remove_file(&old).map_err(io)?,
            Err(_) => {}
        }
        sync_folder_of(&target).map_err(io)?;
        Ok(destination)
    }
}

impl Sink for FolderSink {
    fn name(&self) -> String {
        self.destination.path.display().to_string()
    }

    fn start(&mut self, _: Layout, streams: &[String]) -> io::Result<()> {
        for path in streams {
            self.streams.push(BufWriter::new(self.create_file(path)?));
        }
        Ok(())
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        match entry.place {
            Place::Stream(index) => self.streams[index].write_all(entry.bytes),
            Place::File(path) => self.create_file(path)?.write_all(entry.bytes),
        }
    }

    fn write_asset(&mut self, path: &str, asset: &mut Asset) -> io::Result<()> {
        if let Some(from) = &asset.link_to {
            match std::fs::hard_link(from, self.place(path)?) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
                // On another file system, or where links are not allowed, a copy has the same bytes.
                Err(_) => {}
                Ok(()) => return Ok(()),
            }
        }
        let written = io::copy(&mut asset.file, &mut self.create_file(path)?)?;
        if written == asset.size_bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn finish(self: Box<Self>, manifest: &Manifest) -> Result<(), FileError> {
        let manifest = ReadyManifest::write(&self.destination, manifest)?;
        self.publish()?;
        manifest.publish()
    }
}
