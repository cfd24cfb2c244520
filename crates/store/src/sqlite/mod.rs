//! SQLite, the embedded engine.
//!
//! One file, `labelport.sqlite`, in the data folder. WAL, so that readers never wait for the writer; 16 KiB pages, which
//! is what makes a key-ordered scan as fast as the memory; `synchronous = full`, so that a commit survives a power cut.
//! Commits are grouped, so a row pays for a fraction of one.

mod connection;
mod migrate;

use crate::connection::{Connection, Engine, StoreError};
use connection::SqliteConnection;
use rusqlite::OpenFlags;
use std::fs::{DirBuilder, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The name of the database in the data folder.
pub const DATABASE_FILE: &str = "labelport.sqlite";

/// A SQLite database in a data folder.
#[derive(Debug)]
pub struct Sqlite {
    folder: PathBuf,
    options: SqliteOptions,
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
    /// Opens the database of a folder that has one, and brings its schema up to date.
    pub fn open(folder: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        if !folder.join(DATABASE_FILE).exists() {
            return Err(StoreError::NoFolder { folder: folder.to_owned() });
        }
        Self::open_or_create(folder, options)
    }

    /// Opens the database of a folder, which is made if need be, and brings its schema up to date.
    pub fn open_or_create(folder: &Path, options: SqliteOptions) -> Result<Self, StoreError> {
        create_private(folder)
            .map_err(|error| StoreError::ReadOnly { folder: folder.to_owned(), reason: error.to_string() })?;
        let engine = Self { folder: folder.to_owned(), options };
        let mut connection = engine.connect(OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        migrate::migrate(&mut connection, &engine.file())?;
        Ok(engine)
    }

    fn file(&self) -> PathBuf {
        self.folder.join(DATABASE_FILE)
    }

    fn connect(&self, flags: OpenFlags) -> Result<SqliteConnection, StoreError> {
        // One thread uses a connection at a time, so SQLite's own mutex is left out.
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let context = connection::Context { folder: self.folder.clone(), lock_wait: self.options.lock_wait };
        let connection = rusqlite::Connection::open_with_flags(self.file(), flags)
            .map_err(|error| connection::explain(&error, &context))?;
        let connection = SqliteConnection::new(connection, context)?;
        // Somebody else's database is left as it is.
        migrate::refuse_strange(&connection, &self.file())?;
        connection.tune()?;
        if let Some(pages) = self.options.max_pages {
            connection.pragma("max_page_count", &pages.to_string())?;
        }
        Ok(connection)
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
        Ok(Box::new(self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?))
    }

    fn connect_reader(&self) -> Result<Box<dyn Connection>, StoreError> {
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma("query_only", "on")?;
        // A scan reads each page once: a small cache stays in the processor's, and a large one is memory for nothing.
        connection.pragma("cache_size", "-2048")?;
        Ok(Box::new(connection))
    }
}
