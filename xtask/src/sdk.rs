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
use crate::{Command, postgres, say, without_arguments};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

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
        let suite =
            Suite { folder: "tests/sdk", environment: &environment, requirements: &requirements, variables: &[] };
        if let Err(problem) = run_suite(root, &python, &suite) {
            say(&format!("\n{problem}"));
            failed.push(version);
        }
    }
    if let Some((version, requirements)) = list_versions(root)?.last()
        && let Err(problem) = check_beyond(root, &python, version, requirements)
    {
        say(&format!("\n{problem}"));
        failed.push(format!("{version} on PostgreSQL"));
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("the suite fails with labelbox {}", failed.join(", "))) }
}

/// Runs the suite against a server whose rows are on PostgreSQL and whose results are in a bucket.
fn check_beyond(root: &Path, python: &Path, version: &str, requirements: &Path) -> Result<(), String> {
    say(&format!("\nlabelbox {version}, rows on PostgreSQL, results in a bucket"));
    let Some(server) = postgres::for_programs() else {
        say("skipped: there is no server");
        return Ok(());
    };
    step::cargo(root, &["build", "--package", "labelport-cli", "--example", "bucket"], &[])?;
    let program = step::target_folder(root).join("debug").join("examples").join("bucket");
    let bucket = Process::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut bucket = bucket.map_err(|error| format!("the object store cannot be started: {error}"))?;
    let lines = BufReader::new(bucket.stdout.take().ok_or("no pipe")?).lines().map_while(Result::ok);
    let mut variables: Vec<(String, String)> = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    variables.extend(server);
    let environment = format!("sdk-{version}");
    let suite = Suite { folder: "tests/sdk", environment: &environment, requirements, variables: &variables };
    let outcome = run_suite(root, python, &suite);
    // It ends with its input.
    drop(bucket.stdin.take());
    drop(bucket.wait());
    outcome
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
