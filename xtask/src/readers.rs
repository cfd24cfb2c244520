//! `cargo xtask readers`: exports, and REST by its description, in programs that know nothing of labelport.
//!
//! The suite is `tests/readers`; its programs are pinned in `tests/readers/requirements.txt`. With `--heavy` there is also
//! `tests/readers/heavy`: programs that take hundreds of megabytes, in an environment of their own.

use crate::python::{Suite, find_python, run_suite};
use crate::step::{self, Step, Work};
use crate::{Command, without_arguments};
use std::path::Path;

pub(crate) static READERS: Command = Command {
    name: "readers",
    summary: "Open exports with the programs that people read them with; with --heavy, also with large ones",
    run: |arguments| match arguments {
        [only] if only == "--heavy" => step::run(&[STEP, HEAVY_STEP]),
        _ => without_arguments(arguments, || step::run(&[STEP])),
    },
};

pub(crate) const STEP: Step = Step {
    title: "Readers of other formats",
    work: Work::Own(check),
    remedy: "one test alone is `LABELPORT_BINARY=target/debug/labelport target/readers/bin/python -m pytest \
             tests/readers/FILE -k NAME`. Python 3.11 with its `venv` module has to be there.",
};

pub(crate) const HEAVY_STEP: Step = Step {
    title: "Large readers of other formats",
    work: Work::Own(check_heavy),
    remedy: "one test alone is `LABELPORT_BINARY=target/debug/labelport target/readers-heavy/bin/python -m pytest \
             tests/readers/heavy/FILE -k NAME`. The environment takes 1.3 GB of disk.",
};

fn check_heavy(root: &Path) -> Result<(), String> {
    let python = find_python()?;
    step::cargo(root, step::BUILD_PROGRAMS, &[])?;
    let requirements = Path::new("tests/readers/heavy/requirements.txt");
    run_suite(
        root,
        &python,
        &Suite { folder: "tests/readers/heavy", environment: "readers-heavy", requirements, variables: &[] },
    )
}

fn check(root: &Path) -> Result<(), String> {
    let python = find_python()?;
    step::cargo(root, step::BUILD_PROGRAMS, &[])?;
    let requirements = Path::new("tests/readers/requirements.txt");
    run_suite(root, &python, &Suite { folder: "tests/readers", environment: "readers", requirements, variables: &[] })
}
