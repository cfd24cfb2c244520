//! Folders and files that only the user who runs labelport can read.
//!
//! A workspace holds labelled data, the hashes of API keys and the secret that signs URLs. The data folder has mode 0700,
//! everything in it 0600, whatever the umask is. Where there are no such modes the system's own rules hold.

use labelport_store::sqlite::DATABASE_FILE;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// The mode of a file that only its owner can read.
pub(crate) const PRIVATE: u32 = 0o600;
/// The mode of a file that the user has asked for: the umask decides who can read it.
pub(crate) const SHARED: u32 = 0o666;

/// What tightening a folder came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tightened {
    /// Nobody else could read it.
    Unchanged,
    /// Others could read it, and cannot any more.
    Closed,
    /// Others can read it, and this user may not change that.
    LeftOpen,
}

/// Returns options that create files with a mode.
#[cfg_attr(not(unix), expect(unused_variables, reason = "there are no modes"))]
pub(crate) fn options(mode: u32) -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    options
}

fn builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Creates a folder in one that exists.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    builder().create(path)
}

/// Creates a folder and those above it, where they are not there.
pub fn create_folders(path: &Path) -> io::Result<()> {
    builder().recursive(true).create(path)
}

/// Creates a file, or empties it.
pub(crate) fn create_file(path: &Path) -> io::Result<File> {
    options(PRIVATE).write(true).create(true).truncate(true).open(path)
}

/// Writes a small file of the data folder that appears whole or not at all.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.partial"));
    let mut file = create_file(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&partial, path)?;
    crate::disk::flushed::sync_folder_of(path)
}

/// What of a data folder is ours: other files in it are left as they are.
#[cfg(unix)]
const OWN_FOLDERS: [&str; 4] = ["exports", "files", "ranges", "results"];

/// Takes from others what they may do with a data folder and with what labelport keeps in it. A folder that nobody else
/// can enter is not looked into. It has to be known to be a data folder: nobody's home is to be closed by a wrong `--data`.
#[cfg(unix)]
pub fn tighten(folder: &Path) -> io::Result<Tightened> {
    use std::os::unix::fs::PermissionsExt;
    const OTHERS: u32 = 0o077;
    let close = |path: &Path| -> io::Result<()> {
        let mode = path.metadata()?.permissions().mode();
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode & !OTHERS))
    };
    if folder.metadata()?.permissions().mode() & OTHERS == 0 {
        return Ok(Tightened::Unchanged);
    }
    match close(folder) {
        Ok(()) => {}
        // Who mounted a medium that cannot be written has decided who reads it.
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => return Ok(Tightened::Unchanged),
        // The folder is another user's.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(Tightened::LeftOpen),
        Err(error) => return Err(error),
    }
    let mut waiting = OWN_FOLDERS.map(|name| folder.join(name)).to_vec();
    let entries = folder.read_dir()?.flatten();
    waiting.extend(
        entries
            .map(|entry| entry.path())
            .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(DATABASE_FILE))),
    );
    while let Some(path) = waiting.pop() {
        // What another process removes meanwhile, and what belongs to somebody else, cannot be reached by others any more.
        if path.is_symlink() || close(&path).is_err() {
            continue;
        }
        if path.is_dir() {
            waiting.extend(path.read_dir()?.flatten().map(|entry| entry.path()));
        }
    }
    Ok(Tightened::Closed)
}

/// Takes nothing from anybody: there are no modes.
#[cfg(not(unix))]
pub fn tighten(_: &Path) -> io::Result<Tightened> {
    Ok(Tightened::Unchanged)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_ours_in_an_open_folder_is_closed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        std::fs::create_dir_all(path("data/files/ab")).unwrap();
        std::fs::create_dir_all(path("data/mine")).unwrap();
        let own = ["data/files/ab/x", "data/labelport.sqlite", "data/labelport.sqlite-wal"];
        let foreign = ["outside", "data/mine/x", "data/notes.txt"];
        own.iter().chain(&foreign).for_each(|name| std::fs::write(path(name), "x").unwrap());
        std::os::unix::fs::symlink(path("outside"), path("data/files/link")).unwrap();
        let folders = ["data", "data/files", "data/files/ab", "data/mine"];
        let set = |name: &&str, mode| std::fs::set_permissions(path(name), PermissionsExt::from_mode(mode)).unwrap();
        folders.iter().for_each(|name| set(name, 0o755));
        own.iter().chain(&foreign).for_each(|name| set(name, 0o644));
        assert_eq!(tighten(&path("data")).unwrap(), Tightened::Closed);
        assert_eq!(folders.map(|name| mode(&path(name))), [0o700, 0o700, 0o700, 0o755]);
        assert_eq!(own.map(|name| mode(&path(name))), [0o600; 3]);
        assert_eq!(foreign.map(|name| mode(&path(name))), [0o644; 3]);
        assert_eq!(tighten(&path("data")).unwrap(), Tightened::Unchanged);
    }

    #[test]
    fn new_folders_and_files_are_private() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a/b");
        create_folders(&folder).unwrap();
        write_whole(&folder.join("x"), b"x").unwrap();
        assert_eq!([&place.path().join("a"), &folder, &folder.join("x")].map(|path| mode(path)), [0o700, 0o700, 0o600]);
    }
}
