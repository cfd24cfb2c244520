//! `cargo xtask sdk`: the official Python SDK, unmodified, against a running server.
//!
//! The suite is `tests/sdk`. It runs once for each file in `tests/sdk/requirements`, which is named after a version of
//! the SDK and pins it with everything it needs, in a virtual environment of its own under the target folder. An
//! environment is made again when its file changes.
//!
//! # Adding a version
//! A file next to the others, made with `pip freeze`; then describe the version in `tests/sdk/versions.py`.

use crate::python::{Suite, find_python, run_suite};
use crate::step::{self, Step, Work};
use crate::{Command, say, without_arguments};
use std::path::{Path, PathBuf};

pub(crate) static SDK: Command = Command {
    name: "sdk",
    summary: "Run the official SDK of several versions against a server",
    run: |arguments| without_arguments(arguments, || step::run(&[STEP])),
};

pub(crate) const STEP: Step = Step {
    title: "The official SDK",
    work: Work::Own(check),
    remedy: "one test alone is `LABELPORT_BINARY=target/debug/labelport target/sdk-VERSION/bin/python -m pytest \
             tests/sdk/FILE -k NAME`. Python 3.11 with its `venv` module has to be there, and packages are fetched once.",
};

/// Runs the suite for every version.
fn check(root: &Path) -> Result<(), String> {
    let python = find_python()?;
    step::cargo(root, &["build", "--package", "labelport-cli"], &[])?;
    let mut failed = Vec::new();
    for (version, requirements) in list_versions(root)? {
        say(&format!("\nlabelbox {version}"));
        let environment = format!("sdk-{version}");
        let suite = Suite { folder: "tests/sdk", environment: &environment, requirements: &requirements };
        if let Err(problem) = run_suite(root, &python, &suite) {
            say(&format!("\n{problem}"));
            failed.push(version);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("the suite fails with labelbox {}", failed.join(", "))) }
}

/// Returns the versions of the SDK with the files of their requirements, in order.
fn list_versions(root: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let folder = root.join("tests/sdk/requirements");
    let entries = std::fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let files = files.filter(|file| file.extension().is_some_and(|extension| extension == "txt"));
    let named = |file: PathBuf| Some((file.file_stem()?.to_str()?.to_owned(), file));
    let mut versions: Vec<_> = files.filter_map(named).collect();
    versions.sort();
    Ok(versions)
}
