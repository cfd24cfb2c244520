//! Whether a file that a user names may be written.
//!
//! Every command that writes a file at a path from its arguments checks the path here first, and the checked
//! [`Destination`] is the only thing that a [`FileSink`](super::FileSink) accepts. The rules:
//!
//! - Nothing inside the data folder is written, whatever the path looks like: symbolic links, `..`, bind mounts and hard
//!   links to the database are recognised.
//! - A file that exists is replaced only if labelport wrote it: its manifest lies next to it under the name made from the
//!   file's own, and can be read as one. The digest is not compared. That would cost as much as the export, and a result
//!   that was damaged since is one that people export again. Anything else needs [`Existing::Replace`].
//! - A file that stands where the manifest will be written is replaced under the same rule.
//! - A symbolic link is never followed. With [`Existing::Replace`] the link itself is replaced.
//! - A folder is replaced as a whole, so it may hold nothing but the files that its manifest lists, whatever the rules
//!   say: nobody who writes `--force` expects to lose the files next to a result, or the data folder inside it.

use super::packing::{split, split_packing};
use crate::ambient::Chance;
use crate::disk::private;
use crate::manifest::{CHANGES, FILE_LIST, Manifest, listed_files};
use std::collections::HashSet;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// What happens to files that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Results of labelport are replaced, everything else is kept.
    KeepForeign,
    /// Nothing is replaced.
    Keep,
    /// Whatever is there is replaced.
    Replace,
}

/// The rules for a path.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The folder in which nothing may be written; `None` for a file of labelport's own in that folder.
    pub data_folder: Option<&'a Path>,
    /// What happens to files that exist.
    pub existing: Existing,
    /// Makes the name of the temporary file unguessable.
    pub chance: &'a dyn Chance,
}

/// A file that may be written, together with its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    pub(super) path: PathBuf,
    pub(super) existing: Existing,
    /// The part of the temporary file's name that nobody can guess.
    pub(super) nonce: String,
    /// The mode of the file: what lies in a data folder is private.
    pub(super) mode: u32,
    /// Whether a folder is to be written, not a file.
    pub(super) is_folder: bool,
}

/// Why a path may not be written.
#[derive(Debug, thiserror::Error)]
pub enum DestinationError {
    /// The name is empty, as that of a shell variable that is not set.
    #[error("the name of the file to write is empty; give one, such as rows.ndjson")]
    Empty,
    /// It is in the data folder.
    #[error("{path} is in the data folder {folder}, where only labelport's own files belong; name a file elsewhere")]
    InDataFolder {
        /// The path.
        path: PathBuf,
        /// The data folder.
        folder: PathBuf,
    },
    /// It is a hard link to a file of the data folder.
    #[error("{path} is the same file as {own} of the data folder; name another file")]
    HardLink {
        /// The path.
        path: PathBuf,
        /// The file in the data folder.
        own: PathBuf,
    },
    /// It exists and labelport did not write it.
    #[error(
        "{0} exists and is not a result that labelport wrote (there is no manifest next to it); name another file, or \
         replace it with --force"
    )]
    Foreign(PathBuf),
    /// It exists, and nothing that exists is replaced.
    #[error("{0} exists; name another file, or replace it with --force")]
    Exists(PathBuf),
    /// It is a folder with a file in it that labelport did not write.
    #[error(
        "{folder} holds {name}, which is not a file of the result there; move it away, or name a folder that is empty or does \
         not exist"
    )]
    ForeignInside {
        /// The folder.
        folder: PathBuf,
        /// The file in it.
        name: PathBuf,
    },
    /// The manifest would replace a file that is not a manifest.
    #[error(
        "the manifest belongs at {0}, where a file is that is not a manifest of labelport; name another file, or replace \
         it with --force"
    )]
    ForeignManifest(PathBuf),
    /// It is a symbolic link.
    #[error("{0} is a symbolic link; name the file that it leads to, or replace the link with --force")]
    Link(PathBuf),
    /// The system refuses to say.
    #[error("{path} cannot be written ({source}); name a folder that exists, can be written and has room")]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// How many symbolic links in a row are followed, as on Linux.
const LINKS_LIMIT: usize = 40;
/// A file larger than this is not read to find out whether it is a manifest: that of a terabyte is smaller.
const MANIFEST_LIMIT_BYTES: u64 = 64 << 20;

impl Destination {
    /// Checks a path that a folder and its manifest are to be written to.
    pub fn check_folder(path: &Path, rules: &Rules<'_>) -> Result<Self, DestinationError> {
        // `out/` names the folder `out`, and its manifest lies next to it.
        let plain: PathBuf = path.components().collect();
        Self::check_as(&plain, rules, true)
    }

    /// Checks a path that a result and its manifest are to be written to.
    pub fn check(path: &Path, rules: &Rules<'_>) -> Result<Self, DestinationError> {
        Self::check_as(path, rules, false)
    }

    fn check_as(path: &Path, rules: &Rules<'_>, is_folder: bool) -> Result<Self, DestinationError> {
        if path.as_os_str().is_empty() {
            return Err(DestinationError::Empty);
        }
        if let Some(folder) = rules.data_folder {
            refuse_inside(path, folder)?;
        }
        let mode = if rules.data_folder.is_some() { private::SHARED } else { private::PRIVATE };
        let (path, existing) = (path.to_owned(), rules.existing);
        let destination = Self { path, existing, nonce: rules.chance.cuid(), mode, is_folder };
        destination.check_existing()?;
        Ok(destination)
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fails if there is a file that must not be replaced. Returns whether something will be replaced.
    pub(super) fn check_existing(&self) -> Result<bool, DestinationError> {
        let path = &self.path;
        let manifest = manifest_path(path);
        let found = find(path)?;
        let manifest_found = find(&manifest)?;
        for (path, found, may_be_folder) in [(path, &found, self.is_folder), (&manifest, &manifest_found, false)] {
            if !may_be_folder && found.as_ref().is_some_and(Metadata::is_dir) {
                let source = io::Error::new(io::ErrorKind::IsADirectory, "it is a folder");
                return Err(DestinationError::Io { path: path.clone(), source });
            }
        }
        let is_taken_folder = self.is_folder && self.existing != Existing::Keep;
        if is_taken_folder && found.as_ref().is_some_and(Metadata::is_dir) {
            let files = read_manifest(&manifest).map(|manifest| manifest.files).unwrap_or_default();
            let mut listed: HashSet<PathBuf> = files.into_iter().map(|file| file.path.into()).collect();
            if listed.contains(Path::new(FILE_LIST)) {
                // What is not there is not listed, and named as something foreign then.
                let list = std::fs::read_to_string(path.join(FILE_LIST)).unwrap_or_default();
                listed.extend(listed_files(&list).map(|(path, _)| PathBuf::from(path)));
            }
            let is_listed = |name: &Path| listed.contains(name);
            let io = |source| DestinationError::Io { path: path.clone(), source };
            if let Some(name) = find_foreign(path, Path::new(""), &is_listed).map_err(io)? {
                return Err(DestinationError::ForeignInside { folder: path.clone(), name });
            }
            if manifest_found.is_none() {
                return Ok(true);
            }
        }
        if self.existing == Existing::Replace {
            return Ok(found.is_some());
        }
        if self.existing == Existing::Keep {
            // A manifest alone would seem to describe the file.
            let taken = [(path, found), (&manifest, manifest_found)].into_iter().find(|(_, found)| found.is_some());
            return taken.map_or(Ok(false), |(path, _)| Err(DestinationError::Exists(path.clone())));
        }
        if found.as_ref().is_some_and(Metadata::is_symlink) {
            return Err(DestinationError::Link(path.clone()));
        }
        let has_manifest = match manifest_found {
            Some(found) if found.is_file() && read_manifest(&manifest).is_some() => true,
            Some(_) => return Err(DestinationError::ForeignManifest(manifest)),
            None => false,
        };
        if found.is_some() && !has_manifest {
            return Err(DestinationError::Foreign(path.clone()));
        }
        Ok(found.is_some())
    }
}

/// Fails if a path leads into the data folder, or to a file that is also in it.
pub fn refuse_inside(path: &Path, data_folder: &Path) -> Result<(), DestinationError> {
    let io = |source| DestinationError::Io { path: path.to_owned(), source };
    let inside = || DestinationError::InDataFolder { path: path.to_owned(), folder: data_folder.to_owned() };
    let resolved = resolve(path, 0).map_err(io)?;
    let folder = resolve(data_folder, 0).map_err(io)?;
    if resolved.starts_with(&folder) {
        return Err(inside());
    }
    let Ok(known) = folder.metadata() else { return Ok(()) };
    // The folder may be mounted at a second place, or its file system may ignore the case of names.
    if resolved.ancestors().filter_map(|above| above.metadata().ok()).any(|above| is_same(&above, &known)) {
        return Err(inside());
    }
    let Ok(target) = resolved.metadata() else { return Ok(()) };
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        if entry.metadata().is_ok_and(|own| is_same(&own, &target)) {
            return Err(DestinationError::HardLink { path: path.to_owned(), own: entry.path() });
        }
    }
    Ok(())
}

/// Returns where a path leads: links followed and `..` applied. What does not exist yet is taken as it is written.
fn resolve(path: &Path, links: usize) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let mut resolved = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => {
                resolved.pop();
                continue;
            }
            Component::CurDir => continue,
            component => resolved.push(component),
        }
        let Ok(target) = resolved.read_link() else { continue };
        if links >= LINKS_LIMIT {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many symbolic links"));
        }
        resolved.pop();
        resolved = resolve(&resolved.join(target), links + 1)?;
    }
    Ok(resolved)
}

/// Returns what stands at a path, links not followed.
fn find(path: &Path) -> Result<Option<Metadata>, DestinationError> {
    match path.symlink_metadata() {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(DestinationError::Io { path: path.to_owned(), source }),
    }
}

/// Returns a file below a folder that is not listed, as a path from the folder; `inside` is where the search is.
fn find_foreign(folder: &Path, inside: &Path, is_listed: &dyn Fn(&Path) -> bool) -> io::Result<Option<PathBuf>> {
    let mut entries = folder.join(inside).read_dir()?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = inside.join(entry.file_name());
        let kind = entry.file_type()?;
        let foreign = match kind.is_dir() {
            true => find_foreign(folder, &name, is_listed)?,
            false => (!kind.is_file() || !is_listed(&name)).then_some(name),
        };
        if foreign.is_some() {
            return Ok(foreign);
        }
    }
    Ok(None)
}

/// Reads a manifest; `None` if there is none that can be read.
pub(super) fn read_manifest(path: &Path) -> Option<Manifest> {
    let mut text = Vec::new();
    File::open(path).and_then(|file| file.take(MANIFEST_LIMIT_BYTES).read_to_end(&mut text)).ok()?;
    Manifest::from_json(&text).ok()
}

#[cfg(unix)]
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
fn is_same(_: &Metadata, _: &Metadata) -> bool {
    false
}

/// What a manifest's name adds to that of its result.
const MANIFEST_SUFFIX: &str = ".manifest.json";

/// Returns where the manifest of a result stands.
pub fn manifest_path(result: &Path) -> PathBuf {
    let name = result.file_name().unwrap_or_default().to_string_lossy();
    result.with_file_name(format!("{name}{MANIFEST_SUFFIX}"))
}

/// Returns where the changes stand that belong to a result: those of `rows.ndjson.zst` in `rows.changes.ndjson.zst`.
pub fn changes_path(result: &Path) -> PathBuf {
    let name = result.file_name().unwrap_or_default().to_string_lossy();
    let (rest, packing) = split_packing(&name);
    result.with_file_name(format!("{}.{CHANGES}{packing}", split(rest).0))
}

/// Returns the result next to a manifest; `None` for a path that is not a manifest's.
pub fn result_path(manifest: &Path) -> Option<PathBuf> {
    let name = manifest.file_name()?.to_str()?.strip_suffix(MANIFEST_SUFFIX)?;
    Some(manifest.with_file_name(name))
}
