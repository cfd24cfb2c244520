//! The files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    // Tests run in the folder of their crate, also where the checkout was moved after a build.
    Path::new("..").canonicalize().expect("the folder above this crate is the root")
}

/// Returns whether there is a file or folder at a path from the root.
pub(crate) fn exists(path: &str) -> bool {
    root().join(path).exists()
}

/// Returns the text of a file that has to be there.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| {
        panic!("{path}:1: cannot be read ({error})\n    remedy: this file is part of the project")
    })
}

/// Returns the names in a folder, in order; folders end with a slash. None where there is no such folder.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let slash = if entry.path().is_dir() { "/" } else { "" };
            Some(format!("{}{slash}", entry.file_name().to_str()?))
        })
        .collect();
    names.sort();
    names
}

/// Returns every file below a folder with this extension, as paths from the root, in order. Hidden folders and what
/// `.gitignore` names are left out.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<String> {
    let ignored: Vec<String> = read(".gitignore")
        .lines()
        .map(|line| line.trim_matches('/').to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for name in names(&folder) {
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            match path.strip_suffix('/') {
                Some(inner) => {
                    let plain = name.trim_end_matches('/');
                    if !plain.starts_with('.') && !ignored.iter().any(|known| known == plain) {
                        folders.push(inner.to_owned());
                    }
                }
                None if Path::new(&name).extension().is_some_and(|found| found == extension) => found.push(path),
                None => {}
            }
        }
    }
    found.sort();
    found
}

/// Returns the folders of the crates: those under `crates` and the one of these tests.
pub(crate) fn crate_folders() -> Vec<String> {
    let mut folders: Vec<String> = names("crates")
        .iter()
        .filter_map(|name| name.strip_suffix('/'))
        .map(|name| format!("crates/{name}"))
        .filter(|folder| exists(&format!("{folder}/Cargo.toml")))
        .collect();
    folders.push("xtask".to_owned());
    folders
}
