//! A database that is being filled with the rows of another one. It stays in a folder of its own until the move is complete.

use super::{DATABASE_FILE, Sqlite, SqliteOptions, create_private};
use crate::engine::{Connection, Engine, StoreError};
use crate::tables::settings;
use std::io;
use std::path::{Path, PathBuf};

/// The folder in the data folder.
pub(super) const FOLDER: &str = ".moving";
/// What it is filled from.
const MARK_FILE: &str = "from";

/// A database that is being filled.
#[derive(Debug)]
pub struct Filling {
    folder: PathBuf,
    engine: Sqlite,
}

impl Filling {
    /// Begins to fill a folder without a database, or resumes with one that was filled from the same state of the same
    /// source; what came from elsewhere is begun anew.
    pub fn begin(folder: &Path, options: SqliteOptions, mark: &str) -> Result<Self, StoreError> {
        let unwritable =
            |error: io::Error| StoreError::ReadOnly { folder: folder.to_owned(), reason: error.to_string() };
        if folder.join(DATABASE_FILE).exists() {
            return Err(StoreError::Taken { folder: folder.to_owned() });
        }
        let inner = folder.join(FOLDER);
        let known = std::fs::read_to_string(inner.join(MARK_FILE)).ok();
        if inner.exists() && known.as_deref() != Some(mark) {
            std::fs::remove_dir_all(&inner).map_err(unwritable)?;
        }
        create_private(&inner).map_err(unwritable)?;
        std::fs::write(inner.join(MARK_FILE), mark).map_err(unwritable)?;
        Ok(Self { folder: folder.to_owned(), engine: Sqlite::open_or_create(&inner, options)? })
    }

    /// Opens a connection that writes.
    pub fn connect(&self) -> Result<Box<dyn Connection>, StoreError> {
        self.engine.connect_writer()
    }

    /// Returns the engine by which what was filled so far can be read.
    pub fn engine(&self) -> Box<dyn Engine> {
        Box::new(self.engine.clone())
    }

    /// Makes the folder a workspace, with a lineage of its own: the source may go on, and changes have the same numbers then.
    /// The connections are closed.
    pub fn finish(self, lineage: &str) -> Result<(), StoreError> {
        settings::put(&mut *self.engine.connect_writer()?, settings::LINEAGE, lineage)?;
        let unwritable =
            |error: io::Error| StoreError::ReadOnly { folder: self.folder.clone(), reason: error.to_string() };
        let inner = self.folder.join(FOLDER);
        // Closing the database writes its log into it, unless that fails; the link would leave the log out.
        let log = inner.join(format!("{DATABASE_FILE}-wal"));
        if log.metadata().is_ok_and(|log| log.len() > 0) {
            return Err(StoreError::Full);
        }
        // A link fails where somebody has made a database meanwhile.
        std::fs::hard_link(inner.join(DATABASE_FILE), self.folder.join(DATABASE_FILE)).map_err(unwritable)?;
        std::fs::remove_dir_all(&inner).map_err(unwritable)
    }
}
