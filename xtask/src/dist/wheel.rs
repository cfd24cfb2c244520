//! The wheel: the binary as a package of Python, made by maturin as `pyproject.toml` says.

use super::{FIXED_TIME_SECS, Profile};
use crate::python::{call, find_python, make_environment, python_of};
use crate::step::{builder, target_folder};
use std::path::{Path, PathBuf};

/// The file that pins maturin. What `pip install .` fetches is in `pyproject.toml`, and may be newer.
const REQUIREMENTS: &str = "xtask/requirements.txt";

/// Builds the binary and the wheel of it, into a folder.
pub(super) fn build(root: &Path, folder: &Path, target: Option<&str>, profile: Profile) -> Result<(), String> {
    let mut command = builder(tools(root)?);
    command.args(["-m", "maturin", "build", "--profile", profile.name(), "--out"]).arg(folder);
    if let Some(target) = target {
        command.args(["--target", target]);
    }
    if matches!(profile, Profile::Release) {
        // With another value, the C libraries are built again. The debug build has none, and nobody compares its wheel.
        command.env("SOURCE_DATE_EPOCH", FIXED_TIME_SECS.to_string());
    }
    call(command.current_dir(root))
}

/// Returns a Python that has what wheels are built with.
pub(super) fn tools(root: &Path) -> Result<PathBuf, String> {
    let environment = target_folder(root).join("dist-tools");
    make_environment(&find_python()?, &environment, &root.join(REQUIREMENTS))?;
    Ok(python_of(&environment))
}

/// Finds the wheel in a folder.
pub(super) fn find(folder: &Path) -> Result<PathBuf, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let wheel = files.find(|file| file.extension().is_some_and(|extension| extension == "whl"));
    wheel.ok_or_else(|| format!("{} has no wheel", folder.display()))
}
