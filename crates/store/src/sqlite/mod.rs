//! SQLite, the embedded engine.
//!
//! One file, `labelport.sqlite`, in the data folder. WAL, so that readers never wait for the writer; 16 KiB pages, which
//! is what makes a key-ordered scan as fast as the memory; `synchronous = full`, so that a commit survives a power cut.
//! Commits are grouped, so a row pays for a fraction of one.

mod connection;
mod copy;
mod filling;
mod insert;
mod medium;
mod migrate;
mod moving;

pub use filling::Filling;
pub use medium::lacks_log;

use crate::engine::{Connection, Engine, Step, StoreError};
use crate::tables::settings;
use connection::SqliteConnection;
use medium::Medium;
use rusqlite::OpenFlags;
use std::fs::{DirBuilder, OpenOptions};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the database in the data folder.
pub const DATABASE_FILE: &str = "labelport.sqlite";

/// How often the readers of a snapshot begin again because a commit came between them.
const SHARE_TRIES: usize = 1_000;

/// A SQLite database in a data folder.
#[derive(Debug, Clone)]
pub struct Sqlite {
    folder: PathBuf,
    options: SqliteOptions,
    medium: Medium,
}

/// How to open the database.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// How long a writer waits for another process.
    pub lock_wait: Duration,
    /// The most pages of 16 KiB that the file may have; `None` for as many as the disk takes.
    pub max_pages: Option<u32>,
}

impl Sqlite {
    /// Opens the database of a folder that has one, and brings its schema up to date. Where nothing can be written it is
    /// opened to be read.
    pub fn open(folder: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        Self::open_watched(folder, options, &mut |_, _| ControlFlow::Continue(()))
    }

    /// Opens the database as [`open`](Self::open) does. Where an earlier version wrote it and many rows must be moved,
    /// `watch` gets after each portion how many of how many rows have been moved, and may stop: the next one who opens the
    /// database goes on.
    pub fn open_watched(
        folder: &Path,
        options: SqliteOptions,
        watch: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Self, StoreError> {
        if !folder.join(DATABASE_FILE).exists() {
            refuse_moving(folder)?;
            return Err(StoreError::NoFolder { folder: folder.to_owned() });
        }
        match Medium::of(folder) {
            Medium::Writable => Self::open_to_write(folder, options, watch),
            _ => Self::open_read_only(folder, options),
        }
    }

    /// Opens the database of a folder that has one, and never writes there: not even a log.
    pub fn open_read_only(folder: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        let engine = Self { folder: folder.to_owned(), options, medium: Medium::to_read(folder)? };
        migrate::refuse_older(&engine.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)?, &engine.file())?;
        Ok(engine)
    }

    /// Opens the database of a folder, which is made if need be, and brings its schema up to date.
    pub fn open_or_create(folder: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        Self::open_to_write(folder, options, &mut |_, _| ControlFlow::Continue(()))
    }

    /// Opens the database as [`open_or_create`](Self::open_or_create) does, watched as by
    /// [`open_watched`](Self::open_watched).
    pub fn open_to_write(
        folder: &Path,
        options: SqliteOptions,
        watch: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    ) -> Result<Self, StoreError> {
        refuse_moving(folder)?;
        create_private(folder)
            .map_err(|error| StoreError::ReadOnly { folder: folder.to_owned(), reason: error.to_string() })?;
        if Medium::of(folder) != Medium::Writable {
            return Err(StoreError::ReadOnly { folder: folder.to_owned(), reason: "it is read-only".to_owned() });
        }
        let engine = Self { folder: folder.to_owned(), options, medium: Medium::Writable };
        let mut connection = engine.connect(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        migrate::migrate(&mut connection, &engine.file(), watch)?;
        Ok(engine)
    }

    /// Says that a database, which nobody else has open, goes its own way from here: it may count changes that another copy
    /// of it counts, too.
    pub fn begin_lineage(folder: &Path, options: SqliteOptions, lineage: &str) -> Result<(), StoreError> {
        let engine = Self { folder: folder.to_owned(), options, medium: Medium::Writable };
        let mut connection = engine.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // The first version had no settings, and none of its exports had a watermark.
        match connection.read_int("select count(*) from sqlite_master where name = 'settings'")? {
            0 => Ok(()),
            _ => settings::put(&mut connection, settings::LINEAGE, lineage),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.join(DATABASE_FILE)
    }

    fn connect(&self, flags: OpenFlags) -> Result<SqliteConnection, StoreError> {
        // One thread uses a connection at a time, so SQLite's own mutex is left out.
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let context = connection::Context {
            folder: self.folder.clone(),
            lock_wait: self.options.lock_wait,
            known_version: migrate::known(),
        };
        let opened = match self.medium {
            Medium::Unchanging => rusqlite::Connection::open_with_flags(
                medium::unchanging_uri(&self.file()),
                flags | OpenFlags::SQLITE_OPEN_URI,
            ),
            Medium::Writable | Medium::ReadOnly => rusqlite::Connection::open_with_flags(self.file(), flags),
        };
        let connection =
            SqliteConnection::new(opened.map_err(|error| connection::explain(&error, &context))?, context)?;
        // Somebody else's database is left as it is.
        migrate::refuse_strange(&connection, &self.file())?;
        if self.medium != Medium::Writable {
            connection.tune_to_read()?;
            return Ok(connection);
        }
        connection.tune()?;
        if let Some(pages) = self.options.max_pages {
            connection.pragma("max_page_count", &pages.to_string())?;
        }
        Ok(connection)
    }
}

/// Fails where a workspace is being moved to a folder, which has no database before that is done.
fn refuse_moving(folder: &Path) -> Result<(), StoreError> {
    match folder.join(filling::FOLDER).exists() && !folder.join(DATABASE_FILE).exists() {
        true => Err(StoreError::Moving { folder: folder.to_owned() }),
        false => Ok(()),
    }
}

/// Makes a folder and an empty database in it, which nobody but this user can read. SQLite gives its log the mode of the
/// database.
fn create_private(folder: &Path) -> std::io::Result<()> {
    let (mut folders, mut file) = (DirBuilder::new(), OpenOptions::new());
    #[cfg(unix)]
    {
        std::os::unix::fs::DirBuilderExt::mode(&mut folders, 0o700);
        std::os::unix::fs::OpenOptionsExt::mode(&mut file, 0o600);
    }
    folders.recursive(true).create(folder)?;
    match file.write(true).create_new(true).open(folder.join(DATABASE_FILE)) {
        // What cannot be created here cannot be opened by SQLite either, which knows better why.
        Ok(_) | Err(_) => Ok(()),
    }
}

impl Engine for Sqlite {
    fn connect_writer(&self) -> Result<Box<dyn Connection>, StoreError> {
        if self.medium != Medium::Writable {
            let reason = "it is read-only".to_owned();
            return Err(StoreError::ReadOnly { folder: self.folder.clone(), reason });
        }
        Ok(Box::new(self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?))
    }

    fn connect_reader(&self) -> Result<Box<dyn Connection>, StoreError> {
        let flags = match self.medium {
            Medium::Writable => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Medium::ReadOnly | Medium::Unchanging => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        let connection = self.connect(flags)?;
        connection.pragma("query_only", "on")?;
        // A scan reads each page once: a small cache stays in the processor's, and a large one is memory for nothing.
        connection.pragma("cache_size", "-1536")?;
        Ok(Box::new(connection))
    }

    /// Begins with each reader until none has seen a commit that another has not.
    fn share_state(&self, readers: &mut [Box<dyn Connection>]) -> Result<(), StoreError> {
        for _ in 0..SHARE_TRIES {
            let mut commits = Vec::new();
            for reader in &mut *readers {
                reader.step(Step::BeginRead)?;
                // The state is taken by the first read, not by the begin.
                commits.push(reader.count("select value from counters where name = 'commit'", &[])?);
            }
            if commits.iter().all(|commit| *commit == commits[0]) {
                return Ok(());
            }
            for reader in &mut *readers {
                reader.step(Step::RollBack)?;
            }
        }
        Err(StoreError::Locked { waited_secs: 0 })
    }
}
