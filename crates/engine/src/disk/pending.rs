//! Files and folders that are not complete yet, and their removal when the process ends.
//!
//! One that is dropped is removed, and so are all of them by [`remove_all`], which is for signal handlers. The two
//! share a lock with [`Pending::publish`]: after `remove_all` nothing gets its name any more.

use crate::disk::flushed::sync_folder_of;
use crate::disk::private;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is not whole yet, in this process. A signal concerns all of it.
static ALL: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file or folder that is removed unless it is published.
pub(crate) struct Pending {
    path: PathBuf,
}

fn all() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pending {
    /// Creates a file that nobody else has, and is not reached through a symbolic link.
    pub(crate) fn create_file(path: PathBuf, mode: u32) -> io::Result<(Self, File)> {
        let mut all = all();
        let file = private::options(mode).write(true).create_new(true).open(&path)?;
        all.insert(path.clone());
        Ok((Self { path }, file))
    }

    /// Creates a folder that nobody else has and that only this user can enter.
    pub(crate) fn create_folder(path: PathBuf) -> io::Result<Self> {
        let mut all = all();
        private::create_folder(&path)?;
        all.insert(path.clone());
        Ok(Self { path })
    }

    /// Creates a folder that nobody else has, with the permissions that the user's folders have.
    pub(crate) fn create_shared_folder(path: PathBuf) -> io::Result<Self> {
        let mut all = all();
        std::fs::create_dir(&path)?;
        all.insert(path.clone());
        Ok(Self { path })
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name. Fails with [`io::ErrorKind::AlreadyExists`] where something has it and is not to be replaced.
    pub(crate) fn publish(self, target: &Path, is_replacing: bool) -> io::Result<()> {
        let mut all = all();
        if !is_replacing && !self.path.is_dir() {
            match std::fs::hard_link(&self.path, target) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
                // Some file systems have no hard links.
                Err(_) => std::fs::rename(&self.path, target)?,
                Ok(()) => std::fs::remove_file(&self.path)?,
            }
        } else {
            std::fs::rename(&self.path, target)?;
        }
        all.remove(&self.path);
        Ok(())
    }
}

impl Pending {
    /// Takes the place of what has a name, which takes this one's place: in one step, where the system can do that.
    #[cfg(target_os = "linux")]
    pub(crate) fn exchange(&self, target: &Path) -> io::Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        let _all = all();
        Ok(renameat_with(CWD, &self.path, CWD, target, RenameFlags::EXCHANGE)?)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn exchange(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Moves what is in this folder to the folder around it, `last` at the very end. Nothing that has its name there may
    /// exist.
    pub(crate) fn publish_contents(self, last: &[&str]) -> io::Result<()> {
        let mut all = all();
        let target = self.path.parent().unwrap_or(Path::new("."));
        let mut names: Vec<_> = self.path.read_dir()?.map(|entry| Ok(entry?.file_name())).collect::<io::Result<_>>()?;
        names.sort_by_key(|name| last.iter().position(|last| name == last).map_or(0, |index| index + 1));
        for name in names {
            std::fs::rename(self.path.join(&name), target.join(&name))?;
        }
        std::fs::remove_dir(&self.path)?;
        all.remove(&self.path);
        sync_folder_of(&target.join("in it"))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if all().remove(&self.path) {
            remove(&self.path);
        }
    }
}

/// Removes everything that is not whole yet. Nothing is published after that, so it is for a process that ends.
pub fn remove_all() {
    let mut all = all();
    while let Some(path) = all.pop_first() {
        remove(&path);
    }
    std::mem::forget(all);
}

/// How often a folder is removed that another thread still puts files into.
const REMOVALS: u32 = 1_000;

/// What cannot be removed is hidden, and the next command that writes to the same place removes it.
fn remove(path: &Path) {
    if path.is_dir() && !path.is_symlink() {
        let is_filled =
            |outcome: io::Result<()>| outcome.is_err_and(|error| error.kind() == io::ErrorKind::DirectoryNotEmpty);
        // A thread that fills it fails once it is gone.
        (0..REMOVALS).find(|_| !is_filled(std::fs::remove_dir_all(path)));
    } else {
        drop(std::fs::remove_file(path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_folder_is_removed_while_another_thread_fills_it() {
        for _ in 0..20 {
            let place = tempfile::tempdir().unwrap();
            let folder = place.path().join("filled");
            std::fs::create_dir(&folder).unwrap();
            let filling = folder.clone();
            let (begun, has_begun) = std::sync::mpsc::channel();
            let filler = std::thread::spawn(move || {
                for number in 0.. {
                    if File::create(filling.join(number.to_string())).is_err() {
                        return;
                    }
                    begun.send(()).unwrap_or_default();
                }
            });
            has_begun.recv().unwrap();
            remove(&folder);
            assert!(!folder.exists());
            filler.join().unwrap();
        }
    }

    #[test]
    fn a_folder_takes_the_place_of_another_in_one_step() {
        let place = tempfile::tempdir().unwrap();
        let (target, hidden) = (place.path().join("result"), place.path().join(".hidden"));
        std::fs::create_dir(&target).unwrap();
        std::fs::write(target.join("old"), "").unwrap();
        let pending = Pending::create_shared_folder(hidden.clone()).unwrap();
        std::fs::write(hidden.join("new"), "").unwrap();
        pending.exchange(&target).unwrap();
        assert!(target.join("new").exists() && hidden.join("old").exists());
        drop(pending);
        assert!(!hidden.exists(), "the old one goes");
    }

    #[test]
    fn a_file_takes_the_name_of_another_only_if_it_is_to_replace_it() {
        let folder = tempfile::tempdir().unwrap();
        let (new, target) = (folder.path().join("new"), folder.path().join("target"));
        std::fs::write(&target, "old").unwrap();
        let create = || Pending::create_file(new.clone(), private::PRIVATE).unwrap().0;
        let error = create().publish(&target, false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(!new.exists() && std::fs::read(&target).unwrap() == b"old");
        create().publish(&target, true).unwrap();
        assert!(!new.exists() && std::fs::read(&target).unwrap() == b"");
        std::fs::remove_file(&target).unwrap();
        create().publish(&target, false).unwrap();
        assert!(!new.exists() && target.exists());
    }

    #[test]
    fn what_is_not_published_is_removed_with_everything_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let pending = Pending::create_folder(folder.path().join("new")).unwrap();
        std::fs::write(pending.path().join("x"), "x").unwrap();
        drop(pending);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
