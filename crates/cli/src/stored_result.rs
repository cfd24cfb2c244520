//! Results that exist, as commands are given them: a file, its manifest, the id of an export task, or a release.

use crate::outcome::Failure;
use crate::recovered::recovered;
use crate::workspace::Workspace;
use labelport_engine::export::job;
use labelport_engine::items::Item;
use labelport_engine::releases::{self, Release};
use labelport_engine::sink::{manifest_path, result_path};
use labelport_engine::storage::bucket::Address;
use labelport_engine::storage::results::{Results, Stored, StoredReader, Stream};
use labelport_model::id::TaskId;
use labelport_store::Store;
use labelport_store::tables::tasks;
use serde_json::Value;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What a name means if there is both a release and a file of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The file, or folder.
    File,
    /// The release.
    Release,
}

/// A result that exists.
pub(crate) enum StoredResult {
    /// A file or a folder.
    File(PathBuf),
    /// One that the data folder keeps.
    Kept {
        /// What messages call it.
        name: String,
        /// The id of the task.
        task_id: String,
        /// What became of the task; none for a release.
        status: Option<&'static str>,
        results: Results,
    },
}

/// Says that a result cannot be read where it is.
fn elsewhere(url: &str) -> Failure {
    Failure::new(format!("{url} is in an object store, from which results are not read"))
        .hint("copy it and its manifest to files next to each other, and name the file")
}

impl StoredResult {
    /// Finds a result: a file itself, the one next to a manifest, a release, or what a task has written. Where several have
    /// the name, the file is meant.
    pub(crate) fn find(named: &str, workspace: &Workspace) -> Result<Self, Failure> {
        Self::find_as(named, Meaning::File, workspace)
    }

    /// Finds a result, first what a name means above all.
    pub(crate) fn find_as(named: &str, meaning: Meaning, workspace: &Workspace) -> Result<Self, Failure> {
        if meaning == Meaning::Release
            && workspace.exists()?
            && let Some(release) = Self::find_release(named, &workspace.open()?, workspace)?
        {
            return Ok(release);
        }
        if Address::is_meant_by(named) {
            return Err(elsewhere(named));
        }
        let path = PathBuf::from(named);
        if path.exists() {
            return Self::of_file(result_path(&path).unwrap_or(path));
        }
        let unknown = || {
            Failure::new(format!("{named} is neither a file nor a release nor the id of an export task"))
                .hint("`labelport release list` and `labelport task list` show what there is")
        };
        if !workspace.exists()? {
            let place = workspace.shown();
            return Err(Failure::new(format!("there is neither a file {named} nor a workspace at {place}"))
                .hint("name a file, or with --data the folder that keeps the release or task"));
        }
        let store = workspace.open()?;
        let results = workspace.results()?;
        if let Some(release) = Self::find_release(named, &store, workspace)? {
            return Ok(release);
        }
        let id = TaskId::parse(named).map_err(|_| unknown())?;
        let task = tasks::find(&mut *store.reader()?, &id)?.ok_or_else(unknown)?;
        if job::is_export(&task.kind) {
            let (name, task_id) = (format!("task {}", task.id), task.id.to_string());
            return Ok(Self::Kept { name, task_id, status: Some(task.status.wire_name()), results });
        }
        if let Some(release) = releases::find_made_by(&mut *store.reader()?, store.org_key(), &task)? {
            return Ok(Self::of_release(release, results));
        }
        let outcome: Value = serde_json::from_str(task.outcome.as_deref().unwrap_or("{}"))?;
        match outcome.get("file").and_then(Value::as_str) {
            Some(file) if Address::is_meant_by(file) => Err(elsewhere(file)),
            Some(file) => Self::of_file(PathBuf::from(file)),
            None => {
                Err(Failure::new(format!("task {named} wrote no file; only exports with -o FILE can be read again")))
            }
        }
    }

    fn find_release(named: &str, store: &Store, workspace: &Workspace) -> Result<Option<Self>, Failure> {
        let found = releases::find(&mut *store.reader()?, store.org_key(), named)?;
        found.map(|release| Ok(Self::of_release(release, workspace.results()?))).transpose()
    }

    fn of_release(release: Item<Release>, results: Results) -> Self {
        let (name, task_id) = (format!("release {}", release.name), release.body.task_id);
        Self::Kept { name, task_id, status: None, results }
    }

    /// Takes a file or folder.
    fn of_file(path: PathBuf) -> Result<Self, Failure> {
        recovered(&path)?;
        let manifest = manifest_path(&path);
        // Opening a pipe would wait for its other end, and a device need not end.
        let is_other = |path: &Path| path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
        if let Some(other) = [&path, &manifest].into_iter().find(|path| is_other(path)) {
            let message = format!("{} is not a regular file", other.display());
            return Err(Failure::new(message).hint("results are read from files and folders"));
        }
        Ok(Self::File(path))
    }

    /// Returns what messages call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Kept { name, .. } => name.clone(),
        }
    }

    /// Returns the path of a file or folder.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Kept { .. } => None,
        }
    }

    /// Returns whether it has a manifest. Files from elsewhere have none.
    pub(crate) fn has_manifest(&self) -> bool {
        self.path().is_none_or(|path| manifest_path(path).exists())
    }

    /// Reads its manifest.
    pub(crate) fn manifest(&self) -> Result<Vec<u8>, Failure> {
        match self {
            Self::File(path) => {
                let path = manifest_path(path);
                std::fs::read(&path).map_err(|error| {
                    Failure::new(format!("{} cannot be read ({error})", path.display()))
                        .hint("`labelport export … -o FILE` writes FILE and its manifest next to it")
                })
            }
            Self::Kept { .. } => {
                let stored = self.stored().map_err(Failure::new)?;
                Ok(stored.manifest()?.into_bytes())
            }
        }
    }

    /// Opens its rows.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::File(path) => Ok(Box::new(File::open(path)?)),
            Self::Kept { .. } => Ok(Box::new(StoredReader::new(self.stored()?, Stream::Rows))),
        }
    }

    /// Opens the rows of one that the data folder keeps; nothing for a file.
    pub(crate) fn open_kept(&self) -> io::Result<Option<StoredReader>> {
        match self {
            Self::File(_) => Ok(None),
            Self::Kept { .. } => Ok(Some(StoredReader::new(self.stored()?, Stream::Rows))),
        }
    }

    /// Opens the changes of a delta.
    pub(crate) fn open_changes(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::File(path) => Ok(Box::new(File::open(labelport_engine::sink::changes_path(path))?)),
            Self::Kept { .. } => Ok(Box::new(StoredReader::new(self.stored()?, Stream::Changes))),
        }
    }

    /// Opens a result that the data folder keeps.
    fn stored(&self) -> io::Result<Stored> {
        let Self::Kept { name, task_id, status, results } = self else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a file"));
        };
        let missing = || {
            let message = match status {
                Some(status) => format!("{name} has no result: it is {status}, or the result has expired"),
                None => format!("the files of {name} are gone; restore them from a backup"),
            };
            io::Error::new(io::ErrorKind::NotFound, message)
        };
        results.open(task_id)?.ok_or_else(missing)
    }
}
