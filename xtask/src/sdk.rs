//! `cargo xtask sdk`: the official Python SDK, unmodified, against a running server.
//!
//! The suite is `tests/sdk`. It runs once for each file in `tests/sdk/requirements`, which is named after a version of
//! the SDK and pins it with everything it needs, in a virtual environment of its own under the target folder. An
//! environment is made again when its file changes.
//!
//! # Adding a version
//! A file next to the others, made with `pip freeze`; then describe the version in `tests/sdk/versions.py`.

use crate::python::{Suite, find_python, prepare_suite};
use crate::step::{self, Step, Work};
use crate::{Command, postgres, say, without_arguments};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::Mutex;
use std::thread;

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

/// How many suites run at once. The SDK sleeps between two looks at a task, which is most of the time of a suite.
const AT_ONCE: usize = 2;

/// One run of the suite.
struct Run {
    title: String,
    command: Process,
}

/// Runs the suite for every version, and for the last one also on other machines.
fn check(root: &Path) -> Result<(), String> {
    let python = find_python()?;
    step::cargo(root, step::BUILD_PROGRAMS, &[])?;
    let versions = list_versions(root)?;
    let prepare = |version: &str, requirements: &Path, variables: &[(String, String)]| {
        let environment = format!("sdk-{version}");
        prepare_suite(root, &python, &Suite { folder: "tests/sdk", environment: &environment, requirements, variables })
    };
    let mut runs = Vec::new();
    // The longest first, so that no processor is idle at the end.
    let mut bucket = None;
    match (postgres::for_programs(), versions.last()) {
        (Some(server), Some((version, requirements))) => {
            let (started, mut variables) = start_bucket(root)?;
            bucket = Some(started);
            variables.extend(server);
            let title = format!("labelbox {version}, rows on PostgreSQL, results in a bucket");
            runs.push(Run { title, command: prepare(version, requirements, &variables)? });
        }
        _ => say("skipped, because no PostgreSQL server is available: the suite with rows on PostgreSQL"),
    }
    for (version, requirements) in &versions {
        runs.push(Run { title: format!("labelbox {version}"), command: prepare(version, requirements, &[])? });
    }
    let failed = run_together(runs);
    if let Some(mut bucket) = bucket {
        // It ends with its input.
        drop(bucket.stdin.take());
        drop(bucket.wait());
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("the suite fails with {}", failed.join("; "))) }
}

/// Starts the object store of tests; returns it, and the variables that say where it is.
fn start_bucket(root: &Path) -> Result<(Child, Vec<(String, String)>), String> {
    let program = step::target_folder(root).join("debug").join("examples").join("bucket");
    let bucket = Process::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut bucket = bucket.map_err(|error| format!("the object store cannot be started: {error}"))?;
    let lines = BufReader::new(bucket.stdout.take().ok_or("no pipe")?).lines().map_while(Result::ok);
    let variables = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    Ok((bucket, variables))
}

/// Does runs, some at a time, and shows the output of each when it ends; returns the titles of those that failed.
fn run_together(runs: Vec<Run>) -> Vec<String> {
    let waiting = Mutex::new(runs.into_iter());
    let failed = Mutex::new(Vec::new());
    let next = || waiting.lock().ok()?.next();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(Run { title, mut command }) = next() {
                    let begun = step::now();
                    let output = command.output();
                    let is_passed = output.as_ref().is_ok_and(|output| output.status.success());
                    let text = match output {
                        Ok(output) => {
                            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned())
                        }
                        Err(error) => [String::new(), error.to_string()],
                    };
                    say(&format!("\n{title} ({} s)\n{}", begun.elapsed().as_secs(), text.concat()));
                    if !is_passed && let Ok(mut failed) = failed.lock() {
                        failed.push(title);
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap_or_default()
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
