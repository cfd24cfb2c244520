//! `cargo xtask sdk`: the official Python SDK, unmodified, against a running server.
//!
//! The suite is `tests/sdk`. It runs once for each file in `tests/sdk/requirements`, which is named after a version of
//! the SDK and pins it with everything it needs, in a virtual environment of its own under the target folder. An
//! environment is made again when its file changes.
//!
//! # Adding a version
//! A file beside the others, made with `pip freeze`; then tell `tests/sdk/versions.py` what the version has.

use crate::step::{self, Step, Work};
use crate::{Command, say, without_arguments};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process;

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

/// The version of Python that the requirements were resolved for.
const PYTHON: &str = "3.11";
/// In an environment: the requirements that it was made with.
const STAMP: &str = "made-with.txt";

/// Runs the suite for every version.
fn check(root: &Path) -> Result<(), String> {
    let python = find_python()?;
    step::cargo(root, &["build", "--package", "labelport-cli"], &[])?;
    let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    let binary = target.join("debug").join("labelport");
    let mut failed = Vec::new();
    for (version, requirements) in list_versions(&root)? {
        let environment = target.join(format!("sdk-{version}"));
        make_environment(&python, &environment, &requirements)?;
        say(&format!("\nlabelbox {version}"));
        let suite = [OsStr::new("-m"), OsStr::new("pytest"), root.join("tests/sdk").as_os_str()].map(OsStr::to_owned);
        let mut command = process::Command::new(python_of(&environment));
        command.args(suite).current_dir(&root).env("LABELPORT_BINARY", &binary).env("PYTHONDONTWRITEBYTECODE", "1");
        if let Err(problem) = call(&mut command) {
            say(&format!("\n{problem}"));
            failed.push(version);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("the suite fails with labelbox {}", failed.join(", "))) }
}

/// Returns a Python of the right version.
fn find_python() -> Result<PathBuf, String> {
    for name in ["python3.11", "python3", "python"] {
        let output =
            process::Command::new(name).args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).output();
        if output.is_ok_and(|output| output.status.success() && output.stdout.trim_ascii() == PYTHON.as_bytes()) {
            return Ok(name.into());
        }
    }
    Err(format!("there is no Python {PYTHON}: neither python3.11 nor python3 nor python is one"))
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

/// Makes a virtual environment, unless it is there and was made with these requirements.
fn make_environment(python: &Path, environment: &Path, requirements: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", environment.display());
    let wanted = std::fs::read(requirements).map_err(|error| format!("{}: {error}", requirements.display()))?;
    let stamp = environment.join(STAMP);
    if std::fs::read(&stamp).is_ok_and(|made_with| made_with == wanted) {
        return Ok(());
    }
    say(&format!("making {}", environment.display()));
    if environment.exists() {
        std::fs::remove_dir_all(environment).map_err(failed)?;
    }
    call(process::Command::new(python).args(["-m", "venv"]).arg(environment))?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    call(process::Command::new(python_of(environment)).args(install).arg(requirements))?;
    std::fs::write(stamp, wanted).map_err(failed)
}

fn python_of(environment: &Path) -> PathBuf {
    environment.join("bin").join("python")
}

fn call(command: &mut process::Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed ({status})")),
        Err(error) => Err(format!("{name} could not be started ({error})")),
    }
}
