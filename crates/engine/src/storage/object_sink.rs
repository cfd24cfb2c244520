//! A result that is an object of its own, with its manifest next to it, as files have theirs.
//!
//! The object appears when the export is whole. An old manifest goes before, so that none ever describes another object, and
//! the new one comes last. The rules for what may be replaced are those of files.

use super::{Storage, Upload};
use crate::manifest::Manifest;
use crate::sink::{
    CHANGES_PLACE, DestinationError, Entry, Existing, FileError, Packing, Sink, changes_path, manifest_path,
    no_changes, no_package,
};
use labelport_formats::write::Layout;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An object larger than this is not read to find out whether it is a manifest.
const MANIFEST_LIMIT_BYTES: u64 = 64 << 20;

/// An object that may be written, together with its manifest.
#[derive(Debug, Clone)]
pub struct ObjectTarget {
    storage: Arc<dyn Storage>,
    key: String,
    existing: Existing,
}

/// An object being written. Dropped without [`finish`](Sink::finish), it leaves nothing.
pub struct ObjectSink {
    target: ObjectTarget,
    packing: Packing,
    rows: Box<dyn Upload>,
    /// What comes with the rows, in an object of its own.
    changes: Option<Box<dyn Upload>>,
}

impl ObjectTarget {
    /// Takes the key of an object, if a result may be written there.
    pub fn check(storage: Arc<dyn Storage>, key: &str, existing: Existing) -> Result<Self, FileError> {
        let target = Self { storage, key: key.to_owned(), existing };
        target.check_existing()?;
        // That there is no such bucket is said of a read alone, and an export may take hours to come to its first write.
        match target.storage.open(&target.key).and_then(|mut object| object.read_at(0, 1, 0)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(target.failed(error)),
            _ => {}
        }
        Ok(target)
    }

    /// Returns what messages call it.
    pub fn shown(&self) -> String {
        self.storage.shown(&self.key)
    }

    /// Returns what messages call the changes that belong to it.
    pub fn shown_changes(&self) -> String {
        self.storage.shown(&self.next_to(changes_path))
    }

    /// Returns the key of what lies next to the object.
    fn next_to(&self, path: fn(&Path) -> PathBuf) -> String {
        path(Path::new(&self.key)).to_string_lossy().into_owned()
    }

    fn failed(&self, source: io::Error) -> FileError {
        FileError::Kept { name: self.shown(), source }
    }

    /// Fails if there is an object that must not be replaced. Returns the manifest of a result that will be.
    fn check_existing(&self) -> Result<Option<Manifest>, FileError> {
        let shown = |key: &str| PathBuf::from(self.storage.shown(key));
        let io = |source| self.failed(source);
        let manifest_key = self.next_to(manifest_path);
        let found = self.storage.find(&self.key).map_err(io)?;
        let manifest_found = self.storage.find(&manifest_key).map_err(io)?;
        let size = manifest_found.as_ref().map(|found| found.size_bytes);
        let manifest = match size.filter(|size| *size <= MANIFEST_LIMIT_BYTES) {
            Some(size) => {
                let length = usize::try_from(size).map_err(|error| io(io::Error::other(error)))?;
                let text = self.storage.open(&manifest_key).and_then(|mut found| found.read_at(0, length, 0));
                Manifest::from_json(&text.map_err(io)?).ok()
            }
            None => None,
        };
        let refused = match self.existing {
            Existing::Replace => None,
            Existing::Keep if found.is_some() => Some(DestinationError::Exists(shown(&self.key))),
            Existing::Keep if manifest_found.is_some() => Some(DestinationError::Exists(shown(&manifest_key))),
            _ if manifest_found.is_some() && manifest.is_none() => {
                Some(DestinationError::ForeignManifest(shown(&manifest_key)))
            }
            _ if found.is_some() && manifest.is_none() => Some(DestinationError::Foreign(shown(&self.key))),
            _ => None,
        };
        refused.map_or(Ok(manifest), |refused| Err(refused.into()))
    }
}

impl ObjectSink {
    /// Starts to write an object.
    pub fn create(target: ObjectTarget, packing: Packing) -> Result<Self, FileError> {
        let rows = target.storage.put(&target.key).map_err(|source| target.failed(source))?;
        Ok(Self { target, packing, rows, changes: None })
    }
}

impl Sink for ObjectSink {
    fn packing(&self) -> Packing {
        self.packing
    }

    fn name(&self) -> String {
        self.target.shown()
    }

    fn writes_slowly(&self) -> bool {
        true
    }

    fn start(&mut self, layout: Layout, streams: &[String]) -> io::Result<()> {
        if layout == Layout::Package {
            return Err(no_package());
        }
        if streams.len() > 1 {
            let key = self.target.next_to(changes_path);
            let had_changes = match self.target.check_existing() {
                Ok(manifest) => manifest.is_some_and(|manifest| manifest.delta.is_some()),
                Err(error) => return Err(io::Error::other(error.to_string())),
            };
            let may_replace = had_changes || self.target.existing == Existing::Replace;
            if !may_replace && self.target.storage.find(&key)?.is_some() {
                let error = DestinationError::Foreign(PathBuf::from(self.target.storage.shown(&key)));
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, error.to_string()));
            }
            self.changes = Some(self.target.storage.put(&key)?);
        }
        Ok(())
    }

    fn write(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        match (&mut self.changes, entry.place == CHANGES_PLACE) {
            (Some(changes), true) => changes.write_all(entry.bytes),
            (None, true) => Err(no_changes()),
            (_, false) => self.rows.write_all(entry.bytes),
        }
    }

    fn finish(self: Box<Self>, manifest: &Manifest) -> Result<(), FileError> {
        let Self { target, rows, changes, .. } = *self;
        // Something may have appeared there since the export began.
        let had_changes = target.check_existing()?.is_some_and(|manifest| manifest.delta.is_some());
        let (storage, manifest_key) = (&target.storage, target.next_to(manifest_path));
        let finish = || {
            storage.remove(&manifest_key)?;
            rows.finish()?;
            match changes {
                Some(changes) => changes.finish()?,
                None if had_changes => storage.remove(&target.next_to(changes_path))?,
                None => {}
            }
            storage.publish(&manifest_key, manifest.to_json().as_bytes())
        };
        finish().map_err(|source| target.failed(source))
    }
}
