//! A copy of a workspace that is in use, and a workspace made from one.
//!
//! A backup is a folder with the database of one moment, the files and the results that this database can refer to, and
//! `backup.json`, which lists every file with its size and SHA-256. The database is copied first. Files are written
//! before the database knows of them and never changed, so those that are there after the copy are all that it needs.
//!
//! Everything is gathered in a hidden folder inside the target and moved at the end, `backup.json` last: a backup that was
//! cut off has none, and nothing takes it for one. The database has another name in a backup than in a data folder, so
//! that nobody opens a backup as a workspace by mistake and changes it.
//!
//! Both directions are checked: while a file is copied its digest is computed and compared with what the database or
//! `backup.json` says, and what was written is read again.

use crate::ambient::{Chance, hexadecimal};
use crate::disk::flushed::sync_folder_of;
use crate::disk::pending::Pending;
use crate::disk::private;
use crate::sink::{DestinationError, refuse_inside};
use crate::storage::files::Files;
use crate::storage::results::Results;
use labelport_model::id::TaskId;
use labelport_store::Connection;
use labelport_store::Store;
use labelport_store::StoreError;
use labelport_store::sqlite::{DATABASE_FILE, Sqlite, SqliteOptions};
use labelport_store::tables::file_references;
use labelport_store::tables::files;
use labelport_store::tables::tasks;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// The list of what a backup holds.
const LIST_FILE: &str = "backup.json";
/// The database in a backup.
const DATABASE_COPY: &str = "database.sqlite";
/// The version of the list's shape.
const VERSION: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// The version of this shape.
    pub backup_version: u32,
    /// The change counter of the workspace, as in the manifests of exports.
    pub change_seq: i64,
    /// How many commits the database has seen.
    pub commit: i64,
    /// Every other file, the database first.
    pub files: Vec<Entry>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The path in the folder, with slashes.
    pub path: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// The SHA-256 of the bytes, in hexadecimal digits.
    pub sha256: String,
}

/// What a new backup is to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// The database, files and results.
    Everything,
    /// The database alone: files and results are in an object store.
    Database,
}

/// A backup that was made.
#[derive(Debug)]
pub struct Made {
    /// What it holds.
    pub backup: Backup,
    /// What is not as the database says: files that are missing or were changed. They were so before.
    pub damaged: Vec<String>,
}

/// How far it is: bytes done, of the total if that is known.
pub type Progress<'a> = dyn FnMut(u64) + 'a;

/// Why there is no backup, or no workspace from one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The backup would be in the data folder.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// The target has something in it.
    #[error("{0} is not empty; name a folder that is empty or does not exist")]
    NotEmpty(PathBuf),
    /// The source is no backup.
    #[error("{0} is not a backup, or one that was not completed: it has no {LIST_FILE}")]
    NoBackup(PathBuf),
    /// The list cannot be read.
    #[error("{path} cannot be read as the list of a backup ({reason})")]
    List {
        /// The list.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is not what it was.
    #[error("{path} is damaged: it should have {bytes} bytes and SHA-256 {sha256}; nothing was restored")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its size when it was backed up.
        bytes: u64,
        /// Its digest when it was backed up.
        sha256: String,
    },
    /// What was written is not what is read.
    #[error("{0} reads differently than it was written; the disk cannot be trusted")]
    Unreliable(PathBuf),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system failed.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

/// Makes a backup of the workspace in a data folder.
pub fn create(
    store: &Store,
    data_folder: &Path,
    (target, held): (&Path, Held),
    chance: &dyn Chance,
    progress: &mut Progress<'_>,
) -> Result<Made, BackupError> {
    refuse_inside(target, data_folder)?;
    let gathering = Gathering::begin(target, chance)?;
    let folder = gathering.path().to_owned();
    let mut snapshot = store.snapshot(1)?;
    let connection = &mut *snapshot.connections[0];
    let commit = file_references::commits(connection)?;
    let database = folder.join(DATABASE_COPY);
    private::create_file(&database).map_err(|source| BackupError::Io { path: database.clone(), source })?;
    connection.copy_to(&database, &mut |_, _| {})?;
    let measured = measure(&database)?;
    let mut copying = Copying { done: measured.bytes, progress, folder, entries: vec![measured.named(DATABASE_COPY)] };
    (copying.progress)(copying.done);
    let mut damaged = Vec::new();
    if held == Held::Everything {
        copy_files(connection, store.org_key(), data_folder, &mut copying, &mut damaged)?;
        copy_results(connection, data_folder, &mut copying)?;
    }
    let backup = Backup { backup_version: VERSION, change_seq: snapshot.change_seq, commit, files: copying.entries };
    write_list(&gathering.path().join(LIST_FILE), &backup)?;
    gathering.publish(&[DATABASE_COPY, LIST_FILE])?;
    Ok(Made { backup, damaged })
}

/// Makes a workspace in an empty data folder from a backup.
pub fn restore(
    source: &Path,
    data_folder: &Path,
    chance: &dyn Chance,
    progress: &mut Progress<'_>,
) -> Result<Backup, BackupError> {
    let backup = read_list(source)?;
    let gathering = Gathering::begin(data_folder, chance)?;
    let mut copying = Copying { done: 0, progress, folder: gathering.path().to_owned(), entries: Vec::new() };
    for entry in &backup.files {
        let from = source.join(&entry.path);
        let damaged = || BackupError::Damaged { path: from.clone(), bytes: entry.bytes, sha256: entry.sha256.clone() };
        let name = if entry.path == DATABASE_COPY { DATABASE_FILE } else { &entry.path };
        let copied = copying.copy(&from, name)?.ok_or_else(damaged)?;
        if (copied.bytes, &copied.sha256) != (entry.bytes, &entry.sha256) {
            return Err(damaged());
        }
    }
    let options = SqliteOptions { lock_wait: Duration::from_secs(5), max_pages: None };
    Sqlite::begin_lineage(gathering.path(), options, &chance.cuid())?;
    gathering.publish(&[DATABASE_FILE])?;
    Ok(backup)
}

/// A target folder that is being filled. Dropped before it is published, it is empty again.
struct Gathering {
    pending: Option<Pending>,
    target: PathBuf,
    /// Whether the target was made for this.
    is_new: bool,
}

impl Gathering {
    fn begin(target: &Path, chance: &dyn Chance) -> Result<Self, BackupError> {
        let io = |source| BackupError::Io { path: target.to_owned(), source };
        let is_new = match target.read_dir() {
            Ok(entries) => {
                // A freshly made file system has this one.
                let mut others = entries.flatten().filter(|entry| entry.file_name() != "lost+found");
                if others.next().is_some() {
                    return Err(BackupError::NotEmpty(target.to_owned()));
                }
                false
            }
            // Only the folder itself: the parent may be where a disk should be mounted.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                private::create_folder(target).map_err(io)?;
                true
            }
            Err(error) => return Err(io(error)),
        };
        let pending = Pending::create_folder(target.join(format!(".{}.partial", chance.cuid()))).map_err(io)?;
        Ok(Self { pending: Some(pending), target: target.to_owned(), is_new })
    }

    fn path(&self) -> &Path {
        self.pending.as_ref().map_or(&self.target, Pending::path)
    }

    fn publish(mut self, last: &[&str]) -> Result<(), BackupError> {
        let published = self.pending.take().map_or(Ok(()), |pending| pending.publish_contents(last));
        published.map_err(|source| BackupError::Io { path: self.target.clone(), source })
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        if self.pending.take().is_some() && self.is_new {
            // A folder that cannot be removed is empty.
            drop(std::fs::remove_dir(&self.target));
        }
    }
}

/// Size and digest of a file.
#[derive(Debug, PartialEq, Eq)]
struct Measured {
    bytes: u64,
    sha256: String,
}

impl Measured {
    fn named(self, path: &str) -> Entry {
        Entry { path: path.to_owned(), bytes: self.bytes, sha256: self.sha256 }
    }
}

/// Copies files into a folder.
struct Copying<'a, 'p> {
    done: u64,
    progress: &'a mut Progress<'p>,
    folder: PathBuf,
    entries: Vec<Entry>,
}

impl Copying<'_, '_> {
    /// Copies a file and reads the copy again; `None` if it is not there any more.
    fn copy(&mut self, from: &Path, name: &str) -> Result<Option<Measured>, BackupError> {
        let to = self.folder.join(name);
        let mut source = match File::open(from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            source => source.map_err(|source| BackupError::Io { path: from.to_owned(), source })?,
        };
        let io = |source| BackupError::Io { path: to.clone(), source };
        if let Some(folder) = to.parent() {
            private::create_folders(folder).map_err(io)?;
        }
        let mut target = private::create_file(&to).map_err(io)?;
        let done = &mut self.done;
        let measured = digest(&mut source, &mut |bytes| {
            *done += bytes.len() as u64;
            (self.progress)(*done);
            target.write_all(bytes)
        });
        let measured = measured.map_err(io)?;
        target.sync_all().map_err(io)?;
        sync_folder_of(&to).map_err(io)?;
        if measure(&to)? != measured {
            return Err(BackupError::Unreliable(to));
        }
        Ok(Some(measured))
    }

    /// Copies a file of the data folder and notes it.
    fn keep(&mut self, from: &Path, name: &str) -> Result<Option<&Entry>, BackupError> {
        let Some(copied) = self.copy(from, name)? else { return Ok(None) };
        self.entries.push(copied.named(name));
        Ok(self.entries.last())
    }
}

/// Copies every file that is whole, and notes those that are not as the database says.
fn copy_files(
    connection: &mut dyn Connection,
    org_key: i64,
    data_folder: &Path,
    copying: &mut Copying<'_, '_>,
    damaged: &mut Vec<String>,
) -> Result<(), BackupError> {
    let files = Files::new(data_folder);
    let mut ids = Vec::new();
    let path = data_folder.join("files");
    files.each(&mut |found| ids.push(found.id)).map_err(|source| BackupError::Io { path, source })?;
    ids.sort_unstable();
    ids.dedup();
    let mut known = files::list_digests(connection, org_key)?;
    for id in ids {
        let name = format!("files/{}/{id}", &id[id.len().saturating_sub(2)..]);
        let path = data_folder.join(&name);
        let Some(entry) = copying.keep(&path, &name)? else { continue };
        if known.remove(&id).is_some_and(|sha256| sha256 != entry.sha256) {
            damaged.push(format!("{} was changed since it was uploaded", path.display()));
        }
    }
    damaged.extend(known.into_keys().map(|id| format!("{} is missing", files.shown(&id))));
    Ok(())
}

/// Copies the results of tasks that the database knows.
fn copy_results(
    connection: &mut dyn Connection,
    data_folder: &Path,
    copying: &mut Copying<'_, '_>,
) -> Result<(), BackupError> {
    let path = data_folder.join("results");
    let io = |source| BackupError::Io { path: path.clone(), source };
    for id in Results::new(data_folder).list().map_err(io)? {
        let folder = path.join(&id);
        let Ok(task_id) = TaskId::parse(&id) else { continue };
        if tasks::find(connection, &task_id)?.is_none() {
            continue;
        }
        let begun = copying.entries.len();
        let is_whole = folder.read_dir().map_err(io).and_then(|entries| {
            let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
            names.sort_unstable();
            for name in names {
                let name = name.to_string_lossy();
                if copying.keep(&folder.join(&*name), &format!("results/{id}/{name}"))?.is_none() {
                    return Ok(false);
                }
            }
            Ok(true)
        });
        // A result that expires just now is none.
        if !matches!(is_whole, Ok(true)) && !folder.exists() {
            copying.entries.truncate(begun);
            drop(std::fs::remove_dir_all(copying.folder.join("results").join(&id)));
        } else {
            is_whole?;
        }
    }
    Ok(())
}

/// Reads to the end and returns what was read, measured.
fn digest(source: &mut dyn Read, each: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<Measured> {
    let (mut buffer, mut hash, mut bytes) = (vec![0; 1 << 20], Sha256::new(), 0);
    loop {
        let length = match source.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            length => length?,
        };
        if length == 0 {
            return Ok(Measured { bytes, sha256: hexadecimal(&hash.finalize()) });
        }
        hash.update(&buffer[..length]);
        bytes += length as u64;
        each(&buffer[..length])?;
    }
}

fn measure(path: &Path) -> Result<Measured, BackupError> {
    let read = File::open(path).and_then(|mut file| digest(&mut file, &mut |_| Ok(())));
    read.map_err(|source| BackupError::Io { path: path.to_owned(), source })
}

fn write_list(path: &Path, backup: &Backup) -> Result<(), BackupError> {
    let write = || {
        let text = serde_json::to_string_pretty(backup)?;
        private::write_whole(path, (text + "\n").as_bytes())
    };
    write().map_err(|source| BackupError::Io { path: path.to_owned(), source })
}

fn read_list(source: &Path) -> Result<Backup, BackupError> {
    let path = source.join(LIST_FILE);
    let text = match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(BackupError::NoBackup(source.to_owned()));
        }
        text => text.map_err(|source| BackupError::Io { path: path.clone(), source })?,
    };
    let list = |reason: String| BackupError::List { path: path.clone(), reason };
    let backup: Backup = serde_json::from_slice(&text).map_err(|error| list(error.to_string()))?;
    if backup.backup_version != VERSION {
        return Err(list(format!(
            "it has version {}, this labelport reads {VERSION}; install a newer one",
            backup.backup_version
        )));
    }
    if !backup.files.iter().any(|entry| entry.path == DATABASE_COPY) {
        return Err(list(format!("it names no {DATABASE_COPY}")));
    }
    for entry in &backup.files {
        // What came from elsewhere must not write outside the data folder, nor over the database.
        let mut parts = Path::new(&entry.path).components();
        let is_inside = parts.all(|part| matches!(part, Component::Normal(_)));
        let is_known = ["files/", "results/"].iter().any(|folder| entry.path.starts_with(folder));
        if !is_inside || !(is_known || entry.path == DATABASE_COPY) {
            return Err(list(format!("the path {:?} has no place in a workspace", entry.path)));
        }
    }
    Ok(backup)
}
