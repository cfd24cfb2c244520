//! The medium of a database: whether it can be written, and whether the log is with the database.
//!
//! SQLite reads a database with a log only if it may write the index of that log. On a medium that cannot be written there
//! are two ways left. Without a log nothing is missing from the file, and it is opened as one that never changes. With a
//! log whose index is there, somebody has it open elsewhere and it is shared. A log without its index cannot be read, and
//! to pass over it would show an old state without a word: that is refused.

use super::DATABASE_FILE;
use crate::engine::StoreError;
use std::path::{Path, PathBuf};

/// How a database can be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    /// To read and write.
    Writable,
    /// To read, while somebody else may write.
    ReadOnly,
    /// To read; nobody writes.
    Unchanging,
}

impl Medium {
    /// Looks at a folder.
    pub(super) fn of(folder: &Path) -> Self {
        let file = folder.join(DATABASE_FILE);
        if can_write(folder) && (!file.exists() || can_write(&file)) { Self::Writable } else { Self::ReadOnly }
    }

    /// Returns how to open a database that is not to be written.
    pub(super) fn to_read(folder: &Path) -> Result<Self, StoreError> {
        let has_log = next_to(folder, "-wal").metadata().is_ok_and(|log| log.len() > 0);
        match (has_log, next_to(folder, "-shm").exists()) {
            (false, _) => Ok(Self::Unchanging),
            (true, true) => Ok(Self::ReadOnly),
            (true, false) => Err(StoreError::UnreadLog { folder: folder.to_owned() }),
        }
    }
}

/// Returns whether a database was surely copied without its log: the index of the log is there and the log is not. SQLite
/// makes the log first and removes it last. The first command that opens the database makes a new log, so this is to be
/// asked before. A copy of the database alone, without log and index, looks like one that was closed.
pub fn lacks_log(folder: &Path) -> bool {
    folder.join(DATABASE_FILE).exists() && next_to(folder, "-shm").exists() && !next_to(folder, "-wal").exists()
}

fn next_to(folder: &Path, end: &str) -> PathBuf {
    folder.join(format!("{DATABASE_FILE}{end}"))
}

/// Returns the URI by which SQLite opens a file that never changes.
pub(super) fn unchanging_uri(file: &Path) -> String {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut uri = String::from("file://");
    for byte in absolute.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?immutable=1"
}

#[cfg(unix)]
fn can_write(path: &Path) -> bool {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    // As the effective user, as the system itself decides when the file is opened.
    accessat(CWD, path, Access::WRITE_OK, AtFlags::EACCESS).is_ok()
}

#[cfg(not(unix))]
fn can_write(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| !found.permissions().readonly())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_any_path() {
        assert_eq!(unchanging_uri(Path::new("/a b/c?#%/é.x-_")), "file:///a%20b/c%3F%23%25/%C3%A9.x-_?immutable=1");
    }
}
