//! Virtual environments of Python under the target folder, and the test suites that run in one each.
//!
//! An environment is made again when its requirements change. Packages are fetched once.

use crate::say;
use crate::step::target_folder;
use std::path::{Path, PathBuf};
use std::process;

/// The version of Python that the requirements were resolved for.
const PYTHON: &str = "3.11";
/// In an environment: the requirements that it was made with.
const STAMP: &str = "made-with.txt";

/// A suite of tests.
pub(crate) struct Suite<'a> {
    /// Where its tests are, from the root.
    pub(crate) folder: &'a str,
    /// The name of its environment.
    pub(crate) environment: &'a str,
    /// The file that pins what it needs.
    pub(crate) requirements: &'a Path,
    /// Variables of its environment in addition to the existing ones.
    pub(crate) variables: &'a [(String, String)],
}

/// Runs a suite against the binary of a debug build, which has to be there.
pub(crate) fn run_suite(root: &Path, python: &Path, suite: &Suite<'_>) -> Result<(), String> {
    call(&mut prepare_suite(root, python, suite)?)
}

/// Makes the environment of a suite; returns the command that runs it.
pub(crate) fn prepare_suite(root: &Path, python: &Path, suite: &Suite<'_>) -> Result<process::Command, String> {
    let root = root.canonicalize().map_err(|error| format!("{}: {error}", root.display()))?;
    let target = target_folder(&root);
    let environment = target.join(suite.environment);
    make_environment(python, &environment, &root.join(suite.requirements))?;
    let mut command = process::Command::new(python_of(&environment));
    command.args(["-m", "pytest"]).arg(root.join(suite.folder)).current_dir(&root);
    command.env("LABELPORT_BINARY", target.join("debug").join("labelport")).env("PYTHONDONTWRITEBYTECODE", "1");
    command.envs(suite.variables.iter().map(|(name, value)| (name, value)));
    Ok(command)
}

/// Returns a Python of the right version.
pub(crate) fn find_python() -> Result<PathBuf, String> {
    for name in ["python3.11", "python3", "python"] {
        let output =
            process::Command::new(name).args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).output();
        if output.is_ok_and(|output| output.status.success() && output.stdout.trim_ascii() == PYTHON.as_bytes()) {
            return Ok(name.into());
        }
    }
    Err(format!("there is no Python {PYTHON}: neither python3.11 nor python3 nor python is one"))
}

/// Makes a virtual environment, unless it is there and was made with these requirements.
pub(crate) fn make_environment(python: &Path, environment: &Path, requirements: &Path) -> Result<(), String> {
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

/// Returns the Python of an environment.
pub(crate) fn python_of(environment: &Path) -> PathBuf {
    environment.join("bin").join("python")
}

/// Runs a program; fails unless it succeeds.
pub(crate) fn call(command: &mut process::Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} failed ({status})")),
        Err(error) => Err(format!("{name} could not be started ({error})")),
    }
}
